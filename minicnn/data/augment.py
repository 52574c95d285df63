"""Augmentation: small changes to training images that do not change what they show."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minicnn.data.batches import Augmentation
from minicnn.registry import lookup


def shift(x: np.ndarray, rng: np.random.Generator, most: int = 2) -> np.ndarray:
    """Each image of x (n, H, W, C) moved by up to `most` pixels up, down, left and right; zeros come in."""
    n, height, width, channels = x.shape
    padded = np.zeros((n, height + 2 * most, width + 2 * most, channels), x.dtype)
    padded[:, most : most + height, most : most + width] = x
    top, left = rng.integers(0, 2 * most + 1, (2, n))
    # (n, H, W, C) at every place of a padded image, without a copy: one is picked for each, in one pass.
    image, row, column, channel = padded.strides
    places = as_strided(
        padded,
        (n, 2 * most + 1, 2 * most + 1, height, width, channels),
        (image, row, column, row, column, channel),
        writeable=False,
    )
    return places[np.arange(n), top, left]


def flip(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image of x (n, H, W, C) mirrored left to right, or not, with equal chance."""
    return _flip_in_place(x.copy(), rng)


def shift_and_flip(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Both."""
    return _flip_in_place(shift(x, rng), rng)


def _flip_in_place(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    mirrored = rng.random(len(x)) < 0.5
    x[mirrored] = x[mirrored, :, ::-1]
    return x


CHOICES: dict[str, Augmentation | None] = {
    "none": None,
    "shift": shift,
    "flip": flip,
    "shift-flip": shift_and_flip,
}


def get(name: str) -> Augmentation | None:
    """The augmentation of this name. Raises ArgumentError for an unknown one."""
    return lookup("augmentation", name, CHOICES)
