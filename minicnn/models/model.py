"""The model: layers connected by a graph, or by a `call` of one's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from minicnn.models import architecture, saving, weights
from minicnn.models.weights import LoadedWeights
from minicnn.registry import knowing
from minicnn.training.model import Trainer


class Model(Trainer):
    """Layers from some inputs to some outputs, or a subclass that says in `call` what it computes.

    >>> from minicnn import layers
    >>> image = layers.Input((28, 28, 1))
    >>> x = layers.Conv2D(8, 3, padding="same", activation="relu")(image)
    >>> x = layers.Add()([x, layers.Conv2D(8, 3, padding="same")(x)])
    >>> x = layers.GlobalAveragePooling2D()(x)
    >>> model = Model(image, {"kind": layers.Dense(10)(x), "size": layers.Dense(1)(x)})
    >>> model.output_shape
    {'kind': (None, 10), 'size': (None, 1)}

    inputs, outputs: symbolic tensors, from `Input` and from layers called on them; one, or lists and dicts of them.
    dtype: "float32" (default) or "float64". A subclass calls `super().__init__()`, assigns layers to attributes, also
    in lists, and defines `call(self, inputs)` or `call(self, inputs, training)`; it is built when it first sees data.
    Raises ArgumentError for an output that needs other inputs, and for names that are given twice.
    """

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        dtype: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(inputs, outputs, name, dtype, trainable)
        if inputs is not None and name is None and type(self) is Model:
            self.name = self.first_name = "functional"  # so Keras calls it

    def get_config(self) -> dict[str, Any]:
        """The architecture, without weights, ready for JSON. Raises ArgumentError for what a file could not hold."""
        return architecture.graph_config(self)

    @classmethod
    def from_config(cls, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """A new model, with new weights, from what get_config returned. Raises ArgumentError.

        custom_objects: classes of one's own by name, and functions of Lambda layers.
        """
        with knowing(custom_objects):
            return architecture.graph_from(cls, config)

    def to_json(self) -> str:
        """The architecture as JSON text, for `models.model_from_json` and `minicnn train --model FILE`."""
        return architecture.to_json(self)

    def save(self, filepath: str | os.PathLike[str], overwrite: bool = True, zipped: bool | None = None) -> None:
        """Architecture and weights, and if it is compiled the optimizer's state, all written in one step.

        filepath: of a file, of whatever name: "clothes.minicnn", "clothes.keras"; what is written is minicnn's own
        format, not Keras's. Or of a folder, "clothes/": one that exists, or ends in "/", or with zipped=False; it holds
        config.json, and weights in safetensors files. overwrite: False keeps what is there.
        Raises OutputError, StateError if not built, ArgumentError for what a file could not hold.
        """
        saving.save_model(self, filepath, overwrite, zipped)

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """The weights to a file or folder, also those of a model whose layers or `call` are of one's own."""
        weights.save_weights(self, filepath, overwrite)

    def load_weights(
        self, filepath: str | os.PathLike[str], by_name: bool = False, skip_mismatch: bool = False
    ) -> LoadedWeights:
        """Takes over the weights in a saved model: of the same layers in the same order, or by_name those it shares.

        by_name: layers whose names are in the file, at any depth ("trunk/conv2d") take theirs, others keep their own.
        Layers that nobody named are numbered by class within their model: name those that are to be found again.
        skip_mismatch: layers that differ in number or shapes of weights keep their own, with a warning.
        Returns what was loaded, kept and not used. Raises CheckpointError, all or nothing, for a file that is damaged
        or does not fit; StateError before the model is built.
        """
        return weights.load_weights(self, filepath, by_name, skip_mismatch)

    def save_training(self, path: str | os.PathLike[str], extra: dict[str, Any] | None = None) -> None:
        """Everything that a training needs to go on bit for bit, to one file, in one step; `extra` goes along.

        Raises OutputError, StateError before compile, ArgumentError for a loss, metric or optimizer of one's own.
        """
        saving.save_training(self, path, extra or {})

    def load_training(self, path: str | os.PathLike[str]) -> dict[str, Any]:
        """Takes over what save_training saved of a model of the same architecture; returns `extra`.

        Raises CheckpointError for a file that is damaged or another model's.
        """
        return saving.load_training_into(self, path)


architecture.MODELS["Model"] = Model
