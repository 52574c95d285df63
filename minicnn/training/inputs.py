"""The door of fit, evaluate and predict: arrays as people have them, checked once, before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minicnn.backends import HOST, device_of
from minicnn.data.checks import check_finite, check_labels
from minicnn.errors import ArgumentError, DataError, DeviceError, ShapeError
from minicnn.geometry import is_int
from minicnn.layers.shapes import Shape, mapped_shapes, show
from minicnn.losses import Loss, SparseCategoricalCrossentropy
from minicnn.numeric import numeric
from minicnn.ops.checks import check_number
from minicnn.structure import is_nested, leaves, mapped, packed
from minicnn.tensor import Tensor


def check_inputs(x: Any, input_shape: Shape | None, name: str = "x") -> np.ndarray:
    """x as an array (N, ...) of numbers that fits the model. Raises ShapeError, DTypeError or DataError.

    input_shape: what the model was built for, (None, ...); None if it has not been built.
    """
    if x is None:
        raise ArgumentError(f"{name} is missing: give an array of examples, (N, ...)")
    x = _in_main_memory(numeric(x, name), name)
    if x.ndim == 1 and input_shape is not None and input_shape[1:] == (1,):
        x = x[:, None]
    if x.ndim < 2:
        raise ShapeError(
            f"{name} must be a batch, (N, ...), got shape {x.shape}; a single example becomes one with [None]"
        )
    if x.size == 0:
        raise DataError(f"{name} holds no {'numbers' if len(x) else 'examples'}: its shape is {x.shape}")
    if input_shape is not None:
        _check_shape(x.shape, input_shape, name)
    check_finite(x, name=name)
    return x


def check_targets(y: Any, count: int, loss: Loss | None, output_shape: Shape | None, name: str = "y") -> np.ndarray:
    """y as an array with one row an example, right for the loss. Raises ShapeError, DTypeError or DataError."""
    if y is None:
        raise ArgumentError(f"{name} is missing: training and evaluation need a target for each example")
    _in_main_memory(y.data if isinstance(y, Tensor) else y, name)
    of_examples = output_shape is None or len(output_shape) == 2  # and not of their pixels
    if isinstance(loss, SparseCategoricalCrossentropy) and loss.ignore_class is None and of_examples:
        classes = None if output_shape is None else output_shape[-1]
        return check_labels(y, name=name, count=count, classes=classes)
    y = numeric(y, name)
    if y.ndim == 0 or len(y) != count:
        raise ShapeError(f"{name} must have one row for each of the {count} examples, got shape {y.shape}")
    check_finite(y, name=name)
    return y


def check_all_inputs(x: Any, model: Any, name: str = "x") -> Any:
    """x as the model takes it: an array, or arrays in the structure of its inputs, with a row an example.

    model: a Network. Raises as check_inputs, and ArgumentError, ShapeError for arrays that do not go together.
    """
    shapes = model.input_shape if model.built else None
    if x is None or not model.takes_several(x):
        return check_inputs(model.arranged(x, name), shapes, name)
    x = model.arranged(x, name)
    flat = leaves(x)
    names = [f"input {i}" for i in range(len(flat))] if model.wiring is None else model.input_names
    wanted = [None] * len(flat) if shapes is None else _flat_shapes(shapes)
    checked = [check_inputs(a, s, f"{name} of {n!r}") for a, s, n in zip(flat, wanted, names, strict=True)]
    if len({len(a) for a in checked}) > 1:
        counts = ", ".join(f"{n!r} has {len(a)}" for a, n in zip(checked, names, strict=True))
        raise ShapeError(f"{name}: all inputs must have as many examples; {counts}")
    return packed(x, checked)


def count_of(x: Any) -> int:
    """How many examples an array, or a structure of arrays, holds."""
    return len(leaves(x)[0])


def _flat_shapes(shapes: Any) -> list[Shape]:
    found: list[Shape] = []
    mapped_shapes(found.append, shapes)
    return found


def example_weights(y: Any, sample_weight: Any, class_weight: Mapping[int, float] | None) -> Any:
    """One weight an example, (N,), from both arguments of fit; None if neither was given.

    For several outputs those of sample_weight, a list that has been checked. Raises as check_weights_given, and
    ArgumentError for class weights where there are several outputs, or that are none.
    """
    if y is None:
        return sample_weight
    if not is_nested(y):
        sample_weight = check_weights_given(sample_weight, len(y))
    if class_weight is None:
        return sample_weight
    if is_nested(y):
        raise ArgumentError("class_weight is for models with one output; use sample_weight, an array for each")
    by_class = _class_weights(y, class_weight)
    return by_class if sample_weight is None else sample_weight * by_class


def check_weights_given(sample_weight: Any, count: int) -> np.ndarray | None:
    """(N,) float64, or None. Raises ShapeError, DTypeError; DataError for what is negative or not finite."""
    if sample_weight is None:
        return None
    weights = numeric(sample_weight, "sample_weight").astype(np.float64)
    if weights.shape != (count,):
        raise ShapeError(f"sample_weight must have shape ({count},), one number an example; got {weights.shape}")
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise DataError("sample_weight must be finite and at least 0")
    return weights


def _class_weights(y: np.ndarray, class_weight: Any) -> np.ndarray:
    """Each example the weight of its class, 1 for classes that are not named: (N,)."""
    if not isinstance(class_weight, Mapping) or not all(is_int(c) and c >= 0 for c in class_weight):
        raise ArgumentError(
            f"class_weight must map class numbers to weights, e.g. {{0: 1.0, 1: 2.5}}; got {class_weight!r:.200}"
        )
    if y.ndim == 2 and y.shape[1] > 1:
        y = y.argmax(axis=1)
    if y.size != len(y):
        raise ArgumentError(f"class_weight needs targets that are classes, one an example; y has shape {y.shape}")
    weights = np.ones(len(y))
    for label, weight in class_weight.items():
        weights[y.reshape(-1) == label] = check_number("class_weight", f"the weight of class {label}", weight, least=0)
    return weights


def split_off(trees: list[Any], fraction: float) -> tuple[list[Any], list[Any]]:
    """The last `fraction` of all arrays, for validation, from the rest. Raises ArgumentError if either is empty."""
    count = count_of(trees[0])
    check_number("fit", "validation_split", fraction, least=0, below=1)
    at = int(count * (1 - fraction))
    if at in (0, count):
        raise ArgumentError(f"validation_split {fraction} of {count} examples leaves one of both parts empty")
    first = [mapped(lambda a: None if a is None else a[:at], tree) for tree in trees]
    return first, [mapped(lambda a: None if a is None else a[at:], tree) for tree in trees]


def _in_main_memory(array: Any, name: str) -> Any:
    if (device := device_of(array)) != HOST:
        raise DeviceError(
            f"{name} lives on {device!r}: give it in main memory, where it is checked; the model takes it from there "
            f"batch by batch. {name}.numpy() or {name}.get() copies it"
        )
    return array


def _check_shape(shape: tuple[int, ...], wanted: Shape, name: str) -> None:
    fits = len(shape) == len(wanted) and all(n in (None, m) for n, m in zip(wanted[1:], shape[1:], strict=True))
    if fits:
        return
    hint = ""
    if len(shape) == len(wanted) - 1 and shape[1:] == wanted[1:-1]:
        hint = f"; add the channel axis: {name}[..., None]"
    elif len(shape) == len(wanted) - 1 and shape == wanted[1:]:
        hint = f"; a single example becomes a batch with {name}[None]"
    elif len(shape) == 4 and (shape[2], shape[3], shape[1]) == wanted[1:]:
        hint = f"; put the channels last: {name}.transpose(0, 2, 3, 1)"
    raise ShapeError(f"{name} has shape {shape}, the model takes {show(wanted)}{hint}")
