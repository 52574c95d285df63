"""Max-pooling and ReLU: two operators whose backward pass is nothing but routing."""

# %% [markdown]
# # Who won, and who was open
#
# Max-pooling and ReLU compute nothing new: they let some numbers through and stop others. Their gradients do the
# same on the way back. All that has to be remembered is who got through.

# %%
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from lesson import agree, draw_matrix, save

import minicnn
from minicnn import backends, ops
from minicnn.datasets import embedded
from minicnn.geometry import Windows

# %% [markdown]
# ## Max-pooling, with a pencil
#
# The largest number of each 2x2 window:
#
#      1  3 |  2  2
#      4  2 |  2  1          4  2
#     ------+------    ->
#     -5 -1 |  0  7         -1  7
#     -2 -3 |  7  6
#
# If the loss wants the 4 to grow by dy, the pixel that *is* the 4 has to grow. The other three have no say: a small
# change of theirs changes nothing. So dy goes to the winner, whole, and the others get 0.

# %%
x = np.array([[1.0, 3, 2, 2], [4, 2, 2, 1], [-5, -1, 0, 7], [-2, -3, 7, 6]]).reshape(1, 4, 4, 1)
dy = np.array([[10.0, 20], [30, 40]]).reshape(1, 2, 2, 1)

y, pullback = ops.max_pool2d.vjp(x, 2)
dx = pullback(dy)["x"]()
agree("the maxima", y[0, :, :, 0], [[4, 2], [-1, 7]])
agree("dx, routed by hand", dx[0, :, :, 0], [[0, 0, 20, 0], [10, 0, 0, 0], [0, 30, 0, 40], [0, 0, 0, 0]])

# %% [markdown]
# The forward pass remembers one small number a window, the tap that won: 0 and 1 above, 2 and 3 below. The pixels
# themselves need not be kept. `backends/numpy/pooling.py` does just that.

# %%
backend = backends.current_backend()
_, winners = backend.max_pool2d(x, Windows.over((4, 4), 2, strides=2))
agree("the winning taps", winners[0, :, :, 0], [[2, 0], [1, 1]])

# %% [markdown]
# ## Ties
#
# The upper right window holds 2 three times, the lower right one 7 twice. Who wins? The first in row-major order.
# It must be *one*: sent to both sevens, 40 would become 80, a gradient of something else.
#
# Is it right to choose? Lift one 7 by h: the maximum rises by h, slope 1. Lower it by h: the other 7 is still there,
# slope 0. The maximum has a kink here, there is no derivative, and every value from 0 to 1 is as good: such values
# are called subgradients. The gradient check knows this. It finds the five tied pixels and reports them as kinks.

# %%
report = minicnn.gradcheck(lambda t: ops.max_pool2d(t, 2), [x])
agree("pixels that sit on a kink: three 2s and two 7s", report.kinks, 5)
agree("what goes in comes out: sum of dx", dx.sum(), dy.sum())

# %% [markdown]
# Ties are no rarity. In Fashion-MNIST pictures the background is 0 everywhere, and most of its windows are ties.

# %%
_, (pictures, labels) = embedded.load_data()
pixels = pictures.reshape(1000, 14, 2, 14, 2).transpose(0, 1, 3, 2, 4).reshape(1000, 14, 14, 4)  # 2x2 windows
tied = (pixels == pixels.max(axis=-1, keepdims=True)).sum(axis=-1) > 1
print(f"{tied.mean():.0%} of all 2x2 windows in the 1,000 test pictures hold their maximum more than once")

# %% [markdown]
# ## Windows that overlap
#
# At stride 1 one pixel can win several windows. Its gradients add up, as in any overlap. Send 1 back through each of
# the nine windows, and dx counts the wins of each pixel: the 4 wins two of them, and so does the upper 7.

# %%
y_overlap, pullback = ops.max_pool2d.vjp(x, 2, strides=1)
wins = pullback(np.ones_like(y_overlap))["x"]()
agree("wins of each pixel", wins[0, :, :, 0], [[0, 1, 1, 0], [2, 1, 0, 0], [0, 1, 0, 2], [0, 0, 1, 0]])
agree("there are nine windows", wins.sum(), 9)

# %% [markdown]
# ## Padding must not win
#
# Pad an image of negative numbers with zeros, and zeros win: the output says 0 where there is no 0. Padding of a
# maximum is minus infinity.

# %%
negative = np.array([[-3.0, -1], [-2, -4]]).reshape(1, 2, 2, 1)
agree("padded max-pool of negative pixels", ops.max_pool2d(negative, 2, padding=1), negative)
agree("the mistake: zeros around it", ops.max_pool2d(ops.zero_pad2d(negative, 1), 2), np.zeros((1, 2, 2, 1)))

