"""CUDA step by step, without a GPU: a convolution in five kernels, a sum in four, and what each asks of the memory."""

# %% [markdown]
# # The CUDA ladder
#
# A GPU is thousands of threads that run the same function, each with another number. Writing that function is easy;
# this lesson is about why one such function asks a hundred times as much of the memory as another that computes the
# same. For a multiplication costs a GPU next to nothing: bringing the two numbers there is the work.
#
# Each step below is one idea against that, and one short file in `kernels/cuda/ladder/`: read them along with this
# page. They are CUDA C, the real thing, and run here on the software GPU, compiled by g++. It cannot say how long a GPU
# would take. But what a kernel asks of the memory is a fact of its addresses, and that is counted, access by access.

# %%
import importlib.util
from collections.abc import Callable
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from lesson import BLUE, GREEN, GREY, ORANGE, QUICK, agree, save
from rich.console import Console
from rich.table import Table

from minicnn.kernels import softgpu
from minicnn.kernels.cuda.ladder import CONVOLUTION, NUMBERS, SUM, Step
from minicnn.kernels.cuda.occupancy import occupancy

rng = np.random.default_rng(0)

# %% [markdown]
# ## Threads, blocks, warps
#
# A launch is a *grid* of *blocks* of *threads*. A thread knows where it stands: `blockIdx`, `blockDim`, `threadIdx`.
# Threads of one block can share memory and wait for one another; blocks know nothing of each other, and run in any
# order. And 32 neighbouring threads of a block, a *warp*, run in step: when one loads, all 32 load, and the memory
# serves them together. Remember the warp: all of this page is about what 32 loads look like from the memory.
#
# Here is a whole kernel. The `if` is there because a grid is made of whole blocks, and 100 is not a multiple of 64.

# %%
DOUBLE = """
extern "C" __global__ void twice(const float *x, float *y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = 2 * x[i];
}
"""
numbers = rng.standard_normal(100).astype(np.float32)
x, y = softgpu.to_device(numbers), softgpu.empty((100,), np.float32)
softgpu.compile(DOUBLE).kernel("twice")((2,), (64,), (x, y, np.int32(100)))
agree("two blocks of 64 threads double 100 numbers", y.to_host(), 2 * numbers, tolerance=0)

# %% [markdown]
# ## What is counted
#
# Global memory, the large one, moves in *sectors* of 32 bytes. A warp that loads 32 neighbouring floats needs 4 of
# them; one that loads 32 floats far apart needs 32, and throws 28 bytes of each away. Shared memory, a few KB in each
# block's reach, has 32 *banks*: 32 different ones answer in one cycle, 32 words of one bank in 32.


# %%
def counted(step: Step, grid: tuple[int, ...], arguments: tuple[Any, ...]) -> list[softgpu.Traffic]:
    """Runs a step under the counter."""
    module = softgpu.compile(step.file, mode="prof")
    module.kernel(step.kernel)(grid, step.block, arguments)
    return softgpu.by_line(module.traffic())


def total(rows: list[softgpu.Traffic], space: str, what: str) -> int:
    """Of reads and writes of one kind of memory."""
    return sum(getattr(row, what) for row in rows if row.space == space)


# %% [markdown]
# ## A convolution, five times
#
# 3x3 filters over an image, as in any network. Each step has to agree with NumPy, in float64, before anything is
# counted: on a layer of the size below, and on one where nothing is a multiple of anything.
#
# 1. **naive**: a thread a result. The warp lies along the pixels, whose numbers are 16 channels apart: 32 sectors.
# 2. **coalesced**: the warp lies along the filters. Same sums, same loads, other neighbours: 4 sectors.
# 3. **shared tile**: each multiplication still takes two loads. But a block's threads load the same numbers again and
#    again. Let them fetch each once, together, into shared memory, and wait at a barrier until all is there.
# 4. **register tile**: now shared memory is asked two numbers for each multiplication. A thread with 4 x 4 results
#    reads 8 numbers for 16 of them. Registers are the fastest memory there is, and each thread has 255.
# 5. **implicit GEMM**: the same tile over the rows of im2col's matrix, which is never written down: no tile hangs over
#    an image's edge, any stride or padding would do, and four numbers come with one load of 16 bytes. Its price: a
#    pixel is fetched again for each tap, from a cache as a rule.


