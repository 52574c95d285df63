"""Colours of images (n, H, W, C) of floats, each image by an amount of its own, (n,); values stay in a range.

Brightness and contrast also take images on a device.

Source of the weights of grey: ITU-R BT.601; of the hue turn: YIQ, FCC (1953), whose I and Q it rotates.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicnn.backends import beside

Array = NDArray[Any]

GREY = np.array([0.299, 0.587, 0.114])
_TO_YIQ = np.array([GREY, [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


def brightness(images: Array, delta: Array, value_range: tuple[float, float]) -> Array:
    """Everything lighter by `delta`."""
    return _clipped(images + _each(delta, images), value_range)


def contrast(images: Array, factor: Array, value_range: tuple[float, float]) -> Array:
    """Distances from each channel's mean, times `factor`."""
    mean = images.mean(axis=(1, 2), keepdims=True)
    return _clipped((images - mean) * _each(factor, images) + mean, value_range)


def saturation(images: Array, factor: Array, value_range: tuple[float, float]) -> Array:
    """Distances from grey, times `factor`; images of one channel stay as they are."""
    if images.shape[-1] != 3:
        return images
    grey = (images * GREY.astype(images.dtype)).sum(axis=-1, keepdims=True)
    return _clipped((images - grey) * _each(factor, images) + grey, value_range)


def hue(images: Array, turn: Array, value_range: tuple[float, float]) -> Array:
    """Colours turned by `turn` of a full circle; images of one channel stay as they are."""
    if images.shape[-1] != 3:
        return images
    cos, sin = np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)
    turned = np.zeros((len(turn), 3, 3))
    turned[:, 0, 0] = 1
    turned[:, 1, 1], turned[:, 1, 2], turned[:, 2, 1], turned[:, 2, 2] = cos, -sin, sin, cos
    matrices = (np.linalg.inv(_TO_YIQ) @ turned @ _TO_YIQ).astype(images.dtype)
    return _clipped(np.einsum("nhwc,ndc->nhwd", images, matrices), value_range)


def _each(amount: Array, images: Array) -> Array:
    return beside(np.asarray(amount, images.dtype).reshape(-1, 1, 1, 1), images)


def _clipped(images: Array, value_range: tuple[float, float]) -> Array:
    return np.clip(images, *value_range)
