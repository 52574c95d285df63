"""Models to files: architecture, weights, and for a training that is to go on, everything else it needs."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import numpy as np

from minicnn import losses, metrics, optimizers
from minicnn.errors import ArgumentError, CheckpointError, MinicnnError, StateError
from minicnn.geometry import is_int
from minicnn.models.architecture import to_config
from minicnn.random import as_key
from minicnn.training.archive import read_archive, write_archive
from minicnn.training.model import Model


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Architecture, weights and compile settings to one file, in one step. Raises OutputError, StateError.

    A loss, metric or optimizer of one's own has no name to be saved by: such a model is loaded uncompiled.
    """
    arrays, config = _contents(model)
    with contextlib.suppress(ArgumentError):
        config["compile"] = _compile_settings(model)
    write_archive(path, arrays, config)


def load_weights(model: Model, path: str | os.PathLike[str]) -> None:
    """The weights in a saved model into another of the same architecture: all or nothing.

    Raises CheckpointError if the file is damaged or another model's, StateError if the model has no weights yet.
    """
    if not model.built:
        raise StateError(f"{model.name} has no weights to load into yet: build it, or call it once")
    arrays, _ = read_archive(path)
    set_saved_weights(model, arrays, path)


def save_training(model: Model, path: str | os.PathLike[str], extra: dict[str, Any]) -> None:
    """save_model, and what a training needs to go on bit for bit; `extra` is returned by load_training.

    Raises ArgumentError for a loss, metric or optimizer of one's own.
    """
    arrays, config = _contents(model)
    optimizer = compiled_optimizer(model)
    config["compile"] = _compile_settings(model)
    arrays |= {f"optimizer/{name}": a for name, a in optimizer.get_state().items()}
    config["training"] = {
        "iterations": optimizer.iterations,
        "seed": model.seed,
        "epochs_seen": model.epochs_seen,
        "random": {
            layer.name: [layer.seed_generator.seed, layer.seed_generator.drawn]
            for layer in model.layers
            if layer.seed_generator is not None
        },
        "extra": extra,
    }
    write_archive(path, arrays, config)


def restore_training(
    model: Model, arrays: dict[str, np.ndarray], config: dict[str, Any], path: str | os.PathLike[str]
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
        for layer in model.layers:
            if layer.seed_generator is not None:
                seed, drawn = training["random"][layer.name]
                layer.seed_generator.seed = as_key(seed).seed
                layer.seed_generator.drawn = _count(drawn)
        return dict(training["extra"])
    except (KeyError, TypeError, ValueError, StateError) as error:
        raise CheckpointError(f"{path} holds a model, but no training that could go on: {error}") from None


def load_training_into(model: Model, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Weights and everything else that save_training saved into a compiled model of the same architecture.

    Returns `extra`. Raises CheckpointError if the file is damaged or another model's, StateError if the model has not
    been compiled.
    """
    compiled_optimizer(model)
    arrays, config = read_archive(path)
    set_saved_weights(model, arrays, path)
    return restore_training(model, arrays, config, path)


def _count(value: Any) -> int:
    if not is_int(value) or value < 0:
        raise TypeError(f"{value!r:.40} is no number of steps")
    return int(value)


def _contents(model: Model) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    if not model.built:
        raise StateError(f"{model.name} has no weights to save yet: build it, or call it once")
    arrays = {f"weights/{i}": v.numpy() for i, v in enumerate(model.weights)}
    config: dict[str, Any] = {
        "model": {"class_name": type(model).__name__, "config": to_config(model)},
        "weights": [v.name for v in model.weights],
    }
    return arrays, config


def _compile_settings(model: Model) -> dict[str, Any] | None:
    if model.optimizer is None or model.loss is None:
        return None
    return {
        "optimizer": optimizers.serialize(model.optimizer),
        "loss": losses.serialize(model.loss),
        "metrics": [m if isinstance(m, str) else metrics.serialize(metrics.get(m)) for m in model._metric_names],
    }


def set_saved_weights(model: Model, arrays: dict[str, np.ndarray], path: str | os.PathLike[str]) -> None:
    """The arrays of a file into the model. Raises CheckpointError if they are another model's; all or nothing."""
    count = sum(name.startswith("weights/") for name in arrays)
    try:
        model.set_weights([arrays[f"weights/{i}"] for i in range(count)])
    except (KeyError, MinicnnError) as error:
        raise CheckpointError(f"{path} was saved from another model: {error}") from None


def compiled_optimizer(model: Model) -> optimizers.Optimizer:
    """The model's optimizer. Raises StateError if there is none: nothing to save, or to go on with."""
    if model.optimizer is None:
        raise StateError(f"{model.name} has not been compiled: it has no training to save or to go on with")
    return model.optimizer
