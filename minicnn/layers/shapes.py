"""Shapes of what layers take and give: one, or a list or dict of them where there are several tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from minicnn.errors import ShapeError
from minicnn.structure import mapped
from minicnn.tensor import Tensor, no_grad

# The batch axis comes first and is None: its length is not known when a network is built.
Shape: TypeAlias = tuple[int | None, ...]
Shapes: TypeAlias = Any  # a Shape, or a list or dict of Shapes: a tuple is always one shape


def mapped_shapes(function: Callable[[Any], Any], shapes: Shapes) -> Any:
    """function(shape) for each, in the structure that they have."""
    if isinstance(shapes, dict):
        return {key: mapped_shapes(function, shape) for key, shape in shapes.items()}
    if isinstance(shapes, list):
        return [mapped_shapes(function, shape) for shape in shapes]
    return function(shapes)


def shapes_of(tensors: Any) -> Shapes:
    """The shapes of tensors, or of arrays, in their structure."""
    return mapped(lambda t: t.shape, tensors)


def fits(shape: Shapes, wanted: Shapes) -> bool:
    """Whether tensors of the first shapes can stand where the second are expected, whatever the batch."""
    if isinstance(wanted, dict):
        return (
            isinstance(shape, dict) and shape.keys() == wanted.keys() and all(fits(shape[k], wanted[k]) for k in shape)
        )
    if isinstance(wanted, list) or not isinstance(shape, tuple):
        alike = isinstance(wanted, list) and isinstance(shape, list) and len(shape) == len(wanted)
        return alike and all(fits(s, w) for s, w in zip(shape, wanted, strict=True))
    return len(shape) == len(wanted) and shape[1:] == wanted[1:]


def show(shape: Shapes) -> str:
    """(None, 28, 28, 1), as Keras prints it."""
    if isinstance(shape, dict):
        return "{" + ", ".join(f"{key}: {show(s)}" for key, s in shape.items()) + "}"
    if isinstance(shape, list):
        return "[" + ", ".join(map(show, shape)) + "]"
    return "(" + ", ".join(str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"


def observed(call: Callable[[Any, bool], Any], input_shape: Shapes, dtype: str) -> Shapes:
    """The shapes that `call` gives for inputs of these shapes, seen on one example and on two, all ones.

    Raises ShapeError unless each output has a row for each example.
    """
    with no_grad(), np.errstate(all="ignore"):
        one, two = (
            mapped(
                lambda y: np.shape(y.data if isinstance(y, Tensor) else y),
                call(mapped_shapes(lambda s: Tensor(np.ones((n, *s[1:]), dtype)), input_shape), False),  # noqa: B023
            )
            for n in (1, 2)
        )
    return _without_batch(one, two)


def _without_batch(one: Any, two: Any) -> Shapes:
    """Shapes with None where one example and two examples made a difference, which is to be the first axis only."""
    if isinstance(one, dict):
        return {key: _without_batch(one[key], two[key]) for key in one}
    if isinstance(one, list):
        return [_without_batch(a, b) for a, b in zip(one, two, strict=True)]
    if (one[:1], two[:1]) != ((1,), (2,)) or one[1:] != two[1:]:
        raise ShapeError(
            f"the output must have a row for each example, (N, ...); for one it has shape {one}, for two {two}"
        )
    return None, *one[1:]
