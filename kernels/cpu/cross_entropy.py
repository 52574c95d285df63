"""Softmax cross-entropy: -Σ target · log softmax(logits), with log softmax = logit - max - log Σ exp(logit - max)."""

from __future__ import annotations

import math

from numba import prange

from minicnn.kernels.cpu.activations import softmax_row
from minicnn.kernels.cpu.jit import kernel, parallel_kernel


@parallel_kernel
def with_labels(logits, labels, losses, probabilities):
    """logits (N, K), labels (N,) whole numbers -> losses (N,), probabilities (N, K)."""
    for row in prange(len(logits)):
        largest, total = softmax_row(logits[row], probabilities[row])
        losses[row] = math.log(total) - (logits[row, labels[row]] - largest)


@parallel_kernel
def with_probabilities(logits, targets, losses, probabilities):
    """logits, targets (N, K) -> losses (N,), probabilities (N, K)."""
    for row in prange(len(logits)):
        losses[row] = _row_loss(logits[row], targets[row], probabilities[row])


@kernel
def _row_loss(logits, targets, probabilities):
    largest, total = softmax_row(logits, probabilities)
    log_total = math.log(total)
    loss = logits.dtype.type(0)
    for k in range(len(logits)):
        loss -= targets[k] * (logits[k] - largest - log_total)
    return loss


@parallel_kernel
def gradient_with_labels(dlosses, probabilities, labels, dlogits):
    """dlogits (N, K) = (probability - 1 at the label) · dloss."""
    for row in prange(len(labels)):
        for k in range(probabilities.shape[1]):
            dlogits[row, k] = probabilities[row, k] * dlosses[row]
        dlogits[row, labels[row]] = (probabilities[row, labels[row]] - 1) * dlosses[row]


@parallel_kernel
def gradient_with_probabilities(dlosses, probabilities, targets, dlogits):
    """dlogits (N, K) = (probability · Σ targets - target) · dloss."""
    for row in prange(len(targets)):
        _row_gradient(dlosses[row], probabilities[row], targets[row], dlogits[row])


@kernel
def _row_gradient(dloss, probabilities, targets, dlogits):
    total = targets.dtype.type(0)
    for k in range(len(targets)):
        total += targets[k]
    for k in range(len(targets)):
        dlogits[k] = (probabilities[k] * total - targets[k]) * dloss
