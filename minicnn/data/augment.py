"""Augmentation: small changes to training images that do not change what they show."""

from __future__ import annotations

import numpy as np

from minicnn.data.batches import Augmentation
from minicnn.registry import lookup


def shift(x: np.ndarray, rng: np.random.Generator, most: int = 2) -> np.ndarray:
    """Each image of x (n, H, W, C) moved by up to `most` pixels up, down, left and right; zeros come in."""
    n, height, width, _ = x.shape
    padded = np.pad(x, ((0, 0), (most, most), (most, most), (0, 0)))
    top, left = rng.integers(0, 2 * most + 1, (2, n))
    rows = top[:, None, None] + np.arange(height)[:, None]
    columns = left[:, None, None] + np.arange(width)
    return padded[np.arange(n)[:, None, None], rows, columns]


def flip(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image of x (n, H, W, C) mirrored left to right, or not, with equal chance."""
    mirrored = rng.random(len(x)) < 0.5
    return np.where(mirrored[:, None, None, None], x[:, :, ::-1], x)


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
