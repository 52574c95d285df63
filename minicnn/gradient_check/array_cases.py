"""Cases of all other operators: arithmetic, reductions, shapes, activations, normalization, losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn import ops
from minicnn.gradient_check.case import Case, Draw
from minicnn.gradient_check.draws import between, distinct, shape_from, whole_from


def _normal(operator_name: str) -> Draw:
    """x of any shape, from the whole line."""

    def draw(rng: np.random.Generator) -> Case:
        return Case(getattr(ops, operator_name), {"x": rng.standard_normal(shape_from(rng))})

    return draw


def _positive(operator_name: str) -> Draw:
    """x of any shape, well above 0."""

    def draw(rng: np.random.Generator) -> Case:
        return Case(getattr(ops, operator_name), {"x": rng.uniform(0.3, 3, shape_from(rng))})

    return draw


def _kinked(operator_name: str, kinks: tuple[float, ...], **options: Any) -> Draw:
    """x of any shape, away from the kinks, on all sides of them."""

    def draw(rng: np.random.Generator) -> Case:
        return Case(getattr(ops, operator_name), {"x": between(rng, shape_from(rng), kinks)}, dict(options))

    return draw


def _broadcasting(operator_name: str) -> Draw:
    """Two operands, either of which may be repeated along some axes; y away from 0, for division."""

    def draw(rng: np.random.Generator) -> Case:
        shape = shape_from(rng)
        x = rng.standard_normal(_repeatable(rng, shape))
        y = between(rng, _repeatable(rng, shape), (0.0,))
        return Case(getattr(ops, operator_name), {"x": x, "y": np.sign(y) * np.maximum(np.abs(y), 0.5)})

    return draw


def _repeatable(rng: np.random.Generator, shape: list[int]) -> list[int]:
    """A shape that broadcasts to `shape`: leading axes left out, others one element long."""
    kept = shape[rng.integers(len(shape) + 1) :] if rng.random() < 0.4 else shape
    return [1 if rng.random() < 0.3 else n for n in kept]


def relu(rng: np.random.Generator) -> Case:
    """Keras's options, one by one and together."""
    sets: list[tuple[dict[str, Any], tuple[float, ...]]] = [
        ({}, (0.0,)),
        ({"negative_slope": 0.3}, (0.0,)),
        ({"max_value": 1.5}, (0.0, 1.5)),
        ({"threshold": 0.5}, (0.5,)),
        ({"negative_slope": 0.1, "max_value": 2.0, "threshold": 0.5}, (0.5, 2.0)),
    ]
    options, kinks = sets[rng.integers(len(sets))]
    return Case(ops.relu, {"x": between(rng, shape_from(rng), kinks)}, options)


def elu(rng: np.random.Generator) -> Case:
    """Some alpha and scale; away from 0, where the slope breaks unless alpha is 1."""
    options = {"alpha": float(rng.uniform(0.1, 2)), "scale": float(rng.uniform(0.5, 2))}
    return Case(ops.elu, {"x": between(rng, shape_from(rng), (0.0,))}, options)


def gelu(rng: np.random.Generator) -> Case:
    """Exact and approximate."""
    return Case(ops.gelu, {"x": rng.standard_normal(shape_from(rng))}, {"approximate": bool(rng.random() < 0.5)})


def log_softmax(rng: np.random.Generator) -> Case:
    """Rows of any length, of any rank."""
    return Case(ops.log_softmax, {"x": rng.standard_normal(shape_from(rng))})


def prelu(rng: np.random.Generator) -> Case:
    """A slope for each element, each channel, or each channel in Keras's shared_axes form."""
    shape = shape_from(rng, ranks=(2, 4), sides=(1, 3))
    shapes = [shape[1:], shape[-1:], [*[1] * (len(shape) - 2), shape[-1]]]
    alpha = rng.uniform(-0.5, 0.5, shapes[rng.integers(len(shapes))])
    return Case(ops.prelu, {"x": between(rng, shape, (0.0,)), "alpha": alpha})


def power(rng: np.random.Generator) -> Case:
    """Whole powers of any number, broken ones of positive numbers."""
    exponent = rng.choice([2.0, 3.0, -1.0, 0.5, -1.5, 1.0]).item()
    x = between(rng, shape_from(rng), (0.0,))
    x = np.sign(x) * np.maximum(np.abs(x), 0.5)
    return Case(ops.power, {"x": x if exponent == int(exponent) else np.abs(x)}, {"exponent": exponent})


