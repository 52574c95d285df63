"""Depthwise convolution: every channel by itself, so there is no sum over channels and no matrix product.

What is left is one multiplication a tap, and NumPy does that for a whole image at a time.
"""

from __future__ import annotations

import numpy as np

from minicnn.backends.numpy.patches import crop, pad, taps
from minicnn.geometry import Windows


def depthwise_conv2d(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, windows: Windows) -> np.ndarray:
    """x (N, H, W, C), w (R, S, C, M) -> y (N, OH, OW, C·M)."""
    padded = pad(x, windows)
    y = np.zeros((len(x), *windows.outputs, *w.shape[2:]), x.dtype)  # (N, OH, OW, C, M)
    for r, s, touched in taps(windows):
        y += padded[touched][..., None] * w[r, s]  # (N, OH, OW, C, 1) * (C, M)
    y = y.reshape(*y.shape[:3], w.shape[2] * w.shape[3])
    return y if b is None else y + b


def depthwise_conv2d_input_gradient(dy: np.ndarray, w: np.ndarray, windows: Windows) -> np.ndarray:
    """dy (N, OH, OW, C·M), w (R, S, C, M) -> dx (N, H, W, C)."""
    dy = dy.reshape(*dy.shape[:3], *w.shape[2:])
    (height, width), ((top, bottom), (left, right)) = windows.image, windows.pads
    padded = np.zeros((len(dy), height + top + bottom, width + left + right, w.shape[2]), dy.dtype)
    for r, s, touched in taps(windows):
        padded[touched] += (dy * w[r, s]).sum(axis=-1)  # the M filters of a channel all read that channel
    return crop(padded, windows)


def depthwise_conv2d_weight_gradient(x: np.ndarray, dy: np.ndarray, windows: Windows) -> np.ndarray:
    """x (N, H, W, C), dy (N, OH, OW, C·M) -> dw (R, S, C, M)."""
    padded = pad(x, windows)
    channels, multiplier = x.shape[-1], dy.shape[-1] // x.shape[-1]
    dy = dy.reshape(*dy.shape[:3], channels, multiplier)
    dw = np.empty((*windows.size, channels, multiplier), x.dtype)
    for r, s, touched in taps(windows):
        dw[r, s] = (padded[touched][..., None] * dy).sum(axis=(0, 1, 2))
    return dw
