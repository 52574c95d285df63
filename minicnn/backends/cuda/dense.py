"""Dense layers, by the tiled matrix products of `matmul.cu`; bias gradients by `sums.cu`."""

from __future__ import annotations

import numpy as np

from minicnn.backends.cuda.device import Device, DeviceArray, Dims, launch
from minicnn.backends.cuda.geometry import rows_of
from minicnn.backends.cuda.sums import column_sums

TILE = 64, 32
"""Rows and columns of the result that a block computes: tiles.cuh."""

THREADS = (128,)


def tiles_of(rows: int, columns: int) -> Dims:
    """How many tiles there are, down and across."""
    return -(-rows // TILE[0]), -(-columns // TILE[1])


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
    shape = np.int64(rows), np.int64(depth), np.int64(columns)
    grid = tiles_of(rows, columns)
    launch(device, "matmul", kernel, result.dtype, grid, THREADS, *factors, result, *shape, *flags)
    return result
