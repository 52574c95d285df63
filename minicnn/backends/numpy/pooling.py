"""Pooling. Maximum: who won is remembered, and the gradient goes there. Mean: the gradient is shared out."""

from __future__ import annotations

import numpy as np

from minicnn.backends.numpy.patches import crop, pad, taps
from minicnn.geometry import Windows


def max_pool2d(x: np.ndarray, windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """x (N, H, W, C) -> y and winners, both (N, OH, OW, C); winners holds tap numbers r·S + s (int32)."""
    padded = pad(x, windows, value=-np.inf)  # zero would win where all pixels are negative
    y = np.full((len(x), *windows.outputs, x.shape[-1]), -np.inf, x.dtype)
    winners = np.zeros(y.shape, np.int32)
    for r, s, touched in taps(windows):
        pixel = padded[touched]
        better = (pixel > y) | np.isnan(pixel)  # a NaN wins, and only another beats it: it stays visible
        y = np.where(better, pixel, y)
        winners = np.where(better, np.int32(r * windows.size[1] + s), winners)
    return y, winners


def max_pool2d_gradient(dy: np.ndarray, winners: np.ndarray, windows: Windows) -> np.ndarray:
    """dy (N, OH, OW, C) -> dx (N, H, W, C)."""
    (height, width), ((top, bottom), (left, right)) = windows.image, windows.pads
    padded = np.zeros((len(dy), height + top + bottom, width + left + right, dy.shape[-1]), dy.dtype)
    for r, s, touched in taps(windows):
        padded[touched] += np.where(winners == r * windows.size[1] + s, dy, 0)
    return crop(padded, windows)


def average_pool2d(x: np.ndarray, windows: Windows) -> np.ndarray:
    """x (N, H, W, C) -> y (N, OH, OW, C)."""
    padded = pad(x, windows)
    y = np.zeros((len(x), *windows.outputs, x.shape[-1]), x.dtype)
    for _, _, touched in taps(windows):
        y += padded[touched]
    return y / _pixels(windows, x.dtype)


def average_pool2d_gradient(dy: np.ndarray, windows: Windows) -> np.ndarray:
    """dy (N, OH, OW, C) -> dx (N, H, W, C)."""
    share = dy / _pixels(windows, dy.dtype)
    (height, width), ((top, bottom), (left, right)) = windows.image, windows.pads
    padded = np.zeros((len(dy), height + top + bottom, width + left + right, dy.shape[-1]), dy.dtype)
    for _, _, touched in taps(windows):
        padded[touched] += share
    return crop(padded, windows)


def _pixels(windows: Windows, dtype: np.dtype) -> np.ndarray:
    """How many pixels of the image each window holds, fewer at a padded border: (OH, OW, 1)."""
    inside = pad(np.ones((1, *windows.image, 1), dtype), windows)
    count = np.zeros((*windows.outputs, 1), dtype)
    for _, _, touched in taps(windows):
        count += inside[touched][0]
    return count
