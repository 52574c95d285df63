"""What callbacks hear of fit, evaluate and predict, when they end a training, and what is printed."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from minicnn.callbacks import Callback, LambdaCallback, Logs
from tests.training.tasks import network, quarters

X, Y = quarters()


class Diary(Callback):
    """Writes down what it is told."""

    def __init__(self, stop_at: int | None = None) -> None:
        super().__init__()
        self.heard: list[str] = []
        self.stop_at = stop_at

    def on_train_begin(self, logs: Logs) -> None:
        self.heard.append(f"train {self.params['epochs']} {self.params['steps']}")

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        self.heard.append(f"epoch {epoch}")

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        self.heard.append(f"batch {batch} {sorted(logs)}")

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self.heard.append(f"end {epoch} {sorted(logs)}")
        self.model.stop_training = epoch == self.stop_at

    def on_train_end(self, logs: Logs) -> None:
        self.heard.append("done")

    def on_train_interrupted(self, logs: Logs) -> None:
        self.heard.append("interrupted")


def test_callbacks_hear_everything_in_order() -> None:
    diary = Diary()
    network().fit(X, Y, epochs=2, batch_size=30, validation_data=(X, Y), callbacks=[diary], verbose=0)
    epoch = ["batch 0 ['accuracy', 'loss']", "batch 1 ['accuracy', 'loss']"]
    ends = "['accuracy', 'loss', 'val_accuracy', 'val_loss']"
    assert diary.heard == [
        "train 2 2", "epoch 0", *epoch, f"end 0 {ends}", "epoch 1", *epoch, f"end 1 {ends}", "done",
    ]  # fmt: skip


def test_stop_training_ends_after_the_epoch() -> None:
    diary = Diary(stop_at=1)
    history = network().fit(X, Y, epochs=9, callbacks=[diary], verbose=0)
    assert history.epoch == [0, 1]
    assert diary.heard[-1] == "done"


def test_stop_training_within_an_epoch_ends_it_after_the_batch() -> None:
    class Stop(Diary):
        def on_train_batch_begin(self, batch: int, logs: Logs) -> None:
            self.model.stop_training = batch == 2

    diary = Stop()
    network().fit(X, Y, batch_size=10, callbacks=[diary], verbose=0)
    batches = [heard for heard in diary.heard if heard.startswith("batch")]
    assert len(batches) == 2 + 1
    assert diary.heard[-1] == "done"


def test_evaluation_and_prediction_have_moments_of_their_own() -> None:
    heard: list[Any] = []
    moments = ("begin", "batch_begin", "batch_end", "end")

    def watch(what: str) -> LambdaCallback:
        def hear(moment: str) -> Any:
            return lambda *given: heard.append((moment, *given[:-1], sorted(given[-1])))

        return LambdaCallback(**{f"on_{what}_{moment}": hear(moment) for moment in moments})

    model = network()
    logs = ["accuracy", "loss"]
    model.evaluate(X, Y, batch_size=40, callbacks=[watch("test")])
    tested = [
        ("begin", []), ("batch_begin", 0, []), ("batch_end", 0, logs), ("batch_begin", 1, []), ("batch_end", 1, logs),
        ("end", logs),
    ]  # fmt: skip
    assert heard == tested
    heard.clear()
    model.fit(X, Y, validation_data=(X, Y), validation_batch_size=40, callbacks=[watch("test")], verbose=0)
    assert heard == tested
    heard.clear()
    model.predict(X, batch_size=60, callbacks=[watch("predict")])
    assert heard == [("begin", []), ("batch_begin", 0, []), ("batch_end", 0, ["outputs"]), ("end", [])]


def test_validation_now_and_then() -> None:
    history = network().fit(X, Y, epochs=5, validation_data=(X, Y), validation_freq=2, verbose=0)
    assert {name: len(values) for name, values in history.history.items()} == {
        "loss": 5, "accuracy": 5, "val_loss": 2, "val_accuracy": 2,
    }  # fmt: skip


def test_epochs_of_some_steps_go_on_where_the_one_before_ended() -> None:
    whole, parts = network(), network()
    whole.fit(X, Y, batch_size=10, epochs=2, shuffle=False, verbose=0)
    history = parts.fit(X, Y, batch_size=10, epochs=3, steps_per_epoch=4, shuffle=False, verbose=0)
    assert history.epoch == [0, 1, 2]
    for a, b in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_a_callback_adds_to_the_logs_is_in_the_history() -> None:
    model = network()
    history = model.fit(
        X, Y, callbacks=[LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(more=epoch + 0.5))], verbose=0
    )
    assert history.history["more"] == [0.5]
    assert model.history is history


def test_callbacks_hear_of_the_end_when_something_breaks() -> None:
    class Break(Diary):
        def on_train_batch_end(self, batch: int, logs: Logs) -> None:
            raise KeyboardInterrupt

    diary = Break()
    with pytest.raises(KeyboardInterrupt):
        network().fit(X, Y, callbacks=[diary], verbose=0)
    assert diary.heard[-1] == "interrupted"
    assert "done" not in diary.heard


@pytest.mark.parametrize("verbose", ["auto", 1, 2])
def test_progress_is_a_line_an_epoch_where_there_is_no_terminal(
    verbose: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    network().fit(X, Y, epochs=2, validation_data=(X, Y), verbose=verbose)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    number = r"\d+\.\d{4}"
    pattern = rf"Epoch 2/2  loss {number}  accuracy {number}  val_loss {number}  val_accuracy {number}  "
    assert re.fullmatch(pattern + r"[\d,]+ images/s  \d+\.\d s", lines[1])


def test_verbose_0_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    network().fit(X, Y, verbose=0)
    assert capsys.readouterr() == ("", "")
