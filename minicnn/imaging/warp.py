"""Images whose pixels come from somewhere else: rotated, sheared, zoomed, shifted.

A warp says for each new pixel (row, column) where it lies in the old image: old = M · (row, column, 1), M (2, 3). What
lies between pixels is interpolated, what lies outside follows a fill mode:

    constant   k k k k | a b c d | k k k k      nearest    a a a a | a b c d | d d d d
    reflect    d c b a | a b c d | d c b a      wrap       a b c d | a b c d | a b c d
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicnn.registry import lookup

Array = NDArray[Any]

FILL_MODES = ("constant", "nearest", "reflect", "wrap")


def rotation(degrees: float) -> Array:
    """Counter-clockwise for the eye, about the point (0, 0): (2, 2)."""
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def about_centre(linear: Array, shift: Sequence[float], size: tuple[int, int]) -> Array:
    """The warp (2, 3) that applies `linear` (2, 2) about the middle of an image, and then adds `shift`."""
    centre = (np.array(size) - 1) / 2
    return np.column_stack([linear, centre - linear @ centre + np.asarray(shift)])


def warp(
    images: Array,
    warps: Array,
    fill_mode: str = "nearest",
    fill_value: float = 0.0,
    order: int = 1,
    by_coordinate: bool = False,
) -> Array:
    """Images (n, H, W, C) of floats, each through its own warp (n, 2, 3), as new ones of their size and type.

    order: 1 interpolates linearly, 0 takes the nearest pixel. by_coordinate: apply the fill mode to places, as SciPy
    does ("constant" begins right beyond the outermost pixels' centres, "wrap" has a period of n - 1), instead of to the
    pixels that are interpolated between, as Keras's layers do.
    Raises ArgumentError for an unknown fill mode.
    """
    lookup("fill mode", fill_mode, dict.fromkeys(FILL_MODES))
    out = np.empty_like(images)
    for image, matrix, target in zip(images, warps, out, strict=True):
        target[...] = _warped(image, matrix, fill_mode, fill_value, order, by_coordinate)
    return out


def _warped(image: Array, m: Array, fill_mode: str, fill_value: float, order: int, by_coordinate: bool) -> Array:
    """One image. Places that depend on row or column alone stay (H, 1) and (1, W): shifts and zooms are cheap."""
    height, width, _ = image.shape
    row, column = np.arange(height)[:, None], np.arange(width)[None, :]
    rows = m[0, 0] * row + m[0, 2] if m[0, 1] == 0 else m[0, 0] * row + m[0, 1] * column + m[0, 2]
    columns = m[1, 1] * column + m[1, 2] if m[1, 0] == 0 else m[1, 0] * row + m[1, 1] * column + m[1, 2]
    inside: Any = True
    if by_coordinate and fill_mode == "constant":
        inside = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)
        fill_mode = "nearest"
    elif by_coordinate and fill_mode == "wrap":
        rows, columns = _wrapped(rows, height - 1), _wrapped(columns, width - 1)
    value = _between(image, rows, columns, fill_mode, fill_value, order)
    return value if inside is True else np.where(inside[..., None], value, image.dtype.type(fill_value))


def _between(image: Array, rows: Array, columns: Array, fill_mode: str, fill_value: float, order: int) -> Array:
    """The values at places between pixels."""
    if order == 0:
        return _pixels(image, np.floor(rows + 0.5), np.floor(columns + 0.5), fill_mode, fill_value)
    top, left = np.floor(rows), np.floor(columns)
    down, right = (rows - top).astype(image.dtype)[..., None], (columns - left).astype(image.dtype)[..., None]
    value: Any = 0
    for row, row_share in ((top, 1 - down), (top + 1, down)):
        for column, column_share in ((left, 1 - right), (left + 1, right)):
            value = value + _pixels(image, row, column, fill_mode, fill_value) * (row_share * column_share)
    return value


def _pixels(image: Array, rows: Array, columns: Array, fill_mode: str, fill_value: float) -> Array:
    """The pixels at whole places, those outside by the fill mode: (H, W, C)."""
    height, width, channels = image.shape
    place = _index(rows, height, fill_mode) * width + _index(columns, width, fill_mode)
    value = np.take(image.reshape(height * width, channels), place, axis=0)
    if fill_mode == "constant":
        outside = (rows < 0) | (rows >= height) | (columns < 0) | (columns >= width)
        value[np.broadcast_to(outside, value.shape[:2])] = fill_value
    return value


def _index(place: Array, n: int, fill_mode: str) -> Array:
    """Whole places as indices 0 .. n - 1."""
    i = place.astype(np.intp)
    if fill_mode == "wrap":
        return i % n
    if fill_mode == "reflect":
        i = i % (2 * n)
        return np.minimum(i, 2 * n - 1 - i)
    return np.clip(i, 0, n - 1)


def _wrapped(place: Array, period: int) -> Array:
    """Places outside 0 .. period moved into it by whole periods, those inside left alone."""
    if period == 0:
        return np.zeros_like(place)
    place = np.where(place < 0, place + period * (np.trunc(-place / period) + 1), place)
    return np.where(place > period, place - period * np.trunc(place / period), place)
