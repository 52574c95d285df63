"""Dense layers: by the device's library for matrix products if it has one, else by the tiles of `matmul.cu`.

On a GPU the library is cuBLAS. MINICNN_CUDA_GEMM=cuda-c has the tiles compute there, too: to read and to race them.
Bias gradients by `sums.cu`.
"""

from __future__ import annotations

import os

import numpy as np

from minicnn.backends.cuda import twins
from minicnn.backends.cuda.device import Device, DeviceArray, launch
from minicnn.backends.cuda.geometry import rows_of
from minicnn.backends.cuda.rows import for_each_row
from minicnn.backends.cuda.sums import column_sums
from minicnn.backends.cuda.tiles import THREADS, tiling
from minicnn.errors import BackendError
from minicnn.kernels.recording import performed

GEMM = "MINICNN_CUDA_GEMM"
CUBLAS, CUDA_C = "cublas", "cuda-c"


def chosen_gemm() -> str:
    """Who multiplies matrices on a GPU, CUBLAS or CUDA_C. Raises BackendError for a MINICNN_CUDA_GEMM that is neither.

    Without it CUBLAS; but who asks for kernels in Numba gets the tiles, too, and as Numba's twin.
    """
    chosen = os.environ.get(GEMM) or (CUBLAS if twins.current_kernels() == twins.CUDA_C else CUDA_C)
    if chosen not in (CUBLAS, CUDA_C):
        raise BackendError(f"{GEMM} must be {CUBLAS!r} or {CUDA_C!r}, got {chosen!r:.80}")
    return chosen


def dense(device: Device, x: DeviceArray, w: DeviceArray, b: DeviceArray | None) -> DeviceArray:
    """(N, I) @ (I, O) + (O,) -> (N, O)."""
    return _dense(device, x, w, b, relu=False)


def dense_relu(device: Device, x: DeviceArray, w: DeviceArray, b: DeviceArray | None) -> DeviceArray:
    """max((N, I) @ (I, O) + (O,), 0) -> (N, O)."""
    return _dense(device, x, w, b, relu=True)


def dense_input_gradient(device: Device, dy: DeviceArray, w: DeviceArray) -> DeviceArray:
    """(N, O) @ (O, I) -> (N, I)."""
    if (dx := _by_library(device, dy, w, turned_b=True)) is not None:
        return dx
    return _by_tiles(device, "dense_input_gradient", (dy, w), dy.shape[0], dy.shape[1], w.shape[0])


def dense_weight_gradient(device: Device, x: DeviceArray, dy: DeviceArray) -> DeviceArray:
    """(I, N) @ (N, O) -> (I, O)."""
    if (dw := _by_library(device, x, dy, turned_a=True)) is not None:
        return dw
    return _by_tiles(device, "dense_weight_gradient", (x, dy), x.shape[1], x.shape[0], dy.shape[1])


def bias_gradient(device: Device, dy: DeviceArray) -> DeviceArray:
    """(..., O) -> (O,): b was added to every row, so it collects from every row."""
    return column_sums(device, dy, rows_of(dy), dy.shape[-1])


def _dense(device: Device, x: DeviceArray, w: DeviceArray, b: DeviceArray | None, relu: bool) -> DeviceArray:
    """In one launch by the tiles; a library knows no bias and no ReLU, so there a second one follows."""
    y = _by_library(device, x, w)
    if y is None:
        return _by_tiles(device, "dense", (x, w, b), x.shape[0], x.shape[1], w.shape[1], relu)
    if b is not None or relu:
        for_each_row(device, "elementwise", "bias_and_relu", y.dtype, *y.shape, b, relu, y, y.shape[1])
    return y


def _by_library(
    device: Device, a: DeviceArray, b: DeviceArray, turned_a: bool = False, turned_b: bool = False
) -> DeviceArray | None:
    """op(a) @ op(b), or None: without a library, and for products without numbers, which libraries are wary of."""
    if device.matmul is None or chosen_gemm() == CUDA_C or not a.size or not b.size:
        return None
    result = device.empty((a.shape[turned_a], b.shape[not turned_b]), a.dtype)
    performed(device.matmul, a, b, result, turned_a, turned_b)
    return result


def _by_tiles(
    device: Device, kernel: str, factors: tuple, rows: int, depth: int, columns: int, *flags: bool
) -> DeviceArray:
    result = device.empty((rows, columns), factors[0].dtype)
    arrays = *factors, result
    lines = (rows, columns) if kernel == "dense_weight_gradient" else (depth, columns)
    program, tiles = tiling(device, "matmul", arrays, lines, rows, columns)
    shape = np.int64(rows), np.int64(depth), np.int64(columns)
    launch(device, program, kernel, result.dtype, (tiles,), THREADS, *arrays, *shape, *flags)
    return result
