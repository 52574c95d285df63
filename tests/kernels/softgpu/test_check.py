"""Check mode finds the bug that was planted, names the line, and finds it whatever the order of threads."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
import pytest

from minicnn.kernels import softgpu
from tests.kernels.softgpu.sources import BLOCK_SUM, HISTOGRAM, LAST_BLOCK, TRANSPOSE, WARP_ROTATE, WARP_SUM

F, N = np.float32, np.int32


def zeros(n: int, dtype: Any = F) -> softgpu.DeviceArray:
    return softgpu.to_device(np.zeros(n, dtype))


def without(source: str, text: str, which: int = 0) -> str:
    """The source without its `which`-th occurrence of `text`; lines keep their numbers."""
    parts = source.split(text)
    assert len(parts) > which + 1
    return text.join(parts[: which + 1]) + text.join(["", *parts[which + 1 :]])[len(text) :]


def line_of(source: str, text: str) -> str:
    return f"kernel.cu:{1 + source[: source.index(text)].count(chr(10))}"


def run(source: str, name: str, grid: Any, block: Any, args: Any, shared_bytes: int = 0) -> None:
    softgpu.compile(source, mode="check").kernel(name)(grid, block, args, shared_bytes)


def body(lines: str, parameters: str = "float* x") -> str:
    return f'extern "C" __global__ void k({parameters}) {{\n{lines}\n}}\n'


@pytest.mark.parametrize("order", softgpu.ORDERS)
@pytest.mark.parametrize(
    ("source", "which", "name", "grid", "block", "args", "shared"),
    [
        (BLOCK_SUM, 0, "block_sum", (3,), (256,), (zeros(700), zeros(3), N(700)), 1024),
        (BLOCK_SUM, 1, "block_sum", (3,), (256,), (zeros(700), zeros(3), N(700)), 1024),
        (TRANSPOSE, 0, "transpose", (2, 2), (16, 16), (zeros(1024), zeros(1024), N(32), N(32)), 0),
        (HISTOGRAM, 0, "histogram", (1,), (64,), (zeros(300, np.uint8), zeros(256, N), N(300)), 0),
        (HISTOGRAM, 1, "histogram", (1,), (64,), (zeros(300, np.uint8), zeros(256, N), N(300)), 0),
        (WARP_SUM, 0, "warp_sums", (1,), (128,), (zeros(128), zeros(1)), 0),
    ],
)
def test_a_missing_barrier(
    order: str, source: str, which: int, name: str, grid: Any, block: Any, args: Any, shared: int
) -> None:
    with softgpu.order(order), pytest.raises(softgpu.RaceError, match="data race on shared memory") as caught:
        run(without(source, "__syncthreads();", which), name, grid, block, args, shared)
    assert caught.value.place.line.startswith("kernel.cu:")


def test_both_lines_of_a_race_are_named() -> None:
    source = without(TRANSPOSE, "__syncthreads();")
    with pytest.raises(softgpu.RaceError) as caught:
        run(source, "transpose", (2, 2), (16, 16), (zeros(1024), zeros(1024), N(32), N(32)))
    error = caught.value
    lines = {line_of(source, "= x[row * columns"), line_of(source, "y[row * rows")}
    assert error.place.line in lines
    assert f"(the other access: {(lines - {error.place.line}).pop()})" in str(error)
    assert "of the same block, with no barrier between them" in str(error)


def test_a_missing_warp_barrier() -> None:
    with pytest.raises(softgpu.RaceError, match="data race on shared memory"):
        run(without(WARP_ROTATE, "__syncwarp();"), "warp_rotate", (1,), (64,), (zeros(64), zeros(64)))


def test_a_warp_barrier_orders_its_own_warp_only() -> None:
    source = WARP_ROTATE.replace("row[first + (lane + 1) % 32]", "row[(threadIdx.x + 1) % 64]")
    with pytest.raises(softgpu.RaceError, match="data race on shared memory"):
        run(source, "warp_rotate", (1,), (64,), (zeros(64), zeros(64)))


def test_a_warp_barrier_of_some_lanes_orders_those_only() -> None:
    halves = "unsigned half = threadIdx.x < 16 ? 0xffffu : 0xffff0000u; __shared__ float s[32]; s[threadIdx.x] = 1.0f;"
    right = body(halves + "\n__syncwarp(half); x[threadIdx.x] = s[threadIdx.x ^ 1];")
    wrong = body(halves + "\n__syncwarp(half); x[threadIdx.x] = s[threadIdx.x ^ 16];")
    run(right, "k", (1,), (32,), (zeros(32),))
    with pytest.raises(softgpu.RaceError, match="data race on shared memory"):
        run(wrong, "k", (1,), (32,), (zeros(32),))


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("x[0] += 1.0f;", "'x', element 0: this read and a write by thread (0, 0, 0) of the same block"),
        ("x[threadIdx.x / 2] = 1.0f;", "'x', element 0: this write and a write"),
        ("if (threadIdx.x == 5) atomicAdd(&x[3], 1.0f); else x[3];\nif (threadIdx.x == 7) x[3] = 0.0f;", "element 3"),
        ("if (threadIdx.x == 0) x[blockIdx.x] = x[1 - blockIdx.x];", "of another block, and nothing orders the two"),
    ],
)
def test_races_on_global_memory(lines: str, says: str) -> None:
    with pytest.raises(softgpu.RaceError) as caught:
        run(body(lines), "k", (2,), (32,), (zeros(64),))
    assert says in str(caught.value)


def sum_of_all(source: str) -> float:
    x, total = softgpu.to_device(np.arange(256, dtype=F)), zeros(1)
    run(source, "sum_of_all", (4,), (64,), (x, zeros(4), zeros(1, np.uint32), total))
    return float(total.to_host()[0])


@pytest.mark.parametrize("order", softgpu.ORDERS)
def test_a_fence_and_an_atomic_order_blocks(order: str) -> None:
    with softgpu.order(order):
        assert sum_of_all(LAST_BLOCK) == 255 * 128


@pytest.mark.parametrize("order", softgpu.ORDERS)
@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("__threadfence();", "", "'parts', element"),
        (
            "parts[blockIdx.x] = own;\n        __threadfence();",
            "__threadfence();\nparts[blockIdx.x] = own;",
            "'parts', el",
        ),
        ("atomicInc(finished, gridDim.x - 1)", "(*finished)++", "'finished', element 0"),
        ("    __syncthreads();\n    if (last", "    if (last", "data race on (shared memory|.parts.)"),
        ("parts[blockIdx.x] = own", "parts[0] = own", "'parts', element 0"),
    ],
)
def test_blocks_that_nothing_orders(order: str, right: str, wrong: str, says: str) -> None:
    assert LAST_BLOCK.count(right) == 1
    with softgpu.order(order), pytest.raises(softgpu.RaceError, match=says):
        sum_of_all(LAST_BLOCK.replace(right, wrong))


@pytest.mark.parametrize(
    "lines",
    [
        "atomicAdd(&x[0], 1.0f);",
        "float unused = x[0]; x[32 + blockIdx.x * blockDim.x + threadIdx.x] = unused;",
        "int b = blockIdx.x, t = threadIdx.x;\nif (t == 0) x[b] = 1.0f;\n__syncthreads();\nx[2 + b * 32 + t] = x[b];",
        "((char*)x)[blockIdx.x * 32 + threadIdx.x] = 1;",  # neighbours in one word are not the same memory
    ],
)
def test_what_is_no_race(lines: str) -> None:
    run(body(lines), "k", (2,), (32,), (zeros(96),))


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("x[threadIdx.x] = 0.0f;", "4-byte write out of bounds, 4 bytes past the end of 'x' (31 elements of 4 bytes)"),
        ("float v = x[int(threadIdx.x) - 1]; x[threadIdx.x] = v;", "4 bytes before the beginning of 'x'"),
        ("atomicAdd(&x[31], 1.0f);", "4-byte atomic operation out of bounds"),
        ("float* none = nullptr; none[threadIdx.x] = 0.0f;", "4-byte write through a null pointer"),
        ("extern __shared__ float s[];\ns[threadIdx.x] = 0.0f;", "of dynamic shared memory, of which the launch asked"),
        (
            "__shared__ float a[31], b[31];\na[threadIdx.x] = b[threadIdx.x % 31];",
            "index 31 is out of bounds of an array of type 'float [31]'",
        ),
        (
            "__shared__ float a[31], b[31];\nfloat* p = a;\np[threadIdx.x] = b[threadIdx.x % 31];",
            "a pointer to 'float' has left its array",
        ),
        ("__shared__ float s[2][8];\ns[0][threadIdx.x % 9] = x[0];", "index 8 is out of bounds of an array of type"),
        (
            "float own[4] = {1.0f, 2.0f};\nx[threadIdx.x] = own[threadIdx.x % 5];",
            "index 4 is out of bounds of an array",
        ),
    ],
)
def test_out_of_bounds(lines: str, says: str) -> None:
    with pytest.raises(softgpu.BoundsError) as caught:
        run(body(lines), "k", (1,), (32,), (zeros(31),), shared_bytes=64)
    assert says in str(caught.value)
    assert caught.value.place.line == f"kernel.cu:{1 + len(lines.splitlines())}"


def test_a_view_bounds_its_kernel() -> None:
    whole = zeros(64)
    with pytest.raises(softgpu.BoundsError, match="past the end of 'x'"):
        run(body("x[threadIdx.x] = 0.0f;"), "k", (1,), (32,), (whole[8:32],))


def test_misaligned_vectors() -> None:
    source = body("float4 v = *(const float4*)(x + 1);\nx[0] = v.x;")
    with pytest.raises(softgpu.AlignmentError, match="16-byte read at an address that is no multiple of 16") as caught:
        run(source, "k", (1,), (1,), (zeros(32),))
    assert caught.value.place.line == "kernel.cu:2"


@pytest.mark.parametrize("mode", ["fast", "check"])
@pytest.mark.parametrize(
    ("lines", "error", "says"),
    [
        ("if (threadIdx.x < 40)\n__syncthreads();", softgpu.BarrierError, "24 of the block's 64 have left the kernel"),
        (
            "if (threadIdx.x < 40) { __syncthreads(); x[0] = 1; }\nelse { __syncthreads(); x[1] = 2; }",
            softgpu.BarrierError,
            "wait at different barriers (the other access: kernel.cu:2)",
        ),
        (
            "if (threadIdx.x < 40)\n__shfl_sync(0xffffffffu, 1, 0);",
            softgpu.WarpError,
            "names lanes (ffffff00) that have",
        ),
        ("__syncwarp(2);", softgpu.WarpError, "lane 0 calls with the mask 00000002, which it is not in"),
        ("if (threadIdx.x % 2) __syncwarp(); else __syncthreads();", softgpu.WarpError, "deadlock"),
        ("if (threadIdx.x == 3)\n__trap();", softgpu.TrapError, "thread (3, 0, 0): the kernel called __trap()"),
    ],
)
def test_threads_that_do_not_meet(mode: str, lines: str, error: type[softgpu.KernelError], says: str) -> None:
    kernel = softgpu.compile(body(lines), mode=mode).kernel("k")
    with pytest.raises(error) as caught:
        kernel((1,), (64,), (zeros(64),))
    assert says in str(caught.value)
    assert caught.value.place.line == f"kernel.cu:{1 + len(lines.splitlines())}"


def test_a_fault_leaves_the_gpu_usable() -> None:
    for _ in range(3):
        with pytest.raises(softgpu.BoundsError):
            run(body("x[threadIdx.x] = 0.0f;"), "k", (1,), (32,), (zeros(31),))
        run(body("x[threadIdx.x] = 0.0f;"), "k", (1,), (32,), (zeros(32),))


@pytest.mark.parametrize("mode", ["fast", "check"])
def test_shared_memory_that_nobody_wrote_is_nan(mode: str) -> None:
    source = body(
        "extern __shared__ float d[];\n__shared__ float s[32];\n"
        "x[threadIdx.x] = s[threadIdx.x];\n x[32 + threadIdx.x] = d[threadIdx.x];\n"
        "__syncthreads();\ns[threadIdx.x] = d[threadIdx.x] = 1.0f;"  # the next block must not see this
    )
    y = zeros(128)
    kernel = softgpu.compile(source.replace("x[", "x[64 * blockIdx.x + "), mode=mode).kernel("k")
    kernel((2,), (32,), (y,), shared_bytes=128)
    assert np.isnan(y.to_host()).all()


def test_a_shuffle_from_a_lane_outside_of_the_mask_is_nan() -> None:
    source = body("float v = 1.0f;\nif (threadIdx.x < 16) v = __shfl_sync(0xffffu, v, 20);\nx[threadIdx.x] = v;")
    y = zeros(32)
    run(source, "k", (1,), (32,), (y,))
    assert np.isnan(y.to_host()).tolist() == [True] * 16 + [False] * 16


@pytest.mark.skipif(platform.machine() != "x86_64", reason="crashes are caught on x86-64 only")
@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("float* none = nullptr;\nif (threadIdx.x == 7) none[threadIdx.x] = 0.0f;", "an access that crashed"),
        ("x[(threadIdx.x + 1LL) << 40] = 0.0f;", "an access that crashed"),
        ("volatile char own[1 << 20];\nown[0] = own[threadIdx.x] = 1;", "the thread's stack overflowed"),
    ],
)
def test_a_crash_in_fast_mode_is_no_crash_of_python(lines: str, says: str) -> None:
    kernel = softgpu.compile(body(lines)).kernel("k")
    for _ in range(2):
        with pytest.raises(softgpu.BoundsError, match=says) as caught:
            kernel((1,), (32,), (zeros(32),))
        assert caught.value.place.line.startswith("kernel.cu:")


@pytest.mark.skipif(platform.machine() != "x86_64", reason="crashes are caught on x86-64 only")
@pytest.mark.parametrize("mode", ["fast", "check"])
def test_a_division_by_zero_is_no_crash_of_python(mode: str) -> None:
    kernel = softgpu.compile(body("int zero = x[threadIdx.x];\nx[0] = 5 / zero;"), mode=mode).kernel("k")
    with pytest.raises(softgpu.DivisionError, match="by zero as a rule") as caught:
        kernel((1,), (1,), (zeros(32),))
    assert caught.value.place.line == "kernel.cu:3"
