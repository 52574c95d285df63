"""Pooling: the largest pixel or the mean of each window, channel by channel."""

from __future__ import annotations

from typing import Any

from minicnn.backends import backend_for
from minicnn.errors import ArgumentError, ShapeError
from minicnn.geometry import Windows, pair
from minicnn.ops.checks import check_floats, check_rank, naming
from minicnn.tensor import Array, Gradients, differentiable, recordable


@differentiable
def max_pool2d(x: Array, pool_size: Any, strides: Any = None, padding: Any = "valid") -> tuple:
    """The largest pixel of each window; strides default to the window, so that windows do not overlap.

    x: (N, H, W, C) -> y: (N, OH, OW, C), in the dtype of x. Padding counts as minus infinity: it never wins.
    Gradient: dy goes to the pixel that won, the first in row-major order if several tie; a pixel that won in
    several windows gets their sum. A NaN wins over every number, the last of several, as in PyTorch.
    Raises ShapeError if the window does not fit, ArgumentError, DTypeError.
    Source: Scherer, Müller and Behnke, Evaluation of pooling operations in convolutional architectures (2010).
    """
    windows = _windows("max_pool2d", x, pool_size, strides, padding)
    backend = backend_for(x)
    y, winners = backend.max_pool2d(x, windows)

    def pullback(dy: Array) -> Gradients:
        return {"x": lambda: backend.max_pool2d_gradient(dy, winners, windows)}

    return y, pullback


@differentiable
def average_pool2d(x: Array, pool_size: Any, strides: Any = None, padding: Any = "valid") -> tuple:
    """The mean of each window; padding is not counted, neither in the sum nor in the number of pixels.

    x: (N, H, W, C) -> y: (N, OH, OW, C), in the dtype of x.
    Gradient: dy in equal parts to the pixels of its window; overlaps add up.
    Raises ShapeError if the window does not fit, ArgumentError, DTypeError.
    Source: LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition (1998), II.B.
    """
    windows = _windows("average_pool2d", x, pool_size, strides, padding)
    backend = backend_for(x)

    def pullback(dy: Array) -> Gradients:
        return {"x": lambda: backend.average_pool2d_gradient(dy, windows)}

    return backend.average_pool2d(x, windows), pullback


@recordable
def global_max_pool2d(x: Array) -> Any:
    """The largest pixel of each channel: (N, H, W, C) -> (N, C). Gradient: to the pixel that won, the first of ties."""
    y = max_pool2d(x, _whole("global_max_pool2d", x))
    return y.reshape((x.shape[0], x.shape[3]))


@recordable
def global_average_pool2d(x: Array) -> Any:
    """The mean of each channel: (N, H, W, C) -> (N, C). Gradient: dy / (H·W) to every pixel.

    Source: Lin, Chen and Yan, Network in network (2014), section 3.2.
    """
    y = average_pool2d(x, _whole("global_average_pool2d", x))
    return y.reshape((x.shape[0], x.shape[3]))


def _whole(operator: str, x: Array) -> tuple[int, int]:
    _check_images(operator, x)
    return x.shape[1:3]


def _windows(operator: str, x: Array, pool_size: Any, strides: Any, padding: Any) -> Windows:
    _check_images(operator, x)
    with naming(operator):
        pair(pool_size, "pool_size")
        windows = Windows.over(x.shape[1:3], pool_size, pool_size if strides is None else strides, padding)
    if any(side >= size for pads, size in zip(windows.pads, windows.size, strict=True) for side in pads):
        raise ArgumentError(
            f"{operator}: padding {windows.pads} must be smaller than the {windows.size} window: "
            "else some windows would hold no pixel at all"
        )
    return windows


def _check_images(operator: str, x: Array) -> None:
    check_floats(operator, x=x)
    check_rank(operator, "x", x, "N, H, W, C")
    if 0 in x.shape[1:3]:
        raise ShapeError(f"{operator}: x {x.shape} holds no pixels")
