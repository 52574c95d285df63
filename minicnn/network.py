"""Layers that know one another's shapes: what a model is before anybody trains it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from minicnn.backends import HOST, check_device, chosen_device, moved
from minicnn.errors import ArgumentError, StateError
from minicnn.geometry import is_int
from minicnn.graph import Graph, number_names
from minicnn.layers import Layer, Operation, Variable
from minicnn.layers.arguments import check_shape_argument
from minicnn.layers.shapes import Shapes, mapped_shapes, observed, shapes_of
from minicnn.layers.variable import assign_all
from minicnn.numeric import numeric
from minicnn.plan import Group, Plan, plan_for
from minicnn.structure import is_nested, leaves, mapped, packed, same
from minicnn.summary import summary_text
from minicnn.tensor import Call, Symbolic, Tensor


class Network(Layer):
    """Layers and how they are connected: by a graph, or by the `call` of a subclass. It is a layer itself.

    inputs, outputs: symbolic tensors, one or in lists and dicts; left out, a subclass says in `call` what is computed.
    dtype: "float32" (default) or "float64", given to every layer that has none of its own.
    """

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        dtype: str | None = None,
        trainable: bool = True,
    ) -> None:
        self._graph: Graph | None = None
        self._plan: Plan | None = None
        self._variables_of_graph: list[Variable] | None = None
        self._being_built = False
        self._device: str | None = None  # where somebody has told it to live
        self._place = HOST  # where its variables are
        self._input_shape: Shapes | None = None
        self._output_shape: Shapes | None = None
        super().__init__(name=name, dtype=dtype)
        if (inputs is None) != (outputs is None):
            raise ArgumentError(f"{type(self).__name__}: inputs and outputs go together, Model(inputs, outputs)")
        if inputs is not None:
            self._connect(Graph(inputs, outputs))
        if not trainable:
            self.trainable = trainable

    def _connect(self, graph: Graph | None) -> None:
        """Takes over a graph. Layers whose names nobody chose get numbers where two are called alike."""
        self._graph, self._plan, self._variables_of_graph = graph, None, None
        if graph is None:
            self.input_shape = self.output_shape = None
            return
        number_names(graph.layers, self.name)
        self.dtype = self.dtype or next(("float64" for t in leaves(graph.inputs) if t.dtype == np.float64), None)
        self.input_shape, self.output_shape = shapes_of(graph.inputs), shapes_of(graph.outputs)
        self._place = ""  # what was just built may lie elsewhere: the first call moves it

    # Where it lives.

    def to(self, device: str) -> Self:
        """Moves everything to a device, "cpu", "cuda" or "cuda-sim", for good, and returns the network.

        A network that nobody has moved goes, when it is called or trained, where the chosen backend computes.
        Raises BackendError, saying why, for a device that is not here; then nothing has moved.
        """
        self._device = check_device(device)
        self._move()
        return self

    @property
    def device(self) -> str:
        """Where the network computes: where it was moved to (`to`), or else where the chosen backend does."""
        return self._device or chosen_device()

    def _move(self) -> None:
        """Has all variables where the network is to compute."""
        device = self.device
        if device != self._place:
            self._go(device)

    def _go(self, device: str) -> None:
        for layer in self.sublayers:
            if isinstance(layer, Network):
                layer._go(device)
            else:
                layer.to(device)
        self._place = device

    def _as_input(self, x: Any) -> Tensor:
        """As a layer does; arrays in main memory are moved to where the network lives, Tensors must live there."""
        if not isinstance(x, Tensor):
            x = Tensor(moved(numeric(x, f"the input of {self.name}"), self.device))
        return super()._as_input(x)

    # What it computes.

    @property
    def wiring(self) -> Graph | None:
        """The graph, if that is what a call computes: a subclass may say otherwise."""
        return self._graph if type(self).call is Network.call else None

    def call(self, x: Any, training: bool) -> Any:
        """The outputs for what `receive` gives: group after group of layers."""
        if self._graph is None:
            raise StateError(f"{self.name} has no layers to call: make it of inputs and outputs, or define call(x)")
        return packed(self._graph.outputs, self.planned().run(leaves(x), training))

    def receive(self, x: Any) -> Any:
        """Tensors in the structure of the inputs, for arrays in that structure, in a list, or by name in a dict."""
        self._move()
        if self._graph is None:
            return super().receive(x)
        x = mapped(self._as_input, self.arranged(x, f"the input of {self.name}"))
        self._build_or_check(shapes_of(x))
        return x

    def _note(self, x: Any, training: bool | None) -> Any:
        return super()._note(self.arranged(x, f"the input of {self.name}"), training)

    def serves(self, shape: Any) -> bool:
        """No: a network is for one shape."""
        return False

    def arranged(self, given: Any, what: str) -> Any:
        """`given` in the structure of the inputs, as far as they are known. Raises ArgumentError that names them."""
        return given if self._graph is None else arranged(given, self._graph.inputs, what)

    def takes_several(self, given: Any) -> bool:
        """Whether inputs are a list or dict; where no graph says so, that of `given`, if its leaves are arrays."""
        if self._graph is not None:
            return is_nested(self._graph.inputs)
        return is_nested(given) and all(hasattr(leaf, "ndim") for leaf in leaves(given))

    def planned(self) -> Plan:
        """The calls in groups that run as one; made anew when the layers or their activations have changed."""
        if self._graph is None:
            raise StateError(f"{self.name} has no graph, so it has no plan: its call(x) computes what it says")
        if self._plan is None or not self._plan.holds():
            self._plan = plan_for(self._graph)
        return self._plan

    def groups(self) -> list[Group]:
        """The layers in groups that run as one, in the order in which they run."""
        return [step.group for step in self.planned().steps]

    def __getstate__(self) -> dict[str, Any]:
        # A copy makes its own plan: the groups of this one run the layers of this one.
        return {**vars(self), "_plan": None}

    # How it is built, where a subclass says what it computes.

    def build(self, input_shape: Any) -> None:
        """Makes all variables for inputs of this shape, batch axis first: `build((None, 28, 28, 1))`.

        Raises ShapeError, naming the layer, if a layer does not fit what comes before it.
        """
        if not self._being_built:
            self._build_or_check(mapped_shapes(whole_shape, input_shape))

    def build_for(self, input_shape: Any) -> Any:
        """Builds all layers by a call on ones; returns the shape of what comes out."""
        mapped_shapes(self._check_shape, input_shape)
        number_names(self.sublayers, self.name)
        for layer in self.sublayers:
            layer.dtype = layer.dtype or self.dtype
        self._being_built = True
        try:
            self.build(input_shape)
            output_shape = observed(self.call, input_shape, self.dtype or "float32")
        finally:
            self._being_built = False
        self.input_shape, self.output_shape = input_shape, output_shape
        return output_shape

    @property
    def built(self) -> bool:
        """Whether all shapes are known and all variables exist."""
        return self._input_shape is not None

    @property
    def input_shape(self) -> Shapes:
        """The shape of a batch, (None, ...), or a list or dict of shapes. Raises StateError before it is built."""
        self.need_shape()
        return self._input_shape

    @input_shape.setter
    def input_shape(self, shape: Shapes | None) -> None:
        self._input_shape = shape

    @property
    def output_shape(self) -> Shapes:
        """The shape of the output for a batch, (None, ...), or several. Raises StateError before it is built."""
        self.need_shape()
        return self._output_shape

    @output_shape.setter
    def output_shape(self, shape: Shapes | None) -> None:
        self._output_shape = shape

    # What it is made of.

    @property
    def inputs(self) -> list[Symbolic]:
        """The symbolic tensors that it begins with."""
        return leaves(self.input)

    @property
    def outputs(self) -> list[Symbolic]:
        """The symbolic tensors that it ends with."""
        return leaves(self.output)

    @property
    def input(self) -> Any:
        """The symbolic inputs in their structure. Raises StateError if there is no graph."""
        return self._need_graph().inputs

    @property
    def output(self) -> Any:
        """The symbolic outputs in their structure. Raises StateError if there is no graph."""
        return self._need_graph().outputs

    def _need_graph(self) -> Graph:
        if self._graph is None:
            raise StateError(
                f"{self.name} has no symbolic tensors: begin it with Input(shape=...), or call it once, or build(shape)"
            )
        return self._graph

    def outputs_like(self) -> Any:
        """Symbolic tensors like the outputs, also where no graph leads to them."""
        if self._graph is not None:
            return self._graph.outputs
        self.need_shape()
        dtype = self.dtype or "float32"
        return mapped_shapes(lambda shape: Symbolic(shape, dtype, Call(self, None)), self.output_shape)

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs: the keys of a dict, else those of their layers."""
        return names_of(self.input)

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs: the keys of a dict, else those of their layers, numbered where alike."""
        return names_of(self.outputs_like())

    @property
    def sublayers(self) -> list[Layer]:
        """All layers, operations on symbolic tensors among them."""
        return super().sublayers if self._graph is None else list(self._graph.layers)

    @property
    def layers(self) -> list[Layer]:
        """The layers, as Keras lists them: without the operations on symbolic tensors."""
        return [layer for layer in self.sublayers if not isinstance(layer, Operation)]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """The layer of this name, or at this place. Raises ArgumentError if there is none."""
        if index is not None and is_int(index) and -len(self.layers) <= index < len(self.layers):
            return self.layers[index]
        for layer in self.sublayers:
            if layer.name == name:
                return layer
        names = ", ".join(layer.name for layer in self.layers)
        raise ArgumentError(f"{self.name} has no layer {name if index is None else index!r}, only: {names}")

    @property
    def weights(self) -> list[Variable]:
        """All variables, layer by layer (Keras's order)."""
        if self._graph is None:
            return super().weights
        if self._variables_of_graph is None:  # they are asked for at every step
            self._variables_of_graph = super().weights
        return list(self._variables_of_graph)

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that training changes."""
        return self.trainable_weights

    def need_shape(self) -> None:
        """Raises StateError before the network is built."""
        if not self.built:
            raise StateError(
                f"{self.name} has not been built: begin it with Input(shape=...), or call it once, or build(shape)"
            )

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Takes over what `get_weights` of such a model, Keras's included, returned: all or nothing.

        Raises ShapeError if the number of arrays or a shape differs, StateError before the network is built.
        """
        self.need_shape()
        assign_all(self.weights, weights, self.name)

    def count_params(self) -> int:
        """How many numbers all variables hold. Raises StateError before the network is built."""
        self.need_shape()
        return super().count_params()

    def summary(
        self,
        line_length: int | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
    ) -> None:
        """Prints a table of the layers, their output shapes and numbers of parameters; arguments as `summary_text`."""
        self.need_shape()
        (print_fn or print)(summary_text(self, line_length, expand_nested, show_trainable))

    def plan(
        self, batch_size: int = 1, line_length: int | None = None, print_fn: Callable[[str], Any] | None = None
    ) -> None:
        """Prints a table of the groups that layers run in: what was fused, FLOPs, and bytes through memory.

        The figures are those of a forward pass while training, for a batch of `batch_size`. Raises StateError before
        the network is built, or without a graph, ArgumentError for a batch size that is none.
        """
        from minicnn.plan_table import plan_text

        self.need_shape()
        if not is_int(batch_size) or batch_size < 1:
            raise ArgumentError(f"plan: batch_size must be a whole number of at least 1, got {batch_size!r}")
        (print_fn or print)(plan_text(self.name, self.groups(), int(batch_size), line_length))


def whole_shape(shape: Any) -> tuple[int | None, ...]:
    """(None, 28, 28, 1), whatever batch came first. Raises ArgumentError for what is no shape with a batch axis."""
    if not isinstance(shape, (tuple, list)) or len(shape) < 2:
        raise ArgumentError(f"input_shape must begin with the batch, e.g. (None, 28, 28, 1); got {shape!r}")
    return None, *check_shape_argument("input_shape, after the batch axis,", tuple(shape[1:]))


def names_of(tensors: Any) -> list[str]:
    """A name for each symbolic tensor: its key in a dict, else its layer's, numbered where several are called alike."""
    if isinstance(tensors, dict) and not any(map(is_nested, tensors.values())):
        return list(tensors)
    names: list[str] = []
    for t in leaves(tensors):
        again = names.count(t.name)
        names.append(f"{t.name}_{again}" if again else t.name)
    return names


def arranged(given: Any, wanted: Any, what: str) -> Any:
    """`given` in the structure of the symbolic tensors `wanted`: given so, in a flat list, or by name in a dict.

    Raises ArgumentError, saying `what` and the names.
    """
    if not is_nested(wanted) and not is_nested(given):
        return given
    names = names_of(wanted)
    if len(names) == 1 and not is_nested(given):
        return packed(wanted, [given])
    if isinstance(given, dict) and set(given) == set(names):
        return packed(wanted, [given[name] for name in names])
    if not is_nested(wanted):
        if isinstance(given, dict):
            raise ArgumentError(f"{what} must be for {names[0]!r}; got a dict with {', '.join(map(repr, given))}")
        alone = isinstance(given, (list, tuple)) and len(given) == 1 and getattr(given[0], "ndim", 0) == wanted.ndim
        return given[0] if alone else given
    if same(wanted, given):
        return mapped(lambda _, g: g, wanted, given)
    if isinstance(given, (list, tuple)) and len(given) == len(names):
        return packed(wanted, list(given))
    found = f"{type(given).__name__} of {len(given)}" if is_nested(given) else type(given).__name__
    if isinstance(given, dict):
        found = f"a dict with {', '.join(map(repr, given))}"
    raise ArgumentError(
        f"{what} must be a list of {len(names)}, or a dict with their names: {', '.join(names)}; got {found}"
    )
