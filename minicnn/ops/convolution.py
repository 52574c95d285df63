"""Convolution, its depthwise and its transposed form: what each computes, and what each input's gradient is."""

from __future__ import annotations

from typing import Any

from minicnn.backends import backend_for
from minicnn.backends.contract import ALGORITHMS
from minicnn.errors import ArgumentError, ShapeError
from minicnn.geometry import Pair, Windows, is_int
from minicnn.ops.checks import check_floats, check_rank, check_shape, naming
from minicnn.tensor import Array, Gradients, differentiable


@differentiable
def conv2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
    algorithm: str = "auto",
) -> tuple:
    """Two-dimensional convolution (cross-correlation: the kernel is not flipped, as in every framework).

        y[n, i, j, k] = b[k] + Σ over r, s, c of  x[n, i·stride + r·dilation, j·stride + s·dilation, c] · w[r, s, c, k]

    x: (N, H, W, C), w: (R, S, C / groups, K), b: (K,) or None -> y: (N, OH, OW, K); one dtype, float32 or float64.
    OH = floor((H + pads - (R - 1)·dilation - 1) / stride) + 1, and OW likewise. With groups, filter k sees only the
    channels of its own group.
    algorithm: how a backend that knows several computes it, "auto" (it decides), "direct", "winograd" (3x3 kernels at
    strides, dilation and groups of 1) or "im2col"; the same numbers to rounding.
    Gradients, each a sum over what that input touched:
        dL/dx  the output gradient, spread back through the same taps (overlaps add up),
        dL/dw  the correlation of input patches with the output gradient,
        dL/db  the sum of the output gradient over images and pixels.
    Raises ShapeError if channels or sizes do not fit, DTypeError, ArgumentError.
    Source: Dumoulin and Visin, A guide to convolution arithmetic (2016), sections 2 and 4.

    >>> import numpy as np
    >>> conv2d(np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1)))[0, :, :, 0]
    array([[4., 4.],
           [4., 4.]])
    """
    windows = check_conv2d("conv2d", x, w, b, strides, padding, dilation, groups)
    check_algorithm("conv2d", algorithm, windows.size, windows.strides, windows.dilation, groups)
    backend = backend_for(x, w)

    def pullback(dy: Array) -> Gradients:
        return {
            "x": lambda: backend.conv2d_input_gradient(dy, w, windows, groups, algorithm),
            "w": lambda: backend.conv2d_weight_gradient(x, dy, windows, groups, algorithm),
            "b": lambda: backend.bias_gradient(dy),
        }

    return backend.conv2d(x, w, b, windows, groups, algorithm), pullback


def check_conv2d(
    operator: str, x: Array, w: Array, b: Array | None, strides: Any, padding: Any, dilation: Any, groups: int
) -> Windows:
    """The door of `conv2d`, and of what is fused with it: the windows of the kernel over x. Raises as `conv2d`."""
    check_floats(operator, x=x, w=w, b=b)
    check_rank(operator, "x", x, "N, H, W, C")
    check_rank(operator, "w", w, "R, S, C / groups, K")
    if not is_int(groups) or groups < 1 or x.shape[3] % groups or w.shape[3] % groups:
        raise ArgumentError(
            f"{operator}: groups must divide the {x.shape[3]} channels of x and the {w.shape[3]} filters of w; "
            f"got {groups!r}"
        )
    if w.shape[2] * groups != x.shape[3] or 0 in w.shape:
        raise ShapeError(
            f"{operator}: x {x.shape} has {x.shape[3]} channels, so in {groups} group(s) w must be "
            f"(R, S, {x.shape[3] // groups}, K); got {w.shape}"
        )
    check_shape(operator, "b", b, (w.shape[3],), "one number a filter")
    with naming(operator):
        return Windows.over(x.shape[1:3], w.shape[:2], strides, padding, dilation)


def check_algorithm(who: str, algorithm: Any, size: Pair, strides: Pair, dilation: Pair, groups: int) -> str:
    """One of `ALGORITHMS`, and one that can compute this. Raises ArgumentError."""
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise ArgumentError(
            f"{who}: algorithm must be one of {', '.join(map(repr, ALGORITHMS))}; got {algorithm!r:.60}"
        )
    if algorithm == "winograd" and (size, strides, dilation, groups) != ((3, 3), (1, 1), (1, 1), 1):
        raise ArgumentError(
            f"{who}: algorithm 'winograd' needs a 3x3 kernel, strides (1, 1), dilation (1, 1) and 1 group; got a "
            f"{size[0]}x{size[1]} kernel, strides {strides}, dilation {dilation} and {groups} group(s); "
            "take 'auto' or 'direct'"
        )
    return algorithm


