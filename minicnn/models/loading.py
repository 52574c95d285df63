"""Files to models: architecture and weights, and for a training that is to go on, everything else it needs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from minicnn import optimizers
from minicnn.errors import ArgumentError, CheckpointError, MinicnnError
from minicnn.layers import Lambda
from minicnn.models.architecture import MODELS, from_entry, to_json
from minicnn.models.model import Model
from minicnn.models.saving import restore_training, set_saved_weights
from minicnn.registry import knowing
from minicnn.training.archive import read_archive


def from_config(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model from {"class_name", "config"}. Raises ArgumentError for anything but a Sequential or a Model.

    custom_objects: classes of one's own by name, and functions of Lambda layers.
    """
    known = {**MODELS, **(custom_objects or {})}
    if not isinstance(config, dict) or config.get("class_name") not in list(known):
        raise ArgumentError(
            'an architecture must be {"class_name": "Sequential", "config": {...}}, or one of class "Model", as '
            f"model.to_json() writes it; got {config!r:.120}"
        )
    try:
        with knowing(custom_objects):
            model = from_entry(config)
    except RecursionError:
        raise ArgumentError("the architecture is nested more deeply than any that model.to_json() writes") from None
    if not isinstance(model, Model):
        raise ArgumentError(f"the architecture is of a {type(model).__name__}, which is no model")
    return model


def model_from_json(text: str, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """A model with new weights from what to_json returned. custom_objects: as in from_config. Raises ArgumentError."""
    try:
        config = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(f"the architecture is not JSON: {error}") from None
    model: Model = from_config(config, custom_objects)
    return model


def load_model(path: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None = None) -> Model:
    """A model as it was saved, compiled if it was. Raises CheckpointError for a damaged or foreign file.

    custom_objects: classes of one's own by name, and functions of Lambda layers; a file cannot bring its own.
    """
    arrays, config = read_archive(path)
    with knowing(custom_objects):
        return _restore(path, arrays, config, custom_objects)


def clone_model(model: Model) -> Any:
    """A model of the same architecture with new weights. Raises ArgumentError for a subclass with its own `call`."""
    own = {type(layer).__name__: type(layer) for layer in model.walk()}
    functions = {layer.function.__name__: layer.function for layer in model.walk() if isinstance(layer, Lambda)}
    entry = json.loads(to_json(model))
    return from_config(entry, {**own, **functions})


def load_training(path: str | os.PathLike[str]) -> tuple[Model, dict[str, Any]]:
    """What save_training saved: the model, ready to go on, and `extra`. Raises CheckpointError."""
    arrays, config = read_archive(path)
    model = _restore(path, arrays, config)
    return model, restore_training(model, arrays, config, path)


def _restore(
    path: str | os.PathLike[str],
    arrays: dict[str, np.ndarray],
    config: dict[str, Any],
    custom_objects: Mapping[str, Any] | None = None,
) -> Model:
    try:
        model: Model = from_config(config["model"], custom_objects)
        settings = config.get("compile")
        if settings is not None:
            model.compile(
                optimizers.get(settings["optimizer"]),
                settings["loss"],
                settings.get("loss_weights"),
                settings["metrics"],
                settings.get("weighted_metrics"),
            )
    except (KeyError, TypeError, AttributeError, MinicnnError) as error:
        raise CheckpointError(f"{path} does not describe a model that this version knows: {error}") from None
    set_saved_weights(model, arrays, path)
    return model
