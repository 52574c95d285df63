"""Early stopping, plateaus and checkpoints within a real training; their decisions are in tests/reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicnn.callbacks import Callback, EarlyStopping, LambdaCallback, ModelCheckpoint, ReduceLROnPlateau
from minicnn.callbacks.monitor import MonitorCallback
from minicnn.errors import ArgumentError, OutputError
from minicnn.metrics import BinaryAccuracy, Metric
from minicnn.models import load_model
from tests.training.tasks import network, quarters

X, Y = quarters()


def test_the_best_weights_come_back() -> None:
    kept: list[Any] = []
    model = network()
    worse = LambdaCallback(
        on_epoch_end=lambda epoch, logs: (kept.append(model.get_weights()), logs.update(val_loss=abs(epoch - 2.0)))
    )
    stop = EarlyStopping(patience=3, restore_best_weights=True)
    history = model.fit(X, Y, epochs=20, callbacks=[worse, stop], verbose=0)
    assert history.epoch == [0, 1, 2, 3, 4, 5]
    assert (stop.best, stop.best_epoch, stop.stopped_epoch) == (0, 2, 5)
    for weight, best, last in zip(model.get_weights(), kept[2], kept[-1], strict=True):
        np.testing.assert_array_equal(weight, best)
        assert not np.array_equal(weight, last)


def test_what_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    flat = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(val_loss=1.0))
    watchers = [
        flat,
        ReduceLROnPlateau(patience=1, verbose=1),
        ModelCheckpoint(tmp_path / "best.keras", verbose=1, save_best_only=True),
        EarlyStopping(patience=1, verbose=1, restore_best_weights=True),
    ]
    network().fit(X, Y, epochs=5, callbacks=watchers, verbose=0)
    assert capsys.readouterr().out.splitlines() == [
        f"Epoch 1: val_loss improved from None to 1.00000, saving model to {tmp_path / 'best.keras'}",
        "Epoch 2: ReduceLROnPlateau reducing learning rate to 0.0001.",
        "Epoch 2: val_loss did not improve from 1.00000",
        "Epoch 2: early stopping",
        "Restoring model weights from the end of the best epoch: 1.",
    ]


def test_files_are_named_after_epoch_and_logs_and_hold_the_model_of_that_time(tmp_path: Path) -> None:
    model = network()
    history = model.fit(
        X, Y, epochs=2, callbacks=[ModelCheckpoint(tmp_path / "deep" / "{epoch:02d}-{loss:.3f}.keras")], verbose=0
    )
    names = [f"{e + 1:02d}-{loss:.3f}.keras" for e, loss in enumerate(history.history["loss"])]
    assert sorted(file.name for file in (tmp_path / "deep").iterdir()) == names
    again = load_model(tmp_path / "deep" / names[1])
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_a_name_that_the_logs_lack_and_a_place_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"filepath '.*\{val_los\}' cannot be filled in .* epoch, loss, accuracy"):
        network().fit(X, Y, callbacks=[ModelCheckpoint(str(tmp_path / "{val_los}"))], verbose=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        network().fit(X, Y, callbacks=[ModelCheckpoint(tmp_path / "file" / "model")], verbose=0)


@pytest.mark.parametrize("callback", [EarlyStopping(), ReduceLROnPlateau(), ModelCheckpoint("x", save_best_only=True)])
def test_a_metric_that_is_not_there_is_a_warning(
    callback: Callback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="val_loss"):
        network().fit(X, Y, callbacks=[callback], verbose=0)


class Fancy(Metric):
    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return y_pred.max(axis=1)


@pytest.mark.parametrize(
    ("monitor", "up"),
    [("loss", False), ("val_loss", False), ("head_loss", False), ("val_acc", True), ("acc", True), ("mae", False)],
)
def test_which_way_is_better_is_known_of_losses_and_metrics(monitor: str, up: bool) -> None:
    model = network(loss="categorical_crossentropy", metrics=["acc", "mae"])
    waiting = MonitorCallback(monitor)
    waiting.set_model(model)
    assert waiting.is_improvement(2, 1) == up
    assert waiting.is_improvement(1, 2) == (not up)
    assert not waiting.is_improvement(1, 1)
    assert waiting.is_improvement(1, None)


def test_of_a_metric_of_ones_own_it_must_be_said() -> None:
    waiting = MonitorCallback("fancy")
    waiting.set_model(network(metrics=[Fancy(), BinaryAccuracy()]))
    with pytest.raises(ArgumentError, match=r"'fancy' should grow or shrink .* mode='max' or mode='min'"):
        waiting.is_improvement(1, 2)
    assert MonitorCallback("fancy", mode="max").is_improvement(3, 2)


BAD: dict[str, tuple[Any, str]] = {
    "mode": (lambda: EarlyStopping(mode="up"), "mode must be 'auto', 'min' or 'max', got 'up'"),
    "monitor": (lambda: EarlyStopping(monitor=3), "monitor must be a name"),
    "patience": (lambda: EarlyStopping(patience=-1), "patience must be a whole number of at least 0, got -1"),
    "min_delta": (lambda: EarlyStopping(min_delta="a"), "min_delta must be a number, got 'a'"),
    "nan": (lambda: EarlyStopping(baseline=float("nan")), "baseline must be a number"),
    "start": (lambda: EarlyStopping(start_from_epoch=1.5), "start_from_epoch must be a whole number"),
    "factor": (lambda: ReduceLROnPlateau(factor=1.0), "factor must be below 1 and at least 0, got 1.0"),
    "cooldown": (lambda: ReduceLROnPlateau(cooldown=None), "cooldown must be a whole number"),
    "save_freq": (lambda: ModelCheckpoint("x", save_freq="batch"), "save_freq must be 'epoch' or a number of batches"),
    "save_freq 0": (lambda: ModelCheckpoint("x", save_freq=0), "save_freq must be 'epoch' or a number of batches"),
    "filepath": (lambda: ModelCheckpoint(5), "filepath must be a path, got 5"),
}


@pytest.mark.parametrize("case", BAD)
def test_arguments_that_make_no_sense(case: str) -> None:
    make, message = BAD[case]
    with pytest.raises(ArgumentError, match=message):
        make()
