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
from minicnn.layers.arguments import LARGEST
from minicnn.layers.initial import allowing
from minicnn.models.architecture import MODELS, from_entry, to_json
from minicnn.models.model import Model
from minicnn.models.saving import restore_training
from minicnn.models.weights import set_saved_weights
from minicnn.registry import custom_object, knowing
from minicnn.training.archive import read_archive


def from_config(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model from {"class_name", "config"}. Raises ArgumentError for anything but a Sequential or a Model.

    custom_objects: classes of one's own by name, and functions of Lambda layers.
    """
    with knowing(custom_objects):
        name = config.get("class_name") if isinstance(config, dict) else None
        if name not in list(MODELS) and custom_object(name) is None:
            raise ArgumentError(
                'an architecture must be {"class_name": "Sequential", "config": {...}}, or one of class "Model", as '
                f"model.to_json() writes it; got {config!r:.120}"
            )
        try:
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
    with allowing(LARGEST):
        model: Model = from_config(config, custom_objects)
    return model


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Model:
    """A model as it was saved, in a file or a folder, compiled if it was: `fit` goes on where it ended.

    custom_objects: classes of one's own by name, and functions of Lambda layers; a file cannot bring its own, whatever
    safe_mode says, which is accepted for Keras's sake. compile: False leaves optimizer, loss and metrics out.
    Raises CheckpointError for what is damaged, or not written by minicnn.
    """
    arrays, config = read_archive(filepath)
    with knowing(custom_objects):
        model = _restore(filepath, arrays, config, compile)
    if compile and "training" in config:
        restore_training(model, arrays, config, filepath)
    return model


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
    compiled: bool = True,
) -> Model:
    try:
        with allowing(_count(arrays), drawn=False):
            model: Model = from_config(config["model"])
            settings = config.get("compile")
            if settings is not None and compiled:
                model.compile(
                    optimizers.get(settings["optimizer"]),
                    settings["loss"],
                    settings.get("loss_weights"),
                    settings["metrics"],
                    settings.get("weighted_metrics"),
                )
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, MemoryError, MinicnnError) as error:
        # The cause goes along: it may be a mistake in a layer of one's own.
        raise CheckpointError(f"{path} does not describe a model that this version knows: {error}") from error
    set_saved_weights(model, arrays, config, path)
    return model


def _count(arrays: dict[str, np.ndarray]) -> int:
    """How many numbers the weights of a file hold: its layers may not hold more."""
    return sum(a.size for name, a in arrays.items() if name.startswith("weights/"))
