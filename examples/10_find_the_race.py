"""A kernel that trains rightly, as long as its threads happen to run in the right order; and how to find why."""

# %% [markdown]
# # Find the race
#
# This kernel fits a straight line to points, by gradient descent. One step is one launch: each of 128 threads takes a
# point, and three sums over all threads give the loss and its gradient. It has a bug. It is the kind that is hardest to
# find by looking at results, because the results can be right.
#
# The threads of a block run in any order the hardware likes, from one barrier to the next. The software GPU lets us
# choose that order. So the first thing to try with a new kernel is to run it in all of them.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from lesson import BLUE, GREEN, ORANGE, RED, agree, save

from minicnn.kernels import softgpu

FILE = Path(__file__).with_name("race.cu") if "__file__" in globals() else Path("race.cu")
SOURCE = FILE.read_text(encoding="utf-8")
STEPS, RATE = 40, 0.15

rng = np.random.default_rng(0)
x = rng.uniform(-1, 3, 128).astype(np.float32)
y = (2 * x - 1 + 0.3 * rng.standard_normal(128)).astype(np.float32)

# %% [markdown]
# ## What is right
#
# The same steps in NumPy. The loss is the mean of squared errors, its gradient 2 · mean(error · x) and 2 · mean(error).


# %%
def by_numpy() -> np.ndarray:
    """The loss before each step, and after the last."""
    w, losses = np.zeros(2), []
    for _ in range(STEPS + 1):
        error = w[0] * x + w[1] - y
        losses.append(np.mean(error**2))
        w -= RATE * 2 * np.array([np.mean(error * x), np.mean(error)])
    return np.array(losses)


expected = by_numpy()

# %% [markdown]
# ## Four orders
#
# *forward* runs thread 0 first, *reverse* thread 127; *random* shuffles them anew at each barrier; *stalled* lets half
# of the warps run ahead of the others. A correct kernel does not notice. The loss that we look at is computed from w by
# NumPy: the kernel's own word is not to be trusted.


# %%
def trained(source: str, order: str) -> np.ndarray:
    """The true loss before each step, and after the last, with the threads in that order."""
    kernel = softgpu.compile(source, name="race.cu").kernel("train_step")
    arrays = softgpu.to_device(x), softgpu.to_device(y)
    w, loss = softgpu.to_device(np.zeros(2, np.float32)), softgpu.empty((1,), np.float32)
    losses = []
    for step in range(STEPS + 1):
        slope, offset = w.to_host().astype(np.float64)
        losses.append(np.mean((slope * x + offset - y) ** 2))
        with softgpu.order(order, seed=step):
            kernel((1,), (128,), (*arrays, w, loss, np.float32(RATE)))
    return np.array(losses)


broken = {order: trained(SOURCE, order) for order in softgpu.ORDERS}
for order, losses in broken.items():
    print(f"{order:8} loss after {STEPS} steps: {losses[-1]:.4f} (right: {expected[-1]:.4f})")

# %% [markdown]
# Forward, it is right to the last digit. Whoever tests on one machine, where the warps happen to come in that order,
# ships it. In reverse it never finds the line. The other two are the worst: they arrive, a little later, on a path that
# no gradient took. *It learns, so it is right*: no.

# %%
agree("forward, the broken kernel is right", broken["forward"], expected, tolerance=1e-4)
wrong = [order for order, losses in broken.items() if not np.allclose(losses, expected, rtol=1e-2)]
agree("the number of orders in which it is wrong", len(wrong), 3)

# %% [markdown]
# ## The checker
#
# Looking for an order that shows the bug is a gamble. Mode "check" does not gamble: it remembers who touched which
# bytes since the last barrier, and stops at the first two threads that touch the same, one of them writing, with
# nothing to say who comes first. One run in any order is enough, also in the one that gives right results.
# `minicnn cuda check examples/race.cu --grid 1 --block 128 --size 128 w=2 loss=1` does the same from the command line.

