"""Shapes as kernels take them."""

from __future__ import annotations

from minicnn.backends.cuda.device import DeviceArray
from minicnn.geometry import Windows


def numbers_of(windows: Windows) -> tuple[int, ...]:
    """The twelve numbers that `kernels.cuda.WINDOW_PARAMETERS` names."""
    return *windows.image, *windows.outputs, *windows.size, *windows.strides, *windows.dilation, *windows.corner


def tiling(pooling: Windows) -> tuple[int, ...]:
    """What is left of them for windows that tile the image: image, windows, size."""
    return *pooling.image, *pooling.outputs, *pooling.size


def rows_of(a: DeviceArray) -> int:
    """(..., C) -> how many rows of C there are."""
    return a.size // a.shape[-1] if a.shape[-1] else 0
