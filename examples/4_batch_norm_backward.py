"""Batch normalization backward: three paths from an activation to the loss, one by one."""

# %% [markdown]
# # Batch-norm, backward
#
# Batch-norm subtracts the mean of the batch and divides by its standard deviation. Forward that is easy. Backward it
# is the first operator in which *every input touches every output*: move one x, and the mean moves, the variance
# moves, and with them all outputs. Three paths lead from x to the loss. Here they are walked one by one, and summed.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lesson import BLUE, GREEN, GREY, ORANGE, agree, save

import minicnn
from minicnn import Tensor, ops

# %% [markdown]
# ## Forward, with a pencil
#
# Eight examples of one channel, chosen for the pencil: their sum is 8, so the mean is 1. The squares of x - mean are
# 0, 0, 0, 1, 1, 4, 1, 1: the variance is 8/8 = 1 (divided by n, not by n - 1). So x̂ = (x - mean) / √variance is
# just x - 1. Then a scale gamma = 2 and a shift beta = 3: y = 2·x̂ + 3.
#
#     x    1   1   1   2   0  -1   2   2
#     x̂    0   0   0   1  -1  -2   1   1
#     y    3   3   3   5   1  -1   5   5
#
# A small epsilon under the root keeps it from 0. It is left out until the end.

# %%
x = np.array([[1.0], [1], [1], [2], [0], [-1], [2], [2]])  # (N, C) = (8, 1)
gamma, beta = np.array([2.0]), np.array([3.0])
y, pullback = ops.batch_norm.vjp(x, gamma, beta, epsilon=0)
agree("y", y[:, 0], [3, 3, 3, 5, 1, -1, 5, 5])

# %% [markdown]
# ## What comes back
#
# Some loss hands us dy. Two sums of it are all that the backward pass needs, and both are gradients of their own:
#
#     dy            4   2   1   3  -2  -1   1   0        Σ dy     = 8   = dbeta
#     dy · x̂        0   0   0   3   2   2   1   0        Σ dy · x̂ = 8   = dgamma

# %%
dy = np.array([[4.0], [2], [1], [3], [-2], [-1], [1], [0]])
gradients = pullback(dy)
agree("dbeta", gradients["beta"], [8])
agree("dgamma", gradients["gamma"], [8])

# %% [markdown]
# ## The three paths, with a pencil
#
# Write d for dL/dx̂ = gamma · dy, and σ = √variance. Then x̂ = (x - mean) / σ depends on x in three places.
#
# **Direct**: x stands there itself, with slope 1/σ.
#
#     d / σ = 2 · dy
#
# **Through the mean**: every x̂ falls when the mean rises, dL/dmean = - Σ d / σ = -16. And x_i moves the mean by 1/n:
#
#     -16 · 1/8 = -2     the same for every x
#
# **Through the variance**: x̂ = (x - mean) · variance^(-1/2), so dL/dvariance = - ½ Σ d · (x - mean) / σ³ = -8. And
# x_i moves the variance by 2 (x_i - mean) / n:
#
#     -8 · 2 · x̂ / 8 = -2 · x̂
#
# (The variance contains the mean as well, but that fourth path is zero. Among all numbers the mean is the one that
# makes Σ (x - mean)² smallest, so the sum does not change, to first order, when the mean does.)

# %%
by_hand = {
    "direct": 2 * dy,
    "through the mean": np.full((8, 1), -2.0),
    "through the variance": -2 * (x - 1),
}

# %% [markdown]
# ## Each path by the tape
#
# Write batch-norm out of plain operators, and cut two of the three paths: a detached tensor has the same value and no
# memory, so no gradient flows through it.

# %%


def gradient_along(path: str) -> np.ndarray:
    """dL/dx through one of the paths, or through "all" of them."""
    t = Tensor(x, requires_grad=True)
    mean = t.mean(axis=0)
    variance = ((t - mean) ** 2).mean(axis=0)
    keep = {name: path in (name, "all") for name in by_hand}
    centred = (t if keep["direct"] else t.detach()) - (mean if keep["through the mean"] else mean.detach())
    normalized = centred / ops.sqrt(variance if keep["through the variance"] else variance.detach())
    (normalized * gamma + beta).backward(dy)
    return t.grad


for path, expected in by_hand.items():
    agree(f"{path}: by hand and by the tape", gradient_along(path), expected)

