"""Tensors that have a shape and no numbers yet: what `Input` gives, and what layers make of it.

A layer that is called on one notes the call instead of computing. The notes are the graph of a functional model.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, TypeVar, cast

import numpy as np

from minicnn.errors import StateError
from minicnn.structure import leaves
from minicnn.tensor.tape import Array, Tensor

F = TypeVar("F", bound=Callable[..., Any])


class Call:
    """One call of a layer on symbolic tensors. training: what it was told, or None if whoever calls the model says.

    inputs, outputs: symbolic tensors, in the structure that the layer takes and gives.
    """

    __slots__ = ("inputs", "layer", "outputs", "training")

    def __init__(self, layer: Any, inputs: Any, training: bool | None = None) -> None:
        self.layer, self.inputs, self.training = layer, inputs, training
        self.outputs: Any = None

    def __repr__(self) -> str:
        return f"<call of {self.layer!r}>"


class Symbolic(Tensor):
    """A tensor of the shape (None, ...), the batch axis first. The arithmetic and `minicnn.ops` take it as any other.

    call: the call of a layer that will give it. dtype: of the numbers to come.
    """

    __slots__ = ("_dtype", "_shape", "call")

    symbolic = True
    record: ClassVar[Callable[[Callable[..., Any], tuple, dict], Any]]
    """What notes the call of an operator: given by `minicnn.layers`, which knows how to make a layer of it."""

    def __init__(self, shape: tuple[int | None, ...], dtype: Any, call: Call) -> None:
        self._shape, self._dtype, self.call = tuple(shape), np.dtype(dtype), call
        self.grad, self.node, self.requires_grad = None, None, False

    @property
    def data(self) -> Array:
        """There is none. Raises StateError that says what to do."""
        raise StateError(
            f"{self!r} stands for numbers to come and has none: make a model of it, Model(inputs, outputs), and call "
            "that on arrays; functions of your own go into layers.Lambda"
        )

    @property
    def name(self) -> str:
        """That of the layer that will give it."""
        name: str = self.call.layer.name
        return name

    @property
    def shape(self) -> tuple[Any, ...]:
        """The shape, None for the batch axis."""
        return self._shape

    @property
    def dtype(self) -> np.dtype:
        """The element type to come."""
        return self._dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._shape)

    def __reduce__(self) -> Any:
        return object.__new__, (Symbolic,), (self._shape, self._dtype, self.call)

    def __setstate__(self, state: Any) -> None:
        self._shape, self._dtype, self.call = state
        self.grad, self.node, self.requires_grad = None, None, False

    def __repr__(self) -> str:
        return f"<Symbolic {self.name!r} shape={self.shape} dtype={self.dtype}>"


def is_symbolic(tree: Any) -> bool:
    """Whether any leaf of it is symbolic."""
    return any(isinstance(leaf, Symbolic) for leaf in leaves(tree))


def recordable(operator: F) -> F:
    """For an operator that is written with others: called on symbolic tensors it is one layer, not a layer for each."""

    @wraps(operator)
    def called(*args: Any, **options: Any) -> Any:
        if is_symbolic((args, options)):
            return Symbolic.record(called, args, options)
        return operator(*args, **options)

    return cast(F, called)
