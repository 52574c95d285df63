"""A layer's numbers: what is learned, and what is kept."""

from __future__ import annotations

from typing import Any

from minicnn.backends import beside
from minicnn.constraints import Constraint
from minicnn.errors import ArgumentError, ShapeError
from minicnn.numeric import numeric
from minicnn.regularizers import Regularizer
from minicnn.tensor import Tensor


class Variable(Tensor):
    """A tensor that belongs to a layer: learned if `trainable`, else kept (running averages).

    regularizer: what it adds to the loss; constraint: what it must be after every update.
    """

    __slots__ = ("constraint", "name", "regularizer", "trainable")

    def __init__(
        self,
        data: Any,
        name: str = "variable",
        trainable: bool = True,
        regularizer: Regularizer | None = None,
        constraint: Constraint | None = None,
    ) -> None:
        super().__init__(data, requires_grad=trainable)
        self.name, self.trainable = name, trainable
        self.regularizer, self.constraint = regularizer, constraint

    def assign(self, value: Any) -> None:
        """Takes over the numbers of `value`. Raises ShapeError if the shape differs, DTypeError for no numbers."""
        self.data[...] = beside(self.fitting(value).astype(self.dtype, copy=False), self.data)

    def assign_add(self, value: Any) -> None:
        """Adds numbers of the variable's shape. Raises as `assign`."""
        self.assign(self.data + beside(self.fitting(value), self.data))

    def assign_sub(self, value: Any) -> None:
        """Takes numbers of the variable's shape away. Raises as `assign`."""
        self.assign(self.data - beside(self.fitting(value), self.data))

    @property
    def value(self) -> Variable:
        """The variable itself, which holds the numbers (`numpy()`) and their gradient (`grad`)."""
        return self

    @property
    def path(self) -> str:
        """Its name, with that of its layer."""
        return self.name

    def fitting(self, value: Any) -> Any:
        """`value` as an array, once it fits. Raises as `assign`."""
        value = numeric(value, self.name)
        if value.shape != self.shape:
            raise ShapeError(f"{self.name} has shape {self.shape}, it cannot take values of shape {value.shape}")
        return value


def assign_all(variables: list[Variable], weights: Any, who: str) -> None:
    """Every variable its array, all or none.

    Raises ArgumentError for what is no list, ShapeError if the numbers of arrays or their shapes differ, DTypeError.
    """
    if not isinstance(weights, (list, tuple)):
        raise ArgumentError(f"{who}: weights must be a list of arrays, got {type(weights).__name__}")
    if len(weights) != len(variables):
        raise ShapeError(f"{who} has {len(variables)} weight arrays, it was given {len(weights)}")
    arrays = [variable.fitting(array) for variable, array in zip(variables, weights, strict=True)]
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