# %%
def convolve(
    step: Step, x: np.ndarray, w: np.ndarray, run: Callable[[Step, tuple, tuple], Any]
) -> tuple[Any, np.ndarray]:
    """What `run` gives for the launch, and y."""
    images, height, width, channels = x.shape
    shape = images, height - 2, width - 2, w.shape[3]
    y = softgpu.empty(shape, np.float32)
    sizes = [np.int32(n) for n in (images, height, width, channels, w.shape[3])]
    result = run(step, step.grid(*shape), (softgpu.to_device(x), softgpu.to_device(w), y, *sizes))
    return result, y.to_host()


def by_numpy(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """In float64."""
    windows = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), (3, 3), axis=(1, 2))
    return np.einsum("nhwcrs,rsck->nhwk", windows, w.astype(np.float64))


def layer(images: int, height: int, width: int, channels: int, filters: int) -> tuple[np.ndarray, np.ndarray]:
    x = rng.standard_normal((images, height, width, channels), dtype=np.float32)
    return x, rng.standard_normal((3, 3, channels, filters), dtype=np.float32)


odd = layer(2, 7, 20, 9, 35)
image, weights = layer(1, 18, 18, 16, 32 if QUICK else 64)
convolutions = {}
for step in CONVOLUTION:
    for x, w in (odd, (image, weights)):
        convolutions[step.name], y = convolve(step, x, w, counted)
        agree(f"{step.name}: {x.shape} with {w.shape[3]} filters", y, by_numpy(x, w), tolerance=1e-5)

# %% [markdown]
# ## A sum, four times
#
# A sum looks like the simplest thing, and is not: all threads want to add to the same number. Bias gradients,
# batch-norm's statistics and every loss are sums.
#
# 1. **runs**: 8 neighbours a thread, so a warp's loads are 32 bytes apart; then one thread adds what 256 have.
# 2. **strided**: coalesced loads. Then pairs, pairs of pairs, ...: 8 levels, in shared memory. But the words that a
#    level reads lie 2, 4, 8 ... apart and share banks.
# 3. **halves**: fold the upper half onto the lower, again and again. Neighbours work on neighbours: no conflict.
# 4. **shuffles**: the lanes of a warp read each other's registers. Shared memory carries 8 numbers, one barrier stays.

# %%
numbers = rng.standard_normal((1 if QUICK else 8) * NUMBERS + 77, dtype=np.float32)
sums_by_numpy = [numbers[i : i + NUMBERS].sum(dtype=np.float64) for i in range(0, len(numbers), NUMBERS)]
sums = {}
for step in SUM:
    y = softgpu.empty(step.grid(len(numbers)), np.float32)
    sums[step.name] = counted(step, step.grid(len(numbers)), (softgpu.to_device(numbers), y, np.int32(len(numbers))))
    agree(f"{step.name}: {len(numbers):,} numbers", y.to_host(), sums_by_numpy, tolerance=1e-5)

# %% [markdown]
# ## What was counted
#
# A *term* is one multiplication and addition, or one addition; loads are counted for a warp's 32 terms together, bytes
# for a single one. *Sectors a request*: how many a warp's load or store of global memory takes, beside what its bytes
# would fit into. *Bank conflicts*: cycles of shared memory, as a multiple of what they could be. *Occupancy*: how much
# of a multiprocessor's 64 warps fit at once, by their registers (as NVIDIA's compiler counts them) and shared memory.
# More of them hide more waiting. But look: the kernels that ask least have less of it. There is less to hide.


# %%
def measures(step: Step, rows: list[softgpu.Traffic], terms: float) -> dict[str, tuple[float, float]]:
    """Each with the best that could be, where there is one. terms: of a warp."""
    shared = softgpu.compile(step.file).shared_bytes
    loads = sum(row.requests for row in rows if row.space == "global" and row.access == "read")
    in_shared, cycles = total(rows, "shared", "requests"), total(rows, "shared", "moved")
    requests = total(rows, "global", "requests")
    sectors, ideal = total(rows, "global", "moved"), total(rows, "global", "ideal")
    return {
        "global loads a term": (loads / terms, 0),
        "sectors a request": (sectors / requests, ideal / requests),
        "global bytes a term": (32 * sectors / terms / 32, 0),
        "shared accesses a term": (in_shared / terms, 0),
        "bank conflicts": (cycles / total(rows, "shared", "ideal") if in_shared else 0, 1 if in_shared else 0),
        "shared memory, KB": (shared / 1024, 0),
        "occupancy, %": (100 * occupancy("sm_80", int(np.prod(step.block)), step.registers, shared).share, 0),
    }