@differentiable
def depthwise_conv2d(
    x: Array, w: Array, b: Array | None = None, *, strides: Any = 1, padding: Any = "valid", dilation: Any = 1
) -> tuple:
    """Every channel convolved by itself with M filters of its own; no sum over channels.

        y[n, i, j, c·M + m] = b[c·M + m]
                            + Σ over r, s of  x[n, i·stride + r·dilation, j·stride + s·dilation, c] · w[r, s, c, m]

    x: (N, H, W, C), w: (R, S, C, M), b: (C·M,) or None -> y: (N, OH, OW, C·M); one dtype, float32 or float64.
    Gradients: as conv2d's, channel by channel; dL/dx adds up the M filters.
    Raises ShapeError if channels or sizes do not fit, DTypeError, ArgumentError.
    Source: Chollet, Xception: Deep learning with depthwise separable convolutions (2017), section 1.
    """
    check_floats("depthwise_conv2d", x=x, w=w, b=b)
    check_rank("depthwise_conv2d", "x", x, "N, H, W, C")
    check_rank("depthwise_conv2d", "w", w, "R, S, C, M")
    if w.shape[2] != x.shape[3] or 0 in w.shape:
        raise ShapeError(f"depthwise_conv2d: w must be (R, S, {x.shape[3]}, M) for x {x.shape}, got {w.shape}")
    check_shape("depthwise_conv2d", "b", b, (w.shape[2] * w.shape[3],), "one number an output channel")
    with naming("depthwise_conv2d"):
        windows = Windows.over(x.shape[1:3], w.shape[:2], strides, padding, dilation)
    backend = backend_for(x, w)

    def pullback(dy: Array) -> Gradients:
        return {
            "x": lambda: backend.depthwise_conv2d_input_gradient(dy, w, windows),
            "w": lambda: backend.depthwise_conv2d_weight_gradient(x, dy, windows),
            "b": lambda: backend.bias_gradient(dy),
        }

    return backend.depthwise_conv2d(x, w, b, windows), pullback


@differentiable
def conv2d_transpose(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    output_padding: Any = None,
) -> tuple:
    """Transposed convolution: the input gradient of a convolution, used forwards; every pixel stamps a kernel.

        y[n, i·stride + r·dilation, j·stride + s·dilation, k]  +=  x[n, i, j, c] · w[r, s, k, c]

    x: (N, H, W, C), w: (R, S, K, C) (the kernel of the convolution from y to x), b: (K,) or None
    -> y: (N, H', W', K); one dtype. H' = H·stride for "same", and max(reach - stride, 0) more for "valid".
    Gradients: being the adjoint of a convolution, its own adjoint is that convolution,
        dL/dx  conv2d(dy, w),      dL/dw  conv2d's weight gradient with x and dy in each other's place.
    Raises ShapeError if channels or sizes do not fit, DTypeError, ArgumentError.
    Source: Dumoulin and Visin, A guide to convolution arithmetic (2016), section 4.
    """
    check_floats("conv2d_transpose", x=x, w=w, b=b)
    check_rank("conv2d_transpose", "x", x, "N, H, W, C")
    check_rank("conv2d_transpose", "w", w, "R, S, K, C")
    if w.shape[3] != x.shape[3] or 0 in w.shape:
        raise ShapeError(f"conv2d_transpose: w must be (R, S, K, {x.shape[3]}) for x {x.shape}, got {w.shape}")
    check_shape("conv2d_transpose", "b", b, (w.shape[2],), "one number a filter")
    with naming("conv2d_transpose"):
        windows = Windows.transposed(x.shape[1:3], w.shape[:2], strides, padding, dilation, output_padding)
    backend = backend_for(x, w)
    y = backend.conv2d_input_gradient(x, w, windows, 1)

    def pullback(dy: Array) -> Gradients:
        return {
            "x": lambda: backend.conv2d(dy, w, None, windows, 1),
            "w": lambda: backend.conv2d_weight_gradient(dy, x, windows, 1),
            "b": lambda: backend.bias_gradient(dy),
        }

    return y if b is None else y + b, pullback
