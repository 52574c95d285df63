"""Why a convolution is fast: ten steps from six loops to the machine's peak, raced."""

# %% [markdown]
# # The kernel ladder
#
# Six nested loops are all that a convolution is. Written in Python they do about a million multiply-adds a second.
# The processor they run on can do a hundred thousand times as many. This lesson climbs from the one number to the
# other. Each step is one idea and one short file in `kernels/cpu/ladder/`; read them along with this page.
#
# It is also a lesson about what a processor is: additions cost nothing, *fetching* the numbers is the work. Nearly
# every step is a way to load a number once and use it more often.

# %%
import math
import time
from collections.abc import Callable
from functools import partial
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
from lesson import BLUE, GREEN, GREY, QUICK, agree, save
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from minicnn.kernels.cpu.ladder import STEPS, im2col, implicit, loops, peak
from minicnn.kernels.cpu.ladder.blocks import packed
from minicnn.kernels.cpu.ladder.registers import MR, NR
from minicnn.kernels.cpu.threads import exclusive

ROUNDS, SECONDS = (2, 0.05) if QUICK else (100, 0.4)
rng = np.random.default_rng(0)

# %% [markdown]
# ## The layers
#
# The second layer of many a course's network, and one from the depth of a VGG. The first has many pixels and few
# weights, the second the reverse. The images are padded before the race, so that no step has to care for it.


# %%
def layer(images: int, side: int, channels: int, filters: int) -> tuple[np.ndarray, np.ndarray]:
    """x (N, side + 2, side + 2, C), a rim of zeros in it, and w (3, 3, C, K)."""
    x = np.pad(rng.standard_normal((images, side, side, channels)), ((0, 0), (1, 1), (1, 1), (0, 0)))
    return x.astype(np.float32), rng.standard_normal((3, 3, channels, filters)).astype(np.float32)


LAYERS = {
    "3x3, 32 → 64 channels, 28x28 pixels, 8 images": layer(1 if QUICK else 8, 28, 32, 64),
    "3x3, 256 → 256 channels, 14x14 pixels, 4 images": layer(1 if QUICK else 4, 14, 32 if QUICK else 256, 256),
}
x, w = LAYERS["3x3, 32 → 64 channels, 28x28 pixels, 8 images"]

# %% [markdown]
# ## Steps 1 to 3: loops, compiled, in another order
#
# The first step is the definition in Python. Compiling it removes the interpreter, a factor of a thousand. Then one
# line changes its place: with the filters innermost, the machine does a whole vector of them at once. That is the only
# difference between steps 2 and 3, the sums are the same, term by term.
#
# The loops are too slow to check whole layers. So they vouch, on a corner of one image, for im2col in float64, and
# that vouches for all steps on all layers.


