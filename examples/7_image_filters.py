"""Image filters are convolutions: blur, sharpen, find edges, and learn to find them."""

# %% [markdown]
# # Image filters as convolutions
#
# Long before networks learned their kernels, people wrote them down. Blurring a photograph, sharpening it, finding
# its edges: each is a convolution with a few well-chosen numbers. Here `ops.conv2d` does them on a photograph of
# Chelsea the cat (by Stefan van der Walt, CC0: see `chelsea.LICENSE.txt`). At the end a network finds such numbers by
# itself.

# %%
from pathlib import Path

import lesson
import matplotlib.pyplot as plt
import numpy as np
from lesson import agree, draw_matrix, save
from matplotlib.colors import hsv_to_rgb

import minicnn
from minicnn import layers, models, ops, optimizers
from minicnn.data.images import read_image

photograph = Path(lesson.__file__).with_name("chelsea.jpg")
colour = read_image(photograph)[None] / 255  # (N, H, W, C) = (1, 300, 300, 3), 0 is black and 1 is white
grey = read_image(photograph, channels=1)[None] / 255  # (1, 300, 300, 1)

# %% [markdown]
# ## Edges, with a pencil
#
# A row of pixels: dark, dark, bright, bright, bright. The kernel (-1, 0, 1) subtracts the left neighbour from the
# right one. Where nothing changes it gives 0, at the edge it answers:
#
#     x                0   0   9   9   9
#     (-1, 0, 1)           9   9   0
#
# What every framework calls convolution is, strictly, a correlation: the kernel is laid on the image as it is
# written. A mathematician's convolution would flip it first, and the edge would answer -9.

# %%
row = np.array([0.0, 0, 9, 9, 9]).reshape(1, 1, 5, 1)
difference = np.array([-1.0, 0, 1]).reshape(1, 3, 1, 1)  # (R, S, C, K)
agree("the edge answers", ops.conv2d(row, difference)[0, 0, :, 0], [9, 9, 0])
agree("flipped, with the other sign", ops.conv2d(row, difference[:, ::-1])[0, 0, :, 0], [-9, -9, 0])

# %% [markdown]
# ## Box blur
#
# Every pixel becomes the mean of its surroundings: a kernel of 9x9 equal numbers that sum to 1. In colour each
# channel is blurred by itself, with `ops.depthwise_conv2d`. The sum of 1 keeps grey areas as bright as they were.
#
# At the rim `padding="same"` fills up with zeros, and zero is black: the picture gets a dark frame. Networks see that
# frame too. It is how they can tell where the rim is.

# %%
box = np.full((9, 9, 1, 1), 1 / 81)
blurred = ops.depthwise_conv2d(colour, np.repeat(box, 3, axis=2), padding="same")
agree("a pixel of the blur by hand", blurred[0, 150, 150], colour[0, 146:155, 146:155].mean(axis=(0, 1)))
corner_share = ops.conv2d(np.ones((1, 300, 300, 1)), box, padding="same")[0, 0, 0, 0]
agree("in the corner only 25 of 81 pixels are real", corner_share, 25 / 81)

# %% [markdown]
# ## Sharpen
#
# What a blur takes away is detail: x - blur(x). Add it once more: 2x - blur(x). Convolution is linear, so this too is
# one kernel, twice the identity minus a box.

# %%
identity = np.zeros((5, 5, 1, 1))
identity[2, 2] = 1
sharpen = 2 * identity - np.full((5, 5, 1, 1), 1 / 25)
sharpened = ops.conv2d(grey, sharpen, padding="same")
in_two_steps = 2 * grey - ops.conv2d(grey, np.full((5, 5, 1, 1), 1 / 25), padding="same")
agree("sharpening in one and in two steps", sharpened, in_two_steps)

