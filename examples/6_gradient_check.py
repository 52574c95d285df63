"""The gradient check: how it works, what it sees, and why accuracy is no substitute."""

# %% [markdown]
# # The gradient check
#
# A backward pass is written by hand, and hands make mistakes. The forward pass can be trusted more: it is the
# definition. So let it judge. Move one number by h, compute the loss again, and compare the slope with the gradient.
# Three questions are answered here: how large should h be, what happens at kinks, and is all that needed, when one
# can see that the network learns?

# %%
from collections.abc import Callable
from functools import partial
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from lesson import BLUE, GREEN, GREY, ORANGE, RED, DisagreementError, agree, save

import minicnn
from minicnn import Tensor, layers, losses, models, ops, optimizers
from minicnn.backends import current_backend
from minicnn.datasets import embedded
from minicnn.errors import GradientError
from minicnn.geometry import Windows
from minicnn.tensor import differentiable

# %% [markdown]
# ## Two slopes, with a pencil
#
# f(x) = x³ at x = 1 has the slope 3. Measured with h = 0.1:
#
#     forward difference  (f(1.1) - f(1)) / 0.1    = (1.331 - 1) / 0.1     = 3.31    3 + 3h + h²
#     central difference  (f(1.1) - f(0.9)) / 0.2  = (1.331 - 0.729) / 0.2 = 3.01    3 + h²
#
# For one more evaluation the central one is wrong by h² instead of h. `minicnn.gradcheck` uses it.


# %%
def forward(f: Callable[[float], Any], x: float, h: float) -> Any:
    return (f(x + h) - f(x)) / h


def central(f: Callable[[float], Any], x: float, h: float) -> Any:
    return (f(x + h) - f(x - h)) / (2 * h)


agree("forward difference of a cube", forward(lambda x: x**3, 1, 0.1), 3.31)
agree("central difference of a cube", central(lambda x: x**3, 1, 0.1), 3.01)

# %% [markdown]
# ## How large is h? The U-curve
#
# Smaller h, smaller error: h². But f is rounded, by ε · |f|, with ε = 2e-16 in float64 and 1e-7 in float32. The
# difference of two rounded values is divided by 2h, and that makes an error of about ε / h, which *grows* as h gets
# small. Together h² + ε / h: a U with its bottom near h = ∛ε, where the error is about ε^(2/3). For a function that
# is as tame as x³ that is 1e-5 and 1e-11 in float64, 1e-2 and 1e-5 in float32; a network bends more, and its U ends
# higher. float32 is too coarse to see small mistakes: gradients are checked in float64.
#
# Here is the U for a little network: convolution, tanh, dense, cross-entropy. All its weights and pixels move along a
# random direction, sixteen times; the tape's gradient along each is the truth to compare with.

# %%
rng = np.random.default_rng(0)
start = {
    "image": rng.standard_normal((2, 6, 6, 1)),
    "kernel": rng.standard_normal((3, 3, 1, 2)),
    "weights": rng.standard_normal((32, 3)),
}
directions = [{name: rng.standard_normal(a.shape) for name, a in start.items()} for _ in range(16)]


def network(image: Any, kernel: Any, weights: Any) -> Any:
    """The mean loss of two images with the labels 0 and 2."""
    features = ops.tanh(ops.conv2d(image, kernel)).reshape((2, 32))
    return ops.softmax_cross_entropy(ops.dense(features, weights), np.array([0, 2])).mean()


tensors = {name: Tensor(a, requires_grad=True) for name, a in start.items()}
network(**tensors).backward()
slopes = np.array([sum((tensors[name].grad * d).sum() for name, d in way.items()) for way in directions])


def typical_error(rule: Callable[..., Any], dtype: type, h: float) -> float:
    """The root mean square of what `rule` misses the slopes by, relative to theirs."""

    def loss(way: dict[str, np.ndarray], t: float) -> Any:
        return network(**{name: (start[name] + t * d).astype(dtype) for name, d in way.items()})

    measured = np.array([rule(partial(loss, way), 0, h) for way in directions])
    return float(np.linalg.norm(measured - slopes) / np.linalg.norm(slopes))


steps = 10.0 ** np.arange(-13, 0.01, 0.5)
errors = {}
for rule in (forward, central):
    for dtype in (np.float64, np.float32):
        name = f"{rule.__name__}, {dtype.__name__}"
        errors[name] = [typical_error(rule, dtype, h) for h in steps]
        best = int(np.argmin(errors[name]))
        print(f"{name:16} is best at h = {steps[best]:.0e}, with a relative error of {errors[name][best]:.0e}")

# %% [markdown]
# ## Kinks
#
# At x = 0 the ReLU has a slope of 0 on the left and of 1 on the right. The central difference says 0.5 for every h:
# neither is wrong, and neither can be confirmed. `gradcheck` compares the two one-sided slopes. If they differ for
# all its steps, x sits *on* a kink: that is reported, and any gradient between both slopes is accepted. If x is only
# *near* a kink, a shorter step gets clear of it.


# %%
def relu(x: float) -> float:
    return ops.relu(np.array(x)).item()


agree("central difference of ReLU at its kink", [central(relu, 0.0, h) for h in (1e-2, 1e-5, 1e-8)], [0.5, 0.5, 0.5])
for x, kinks in ((0.0, 1), (3e-6, 0), (1.0, 0)):
    report = minicnn.gradcheck(ops.relu, [np.array([x, 2.0])])
    agree(f"kinks that gradcheck finds at x = {x:g}", report.kinks, kinks)

