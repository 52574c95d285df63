"""Convolution as one matrix product, and its two gradients as two more."""

# %% [markdown]
# # Convolution as im2col
#
# A convolution slides a small window over an image. Written down naively that is six nested loops. Written as a
# matrix product it is one line, and the backward pass follows from what everybody knows about Y = P W.
#
# The engine's version stands in `minicnn/backends/numpy/patches.py` and `convolution.py`, a hundred lines together.
# Its own functions do the work here.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lesson import agree, draw_matrix, save

from minicnn import ops
from minicnn.backends.numpy.patches import col2im, im2col, taps
from minicnn.geometry import Windows

# %% [markdown]
# ## An image for the pencil
#
# One image of 3x3 pixels, one channel, and one filter of 2x2 taps. `Windows` says where the windows lie: two rows of
# two.
#
#     x = 1 2 3      w = 1  2      y[0,0] = 1·1 + 2·2 + 4·3 + 5·(-1) = 12
#         4 5 6          3 -1      y[0,1] = 2·1 + 3·2 + 5·3 + 6·(-1) = 17
#         7 8 9

# %%
x = np.arange(1.0, 10).reshape(1, 3, 3, 1)  # (N, H, W, C)
w = np.array([[1.0, 2], [3, -1]]).reshape(2, 2, 1, 1)  # (R, S, C, K)
windows = Windows.over((3, 3), (2, 2))
agree("there are 2 x 2 windows", windows.outputs, (2, 2))

# %% [markdown]
# ## Forward: each window becomes a row
#
# `im2col` gives (N, OH, OW, R, S, C): for each window, the pixels that it sees. Flattened to two axes that is the
# patch matrix P, one row a window, one column a tap. The filter becomes a column. Then y = P w.

# %%
P = im2col(x, windows).reshape(4, 4)  # (N·OH·OW, R·S·C)
agree("the patch matrix", P, [[1, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]])
y = (P @ w.reshape(4, 1)).reshape(1, 2, 2, 1)
agree("y = P w and ops.conv2d", y, ops.conv2d(x, w))

# %% [markdown]
# `im2col` itself copies nothing. It is a view: the nine numbers of x, addressed as sixteen. The copy comes with
# `reshape`, and it is R·S times as large as the image. That is what a matrix product costs here, in memory.

# %%
agree("im2col looks at the memory of x", np.shares_memory(im2col(x, windows), x), True)

# %% [markdown]
# ## Backward: the two products
#
# Some loss came out of y, and dy = dL/dy came back. For Y = P W, whatever P and W mean:
#
#     dW = Pᵀ dY        dP = dY Wᵀ
#
# dw is done with that: each tap saw one pixel per window, and sums pixel · dy over the windows. The top left tap saw
# 1, 2, 4 and 5:
#
#     dw[0,0] = 1·1 + 2·(-1) + 4·2 + 5·3 = 22

# %%
dy = np.array([[1.0, -1], [2, 3]]).reshape(1, 2, 2, 1)
gradients = ops.conv2d.vjp(x, w)[1](dy)

dw = (P.T @ dy.reshape(4, 1)).reshape(w.shape)
agree("dw = P^T dy and the engine's dw", dw, gradients["w"]())

# %% [markdown]
# ## Backward: col2im, where overlaps add up
#
# dP has one number for each pixel *of each window*. The image has fewer pixels: im2col read most of them more than
# once. A pixel that was read four times influenced the loss on four ways, so its gradient is a sum of four. That is
# `col2im`, the exact reverse of the reading: every number goes back to the pixel it was read from, and is *added*
# there. The centre pixel, 5:
#
#     dx[1,1] = dy[0,0]·w[1,1] + dy[0,1]·w[1,0] + dy[1,0]·w[0,1] + dy[1,1]·w[0,0]
#             =    1·(-1)      +   (-1)·3       +      2·2       +      3·1       = 3

# %%
dP = dy.reshape(4, 1) @ w.reshape(1, 4)
dx = col2im(dP.reshape(1, 2, 2, 2, 2, 1), windows)
agree("the centre pixel by hand", dx[0, 1, 1, 0], 3.0)
agree("dx = col2im(dP) and the engine's dx", dx, gradients["x"]())

# %% [markdown]
# ## The bug that everybody writes once
#
# `col2im` is a loop over the taps with `+=` in it. Write `=` and each pixel keeps only what came last. Shapes fit,
# nothing complains, corners are right, and with windows that do not overlap everything is right. A network even
# learns with it.

# %%
forgetful = np.zeros_like(x)
for r, s, touched in taps(windows):
    forgetful[touched] = dP.reshape(1, 2, 2, 2, 2, 1)[:, :, :, r, s]
wrong = forgetful != dx
agree("how many of nine pixels it gets wrong", wrong.sum(), 5)

# %% [markdown]
# ## How often a pixel was read
#
# Send a one back along every read, and col2im counts. In the middle of an image a window of R x S taps at stride 1
# reads each pixel R·S times, at the rim less often. Strides thin that out into a pattern. A transposed convolution
# that is used to paint images paints this very pattern: its checkerboard artefacts.


