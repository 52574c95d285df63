"""Softmax and cross-entropy in one: apart, log(softmax) would take the logarithm of a rounded zero."""

from __future__ import annotations

import numpy as np


def softmax_cross_entropy(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """logits (N, K), targets (N,) whole numbers or (N, K) -> losses (N,), probabilities (N, K)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(total)
    if targets.ndim == 1:
        losses = -log_probabilities[np.arange(len(targets)), targets]
    else:
        losses = -(targets * log_probabilities).sum(axis=1)
    return losses, e / total


def softmax_cross_entropy_gradient(dlosses: np.ndarray, probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """dlosses (N,) -> dlogits (N, K): probabilities less targets, row by row."""
    if targets.ndim == 1:
        difference = probabilities.copy()
        difference[np.arange(len(targets)), targets] -= 1
    else:
        difference = probabilities * targets.sum(axis=1, keepdims=True) - targets
    return difference * dlosses[:, None]
