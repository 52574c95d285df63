"""Merging as functions: `add([x, y])` is `Add()([x, y])`."""

from __future__ import annotations

from typing import Any, Unpack

from minicnn.layers.arguments import LayerOptions
from minicnn.layers.merging import Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract


def add(inputs: Any, **options: Unpack[LayerOptions]) -> Any:
    """The sum of several tensors: `Add(**options)(inputs)`."""
    return Add(**options)(inputs)


def subtract(inputs: Any, **options: Unpack[LayerOptions]) -> Any:
    """The first of two tensors less the second: `Subtract(**options)(inputs)`."""
    return Subtract(**options)(inputs)


def multiply(inputs: Any, **options: Unpack[LayerOptions]) -> Any:
    """The product of several tensors: `Multiply(**options)(inputs)`."""
    return Multiply(**options)(inputs)


def average(inputs: Any, **options: Unpack[LayerOptions]) -> Any:
    """The mean of several tensors: `Average(**options)(inputs)`."""
    return Average(**options)(inputs)


def maximum(inputs: Any, **options: Unpack[LayerOptions]) -> Any:
    """The largest of several tensors: `Maximum(**options)(inputs)`."""
    return Maximum(**options)(inputs)


def minimum(inputs: Any, **options: Unpack[LayerOptions]) -> Any:
    """The smallest of several tensors: `Minimum(**options)(inputs)`."""
    return Minimum(**options)(inputs)


def concatenate(inputs: Any, axis: int = -1, **options: Unpack[LayerOptions]) -> Any:
    """Several tensors behind one another: `Concatenate(axis, **options)(inputs)`."""
    return Concatenate(axis, **options)(inputs)


def dot(inputs: Any, axes: Any = -1, **options: Unpack[LayerOptions]) -> Any:
    """The products of two tensors, summed over axes: `Dot(axes, **options)(inputs)`."""
    return Dot(axes, **options)(inputs)
