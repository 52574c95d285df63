"""Activations and dropout: functions of one element (softmax: of one row), and their slopes."""

from __future__ import annotations

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
    above = x > threshold
    dx = dy * above if negative_slope == 0 else np.where(above, dy, negative_slope * dy)
    return dx if max_value is None else dx * (x < max_value)


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


def dropout(x: np.ndarray, rate: float, key: Key) -> np.ndarray:
    """x (...) -> y (...): the kept elements are scaled up so that the expected value stays."""
    keep = random_bits(key, x.size).reshape(x.shape) >= np.uint32(rate * 2**32)
    return np.where(keep, x * x.dtype.type(1 / (1 - rate)), 0)