# %% [markdown]
# ## The sum
#
# Added up, dx = gamma/σ · (dy - Σ dy / n - x̂ · Σ (dy · x̂) / n). That is the one line in
# `backends/numpy/normalization.py`; `ops.batch_norm` saves x, mean and variance for it, and nothing else. Finite
# differences are the judge: move each x a little, compute all of batch-norm anew, and see what L = Σ dy · y does.

# %%
dx = sum(by_hand.values())
agree("the three by hand and the engine's dx", gradients["x"](), dx)
agree("all paths at once by the tape", gradient_along("all"), dx)

h = 1e-5
differences = np.zeros_like(x)
for i in range(8):
    step = np.zeros_like(x)
    step[i] = h
    above, below = (ops.batch_norm(x + s, gamma, beta, epsilon=0) for s in (step, -step))
    differences[i] = ((above - below) * dy).sum() / (2 * h)
agree("dx and finite differences", differences, dx, tolerance=1e-9)

# %% [markdown]
# ## What it means
#
# Batch-norm's output does not change when a constant is added to all x, nor when x - mean is stretched. A gradient
# has no business in directions that change nothing, and the two corrections take out exactly those: dx sums to 0, and
# so does dx · x̂.
#
# It follows that a dy of all ones gives dx = 0, for any batch, and so does a dy of x̂. A wrong backward pass that
# returns zeros would look right there. That is why the gradient check draws its upstream gradient at random.

# %%
agree("dx sums to zero", dx.sum(), 0)
agree("dx has nothing of the normalized x in it", (dx * (x - 1)).sum(), 0)
agree("a dy of ones: nothing reaches x", pullback(np.ones((8, 1)))["x"](), np.zeros((8, 1)))
agree("a dy like the normalized x: nothing either", pullback(x - 1)["x"](), np.zeros((8, 1)))

# %% [markdown]
# ## Images
#
# For images (N, H, W, C) the mean is taken over N, H and W: every channel is its own column of N · H · W numbers, and
# nothing else changes. Epsilon, 0.001 by default, sits under the root in all three paths. Then x̂ has a variance a
# little below 1, and the stretching is no longer quite free.

# %%
rng = np.random.default_rng(0)
report = minicnn.gradcheck(
    ops.batch_norm,
    {"x": rng.standard_normal((3, 4, 4, 2)), "gamma": rng.standard_normal(2), "beta": rng.standard_normal(2)},
)
print(report)

# %% [markdown]
# ## The picture

# %%
colours = {"direct": BLUE, "through the mean": ORANGE, "through the variance": GREEN}
formulas = {
    "direct": "gamma/σ · dy",
    "through the mean": "-gamma/σ · Σ dy / n",
    "through the variance": "-gamma/σ · x̂ · Σ (dy · x̂) / n",
}
places = np.arange(1, 9)
figure, axes = plt.subplots(1, 4, figsize=(16, 5), layout="constrained", sharey=True)
for ax, (path, part) in zip(axes, by_hand.items(), strict=False):
    ax.bar(places, part[:, 0], color=colours[path], width=0.7)
    ax.set_title(f"{path}\n{formulas[path]}")

tops, bottoms = np.zeros(8), np.zeros(8)  # stack what is positive upwards, what is negative downwards
for path, part in by_hand.items():
    start = np.where(part[:, 0] > 0, tops, bottoms)
    axes[3].bar(places, part[:, 0], bottom=start, color=colours[path], width=0.7, alpha=0.35)
    tops, bottoms = tops + np.maximum(part[:, 0], 0), bottoms + np.minimum(part[:, 0], 0)
axes[3].plot(places, dx[:, 0], "_", color="black", markersize=24, markeredgewidth=3, label="dx, their sum")
axes[3].plot(places, differences[:, 0], "o", mfc="none", color="#c53030", markersize=11, label="finite differences")
axes[3].set_title("all three, and their sum\ndx")
axes[3].legend(loc="lower left")

for ax in axes:
    ax.axhline(0, color=GREY, linewidth=1)
    ax.set_xticks(places, [f"{v:g}" for v in x[:, 0]])
    ax.set_xlabel("x, the eight examples")
    ax.grid(axis="y", alpha=0.3)
axes[0].set_ylabel("dL/dx")
save(figure, "4_batch_norm_backward.png")
