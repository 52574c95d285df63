"""One neuron, one gradient: by hand, and by the tape."""

# %% [markdown]
# # One neuron, one gradient
#
# A network learns by asking one question of each of its numbers: *if you grew a little, how would the loss change?*
# The answer is the gradient. Backpropagation answers for all numbers at once, in one walk backwards.
#
# Here the whole of it is done with a pencil, for a network of one neuron. Then the engine does the same.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lesson import BLUE, GREY, ORANGE, agree, save
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

import minicnn
from minicnn import Tensor, ops

# %% [markdown]
# ## Forward, with a pencil
#
# Two inputs, two weights, a bias, a ReLU, and the squared error against a target:
#
#     x1 = 2    w1 =  1    p = w1 · x1    =  2
#     x2 = 3    w2 = -1    q = w2 · x2    = -3
#                          s = p + q      = -1
#               b  =  2    z = s + b      =  1
#                          a = max(z, 0)  =  1
#     t  = 3               e = a - t      = -2
#                          L = e · e      =  4
#
# The neuron says 1, it should have said 3, the loss is 4.
#
# ## Backward, with a pencil
#
# Each line above is one small function with a slope that everyone knows. The chain rule multiplies slopes along the
# way, from the loss back to the weight:
#
#     dL/de  = e + e          = -4    e is used twice: as left factor and as right factor. Both slopes add up.
#     dL/da  = dL/de · 1      = -4    e = a - t
#     dL/dz  = dL/da · 1      = -4    the ReLU is open, since z > 0; had z been negative, this would be 0
#     dL/db  = dL/dz · 1      = -4    z = s + b, and s = p + q: a sum hands its gradient on to each of its terms,
#     dL/dp  = dL/dq = dL/dz  = -4
#     dL/dw1 = dL/dp · x1     = -8    p = w1 · x1: the slope of a product is the other factor
#     dL/dw2 = dL/dq · x2     = -12
#
# So: grow w1 by a little h and the loss falls by about 8h.

# %%
by_hand = {"w1": -8.0, "w2": -12.0, "b": -4.0}

# %% [markdown]
# ## The same by the tape
#
# A `Tensor` is an array that remembers how it was made. Write the forward pass; `backward()` does the rest.

# %%
leaves = {"x1": 2.0, "w1": 1.0, "x2": 3.0, "w2": -1.0, "b": 2.0, "t": 3.0}
tensors = {name: Tensor(np.array(value), requires_grad=name in by_hand) for name, value in leaves.items()}
x1, w1, x2, w2, b, t = tensors.values()

p = w1 * x1
q = w2 * x2
s = p + q
z = s + b
a = ops.relu(z)
e = a - t
L = e * e

L.backward(retain_graph=True)  # keep the tape: it is read once more below
for name, gradient in by_hand.items():
    agree(f"dL/d{name} by hand and by the tape", tensors[name].grad, gradient)

# %% [markdown]
# ## A third witness: try it
#
# The gradient is a claim about what happens when a number moves. So move it, and look. No calculus is needed.

# %%


def loss_with(**changed: float) -> float:
    """The loss, computed anew with some of the leaves changed."""
    v = leaves | changed
    return (max(v["w1"] * v["x1"] + v["w2"] * v["x2"] + v["b"], 0) - v["t"]) ** 2


h = 1e-5
for name, gradient in by_hand.items():
    slope = (loss_with(**{name: leaves[name] + h}) - loss_with(**{name: leaves[name] - h})) / (2 * h)
    agree(f"dL/d{name} by hand and by trying it", slope, gradient, tolerance=1e-9)

# %% [markdown]
# ## What backward() does
#
# Every Tensor that an operator made has a `node`: the operator's name, its inputs, and its *pullback*, a function
# that takes the gradient of the output and gives the gradient of each input. Backpropagation is a loop over the
# nodes, last one first. A tensor's turn comes only when everybody who used it has handed in a gradient, and those
# gradients add up: `e` went into the product twice, so it waits for both.
#
# Here is that loop. The real one is `Tensor.backward` in `minicnn/tensor/tape.py`; it also finds the order by itself.

# %%
gradients = {L: np.array(1.0)}  # dL/dL
for tensor in (L, e, a, z, s, q, p):
    pulled_back = tensor.node.pullback(gradients[tensor])
    for name, source in tensor.node.inputs.items():
        if source.requires_grad:
            gradient = pulled_back[name]()  # a function, called only if somebody wants the number
            gradients[source] = gradients.get(source, 0) + gradient

agree("dL/dw1 by our own loop over the tape", gradients[w1], w1.grad)
agree("dL/dw2 by our own loop over the tape", gradients[w2], w2.grad)
agree("dL/de, which two paths lead to", gradients[e], -4.0)

# %% [markdown]
# ## One step downhill
#
# Move every weight a little against its gradient: w = w - 0.01 · dL/dw. To first order the loss must change by
# -0.01 · (8² + 12² + 4²) = -2.24. It really falls from 4 to 2.0736, by 1.9264: the rest is the curve of the square.

