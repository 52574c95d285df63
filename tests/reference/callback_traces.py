"""What callbacks do when they are told the same story: for Keras and for minicnn, and the file that keeps Keras's."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_name("callback_traces.json")

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "stop": ("EarlyStopping", {}),
    "stop patience": ("EarlyStopping", {"patience": 3, "restore_best_weights": True}),
    "stop min_delta": ("EarlyStopping", {"patience": 2, "min_delta": 0.1234}),
    "stop baseline": ("EarlyStopping", {"patience": 2, "baseline": 0.5, "restore_best_weights": True}),
    "stop late": ("EarlyStopping", {"patience": 1, "start_from_epoch": 4, "restore_best_weights": True}),
    "stop max": ("EarlyStopping", {"monitor": "gain", "mode": "max", "patience": 2}),
    "stop unknown": ("EarlyStopping", {"monitor": "nothing", "mode": "min"}),
    "reduce": ("ReduceLROnPlateau", {"patience": 1}),
    "reduce cooldown": ("ReduceLROnPlateau", {"patience": 1, "cooldown": 2, "factor": 0.5, "min_lr": 0.2}),
    "reduce min_delta": ("ReduceLROnPlateau", {"patience": 2, "min_delta": 0.2345}),
    "checkpoint": ("ModelCheckpoint", {"filepath": "{epoch:02d}-{val_loss:.2f}.keras"}),
    "checkpoint best": ("ModelCheckpoint", {"filepath": "b{epoch}.keras", "save_best_only": True}),
    "checkpoint max": (
        "ModelCheckpoint",
        {"filepath": "b{epoch}.keras", "save_best_only": True, "monitor": "gain", "mode": "max"},
    ),
    "checkpoint threshold": (
        "ModelCheckpoint",
        {"filepath": "b{epoch}.keras", "save_best_only": True, "initial_value_threshold": 0.6},
    ),
    "checkpoint weights": ("ModelCheckpoint", {"filepath": "{epoch}.weights.h5", "save_weights_only": True}),
    "checkpoint batches": ("ModelCheckpoint", {"filepath": "{epoch}-{batch}.keras", "save_freq": 3}),
}
SEEDS = range(6)


class Optimizer:
    """What the callbacks of both libraries want of one."""

    learning_rate = 1.0
    schedule = None


class Model:
    """A model that only writes down what it is asked for."""

    def __init__(self) -> None:
        self.optimizer = Optimizer()
        self.stop_training = False
        self.epoch = -1
        self.heard: list[Any] = []
        self.metrics: list[Any] = []

    def get_weights(self) -> list[int]:
        return [self.epoch]

    def set_weights(self, weights: list[int]) -> None:
        self.heard.append(["weights of epoch", weights[0]])

    def save(self, path: str, **_: Any) -> None:
        self.heard.append(["save", path])

    def save_weights(self, path: str = "", **options: Any) -> None:
        self.heard.append(["save weights", path or options["filepath"]])


def trace(callbacks: Any, case: str, seed: int) -> list[Any]:
    """All that happens to the model in a training whose losses the seed decides."""
    name, options = CASES[case]
    callback, model = getattr(callbacks, name)(**options), Model()
    rng = np.random.Generator(np.random.PCG64(seed))
    losses = np.round(np.abs(np.linspace(1, 0.2, 12) + rng.normal(0, 0.25, 12)), 2)
    callback.set_model(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a metric is missing
        callback.on_train_begin({})
        for epoch, loss in enumerate(losses.tolist()):
            callback.on_epoch_begin(epoch, {})
            logs = {"val_loss": loss, "gain": 2 - loss}
            for batch in range(4):
                callback.on_train_batch_begin(batch, {})
                callback.on_train_batch_end(batch, dict(logs))
            model.epoch = epoch
            callback.on_epoch_end(epoch, logs)
            model.heard.append([epoch, round(model.optimizer.learning_rate, 9)])
            if model.stop_training:
                break
        callback.on_train_end(logs)
    return model.heard
