"""Softmax and cross-entropy: why the gradient is p - y, and why the two are computed in one."""

# %% [markdown]
# # Softmax cross-entropy: why p - y
#
# A classifier ends with one number for each class, the logits z. Softmax turns them into probabilities p; the
# cross-entropy says how surprised p is by the truth y. Two operators with a curve each, and yet the gradient of both
# together is the simplest there is: *what you said, minus what you should have said*.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lesson import BLUE, GREEN, GREY, ORANGE, RED, agree, draw_matrix, save

from minicnn import Tensor, ops

# %% [markdown]
# ## Forward, with a pencil
#
# Three classes, and logits whose exponentials are whole numbers: z = (ln 1, ln 2, ln 5).
#
#     p = exp(z) / Σ exp(z) = (1, 2, 5) / 8 = (0.125, 0.25, 0.625)
#
# The right class is number 1, counted from 0, so y = (0, 1, 0). The loss is the negative logarithm of what the right
# class was given:
#
#     L = -ln p[1] = -ln(2/8) = ln 4 = 1.386...

# %%
z = np.log([[1.0, 2, 5]])  # (N, K) = (1, 3)
label = np.array([1])
p = ops.softmax(z)
loss, pullback = ops.softmax_cross_entropy.vjp(z, label)
agree("softmax", p, [[0.125, 0.25, 0.625]])
agree("the loss", loss, [np.log(4)])

# %% [markdown]
# ## Backward, the short way
#
# Put softmax into the logarithm and the exponential goes away:
#
#     L = -ln( exp(z[1]) / Σ exp(z) ) = ln Σ exp(z) - z[1]
#
#     dL/dz[k] = exp(z[k]) / Σ exp(z) - (1 if k is the right class, else 0) = p[k] - y[k]
#
# With numbers: (0.125, 0.25, 0.625) - (0, 1, 0) = (0.125, -0.75, 0.625). The right logit is pushed up, the others
# down, each by as much as it was believed in. The sum is 0: softmax does not see a constant added to all logits.

# %%
y = np.array([[0.0, 1, 0]])
gradient = pullback(np.array([1.0]))["logits"]()
agree("p - y by hand", p - y, [[0.125, -0.75, 0.625]])
agree("p - y and the engine's gradient", gradient, p - y)
agree("it sums to zero", gradient.sum(), 0)

# %% [markdown]
# ## Backward, the long way
#
# The chain rule through both operators must give the same. Moving one logit moves all probabilities:
#
#     dp[i]/dz[j] = p[i] · ((1 if i = j else 0) - p[j])          the Jacobian, (K, K)
#     dL/dp       = (0, -1/p[1], 0) = (0, -4, 0)
#
# So the gradient is -4 times the Jacobian's row 1, which is (-2, 12, -10) / 64. That is (8, -48, 40) / 64 again. The
# large slope -1/p of the logarithm and the small slope p of the softmax cancel. Nothing is left that could vanish.

# %%
_, softmax_pullback = ops.softmax.vjp(z)
jacobian = np.concatenate([softmax_pullback(row[None])["x"]() for row in np.eye(3)])  # row i: dp[i] / dz
agree("the Jacobian, in 64ths", jacobian * 64, [[7, -2, -5], [-2, 12, -10], [-5, -10, 15]])

logits = Tensor(z, requires_grad=True)
(-ops.log(ops.softmax(logits)[0, 1])).backward()
agree("the long way by the tape", logits.grad, p - y)

# %% [markdown]
# ## Soft targets and batches
#
# Nothing changes when y is a distribution instead of a one: still p - y. A batch has a loss for each example;
# their mean divides every row by N.

# %%
z_batch = np.random.default_rng(0).standard_normal((4, 3))
y_batch = np.array([[0.1, 0.8, 0.1], [1, 0, 0], [0, 0.5, 0.5], [0, 0, 1]])
logits = Tensor(z_batch, requires_grad=True)
ops.softmax_cross_entropy(logits, y_batch).mean().backward()
agree("a batch with soft targets", logits.grad, (ops.softmax(z_batch) - y_batch) / 4)

# %% [markdown]
# ## What a computer makes of it
#
# On paper the two ways are equal. In float32 the long way breaks, on both sides:
#
# - **Overflow.** exp(89) is infinite in float32, and infinity / infinity is no number. Remedy: subtract the largest
#   logit first. That is a constant, so p stays what it was, and no exponent is above 0. `ops.softmax` does this.
# - **Underflow.** exp(-104) is 0 in float32, and ln 0 is minus infinity. The backward pass breaks even earlier: with
#   p = exp(-89) its slope 1/p overflows. Subtracting the largest logit does not help here. This is a network that is
#   sure and wrong: there a gradient is needed most.

# %%
with np.errstate(over="ignore", invalid="ignore"):
    large = np.array([[100.0, 0]], np.float32)
    agree("the naive softmax of 100 and 0 is no number", np.isnan(np.exp(large) / np.exp(large).sum()), [[True, False]])
