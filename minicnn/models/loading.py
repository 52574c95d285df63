"""Files to models: architecture and weights, and for a training that is to go on, everything else it needs."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from minicnn import losses, optimizers
from minicnn.errors import ArgumentError, CheckpointError, MinicnnError
from minicnn.models.architecture import build_from
from minicnn.models.saving import restore_training, set_saved_weights
from minicnn.models.sequential import Sequential
from minicnn.training.archive import read_archive
from minicnn.training.model import Model


def from_config(config: Any) -> Model:
    """A model from {"class_name", "config"}. Raises ArgumentError for anything but a Sequential."""
    if not isinstance(config, dict) or config.get("class_name") != "Sequential":
        raise ArgumentError(
            'an architecture must be {"class_name": "Sequential", "config": {...}}, as model.to_json() writes it; '
            f"got {config!r:.120}"
        )
    try:
        return build_from(Sequential, config.get("config"))
    except RecursionError:
        raise ArgumentError("the architecture is nested more deeply than any that model.to_json() writes") from None


def model_from_json(text: str) -> Model:
    """A model with new weights from what to_json returned. Raises ArgumentError."""
    try:
        config = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(f"the architecture is not JSON: {error}") from None
    return from_config(config)


def load_model(path: str | os.PathLike[str]) -> Model:
    """A model as it was saved, compiled if it was. Raises CheckpointError for a damaged or foreign file."""
    arrays, config = read_archive(path)
    return _restore(path, arrays, config)


def load_training(path: str | os.PathLike[str]) -> tuple[Model, dict[str, Any]]:
    """What save_training saved: the model, ready to go on, and `extra`. Raises CheckpointError."""
    arrays, config = read_archive(path)
    model = _restore(path, arrays, config)
    return model, restore_training(model, arrays, config, path)


def _restore(path: str | os.PathLike[str], arrays: dict[str, np.ndarray], config: dict[str, Any]) -> Model:
    try:
        model = from_config(config["model"])
        settings = config.get("compile")
        if settings is not None:
            model.compile(optimizers.get(settings["optimizer"]), losses.get(settings["loss"]), settings["metrics"])
    except (KeyError, TypeError, AttributeError, MinicnnError) as error:
        raise CheckpointError(f"{path} does not describe a model that this version knows: {error}") from None
    set_saved_weights(model, arrays, path)
    return model
