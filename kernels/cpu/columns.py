"""Convolution with the column matrix that all other ways here avoid: im2col, then a product. To be raced, and read.

The three products are those of the numpy backend; the matrix takes R·S times the memory of x.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minicnn.kernels.cpu import patches, products
from minicnn.kernels.cpu.memory import empty
from minicnn.kernels.cpu.threads import exclusive
from minicnn.kernels.cpu.units import Pads, Pair


def conv2d(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray | None,
    y: np.ndarray,
    strides: Pair,
    dilation: Pair,
    pads: Pads,
    groups: int,
) -> None:
    """x (N, H, W, C), w (R, S, C / groups, K), b (K,) or None -> y (N, OH, OW, K). All contiguous, one dtype."""
    if groups > 1:
        _by_group(conv2d, (x, w, b), y, strides, dilation, pads, groups)
        return
    columns = _matrix(x, w.shape[:2], y.shape[1:3], strides, dilation, pads)
    filters = w.shape[3]
    # (N·OH·OW, R·S·C) @ (R·S·C, K)
    products.dense(columns, w.reshape(columns.shape[1], filters), b, y.reshape(len(columns), filters))


def conv2d_input_gradient(
    dy: np.ndarray, w: np.ndarray, dx: np.ndarray, strides: Pair, dilation: Pair, pads: Pads, groups: int
) -> None:
    """dy (N, OH, OW, K), w (R, S, C / groups, K) -> dx (N, H, W, C). All contiguous, one dtype."""
    if groups > 1:
        _by_group(conv2d_input_gradient, (dy, w), dx, strides, dilation, pads, groups)
        return
    n, height, width, filters = dy.shape
    columns = empty((n * height * width, w.size // filters), dy.dtype)
    products.dense_input_gradient(dy.reshape(len(columns), filters), w.reshape(-1, filters), columns)  # dY Wᵀ
    with exclusive:
        corner = pads[0][0], pads[1][0]
        patches.col2im(columns.reshape(n, height, width, *w.shape[:3]), strides, dilation, corner, dx)


def conv2d_weight_gradient(
    x: np.ndarray, dy: np.ndarray, dw: np.ndarray, strides: Pair, dilation: Pair, pads: Pads, groups: int
) -> None:
    """x (N, H, W, C), dy (N, OH, OW, K) -> dw (R, S, C / groups, K). All contiguous, one dtype."""
    if groups > 1:
        _by_group(conv2d_weight_gradient, (x, dy), dw, strides, dilation, pads, groups)
        return
    columns = _matrix(x, dw.shape[:2], dy.shape[1:3], strides, dilation, pads)
    filters = dy.shape[3]
    products.dense_weight_gradient(columns, dy.reshape(len(columns), filters), dw.reshape(-1, filters))  # Pᵀ dY


def _matrix(
    x: np.ndarray, size: tuple[int, ...], outputs: tuple[int, ...], strides: Pair, dilation: Pair, pads: Pads
) -> np.ndarray:
    """(N, H, W, C) -> (N·OH·OW, R·S·C)."""
    columns = empty((len(x), *outputs, *size, x.shape[3]), x.dtype)
    with exclusive:
        patches.im2col(x, strides, dilation, (pads[0][0], pads[1][0]), columns)
    return columns.reshape(len(x) * outputs[0] * outputs[1], size[0] * size[1] * x.shape[3])


def _by_group(
    compute: Callable[..., None],
    inputs: tuple[np.ndarray | None, ...],
    result: np.ndarray,
    strides: Pair,
    dilation: Pair,
    pads: Pads,
    groups: int,
) -> None:
    """Each group by itself: its part of the last axis of everything."""
    for g in range(groups):
        given = [None if a is None else np.ascontiguousarray(np.split(a, groups, axis=-1)[g]) for a in inputs]
        target = np.split(result, groups, axis=-1)[g]
        part = empty(target.shape, result.dtype)
        compute(*given, part, strides, dilation, pads, 1)
        target[...] = part
