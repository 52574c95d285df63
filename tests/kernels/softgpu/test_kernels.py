"""Kernels that are right give the right numbers, in every order of threads, in both modes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest

from minicnn.kernels import softgpu
from tests.kernels.softgpu import sources

Compile = Callable[[str], softgpu.Module]


@pytest.fixture(params=softgpu.ORDERS, autouse=True)
def _order(request: pytest.FixtureRequest) -> Iterator[None]:
    with softgpu.order(request.param, seed=3):
        yield


@pytest.fixture(params=["fast", "check"])
def compiled(request: pytest.FixtureRequest) -> Compile:
    return partial(softgpu.compile, mode=request.param)


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def test_vector_add(compiled: Compile) -> None:
    x, y = drawn(2, 1000)
    z = softgpu.empty(1000, np.float32)
    add = compiled(sources.VECTOR_ADD).kernel("vector_add")
    add((8,), (128,), (softgpu.to_device(x), softgpu.to_device(y), z, np.int32(1000)))
    assert np.array_equal(z.to_host(), x + y)


def test_a_reduction_with_barriers(compiled: Compile) -> None:
    x = drawn(700)
    sums = softgpu.empty(3, np.float32)
    block_sum = compiled(sources.BLOCK_SUM).kernel("block_sum")
    block_sum((3,), (256,), (softgpu.to_device(x), sums, np.int32(700)), shared_bytes=1024)
    assert np.allclose(sums.to_host(), np.add.reduceat(x, [0, 256, 512]), atol=1e-5)


def test_a_transpose_through_shared_memory(compiled: Compile) -> None:
    x = drawn(37, 50)
    y = softgpu.empty((50, 37), np.float32)
    transpose = compiled(sources.TRANSPOSE).kernel("transpose")
    transpose((4, 3), (16, 16), (softgpu.to_device(x), y, np.int32(37), np.int32(50)))
    assert np.array_equal(y.to_host(), x.T)


def test_a_reduction_by_shuffles(compiled: Compile) -> None:
    x = drawn(4, 128)
    sums = softgpu.empty(4, np.float32)
    compiled(sources.WARP_SUM).kernel("warp_sums")((4,), (128,), (softgpu.to_device(x), sums))
    assert np.allclose(sums.to_host(), x.sum(axis=1), atol=1e-5)


def test_vector_loads(compiled: Compile) -> None:
    x = drawn(10, 4)
    y = softgpu.empty((10, 4), np.float32)
    scale = compiled(sources.SCALE_FOURS).kernel("scale_fours")
    scale((1,), (32,), (softgpu.to_device(x), y, np.float32(3), np.int32(10)))
    assert np.array_equal(y.to_host(), x * np.float32(3))


def test_atomics(compiled: Compile) -> None:
    values = np.random.default_rng(2).integers(0, 256, 3000).astype(np.uint8)
    counts = softgpu.to_device(np.zeros(256, np.int32))
    histogram = compiled(sources.HISTOGRAM).kernel("histogram")
    histogram((4,), (96,), (softgpu.to_device(values), counts, np.int32(3000)))
    assert np.array_equal(counts.to_host(), np.bincount(values, minlength=256))


def test_neighbours_of_a_warp(compiled: Compile) -> None:
    x = drawn(64)
    y = softgpu.empty(64, np.float32)
    compiled(sources.WARP_ROTATE).kernel("warp_rotate")((1,), (64,), (softgpu.to_device(x), y))
    assert np.array_equal(y.to_host(), np.roll(x.reshape(2, 32), -1, axis=1).ravel())


def test_shared_memory_in_inline_functions_belongs_to_its_module(compiled: Compile) -> None:
    source = """
__device__ inline float turned(float value) {
    __shared__ float row[32];
    row[threadIdx.x] = value;
    __syncthreads();
    return row[31 - threadIdx.x];
}
extern "C" __global__ void turn(const float* x, float* y) { y[threadIdx.x] = turned(x[threadIdx.x]); }
"""
    x = drawn(32)
    for text in (source, source + "// another module, with a function of the same name\n"):
        y = softgpu.empty(32, np.float32)
        compiled(text).kernel("turn")((1,), (32,), (softgpu.to_device(x), y))
        assert np.array_equal(y.to_host(), x[::-1])
