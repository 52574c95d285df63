from __future__ import annotations

import pytest

from minicnn.callbacks import LearningRateScheduler, ReduceLROnPlateau
from minicnn.errors import ArgumentError
from minicnn.optimizers import SGD
from minicnn.optimizers.schedules import CosineDecay
from tests.training.tasks import network, quarters

X, Y = quarters()


@pytest.mark.parametrize(
    "schedule", [lambda epoch: 0.1 / (epoch + 1), lambda epoch, rate: rate / 2 if epoch else 0.1], ids=["old", "new"]
)
def test_a_schedule_of_the_epoch_and_perhaps_of_the_rate(schedule: object) -> None:
    model = network(optimizer=SGD(1.0))
    history = model.fit(X, Y, epochs=2, callbacks=[LearningRateScheduler(schedule)], verbose=0)  # type: ignore[arg-type]
    assert history.history["learning_rate"] == [0.1, 0.05]
    assert model.optimizer is not None
    assert model.optimizer.learning_rate == 0.05


def test_what_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    network().fit(X, Y, callbacks=[LearningRateScheduler(lambda epoch: 0.25, verbose=1)], verbose=0)
    assert capsys.readouterr().out == "Epoch 1: LearningRateScheduler setting learning rate to 0.25.\n"


def test_what_is_no_schedule() -> None:
    with pytest.raises(ArgumentError, match="schedule must be a function, got 0"):
        LearningRateScheduler(0)  # type: ignore[arg-type]
    for given in ("0.1", 1, None):
        with pytest.raises(ArgumentError, match="the schedule must give a float, it gave"):
            network().fit(X, Y, callbacks=[LearningRateScheduler(lambda epoch: given)], verbose=0)  # noqa: B023
    with pytest.raises(ArgumentError, match="a learning rate must be a finite number of at least 0, got -1"):
        network().fit(X, Y, callbacks=[LearningRateScheduler(lambda epoch: -1.0)], verbose=0)


def test_an_optimizer_that_has_a_schedule_already() -> None:
    model = network(optimizer=SGD(CosineDecay(0.1, 100)))
    with pytest.raises(ArgumentError, match="the optimizer's learning rate is a schedule, CosineDecay"):
        model.fit(X, Y, callbacks=[LearningRateScheduler(lambda epoch: 0.1)], verbose=0)


def test_the_rate_falls_on_a_plateau_down_to_the_least() -> None:
    model = network(optimizer=SGD(0.0))
    assert model.optimizer is not None
    model.optimizer.learning_rate = 1e-6
    flat = ReduceLROnPlateau(monitor="loss", mode="max", min_delta=100, factor=0.1, patience=2, min_lr=5e-9)
    history = model.fit(X, Y, epochs=9, callbacks=[flat], verbose=0)
    assert history.history["learning_rate"] == pytest.approx([1e-6] * 3 + [1e-7] * 2 + [1e-8] * 2 + [5e-9] * 2)
