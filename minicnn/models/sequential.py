"""The model that most courses begin with: layers, one after another."""

from __future__ import annotations

import os
from typing import Any

from minicnn.models import architecture, saving
from minicnn.training.model import Model


class Sequential(Model):
    """Layers one after another.

    >>> from minicnn import layers
    >>> model = Sequential([layers.Input((28, 28, 1)), layers.Conv2D(8, 3), layers.Flatten(), layers.Dense(10)])
    >>> model.output_shape
    (None, 10)

    dtype: "float32" (default) or "float64". Without an Input, or an input_shape on the first layer, the model is
    built when it first sees data. Raises ArgumentError for what is not a layer, ShapeError, naming the layer, where
    shapes do not fit.
    """

    def get_config(self) -> dict[str, Any]:
        """The architecture, without weights, ready for JSON."""
        return architecture.to_config(self)

    @classmethod
    def from_config(cls, config: Any) -> Sequential:
        """A new model, with new weights, from what get_config returned. Raises ArgumentError."""
        return architecture.build_from(cls, config)

    def to_json(self) -> str:
        """The architecture as JSON text, for `models.model_from_json` and `minicnn train --model FILE`."""
        return architecture.to_json(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Architecture and weights to one file, written in one step. Raises OutputError, StateError if not built."""
        saving.save_model(self, path)

    def save_weights(self, path: str | os.PathLike[str]) -> None:
        """The same as save: the file holds both, and load_weights takes the weights."""
        saving.save_model(self, path)

    def load_weights(self, path: str | os.PathLike[str]) -> None:
        """Takes over the weights in a saved model of the same architecture. Raises CheckpointError."""
        saving.load_weights(self, path)

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
