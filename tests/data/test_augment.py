from __future__ import annotations

import numpy as np
import pytest

from minicnn.data import augment
from minicnn.errors import ArgumentError

X = np.random.default_rng(0).random((200, 7, 5, 2), dtype=np.float32) + 1  # no zeros: those come from outside


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_shift_moves_each_image_by_up_to_two_pixels_and_zeros_come_in() -> None:
    moves = set()
    for before, after in zip(X, augment.shift(X, rng()), strict=True):
        padded = np.pad(before, ((2, 2), (2, 2), (0, 0)))
        found = [(i, j) for i in range(5) for j in range(5) if np.array_equal(after, padded[i : i + 7, j : j + 5])]
        assert len(found) == 1
        moves.add(found[0])
    assert len(moves) == 25, "all of them"


def test_flip_mirrors_left_to_right_or_not() -> None:
    flipped = augment.flip(X, rng())
    mirrored = np.array([np.array_equal(a, b[:, ::-1]) for a, b in zip(flipped, X, strict=True)])
    same = np.array([np.array_equal(a, b) for a, b in zip(flipped, X, strict=True)])
    np.testing.assert_array_equal(mirrored, ~same)
    assert 70 < mirrored.sum() < 130


@pytest.mark.parametrize("name", ["shift", "flip", "shift-flip"])
def test_by_name_from_a_generator_and_the_images_stay_as_they_are(name: str) -> None:
    change = augment.get(name)
    before = X.copy()
    out = change(X, rng(1))
    assert out.shape == X.shape
    assert out.dtype == X.dtype
    np.testing.assert_array_equal(change(X, rng(1)), out)
    assert not np.array_equal(change(X, rng(2)), out)
    np.testing.assert_array_equal(X, before)


def test_none_and_unknown() -> None:
    assert augment.get("none") is None
    with pytest.raises(ArgumentError, match="there is no augmentation 'rotate'"):
        augment.get("rotate")
