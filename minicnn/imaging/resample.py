"""Images of another size: each new pixel is a weighted mean of old ones, first along columns, then along rows.

Pixel i of n covers [i, i + 1), so that new pixel i of m lies at (i + 0.5) n / m - 0.5 among the old ones. A method is
a kernel: the weight of an old pixel as a function of its distance. Weights of pixels that do not exist are left out,
and the others add up to one: TensorFlow's `tf.image.resize`, and Keras's.

Sources: Keys, Cubic convolution interpolation (1981), a = -1/2; Mitchell and Netravali, Reconstruction filters in
computer graphics (1988), B = C = 1/3; Duchon, Lanczos filtering in one and two dimensions (1979).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicnn.errors import ArgumentError, ShapeError
from minicnn.geometry import is_int
from minicnn.registry import lookup

Array = NDArray[Any]


def _triangle(x: Array) -> Array:
    return np.maximum(0, 1 - np.abs(x))


def _cubic(b: float, c: float) -> Callable[[Array], Array]:
    """The cubics of Mitchell and Netravali; B = 0 are those of Keys with a = -C."""

    def kernel(x: Array) -> Array:
        x = np.abs(x)
        near = ((12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + 6 - 2 * b) / 6
        far = ((-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + 8 * b + 24 * c) / 6
        return np.where(x < 1, near, np.where(x < 2, far, 0))

    return kernel


def _lanczos(radius: int) -> Callable[[Array], Array]:
    return lambda x: np.where(np.abs(x) < radius, np.sinc(x) * np.sinc(x / radius), 0)


def _gaussian(x: Array) -> Array:
    return np.where(np.abs(x) < 1.5, np.exp(-2 * x**2), 0)  # a standard deviation of half a pixel


_KERNELS: dict[str, tuple[float, Callable[[Array], Array]]] = {  # radius, weight by distance
    "bilinear": (1, _triangle),
    "bicubic": (2, _cubic(0, 0.5)),
    "lanczos3": (3, _lanczos(3)),
    "lanczos5": (5, _lanczos(5)),
    "gaussian": (1.5, _gaussian),
    "mitchellcubic": (2, _cubic(1 / 3, 1 / 3)),
}
INTERPOLATIONS = ("nearest", "area", *_KERNELS)


def resize(
    images: Array,
    size: tuple[int, int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    out: Array | None = None,
) -> Array:
    """Images (..., H, W, C) of any number type as (..., h, w, C) float32 (float64 stays).

    interpolation: one of INTERPOLATIONS. antialias: where images shrink, stretch the kernel over all pixels covered.
    "area" is the mean over what the new pixel covers. out: a contiguous array of that shape and type for the result,
    instead of a new one. Raises ArgumentError for another method or an impossible size.
    """
    from minicnn.kernels.cpu.resampling import resample  # brings in Numba, which importing minicnn does not wait for

    lookup("interpolation", interpolation, dict.fromkeys(INTERPOLATIONS))
    check_size("size", size)
    dtype = np.dtype(np.float64 if images.dtype == np.float64 else np.float32)
    *several, height, width, channels = images.shape
    # Bytes become floats when they are weighted: a photograph is larger than what it becomes.
    pixels = np.ascontiguousarray(images, np.uint8 if images.dtype == np.uint8 else dtype)
    if out is None:
        out = np.empty((*several, *size, channels), dtype)
    resample(
        pixels.reshape(math.prod(several), height, width, channels),
        *_taps(height, size[0], interpolation, antialias, dtype),
        *_taps(width, size[1], interpolation, antialias, dtype),
        out.reshape(math.prod(several), *size, channels),
    )
    return out


def resize_cropped(
    images: Array, size: tuple[int, int], interpolation: str = "bilinear", out: Array | None = None
) -> Array:
    """The largest part in the middle of images (..., H, W, C) that has the shape of `size`, resized to it."""
    height, width = images.shape[-3:-1]
    part = min(height, max(1, width * size[0] // size[1])), min(width, max(1, height * size[1] // size[0]))
    top, left = (height - part[0]) // 2, (width - part[1]) // 2
    return resize(images[..., top : top + part[0], left : left + part[1], :], size, interpolation, out=out)


def resize_padded(
    images: Array,
    size: tuple[int, int],
    interpolation: str = "bilinear",
    fill_value: float = 0.0,
    out: Array | None = None,
) -> Array:
    """Images (..., H, W, C) with a margin of `fill_value` that gives them the shape of `size`, resized to it."""
    height, width = images.shape[-3:-1]
    whole = max(height, width * size[0] // size[1]), max(width, height * size[1] // size[0])
    top, left = (whole[0] - height) // 2, (whole[1] - width) // 2
    # As wide on either side, as Keras has it: of an odd margin one pixel is left out.
    padded_shape = (*images.shape[:-3], height + 2 * top, width + 2 * left, images.shape[-1])
    padded = np.full(padded_shape, fill_value, np.result_type(images, np.float32))
    padded[..., top : top + height, left : left + width, :] = images
    return resize(padded, size, interpolation, out=out)


def centre_crop(images: Array, size: tuple[int, int]) -> Array:
    """The middle of images (..., H, W, C); where they are smaller than `size`, `resize_cropped`, as Keras does."""
    height, width = images.shape[-3:-1]
    top, left = (height - size[0]) // 2, (width - size[1]) // 2
    if top < 0 or left < 0:
        return resize_cropped(images, size)
    return images[..., top : top + size[0], left : left + size[1], :]


def check_size(name: str, size: Any) -> tuple[int, int]:
    """(height, width) as whole numbers. Raises ArgumentError."""
    if not isinstance(size, (tuple, list)) or len(size) != 2 or not all(is_int(n) and n >= 1 for n in size):
        raise ArgumentError(f"{name} must be (height, width), whole numbers of at least 1; got {size!r:.80}")
    return int(size[0]), int(size[1])


def check_batch(images: Array, who: str) -> None:
    """Raises ShapeError unless images are (n, H, W, C)."""
    if images.ndim != 4:
        raise ShapeError(f"{who} takes images (n, height, width, channels), got shape {images.shape}")


@lru_cache(maxsize=256)  # most pictures of a folder have a few sizes
def _taps(n: int, m: int, interpolation: str, antialias: bool, dtype: np.dtype) -> tuple[Array, Array]:
    """`_weighted`, as the kernel takes it; a side that keeps its length keeps its pixels, whatever the method."""
    index, weights = (np.arange(m)[:, None], np.ones((m, 1))) if n == m else _weighted(n, m, interpolation, antialias)
    return np.ascontiguousarray(index, np.intp), np.ascontiguousarray(weights, dtype)


def _weighted(n: int, m: int, interpolation: str, antialias: bool) -> tuple[Array, Array]:
    """For each of m new pixels the old ones it is made of, (m, T), and their weights, (m, T)."""
    scale = n / m
    centre = (np.arange(m) + 0.5) * scale - 0.5
    if interpolation == "nearest":
        return np.minimum(np.floor((np.arange(m) + 0.5) * scale), n - 1)[:, None], np.ones((m, 1))
    if interpolation == "area":
        first = np.floor(np.arange(m) * scale)
        taps = first[:, None] + np.arange(int(np.ceil(scale)) + 1)
        start, end = np.arange(m)[:, None] * scale, (np.arange(m)[:, None] + 1) * scale
        weights = np.maximum(0, np.minimum(taps + 1, end) - np.maximum(taps, start))
    else:
        radius, kernel = _KERNELS[interpolation]
        stretch = max(scale, 1.0) if antialias else 1.0
        first = np.floor(centre - radius * stretch)
        taps = first[:, None] + np.arange(int(np.ceil(2 * radius * stretch)) + 2)
        weights = kernel((taps - centre[:, None]) / stretch)
    weights = np.where((taps >= 0) & (taps < n), weights, 0)
    weights /= weights.sum(axis=1, keepdims=True)
    used = np.abs(weights).max(axis=0) > 0
    return np.clip(taps[:, used], 0, n - 1), weights[:, used]
