"""What every layer has: variables, a build step that knows the input's shape, a call, a config."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Self

import numpy as np

from minicnn import activations, constraints, initializers, regularizers
from minicnn.backends import check_device, moved
from minicnn.constraints import Constraint
from minicnn.errors import ArgumentError, MinicnnError, ShapeError, StateError
from minicnn.initializers import Initializer
from minicnn.layers.arguments import LayerOptions, check_affordable, check_shape_argument, flag, in_older_words
from minicnn.layers.initial import check_trial, initial_values
from minicnn.layers.mode import is_training, told
from minicnn.layers.shapes import Shape, Shapes, fits, mapped_shapes, observed, shapes_of, show
from minicnn.layers.variable import Variable, assign_all
from minicnn.numeric import numeric
from minicnn.random import SeedGenerator
from minicnn.registry import snake_case
from minicnn.regularizers import Regularizer
from minicnn.structure import is_nested, leaves, mapped
from minicnn.tensor import Call, Symbolic, Tensor, is_symbolic

_made = itertools.count()


class Layer:
    """The base of all layers.

    name: how summaries and errors call it (default: the class's name, with a number in a model).
    dtype: "float32" (default) or "float64", of the variables and of what is computed.
    trainable: False keeps the variables as they are.
    input_shape: shape of one example, without the batch; on the first layer of a model, instead of an Input.
    What older courses write is understood: `input_dim=n`, `input_length=n`, `data_format="channels_last"`.
    activity_regularizer: what the layer's output adds to the loss, divided by the number of examples.

    A subclass defines `build` (if it has variables) and `call`, and keeps every argument of its constructor in an
    attribute of the same name: that is what `get_config` reads. Layers in its attributes, also in lists and dicts
    there, are part of it. Where it says nothing in `compute_output_shape`, it is tried out.
    A layer may be called on inputs of several shapes, if its variables fit: those with variables name the axes that
    have to stay in `bound_axes`.
    """

    input_ndim: int | None = None  # how many axes the input must have, if it matters
    base_name: str | None = None
    keeps_shape = False  # the output has the input's shape
    merges = False  # takes a list of inputs
    bound_axes: tuple[int, ...] | None = None  # those whose sizes its variables have; None: all of them
    wiring: Any = None  # the graph of layers that a call of it is, if it is one

    def __init__(
        self,
        name: str | None = None,
        dtype: str | None = None,
        trainable: bool = True,
        input_shape: tuple[int | None, ...] | None = None,
        activity_regularizer: Any = None,
        **older: Any,
    ) -> None:
        input_shape = in_older_words(type(self), older, input_shape)
        if dtype not in (None, "float32", "float64"):
            raise ArgumentError(f"{type(self).__name__}: dtype must be 'float32' or 'float64', got {dtype!r}")
        if not isinstance(name, str | None):
            raise ArgumentError(f"{type(self).__name__}: name must be a string, got {name!r}")
        self.made = next(_made)  # layers count in the order in which they were made
        self.calls: list[Call] = []
        self.named_by_user = name is not None
        self.name = self.first_name = name or self.base_name or snake_case(type(self).__name__)
        self.dtype = dtype
        self.variables: list[Variable] = []
        self.trainable = trainable
        self.given_input_shape = None if input_shape is None else check_shape_argument("input_shape", input_shape)
        self.input_shape: Shapes | None = None
        self.output_shape: Shapes | None = None
        self.seed_generator: SeedGenerator | None = None
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.activity_loss: Tensor | None = None  # of the last output

    def __init_subclass__(cls, **options: Any) -> None:
        """Lets a subclass leave `training` out of its `call`, if it has no use for it."""
        super().__init_subclass__(**options)
        call = vars(cls).get("call")
        if call is not None and "training" not in inspect.signature(call).parameters:

            @wraps(call)
            def call_whether_training_or_not(self: Layer, x: Any, training: bool = False) -> Any:
                return call(self, x)

            cls.call = call_whether_training_or_not  # type: ignore[method-assign]

    # What subclasses define.

    def build(self, input_shape: Any) -> None:
        """Makes the variables for inputs of this shape (batch axis None); a list of shapes where inputs are a list."""

    def call(self, x: Any, training: bool) -> Any:
        """The layer's output for a batch."""
        raise TypeError(f"{type(self).__name__} must define call(x, training)")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for inputs of this shape (batch axis None). Tried out, unless a subclass says it."""
        if self.keeps_shape:
            return input_shape
        return observed(self.call, input_shape, self.dtype or "float32")

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
        for layer in self.sublayers:
            layer.trainable = value

    @property
    def built(self) -> bool:
        """Whether the shapes are known and the variables exist."""
        return self.input_shape is not None

    def __call__(self, x: Any, training: bool | None = None) -> Any:
        """The output for a batch of arrays or Tensors; builds the layer if that has not happened yet.

        For symbolic tensors, from `Input` or other layers, a symbolic tensor: the call is noted, for `Model`.
        training: left out, that of the layer or model that calls this one; False where there is none.
        Raises ShapeError if x does not have the shape that the layer was built for, DTypeError if it is no numbers.
        """
        if is_symbolic(x):
            return self._note(x, training)
        if training is None:
            return self.run(self.receive(x), is_training())
        with told(training):
            return self.run(self.receive(x), bool(training))

    def run(self, x: Any, training: bool) -> Any:
        """`call`, and the activity regularizer looks at the output."""
        y = self.call(x, training)
        if self.activity_regularizer is not None:
            self.activity_loss = self.activity_regularizer(y) / max(len(y), 1)
        return y

    def _note(self, x: Any, training: bool | None) -> Any:
        """Symbolic tensors of the shapes that the layer would give, which know this call."""
        given = leaves(x)
        if not all(isinstance(t, Symbolic) for t in given):
            raise ArgumentError(f"{self._who()} was called on symbolic tensors and on numbers at once; it takes either")
        self.dtype = self.dtype or str(given[0].dtype)
        self._build_or_check(shapes_of(x))
        call = Call(self, x, None if training is None else bool(training))
        output_shape = self._output_shape_for(shapes_of(x))
        call.outputs = mapped_shapes(lambda shape: Symbolic(shape, self.dtype, call), output_shape)
        self.calls.append(call)
        return call.outputs

    def receive(self, x: Any) -> Any:
        """What `call` takes, for what users give. Builds the layer if that has not happened yet; raises ShapeError."""
        several = is_nested(x) and (self.merges or isinstance(x, dict) or any(isinstance(t, Tensor) for t in leaves(x)))
        x = mapped(self._as_input, x) if several else self._as_input(x)
        self._build_or_check(shapes_of(x) if several else x.shape)
        return x

    def _build_or_check(self, shape: Any) -> None:
        if not self.built:
            self.build_for(mapped_shapes(lambda s: (None, *s[1:]), shape))
        elif not fits(shape, self.input_shape):
            if not self.serves(shape):
                raise ShapeError(
                    f"{self._who()} was built for inputs of shape {show(self.input_shape)}, it got {show(shape)}"
                )
            mapped_shapes(self._check_shape, shape)

    def serves(self, shape: Any) -> bool:
        """Whether the layer as it was built for one shape takes inputs of another one, too: a shared layer.

        Variables must fit: along `bound_axes` the sizes stay. What `build` found out holds for as many axes.
        """
        known: Any = self.input_shape
        if not isinstance(shape, tuple) or not isinstance(known, tuple):
            return type(shape) is type(known) and len(shape) == len(known) and type(self).build is Layer.build
        if type(self).build is Layer.build:
            return True
        bound = range(1, len(known)) if self.bound_axes is None else self.bound_axes
        return len(shape) == len(known) and (not self.variables or all(shape[a] == known[a] for a in bound))

    def _output_shape_for(self, input_shape: Any) -> Any:
        if fits(input_shape, self.input_shape):
            return self.output_shape
        with self._named_errors():
            output_shape = self.compute_output_shape(input_shape)
            mapped_shapes(lambda s: check_affordable("one example's output", s[1:]), output_shape)
        return output_shape

    def build_for(self, input_shape: Any) -> Any:
        """Checks the shape, makes the variables, and returns the output's shape. Errors name the layer."""
        mapped_shapes(self._check_shape, input_shape)
        for layer in self.sublayers:
            layer.dtype = layer.dtype or self.dtype
        says = self.keeps_shape or type(self).compute_output_shape is not Layer.compute_output_shape
        with self._named_errors():
            if says:  # before anything is made
                output_shape = self.compute_output_shape(input_shape)
                mapped_shapes(lambda s: check_affordable("one example's output", s[1:]), output_shape)
            else:
                mapped_shapes(check_trial, input_shape)
            self.build(input_shape)
            if not says:
                output_shape = self.compute_output_shape(input_shape)
        self.input_shape, self.output_shape = input_shape, output_shape
        return output_shape

    def _check_shape(self, shape: Shape) -> None:
        if self.input_ndim is not None and len(shape) != self.input_ndim:
            raise ShapeError(
                f"{self._who()} needs inputs of shape {_AXES[self.input_ndim]}, it would get {show(shape)}"
            )
        if len(shape) < 2:
            raise ShapeError(f"{self._who()} needs a batch, (N, ...); it would get {show(shape)}")
        if any(n is None for n in shape[1:]):
            raise ShapeError(f"{self._who()} needs sizes that are known, except for the batch; got {show(shape)}")

    def add_weight(
        self,
        name: str = "variable",
        shape: tuple[int, ...] = (),
        initializer: Any = "glorot_uniform",
        trainable: bool = True,
        regularizer: Regularizer | None = None,
        constraint: Constraint | None = None,
    ) -> Variable:
        """A new variable; trainable ones are learned as long as the layer is trainable too."""
        check_affordable(name, shape)
        values = initial_values(initializer, shape, self.dtype or "float32")
        variable = Variable(values, f"{self.name}/{name}", trainable, regularizer, constraint)
        variable.requires_grad = trainable and self.trainable
        self.variables.append(variable)
        return variable

    @property
    def sublayers(self) -> list[Layer]:
        """The layers in its attributes, also in lists and dicts there, in the order in which they were made."""
        held = (leaf for value in vars(self).values() for leaf in leaves(value) if isinstance(leaf, Layer))
        return sorted({id(layer): layer for layer in held}.values(), key=lambda layer: layer.made)

    def walk(self) -> Iterator[Layer]:
        """The layer, and all layers within it at any depth; one that is held twice comes once."""
        seen: set[int] = set()
        rest: list[Layer] = [self]
        while rest:
            layer = rest.pop()
            if id(layer) not in seen:
                seen.add(id(layer))
                yield layer
                rest.extend(reversed(layer.sublayers))

    @property
    def weights(self) -> list[Variable]:
        """All variables, the learned ones first, then those of the layers within it (Keras's order)."""
        own = sorted(self.variables, key=lambda v: not v.trainable)
        inner = [v for layer in self.sublayers for v in layer.weights]
        return list({id(v): v for v in (*own, *inner)}.values())

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training changes; none if the layer is frozen."""
        return [v for v in self.weights if v.requires_grad] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that the optimizer leaves alone."""
        return [v for v in self.weights if not (v.requires_grad and self.trainable)]

    @property
    def input(self) -> Any:
        """The symbolic tensor that the layer was called on first. Raises StateError if there is none."""
        return self._first_call().inputs

    @property
    def output(self) -> Any:
        """The symbolic tensor of the layer's first call: `Model(base.input, base.get_layer("x").output)`."""
        return self._first_call().outputs

    def _first_call(self) -> Call:
        if not self.calls:
            raise StateError(f"{self._who()} has not been called on a symbolic tensor: it is in no model that is built")
        return self.calls[0]

    def rename(self, name: str) -> None:
        """Another name, for its variables too."""
        for variable in self.variables:
            variable.name = f"{name}/{variable.name.rsplit('/', 1)[-1]}"
        self.name = name

    @property
    def losses(self) -> list[Tensor]:
        """What regularizers add to the loss: of the last outputs, and of each learned weight."""
        activity = [layer.activity_loss for layer in self.walk() if layer.activity_loss is not None]
        return activity + [v.regularizer(v) for v in self.trainable_weights if v.regularizer is not None]

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all variables, in Keras's order and shapes, in main memory."""
        return [np.array(v.numpy()) for v in self.weights]

    def set_weights(self, weights: list[Any]) -> None:
        """Takes over what `get_weights` of such a layer, Keras's included, returned. Raises ShapeError."""
        assign_all(self.weights, weights, self._who())

    def to(self, device: str) -> Self:
        """Moves the variables, and what else the layer keeps in arrays; their gradients are forgotten. Returns itself.

        device: "cpu", "cuda" or "cuda-sim". Raises BackendError, saying why, for one that is not here.
        """
        there = check_device(device)
        for variable in self.variables:
            if variable.device != there:
                variable.data, variable.grad = moved(variable.data, there), None
        for layer in self.sublayers:
            layer.to(device)
        return self

    def count_params(self) -> int:
        """How many numbers the variables hold. Raises ShapeError if the layer has not been built."""
        if not self.built:
            raise ShapeError(f"{self._who()} has not been built: it has not seen the shape of its input yet")
        return sum(v.size for v in self.weights)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, ready for JSON."""
        names = [n for n, p in inspect.signature(type(self)).parameters.items() if p.kind is not p.VAR_KEYWORD]
        own = [name for name in names if name not in LayerOptions.__annotations__ and hasattr(self, name)]
        return {name: _plain(getattr(self, name)) for name in own} | self.options_config()

    def options_config(self) -> dict[str, Any]:
        """Of these the arguments that all layers take: the LayerOptions."""
        options: dict[str, Any] = {}
        if self.given_input_shape is not None:
            options["input_shape"] = list(self.given_input_shape)
        if self.activity_regularizer is not None:
            options["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return {**options, "name": self.name, "dtype": self.dtype, "trainable": self.trainable}

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

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except MinicnnError as error:
            if not self.built:
                self.variables.clear()  # so that it can be built for another shape
            raise type(error)(f"{self._who()}: {error}") from None

    def _as_input(self, x: Any) -> Tensor:
        dtype = np.dtype(self.dtype or "float32")
        if isinstance(x, Tensor) and (x.requires_grad or x.dtype == dtype):
            return x
        return Tensor(numeric(x, f"the input of {self._who()}").astype(dtype, copy=False))


_AXES = {4: "(batch, height, width, channels)", 3: "(batch, steps, channels)", 2: "(batch, features)"}


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
