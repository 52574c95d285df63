"""Softmax cross-entropy, by `cross_entropy.cu`."""

from __future__ import annotations

import numpy as np

from minicnn.backends.cuda.activations import WARPS, grid_of_rows
from minicnn.backends.cuda.device import Device, DeviceArray, launch


def softmax_cross_entropy(device: Device, logits: DeviceArray, targets: DeviceArray) -> tuple[DeviceArray, DeviceArray]:
    """logits (N, K), targets (N,) or (N, K) -> losses (N,), probabilities (N, K)."""
    rows, classes = logits.shape
    targets = _labels(targets)
    losses, probabilities = device.empty((rows,), logits.dtype), device.empty(logits.shape, logits.dtype)
    arrays = logits, targets, losses, probabilities
    _launch(device, "loss_of", targets, logits.dtype, arrays, rows, classes)
    return losses, probabilities


def softmax_cross_entropy_gradient(
    device: Device, dlosses: DeviceArray, probabilities: DeviceArray, targets: DeviceArray
) -> DeviceArray:
    """dlosses (N,) -> dlogits (N, K): probabilities less targets, row by row."""
    targets = _labels(targets)
    dlogits = device.empty(probabilities.shape, probabilities.dtype)
    arrays = dlosses, probabilities, targets, dlogits
    _launch(device, "gradient_of", targets, dlogits.dtype, arrays, *dlogits.shape)
    return dlogits


def _labels(targets: DeviceArray) -> DeviceArray:
    """Whole numbers as kernels take them, in 32 bits."""
    return targets.astype(np.int32) if len(targets.shape) == 1 and targets.dtype != np.int32 else targets


def _launch(
    device: Device, what: str, targets: DeviceArray, real: np.dtype, arrays: tuple, rows: int, classes: int
) -> None:
    kernel = f"{what}_{'labels' if len(targets.shape) == 1 else 'targets'}"
    launch(device, "cross_entropy", kernel, real, grid_of_rows(rows), WARPS, *arrays, np.int64(rows), classes)
