"""A chain of layers that know one another's shapes: what a model is before anybody trains it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from minicnn.backends import HOST, check_device, chosen_device, moved
from minicnn.errors import ArgumentError, ShapeError, StateError
from minicnn.geometry import is_int
from minicnn.layers import InputLayer, Layer, Variable
from minicnn.layers.base import Shape, assign_all, check_shape_argument, show
from minicnn.numeric import numeric
from minicnn.plan import Group, groups_of, signature
from minicnn.summary import summary_text
from minicnn.tensor import Tensor


class Network:
    """Layers one after another, with their variables, shapes and summary.

    dtype: "float32" (default) or "float64", given to every layer that has none of its own.
    """

    def __init__(
        self, layers: Sequence[Layer] | None = None, name: str | None = None, dtype: str | None = None
    ) -> None:
        if dtype not in (None, "float32", "float64"):
            raise ArgumentError(f"{type(self).__name__}: dtype must be 'float32' or 'float64', got {dtype!r}")
        if not isinstance(name, str | None):
            raise ArgumentError(f"{type(self).__name__}: name must be a string, got {name!r}")
        if not isinstance(layers, (list, tuple, type(None))):
            raise ArgumentError(f"{type(self).__name__}: layers must be a list of layers, got {layers!r:.100}")
        self.name = name or type(self).__name__.lower()
        self.dtype = dtype
        self._chain: list[Layer] = []
        self._planned_for: tuple[Any, ...] = ()
        self._planned: list[Group] = []
        self._device: str | None = None  # where somebody has told it to live
        self._place = HOST  # where its variables are
        for layer in layers or ():
            self.add(layer)

    # The chain.

    def add(self, layer: Layer) -> None:
        """Puts a layer at the end.

        Raises ArgumentError if it is no layer, or is part of a model already; ShapeError if it does not fit what comes
        before. Then the model is as it was.
        """
        if not isinstance(layer, Layer):
            raise ArgumentError(f"{self.name}: a model is made of layers, got {layer!r:.100}")
        if layer.built or any(layer is other for other in self._chain):
            raise ArgumentError(f"{self.name}: {layer!r} is in use already; make a new layer")
        if isinstance(layer, InputLayer) and self._chain:
            raise ArgumentError(f"{self.name}: Input must come first, it came after {len(self._chain)} layer(s)")
        layer.name = self._unique_name(layer)
        layer.dtype = layer.dtype or self.dtype or "float32"
        if self._chain and self._chain[-1].built:
            self._build_layer(layer, self._chain[-1].output_shape)
        elif not self._chain and layer.given_input_shape is not None:
            self._build_layer(layer, (None, *layer.given_input_shape))
        self._chain.append(layer)

    def pop(self) -> Layer:
        """Takes the last layer off and returns it. Raises StateError if there is none."""
        if not self._chain:
            raise StateError(f"{self.name} has no layers to pop")
        return self._chain.pop()

    def build(self, input_shape: Any) -> None:
        """Makes all variables for inputs of this shape, batch axis first: `build((None, 28, 28, 1))`.

        Raises ShapeError, naming the layer, if a layer does not fit what comes before it.
        """
        if not isinstance(input_shape, (tuple, list)) or len(input_shape) < 2:
            raise ArgumentError(f"input_shape must begin with the batch, e.g. (None, 28, 28, 1); got {input_shape!r}")
        shape: Shape = (None, *check_shape_argument("input_shape, after the batch axis,", input_shape[1:]))
        if not self._chain:
            raise StateError(f"{self.name} has no layers to build")
        if self.built:
            if shape != self.input_shape:
                raise ShapeError(f"{self.name} was built for {show(self.input_shape)} already")
            return
        for layer in self._chain:
            shape = self._build_layer(layer, shape)

    def _build_layer(self, layer: Layer, shape: Any) -> Shape:
        output_shape = layer.build_for((None, *shape[1:]))
        layer.to(self._place)
        return output_shape

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
            for layer in self._chain:
                layer.to(device)
            self._place = device

    def _unique_name(self, layer: Layer) -> str:
        taken = {other.name for other in self._chain}
        if layer.name not in taken:
            return layer.name
        if layer.named_by_user:
            raise ArgumentError(f"{self.name}: there are two layers named {layer.name!r}; names must differ")
        n = 1
        while f"{layer.name}_{n}" in taken:
            n += 1
        return f"{layer.name}_{n}"

    # What it computes.

    def __call__(self, x: Any, training: bool = False) -> Tensor:
        """The output for a batch of arrays or Tensors; builds the network if that has not happened yet.

        Arrays in main memory are moved to where the network lives; Tensors must live there.
        """
        if not self._chain:
            raise StateError(f"{self.name} has no layers to call")
        y = x if isinstance(x, Tensor) else Tensor(moved(numeric(x, "x"), self.device))
        if not self.built:
            self.build((None, *y.shape[1:]))
        self._move()
        for group in self.groups():
            y = group(y, training)
        return y

    def groups(self) -> list[Group]:
        """The layers in groups that run as one; made anew when the layers or their activations have changed."""
        current = signature(self._chain)
        if current != self._planned_for:
            self._planned_for, self._planned = current, groups_of(self._chain)
        return self._planned

    def __getstate__(self) -> dict[str, Any]:
        # A copy makes its own plan: the groups of this one run the layers of this one.
        return {**vars(self), "_planned_for": (), "_planned": []}

    # What it is made of.

    @property
    def chain(self) -> list[Layer]:
        """The layers and the Input, if there is one."""
        return list(self._chain)

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input (as in Keras)."""
        return [layer for layer in self._chain if not isinstance(layer, InputLayer)]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of this name, or at this place. Raises ArgumentError if there is none."""
        if index is not None and is_int(index) and -len(self.layers) <= index < len(self.layers):
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = ", ".join(layer.name for layer in self.layers)
        raise ArgumentError(f"{self.name} has no layer {name if index is None else index!r}, only: {names}")

    @property
    def built(self) -> bool:
        """Whether all shapes are known and all variables exist."""
        return bool(self._chain) and all(layer.built for layer in self._chain)

    @property
    def input_shape(self) -> Shape:
        """The shape of a batch, (None, ...). Raises StateError before the network is built."""
        return self._need_shape(self._chain[0].input_shape if self._chain else None)

    @property
    def output_shape(self) -> Shape:
        """The shape of the output for a batch, (None, ...). Raises StateError before the network is built."""
        return self._need_shape(self._chain[-1].output_shape if self._chain else None)

    def _need_shape(self, shape: Shape | None) -> Shape:
        if shape is None:
            raise StateError(
                f"{self.name} has not been built: begin it with Input(shape=...), or call it once, or build(shape)"
            )
        return shape

    @property
    def weights(self) -> list[Variable]:
        """All variables, layer by layer (Keras's order)."""
        return [v for layer in self._chain for v in layer.weights]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training changes."""
        return [v for layer in self._chain for v in layer.trainable_weights]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that the optimizer leaves alone."""
        return [v for layer in self._chain for v in layer.non_trainable_weights]

    @property
    def losses(self) -> list[Tensor]:
        """What regularizers add to the loss, layer by layer: of the last outputs, and of each learned weight."""
        return [loss for layer in self._chain for loss in layer.losses]

    trainable_variables = trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether any layer is trainable; setting it sets all layers."""
        return any(layer.trainable for layer in self._chain)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._chain:
            layer.trainable = value

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all variables, in Keras's order and shapes, in main memory."""
        return [np.array(v.numpy()) for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Takes over what `get_weights` of such a model, Keras's included, returned: all or nothing.

        Raises ShapeError if the number of arrays or a shape differs.
        """
        self._need_shape(self.output_shape)
        assign_all(self.weights, weights, self.name)

    def count_params(self) -> int:
        """How many numbers all variables hold. Raises StateError before the network is built."""
        self._need_shape(self.output_shape)
        return sum(layer.count_params() for layer in self._chain)

    def summary(self, line_length: int | None = None, print_fn: Callable[[str], Any] | None = None) -> None:
        """Prints a table of the layers with their output shapes and numbers of parameters."""
        self._need_shape(self.output_shape)
        text = summary_text(self.name, type(self).__name__, self.layers, width=line_length)
        (print_fn or print)(text)

    def plan(
        self, batch_size: int = 1, line_length: int | None = None, print_fn: Callable[[str], Any] | None = None
    ) -> None:
        """Prints a table of the groups that layers run in: what was fused, FLOPs, and bytes through memory.

        The figures are those of a forward pass while training, for a batch of `batch_size`. Raises StateError before
        the network is built, ArgumentError for a batch size that is none.
        """
        from minicnn.plan_table import plan_text

        self._need_shape(self.output_shape)
        if not is_int(batch_size) or batch_size < 1:
            raise ArgumentError(f"plan: batch_size must be a whole number of at least 1, got {batch_size!r}")
        (print_fn or print)(plan_text(self.name, self.groups(), int(batch_size), line_length))
