"""Which operators are compared, on which geometry and which numbers: `cases()`. NumPy only."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

# Inputs that are given and not learned: no gradient is asked for them.
CONSTANTS = frozenset({"labels", "targets", "mean", "variance"})


@dataclass(frozen=True)
class Case:
    """One call: `ops.<operator>(**inputs, **options)`, and what is to be multiplied into its gradient."""

    name: str
    operator: str
    options: dict[str, Any]
    inputs: dict[str, np.ndarray]

    @property
    def learned(self) -> list[str]:
        """The inputs that have gradients."""
        return [name for name in self.inputs if name not in CONSTANTS]

    def upstream(self, shape: tuple[int, ...]) -> np.ndarray:
        """A random upstream gradient: with one of all ones, softmax and batch-norm have true gradients of zero."""
        return Numbers(f"{self.name}/upstream").normal(*shape)


class Numbers:
    """Random numbers of a case's own, drawn by its name, so that a new case leaves the others as they are.

    All are exact in float32: a float32 and a float64 run start from the same numbers.
    """

    def __init__(self, name: str) -> None:
        self.rng = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))

    def normal(self, *shape: int) -> np.ndarray:
        """Multiples of 1/256."""
        return np.round(self.rng.standard_normal(shape) * 256) / 256

    def distinct(self, *shape: int) -> np.ndarray:
        """No two alike, half of them negative, in random order: no maximum is near a tie."""
        n = int(np.prod(shape))
        return (self.rng.permutation(n).reshape(shape) - n // 2) / 8

    def positive(self, *shape: int) -> np.ndarray:
        """From 0.25 to 2.25."""
        return np.round(self.rng.uniform(0.25, 2.25, shape) * 256) / 256

    def labels(self, n: int, classes: int) -> np.ndarray:
        """Whole numbers, (n,)."""
        return self.rng.integers(0, classes, n)

    def distribution(self, n: int, classes: int) -> np.ndarray:
        """Rows of multiples of 1/256 that sum to 1, (n, classes)."""
        cuts = np.sort(self.rng.integers(0, 257, (n, classes - 1)), axis=1)
        return np.diff(cuts, prepend=0, append=256) / 256


def cases() -> Iterator[Case]:
    """Every case."""
    yield from _convolution()
    yield from _depthwise()
    yield from _transposed()
    yield from _pooling()
    yield from _batch_norm()
    yield from _residual()
    yield from _dense()
    yield from _activations()
    yield from _losses()
    yield from _arithmetic()
    yield from _shapes()


def _convolution() -> Iterator[Case]:
    geometries: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
        "plain": ((2, 5, 6, 3), (3, 2, 3, 4), {}),
        "one pixel kernel": ((2, 3, 2, 5), (1, 1, 5, 3), {}),
        "same, odd kernel": ((1, 4, 5, 2), (3, 5, 2, 3), {"padding": "same"}),
        "same, even kernel": ((1, 5, 4, 2), (2, 4, 2, 2), {"padding": "same"}),
        "same, strides": ((2, 6, 7, 2), (3, 3, 2, 3), {"padding": "same", "strides": 2}),
        "same, stride beyond kernel": ((1, 7, 8, 2), (2, 2, 2, 2), {"padding": "same", "strides": 3}),
        "same, dilation": ((1, 6, 6, 2), (3, 2, 2, 2), {"padding": "same", "dilation": [2, 3]}),
        "unequal strides": ((2, 7, 6, 2), (3, 2, 2, 3), {"strides": [2, 1]}),
        "pixels no window sees": ((1, 8, 7, 1), (2, 3, 1, 2), {"strides": 3}),
        "dilation": ((1, 7, 8, 2), (3, 2, 2, 2), {"dilation": [2, 3]}),
        "dilation, strides, pads": ((1, 6, 7, 2), (2, 3, 2, 2), {"dilation": 2, "strides": 2, "padding": 1}),
        "asymmetric pads": ((1, 4, 3, 2), (3, 2, 2, 3), {"padding": [[2, 0], [1, 3]]}),
        "pads beyond the kernel": ((1, 2, 2, 1), (2, 2, 1, 2), {"padding": 3}),
        "two groups": ((2, 4, 5, 4), (2, 3, 2, 6), {"groups": 2}),
        "groups, strides, same": ((1, 5, 5, 6), (3, 3, 2, 3), {"groups": 3, "strides": 2, "padding": "same"}),
        "whole image": ((3, 3, 4, 2), (3, 4, 2, 5), {}),
    }
    for geometry, (x, w, options) in geometries.items():
        yield _with_parameters("conv2d", geometry, options, x, w, filters=w[3])
    numbers = Numbers("conv2d: no bias")
    yield Case("conv2d: no bias", "conv2d", {}, {"x": numbers.normal(1, 3, 4, 2), "w": numbers.normal(2, 2, 2, 2)})


def _depthwise() -> Iterator[Case]:
    geometries: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
        "plain": ((2, 4, 5, 3), (3, 2, 3, 1), {}),
        "two filters a channel": ((1, 4, 5, 3), (2, 3, 3, 2), {}),
        "three filters, same, strides": ((1, 5, 6, 2), (3, 3, 2, 3), {"padding": "same", "strides": 2}),
        "dilation": ((1, 6, 5, 2), (3, 2, 2, 2), {"dilation": 2}),
        "asymmetric pads": ((1, 3, 4, 2), (3, 2, 2, 1), {"padding": [[0, 2], [2, 1]], "strides": [1, 2]}),
    }
    for geometry, (x, w, options) in geometries.items():
        yield _with_parameters("depthwise_conv2d", geometry, options, x, w, filters=w[2] * w[3])


def _transposed() -> Iterator[Case]:
    geometries: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
        "plain": ((2, 3, 4, 3), (3, 2, 2, 3), {}),
        "strides": ((1, 3, 4, 2), (3, 3, 3, 2), {"strides": 2}),
        "stride beyond kernel": ((1, 3, 2, 2), (2, 1, 2, 2), {"strides": 3}),
        "same": ((1, 4, 3, 2), (3, 2, 2, 2), {"padding": "same"}),
        "same, strides": ((1, 3, 4, 2), (3, 4, 3, 2), {"padding": "same", "strides": 2}),
        "same, stride beyond kernel": ((1, 2, 3, 1), (2, 2, 2, 1), {"padding": "same", "strides": 3}),
        "same, dilation": ((1, 4, 4, 2), (2, 3, 2, 2), {"padding": "same", "dilation": 2}),
        "dilation, strides": ((1, 3, 3, 2), (2, 3, 1, 2), {"dilation": [3, 2], "strides": 2}),
        "pads": ((1, 4, 3, 2), (3, 3, 2, 2), {"padding": 1, "strides": 2}),
        "asymmetric pads": ((1, 3, 4, 2), (4, 3, 2, 2), {"padding": [[2, 0], [0, 1]], "strides": 2}),
        "pads, output padding": ((1, 3, 3, 2), (3, 3, 2, 2), {"padding": 1, "strides": 2, "output_padding": 1}),
        "valid, output padding": ((1, 3, 2, 2), (3, 2, 2, 2), {"strides": [2, 3], "output_padding": [1, 2]}),
        "same, output padding": (
            (1, 3, 4, 2),
            (3, 5, 2, 2),
            {"padding": "same", "strides": 2, "output_padding": [1, 0]},
        ),
        "same, output padding, even kernel": (
            (1, 2, 3, 1),
            (4, 3, 2, 1),
            {"padding": "same", "strides": 3, "dilation": [1, 2], "output_padding": [2, 1]},
        ),
    }
    for geometry, (x, w, options) in geometries.items():
        yield _with_parameters("conv2d_transpose", geometry, options, x, w, filters=w[2])


def _with_parameters(
    operator: str, geometry: str, options: dict[str, Any], x: tuple[int, ...], w: tuple[int, ...], filters: int
) -> Case:
    name = f"{operator}: {geometry}"
    numbers = Numbers(name)
    inputs = {"x": numbers.normal(*x), "w": numbers.normal(*w), "b": numbers.normal(filters)}
    return Case(name, operator, options, inputs)


def _pooling() -> Iterator[Case]:
    geometries: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
        "plain": ((2, 4, 6, 2), {"pool_size": 2}),
        "rows and columns left over": ((1, 5, 7, 2), {"pool_size": [2, 3]}),
        "overlapping": ((2, 5, 6, 2), {"pool_size": 3, "strides": 2}),
        "overlapping by all but one": ((1, 4, 5, 2), {"pool_size": [3, 2], "strides": 1}),
        "stride beyond window": ((1, 7, 6, 2), {"pool_size": 2, "strides": 3}),
        "same": ((1, 5, 5, 2), {"pool_size": 2, "padding": "same"}),
        "same, overlapping": ((1, 6, 5, 2), {"pool_size": 3, "strides": 2, "padding": "same"}),
        "pads": ((1, 4, 5, 2), {"pool_size": 3, "strides": 2, "padding": 1}),
        "asymmetric pads": ((1, 4, 4, 2), {"pool_size": 3, "strides": [1, 2], "padding": [[2, 0], [0, 1]]}),
    }
    for operator in ("max_pool2d", "average_pool2d"):
        for geometry, (shape, options) in geometries.items():
            name = f"{operator}: {geometry}"
            yield Case(name, operator, options, {"x": Numbers(name).distinct(*shape)})
    name = "max_pool2d: all negative, padded"
    negative = Numbers(name).distinct(1, 3, 3, 2) - 100
    yield Case(name, "max_pool2d", {"pool_size": 3, "strides": 1, "padding": "same"}, {"x": negative})
    name = "max_pool2d: ties"
    tied = Numbers(name).rng.integers(-1, 2, (2, 5, 5, 2)).astype(float)
    yield Case(name, "max_pool2d", {"pool_size": 3, "strides": 2}, {"x": tied})
    for operator in ("global_max_pool2d", "global_average_pool2d"):
        yield Case(operator, operator, {}, {"x": Numbers(operator).distinct(3, 4, 3, 2)})


def _batch_norm() -> Iterator[Case]:
    shapes = {"images": (3, 3, 4, 2), "rows": (7, 3), "two rows": (2, 2)}
    for kind, shape in shapes.items():
        for epsilon in (1e-3, 0.5):
            name = f"batch_norm: {kind}, epsilon {epsilon}"
            numbers = Numbers(name)
            inputs = {
                "x": numbers.normal(*shape) * 2 + 3,
                "gamma": numbers.normal(shape[-1]),
                "beta": numbers.normal(shape[-1]),
            }
            yield Case(name, "batch_norm", {"epsilon": epsilon}, inputs)
            name = f"batch_norm_inference: {kind}, epsilon {epsilon}"
            given = {"mean": numbers.normal(shape[-1]), "variance": numbers.positive(shape[-1])}
            yield Case(name, "batch_norm_inference", {"epsilon": epsilon}, inputs | given)


def _residual() -> Iterator[Case]:
    for shape in ((3, 3, 4, 2), (7, 3)):
        for relu in ("after", "before", None):
            name = f"batch_norm_add: {len(shape)} axes, relu {relu}"
            numbers = Numbers(name)
            inputs = {
                "x": numbers.normal(*shape) * 2 + 3,
                "gamma": numbers.normal(shape[-1]),
                "beta": numbers.normal(shape[-1]),
                "shortcut": numbers.normal(*shape),
            }
            yield Case(name, "batch_norm_add", {"relu": relu, "epsilon": 0.01}, inputs)
    numbers = Numbers("add_relu")
    yield Case("add_relu", "add_relu", {}, {"x": numbers.normal(3, 4, 2), "y": numbers.normal(3, 4, 2)})


def _dense() -> Iterator[Case]:
    for size, (n, i, o) in {"plain": (4, 5, 3), "one row": (1, 6, 2), "one output": (5, 3, 1)}.items():
        name = f"dense: {size}"
        numbers = Numbers(name)
        yield Case(name, "dense", {}, {"x": numbers.normal(n, i), "w": numbers.normal(i, o), "b": numbers.normal(o)})
    numbers = Numbers("dense: no bias")
    yield Case("dense: no bias", "dense", {}, {"x": numbers.normal(3, 4), "w": numbers.normal(4, 2)})


def _activations() -> Iterator[Case]:
    variants: dict[str, tuple[str, dict[str, Any]]] = {
        "relu": ("relu", {}),
        "relu: slope": ("relu", {"negative_slope": 0.25}),
        "relu: ceiling": ("relu", {"max_value": 1.0}),
        "relu: threshold": ("relu", {"threshold": 0.501}),
        "relu: all options": ("relu", {"negative_slope": 0.125, "max_value": 1.5, "threshold": 0.501}),
        "relu6": ("relu6", {}),
        "leaky_relu": ("leaky_relu", {}),
        "leaky_relu: slope": ("leaky_relu", {"negative_slope": 0.5}),
        "sigmoid": ("sigmoid", {}),
        "tanh": ("tanh", {}),
        "softmax": ("softmax", {}),
        "elu": ("elu", {}),
        "elu: alpha": ("elu", {"alpha": 0.25}),
        "selu": ("selu", {}),
        "gelu": ("gelu", {}),
        "gelu: approximate": ("gelu", {"approximate": True}),
        "silu": ("silu", {}),
        "softplus": ("softplus", {}),
        "log_softmax": ("log_softmax", {}),
    }
    for name, (operator, options) in variants.items():
        x = Numbers(name).normal(4, 6) * 4
        x[0, :4] = 0, 6, 40, -40  # the kinks of ReLU and ReLU6 themselves, and where exponentials saturate
        yield Case(name, operator, options, {"x": x})
    yield Case("softmax: images", "softmax", {}, {"x": Numbers("softmax: images").normal(2, 2, 3, 4)})
    for sharing, shape in {"not shared": (3, 2, 4), "a channel's": (4,), "shared by pixels": (1, 1, 4)}.items():
        name = f"prelu: {sharing}"
        numbers = Numbers(name)
        yield Case(name, "prelu", {}, {"x": numbers.normal(3, 3, 2, 4), "alpha": numbers.normal(*shape)})


def _losses() -> Iterator[Case]:
    for operator, scores in (("softmax_cross_entropy", "logits"), ("cross_entropy", "probabilities")):
        for kind in ("labels", "soft targets", "targets that do not sum to 1"):
            name = f"{operator}: {kind}"
            numbers = Numbers(name)
            given = numbers.normal(5, 4) * 3 if scores == "logits" else numbers.positive(5, 4)
            labels = numbers.labels(5, 4) if kind == "labels" else numbers.distribution(5, 4)
            if kind.startswith("targets"):
                labels = labels * numbers.positive(5, 1)
            yield Case(name, operator, {}, {scores: given, "labels": labels})
    name = "softmax_cross_entropy: extreme logits"
    extreme = np.array([[0.0, 200, -200], [90, 89, 0], [-300, -300, -300]])
    yield Case(name, "softmax_cross_entropy", {}, {"logits": extreme, "labels": np.array([2, 1, 0])})
    name = "cross_entropy: clipped"
    certain = np.array([[1.0, 0, 0], [0, 0.75, 0.25], [0.5, 0.5, 0]])
    yield Case(name, "cross_entropy", {}, {"probabilities": certain, "labels": np.array([1, 0, 1])})
    for kind in ("labels", "soft targets"):
        for from_logits in (True, False):
            name = f"binary_cross_entropy: {kind}, from {'logits' if from_logits else 'probabilities'}"
            numbers = Numbers(name)
            given = numbers.normal(4, 3) * 4 if from_logits else numbers.distribution(4, 4)[:, :3] * 0.75 + 0.125
            targets = numbers.labels(12, 2).reshape(4, 3).astype(float)
            if kind == "soft targets":
                targets = numbers.distribution(4, 4)[:, :3]
            options = {"from_logits": from_logits}
            yield Case(name, "binary_cross_entropy", options, {"predictions": given, "targets": targets})
    # Prediction 1 with target 0 is left out: 1 - (1 - 1e-7) is 1.19e-7 in float32, and the loss differs by 1 %.
    certain, targets = np.array([[1.0, 0, 0.5], [0, 1, 0.25]]), np.array([[1.0, 1, 0], [0, 1, 1]])
    name = "binary_cross_entropy: clipped"
    yield Case(name, "binary_cross_entropy", {}, {"predictions": certain, "targets": targets})


def _arithmetic() -> Iterator[Case]:
    for operator in ("add", "subtract", "multiply", "divide"):
        for x, y in (((2, 3), (2, 3)), ((2, 1, 3), (4, 1)), ((3,), (2, 3)), ((2, 2), ())):
            name = f"{operator}: {x} and {y}"
            numbers = Numbers(name)
            second = numbers.positive(*y) if operator == "divide" else numbers.normal(*y)
            yield Case(name, operator, {}, {"x": numbers.normal(*x), "y": second})
    for operator in ("maximum", "minimum"):
        name = f"{operator}: with ties"
        numbers = Numbers(name)
        x, y = numbers.normal(2, 3, 4), numbers.normal(3, 1)
        x[0, :, 0] = y[:, 0]
        yield Case(name, operator, {}, {"x": x, "y": y})
    for axis in (0, -1, 1):
        name = f"concatenate: axis {axis}"
        numbers = Numbers(name)
        shapes = [[2, 3, 2], [2, 3, 2], [2, 3, 2]]
        for i, n in enumerate((1, 4)):
            shapes[i][axis] = n
        arrays = {f"x{i}": numbers.normal(*shape) for i, shape in enumerate(shapes)}
        yield Case(name, "concatenate", {"axis": axis}, arrays)
    for x, y in (((3, 4), (4, 2)), ((2, 3, 4), (4, 2)), ((3, 1, 2, 2), (2, 2, 3))):
        name = f"matmul: {x} and {y}"
        numbers = Numbers(name)
        yield Case(name, "matmul", {}, {"x": numbers.normal(*x), "y": numbers.normal(*y)})
    for exponent in (2.0, -1.0, 0.5, 3.0):
        name = f"power: {exponent}"
        yield Case(name, "power", {"exponent": exponent}, {"x": Numbers(name).positive(2, 4)})
    for operator in ("log", "sqrt"):
        yield Case(operator, operator, {}, {"x": Numbers(operator).positive(2, 4)})
    for operator in ("negative", "exp", "absolute"):
        x = Numbers(operator).normal(2, 4)
        x[0, 0] = 0
        yield Case(operator, operator, {}, {"x": x})


def _shapes() -> Iterator[Case]:
    for operator in ("sum", "mean", "max"):
        for options in ({}, {"axis": 1}, {"axis": [0, -1], "keepdims": True}):
            name = f"{operator}: {options}"
            yield Case(name, operator, options, {"x": Numbers(name).distinct(2, 3, 4)})
    for name, operator, options in (
        ("reshape", "reshape", {"shape": [4, -1]}),
        ("transpose", "transpose", {}),
        ("transpose: axes", "transpose", {"axes": [1, 2, 0]}),
        ("getitem: one twice", "getitem", {"index": [1, 0, 1, -1]}),
    ):
        yield Case(name, operator, options, {"x": Numbers(name).normal(2, 3, 4)})
    for padding in (1, [1, 2], [[0, 2], [3, 1]]):
        name = f"zero_pad2d: {padding}"
        yield Case(name, "zero_pad2d", {"padding": padding}, {"x": Numbers(name).normal(1, 2, 3, 2)})
    for interpolation in ("nearest", "bilinear"):
        for size in (2, [3, 1], [1, 4]):
            name = f"upsample2d: {interpolation}, {size}"
            options = {"size": size, "interpolation": interpolation}
            yield Case(name, "upsample2d", options, {"x": Numbers(name).normal(1, 3, 4, 2)})
