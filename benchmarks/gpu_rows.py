"""What is timed on a GPU: convolutions, and the teaching kernels in each language they are written in."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minicnn.backends.cuda import (
    activations,
    convolution,
    cross_entropy,
    dense,
    depthwise,
    normalization,
    pooling,
    updates,
)
from minicnn.backends.cuda.device import Device
from minicnn.backends.cuda.twins import use_cuda_kernels
from minicnn.benchmarks.floor import Work
from minicnn.benchmarks.layers import Layer
from minicnn.benchmarks.race import Candidates
from minicnn.geometry import Windows
from minicnn.random import Key

PARTS = ("forward", "dx", "dw")


def layer_runs(device: Device, layer: Layer) -> Candidates:
    """The three parts of a convolution on arrays that lie on the device; nothing comes back."""
    rng = np.random.Generator(np.random.PCG64(0))
    windows = layer.windows()

    def normal(*shape: int) -> Any:
        return device.to_device(rng.standard_normal(shape, dtype=np.float32))

    x = normal(layer.batch, layer.side, layer.side, layer.channels)
    dy = normal(layer.batch, *windows.outputs, layer.filters)
    b = normal(layer.filters)
    if layer.groups == layer.channels > 1:
        w = normal(layer.kernel, layer.kernel, layer.channels, layer.filters // layer.channels)
        return {
            "forward": lambda: depthwise.depthwise_conv2d(device, x, w, b, windows),
            "dx": lambda: depthwise.depthwise_conv2d_input_gradient(device, dy, w, windows),
            "dw": lambda: depthwise.depthwise_conv2d_weight_gradient(device, x, dy, windows),
        }
    w = normal(layer.kernel, layer.kernel, layer.channels // layer.groups, layer.filters)
    return {
        "forward": lambda: convolution.conv2d(device, x, w, b, windows, layer.groups),
        "dx": lambda: convolution.conv2d_input_gradient(device, dy, w, windows, layer.groups),
        "dw": lambda: convolution.conv2d_weight_gradient(device, x, dy, windows, layer.groups),
    }


def small(layer: Layer) -> Layer:
    """The same layer on a batch and on maps that a simulated GPU gets through: for rehearsals."""
    return replace(layer, batch=1, side=min(layer.side, layer.kernel + 5))


@dataclass(frozen=True)
class TeachingKernel:
    """One of the kernels that are written in CUDA C and in Numba: what it does, and how much work that is."""

    name: str
    run: Callable[[], object]
    work: Work


TEACHING = {"batch": 256, "side": 28, "channels": 32}


def teaching_kernels(device: Device, batch: int, side: int, channels: int) -> Iterator[TeachingKernel]:
    """On one activation (batch, side, side, channels), and on a square matrix of four times the batch."""
    rng = np.random.Generator(np.random.PCG64(0))

    def normal(*shape: int) -> Any:
        return device.to_device(rng.standard_normal(shape, dtype=np.float32))

    x, square = normal(batch, side, side, channels), normal(4 * batch, 4 * batch)
    scale, key = normal(channels), Key(7)
    windows, pools = Windows.over((side, side), 3, padding="same"), Windows.over((side, side), 2, 2)
    columns = convolution.im2col(device, x, windows)
    pooled, winners = pooling.max_pool2d(device, x, pools)
    labels = device.to_device(rng.integers(0, 10, batch * side).astype(np.int32))
    logits = normal(batch * side, 10)
    parameters, gradients, velocities = ([normal(batch * 64)] for _ in range(3))

    def row(name: str, run: Callable[[], object], passes: int, flops: int = 0) -> TeachingKernel:
        return TeachingKernel(name, run, Work(flops, passes))

    yield row("im2col", lambda: convolution.im2col(device, x, windows), x.nbytes + columns.nbytes)
    yield row("col2im", lambda: convolution.col2im(device, columns, windows), x.nbytes + columns.nbytes)
    max_pool = x.nbytes + pooled.nbytes + winners.nbytes
    yield row("max_pool2d", lambda: pooling.max_pool2d(device, x, pools), max_pool)
    yield row("max_pool2d_gradient", lambda: pooling.max_pool2d_gradient(device, pooled, winners, pools), max_pool)
    yield row("batch_norm", lambda: normalization.batch_norm(device, x, scale, scale, 1e-3), 3 * x.nbytes)
    loss = 2 * logits.nbytes
    yield row("softmax_cross_entropy", lambda: cross_entropy.softmax_cross_entropy(device, logits, labels), loss)
    yield row("dropout", lambda: activations.dropout(device, x, 0.5, key), 2 * x.nbytes)
    step = 5 * parameters[0].nbytes
    yield row(
        "sgd_update", lambda: updates.sgd_update(device, parameters, gradients, velocities, 0.01, 0.9, False), step
    )
    product = 3 * square.nbytes, 2 * square.shape[0] ** 3
    yield row("dense by tiles", lambda: dense.dense(device, square, square, None), *product)


CUDA_C, NUMBA = "cuda-c", "numba-cuda"


def languages() -> tuple[str, ...]:
    """Those that the teaching kernels can be launched in on a GPU here."""
    return (CUDA_C, NUMBA) if importlib.util.find_spec("numba_cuda") else (CUDA_C,)


@contextmanager
def tiles_in(language: str) -> Iterator[None]:
    """Within, kernels are launched in that language where they are written in it, and no library multiplies."""
    before = os.environ.get(dense.GEMM)
    os.environ[dense.GEMM] = dense.CUDA_C
    try:
        with spoken(language):
            yield
    finally:
        os.environ.pop(dense.GEMM)
        if before is not None:
            os.environ[dense.GEMM] = before


def spoken(language: str) -> use_cuda_kernels:
    """Chooses one of `languages()` for a block."""
    return use_cuda_kernels("numba" if language == NUMBA else "cuda-c")
