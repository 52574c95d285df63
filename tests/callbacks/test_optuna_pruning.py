"""A search ends trials early: with a trial that answers as it is told, and with Optuna where it is installed."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from minicnn.callbacks import Callback, LambdaCallback, OptunaPruning
from minicnn.errors import ArgumentError
from tests.training.tasks import network, quarters

X, Y = quarters(20)


class Trial:
    """Says that it is enough after the third report."""

    def __init__(self) -> None:
        self.reports: list[tuple[float, int]] = []

    def report(self, value: float, step: int) -> None:
        self.reports.append((value, step))

    def should_prune(self) -> bool:
        return len(self.reports) == 3


class TrialPruned(Exception):
    """Optuna's, where it is not installed."""


def test_it_reports_each_epoch_and_ends_the_trial_when_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in: Any = ModuleType("optuna")
    stand_in.TrialPruned = TrialPruned
    monkeypatch.setitem(sys.modules, "optuna", stand_in)
    trial, seen = Trial(), []
    ended: list[Any] = []
    watchers: list[Callback] = [
        LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["val_accuracy"])),
        OptunaPruning(trial, monitor="val_accuracy"),
    ]
    watchers[0].on_train_interrupted = ended.append  # type: ignore[method-assign]
    with pytest.raises(TrialPruned, match=r"val_accuracy was .* after 3 epochs"):
        network().fit(X, Y, epochs=9, validation_data=(X, Y), callbacks=watchers, verbose=0)
    assert trial.reports == [(value, epoch) for epoch, value in enumerate(seen)]
    assert len(seen) == 3
    assert len(ended) == 1


def test_epochs_without_the_number_are_said_and_not_reported() -> None:
    trial = Trial()
    with pytest.warns(UserWarning, match="Pruning conditioned on metric `val_loss`"):
        network().fit(X, Y, callbacks=[OptunaPruning(trial)], verbose=0)
    assert trial.reports == []
    with pytest.raises(ArgumentError, match="OptunaPruning: monitor must be a name"):
        OptunaPruning(trial, monitor=3)  # type: ignore[arg-type]


def test_optuna_prunes_with_it() -> None:
    optuna: Any = pytest.importorskip("optuna", reason="Optuna is not installed: pip install 'minicnn[search]'")
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def objective(trial: Any) -> float:
        rate = [0.1, 0.1, 1e-9][trial.number]
        model = network(optimizer="sgd")
        model.optimizer.learning_rate = rate
        history = model.fit(X, Y, epochs=4, callbacks=[OptunaPruning(trial, "loss")], verbose=0)
        return float(history.history["loss"][-1])

    study = optuna.create_study(pruner=optuna.pruners.MedianPruner(n_startup_trials=2))
    study.optimize(objective, n_trials=3)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "COMPLETE", "PRUNED"]
    assert len(study.trials[2].intermediate_values) < 4
