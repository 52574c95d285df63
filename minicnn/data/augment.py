"""Augmentation: small changes to training images that do not change what they show."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minicnn.data.batches import Augmentation
from minicnn.registry import lookup


def shift(x: np.ndarray, rng: np.random.Generator, most: int = 2) -> np.ndarray:
    """Each image of x (n, H, W, C) moved by up to `most` pixels up, down, left and right; zeros come in."""
    n, height, width, channels = x.shape
    padded = np.pad(x, ((0, 0), (most, most), (most, most), (0, 0)))
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
    mirrored = rng.random(len(x)) < 0.5
    y = x.copy()
    y[mirrored] = x[mirrored, :, ::-1]
    return y


def shift_and_flip(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Both."""
    return flip(shift(x, rng), rng)


CHOICES: dict[str, Augmentation | None] = {
    "none": None,
    "shift": shift,
    "flip": flip,
    "shift-flip": shift_and_flip,
}


def get(name: str) -> Augmentation | None:
    """The augmentation of this name. Raises ArgumentError for an unknown one."""
    return lookup("augmentation", name, CHOICES)