# %% [markdown]
# ## ReLU: a mask
#
# y = max(x, 0). Where x is positive the gradient passes unchanged, elsewhere it stops: dx = dy · (x > 0). At exactly
# 0 there is a kink, with slopes 0 and 1; the engine takes 0. A unit that is negative for every example gets no
# gradient at all, and no way back: it is dead.

# %%
mask = x > 0
up = np.arange(1.0, 17).reshape(x.shape)  # some gradient from above
y_relu, pullback = ops.relu.vjp(x)
agree("ReLU", y_relu, np.where(mask, x, 0))
agree("dx = dy * mask", pullback(up)["x"](), up * mask)

# %% [markdown]
# ## ReLU and max-pool commute
#
# ReLU never turns an order round, so the maximum of ReLUs is the ReLU of the maximum. Forward that is plain. Backward
# it is subtler: in the lower left window all four ReLUs are 0, the tie goes to -5 instead of to -1. But both are
# closed, so both get 0. A fast engine pools first, and then has a quarter of the ReLUs to do; all it keeps for the
# way back is one small number for each pooled pixel: who won, and whether it was open.

# %%
rng = np.random.default_rng(0)
for image in (x, rng.standard_normal((2, 8, 8, 3))):
    one, other = (minicnn.Tensor(image, requires_grad=True) for _ in range(2))
    pool_first, relu_first = ops.relu(ops.max_pool2d(one, 2)), ops.max_pool2d(ops.relu(other), 2)
    agree("either order, forward", pool_first, relu_first)
    upstream = rng.standard_normal(pool_first.shape)
    pool_first.backward(upstream)
    relu_first.backward(upstream)
    agree("either order, backward", one.grad, other.grad)

# %% [markdown]
# ## On a real picture
#
# An ankle boot, an edge filter (left minus right), ReLU, max-pool. Send 1 back through every pooled pixel. Of the
# 784 pixels of the filtered picture only those get a gradient that won their window and were open.

# %%
boot = (pictures[labels == embedded.CLASS_NAMES.index("Ankle boot")][0] / 255).reshape(1, 28, 28, 1)
edges = ops.conv2d(boot, np.array([[1.0, 0, -1]]).reshape(1, 3, 1, 1), padding="same")
filtered = minicnn.Tensor(edges, requires_grad=True)
pooled = ops.max_pool2d(ops.relu(filtered), 2)
pooled.backward(np.ones(pooled.shape))
reached = filtered.grad[0, :, :, 0]
agree("winners are open", edges[0, :, :, 0][reached == 1].min() > 0, True)

# %% [markdown]
# ## The picture

# %%
four = [[1, 2], [3, 4]]  # a colour for each window
by_window = {"cmap": "Set3", "limits": (0, 12)}
each = {"colours": np.kron(four, np.ones((2, 2))), **by_window}  # and for its pixels
figure, axes = plt.subplots(4, 4, figsize=(14, 15), layout="constrained", gridspec_kw={"wspace": 0.08, "hspace": 0.06})


def panel(row: int, column: int, values: np.ndarray, title: str, **colouring: Any) -> None:
    """One image with one channel, drawn with its numbers."""
    draw_matrix(axes[row, column], values.reshape(values.shape[-3:-1]), title, size=13, **colouring)


panel(0, 0, x, "x in windows of 2x2", **each)
panel(0, 1, y, "the largest of each", colours=four, **by_window)
panel(0, 2, dy, "dy, from the loss", colours=four, **by_window)
panel(0, 3, dx, "dx: to the first winner", **(each | {"colours": np.where(dx[0, :, :, 0], each["colours"], 8.5)}))
panel(1, 0, x, "x, now with stride 1")
panel(1, 1, y_overlap, "the largest of each window")
panel(1, 2, np.ones((3, 3, 1)), "dy: one for each window")
panel(1, 3, wins, "dx: how often a pixel won", colours=wins, cmap="Oranges", limits=(0, 4))
panel(2, 0, y_relu, "ReLU(x)")
panel(2, 1, mask * 1, "its mask: 1 is open", colours=mask, cmap="Oranges", limits=(0, 3))
panel(2, 2, up, "dy, from the loss")
panel(2, 3, up * mask, "dx = dy · mask", colours=mask, cmap="Oranges", limits=(0, 3))
photographs = {
    "a picture": (boot, "gray"),
    "left minus right": (edges, "RdBu"),
    "ReLU, then max-pool": (pooled.data, "gray"),
    "pixels that get a gradient": (filtered.grad, "Oranges"),
}
for ax, (title, (picture, cmap)) in zip(axes[3], photographs.items(), strict=True):
    ax.imshow(picture[0, :, :, 0], cmap=cmap)
    ax.set_title(title)
    ax.axis("off")
save(figure, "3_max_pool_and_relu.png")
