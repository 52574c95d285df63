from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn.data.folds import k_folds
from minicnn.errors import ArgumentError, DataError

LABELS = np.array([0] * 13 + [1] * 7 + [2] * 11)


@pytest.mark.parametrize("k", [2, 5, 7])
@pytest.mark.parametrize("stratified", [True, False])
def test_every_example_is_validated_once_in_each_repeat(k: int, stratified: bool) -> None:
    folds = list(k_folds(LABELS, k, stratified=stratified, repeats=3, seed=1))
    assert len(folds) == 3 * k
    for repeat in range(3):
        parts = folds[repeat * k : repeat * k + k]
        assert sorted(np.concatenate([held for _, held in parts])) == list(range(31))
        for train, held in parts:
            assert sorted([*train, *held]) == list(range(31))
            assert 31 // k <= len(held) <= -(-31 // k)
            assert (np.diff(held) > 0).all()
            assert (np.diff(train) > 0).all()


def test_stratified_folds_have_as_many_of_each_class() -> None:
    for _, held in k_folds(LABELS, 5, seed=3):
        for label, count in enumerate((13, 7, 11)):
            assert count // 5 <= (LABELS[held] == label).sum() <= -(-count // 5)


def test_plain_folds_do_not_look_at_classes() -> None:
    counts = {
        int((LABELS[held] == 0).sum()) for s in range(8) for _, held in k_folds(LABELS, 5, stratified=False, seed=s)
    }
    assert len(counts) > 2
    assert len(list(k_folds(np.zeros((9, 2, 2)), 3, stratified=False))) == 3


def test_the_seed_decides_and_repeats_differ() -> None:
    def held(seed: int) -> list[list[int]]:
        return [h.tolist() for _, h in k_folds(LABELS, 3, repeats=2, seed=seed)]

    assert held(1) == held(1)
    assert held(1) != held(2)
    assert held(1)[:3] != held(1)[3:]
    one_hot = np.eye(3)[LABELS]
    assert held(1) == [h.tolist() for _, h in k_folds(one_hot, 3, repeats=2, seed=1)]
    assert held(1) == [h.tolist() for _, h in k_folds(LABELS[:, None], 3, repeats=2, seed=1)]


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "one fold": ({"k": 1}, ArgumentError, "k must be a whole number of at least 2, got 1"),
    "no repeats": ({"repeats": 0}, ArgumentError, "repeats must be a whole number of at least 1"),
    "a small class": ({"k": 8}, DataError, "class number 1 of 3 has 7 examples for 8 folds; choose a smaller k"),
    "few examples": ({"k": 40, "stratified": False}, DataError, "there are 31 examples for 40 folds"),
    "no classes": ({"labels": np.zeros((9, 2, 2))}, ArgumentError, "need labels that are classes"),
    "no rows": ({"labels": 3}, ArgumentError, "must have a row an example"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_divided(case: str) -> None:
    options, error, message = BAD[case]
    with pytest.raises(error, match=message):
        list(k_folds(**{"labels": LABELS, **options}))
