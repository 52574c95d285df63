"""Dense layers, by the tiled matrix products of `matmul.cu`; bias gradients by `sums.cu`."""

from __future__ import annotations

import numpy as np

from minicnn.backends.cuda.device import Device, DeviceArray, launch
from minicnn.backends.cuda.geometry import rows_of
from minicnn.backends.cuda.sums import column_sums
from minicnn.backends.cuda.tiles import THREADS, tiling


def dense(device: Device, x: DeviceArray, w: DeviceArray, b: DeviceArray | None) -> DeviceArray:
    """(N, I) @ (I, O) + (O,) -> (N, O)."""
    return _dense(device, x, w, b, relu=False)


def dense_relu(device: Device, x: DeviceArray, w: DeviceArray, b: DeviceArray | None) -> DeviceArray:
    """max((N, I) @ (I, O) + (O,), 0) -> (N, O), in one launch."""
    return _dense(device, x, w, b, relu=True)


def _dense(device: Device, x: DeviceArray, w: DeviceArray, b: DeviceArray | None, relu: bool) -> DeviceArray:
    return _product(device, "dense", (x, w, b), x.shape[0], x.shape[1], w.shape[1], relu)


def dense_input_gradient(device: Device, dy: DeviceArray, w: DeviceArray) -> DeviceArray:
    """(N, O) @ (O, I) -> (N, I)."""
    return _product(device, "dense_input_gradient", (dy, w), dy.shape[0], dy.shape[1], w.shape[0])


def dense_weight_gradient(device: Device, x: DeviceArray, dy: DeviceArray) -> DeviceArray:
    """(I, N) @ (N, O) -> (I, O)."""
    return _product(device, "dense_weight_gradient", (x, dy), x.shape[1], x.shape[0], dy.shape[1])


def bias_gradient(device: Device, dy: DeviceArray) -> DeviceArray:
    """(..., O) -> (O,): b was added to every row, so it collects from every row."""
    return column_sums(device, dy, rows_of(dy), dy.shape[-1])


def _product(
    device: Device, kernel: str, factors: tuple, rows: int, depth: int, columns: int, *flags: bool
) -> DeviceArray:
    result = device.empty((rows, columns), factors[0].dtype)
    arrays = *factors, result
    lines = (rows, columns) if kernel == "dense_weight_gradient" else (depth, columns)
    program, tiles = tiling(device, "matmul", arrays, lines, rows, columns)
    shape = np.int64(rows), np.int64(depth), np.int64(columns)
    launch(device, program, kernel, result.dtype, (tiles,), THREADS, *arrays, *shape, *flags)
    return result