# %%
def exact(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The convolution in float64."""
    y = np.empty((len(x), x.shape[1] - 2, x.shape[2] - 2, w.shape[3]))
    im2col.conv2d(x.astype(np.float64), w.astype(np.float64), y, (1, 1))
    return y


corner = x[:1, :5, :6]
by_loops = loops.conv2d(corner.astype(np.float64), w.astype(np.float64), None, (1, 1), ((0, 0), (0, 0)), (1, 1), 1)
agree("a corner of the first layer by loops and by im2col, in float64", exact(corner, w), by_loops)

# %% [markdown]
# ## Steps 4 and 5: a matrix product, and a matrix that is not there
#
# im2col copies every window into a row of a matrix and calls BLAS. That is fast, and takes nine times the memory of
# the image. But element (p, q) of that matrix is a pixel, and where the pixel lies is a sum of two numbers:
# P[p, q] = x[row[p] + column[q]]. Two short tables replace the matrix. Step 5 is slower than 4 all the same, because
# BLAS has to go with the matrix, and what BLAS did is what steps 6 and 7 are about.

# %%
row, column = implicit.tables(x.shape, w.shape, (len(x), x.shape[1] - 2, x.shape[2] - 2, w.shape[3]), (1, 1))
windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
P = windows.reshape(len(row), len(column))
agree("two tables say what im2col's matrix holds", x.reshape(-1)[row[:, None] + column], P, tolerance=0)
print(f"the matrix: {P.nbytes / 1e6:.1f} MB; the tables: {(row.nbytes + column.nbytes) / 1e6:.2f} MB")

# %% [markdown]
# ## Step 6: the register tile
#
# Count loads. So far each multiply-add takes a weight from memory, and its sum from memory and back: three accesses
# for one term. Now hold a tile of MR x NR sums in registers. For each q it loads MR pixels and NR weights, and does
# MR · NR terms with them.

# %%
print(f"on this CPU the tile is {MR} x {NR}: {MR * NR / (MR + NR):.1f} terms for each number loaded, in place of 1/3")

# %% [markdown]
# ## Step 7: packed panels and cache blocks
#
# The tile wants NR weights of each q, one q after the other. In w they lie K numbers apart, so they are copied
# into panels first, in the order in which they are read. Then the loops are cut so that whatever is read again is
# still in the cache. The first layer's few weights are there anyway: watch the second one.

# %%
panels = packed(w.reshape(-1, w.shape[3]))  # (ceil(K / NR), R·S·C, NR)
side_by_side = np.concatenate(list(panels), axis=1)[:, : w.shape[3]]
agree("panels side by side are w", side_by_side, w.reshape(-1, w.shape[3]), tolerance=0)

# %% [markdown]
# ## Steps 8 and 9: threads, and the micro-kernel
#
# Blocks of pixels go to all cores. They write to different places and nothing about a sum depends on who computes it,
# so the result has the same bits on any number of threads. Step 9 is minicnn's own kernel, the one that trains
# networks: the same plan, with the tile written in the language of LLVM itself, so that nothing is left to luck.
#
# ## Step 10: Winograd
#
# What remains is to compute less. Two neighbouring outputs of three taps cost six multiplications by definition.
# Winograd does it with four. By hand, with pixels 1, 2, 3, 5 and taps 2, 1, 4:
#
#     definition   y0 = 1·2 + 2·1 + 3·4 = 16           y1 = 2·2 + 3·1 + 5·4 = 27
#     Winograd     a = (1 - 3) · 2             = -4    b = (2 + 3) · (2 + 1 + 4)/2 = 17.5
#                  c = (3 - 2) · (2 - 1 + 4)/2 = 2.5   d = (2 - 5) · 4             = -12
#                  y0 = a + b + c = 16                 y1 = b - c - d = 27
#
# The halves of sums of taps are computed once for all pixels. In two dimensions it is 16 in place of 36.

# %%
pixels, taps = np.float32([1, 2, 3, 5]).reshape(1, 1, 4, 1), np.float32([2, 1, 4]).reshape(1, 3, 1, 1)
d, g = pixels.ravel(), taps.ravel()
differences = np.array([d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]])
products = differences * [g[0], (g[0] + g[1] + g[2]) / 2, (g[0] - g[1] + g[2]) / 2, g[2]]
agree("Winograd's four products by hand", products, [-4, 17.5, 2.5, -12], tolerance=0)
agree("y0 and y1 by Winograd", [products[:3].sum(), products[1] - products[2:].sum()], [16, 27], tolerance=0)
agree("y0 and y1 by the definition", STEPS[0](pixels, taps).ravel(), [16, 27], tolerance=0)

# %% [markdown]
# ## The race
#
# What no step can beat is measured too: multiply-adds on registers alone, and copying memory. All take turns, and the
# best run of each counts, for other programs can only make a run slower. (Those of several threads most of all: they
# wait for the last one.) BLAS gets one thread, like all steps before 8. Step 1 runs on the corner only; it is as slow
# everywhere. Winograd is credited with the definition's operations: it does the same job.


# %%
def race(runs: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The best time of each, in seconds."""
    best, spent = dict.fromkeys(runs, math.inf), dict.fromkeys(runs, 0.0)
    for _ in range(ROUNDS):
        for name, run in runs.items():
            for _ in range(3):  # the first one finds other data in the caches, and the threads asleep
                if spent[name] < SECONDS:
                    start = time.perf_counter()
                    run()
                    took = time.perf_counter() - start
                    best[name], spent[name] = min(best[name], took), spent[name] + took
    return best


def gflop(y: np.ndarray, w: np.ndarray) -> float:
    """The definition's arithmetic: a multiplication and an addition for each term of each y, in units of 10⁹."""
    return 2 * y.size * w[..., 0].size / 1e9


source, target = (np.ones((exclusive.count, 2**24 // exclusive.count), np.float32) for _ in range(2))
YARDSTICKS = {  # what runs, and how much it does: GFLOP, or GB read and written
    "one thread": (lambda: peak.multiply_add(1), peak.FLOPS / 1e9),
    "all threads": (lambda: peak.multiply_add(exclusive.count), exclusive.count * peak.FLOPS / 1e9),
    "copy": (lambda: peak.copy(source, target), 2 * source.nbytes / 1e9),
}


def climb(x: np.ndarray, w: np.ndarray) -> tuple[dict[str, float], dict[str, float]]:
    """GFLOP/s of the yardsticks and of all steps but the first, and the steps' errors relative to float64."""
    right = exact(x, w)
    y = np.empty(right.shape, np.float32)
    work = {name: amount for name, (_, amount) in YARDSTICKS.items()}
    runs: dict[str, Callable[[], object]] = {name: run for name, (run, _) in YARDSTICKS.items()}
    errors = {}
    for run in runs.values():
        run()  # compiles it, which is not to be timed
    for step in STEPS[1:]:
        y.fill(np.nan)
        step.into(x, w, y, (1, 1))
        agree(f"{step.name} and float64", y, right, tolerance=1e-5)
        errors[step.name] = float(np.abs(y - right).max() / np.abs(right).max())
        work[step.name], runs[step.name] = gflop(y, w), partial(step.into, x, w, y, (1, 1))
    return {name: work[name] / seconds for name, seconds in race(runs).items()}, errors


with threadpool_limits(1, "blas"), exclusive:
    start = time.perf_counter()
    corner_y = STEPS[0](corner, w)
    by_definition = gflop(corner_y, w) / (time.perf_counter() - start)
    agree("the loops in float32 and in float64", corner_y, by_loops, tolerance=1e-5)
    results = {name: climb(*arrays) for name, arrays in LAYERS.items()}


# %%
def times(gain: float) -> str:
    """As a factor, with as many digits as mean something."""
    return f"× {gain:,.0f}" if gain >= 10 else f"× {gain:.1f}" if gain >= 1 else f"× {gain:.2f}"


for name, (rates, errors) in results.items():
    rates["loops"] = by_definition
    table = Table("step", "what is new", "GFLOP/s", "of the peak", "to the one before", "error", title=name)
    for i, step in enumerate(STEPS):
        now, most = rates[step.name], rates["all threads" if step.threaded else "one thread"]
        gain = times(now / rates[STEPS[i - 1].name]) if i else ""
        error = f"{errors[step.name]:.0e}" if i else ""
        table.add_row(f"{i + 1} {step.name}", step.idea, f"{now:.3g}", f"{100 * now / most:.2g} %", gain, error)
    Console(width=120).print(table)
    print(
        f"peaks: one thread {rates['one thread']:.0f}, {exclusive.count} threads {rates['all threads']:.0f} GFLOP/s; "
        f"copy {rates['copy']:.0f} GB/s"
    )

# %% [markdown]
# ## The picture
#
# The scale is logarithmic: each line is ten times the one below.

# %%
figure, axes = plt.subplots(len(LAYERS), 1, figsize=(16, 13), layout="constrained", sharex=True)
for ax, (name, (x, w)) in zip(axes, LAYERS.items(), strict=True):
    rates = results[name][0]
    heights = [rates[step.name] for step in STEPS]
    ax.bar(range(len(STEPS)), heights, color=[GREEN if step.threaded else BLUE for step in STEPS], width=0.62)
    for i, height in enumerate(heights):
        plate = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # lines pass behind the number
        ax.text(i, height * 1.15, f"{height:.3g}", ha="center", va="bottom", size=13, weight="bold", bbox=plate)
        if i:
            ax.text(i, height / 1.3, times(height / heights[i - 1]), ha="center", va="top", color="white", size=12)
    y = np.empty((len(x), x.shape[1] - 2, x.shape[2] - 2, w.shape[3]), np.float32)
    by_copying = gflop(y, w) * rates["copy"] / ((x.nbytes + w.nbytes + y.nbytes) / 1e9)
    for label, height, colour, style in (
        ("peak of one thread", rates["one thread"], BLUE, "--"),
        (f"peak of {exclusive.count} threads", rates["all threads"], GREEN, "--"),
        ("x, w and y once through memory", by_copying, GREY, ":"),
    ):
        ax.axhline(height, color=colour, linestyle=style, linewidth=1.5, zorder=0.6, label=f"{label}: {height:,.0f}")
    ax.set_yscale("log")
    ax.set_ylim(by_definition / 2, 3 * max(by_copying, rates["all threads"]))
    ax.set_ylabel("GFLOP/s")
    ax.set_title(name)
    ax.legend(loc="upper left")
    ax.grid(axis="y", alpha=0.3)
    ax.set_axisbelow(True)
ticks = [f"{i} {step.name}\n{fill(step.idea, 17)}" for i, step in enumerate(STEPS, start=1)]
axes[-1].set_xticks(range(len(STEPS)), ticks, size=10.5)
save(figure, "8_kernel_ladder.png")
