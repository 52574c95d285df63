"""Models to files: architecture, weights, and for a training that is to go on, everything else it needs."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from typing import Any

import numpy as np

from minicnn import optimizers
from minicnn.errors import ArgumentError, CheckpointError, StateError
from minicnn.geometry import is_int
from minicnn.layers import Layer
from minicnn.models.architecture import to_entry
from minicnn.models.weights import named_weights, set_saved_weights
from minicnn.random import as_key
from minicnn.training.archive import read_archive, write_archive
from minicnn.training.model import Trainer


def save_model(
    model: Trainer, filepath: str | os.PathLike[str], overwrite: bool = True, zipped: bool | None = None
) -> None:
    """Architecture, weights and, if the model is compiled, what its training needs to go on, in one step.

    zipped: True one file, False a folder; None a folder if `filepath` is one or ends in "/". A loss, metric or
    optimizer of one's own has no name to be saved by: such a model is loaded uncompiled.
    Raises OutputError, StateError.
    """
    arrays, config = _contents(model)
    with contextlib.suppress(ArgumentError):
        if (settings := _compile_settings(model)) is not None:
            config["compile"] = settings
            if _steps_its_weights(model):
                _add_training(model, arrays, config, {})
    write_archive(filepath, arrays, config, folder=None if zipped is None else not zipped, overwrite=overwrite)


def save_training(model: Trainer, path: str | os.PathLike[str], extra: dict[str, Any]) -> None:
    """As save_model, and `extra`, which load_training returns.

    Raises ArgumentError for a loss, metric or optimizer of one's own.
    """
    arrays, config = _contents(model)
    compiled_optimizer(model)
    config["compile"] = _compile_settings(model)
    _add_training(model, arrays, config, extra)
    write_archive(path, arrays, config)


def _add_training(model: Trainer, arrays: dict[str, np.ndarray], config: dict[str, Any], extra: dict[str, Any]) -> None:
    """What a training needs to go on bit for bit, besides the weights."""
    optimizer = compiled_optimizer(model)
    arrays |= {f"optimizer/{name}": a for name, a in optimizer.get_state().items()}
    config["training"] = {
        "iterations": optimizer.iterations,
        "seed": model.seed,
        "epochs_seen": model.epochs_seen,
        "random": {
            name: [layer.seed_generator.seed, layer.seed_generator.drawn]
            for name, layer in drawing_layers(model).items()
            if layer.seed_generator is not None
        },
        "extra": extra,
    }


def _steps_its_weights(model: Trainer) -> bool:
    """Whether the optimizer's state is that of the weights to train: not after layers were frozen or exchanged."""
    stepped = compiled_optimizer(model).variables
    return not stepped or [*map(id, stepped)] == [*map(id, model.trainable_weights)]


def restore_training(
    model: Trainer, arrays: dict[str, np.ndarray], config: dict[str, Any], path: str | os.PathLike[str]
) -> dict[str, Any]:
    """What a file of save_training holds besides the weights, into a compiled model; returns `extra`.

    Raises CheckpointError if the file holds no training, or another model's.
    """
    try:
        training = config["training"]
        optimizer = compiled_optimizer(model)
        state = {name.removeprefix("optimizer/"): a for name, a in arrays.items() if name.startswith("optimizer/")}
        optimizer.set_state(state, model.trainable_weights, _count(training["iterations"]))
        rate = config["compile"]["optimizer"]["config"]["learning_rate"]
        if isinstance(rate, float):  # a callback may have changed it
            optimizer.learning_rate = rate
        model.seed, model.epochs_seen = as_key(training["seed"]).seed, _count(training["epochs_seen"])
        for name, layer in drawing_layers(model).items():
            if layer.seed_generator is not None:
                seed, drawn = training["random"][name]
                layer.seed_generator.seed = as_key(seed).seed
                layer.seed_generator.drawn = _count(drawn)
        return dict(training["extra"])
    except (KeyError, TypeError, ValueError, StateError) as error:
        raise CheckpointError(f"{path} holds a model, but no training that could go on: {error}") from None


def load_training_into(model: Trainer, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Weights and everything else that save_training saved into a compiled model of the same architecture.

    Returns `extra`. Raises CheckpointError if the file is damaged or another model's, StateError if the model has not
    been compiled.
    """
    compiled_optimizer(model)
    arrays, config = read_archive(path)
    set_saved_weights(model, arrays, config, path)
    return restore_training(model, arrays, config, path)


def _count(value: Any) -> int:
    if not is_int(value) or value < 0:
        raise TypeError(f"{value!r:.40} is no number of steps")
    return int(value)


def drawing_layers(model: Trainer) -> dict[str, Layer]:
    """The layers that draw random numbers, at any depth, by a name that is theirs alone."""
    found: dict[str, Layer] = {}
    called: Counter[str] = Counter()
    for layer in model.walk():
        if layer.seed_generator is not None:
            again = called[layer.name]
            called[layer.name] += 1
            found[f"{layer.name}#{again}" if again else layer.name] = layer
    return found


def _contents(model: Trainer) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    arrays, config = named_weights(model)
    return arrays, {"model": to_entry(model), **config}


def _compile_settings(model: Trainer) -> dict[str, Any] | None:
    if model.optimizer is None or model.objective is None or model.loss is None:
        return None
    return {"optimizer": optimizers.serialize(model.optimizer), **model.objective.get_config()}


def compiled_optimizer(model: Trainer) -> optimizers.Optimizer:
    """The model's optimizer. Raises StateError if there is none: nothing to save, or to go on with."""
    if model.optimizer is None:
        raise StateError(f"{model.name} has not been compiled: it has no training to save or to go on with")
    return model.optimizer