# %%
def reads(size: int, stride: int) -> np.ndarray:
    """How many windows read each pixel of a 7x7 image."""
    over = Windows.over((7, 7), size, stride)
    return col2im(np.ones((1, *over.outputs, size, size, 1)), over)[0, :, :, 0]


agree("3x3, stride 1: nine reads in the middle", reads(3, 1)[3, 3], 9)
agree("2x2, stride 2: windows only touch, one read each", reads(2, 2)[:6, :6], np.ones((6, 6)))
agree("2x2, stride 2: no window reaches the seventh row", reads(2, 2)[6], np.zeros(7))

# %% [markdown]
# ## In general
#
# Many images, channels and filters, strides, padding, dilation: the same three lines. Only P has more columns
# (R·S·C) and W has more (K). And im2col and col2im stay *adjoint*, which is what "exact reverse" means:
# ⟨im2col(x), A⟩ = ⟨x, col2im(A)⟩ for every x and A.

# %%
rng = np.random.default_rng(0)
x_big, w_big = rng.standard_normal((2, 9, 8, 3)), rng.standard_normal((3, 2, 3, 4))
over = Windows.over((9, 8), (3, 2), strides=2, padding="same", dilation=2)
y_big, pullback = ops.conv2d.vjp(x_big, w_big, strides=2, padding="same", dilation=2)
dy_big = rng.standard_normal(y_big.shape)

patches = im2col(x_big, over)
P_big, W_big, dY_big = patches.reshape(-1, 18), w_big.reshape(18, 4), dy_big.reshape(-1, 4)
agree("in general: y", (P_big @ W_big).reshape(y_big.shape), y_big)
agree("in general: dw", (P_big.T @ dY_big).reshape(w_big.shape), pullback(dy_big)["w"]())
agree("in general: dx", col2im((dY_big @ W_big.T).reshape(patches.shape), over), pullback(dy_big)["x"]())
A = rng.standard_normal(patches.shape)
agree("im2col and col2im are adjoint", (patches * A).sum(), (x_big * col2im(A, over)).sum())

# %% [markdown]
# ## The picture
#
# A colour stands for a pixel. Follow one through P, into dP, and home to dx.

# %%
pixel = np.arange(9).reshape(1, 3, 3, 1) + 0.5
whose = im2col(pixel, windows).reshape(4, 4)
by_pixel = {"cmap": "Set3", "limits": (0, 12)}
window_names, tap_names = ["window 0,0", "window 0,1", "window 1,0", "window 1,1"], ["0,0", "0,1", "1,0", "1,1"]

terms: dict[float, list[str]] = {}  # pixel -> what its windows sent back
for owner, number in zip(whose.flat, dP.flat, strict=True):
    terms.setdefault(owner, []).append(f"{number:+g}")
sums = ["".join(terms[p]) + (f"\n= {sum(map(float, terms[p])):g}" if len(terms[p]) > 1 else "") for p in pixel.flat]

figure, axes = plt.subplots(3, 4, figsize=(16, 12.5), layout="constrained", gridspec_kw={"wspace": 0.1, "hspace": 0.1})
draw_matrix(axes[0, 0], x[0, :, :, 0], "x, the image", colours=pixel[0, :, :, 0], size=14, **by_pixel)
draw_matrix(axes[0, 1], P, "P = im2col(x)", colours=whose, size=14, rows=window_names, columns=tap_names, **by_pixel)
draw_matrix(axes[0, 2], w.reshape(4, 1), "w as a column", size=14, rows=tap_names)
draw_matrix(axes[0, 3], y[0, :, :, 0], "y = P w, folded to 2x2", size=14)
draw_matrix(axes[1, 0], dy.reshape(4, 1), "dy, from the loss", size=14, rows=window_names)
draw_matrix(axes[1, 1], dP, "dP = dy wᵀ", colours=whose, size=14, rows=window_names, columns=tap_names, **by_pixel)
draw_matrix(
    axes[1, 2], np.reshape(sums, (3, 3)), "dx = col2im(dP): overlaps add up", colours=pixel[0, :, :, 0], size=13,
    form="{}", **by_pixel,
)  # fmt: skip
draw_matrix(axes[1, 3], dw[:, :, 0, 0], "dw = Pᵀ dy", size=14)
draw_matrix(
    axes[2, 0], forgetful[0, :, :, 0], "with = in place of +=\n(red: wrong)", colours=wrong[0, :, :, 0], size=14,
    cmap="Reds", limits=(0, 1.7),
)  # fmt: skip
counts = {"3x3, stride 1": reads(3, 1), "3x3, stride 2": reads(3, 2), "2x2, stride 2": reads(2, 2)}
for ax, (name, count) in zip(axes[2, 1:], counts.items(), strict=True):
    draw_matrix(ax, count, f"reads of each pixel:\n{name}", colours=count, cmap="Greens", limits=(0, 12))
save(figure, "2_convolution_as_im2col.png")
