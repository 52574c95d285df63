"""Models to files: architecture, weights, and for a training that is to go on, everything else it needs."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from minicnn.errors import CheckpointError, MinicnnError, StateError
from minicnn.models.architecture import to_config
from minicnn.optimizers import Optimizer
from minicnn.registry import to_identifier
from minicnn.training.archive import read_archive, write_archive
from minicnn.training.model import Model


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Architecture, weights and compile settings to one file, in one step. Raises OutputError, StateError."""
    arrays, config = _contents(model)
    write_archive(path, arrays, config)


def load_weights(model: Model, path: str | os.PathLike[str]) -> None:
    """The weights in a saved model into another of the same architecture. Raises CheckpointError; all or nothing."""
    arrays, _ = read_archive(path)
    set_saved_weights(model, arrays, path)


def save_training(model: Model, path: str | os.PathLike[str], extra: dict[str, Any]) -> None:
    """save_model, and what a training needs to go on bit for bit; `extra` is returned by load_training."""
    arrays, config = _contents(model)
    optimizer = compiled_optimizer(model)
    arrays |= {f"optimizer/{name}": a for name, a in optimizer.get_state().items()}
    config["training"] = {
        "iterations": optimizer.iterations,
        "seed": model.seed,
        "epochs_seen": model.epochs_seen,
        "drawn": {la.name: la.seed_generator.drawn for la in model.layers if la.seed_generator is not None},
        "extra": extra,
    }
    write_archive(path, arrays, config)


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


def set_saved_weights(model: Model, arrays: dict[str, np.ndarray], path: str | os.PathLike[str]) -> None:
    """The arrays of a file into the model. Raises CheckpointError if they are another model's; all or nothing."""
    count = sum(name.startswith("weights/") for name in arrays)
    try:
        model.set_weights([arrays[f"weights/{i}"] for i in range(count)])
    except (KeyError, MinicnnError) as error:
        raise CheckpointError(f"{path} was saved from another model: {error}") from None


def compiled_optimizer(model: Model) -> Optimizer:
    """The model's optimizer. Raises StateError if there is none: nothing to save, or to go on with."""
    if model.optimizer is None:
        raise StateError(f"{model.name} has not been compiled: it has no training to save or to go on with")
    return model.optimizer
