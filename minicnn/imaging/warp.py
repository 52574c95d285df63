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
    from minicnn.kernels.cpu import warping  # brings in Numba, which importing minicnn does not wait for

    lookup("fill mode", fill_mode, dict.fromkeys(FILL_MODES))
    real = images.dtype if images.dtype in (np.float32, np.float64) else np.dtype(np.float32)
    edge = int(fill_mode == "constant")
    # A constant is the outermost pixel of an image that has a frame of it.
    old = np.pad(images, ((0, 0), (edge, edge), (edge, edge), (0, 0)), constant_values=fill_value) if edge else images
    out = np.empty(images.shape, real)
    mode = {"reflect": warping.REFLECT, "wrap": warping.WRAP}.get(fill_mode, warping.NEAREST)
    warping.warp(
        np.ascontiguousarray(old, real), np.ascontiguousarray(warps, np.float64), out, mode, edge, order == 1,
        bool(by_coordinate),
    )  # fmt: skip
    return out.astype(images.dtype, copy=False)
