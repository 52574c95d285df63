"""Every step of the CUDA ladder computes what NumPy computes, in any order of threads and without a race."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from minicnn.kernels import softgpu
from minicnn.kernels.cuda.ladder import CONVOLUTION, FOLDER, NUMBERS, SUM, Step
from minicnn.kernels.cuda.occupancy import occupancy
from tests.kernels.cuda.nvrtc import HOW, costs, library

needs_compiler = pytest.mark.skipif(
    shutil.which("g++") is None, reason="the software GPU compiles with g++, and there is none on this machine"
)

# x (N, H, W, C) and filters: one number, all odd, several tiles and a rest, whole tiles.
GEOMETRIES = ((1, 3, 3, 1), 1), ((2, 7, 9, 3), 5), ((2, 9, 37, 9), 35), ((1, 6, 18, 16), 64)


def convolved(step: Step, x: np.ndarray, w: np.ndarray, mode: str) -> np.ndarray:
    images, height, width, channels = x.shape
    y = softgpu.empty((images, height - 2, width - 2, w.shape[3]), np.float32)
    sizes = [np.int32(n) for n in (images, height, width, channels, w.shape[3])]
    kernel = softgpu.compile(step.file, mode=mode).kernel(step.kernel)
    kernel(step.grid(*y.shape), step.block, (softgpu.to_device(x), softgpu.to_device(w), y, *sizes))
    return y.to_host()


def summed(step: Step, x: np.ndarray, mode: str) -> np.ndarray:
    sums = softgpu.empty(step.grid(len(x)), np.float32)
    kernel = softgpu.compile(step.file, mode=mode).kernel(step.kernel)
    kernel(step.grid(len(x)), step.block, (softgpu.to_device(x), sums, np.int32(len(x))))
    return sums.to_host()


@needs_compiler
@pytest.mark.parametrize("mode", ["fast", "check"])
@pytest.mark.parametrize("step", CONVOLUTION, ids=lambda step: step.name)
@pytest.mark.parametrize(("shape", "filters"), GEOMETRIES)
def test_a_convolution(step: Step, shape: tuple[int, ...], filters: int, mode: str) -> None:
    rng = np.random.default_rng(filters)
    x, w = (rng.standard_normal(s, dtype=np.float32) for s in (shape, (3, 3, shape[3], filters)))
    windows = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), (3, 3), axis=(1, 2))
    right = np.einsum("nhwcrs,rsck->nhwk", windows, w.astype(np.float64))
    np.testing.assert_allclose(convolved(step, x, w, mode), right, rtol=0, atol=2e-6 * max(1, np.abs(right).max()))


@needs_compiler
@pytest.mark.parametrize("mode", ["fast", "check"])
@pytest.mark.parametrize("step", SUM, ids=lambda step: step.name)
@pytest.mark.parametrize("n", [1, NUMBERS, 2 * NUMBERS + 77])
def test_a_sum(step: Step, n: int, mode: str) -> None:
    x = np.random.default_rng(n).standard_normal(n, dtype=np.float32)
    right = [x[i : i + NUMBERS].sum(dtype=np.float64) for i in range(0, n, NUMBERS)]
    np.testing.assert_allclose(summed(step, x, mode), right, rtol=0, atol=1e-4)


@needs_compiler
@pytest.mark.parametrize("order", softgpu.ORDERS[1:])
def test_any_order_of_threads_gives_the_same_bits(order: str) -> None:
    rng = np.random.default_rng(3)
    x, w = (rng.standard_normal(s, dtype=np.float32) for s in ((2, 7, 20, 9), (3, 3, 9, 35)))
    numbers = rng.standard_normal(5000, dtype=np.float32)
    expected = [*(convolved(step, x, w, "fast") for step in CONVOLUTION), *(summed(s, numbers, "fast") for s in SUM)]
    with softgpu.order(order, seed=2):
        found = [*(convolved(step, x, w, "fast") for step in CONVOLUTION), *(summed(s, numbers, "fast") for s in SUM)]
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_every_file_is_a_step() -> None:
    assert sorted(FOLDER.glob("*.cu")) == sorted(step.file for step in (*CONVOLUTION, *SUM))


@pytest.mark.skipif(library() is None, reason=f"NVRTC is not installed: {HOW}")
@pytest.mark.parametrize("step", [*CONVOLUTION, *SUM], ids=lambda step: step.name)
def test_registers_are_as_the_compiler_counts_them(step: Step) -> None:
    cost = costs(step.file.read_text(encoding="utf-8"), "sm_80")[step.kernel]
    assert (cost.registers, cost.stack_bytes) == (step.registers, 0)


@pytest.mark.parametrize(
    ("threads", "registers", "shared_bytes", "warps"),
    [
        (256, 32, 0, 64),  # all 64: 8 blocks of 8 warps, 2048 threads of 32 registers
        (256, 33, 0, 48),  # 33 registers are handed out as 40: 51 warps, of which whole blocks are 6
        (128, 16, 40 * 1024, 16),  # 41 KB a block: 4 of them
        (32, 16, 0, 32),  # 32 blocks are the most there can be
    ],
)
def test_occupancy_by_hand(threads: int, registers: int, shared_bytes: int, warps: int) -> None:
    assert occupancy("sm_80", threads, registers, shared_bytes).warps == warps
