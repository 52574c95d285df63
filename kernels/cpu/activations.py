"""Activations, softmax and dropout, each in one pass. Arrays are flat, softmax's are (rows, K).

Where a function is not plain arithmetic the work is cut into blocks of a fixed length: a compiler may use one
exponential in vectors and another, rounding differently, for what is left over at the end, and where an end lies
must not depend on the number of threads.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import kernel, parallel_kernel

BLOCK = 4096  # numbers


@parallel_kernel
def relu(x, negative_slope, max_value, threshold, y):
    """max_value above it, x from threshold on, negative_slope · (x - threshold) below; NaN stays NaN."""
    for i in prange(len(x)):
        below = negative_slope * (x[i] - threshold) if negative_slope != 0 else negative_slope
        value = below if x[i] < threshold else x[i]
        y[i] = max_value if value > max_value else value


@parallel_kernel
def add_relu(x, y, z):
    """max(x + y, 0); NaN stays NaN."""
    for i in prange(len(x)):
        total = x[i] + y[i]
        z[i] = x.dtype.type(0) if total < 0 else total


@parallel_kernel
def relu_gradient(dy, x, negative_slope, max_value, threshold, dx):
    """dy between threshold and max_value, negative_slope · dy up to threshold, 0 from max_value on; dy at NaN."""
    zero = negative_slope * 0
    for i in prange(len(x)):
        below = negative_slope * dy[i] if negative_slope != 0 else zero
        value = below if x[i] <= threshold else dy[i]
        dx[i] = zero if x[i] >= max_value else value


@parallel_kernel
def sigmoid(x, y):
    """1 / (1 + exp(-x)); the exponential is always of a negative number, so it cannot overflow."""
    for block in prange(-(-len(x) // BLOCK)):
        start = np.int64(block) * BLOCK
        _sigmoid(x[start : start + BLOCK], y[start : start + BLOCK])


@kernel
def _sigmoid(x, y):
    one = x.dtype.type(1)
    for i in range(len(x)):
        e = math.exp(-abs(x[i]))
        y[i] = (one if x[i] >= 0 else e) / (one + e)


@parallel_kernel
def sigmoid_gradient(dy, y, dx):
    """dy · y · (1 - y)."""
    one = y.dtype.type(1)
    for i in prange(len(y)):
        dx[i] = dy[i] * y[i] * (one - y[i])


@parallel_kernel
def tanh(x, y):
    """The hyperbolic tangent."""
    for block in prange(-(-len(x) // BLOCK)):
        start = np.int64(block) * BLOCK
        _tanh(x[start : start + BLOCK], y[start : start + BLOCK])


@kernel
def _tanh(x, y):
    for i in range(len(x)):
        y[i] = math.tanh(x[i])


@parallel_kernel
def tanh_gradient(dy, y, dx):
    """dy · (1 - y²)."""
    one = y.dtype.type(1)
    for i in prange(len(y)):
        dx[i] = dy[i] * (one - y[i] * y[i])


@parallel_kernel
def softmax(x, y):
    """exp(x - max) / its sum, row by row."""
    for row in prange(len(x)):
        softmax_row(x[row], y[row])


@kernel
def softmax_row(x, y):
    """x (K,) -> y (K,); returns the maximum and the sum of the exponentials of what is less than it."""
    largest = x.max()
    total = x.dtype.type(0)
    for k in range(len(x)):
        y[k] = math.exp(x[k] - largest)
        total += y[k]
    for k in range(len(x)):
        y[k] /= total
    return largest, total


@parallel_kernel
def softmax_gradient(dy, y, dx):
    """y · (dy - Σ dy · y), row by row."""
    for row in prange(len(y)):
        _softmax_gradient_row(dy[row], y[row], dx[row])


@kernel
def _softmax_gradient_row(dy, y, dx):
    total = y.dtype.type(0)
    for k in range(len(y)):
        total += dy[k] * y[k]
    for k in range(len(y)):
        dx[k] = y[k] * (dy[k] - total)
