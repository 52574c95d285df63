"""Activations and dropout: functions of one element (softmax: of one row), and their slopes."""

from __future__ import annotations

import math

import numpy as np

from minicnn.random import Key, random_bits


def relu(x: np.ndarray, negative_slope: float, max_value: float | None, threshold: float) -> np.ndarray:
    """x (...) -> y (...)."""
    if negative_slope == 0 and threshold == 0:
        y = np.maximum(x, 0)
    else:
        y = np.where(x < threshold, negative_slope * (x - threshold), x)
    return y if max_value is None else np.minimum(y, max_value)


def relu_gradient(
    dy: np.ndarray, x: np.ndarray, negative_slope: float, max_value: float | None, threshold: float
) -> np.ndarray:
    """dy, x (...) -> dx (...)."""
    below = negative_slope * dy if negative_slope != 0 else dy.dtype.type(0)  # 0 · infinity would be NaN
    dx = np.where(x <= threshold, below, dy)
    return dx if max_value is None else np.where(x >= max_value, 0, dx)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """x (...) -> y (...) in 0..1; the exponential is always of a negative number, so it cannot overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def sigmoid_gradient(dy: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dy, y (...) -> dx (...)."""
    return dy * y * (1 - y)


def tanh(x: np.ndarray) -> np.ndarray:
    """x (...) -> y (...) in -1..1."""
    return np.tanh(x)


def tanh_gradient(dy: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dy, y (...) -> dx (...)."""
    return dy * (1 - y * y)


def softmax(x: np.ndarray) -> np.ndarray:
    """x (..., K) -> y (..., K), each row positive with sum 1; less its maximum, so that no exponential overflows."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_gradient(dy: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dy, y (..., K) -> dx (..., K): the Jacobian diag(y) - y yᵀ applied without building it."""
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


def elu(x: np.ndarray, alpha: float, scale: float) -> np.ndarray:
    """x (...) -> y (...)."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))) * scale


def elu_gradient(dy: np.ndarray, x: np.ndarray, alpha: float, scale: float) -> np.ndarray:
    """dy, x (...) -> dx (...)."""
    return dy * np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0))) * scale


def gelu(x: np.ndarray, approximate: bool) -> np.ndarray:
    """x (...) -> y (...)."""
    return x * _below(x, approximate)


def gelu_gradient(dy: np.ndarray, x: np.ndarray, approximate: bool) -> np.ndarray:
    """dy, x (...) -> dx (...)."""
    below = _below(x, approximate)
    if approximate:
        density = 2 * below * (1 - below) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)
    else:
        density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return dy * (below + x * density)


def _below(x: np.ndarray, approximate: bool) -> np.ndarray:
    """The part of a normal distribution below x; approximately (1 + tanh(...)) / 2."""
    if approximate:
        return (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))) / 2
    # NumPy has no error function, Python has: number by number.
    parts = [math.erfc(-z) / 2 for z in (x.ravel() * math.sqrt(0.5)).tolist()]
    return np.array(parts, x.dtype).reshape(x.shape)


def silu(x: np.ndarray) -> np.ndarray:
    """x (...) -> y (...)."""
    return x * sigmoid(x)


def silu_gradient(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dy, x (...) -> dx (...)."""
    s = sigmoid(x)
    return dy * s * (1 + x * (1 - s))


def softplus(x: np.ndarray) -> np.ndarray:
    """x (...) -> y (...); the exponential is always of a negative number, so it cannot overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softplus_gradient(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dy, x (...) -> dx (...)."""
    return dy * sigmoid(x)


def dropout(x: np.ndarray, rate: float, key: Key) -> np.ndarray:
    """x (...) -> y (...): the kept elements are scaled up so that the expected value stays."""
    keep = random_bits(key, x.size).reshape(x.shape) >= np.uint32(rate * 2**32)
    return np.where(keep, x * x.dtype.type(1 / (1 - rate)), 0)