# %% [markdown]
# ## A planted bug
#
# Max-pooling with the right forward pass, and a gradient that goes to the wrong pixel: to the one opposite the
# winner, tap 3 - winner. It looks plausible, shapes and sizes fit.


# %%
@differentiable
def misrouted_max_pool2d(x: np.ndarray) -> tuple:
    """2x2 max-pooling whose backward pass is wrong."""
    windows, backend = Windows.over(x.shape[1:3], 2, strides=2), current_backend()
    y, winners = backend.max_pool2d(x, windows)
    return y, lambda dy: {"x": lambda: backend.max_pool2d_gradient(dy, 3 - winners, windows)}


class MisroutedMaxPooling2D(layers.MaxPooling2D):
    def call(self, x: Tensor, training: bool) -> Tensor:
        return misrouted_max_pool2d(x)


# %% [markdown]
# Train a small network with it, on the embedded pictures of clothing, and another one with the true pooling. The same
# first weights, the same order of examples.

# %%
(x_train, y_train), (x_test, y_test) = embedded.load_data()
x_train, x_test = x_train[..., None] / np.float32(255), x_test[..., None] / np.float32(255)


def accuracy_by_epoch(pooling: type[layers.Layer]) -> list[float]:
    """Test accuracy after each of six epochs."""
    minicnn.set_random_seed(1)
    convolutions = [
        layers.Conv2D(8, 3, activation="relu"),
        pooling(),
        layers.Conv2D(16, 3, activation="relu"),
        pooling(),
    ]
    model = models.Sequential([layers.Input((28, 28, 1)), *convolutions, layers.Flatten(), layers.Dense(10)])
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizers.Adam(0.002), loss, metrics=["accuracy"])
    fitted = model.fit(x_train, y_train, 64, epochs=6, verbose=0, validation_data=(x_test, y_test))
    return fitted.history["val_accuracy"]


right, wrong = accuracy_by_epoch(layers.MaxPooling2D), accuracy_by_epoch(MisroutedMaxPooling2D)
print(f"test accuracy after six epochs: {right[-1]:.1%} with the true gradient, {wrong[-1]:.1%} with the wrong one")
if min(right[-1], wrong[-1]) < 0.6:
    raise DisagreementError("both networks should have learned: guessing gives 10%")

# %% [markdown]
# The wrong one learns. Who would suspect it, without the right one beside it? The dense layer on top gets its true
# gradient, and makes the best of whatever the convolutions give it. Accuracy says that *something* learns, not that
# everything does. The gradient check needs no training and one small image:

# %%
pixels = rng.permutation(36).reshape(1, 6, 6, 1) / 10  # no two alike: no kinks
print(minicnn.gradcheck(lambda x: ops.max_pool2d(x, 2), [pixels]))
try:
    minicnn.gradcheck(misrouted_max_pool2d, [pixels])
except GradientError as error:
    print(f"caught: {error}")
else:
    raise DisagreementError("the planted bug passed the gradient check")

# %% [markdown]
# ## The picture

# %%
figure, (curve, kink, learning) = plt.subplots(
    1, 3, figsize=(18, 6), layout="constrained", gridspec_kw={"wspace": 0.04}
)
looks = [":", BLUE], [":", ORANGE], ["-", BLUE], ["-", ORANGE]
for (name, error), (style, colour) in zip(errors.items(), looks, strict=True):
    curve.loglog(steps, error, style, color=colour, linewidth=2, label=name)
curve.loglog([1e-6, 1], [1e-12, 1], color=GREY, linewidth=1)
curve.loglog([1e-13, 1e-4], [1e-3, 1e-12], color=GREY, linewidth=1)
curve.text(2e-4, 2e-9, "h²", color=GREY)
curve.text(1e-11, 2e-8, "ε / h", color=GREY)
curve.set(
    title="the U-curve of the step size", xlabel="step h", ylabel="relative error of the slope", ylim=(1e-14, 1e2)
)
curve.legend(loc="lower left", title="difference")

near = 10.0 ** np.arange(-8, -3.99, 0.05)
for x, colour in ((1.0, GREEN), (3e-6, BLUE), (0.0, RED)):
    kink.semilogx(near, [central(relu, x, h) for h in near], color=colour, linewidth=2, label=f"at x = {x:g}")
for h in (1e-5, 1e-6, 1e-7):
    kink.axvline(h, color=GREY, linewidth=1, linestyle=":")
kink.set(
    title="the slope of ReLU, measured near its kink", xlabel="step h", ylabel="central difference", ylim=(0.4, 1.1)
)
kink.text(1.2e-7, 0.42, "dotted: the steps of gradcheck", color=GREY)
kink.legend(loc="center left")

learning.plot(range(1, 7), right, "o-", color=GREEN, label="true gradient: gradcheck passes")
learning.plot(range(1, 7), wrong, "s-", color=RED, label="to the wrong pixel: gradcheck fails")
learning.set(title="both learn", xlabel="epoch", ylabel="test accuracy", ylim=(0.6, 0.9))
learning.legend(loc="lower right")
for ax in (curve, kink, learning):
    ax.grid(alpha=0.3)
save(figure, "6_gradient_check.png")
