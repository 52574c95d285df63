"""Callbacks: what may watch a training, and stop it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minicnn.errors import ArgumentError

Logs = dict[str, float]


class Callback:
    """The base: override what you need. `self.model` is the model, `self.params` holds epochs, steps and batch_size.

    Setting `self.model.stop_training = True` ends the training after the current epoch.
    """

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def on_train_begin(self, logs: Logs) -> None:
        """Before the first epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Before an epoch (counted from 0)."""

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """After a step (counted from 0 in its epoch); logs hold the epoch's loss and metrics so far."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """After an epoch; logs hold loss and metrics, and with validation data the same with "val_" before them."""

    def on_train_end(self, logs: Logs) -> None:
        """After the last epoch, also when an exception or Ctrl-C ended the training."""


class History(Callback):
    """What `fit` returns: `history["loss"][e]` and so on for each epoch, `epoch` their numbers from 0."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Appends."""
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)


class CallbackList(Callback):
    """Tells several callbacks, in order."""

    def __init__(self, callbacks: Sequence[Callback], model: Any, params: dict[str, Any]) -> None:
        super().__init__()
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise ArgumentError(
                    f"callbacks must be a list of callbacks.Callback objects; one of it is {callback!r:.80}"
                )
            callback.model, callback.params = model, params

    def on_train_begin(self, logs: Logs) -> None:
        """Tells all."""
        for callback in self.callbacks:
            callback.on_train_begin(logs)

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Tells all."""
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Tells all."""
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Tells all."""
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_train_end(self, logs: Logs) -> None:
        """Tells all."""
        for callback in self.callbacks:
            callback.on_train_end(logs)