# %% [markdown]
# ## Sobel
#
# The plain difference is easily fooled by noise. Sobel's kernel takes the difference in one direction and smooths in
# the other, with the weights 1, 2, 1:
#
#     -1  0  1        1
#     -2  0  2   =    2  ·  (-1  0  1)
#     -1  0  1        1
#
# Such a product of a column and a row is *separable*: convolve with the column, then with the row, and 3 + 3
# multiplications a pixel do the work of 9.
#
# Both directions at once are one convolution with two filters, K = 2, just as a first layer has 32 of them. Together
# they are the gradient of the image's brightness: its length says how strong an edge is, its angle which way it runs.
# (Another gradient than backpropagation's: with respect to the place, not to the weights.)

# %%
smooth = np.array([1.0, 2, 1])
sobel_x = np.outer(smooth, [-1, 0, 1])
sobel = np.stack([sobel_x, sobel_x.T], axis=-1)[:, :, None]  # (R, S, C, K) = (3, 3, 1, 2)
edges = ops.conv2d(grey, sobel)  # (1, 298, 298, 2): no padding, so no false edges at the rim
column_then_row = ops.conv2d(ops.conv2d(grey, smooth.reshape(3, 1, 1, 1)), difference)
agree("Sobel in one and in two steps", edges[..., :1], column_then_row)

strength = np.hypot(edges[0, :, :, 0], edges[0, :, :, 1])
angle = np.arctan2(edges[0, :, :, 1], edges[0, :, :, 0])

# %% [markdown]
# ## From filters to networks
#
# Someone had to think of Sobel's numbers. Turn the question round: given photographs and what Sobel makes of them,
# which kernel does it? That is a network of one layer with nine weights and no bias. It starts from random numbers
# and follows dL/dw: the correlation of the image's patches with what is still wrong.
#
# The training set is the cat, cut into 36 tiles, with the mean brightness taken off.

# %%
minicnn.set_random_seed(0)
tiles = (grey - grey.mean()).reshape(6, 50, 6, 50).transpose(0, 2, 1, 3).reshape(36, 50, 50, 1).astype(np.float32)
answers = ops.conv2d(tiles, sobel[..., :1].astype(np.float32))
model = models.Sequential([layers.Input((50, 50, 1)), layers.Conv2D(1, 3, use_bias=False)])
model.compile(optimizers.Adam(0.1), "mse")
first = model.get_weights()[0][:, :, 0, 0]
history = model.fit(tiles, answers, batch_size=6, epochs=60, verbose=0)
learned = model.get_weights()[0][:, :, 0, 0]
print(f"the loss fell from {history.history['loss'][0]:.3g} to {history.history['loss'][-1]:.3g}")
agree("the learned kernel and Sobel's", learned, sobel_x, tolerance=1e-3)

# %% [markdown]
# ## The picture

# %%
figure, axes = plt.subplots(2, 5, figsize=(18, 8), layout="constrained")
views = {
    "the photograph": (colour[0], None),
    "box blur, 9x9: a dark rim": (blurred[0], None),
    "sharpened": (sharpened[0, :, :, 0], "gray"),
    "Sobel, left to right": (edges[0, :, :, 0], "gray"),
    "Sobel, top to bottom": (edges[0, :, :, 1], "gray"),
    "strength of the edges": (strength, "gray"),
}
for ax, (title, (picture, cmap)) in zip(axes.flat, views.items(), strict=False):
    low, high = (-1.2, 1.2) if title.startswith("Sobel") else (0, 1)
    ax.imshow(picture, cmap=cmap, vmin=low, vmax=high)
    ax.set_title(title)
hue = np.stack([(angle / np.pi + 1) / 2, np.ones_like(angle), np.minimum(strength, 1)], axis=-1)
axes[1, 1].imshow(hsv_to_rgb(hue))
axes[1, 1].set_title("their direction, as a colour")
for ax in axes.flat[:7]:
    ax.axis("off")
grid = {"form": "{:.2f}", "cmap": "RdBu", "limits": (-3, 3), "size": 14}
draw_matrix(axes[1, 2], first, "a kernel before training", colours=first, **grid)
draw_matrix(axes[1, 3], learned.round(2) + 0.0, "the same kernel, after", colours=learned, **grid)
draw_matrix(axes[1, 4], sobel_x, "Sobel's", colours=sobel_x, **grid)
save(figure, "7_image_filters.png")
