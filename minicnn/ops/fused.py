"""Groups of operators as one: the same numbers in fewer passes over memory.

On a CPU an activation travels through memory for every operator that touches it, and that costs as much as the
arithmetic. A fused group reads its input once and writes what leaves the group. What is kept for the way back is
smaller, too: one byte for each pooled pixel tells who won, or that ReLU let nothing through. A model finds its groups
by itself (`model.plan()` shows them); here each is an operator like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minicnn.backends import backend_for
from minicnn.errors import ArgumentError, ShapeError
from minicnn.geometry import NO_PADS, Windows, pair
from minicnn.ops.checks import naming
from minicnn.ops.convolution import check_algorithm, check_conv2d
from minicnn.ops.dense import check_dense
from minicnn.ops.normalization import check_batch_norm
from minicnn.tensor import Array, Gradients, differentiable

MOST_TAPS = 16  # kernels are written out for each tap; and where windows are large, there is little left to save


@differentiable
def conv2d_relu(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
    pool_size: Any = 1,
    algorithm: str = "auto",
) -> tuple:
    """max_pool2d(relu(conv2d(x, w, b)), pool_size), with windows that do not overlap; 1 pools nothing.

    x: (N, H, W, C), w: (R, S, C / groups, K), b: (K,) or None -> y: (N, OH // P, OW // Q, K) for pool_size (P, Q).
    algorithm: as in `conv2d`.
    Gradients: dz is dy at the pixels that won and were positive, 0 elsewhere; from there on as in `conv2d`.
    Raises as `conv2d`; ArgumentError or ShapeError for a pooling window that has more than 16 pixels or does not fit.
    """
    windows = check_conv2d("conv2d_relu", x, w, b, strides, padding, dilation, groups)
    check_algorithm("conv2d_relu", algorithm, windows.size, windows.strides, windows.dilation, groups)
    pooling = _tiles("conv2d_relu", windows.outputs, pool_size)
    backend = backend_for(x, w)
    y, winners = backend.conv2d_relu_pool(x, w, b, windows, groups, pooling, algorithm)

    def pullback(dy: Array) -> Gradients:
        dz, db = backend.relu_pool_gradient(dy, winners, pooling)
        return {
            "x": lambda: backend.conv2d_input_gradient(dz, w, windows, groups, algorithm),
            "w": lambda: backend.conv2d_weight_gradient(x, dz, windows, groups, algorithm),
            "b": db,
        }

    return y, pullback


@differentiable
def batch_norm_relu(
    x: Array,
    gamma: Array,
    beta: Array,
    *,
    epsilon: float = 1e-3,
    pool_size: Any = 1,
    observe: Callable[[Array, Array], None] | None = None,
) -> tuple:
    """max_pool2d(relu(batch_norm(x, gamma, beta)), pool_size), with windows that do not overlap; 1 pools nothing.

    x: (..., C), or (N, H, W, C) if there is pooling; gamma, beta: (C,) -> y: (..., C) or (N, H // P, W // Q, C).
    epsilon, observe: as in `batch_norm`.
    Gradients: dz is dy at the pixels that won and were positive, 0 elsewhere; from there on as in `batch_norm`.
    Raises as `batch_norm`; ArgumentError or ShapeError for a pooling window that has more than 16 pixels or does not
    fit.
    """
    epsilon = check_batch_norm("batch_norm_relu", x, gamma, beta, epsilon, observe)
    images = x if x.ndim == 4 else in_rows(x)
    pooling = _tiles("batch_norm_relu", images.shape[1:3], pool_size)
    if x.ndim != 4 and pooling.size != (1, 1):
        raise ShapeError(f"batch_norm_relu: x must have the axes (N, H, W, C) to be pooled, got shape {x.shape}")
    backend = backend_for(x)
    y, winners, mean, variance = backend.batch_norm_relu_pool(images, gamma, beta, epsilon, pooling)
    if observe is not None:
        observe(mean, variance)

    def pullback(dy: Array) -> Gradients:
        return through_relu_pool(dy, winners, x, gamma, mean, variance, epsilon, pooling)

    return y if x.ndim == 4 else y.reshape(x.shape), pullback


def through_relu_pool(
    dy: Array,
    winners: Array,
    x: Array,
    gamma: Array,
    mean: Array,
    variance: Array,
    epsilon: float,
    pooling: Windows | None = None,
) -> Gradients:
    """The gradients of `batch_norm_relu`. winners: one for each number of dy; pooling: None if nothing was pooled."""
    backend = backend_for(x)
    images = x if x.ndim == 4 else in_rows(x)
    pooling = pooling or _tiles("batch_norm_relu", images.shape[1:3], 1)
    shape = len(images), *pooling.outputs, images.shape[3]
    dy, winners = dy.reshape(shape), winners.reshape(shape)
    dgamma, dbeta = backend.batch_norm_relu_pool_parameter_gradients(
        dy, winners, images, mean, variance, epsilon, pooling
    )
    return {
        "x": lambda: backend.batch_norm_relu_pool_input_gradient(
            dy, winners, images, gamma, mean, variance, epsilon, dgamma, dbeta, pooling
        ).reshape(x.shape),
        "gamma": dgamma,
        "beta": dbeta,
    }


def in_rows(x: Array) -> Array:
    """(N, ..., C) -> (N, 1, pixels, C). Where nothing is pooled it does not matter how the pixels lie."""
    return x.reshape(len(x), 1, x[0].size // x.shape[-1], x.shape[-1])


@differentiable
def dense_relu(x: Array, w: Array, b: Array | None = None) -> tuple:
    """relu(dense(x, w, b)).

    x: (N, I), w: (I, O), b: (O,) or None -> y: (N, O); one dtype, float32 or float64.
    Gradients: dz is dy where y is positive, 0 elsewhere; from there on as in `dense`. Raises as `dense`.
    """
    check_dense("dense_relu", x, w, b)
    backend = backend_for(x, w)
    y = backend.dense_relu(x, w, b)

    def pullback(dy: Array) -> Gradients:
        dz = backend.relu_gradient(dy, y, 0.0, None, 0.0)
        return {
            "x": lambda: backend.dense_input_gradient(dz, w),
            "w": lambda: backend.dense_weight_gradient(x, dz),
            "b": lambda: backend.bias_gradient(dz),
        }

    return y, pullback


def _tiles(operator: str, image: tuple[int, int], pool_size: Any) -> Windows:
    """Pooling windows that tile an image."""
    with naming(operator):
        size = pair(pool_size, "pool_size")
        if size[0] * size[1] > MOST_TAPS:
            raise ArgumentError(f"pool_size {size} must have at most {MOST_TAPS} pixels; use max_pool2d on its own")
        if size == (1, 1):
            return Windows(image, size, size, (1, 1), NO_PADS)  # any image, even one without pixels
        return Windows.over(image, size, size)
