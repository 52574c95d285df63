"""Changing the learning rate from epoch to epoch: by a function of the epoch, or when nothing improves any more."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn.callbacks.base import Callback, Logs
from minicnn.callbacks.monitor import MonitorCallback, count, real
from minicnn.errors import ArgumentError


class LearningRateScheduler(Callback):
    """Sets the rate before each epoch: schedule(epoch, rate so far), or schedule(epoch), gives the new one, a float.

    verbose: 1 says so. The logs of each epoch get "learning_rate". Raises ArgumentError for a schedule that is no
    function or gives no float, or an optimizer whose rate is a schedule of its own already.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        if not callable(schedule):
            raise ArgumentError(f"LearningRateScheduler: schedule must be a function, got {schedule!r:.80}")
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Asks the schedule."""
        rate = self.schedule(*(epoch, learning_rate(self.model))[: _taken(self.schedule)])
        if not isinstance(rate, (float, np.floating)):
            raise ArgumentError(f"LearningRateScheduler: the schedule must give a float, it gave {rate!r:.80}")
        set_learning_rate(self.model, float(rate), "LearningRateScheduler")
        if self.verbose:
            print(f"Epoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Logs the rate."""
        if logs is not None:
            logs["learning_rate"] = learning_rate(self.model)


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the rate by `factor` when `monitor` has not improved for `patience` epochs, down to `min_lr`.

    min_delta: what counts as an improvement. cooldown: epochs after a change during which nothing is counted.
    verbose: 1 says so. mode: "auto", "min" or "max". The logs of each epoch get "learning_rate".
    Raises ArgumentError for a factor of 1 and more.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if not 0 <= real(self, "factor", factor) < 1:
            raise ArgumentError(f"ReduceLROnPlateau: factor must be below 1 and at least 0, got {factor!r}")
        self.factor, self.min_lr, self.verbose = float(factor), real(self, "min_lr", min_lr), verbose
        self.patience, self.cooldown = count(self, "patience", patience), count(self, "cooldown", cooldown)
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begins anew."""
        self.best: float | None = None
        self.wait = self.cooldown_counter = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Looks, and reduces the rate when patience is over."""
        if logs is not None:
            logs["learning_rate"] = learning_rate(self.model)
        value = self.monitored(logs, "Learning rate reduction is")
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_improvement(value, self.best):
            self.best, self.wait = value, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def in_cooldown(self) -> bool:
        """Whether a change is so recent that nothing is counted."""
        return self.cooldown_counter > 0

    def _reduce(self, epoch: int) -> None:
        rate = learning_rate(self.model)
        if rate <= self.min_lr:
            return
        rate = max(rate * self.factor, self.min_lr)
        set_learning_rate(self.model, rate, "ReduceLROnPlateau")
        self.cooldown_counter, self.wait = self.cooldown, 0
        if self.verbose:
            print(f"Epoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {rate}.")


def learning_rate(model: Any) -> float:
    """The rate of the model's next step."""
    return float(model.optimizer.learning_rate)


def set_learning_rate(model: Any, rate: float, who: str) -> None:
    """Gives the optimizer another rate. Raises ArgumentError if its rate is a schedule or the new one is negative."""
    if (schedule := model.optimizer.schedule) is not None:
        raise ArgumentError(
            f"{who}: the optimizer's learning rate is a schedule, {type(schedule).__name__}, "
            "which changes it at every step; give the optimizer a number"
        )
    if not 0 <= rate < float("inf"):
        raise ArgumentError(f"{who}: a learning rate must be a finite number of at least 0, got {rate!r}")
    model.optimizer.learning_rate = rate


def _taken(schedule: Callable[..., float]) -> int:
    """How many of (epoch, rate) the schedule takes."""
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return 1
    except ValueError:  # a function without a signature: built-in
        return 2
    return 2
