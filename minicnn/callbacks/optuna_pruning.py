"""Ending a trial of a search that does worse than the trials before it."""

from __future__ import annotations

from typing import Any

from minicnn.callbacks.base import Logs
from minicnn.callbacks.monitor import MonitorCallback


class OptunaPruning(MonitorCallback):
    """Reports a number to Optuna after each epoch, and ends the trial when its pruner has seen enough.

    trial: the `optuna.Trial` that the objective was given. monitor: the name of the number in the logs. Which way is
    better, and what is enough, the study knows. A trial that is ended raises `optuna.TrialPruned` out of `fit`, as
    Optuna wants it; an epoch whose logs lack the number, one without validation, is not reported.
    Source: Akiba et al., Optuna: a next-generation hyperparameter optimization framework (KDD 2019), section 3.2.
    """

    def __init__(self, trial: Any, monitor: str = "val_loss") -> None:
        super().__init__(monitor)
        self.trial = trial

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Reports, and asks."""
        value = self.monitored(logs, "Pruning")
        if value is None:
            return
        self.trial.report(float(value), epoch)
        if self.trial.should_prune():
            from optuna import TrialPruned  # whoever has a trial has Optuna; nobody else needs it

            raise TrialPruned(f"{self.monitor} was {value:.4g} after {epoch + 1} epochs")
