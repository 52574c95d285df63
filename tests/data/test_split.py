from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.data.dataset import make_dataset
from minicnn.data.split import stratified_split, with_validation
from minicnn.errors import ArgumentError, DataError


@given(
    counts=st.lists(st.integers(2, 30), min_size=1, max_size=6),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**64 - 1),
)
def test_every_class_gives_its_share_and_nothing_is_lost(counts: list[int], fraction: float, seed: int) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)[np.argsort(np.arange(sum(counts)) * 7 % 11, kind="stable")]
    kept, held = stratified_split(labels, fraction, seed)
    np.testing.assert_array_equal(np.sort(np.concatenate([kept, held])), np.arange(len(labels)))
    assert (np.diff(kept) > 0).all()
    assert (np.diff(held) > 0).all()
    for label, count in enumerate(counts):
        share = (labels[held] == label).sum()
        assert 1 <= share <= count - 1
        assert abs(share - fraction * count) <= 1


def test_the_seed_decides_and_nothing_else_does() -> None:
    labels = np.arange(100) % 4
    first, again, other = (stratified_split(labels, 0.25, seed)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert first.tolist() != other.tolist()
    # Recorded: a change would mix what a resumed run trains on with what it is validated by.
    assert stratified_split(np.zeros(20, int), 0.3, 7)[1].tolist() == [2, 3, 8, 9, 14, 15]


def test_held_out_images_are_spread_over_the_class() -> None:
    _, held = stratified_split(np.zeros(1000, int), 0.2, 5)
    assert 400 < held.mean() < 600
    assert len(np.unique(np.diff(held))) > 10


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_an_impossible_fraction(fraction: float) -> None:
    with pytest.raises(ArgumentError, match=r"fraction is .*; expected a number between 0 and 1"):
        stratified_split(np.zeros(10, int), fraction, 0)


def test_a_single_image_cannot_be_split() -> None:
    with pytest.raises(DataError, match="class 1 has a single image"):
        stratified_split(np.array([0, 0, 1]), 0.5, 0)


def test_validation_is_taken_from_training_and_an_own_one_is_kept() -> None:
    x, y = np.arange(40, dtype=np.uint8).reshape(40, 1, 1), np.arange(40) % 2
    dataset = with_validation(make_dataset("d", (x, y), (x[:2], y[:2])), fraction=0.25, seed=3)
    assert len(dataset.x_val) == 10
    assert len(dataset.x_train) == 30
    assert set(dataset.x_val.ravel()) | set(dataset.x_train.ravel()) == set(range(40))
    np.testing.assert_array_equal(dataset.x_val.ravel() % 2, dataset.y_val)  # each image kept its label
    np.testing.assert_array_equal(dataset.x_train.ravel() % 2, dataset.y_train)
    assert with_validation(dataset, fraction=0.5) is dataset
