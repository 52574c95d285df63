"""Models to files and back: architecture, weights, and for a training that is to go on, everything else it needs."""

from __future__ import annotations

import json
import os
from typing import Any, TypeVar

import numpy as np

from minicnn import layers, losses, optimizers
from minicnn.errors import ArgumentError, CheckpointError, MinicnnError, StateError
from minicnn.network import Network
from minicnn.registry import to_identifier
from minicnn.training.archive import read_archive, write_archive
from minicnn.training.model import Model

M = TypeVar("M", bound=Network)


def to_config(model: Network) -> dict[str, Any]:
    """{"name", "dtype", "layers"}, ready for JSON. Raises ArgumentError for layers of your own."""
    chain = [layers.serialize(layer) for layer in model._chain]
    shape = model.input_shape if model.built else None
    return {
        "name": model.name,
        "dtype": model.dtype,
        "input_shape": None if shape is None else list(shape[1:]),
        "layers": chain,
    }


def build_from(cls: type[M], config: Any) -> M:
    """A new model with new weights from what to_config returned. Raises ArgumentError."""
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        raise ArgumentError(f'a model\'s config must be {{"name", "layers": [...]}}, got {config!r:.200}')
    model = cls([layers.deserialize(c) for c in config["layers"]], config.get("name"), config.get("dtype"))
    shape = config.get("input_shape")
    if shape is not None and not model.built:
        model.build((None, *layers.Input(tuple(shape)).shape))
    return model


def to_json(model: Network) -> str:
    """The architecture as JSON text."""
    return json.dumps({"class_name": type(model).__name__, "config": to_config(model)}, indent=2)


def from_config(config: Any) -> Model:
    """A model from {"class_name", "config"}. Raises ArgumentError for anything but a Sequential."""
    from minicnn.models.sequential import Sequential

    if not isinstance(config, dict) or config.get("class_name") != "Sequential":
        raise ArgumentError(
            'an architecture must be {"class_name": "Sequential", "config": {...}}, as model.to_json() writes it; '
            f"got {config!r:.120}"
        )
    return build_from(Sequential, config.get("config"))


def model_from_json(text: str) -> Model:
    """A model with new weights from what to_json returned. Raises ArgumentError."""
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"the architecture is not JSON: {error}") from None
    return from_config(config)


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Architecture, weights and compile settings to one file, in one step. Raises OutputError, StateError."""
    arrays, config = _contents(model)
    write_archive(path, arrays, config)


def load_model(path: str | os.PathLike[str]) -> Model:
    """A model as it was saved, compiled if it was. Raises CheckpointError for a damaged or foreign file."""
    arrays, config = read_archive(path)
    return _restore(path, arrays, config)


def load_weights(model: Model, path: str | os.PathLike[str]) -> None:
    """The weights in a saved model into another of the same architecture. Raises CheckpointError; all or nothing."""
    arrays, _ = read_archive(path)
    _set_weights(model, arrays, path)


def save_training(model: Model, path: str | os.PathLike[str], extra: dict[str, Any]) -> None:
    """save_model, and what a training needs to go on bit for bit; `extra` is returned by load_training."""
    arrays, config = _contents(model)
    optimizer = _need(model.optimizer)
    arrays |= {f"optimizer/{name}": a for name, a in optimizer.get_state().items()}
    config["training"] = {
        "iterations": optimizer.iterations,
        "seed": model.seed,
        "epochs_seen": model.epochs_seen,
        "drawn": {la.name: la.seed_generator.drawn for la in model.layers if la.seed_generator is not None},
        "extra": extra,
    }
    write_archive(path, arrays, config)


def load_training(path: str | os.PathLike[str]) -> tuple[Model, dict[str, Any]]:
    """What save_training saved: the model, ready to go on, and `extra`. Raises CheckpointError."""
    arrays, config = read_archive(path)
    model = _restore(path, arrays, config)
    try:
        training = config["training"]
        state = {name.removeprefix("optimizer/"): a for name, a in arrays.items() if name.startswith("optimizer/")}
        _need(model.optimizer).set_state(state, model.trainable_weights, training["iterations"])
        model.seed, model.epochs_seen = training["seed"], training["epochs_seen"]
        for layer in model.layers:
            if layer.seed_generator is not None:
                layer.seed_generator.drawn = training["drawn"][layer.name]
        return model, training["extra"]
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{path} holds a model, but no training that could go on (missing: {error})") from None


def _contents(model: Model) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    if not model.built:
        raise StateError(f"{model.name} has no weights to save yet: build it, or call it once")
    arrays = {f"weights/{i}": v.data for i, v in enumerate(model.weights)}
    config: dict[str, Any] = {
        "model": {"class_name": type(model).__name__, "config": to_config(model)},
        "weights": [v.name for v in model.weights],
    }
    if model.optimizer is not None and model.loss is not None:
        config["compile"] = {
            "optimizer": to_identifier(model.optimizer),
            "loss": to_identifier(model.loss),
            "metrics": [m if isinstance(m, str) else to_identifier(m) for m in model._metric_names],
        }
    return arrays, config


def _restore(path: str | os.PathLike[str], arrays: dict[str, np.ndarray], config: dict[str, Any]) -> Model:
    try:
        model = from_config(config["model"])
        settings = config.get("compile")
        if settings is not None:
            model.compile(optimizers.get(settings["optimizer"]), losses.get(settings["loss"]), settings["metrics"])
    except (KeyError, TypeError, MinicnnError) as error:
        raise CheckpointError(f"{path} does not describe a model that this version knows: {error}") from None
    _set_weights(model, arrays, path)
    return model


def _set_weights(model: Model, arrays: dict[str, np.ndarray], path: str | os.PathLike[str]) -> None:
    count = sum(name.startswith("weights/") for name in arrays)
    try:
        saved = [arrays[f"weights/{i}"] for i in range(count)]
        model.set_weights(saved)
    except (KeyError, MinicnnError) as error:
        raise CheckpointError(f"{path} was saved from another model: {error}") from None


def _need(optimizer: optimizers.Optimizer | None) -> optimizers.Optimizer:
    if optimizer is None:
        raise StateError("the model has not been compiled: there is no training to save or to go on with")
    return optimizer