agree("ops.softmax of 100 and 0", ops.softmax(large), [[1, 0]])

# %% [markdown]
# The remedy for underflow is the short way. `ops.softmax_cross_entropy` never forms p under a logarithm: it computes
# ln Σ exp(z) - z[label], with the largest logit taken out of the sum.
#
# Keras has another remedy for probabilities that come out of a softmax layer: they are clipped to 1e-7 and above
# before the logarithm. `ops.cross_entropy` does the same. No infinity can come up; but where p is clipped the loss is
# flat, at -ln 1e-7 = 16.1, and its gradient is 0: *the worst mistakes teach nothing*. Hence the advice to leave
# softmax out of the network and to train with `from_logits=True`.
#
# Here are all ways on one task: two classes, logits (0, -gap), the truth is class 1. The larger the gap, the more
# wrong the network. The right answers are ln(1 + e^gap), about gap, for the loss, and -1, nearly, for the gradient.
# The squared error of the probabilities is the fourth: there nothing cancels softmax's slope, and it vanishes.

# %%
WAYS = {
    "log(softmax), then the tape": lambda t: -ops.log(ops.softmax(t)[:, 1]),
    "ops.cross_entropy: clipped": lambda t: ops.cross_entropy(ops.softmax(t), np.ones(t.shape[0], int)),
    "squared error of softmax": lambda t: ((ops.softmax(t) - np.array([0, 1], np.float32)) ** 2).sum(axis=1),
    "ops.softmax_cross_entropy": lambda t: ops.softmax_cross_entropy(t, np.ones(t.shape[0], int)),
}
gaps = np.arange(0, 121, dtype=np.float32)
losses, slopes = {}, {}
for name, way in WAYS.items():
    t = Tensor(np.stack([np.zeros_like(gaps), -gaps], axis=1), requires_grad=True)  # (N, K) = (121, 2)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        loss = way(t)
        loss.sum().backward()
    losses[name], slopes[name] = loss.numpy(), t.grad[:, 1]

naive, clipped, squared, fused = WAYS
exact = np.logaddexp(0, gaps.astype(np.float64))
agree("in one: right at every gap", losses[fused], exact, tolerance=1e-6)
agree("in one: its slope", slopes[fused], -1 / (1 + np.exp(-gaps.astype(np.float64))), tolerance=1e-6)
agree("clipped: no slope from a gap of 17 on", slopes[clipped][17:], np.zeros(104))
no_loss, no_slope = (int(np.argmin(np.isfinite(values[naive]))) for values in (losses, slopes))
print(f"log(softmax) has no finite loss from a gap of {no_loss} on, and no gradient from {no_slope} on")

# %% [markdown]
# ## The picture

# %%
figure, axes = plt.subplots(2, 2, figsize=(13, 10), layout="constrained", gridspec_kw={"hspace": 0.06})
bars = axes[0, 0]
for shift, values, name, colour in ((-0.27, p, "p", BLUE), (0, y, "y", GREY), (0.27, p - y, "p - y", ORANGE)):
    drawn = bars.bar(np.arange(3) + shift, values[0], 0.25, color=colour, label=name)
    bars.bar_label(drawn, fmt="%g", fontsize=10)
bars.axhline(0, color=GREY, linewidth=1)
bars.set_xticks(range(3), ["class 0", "class 1, the truth", "class 2"])
bars.set_ylim(-0.95, 1.1)
bars.set_title("what was said, what is true, and the gradient")
bars.legend(loc="upper left")

classes = ["0", "1", "2"]
title = "the softmax Jacobian dp[row] / dz[column], in 64ths\n-4/64 times row 1 is p - y"
draw_matrix(axes[0, 1], jacobian * 64, title, colours=jacobian, cmap="RdBu", size=15, rows=classes, columns=classes)

looks = {naive: (RED, "-", 5), clipped: (ORANGE, "--", 2.5), squared: (GREY, "-.", 2), fused: (GREEN, "-", 2)}
panels = [
    (axes[1, 0], losses, "the loss", no_loss, "ln 0: infinite", 55),
    (axes[1, 1], slopes, "the gradient of the right logit", no_slope, "1/p overflows: no number", -0.6),
]
for ax, curves, title, breaks, why, height in panels:
    for name, (colour, style, width) in looks.items():
        alpha = 0.4 if name == naive else 1
        ax.plot(gaps, curves[name], style, color=colour, linewidth=width, alpha=alpha, label=name)
    ax.axvline(breaks, color=RED, linewidth=1, linestyle=":")
    ax.text(breaks - 1, height, why, color=RED, ha="right")
    ax.set_title(f"{title}, in float32")
    ax.set_xlabel("gap: how far the right logit is behind")
    ax.grid(alpha=0.3)
axes[1, 0].legend(loc="upper left")
save(figure, "5_softmax_cross_entropy.png")
