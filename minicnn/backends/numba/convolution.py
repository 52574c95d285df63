"""Convolution: results allocated here, computed by one of the algorithms of `kernels.cpu`.

Those are `correlation`, `input_gradient` and `weight_gradient` (direct), `winograd` and `columns` (im2col); `choice`
chooses.
"""

from __future__ import annotations

import numpy as np

from minicnn.backends.numba.arrays import plain
from minicnn.backends.numba.depthwise import (
    depthwise_conv2d,
    depthwise_conv2d_input_gradient,
    depthwise_conv2d_weight_gradient,
)
from minicnn.geometry import Windows
from minicnn.kernels.cpu import columns as matrix
from minicnn.kernels.cpu import (
    correlation,
    input_gradient,
    patches,
    weight_gradient,
    winograd,
    winograd_weight_gradient,
)
from minicnn.kernels.cpu.choice import Shape, choose
from minicnn.kernels.cpu.memory import empty
from minicnn.kernels.cpu.threads import exclusive


def conv2d(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None, windows: Windows, groups: int, algorithm: str = "auto"
) -> np.ndarray:
    """x (N, H, W, C), w (R, S, C / groups, K) -> y (N, OH, OW, K)."""
    if groups > 1 and w.shape[2] == 1 and algorithm != "im2col":
        return depthwise_conv2d(x, _by_channel(w, groups), b, windows)
    x, w, b = plain(x), plain(w), None if b is None else plain(b)
    y = empty((len(x), *windows.outputs, w.shape[3]), x.dtype)
    way = choose(algorithm, forward_shape(x, w, windows, groups))
    if way.algorithm == "winograd":
        winograd.conv2d(x, w, b, y, windows.pads, way.tile)
    else:
        compute = matrix.conv2d if way.algorithm == "im2col" else correlation.conv2d
        compute(x, w, b, y, windows.strides, windows.dilation, windows.pads, groups)
    return y


def conv2d_input_gradient(
    dy: np.ndarray, w: np.ndarray, windows: Windows, groups: int, algorithm: str = "auto"
) -> np.ndarray:
    """dy (N, OH, OW, K), w (R, S, C / groups, K) -> dx (N, H, W, C)."""
    if groups > 1 and w.shape[2] == 1 and algorithm != "im2col":
        return depthwise_conv2d_input_gradient(dy, _by_channel(w, groups), windows)
    dy, w = plain(dy), plain(w)
    dx = empty((len(dy), *windows.image, w.shape[2] * groups), dy.dtype)
    way = choose(algorithm, _shape(dy, dx.shape, windows, groups))
    if way.algorithm == "winograd":
        winograd.conv2d_input_gradient(dy, w, dx, windows.pads, way.tile)
    else:
        compute = matrix.conv2d_input_gradient if way.algorithm == "im2col" else input_gradient.conv2d_input_gradient
        compute(dy, w, dx, windows.strides, windows.dilation, windows.pads, groups)
    return dx


def conv2d_weight_gradient(
    x: np.ndarray, dy: np.ndarray, windows: Windows, groups: int, algorithm: str = "auto"
) -> np.ndarray:
    """x (N, H, W, C), dy (N, OH, OW, K) -> dw (R, S, C / groups, K)."""
    if groups > 1 and groups == x.shape[3] and algorithm != "im2col":
        dw = depthwise_conv2d_weight_gradient(x, dy, windows)
        return dw.reshape(*windows.size, 1, dy.shape[3])
    dw = empty((*windows.size, x.shape[3] // groups, dy.shape[3]), x.dtype)
    x, dy = plain(x), plain(dy)
    way = choose(algorithm, _shape(x, dy.shape, windows, groups), weights=True)
    if way.algorithm == "winograd":
        winograd_weight_gradient.conv2d_weight_gradient(x, dy, dw, windows.pads, way.tile)
    else:
        module = matrix if way.algorithm == "im2col" else weight_gradient
        module.conv2d_weight_gradient(x, dy, dw, windows.strides, windows.dilation, windows.pads, groups)
    return dw


def forward_shape(x: np.ndarray, w: np.ndarray, windows: Windows, groups: int) -> Shape:
    """What the choice of an algorithm for y goes by."""
    return _shape(x, (len(x), *windows.outputs, w.shape[3]), windows, groups)


def _shape(source: np.ndarray, result: tuple[int, ...], windows: Windows, groups: int) -> Shape:
    return Shape(
        result[0],
        (result[1], result[2]),
        source.shape[3],
        result[3],
        windows.size,
        windows.strides,
        windows.dilation,
        groups,
        source.dtype.char,
    )


def im2col(x: np.ndarray, windows: Windows) -> np.ndarray:
    """x (N, H, W, C) -> (N, OH, OW, R, S, C)."""
    columns = empty((len(x), *windows.outputs, *windows.size, x.shape[3]), x.dtype)
    with exclusive:
        patches.im2col(plain(x), windows.strides, windows.dilation, windows.corner, columns)
    return columns


def col2im(columns: np.ndarray, windows: Windows) -> np.ndarray:
    """(N, OH, OW, R, S, C) -> (N, H, W, C)."""
    x = empty((len(columns), *windows.image, columns.shape[-1]), columns.dtype)
    with exclusive:
        patches.col2im(plain(columns), windows.strides, windows.dilation, windows.corner, x)
    return x


def _by_channel(w: np.ndarray, groups: int) -> np.ndarray:
    """(R, S, 1, K) of a convolution whose groups are single channels -> the (R, S, C, M) of a depthwise one."""
    return plain(w).reshape(*w.shape[:2], groups, w.shape[3] // groups)
