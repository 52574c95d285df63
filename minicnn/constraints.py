"""Constraints: what weights must be, put right after every update. Names and defaults are Keras 3's.

A constraint is a function of a weight's array that gives the array which takes its place. Layers take them as
kernel_constraint= and bias_constraint=. `axis` says along which axes a norm is taken: 0 for a dense kernel (inputs,
units), [0, 1, 2] for each filter of a convolution's kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn.errors import ArgumentError
from minicnn.geometry import is_int
from minicnn.ops.checks import check_number
from minicnn.registry import from_identifier, to_identifier
from minicnn.tensor import Array

_EPSILON = 1e-7  # beside norms, which may be 0; Keras's


class Constraint:
    """The base: called with a weight's array, gives the one that takes its place."""

    def __call__(self, w: Array) -> Array:
        """The array of the same shape that keeps to the constraint."""
        raise TypeError(f"{type(self).__name__} must define __call__(w)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, ready for JSON."""
        return dict(vars(self))

    # For subclasses.

    def _axes(self, axis: Any) -> Any:
        axes = list(axis) if isinstance(axis, (tuple, list)) else axis
        if not (is_int(axes) or (isinstance(axes, list) and axes and all(is_int(a) for a in axes))):
            raise ArgumentError(f"{type(self).__name__}: axis must be a whole number or several, got {axis!r}")
        return axes

    def _norms(self, w: Array, axis: Any) -> Array:
        axes = axis if is_int(axis) else tuple(axis)
        given = (axes,) if is_int(axis) else axes
        if not all(-w.ndim <= a < w.ndim for a in given):
            raise ArgumentError(f"{type(self).__name__}: axis {axis} is not one of a weight of shape {w.shape}")
        return np.sqrt(np.square(w).sum(axis=axes, keepdims=True))


class MaxNorm(Constraint):
    """Norms along `axis` of at most max_value.

    Source: Srivastava, Hinton et al., Dropout (2014), section 5.1.
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value = check_number("MaxNorm", "max_value", max_value, least=0)
        self.axis = self._axes(axis)

    def __call__(self, w: Array) -> Array:
        """w, shortened where it is too long."""
        norms = self._norms(w, self.axis)
        return w * (norms.clip(0, self.max_value) / (norms + _EPSILON))


class NonNeg(Constraint):
    """Numbers of at least 0."""

    def __call__(self, w: Array) -> Array:
        """w, with 0 for what is below."""
        return np.maximum(w, 0)


class UnitNorm(Constraint):
    """Norms along `axis` of 1."""

    def __init__(self, axis: Any = 0) -> None:
        self.axis = self._axes(axis)

    def __call__(self, w: Array) -> Array:
        """w divided by its norms."""
        return w / (self._norms(w, self.axis) + _EPSILON)


class MinMaxNorm(Constraint):
    """Norms along `axis` between min_value and max_value; rate: how much of the way there each update goes."""

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value = check_number("MinMaxNorm", "min_value", min_value, least=0)
        self.max_value = check_number("MinMaxNorm", "max_value", max_value, least=self.min_value)
        self.rate = check_number("MinMaxNorm", "rate", rate, least=0)
        if self.rate > 1:
            raise ArgumentError(f"MinMaxNorm: rate must be at most 1, got {rate!r}")
        self.axis = self._axes(axis)

    def __call__(self, w: Array) -> Array:
        """w, with norms moved into the range."""
        norms = self._norms(w, self.axis)
        wanted = self.rate * norms.clip(self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (wanted / (norms + _EPSILON))


class FunctionConstraint(Constraint):
    """A function of your own, `f(w) -> w'` on arrays, as a constraint."""

    def __init__(self, function: Callable[[Array], Array]) -> None:
        self.function = function

    def __call__(self, w: Array) -> Array:
        """function(w). Raises ArgumentError if the shape is another."""
        kept = self.function(w)
        if getattr(kept, "shape", None) != w.shape:
            name = getattr(self.function, "__name__", "")
            raise ArgumentError(f"the constraint {name} must return an array of shape {w.shape}, the weight's")
        return kept


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm  # Keras's other names

_KNOWN: dict[str, type[Constraint]] = {
    "max_norm": MaxNorm,
    "non_neg": NonNeg,
    "unit_norm": UnitNorm,
    "min_max_norm": MinMaxNorm,
}


def get(identifier: Any) -> Constraint | None:
    """A constraint from its name, class, config, a function, or as it is; None for None. Raises ArgumentError."""
    if identifier is None:
        return None
    if callable(identifier) and not isinstance(identifier, (Constraint, type)):
        return FunctionConstraint(identifier)
    return from_identifier("constraint", identifier, Constraint, _KNOWN)


def serialize(constraint: Constraint) -> dict[str, Any]:
    """{"class_name", "config"} of a constraint. Raises ArgumentError for one of your own: it cannot be saved."""
    return to_identifier("constraint", constraint, _KNOWN)
