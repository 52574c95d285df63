"""Dense layers, by `kernels.cpu.products`."""

from __future__ import annotations

import numpy as np

from minicnn.backends.numba.arrays import plain, rows
from minicnn.kernels.cpu import products
from minicnn.kernels.cpu.memory import empty
from minicnn.kernels.cpu.sums import blocks_of, column_sums, sum_in_order
from minicnn.kernels.cpu.threads import exclusive, scratch


def dense(x: np.ndarray, w: np.ndarray, b: np.ndarray | None) -> np.ndarray:
    """(N, I) @ (I, O) + (O,) -> (N, O)."""
    y = empty((len(x), w.shape[1]), x.dtype)
    products.dense(plain(x), plain(w), None if b is None else plain(b), y)
    return y


def dense_input_gradient(dy: np.ndarray, w: np.ndarray) -> np.ndarray:
    """(N, O) @ (O, I) -> (N, I)."""
    dx = empty((len(dy), len(w)), dy.dtype)
    products.dense_input_gradient(plain(dy), plain(w), dx)
    return dx


def dense_weight_gradient(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """(I, N) @ (N, O) -> (I, O)."""
    dw = empty((x.shape[1], dy.shape[1]), x.dtype)
    products.dense_weight_gradient(plain(x), plain(dy), dw)
    return dw


def bias_gradient(dy: np.ndarray) -> np.ndarray:
    """(..., O) -> (O,): b was added to every row, so it collects from every row."""
    dy2d = rows(dy)
    db = np.empty(dy2d.shape[1], dy.dtype)
    with exclusive:
        partial = scratch("sums", blocks_of(len(dy2d)) * len(db), dy.dtype).reshape(blocks_of(len(dy2d)), len(db))
        column_sums(dy2d, partial)
        sum_in_order(partial, db)
    return db
