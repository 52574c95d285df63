"""Regularizers: what large weights, or large activations, add to the loss. Names and defaults are Keras 3's.

A regularizer is a function of a weight, or of a layer's output, that gives one number; of a Tensor it gives a Tensor,
whose gradient the tape knows. Layers take them as kernel_regularizer=, bias_regularizer= and activity_regularizer=.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn import ops
from minicnn.backends import beside
from minicnn.errors import ArgumentError, ShapeError
from minicnn.ops.checks import check_number
from minicnn.registry import from_identifier, to_identifier
from minicnn.tensor import Tensor


class Regularizer:
    """The base: called with a weight, gives one number."""

    def __call__(self, x: Any) -> Any:
        """The penalty of x: one number."""
        raise TypeError(f"{type(self).__name__} must define __call__(x)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, ready for JSON."""
        return dict(vars(self))


class L1L2(Regularizer):
    """l1 · Σ |x| + l2 · Σ x²: the elastic net.

    Source: Zou and Hastie, Regularization and variable selection via the elastic net (2005).
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = check_number("L1L2", "l1", 0.0 if l1 is None else l1, least=0)
        self.l2 = check_number("L1L2", "l2", 0.0 if l2 is None else l2, least=0)

    def __call__(self, x: Any) -> Any:
        """The penalty of x."""
        return ops.sum(ops.absolute(x)) * self.l1 + ops.sum(ops.multiply(x, x)) * self.l2


class L1(Regularizer):
    """l1 · Σ |x|, which drives numbers to 0 exactly.

    Source: Tibshirani, Regression shrinkage and selection via the lasso (1996).
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = check_number("L1", "l1", l1, least=0)

    def __call__(self, x: Any) -> Any:
        """The penalty of x."""
        return ops.sum(ops.absolute(x)) * self.l1


class L2(Regularizer):
    """l2 · Σ x², which makes all numbers smaller. (Not half of it, as in some books.)

    Source: Hoerl and Kennard, Ridge regression (1970).
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = check_number("L2", "l2", l2, least=0)

    def __call__(self, x: Any) -> Any:
        """The penalty of x."""
        return ops.sum(ops.multiply(x, x)) * self.l2


class OrthogonalRegularizer(Regularizer):
    """factor · the mean |cosine| between different rows, or columns, of a matrix: it turns them apart."""

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = check_number("OrthogonalRegularizer", "factor", factor, least=0)
        if mode not in ("rows", "columns"):
            raise ArgumentError(f"OrthogonalRegularizer: mode must be 'rows' or 'columns', got {mode!r}")
        self.mode = mode

    def __call__(self, x: Any) -> Any:
        """The penalty of x (rows, columns). Raises ShapeError for what is no matrix, or of one row (column) only."""
        if x.ndim != 2:
            raise ShapeError(f"OrthogonalRegularizer takes a matrix, got shape {x.shape}")
        rows = x if self.mode == "rows" else ops.transpose(x)
        n = rows.shape[0]
        if n < 2:
            raise ShapeError(f"OrthogonalRegularizer needs two {self.mode} or more, got shape {x.shape}")
        lengths = ops.sqrt(ops.sum(ops.multiply(rows, rows), axis=1, keepdims=True) + _SMALLEST)
        unit = ops.divide(rows, lengths)
        others = beside(1 - np.eye(n, dtype=x.dtype), x.data if isinstance(x, Tensor) else x)
        cosines = ops.multiply(ops.matmul(unit, ops.transpose(unit)), others)
        return ops.sum(ops.absolute(cosines)) * (self.factor / (n * (n - 1)))


_SMALLEST = 1e-24  # of a squared length


class FunctionRegularizer(Regularizer):
    """A function of your own, `f(x) -> Tensor` of one number, as a regularizer."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self.function = function

    def __call__(self, x: Any) -> Any:
        """function(x). Raises ArgumentError if that is no Tensor of one number."""
        penalty = self.function(x)
        if isinstance(x, Tensor) and not (isinstance(penalty, Tensor) and penalty.size == 1):
            name = getattr(self.function, "__name__", "")
            raise ArgumentError(f"the regularizer {name} must return a Tensor of one number, made of x by minicnn.ops")
        return penalty


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer  # Keras has them by these names, too

_KNOWN: dict[str, type[Regularizer]] = {
    "l1": L1,
    "l2": L2,
    "l1l2": L1L2,
    "l1_l2": L1L2,
    "orthogonal_regularizer": OrthogonalRegularizer,
}


def get(identifier: Any) -> Regularizer | None:
    """A regularizer from its name, class, config, a function, or as it is; None for None. Raises ArgumentError."""
    if identifier is None:
        return None
    if callable(identifier) and not isinstance(identifier, (Regularizer, type)):
        return FunctionRegularizer(identifier)
    return from_identifier("regularizer", identifier, Regularizer, _KNOWN)


def serialize(regularizer: Regularizer) -> dict[str, Any]:
    """{"class_name", "config"} of a regularizer. Raises ArgumentError for one of your own: it cannot be saved."""
    return to_identifier("regularizer", regularizer, _KNOWN)
