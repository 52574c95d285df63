"""Activations that bend instead of breaking: ELU, GELU, SiLU, softplus, and their slopes. Arrays are flat.

Cut into blocks of a fixed length like those in `activations`, and for the same reason: where a compiler's vectors end
must not depend on the number of threads.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from minicnn.kernels.cpu.activations import BLOCK
from minicnn.kernels.cpu.jit import kernel, parallel_kernel

HALF_ROOT = math.sqrt(0.5)
DENSITY = 1 / math.sqrt(2 * math.pi)  # of the normal distribution at 0
WAVE = math.sqrt(2 / math.pi)
CUBE = 0.044715


@parallel_kernel
def elu(x, alpha, scale, y):
    """scale · x where positive, scale · alpha · (exp(x) - 1) elsewhere."""
    for block in prange(-(-len(x) // BLOCK)):
        start = np.int64(block) * BLOCK
        _elu(x[start : start + BLOCK], alpha, scale, y[start : start + BLOCK])


@kernel
def _elu(x, alpha, scale, y):
    for i in range(len(x)):
        y[i] = scale * (x[i] if x[i] > 0 else alpha * math.expm1(x[i]))


@parallel_kernel
def elu_gradient(dy, x, alpha, scale, dx):
    """dy · scale where x is positive, dy · scale · alpha · exp(x) elsewhere."""
    for block in prange(-(-len(x) // BLOCK)):
        start = np.int64(block) * BLOCK
        _elu_gradient(dy[start : start + BLOCK], x[start : start + BLOCK], alpha, scale, dx[start : start + BLOCK])


@kernel
def _elu_gradient(dy, x, alpha, scale, dx):
    one = x.dtype.type(1)
    for i in range(len(x)):
        dx[i] = dy[i] * scale * (one if x[i] > 0 else alpha * math.exp(x[i]))


@parallel_kernel
def gelu(x, approximate, y):
    """x times the part of a normal distribution below x; approximate: by a hyperbolic tangent."""
    for block in prange(-(-len(x) // BLOCK)):
        start = np.int64(block) * BLOCK
        _gelu(x[start : start + BLOCK], approximate, y[start : start + BLOCK])


@kernel
def _gelu(x, approximate, y):
    half, one = x.dtype.type(0.5), x.dtype.type(1)
    root, wave, cube = x.dtype.type(HALF_ROOT), x.dtype.type(WAVE), x.dtype.type(CUBE)
    for i in range(len(x)):
        if approximate:
            y[i] = half * x[i] * (one + math.tanh(wave * (x[i] + cube * x[i] * x[i] * x[i])))
        else:
            y[i] = half * x[i] * math.erfc(-x[i] * root)


@parallel_kernel
def gelu_gradient(dy, x, approximate, dx):
    """dy · (the part below x + x · the density at x), or the slope of the approximation."""
    for block in prange(-(-len(x) // BLOCK)):
        start = np.int64(block) * BLOCK
        _gelu_gradient(dy[start : start + BLOCK], x[start : start + BLOCK], approximate, dx[start : start + BLOCK])


@kernel
def _gelu_gradient(dy, x, approximate, dx):
    half, one, three = x.dtype.type(0.5), x.dtype.type(1), x.dtype.type(3)
    root, wave, cube, density = (x.dtype.type(HALF_ROOT), x.dtype.type(WAVE), x.dtype.type(CUBE), x.dtype.type(DENSITY))
    for i in range(len(x)):
        square = x[i] * x[i]
        if approximate:
            t = math.tanh(wave * (x[i] + cube * square * x[i]))
            bend = half * x[i] * (one - t * t) * wave * (one + three * cube * square)
            dx[i] = dy[i] * (half * (one + t) + bend)
        else:
            dx[i] = dy[i] * (half * math.erfc(-x[i] * root) + x[i] * density * math.exp(-half * square))


@parallel_kernel
def silu(x, y):
    """x / (1 + exp(-x))."""
    for block in prange(-(-len(x) // BLOCK)):
        start = np.int64(block) * BLOCK
        _silu(x[start : start + BLOCK], y[start : start + BLOCK])


@kernel
def _silu(x, y):
    one = x.dtype.type(1)
    for i in range(len(x)):
        e = math.exp(-abs(x[i]))
        y[i] = x[i] * ((one if x[i] >= 0 else e) / (one + e))


@parallel_kernel
def silu_gradient(dy, x, dx):
    """dy · s · (1 + x · (1 - s)), s the sigmoid of x."""
    for block in prange(-(-len(x) // BLOCK)):
        start = np.int64(block) * BLOCK
        _silu_gradient(dy[start : start + BLOCK], x[start : start + BLOCK], dx[start : start + BLOCK])


@kernel
def _silu_gradient(dy, x, dx):
    one = x.dtype.type(1)
    for i in range(len(x)):
        e = math.exp(-abs(x[i]))
        s = (one if x[i] >= 0 else e) / (one + e)
        dx[i] = dy[i] * s * (one + x[i] * (one - s))


@parallel_kernel
def softplus(x, y):
    """log(1 + exp(x)), without overflow."""
    for block in prange(-(-len(x) // BLOCK)):
        start = np.int64(block) * BLOCK
        _softplus(x[start : start + BLOCK], y[start : start + BLOCK])


@kernel
def _softplus(x, y):
    zero = x.dtype.type(0)
    for i in range(len(x)):
        y[i] = max(x[i], zero) + math.log1p(math.exp(-abs(x[i])))


@parallel_kernel
def softplus_gradient(dy, x, dx):
    """dy times the sigmoid of x."""
    for block in prange(-(-len(x) // BLOCK)):
        start = np.int64(block) * BLOCK
        _softplus_gradient(dy[start : start + BLOCK], x[start : start + BLOCK], dx[start : start + BLOCK])


@kernel
def _softplus_gradient(dy, x, dx):
    one = x.dtype.type(1)
    for i in range(len(x)):
        e = math.exp(-abs(x[i]))
        dx[i] = dy[i] * ((one if x[i] >= 0 else e) / (one + e))
