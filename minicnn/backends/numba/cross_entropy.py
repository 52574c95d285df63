"""Softmax cross-entropy, by `kernels.cpu.cross_entropy`."""

from __future__ import annotations

import numpy as np

from minicnn.backends.numba.arrays import plain
from minicnn.kernels.cpu import cross_entropy
from minicnn.kernels.cpu.threads import exclusive


def softmax_cross_entropy(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """logits (N, K), targets (N,) whole numbers or (N, K) -> losses (N,), probabilities (N, K)."""
    losses, probabilities = np.empty(len(logits), logits.dtype), np.empty(logits.shape, logits.dtype)
    kernel = cross_entropy.with_labels if targets.ndim == 1 else cross_entropy.with_probabilities
    with exclusive:
        kernel(plain(logits), _plain_targets(targets), losses, probabilities)
    return losses, probabilities


def softmax_cross_entropy_gradient(dlosses: np.ndarray, probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """dlosses (N,) -> dlogits (N, K): probabilities less targets, row by row."""
    dlogits = np.empty(probabilities.shape, probabilities.dtype)
    labels = targets.ndim == 1
    kernel = cross_entropy.gradient_with_labels if labels else cross_entropy.gradient_with_probabilities
    with exclusive:
        kernel(plain(dlosses), plain(probabilities), _plain_targets(targets), dlogits)
    return dlogits


def _plain_targets(targets: np.ndarray) -> np.ndarray:
    """Labels all in one integer type: a kernel is compiled for each type that it meets."""
    return plain(targets.astype(np.int64, copy=False) if targets.ndim == 1 else targets)