def matmul(rng: np.random.Generator) -> Case:
    """Leading axes that broadcast."""
    whole = whole_from(rng)
    n, m, k = whole(1, 3), whole(1, 3), whole(1, 3)
    leading = shape_from(rng, ranks=(0, 2), sides=(1, 3))
    x = rng.standard_normal([*_repeatable(rng, leading), n, m])
    y = rng.standard_normal([*_repeatable(rng, leading), m, k])
    return Case(ops.matmul, {"x": x, "y": y})


def dense(rng: np.random.Generator) -> Case:
    """With and without bias."""
    n, inputs, outputs = rng.integers(1, 6, 3)
    arrays = {"x": rng.standard_normal((n, inputs)), "w": rng.standard_normal((inputs, outputs))}
    if rng.random() < 0.7:
        arrays["b"] = rng.standard_normal(outputs)
    return Case(ops.dense, arrays)


def sum(rng: np.random.Generator) -> Case:
    """Over any axes."""
    return _reduced(ops.sum, rng)


def mean(rng: np.random.Generator) -> Case:
    """Over any axes."""
    return _reduced(ops.mean, rng)


def max(rng: np.random.Generator) -> Case:
    """Over any axes; distinct values."""
    return _reduced(ops.max, rng)


def _reduced(operator: Any, rng: np.random.Generator) -> Case:
    shape = shape_from(rng)
    some = tuple(int(a) for a in rng.permutation(len(shape))[: rng.integers(1, len(shape) + 1)])
    axis = [None, int(rng.integers(-len(shape), len(shape))), some][rng.integers(3)]
    return Case(operator, {"x": distinct(rng, shape)}, {"axis": axis, "keepdims": bool(rng.random() < 0.5)})


def reshape(rng: np.random.Generator) -> Case:
    """To another order of factors, to one axis, with and without -1."""
    shape = shape_from(rng)
    another = [int(n) for n in rng.permutation(shape)]
    targets = [tuple(another), -1, (-1, another[-1]), (1, *another, 1)]
    return Case(ops.reshape, {"x": rng.standard_normal(shape)}, {"shape": targets[rng.integers(len(targets))]})


def transpose(rng: np.random.Generator) -> Case:
    """Any order of axes, counted from either end."""
    shape = shape_from(rng, ranks=(1, 4), sides=(1, 3))
    axes = tuple(int(a) - len(shape) * int(rng.integers(2)) for a in rng.permutation(len(shape)))
    return Case(ops.transpose, {"x": rng.standard_normal(shape)}, {"axes": None if rng.random() < 0.2 else axes})


def getitem(rng: np.random.Generator) -> Case:
    """Slices forwards and backwards, whole numbers, repeated picks, masks, new axes."""
    x = rng.standard_normal(rng.integers(2, 5, 3))
    rows, mask = rng.integers(-len(x), len(x), 6), rng.random(x.shape) < 0.4
    indices: list[Any] = [1, slice(None, None, -1), (0, ..., slice(1, None, 2)), (..., None, -1), rows, mask]
    indices += [(rows, slice(None), rng.integers(0, x.shape[2], 6)), (slice(None), [0, 1, 0])]
    return Case(ops.getitem, {"x": x}, {"index": indices[rng.integers(len(indices))]})


def zero_pad2d(rng: np.random.Generator) -> Case:
    """All three ways to name a rim."""
    top, bottom, left, right = (int(n) for n in rng.integers(0, 3, 4))
    paddings: list[Any] = [top, (top, left), ((top, bottom), (left, right))]
    return Case(ops.zero_pad2d, {"x": _images(rng)}, {"padding": paddings[rng.integers(len(paddings))]})


def upsample2d(rng: np.random.Generator) -> Case:
    """Both interpolations."""
    interpolation = ("nearest", "bilinear")[rng.integers(2)]
    size = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    return Case(ops.upsample2d, {"x": _images(rng)}, {"size": size, "interpolation": interpolation})


def _images(rng: np.random.Generator) -> np.ndarray:
    n, height, width, channels = rng.integers(1, (3, 5, 5, 4))
    return rng.standard_normal((n, height, width, channels))


