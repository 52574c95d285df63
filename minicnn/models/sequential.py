"""The model that most courses begin with: layers, one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minicnn.errors import ArgumentError, ShapeError, StateError
from minicnn.graph import Graph, number_names
from minicnn.layers import InputLayer, Layer
from minicnn.layers.shapes import show
from minicnn.models import architecture
from minicnn.models.model import Model
from minicnn.network import whole_shape
from minicnn.registry import knowing
from minicnn.tensor import Symbolic


class Sequential(Model):
    """Layers one after another: the functional model whose every layer takes what the one before gives.

    >>> from minicnn import layers
    >>> model = Sequential([layers.Input((28, 28, 1)), layers.Conv2D(8, 3), layers.Flatten(), layers.Dense(10)])
    >>> model.output_shape
    (None, 10)

    dtype: "float32" (default) or "float64". Without an Input, or an input_shape on the first layer, the model is
    built when it first sees data. Raises ArgumentError for what is not a layer, ShapeError, naming the layer, where
    shapes do not fit.
    """

    def __init__(
        self,
        layers: Sequence[Any] | None = None,
        name: str | None = None,
        dtype: str | None = None,
        trainable: bool = True,
    ) -> None:
        self._chain: list[Layer] = []
        super().__init__(name=name, dtype=dtype)
        if not isinstance(layers, (list, tuple, type(None))):
            raise ArgumentError(f"{type(self).__name__}: layers must be a list of layers, got {layers!r:.100}")
        self._extend(layers or ())
        if not trainable:
            self.trainable = trainable

    def add(self, layer: Any) -> None:
        """Puts a layer, or a model, at the end.

        Raises ArgumentError if it is no layer, or is part of this model already; ShapeError if it does not fit what
        comes before. Then the model is as it was.
        """
        self._extend([layer])

    def _extend(self, given: Sequence[Any]) -> None:
        """Puts layers at the end, connecting them once: loading takes no square of their number."""
        chain = list(self._chain)
        seen = {id(layer) for layer in chain}
        for layer in given:
            layer = self._as_layer(layer)
            if id(layer) in seen:
                raise ArgumentError(f"{self.name}: {layer!r} is in use already; make a new layer")
            if isinstance(layer, InputLayer) and chain:
                raise ArgumentError(f"{self.name}: Input must come first, it came after {len(chain)} layer(s)")
            seen.add(id(layer))
            chain.append(layer)
        number_names(chain, self.name)
        tensor = None if self._graph is None else self.output
        for layer in chain[len(self._chain) :]:
            layer.dtype = layer.dtype or self.dtype or "float32"
            if tensor is not None:
                tensor = layer(tensor)
            elif layer is chain[0]:
                self._begin_with(layer)
                tensor = None if self._graph is None else self.output
        if tensor is not None:
            self._connect(Graph(self.input, tensor))
        self._chain = chain
        if self._device is not None:
            self._move()  # what was moved stays in one place

    def _as_layer(self, given: Any) -> Layer:
        if isinstance(given, Symbolic) and isinstance(given.call.layer, InputLayer):
            return given.call.layer
        if not isinstance(given, Layer):
            raise ArgumentError(f"{self.name}: a model is made of layers, got {given!r:.100}")
        return given

    def _begin_with(self, first: Layer) -> None:
        """Connects the first layer, if it knows the shape of its input."""
        if isinstance(first, InputLayer):
            self._connect(Graph(first.symbolic(), first.symbolic()))
        elif first.given_input_shape is not None:
            start = self._start(first.given_input_shape)
            self._connect(Graph(start, first(start)))
        elif first.wiring is not None:
            start = self._start(first.wiring.inputs.shape[1:])
            self._connect(Graph(start, first(start)))

    def _start(self, shape: Any) -> Symbolic:
        return InputLayer(shape, dtype=self.dtype).symbolic()

    def pop(self) -> Layer:
        """Takes the last layer off and returns it. Raises StateError if there is none."""
        if not self._chain:
            raise StateError(f"{self.name} has no layers to pop")
        last = self._chain.pop()
        if self._graph is not None:
            before = self._graph.calls[-1].inputs if self._chain else None
            self._connect(None if before is None else Graph(self.input, before))
        return last

    def build(self, input_shape: Any) -> None:
        """Makes all variables for inputs of this shape, batch axis first: `build((None, 28, 28, 1))`.

        Raises ShapeError, naming the layer, if a layer does not fit what comes before it.
        """
        shape = whole_shape(input_shape)
        if not self._chain:
            raise StateError(f"{self.name} has no layers to build")
        if self._graph is None:
            start = tensor = self._start(shape[1:])
            for layer in self._chain:
                layer.dtype = layer.dtype or self.dtype or "float32"
                tensor = layer(tensor)
            self._connect(Graph(start, tensor))
        elif shape != self.input_shape:
            raise ShapeError(f"{self.name} was built for {show(self.input_shape)} already")

    build_for = build

    @property
    def sublayers(self) -> list[Layer]:
        """The layers in their order, the Input among them, if there is one."""
        return list(self._chain)

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input (as in Keras)."""
        return [layer for layer in self._chain if not isinstance(layer, InputLayer)]

    def get_config(self) -> dict[str, Any]:
        """The architecture, without weights, ready for JSON. Raises ArgumentError for what a file could not hold."""
        return architecture.chain_config(self)

    @classmethod
    def from_config(cls, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """A new model, with new weights, from what get_config returned. Raises ArgumentError."""
        with knowing(custom_objects):
            return architecture.chain_from(cls, config)


architecture.MODELS["Sequential"] = Sequential
