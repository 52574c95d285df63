"""Fused groups: ReLU and pooling in the launch of the convolution or normalization before them, where it can be."""

from __future__ import annotations

import numpy as np

from minicnn.backends.cuda.convolution import conv2d, conv2d_relu
from minicnn.backends.cuda.device import Device, DeviceArray
from minicnn.backends.cuda.geometry import rows_of
from minicnn.backends.cuda.normalization import moments, normalize_add, normalize_relu_pool
from minicnn.backends.cuda.pooling import relu_pool, unpool
from minicnn.backends.cuda.sums import won_sums
from minicnn.geometry import Windows

SQUARES = (1, 1), (2, 2)
"""Pools whose pixels a thread of a convolution has together."""


def conv2d_relu_pool(
    device: Device,
    x: DeviceArray,
    w: DeviceArray,
    b: DeviceArray | None,
    windows: Windows,
    groups: int,
    pooling: Windows,
    algorithm: str = "auto",
) -> tuple[DeviceArray, DeviceArray]:
    """x (N, H, W, C), w (R, S, C / groups, K) -> y, winners (N, PH, PW, K)."""
    depthwise = groups > 1 and w.shape[2] == 1
    if pooling.size in SQUARES and not depthwise:
        return conv2d_relu(device, x, w, b, windows, groups, pooling.size[0])
    return relu_pool(device, conv2d(device, x, w, b, windows, groups, algorithm), pooling)


def relu_pool_gradient(
    device: Device, dy: DeviceArray, winners: DeviceArray, pooling: Windows
) -> tuple[DeviceArray, DeviceArray]:
    """dy, winners (N, PH, PW, K) -> dz (N, OH, OW, K), and its sums (K,)."""
    nobody = pooling.size[0] * pooling.size[1]
    return unpool(device, dy, winners, pooling), won_sums(device, dy, winners, nobody, rows_of(dy), dy.shape[3])


def batch_norm_relu_pool(
    device: Device, x: DeviceArray, gamma: DeviceArray, beta: DeviceArray, epsilon: float, pooling: Windows
) -> tuple[DeviceArray, DeviceArray, DeviceArray, DeviceArray]:
    """x (N, H, W, C) -> y, winners (N, PH, PW, C), mean, variance (C,)."""
    mean, variance = moments(device, x)
    return *normalize_relu_pool(device, x, gamma, beta, mean, variance, epsilon, pooling), mean, variance


def batch_norm_add(
    device: Device, x: DeviceArray, gamma: DeviceArray, beta: DeviceArray, shortcut: DeviceArray, epsilon: float
) -> tuple[DeviceArray, DeviceArray, DeviceArray]:
    """x, shortcut (..., C) -> y (..., C), mean, variance (C,)."""
    mean, variance = moments(device, x)
    return normalize_add(device, x, gamma, beta, mean, variance, epsilon, shortcut, None, False), mean, variance


def batch_norm_add_relu(
    device: Device,
    x: DeviceArray,
    gamma: DeviceArray,
    beta: DeviceArray,
    shortcut: DeviceArray,
    epsilon: float,
    relu_first: bool,
) -> tuple[DeviceArray, DeviceArray, DeviceArray, DeviceArray]:
    """x, shortcut (..., C) -> y, winners (..., C), mean, variance (C,)."""
    mean, variance = moments(device, x)
    winners = device.empty(x.shape, np.uint8)
    y = normalize_add(device, x, gamma, beta, mean, variance, epsilon, shortcut, winners, relu_first)
    return y, winners, mean, variance