# %%
check = softgpu.compile(SOURCE, name="race.cu", mode="check").kernel("train_step")
arguments = [softgpu.to_device(a) for a in (x, y, np.zeros(2, np.float32), np.zeros(1, np.float32))]
try:
    check((1,), (128,), (*arguments, np.float32(RATE)))
    finding = None
except softgpu.RaceError as error:
    finding = error
print(finding)

lines = SOURCE.splitlines()
reading = next(i for i, line in enumerate(lines, start=1) if "total += part[t]" in line)
writing = next(i for i, line in enumerate(lines, start=1) if "part[threadIdx.x] = own" in line)
agree("the checker found a race", finding is not None, True)
named = [f"race.cu:{line}" in str(finding) for line in (reading, writing)]
agree("it names the line that reads and the line that writes", named, [True, True])

# %% [markdown]
# ## Why
#
# `sum_of_block` is called three times, and all three use the same `part`. A thread that has read its total leaves, and
# with the next call it writes its next number: while others still read the old ones. Forward, thread 0 is the first to
# read, and it is thread 0 that stores the result: it always saw whole sums. In reverse it is the last to read, and
# finds 127 numbers of the next sum.
#
# The barrier after the writing was there. What is missing is the one after the reading: *nobody may write before
# everybody has read.* `sum_of_threads` in `kernels/cuda/reduction.cuh` has both.

# %%
FIXED = SOURCE.replace("    return total;", "    __syncthreads();\n    return total;")
softgpu.compile(FIXED, name="race.cu", mode="check").kernel("train_step")((1,), (128,), (*arguments, np.float32(RATE)))
print("the checker finds nothing in the repaired kernel")
repaired = {order: trained(FIXED, order) for order in softgpu.ORDERS}
for order, losses in repaired.items():
    agree(f"{order}, repaired, and NumPy", losses, expected, tolerance=1e-4)
    agree(f"{order} and forward, to the bit", losses, repaired["forward"], tolerance=0)

# %% [markdown]
# ## The picture
#
# Left: the same kernel and points in four orders of threads. Middle: what the checker said. Right: one barrier more.

# %%
STYLES = {"forward": (GREEN, "-"), "reverse": (RED, "-"), "random": (ORANGE, "-"), "stalled": (BLUE, "-")}
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(18, 6), layout="constrained", width_ratios=(4, 5, 4))
for axes, curves, title in ((left, broken, "with the race"), (right, repaired, "with the missing barrier")):
    for width, (order, losses) in zip(
        (7, 5, 3, 1.2) if curves is repaired else (2.2,) * 4, curves.items(), strict=True
    ):
        colour, style = STYLES[order]
        axes.plot(losses, style, color=colour, linewidth=width, label=f"{order}: {losses[-1]:.3f}")
    axes.set_yscale("log")
    axes.set_ylim(0.05, 30)
    axes.set_xlabel("step")
    axes.set_ylabel("loss, by NumPy")
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend(title="order of the threads: last loss", loc="upper right")
middle.axis("off")
middle.set_title("what the checker says")
first = next(i for i, line in enumerate(lines, start=1) if "sum_of_block" in line)
shown = range(first, next(i for i, line in enumerate(lines, start=1) if line == "}") + 1)
for place, number in enumerate(shown):
    colour = {reading: RED, writing: ORANGE}.get(number, "black")
    middle.text(
        0, 0.97 - 0.062 * place, f"{number:3d}  {lines[number - 1]}", family="monospace", size=10.5, color=colour
    )
said = (
    str(finding)
    .replace("data race on", "\ndata race on")
    .replace(" by thread", "\nby thread")
    .replace(" (the", "\n(the")
)
middle.text(0, 0.42, said, family="monospace", size=9.5, color=RED, va="top")
middle.set_xlim(0, 1)
middle.set_ylim(0, 1)
save(figure, "10_find_the_race.png")
