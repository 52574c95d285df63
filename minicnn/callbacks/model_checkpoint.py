"""Saving the model while it trains."""

from __future__ import annotations

import os
import warnings

from minicnn.callbacks.base import Logs
from minicnn.callbacks.monitor import MonitorCallback
from minicnn.callbacks.saving_times import SavingTimes
from minicnn.errors import ArgumentError


class ModelCheckpoint(MonitorCallback):
    """Saves the model, or its weights, after each epoch or each `save_freq` batches; always a whole file or none.

    filepath: where to; may hold {epoch}, {batch} and names of the logs: "{epoch:02d}-{val_loss:.2f}.minicnn".
    monitor, mode: what decides which is best. verbose: 1 says when it saves. save_best_only: only when `monitor` is
    better than ever, or than initial_value_threshold. save_weights_only: `model.save_weights` in place of
    `model.save`. save_freq: "epoch", or a number of batches.
    Any ending of the name will do (Keras wants .keras or .weights.h5); the file is minicnn's own.
    Raises ArgumentError for a save_freq that is neither, or a filepath that asks for what the logs do not hold.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        if not isinstance(filepath, (str, os.PathLike)):
            raise ArgumentError(f"ModelCheckpoint: filepath must be a path, got {filepath!r:.80}")
        self.filepath, self.verbose = os.fspath(filepath), verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.save_freq = save_freq
        self._times = SavingTimes("ModelCheckpoint", save_freq)
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Keeps the number of the epoch, for names of files saved within it."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Saves, if save_freq batches have passed."""
        if self._times.due_after(batch):
            self._save(self._epoch, batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Saves, with save_freq="epoch"."""
        if self._times.by_epoch:
            self._save(epoch, None, logs or {})

    def _save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        path = self._path(epoch, batch, logs)
        if not self._is_wanted(epoch, logs, path):
            return
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)

    def _path(self, epoch: int, batch: int | None, logs: Logs) -> str:
        known = {"epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1}), **logs}
        try:
            return self.filepath.format(**known)
        except (KeyError, ValueError, IndexError) as error:
            raise ArgumentError(
                f"ModelCheckpoint: filepath {self.filepath!r} cannot be filled in ({error}); there are "
                f"{', '.join(known)}"
            ) from None

    def _is_wanted(self, epoch: int, logs: Logs, path: str) -> bool:
        def say(text: str) -> None:
            if self.verbose:
                print(f"Epoch {epoch + 1}: {text}")

        if not self.save_best_only:
            say(f"saving model to {path}")
            return True
        value = logs.get(self.monitor)
        if value is None:
            warnings.warn(f"Can save best model only with {self.monitor} available.", stacklevel=4)
            return True
        best = "None" if self.best is None else f"{self.best:.5f}"
        if not self.is_improvement(value, self.best):
            say(f"{self.monitor} did not improve from {best}")
            return False
        say(f"{self.monitor} improved from {best} to {value:.5f}, saving model to {path}")
        self.best = value
        return True
