"""What every layer has: variables, a build step that knows the input's shape, a call, a config."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, TypedDict

import numpy as np

from minicnn import activations, constraints, initializers, regularizers
from minicnn.backends import beside, check_device, moved
from minicnn.constraints import Constraint
from minicnn.errors import ArgumentError, MinicnnError, ShapeError
from minicnn.geometry import is_int
from minicnn.initializers import Initializer
from minicnn.numeric import numeric
from minicnn.random import SeedGenerator
from minicnn.registry import snake_case
from minicnn.regularizers import Regularizer
from minicnn.tensor import Tensor

# The batch axis comes first and is None: its length is not known when a network is built.
Shape = tuple[int | None, ...]

# More numbers than that, 4 GiB of float32, in one variable or one example's output are a slip or an attack.
LARGEST = 2**30


class LayerOptions(TypedDict, total=False):
    """What every layer's constructor takes besides its own arguments."""

    name: str | None
    dtype: str | None
    trainable: bool
    input_shape: tuple[int | None, ...] | None
    activity_regularizer: Any


class Variable(Tensor):
    """A tensor that belongs to a layer: learned if `trainable`, else kept (running averages).

    regularizer: what it adds to the loss; constraint: what it must be after every update.
    """

    __slots__ = ("constraint", "name", "regularizer", "trainable")

    def __init__(
        self,
        data: Any,
        name: str,
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

    def fitting(self, value: Any) -> Any:
        """`value` as an array, once it fits. Raises as `assign`."""
        value = numeric(value, self.name)
        if value.shape != self.shape:
            raise ShapeError(f"{self.name} has shape {self.shape}, it cannot take values of shape {value.shape}")
        return value


class Layer:
    """The base of all layers.

    name: how summaries and errors call it (default: the class's name, with a number in a model).
    dtype: "float32" (default) or "float64", of the variables and of what is computed.
    trainable: False keeps the variables as they are.
    input_shape: shape of one example, without the batch; on the first layer of a model, instead of an Input.
    activity_regularizer: what the layer's output adds to the loss, divided by the number of examples.

    A subclass defines `build` (if it has variables), `call` and `compute_output_shape`, and keeps every argument of
    its constructor in an attribute of the same name: that is what `get_config` reads.
    """

    input_ndim: int | None = None  # how many axes the input must have, if it matters
    base_name: str | None = None

    def __init__(
        self,
        name: str | None = None,
        dtype: str | None = None,
        trainable: bool = True,
        input_shape: tuple[int | None, ...] | None = None,
        activity_regularizer: Any = None,
    ) -> None:
        if dtype not in (None, "float32", "float64"):
            raise ArgumentError(f"{type(self).__name__}: dtype must be 'float32' or 'float64', got {dtype!r}")
        if not isinstance(name, str | None):
            raise ArgumentError(f"{type(self).__name__}: name must be a string, got {name!r}")
        self.named_by_user = name is not None
        self.name = name or self.base_name or snake_case(type(self).__name__)
        self.dtype = dtype
        self.variables: list[Variable] = []
        self.trainable = trainable
        self.given_input_shape = None if input_shape is None else check_shape_argument("input_shape", input_shape)
        self.input_shape: Shape | None = None
        self.output_shape: Shape | None = None
        self.seed_generator: SeedGenerator | None = None
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.activity_loss: Tensor | None = None  # of the last output

    # What subclasses define.

    def build(self, input_shape: Shape) -> None:
        """Makes the variables for inputs of this shape (batch axis None)."""

    def call(self, x: Tensor, training: bool) -> Tensor:
        """The layer's output for a batch."""
        raise TypeError(f"{type(self).__name__} must define call(x, training)")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the output for inputs of this shape (batch axis None)."""
        return input_shape

    # What users call.

    @property
    def trainable(self) -> bool:
        """Whether training changes the layer. Frozen variables get no gradient: none is computed for them."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = flag(self, "trainable", value)
        for variable in self.variables:
            variable.requires_grad = variable.trainable and self._trainable

    @property
    def built(self) -> bool:
        """Whether the shapes are known and the variables exist."""
        return self.input_shape is not None

    def __call__(self, x: Any, training: bool = False) -> Tensor:
        """The output for a batch of arrays or Tensors; builds the layer if that has not happened yet.

        Raises ShapeError if x does not have the shape that the layer was built for, DTypeError if it is no numbers.
        """
        return self.run(self.receive(x), training)

    def run(self, x: Tensor, training: bool) -> Tensor:
        """`call`, and the activity regularizer looks at the output."""
        y = self.call(x, training)
        if self.activity_regularizer is not None:
            self.activity_loss = self.activity_regularizer(y) / max(len(y), 1)
        return y

    def receive(self, x: Any) -> Tensor:
        """What `call` takes, for what users give. Builds the layer if that has not happened yet; raises ShapeError."""
        x = self._as_input(x)
        if not self.built:
            self.build_for((None, *x.shape[1:]))
        self._check_input(x)
        return x

    def build_for(self, input_shape: Shape) -> Shape:
        """Checks the shape, makes the variables, and returns the output's shape. Errors name the layer."""
        if self.input_ndim is not None and len(input_shape) != self.input_ndim:
            axes = {4: "(batch, height, width, channels)", 2: "(batch, features)"}[self.input_ndim]
            raise ShapeError(f"{self._who()} needs inputs of shape {axes}, it would get {show(input_shape)}")
        if len(input_shape) < 2:
            raise ShapeError(f"{self._who()} needs a batch, (N, ...); it would get {show(input_shape)}")
        if any(n is None for n in input_shape[1:]):
            raise ShapeError(f"{self._who()} needs sizes that are known, except for the batch; got {show(input_shape)}")
        try:
            output_shape = self.compute_output_shape(input_shape)
            check_affordable("one example's output", output_shape[1:])
            self.build(input_shape)
        except MinicnnError as error:
            self.variables.clear()  # so that it can be built for another shape
            raise type(error)(f"{self._who()}: {error}") from None
        self.input_shape, self.output_shape = input_shape, output_shape
        return output_shape

    def add_weight(
        self,
        name: str,
        shape: tuple[int, ...],
        initializer: Initializer,
        trainable: bool = True,
        regularizer: Regularizer | None = None,
        constraint: Constraint | None = None,
    ) -> Variable:
        """A new variable; trainable ones are learned as long as the layer is trainable too."""
        check_affordable(name, shape)
        values = initializer(shape, self.dtype or "float32")
        variable = Variable(values, f"{self.name}/{name}", trainable, regularizer, constraint)
        variable.requires_grad = trainable and self.trainable
        self.variables.append(variable)
        return variable

    @property
    def weights(self) -> list[Variable]:
        """All variables, the learned ones first (Keras's order)."""
        return sorted(self.variables, key=lambda v: not v.trainable)

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training changes; none if the layer is frozen."""
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that the optimizer leaves alone."""
        return [v for v in self.weights if not (v.trainable and self.trainable)]

    @property
    def losses(self) -> list[Tensor]:
        """What regularizers add to the loss: of the last output, and of each learned weight."""
        activity = [] if self.activity_loss is None else [self.activity_loss]
        return activity + [v.regularizer(v) for v in self.trainable_weights if v.regularizer is not None]

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all variables, in Keras's order and shapes, in main memory."""
        return [np.array(v.numpy()) for v in self.weights]

    def set_weights(self, weights: list[Any]) -> None:
        """Takes over what `get_weights` of such a layer, Keras's included, returned. Raises ShapeError."""
        assign_all(self.weights, weights, self._who())

    def to(self, device: str) -> Layer:
        """Moves the variables, and what else the layer keeps in arrays; their gradients are forgotten. Returns itself.

        device: "cpu", "cuda" or "cuda-sim". Raises BackendError, saying why, for one that is not here.
        """
        there = check_device(device)
        for variable in self.variables:
            if variable.device != there:
                variable.data, variable.grad = moved(variable.data, there), None
        return self

    def count_params(self) -> int:
        """How many numbers the variables hold. Raises ShapeError if the layer has not been built."""
        if not self.built:
            raise ShapeError(f"{self._who()} has not been built: it has not seen the shape of its input yet")
        return sum(v.size for v in self.variables)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, ready for JSON."""
        names = [n for n, p in inspect.signature(type(self)).parameters.items() if p.kind is not p.VAR_KEYWORD]
        config = {name: _plain(getattr(self, name)) for name in names if name not in LayerOptions.__annotations__}
        if self.given_input_shape is not None:
            config["input_shape"] = list(self.given_input_shape)
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return {**config, "name": self.name, "dtype": self.dtype, "trainable": self.trainable}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """A layer, without its weights, from what `get_config` returned."""
        options: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}
        return cls(**options)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    # Help for both.

    def _who(self) -> str:
        return f"layer {self.name!r} ({type(self).__name__})"

    def _as_input(self, x: Any) -> Tensor:
        dtype = np.dtype(self.dtype or "float32")
        if isinstance(x, Tensor) and (x.requires_grad or x.dtype == dtype):
            return x
        return Tensor(numeric(x, f"the input of {self._who()}").astype(dtype, copy=False))

    def _check_input(self, x: Tensor) -> None:
        built_for = self.input_shape or ()
        if x.ndim != len(built_for) or any(n not in (None, m) for n, m in zip(built_for[1:], x.shape[1:], strict=True)):
            raise ShapeError(f"{self._who()} was built for inputs of shape {show(built_for)}, it got {x.shape}")


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


def check_affordable(name: str, shape: Shape) -> None:
    """Raises ArgumentError if an array of this shape would hold more than LARGEST numbers."""
    if (count := math.prod(n or 0 for n in shape)) > LARGEST:
        raise ArgumentError(
            f"{name} of shape {show(shape)} would hold {count:,} numbers, more than the {LARGEST:,} that minicnn "
            "makes; choose smaller sizes"
        )


def check_shape_argument(name: str, shape: Any) -> tuple[int | None, ...]:
    """A tuple of whole numbers (or None where a size is open). Raises ArgumentError."""
    if not isinstance(shape, (tuple, list)) or not all(n is None or (is_int(n) and n > 0) for n in shape):
        raise ArgumentError(
            f"{name} must be the shape of one example, e.g. (28, 28, 1): positive whole numbers; got {shape!r}"
        )
    return tuple(None if n is None else int(n) for n in shape)


def show(shape: Shape) -> str:
    """(None, 28, 28, 1), as Keras prints it."""
    return "(" + ", ".join(str(n) for n in shape) + ")"


def positive(owner: Layer, name: str, value: Any) -> int:
    """A whole number of at least 1. Raises ArgumentError that names the layer's class and the argument."""
    if not is_int(value) or value < 1:
        raise ArgumentError(f"{type(owner).__name__}: {name} must be a whole number of at least 1, got {value!r}")
    return int(value)


def flag(owner: Layer, name: str, value: Any) -> bool:
    """True or False. Raises ArgumentError that names the layer's class and the argument."""
    if not isinstance(value, (bool, np.bool_)):
        raise ArgumentError(f"{type(owner).__name__}: {name} must be True or False, got {value!r}")
    return bool(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Initializer):
        return initializers.serialize(value)
    if isinstance(value, Regularizer):
        return regularizers.serialize(value)
    if isinstance(value, Constraint):
        return constraints.serialize(value)
    if isinstance(value, Callable):  # type: ignore[arg-type]
        return activations.serialize(value)
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value
