"""Ending a training that no longer gets better."""

from __future__ import annotations

import numpy as np

from minicnn.callbacks.base import Logs
from minicnn.callbacks.monitor import MonitorCallback, count, real


class EarlyStopping(MonitorCallback):
    """Ends the training after `patience` epochs without an improvement of `monitor`.

    min_delta: what counts as one. verbose: 1 says so. mode: "auto", "min" or "max". baseline: an improvement counts
    only once it beats this. restore_best_weights: give the model the weights of its best epoch, at the end.
    start_from_epoch: epochs before this one are a warm-up that is not looked at.
    Source of the idea: Prechelt, Early stopping - but when? (1998), the criterion UP.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience, self.verbose = count(self, "patience", patience), verbose
        self.baseline = None if baseline is None else real(self, "baseline", baseline)
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = count(self, "start_from_epoch", start_from_epoch)
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begins anew."""
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = None
        self.best_weights: list[np.ndarray] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Looks, keeps the best weights, and stops when patience is over."""
        value = self.monitored(logs, "Early stopping")
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:  # something to go back to if nothing ever improves
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self.is_improvement(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.is_improvement(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Gives the best weights back, if asked to."""
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
