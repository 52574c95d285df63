"""Cross-entropies: how surprised a prediction is by the truth, one number an example."""

from __future__ import annotations

import numpy as np

from minicnn.backends import backend_for, beside, device_of
from minicnn.errors import DataError, DTypeError, ShapeError
from minicnn.ops.checks import check_dtypes, check_flag, check_floats, check_rank
from minicnn.tensor import Array, Gradients, differentiable

# Keras clips probabilities this far from 0 and 1 before it takes their logarithm.
CLIP = 1e-7


@differentiable
def softmax_cross_entropy(logits: Array, labels: Array) -> tuple:
    """Cross-entropy of softmax(logits) against the labels, computed in one so that no logarithm meets a rounded zero.

        loss = - Σ over k of  target[k] · log softmax(logits)[k]

    logits: (N, K), labels: whole numbers (N,) from 0 to K - 1, or target probabilities (N, K) -> losses: (N,), in the
    dtype of logits.
    Gradient: dL/dlogits = (p - target) · dloss, with p = softmax(logits); labels have none.
    Raises ShapeError, DTypeError (labels (N,) that are not whole numbers), DataError (labels out of range).
    Source: Bishop, Pattern recognition and machine learning (2006), section 4.3.4.
    """
    check_floats("softmax_cross_entropy", logits=logits)
    targets = check_targets("softmax_cross_entropy", "logits", logits, labels)
    backend = backend_for(logits)
    losses, probabilities = backend.softmax_cross_entropy(logits, targets)

    def pullback(dlosses: Array) -> Gradients:
        return {"logits": lambda: backend.softmax_cross_entropy_gradient(dlosses, probabilities, targets)}

    return losses, pullback


@differentiable
def cross_entropy(probabilities: Array, labels: Array) -> tuple:
    """Cross-entropy of probabilities, e.g. of a softmax layer, against the labels; clipped to 1e-7 .. 1 - 1e-7.

    probabilities: (N, K), each row scaled to sum 1 first, as Keras does; labels and result as softmax_cross_entropy.
    Gradient: with s the row's sum and q = p / s: (Σ target - target / q) / s, target only where q was not clipped.
    Raises as softmax_cross_entropy.
    """
    check_floats("cross_entropy", probabilities=probabilities)
    targets = check_targets("cross_entropy", "probabilities", probabilities, labels)
    if targets.ndim == 1:
        targets = np.eye(probabilities.shape[1], dtype=probabilities.dtype, like=probabilities)[targets]
    total = probabilities.sum(axis=1, keepdims=True)
    scaled = probabilities / total
    clipped = scaled.clip(CLIP, 1 - CLIP)

    def pullback(dlosses: Array) -> Gradients:
        def dp() -> Array:
            dscaled = np.where(clipped == scaled, -targets / clipped, 0) * dlosses[:, None]
            return (dscaled - (dscaled * scaled).sum(axis=1, keepdims=True)) / total

        return {"probabilities": dp}

    return -(targets * np.log(clipped)).sum(axis=1), pullback


@differentiable
def binary_cross_entropy(predictions: Array, targets: Array, *, from_logits: bool = False) -> tuple:
    """- t · log p - (1 - t) · log(1 - p), the mean over the last axis.

    predictions: (N, K), probabilities or, with from_logits, logits; targets: (N, K), 0 .. 1, same dtype -> (N,).
    Gradient: (p - t) / K for logits, (p - t) / (p · (1 - p)) / K for probabilities where they were not clipped.
    Raises ShapeError if the shapes differ, DTypeError, DataError if a target is outside 0 .. 1.
    """
    check_dtypes("binary_cross_entropy", {"predictions": predictions, "targets": targets})
    check_rank("binary_cross_entropy", "predictions", predictions, "N, K")
    if targets.shape != predictions.shape or predictions.shape[1] == 0:
        raise ShapeError(
            f"binary_cross_entropy: targets {targets.shape} must have the shape of predictions {predictions.shape}"
        )
    if not bool(((targets >= 0) & (targets <= 1)).all()):
        raise DataError("binary_cross_entropy: targets must be from 0 to 1: one of them is not")
    targets = beside(targets, predictions)
    k = predictions.shape[1]
    if check_flag("binary_cross_entropy", "from_logits", from_logits):
        # log(1 + exp(-|z|)) never overflows; the rest is exact.
        z = predictions
        losses = np.maximum(z, 0) - z * targets + np.log1p(np.exp(-np.abs(z)))

        def slope() -> Array:
            return backend_for(z).sigmoid(z) - targets
    else:
        p = predictions.clip(CLIP, 1 - CLIP)
        losses = -(targets * np.log(p) + (1 - targets) * np.log(1 - p))

        def slope() -> Array:
            return np.where(p == predictions, (p - targets) / (p * (1 - p)), 0)

    def pullback(dlosses: Array) -> Gradients:
        return {"predictions": lambda: slope() * dlosses[:, None] / k}

    return losses.mean(axis=1), pullback


def check_targets(operator: str, name: str, predictions: Array, labels: Array) -> Array:
    """Labels that fit, where the predictions live: whole numbers (N,) in range, or finite targets (N, K), same dtype.

    Labels in main memory are looked through there, and then copied to the device of the predictions: labels that are on
    the device already must come back for that, which waits for all that was launched.
    """
    check_rank(operator, name, predictions, "N, K")
    n, k = predictions.shape
    if k == 0:
        raise ShapeError(f"{operator}: {name} {predictions.shape} has no classes")
    if isinstance(labels, (list, tuple)):
        try:
            labels = np.asarray(labels)
        except ValueError:
            raise ShapeError(f"{operator}: labels must be evenly nested lists, got {labels!r:.60}") from None
    if not hasattr(labels, "dtype"):
        raise DTypeError(f"{operator}: labels must be an array, got {type(labels).__name__}")
    if labels.shape == (n,):
        if labels.dtype.kind not in "iu":
            raise DTypeError(
                f"{operator}: labels of shape (N,) must be whole numbers, got {labels.dtype}; "
                "convert them with labels.astype('int64')"
            )
        if n and not (labels.min() >= 0 and labels.max() < k):
            raise DataError(
                f"{operator}: labels must be from 0 to {k - 1} for {k} classes; "
                f"they run from {labels.min()} to {labels.max()}"
            )
        there = device_of(labels) == device_of(predictions)
        return labels if there else beside(labels.astype(np.int32), predictions)
    if labels.shape != (n, k):
        raise ShapeError(
            f"{operator}: labels must be ({n},) whole numbers or ({n}, {k}) targets for {name} {predictions.shape}; "
            f"got shape {labels.shape}"
        )
    check_dtypes(operator, {name: predictions, "labels": labels})
    if not bool(np.isfinite(labels).all()):
        raise DataError(f"{operator}: labels hold NaN or infinity")
    return beside(labels, predictions)
