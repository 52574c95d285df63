"""Where branches of a network meet: plain arithmetic, for which the device's own array library has its kernels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicnn.backends.cuda.device import Device, DeviceArray
from minicnn.kernels.recording import performed


def add(device: Device, x: DeviceArray, y: DeviceArray) -> DeviceArray:
    """x, y (...) -> (...)."""
    z = device.empty(x.shape, x.dtype)
    performed(np.add, x, y, z)
    return z


def add_to(device: Device, total: DeviceArray, x: DeviceArray) -> DeviceArray:
    """total, x (...) -> total."""
    performed(np.add, total, x, total)
    return total


def concatenate(device: Device, xs: Sequence[DeviceArray], axis: int) -> DeviceArray:
    """(..., n, ...) each -> (..., sum of n, ...)."""
    first = xs[0].shape
    y = device.empty((*first[:axis], sum(x.shape[axis] for x in xs), *first[axis + 1 :]), xs[0].dtype)
    performed(np.concatenate, tuple(xs), axis, y)
    return y


def part(device: Device, x: DeviceArray, axis: int, start: int, stop: int) -> DeviceArray:
    """(..., n, ...) -> (..., stop - start, ...)."""
    y = device.empty((*x.shape[:axis], stop - start, *x.shape[axis + 1 :]), x.dtype)
    performed(y.__setitem__, ..., x[(slice(None),) * axis + (slice(start, stop),)])
    return y
