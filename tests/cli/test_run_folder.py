from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from minicnn.cli import run_folder as module
from minicnn.cli.run_folder import RunFolder, read_config
from minicnn.errors import CheckpointError, OutputError
from minicnn.models import load_training, save_training
from tests.training.tasks import network, quarters

X, Y = quarters()


def train(folder: RunFolder, epochs: int = 3) -> None:
    folder.start({"settings": {"a": 1}})
    network().fit(X, Y, epochs=epochs, validation_data=(X, Y), callbacks=[folder], verbose=0)


def test_after_each_epoch_there_is_a_whole_run(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", {"note": "kept"})
    train(folder, 2)
    assert folder.epochs == 2
    assert read_config(folder.path) == {"settings": {"a": 1}}
    model, extra = load_training(folder.path / "last.minicnn")
    assert extra["note"] == "kept"
    assert extra["epoch"] == 2
    assert extra["history"] == folder.history == json.loads((folder.path / "history.json").read_text())["history"]
    assert model.epochs_seen == 2


def test_best_is_the_highest_and_of_equal_ones_the_latest(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, {})
    folder.history = {"val_accuracy": [0.5, 0.9, 0.7, 0.9, 0.8]}
    assert folder.best_epoch == 3
    folder.monitor = "loss"
    folder.history = {"loss": [2.0]}
    assert folder.best_epoch == 0


def test_best_is_kept_from_the_epoch_that_was_best(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", {}, monitor="rank")
    folder.model = network()
    folder.model.fit(X, Y, verbose=0)
    for epoch, rank in enumerate([1.0, 3.0, 2.0]):
        folder.on_epoch_end(epoch, {"loss": 1.0, "rank": rank})
    assert load_training(folder.path / "best.minicnn")[1]["epoch"] == 2
    assert load_training(folder.path / "last.minicnn")[1]["epoch"] == 3


def test_an_epoch_that_was_not_saved_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder(tmp_path / "run", {})
    train(folder, 2)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    folder.model = network()
    monkeypatch.setattr(module, "save_training", interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder.on_epoch_end(2, {"loss": 1.0, "accuracy": 1.0, "val_loss": 1.0, "val_accuracy": 1.0})
    assert folder.epochs == 2


def test_resume_sweeps_up_and_goes_on(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", {})
    train(folder)
    (folder.path / ".last.minicnn.x1y2.tmp").touch()
    (folder.path / "mine.tmp").touch()
    again = RunFolder(folder.path, {})
    assert again.resume().epochs_seen == 3
    assert again.history == folder.history
    assert not (folder.path / ".last.minicnn.x1y2.tmp").exists()
    assert (folder.path / "mine.tmp").exists(), "only what a run leaves"


def test_nothing_to_resume_before_the_first_epoch(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", {})
    folder.start({})
    assert RunFolder(folder.path, {}).resume() is None
    assert folder.epochs == 0


def test_a_second_run_in_one_folder_is_refused(tmp_path: Path) -> None:
    RunFolder(tmp_path, {}).start({"first": True})
    with pytest.raises(OutputError, match="holds a run already: choose another --out, or go on with it by --resume"):
        RunFolder(tmp_path, {}).start({"first": False})
    assert read_config(tmp_path) == {"first": True}


@pytest.mark.parametrize(
    "history",
    [None, 5, {}, {"loss": [1.0]}, {"loss": [1.0], "val_accuracy": [1.0, 2.0]}, {"loss": ["a"], "val_accuracy": [1.0]}],
    ids=str,
)
def test_a_history_that_is_none(tmp_path: Path, history: Any) -> None:
    model = network()
    model.fit(X, Y, verbose=0)
    save_training(model, tmp_path / "last.minicnn", {"history": history})
    with pytest.raises(CheckpointError, match="holds no history of a run that could go on"):
        RunFolder(tmp_path, {}).resume()


def test_config_of_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is not the folder of a run: cannot read config\.json"):
        read_config(tmp_path / "nothing")
    for content in ("{", "\ud800".encode("utf-16", "surrogatepass"), "[" * 100_000):
        (tmp_path / "config.json").write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(CheckpointError, match=r"cannot read config\.json"):
            read_config(tmp_path)
    (tmp_path / "config.json").write_text("5")
    with pytest.raises(CheckpointError, match="does not hold the configuration of a run"):
        read_config(tmp_path)