def softmax(rng: np.random.Generator) -> Case:
    """Over rows of one to five."""
    return Case(ops.softmax, {"x": 2 * rng.standard_normal(shape_from(rng, sides=(1, 5)))})


def dropout(rng: np.random.Generator) -> Case:
    """With a fixed key: the same mask each time, so that there is one function to check."""
    rate = rng.choice([0.0, 0.3, 0.5, 0.9]).item()
    x = rng.standard_normal(shape_from(rng, sides=(1, 6)))
    return Case(ops.dropout, {"x": x}, {"rate": rate, "seed": int(rng.integers(2**63))})


def batch_norm(rng: np.random.Generator) -> Case:
    """Of rows, sequences and images; three at least, for of two only the sign is left, and no gradient to speak of."""
    shape = [whole_from(rng)(3, 5), *shape_from(rng, ranks=(1, 3), sides=(1, 3))]
    channels = shape[-1]
    inputs = {
        "x": 1 + 5 * distinct(rng, shape),  # two values of a channel that nearly agree would be all curvature
        "gamma": rng.uniform(0.5, 2, channels) * rng.choice([-1, 1], channels),
        "beta": rng.standard_normal(channels),
    }
    return Case(ops.batch_norm, inputs, {"epsilon": rng.choice([1e-3, 1e-5]).item()})


def batch_norm_inference(rng: np.random.Generator) -> Case:
    """The statistics are constants there."""
    case = batch_norm(rng)
    channels = case.inputs["x"].shape[-1]
    statistics = {"mean": rng.standard_normal(channels), "variance": rng.uniform(0.2, 3, channels)}
    return Case(ops.batch_norm_inference, case.inputs, {**statistics, **case.options})


def softmax_cross_entropy(rng: np.random.Generator) -> Case:
    """Against whole-number labels and against probabilities."""
    logits = 2 * rng.standard_normal((rng.integers(1, 5), rng.integers(1, 6)))
    return Case(ops.softmax_cross_entropy, {"logits": logits}, {"labels": _targets(rng, *logits.shape)})


def cross_entropy(rng: np.random.Generator) -> Case:
    """Rows that do not sum to 1 yet, away from where they are clipped."""
    probabilities = rng.uniform(0.1, 1, (rng.integers(1, 5), rng.integers(2, 6)))
    return Case(ops.cross_entropy, {"probabilities": probabilities}, {"labels": _targets(rng, *probabilities.shape)})


def binary_cross_entropy(rng: np.random.Generator) -> Case:
    """Of probabilities away from where they are clipped, and of logits."""
    shape = rng.integers(1, 5, 2)
    from_logits = bool(rng.random() < 0.5)
    predictions = 3 * rng.standard_normal(shape) if from_logits else rng.uniform(0.1, 0.9, shape)
    targets = rng.random(shape) if rng.random() < 0.5 else rng.integers(0, 2, shape).astype(float)
    return Case(
        ops.binary_cross_entropy, {"predictions": predictions}, {"targets": targets, "from_logits": from_logits}
    )


def _targets(rng: np.random.Generator, n: int, classes: int) -> np.ndarray:
    """Whole-number labels (n,), or rows (n, classes) of weights whose sum is not 1."""
    return rng.integers(0, classes, n) if rng.random() < 0.5 else rng.random((n, classes))


ARRAY_CASES: dict[str, Draw] = {
    **{name: _broadcasting(name) for name in ("add", "subtract", "multiply", "divide")},
    **{name: _normal(name) for name in ("negative", "exp", "sigmoid", "tanh", "silu", "softplus")},
    **{name: _positive(name) for name in ("log", "sqrt")},
    "absolute": _kinked("absolute", (0.0,)),
    "relu6": _kinked("relu6", (0.0, 6.0)),
    "selu": _kinked("selu", (0.0,)),
    "leaky_relu": _kinked("leaky_relu", (0.0,), negative_slope=0.2),
    **{
        draw.__name__: draw
        for draw in (
            relu,
            elu,
            gelu,
            log_softmax,
            prelu,
            power,
            matmul,
            dense,
            sum,
            mean,
            max,
            reshape,
            transpose,
            getitem,
            zero_pad2d,
            upsample2d,
            softmax,
            dropout,
            batch_norm,
            batch_norm_inference,
            softmax_cross_entropy,
            cross_entropy,
            binary_cross_entropy,
        )
    },
}