# %%
stepped = {name: leaves[name] - 0.01 * gradient for name, gradient in by_hand.items()}
agree("the loss after one step", loss_with(**stepped), 2.0736)

# %% [markdown]
# ## From one neuron to a layer
#
# A layer is many such neurons over many examples, written as one matrix product. `ops.dense` computes y = x @ w + b
# for x (N, I), w (I, O), b (O,). Its three gradients are the ones above, N · O times at once:
#
#     dx = dy @ wᵀ        dw = xᵀ @ dy        db = dy summed over the examples

# %%
x_row = np.array([[2.0, 3.0]])  # (N, I) = (1, 2)
w_column = np.array([[1.0], [-1.0]])  # (I, O) = (2, 1)
z_row, pullback = ops.dense.vjp(x_row, w_column, np.array([2.0]))
gradient = pullback(np.array([[-4.0]]))  # dL/dz, from above
agree("z by ops.dense", z_row, [[1.0]])
agree("dw by ops.dense", gradient["w"](), [[-8.0], [-12.0]])
minicnn.gradcheck(lambda x, w: ops.relu(ops.dense(x, w)), [np.array([[2.0, 3.0]]), np.array([[1.0], [-0.5]])])

# %% [markdown]
# ## The picture: the tape, with its numbers
#
# Blue is computed from left to right, orange from right to left. On each arrow stands its own small slope. Along a
# path slopes multiply; where paths meet, as the two from `e` to `L`, they add. Grey is data: nobody
# asks for its gradient, so none is computed.

# %%
PLACES = {
    "w1": (0, 3.7), "x1": (0, 2.6), "w2": (0, 1.1), "x2": (0, 0), "p": (2, 3.15), "q": (2, 0.55), "s": (4, 1.85),
    "b": (4, 3.7), "z": (6, 1.85), "a": (8, 1.85), "t": (8, 3.7), "e": (10, 1.85), "L": (12, 1.85),
}  # fmt: skip
FORMULAS = {"p": "w1 · x1", "q": "w2 · x2", "s": "p + q", "z": "s + b", "a": "relu(z)", "e": "a - t", "L": "e · e"}
ARROWS = [  # from, to, slope, bend
    ("w1", "p", "x1 = 2", 0), ("x1", "p", "", 0), ("w2", "q", "x2 = 3", 0), ("x2", "q", "", 0), ("p", "s", "1", 0),
    ("q", "s", "1", 0), ("s", "z", "1", 0), ("b", "z", "1", 0), ("z", "a", "1 (open)", 0), ("a", "e", "1", 0),
    ("t", "e", "", 0), ("e", "L", "e = -2", 0.3), ("e", "L", "e = -2", -0.3),
]  # fmt: skip
tensors |= {"p": p, "q": q, "s": s, "z": z, "a": a, "e": e, "L": L}


def draw_box(axes: Axes, name: str) -> FancyBboxPatch:
    """One tensor: how it was made, its value in blue and, if anybody asked for it, its gradient in orange."""
    (x, y), tensor = PLACES[name], tensors[name]
    lines = [(f"{name} = {FORMULAS[name]}" if name in FORMULAS else name, "black"), (f"{tensor.item():g}", BLUE)]
    if tensor in gradients:
        lines.append((f"dL/d{name} = {gradients[tensor].item():g}", ORANGE))
    for line, (text, colour) in enumerate(lines):
        axes.text(x, y + 0.26 * ((len(lines) - 1) / 2 - line), text, ha="center", va="center", size=12, color=colour)
    edge = ORANGE if tensor.requires_grad else GREY
    box = FancyBboxPatch((x - 0.57, y - 0.34), 1.14, 0.68, boxstyle="round,pad=0.06", fc="none", ec=edge, lw=2)
    return axes.add_patch(box)


figure, axes = plt.subplots(figsize=(15, 6), layout="constrained")
axes.set(xlim=(-0.8, 12.8), ylim=(-0.6, 4.3))
axes.axis("off")
boxes = {name: draw_box(axes, name) for name in PLACES}
for source, target, slope, bend in ARROWS:
    ends = {"patchA": boxes[source], "patchB": boxes[target], "connectionstyle": f"arc3,rad={bend}"}
    style = {"arrowstyle": "-|>", "color": GREY, "shrinkA": 2, "shrinkB": 2, **ends}
    axes.annotate("", PLACES[target], PLACES[source], arrowprops=style)
    run = np.subtract(PLACES[target], PLACES[source])
    above = np.array([-run[1], run[0]]) / np.hypot(*run)
    beside = np.add(PLACES[source], run / 2) + above * (0.17 if bend <= 0 else -0.17) - (0, bend)
    axes.text(*beside, slope, ha="center", va="center", color=GREY)
axes.set_title("One neuron: values forward (blue), gradients backward (orange), slopes on the arrows", size=14)
save(figure, "1_one_neuron.png")