terms = {"convolution": (image.shape[1] - 2) * (image.shape[2] - 2) * weights.size / 32, "sum": len(numbers) / 32}
found = {
    "A convolution": {step: measures(step, convolutions[step.name], terms["convolution"]) for step in CONVOLUTION},
    "A sum": {step: measures(step, sums[step.name], terms["sum"]) for step in SUM},
}
for title, steps in found.items():
    table = Table("step", *next(iter(steps.values())), title=title)
    for step, row in steps.items():
        table.add_row(step.name, *(f"{value:.3g}" for value, _ in row.values()))
    Console(width=120).print(table)

# %% [markdown]
# ## Line by line
#
# The counter names the line of each access, so that one can see which to change. Of the shared tile:

# %%
for row in convolutions["shared tile"]:
    numbers_of_row = f"{row.requests:7,} requests {row.moved:7,} moved {row.ideal:7,} ideal"
    print(f"{row.line:>18} {row.space:6} {row.access:5} {numbers_of_row}")

# %% [markdown]
# ## On a GPU
#
# Where there is one, CuPy compiles the same files, and the clock runs: the best of 20 launches, by the device's events.


# %%
def timed(step: Step, grid: tuple[int, ...], arguments: tuple[Any, ...]) -> float:
    """Milliseconds of the best launch on the GPU."""
    import cupy

    kernel = cupy.RawModule(code=step.file.read_text(encoding="utf-8")).get_function(step.kernel)
    there = [cupy.asarray(a.to_host()) if isinstance(a, softgpu.DeviceArray) else a for a in arguments]
    best = float("inf")
    for _ in range(20):
        start, end = cupy.cuda.Event(), cupy.cuda.Event()
        start.record()
        kernel(grid, step.block, there)
        end.record()
        end.synchronize()
        best = min(best, cupy.cuda.get_elapsed_time(start, end))
    return best


def without_a_gpu() -> str:
    """Why there is nothing to time; "" where there is."""
    if importlib.util.find_spec("cupy") is None:
        return "CuPy is not installed"
    import cupy

    try:
        return "" if cupy.cuda.runtime.getDeviceCount() else "there is no device"
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return str(error)


if reason := without_a_gpu():
    print(f"not timed: {reason}")
else:
    x, w = layer(16, 58, 58, 64, 64)
    for step in CONVOLUTION:
        milliseconds, _ = convolve(step, x, w, timed)
        print(f"{step.name}: {milliseconds:.3f} ms, {2e-9 * 16 * 56 * 56 * w.size / milliseconds:.2f} TFLOP/s")

# %% [markdown]
# ## The picture
#
# Each column is one thing that is counted; a thin line marks the best that the same bytes could do.

# %%
COLOURS = (BLUE, BLUE, BLUE, ORANGE, ORANGE, GREY, GREEN)
figure, axes = plt.subplots(2, 7, figsize=(20, 8.2), layout="constrained", height_ratios=(5, 4))
for line, (title, steps) in zip(axes, found.items(), strict=True):
    names = [f"{i} {step.name.removeprefix('sum ')}\n{fill(step.idea, 26)}" for i, step in enumerate(steps, start=1)]
    for column, (ax, colour) in enumerate(zip(line, COLOURS, strict=True)):
        label = list(next(iter(steps.values())))[column]
        values = [list(row.values())[column] for row in steps.values()]
        places = np.arange(len(values))
        ax.barh(places, [value for value, _ in values], color=colour, height=0.6)
        most = max(value for value, _ in values)
        for place, (value, best) in zip(places, values, strict=True):
            ax.text(
                value + 0.03 * most, place, f"{value:.3g}" if value else "none", va="center", size=12, weight="bold"
            )
            if best:
                ax.plot([best, best], [place - 0.4, place + 0.4], color="black", linewidth=1.5)
        ax.set_xlim(0, 1.35 * most)
        ax.set_ylim(len(values) - 0.45, -0.55)
        ax.set_yticks(places, names if column == 0 else [""] * len(values), size=10.5)
        ax.tick_params(axis="y", length=0)
        ax.set_xticks([])
        ax.set_title(label, size=12)
        ax.spines[["top", "right", "bottom"]].set_visible(False)
    line[0].set_ylabel(title, size=14)
save(figure, "9_cuda_ladder.png")
