"""Dense layers: Y = X W + b, and what follows from it: dX = dY Wᵀ, dW = Xᵀ dY, db = the column sums of dY."""

from __future__ import annotations

import numpy as np

from minicnn.backends.numpy.sums import channel_sums


def dense(x: np.ndarray, w: np.ndarray, b: np.ndarray | None) -> np.ndarray:
    """(N, I) @ (I, O) + (O,) -> (N, O)."""
    y = x @ w
    return y if b is None else y + b


def dense_input_gradient(dy: np.ndarray, w: np.ndarray) -> np.ndarray:
    """(N, O) @ (O, I) -> (N, I)."""
    return dy @ w.T


def dense_weight_gradient(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """(I, N) @ (N, O) -> (I, O)."""
    return x.T @ dy


def bias_gradient(dy: np.ndarray) -> np.ndarray:
    """(..., O) -> (O,): b was added to every row, so it collects from every row."""
    return channel_sums(dy)
