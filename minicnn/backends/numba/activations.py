"""Activations and dropout, by `kernels.cpu.activations` and `kernels.cpu.dropout`."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.backends.numba.arrays import flat, rows
from minicnn.kernels.cpu import activations, soft_activations
from minicnn.kernels.cpu import dropout as dropout_kernels
from minicnn.kernels.cpu.memory import empty
from minicnn.kernels.cpu.threads import exclusive
from minicnn.random import Key


def relu(x: np.ndarray, negative_slope: float, max_value: float | None, threshold: float) -> np.ndarray:
    """x (...) -> y (...)."""
    y = empty(x.shape, x.dtype)
    with exclusive:
        activations.relu(flat(x), *_bends(x.dtype, negative_slope, max_value, threshold), y.reshape(-1))
    return y


def relu_gradient(
    dy: np.ndarray, x: np.ndarray, negative_slope: float, max_value: float | None, threshold: float
) -> np.ndarray:
    """dy, x (...) -> dx (...)."""
    dx = empty(x.shape, x.dtype)
    with exclusive:
        activations.relu_gradient(
            flat(dy), flat(x), *_bends(x.dtype, negative_slope, max_value, threshold), dx.reshape(-1)
        )
    return dx


def sigmoid(x: np.ndarray) -> np.ndarray:
    """x (...) -> y (...) in 0..1."""
    return _map(activations.sigmoid, flat, x)


def sigmoid_gradient(dy: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dy, y (...) -> dx (...)."""
    return _map(activations.sigmoid_gradient, flat, dy, y)


def tanh(x: np.ndarray) -> np.ndarray:
    """x (...) -> y (...) in -1..1."""
    return _map(activations.tanh, flat, x)


def tanh_gradient(dy: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dy, y (...) -> dx (...)."""
    return _map(activations.tanh_gradient, flat, dy, y)


def elu(x: np.ndarray, alpha: float, scale: float) -> np.ndarray:
    """x (...) -> y (...)."""
    return _shaped(soft_activations.elu, (x,), x.dtype.type(alpha), x.dtype.type(scale))


def elu_gradient(dy: np.ndarray, x: np.ndarray, alpha: float, scale: float) -> np.ndarray:
    """dy, x (...) -> dx (...)."""
    return _shaped(soft_activations.elu_gradient, (dy, x), x.dtype.type(alpha), x.dtype.type(scale))


def gelu(x: np.ndarray, approximate: bool) -> np.ndarray:
    """x (...) -> y (...)."""
    return _shaped(soft_activations.gelu, (x,), bool(approximate))


def gelu_gradient(dy: np.ndarray, x: np.ndarray, approximate: bool) -> np.ndarray:
    """dy, x (...) -> dx (...)."""
    return _shaped(soft_activations.gelu_gradient, (dy, x), bool(approximate))


def silu(x: np.ndarray) -> np.ndarray:
    """x (...) -> y (...)."""
    return _map(soft_activations.silu, flat, x)


def silu_gradient(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dy, x (...) -> dx (...)."""
    return _map(soft_activations.silu_gradient, flat, dy, x)


def softplus(x: np.ndarray) -> np.ndarray:
    """x (...) -> y (...)."""
    return _map(soft_activations.softplus, flat, x)


def softplus_gradient(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dy, x (...) -> dx (...)."""
    return _map(soft_activations.softplus_gradient, flat, dy, x)


def softmax(x: np.ndarray) -> np.ndarray:
    """x (..., K) -> y (..., K), each row positive with sum 1."""
    return _map(activations.softmax, rows, x)


def softmax_gradient(dy: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dy, y (..., K) -> dx (..., K)."""
    return _map(activations.softmax_gradient, rows, dy, y)


def dropout(x: np.ndarray, rate: float, key: Key) -> np.ndarray:
    """x (...) -> y (...): the kept elements are scaled up so that the expected value stays."""
    y = empty(x.shape, x.dtype)
    threshold, scale = np.uint64(rate * 2**32), x.dtype.type(1 / (1 - rate))
    with exclusive:
        dropout_kernels.dropout(flat(x), threshold, scale, key.words, y.reshape(-1))
    return y


def _map(kernel: Any, form: Any, *arrays: np.ndarray) -> np.ndarray:
    """Has `kernel` fill a new array like the others, all of them seen as `form` shapes them."""
    result = empty(arrays[0].shape, arrays[0].dtype)
    with exclusive:
        kernel(*(form(a) for a in arrays), form(result))
    return result


def _shaped(kernel: Any, arrays: tuple[np.ndarray, ...], *settings: Any) -> np.ndarray:
    """The same for a kernel that takes numbers between the arrays and the result."""
    result = empty(arrays[0].shape, arrays[0].dtype)
    with exclusive:
        kernel(*(flat(a) for a in arrays), *settings, result.reshape(-1))
    return result


def _bends(dtype: np.dtype, negative_slope: float, max_value: float | None, threshold: float) -> tuple[Any, Any, Any]:
    """The three numbers that shape a ReLU, in its dtype: a float64 would have float32 computed in float64.

    No ceiling is a NaN, which nothing reaches, not even infinity.
    """
    return dtype.type(negative_slope), dtype.type(np.nan if max_value is None else max_value), dtype.type(threshold)
