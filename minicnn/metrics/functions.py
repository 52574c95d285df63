"""Metrics as functions of (y_true, y_pred): the value of each example, (N,). Errors are losses, and come from there."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.losses.functions import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from minicnn.metrics import accuracy
from minicnn.metrics.base import Metric, on_host


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> np.ndarray:
    """BinaryAccuracy of each example."""
    return _each(accuracy.BinaryAccuracy(threshold=threshold), y_true, y_pred)


def categorical_accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """CategoricalAccuracy of each example."""
    return _each(accuracy.CategoricalAccuracy(), y_true, y_pred)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """SparseCategoricalAccuracy of each example."""
    return _each(accuracy.SparseCategoricalAccuracy(), y_true, y_pred)


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> np.ndarray:
    """TopKCategoricalAccuracy of each example."""
    return _each(accuracy.TopKCategoricalAccuracy(k), y_true, y_pred)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> np.ndarray:
    """SparseTopKCategoricalAccuracy of each example."""
    return _each(accuracy.SparseTopKCategoricalAccuracy(k), y_true, y_pred)


def _each(metric: Metric, y_true: Any, y_pred: Any) -> np.ndarray:
    """In float32, as Keras's."""
    values = metric.values(on_host(y_true, f"{metric.name}: y_true"), on_host(y_pred, f"{metric.name}: y_pred"))
    return values.astype(np.float32)


__all__ = [
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]
