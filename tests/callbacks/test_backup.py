from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minicnn import Sequential, layers
from minicnn.callbacks import BackupAndRestore, LambdaCallback
from minicnn.errors import ArgumentError, CheckpointError, StateError
from tests.training.tasks import linear, network, quarters

X, Y = quarters()


def run(folder: Path, save_freq: str, moment: str, count: int) -> int:
    command = [sys.executable, "-m", "tests.callbacks.killed_fit", str(folder), save_freq, moment, str(count)]
    quick_to_start = {**os.environ, "MINICNN_BACKEND": "numpy"}
    return subprocess.run(command, env=quick_to_start, check=False).returncode


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """The weights of a training that nobody kills."""
    folder = tmp_path_factory.mktemp("whole")
    assert run(folder, "epoch", "never", 0) == 0
    return dict(np.load(folder / "weights.npz"))


@pytest.mark.parametrize(
    ("save_freq", "moment", "count"), [("epoch", "batch", 13), ("3", "batch", 13), ("epoch", "flush", 2)]
)
def test_killed_and_started_again_it_comes_to_the_same_bits(
    tmp_path: Path, whole: dict[str, np.ndarray], save_freq: str, moment: str, count: int
) -> None:
    assert run(tmp_path, save_freq, moment, count) == -signal.SIGKILL
    assert (tmp_path / "backup" / "latest.minicnn").exists()
    assert run(tmp_path, save_freq, "batch", 1000) == 0
    assert not (tmp_path / "backup" / "latest.minicnn").exists()
    again = dict(np.load(tmp_path / "weights.npz"))
    assert set(again) == set(whole)
    for name, weight in whole.items():
        np.testing.assert_array_equal(again[name], weight)


def interrupted(folder: Path, after: int, **options: object) -> BackupAndRestore:
    """A training of four epochs of which Ctrl-C lets `after` steps happen."""
    backup = BackupAndRestore(folder, **options)  # type: ignore[arg-type]
    steps: list[int] = []

    def interrupt(batch: int, logs: object) -> None:
        steps.append(batch)
        if len(steps) > after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        network().fit(
            X, Y, batch_size=20, epochs=4, verbose=0,
            callbacks=[backup, LambdaCallback(on_train_batch_begin=interrupt)],
        )  # fmt: skip
    return backup


def test_it_goes_on_with_the_epoch_that_comes_next(tmp_path: Path) -> None:
    interrupted(tmp_path / "b", after=7)
    history = network().fit(X, Y, batch_size=20, epochs=4, callbacks=[BackupAndRestore(tmp_path / "b")], verbose=0)
    assert history.epoch == [2, 3]
    assert not (tmp_path / "b").exists()
    assert network().fit(X, Y, epochs=1, callbacks=[BackupAndRestore(tmp_path / "b")], verbose=0).epoch == [0]


def test_in_the_middle_of_an_epoch_it_goes_on_with_the_batch_that_comes_next(tmp_path: Path) -> None:
    interrupted(tmp_path, after=7, save_freq=5)
    batches: list[int] = []
    history = network().fit(
        X, Y, batch_size=20, epochs=4, verbose=0,
        callbacks=[
            BackupAndRestore(tmp_path, save_freq=5),
            LambdaCallback(on_train_batch_begin=lambda b, logs: batches.append(b)),
        ],
    )  # fmt: skip
    assert history.epoch == [1, 2, 3]
    assert batches == [2, 0, 1, 2, 0, 1, 2]


def test_after_the_last_batch_of_an_epoch_it_goes_on_with_the_epochs_end(tmp_path: Path) -> None:
    whole, again = network(), network()
    whole.fit(X, Y, batch_size=20, epochs=2, verbose=0)
    interrupted(tmp_path, after=3, save_freq=3)
    history = again.fit(
        X, Y, batch_size=20, epochs=2, validation_data=(X, Y), callbacks=[BackupAndRestore(tmp_path, 3)], verbose=0
    )
    assert history.epoch == [0, 1]
    assert {name: len(values) for name, values in history.history.items()} == {
        "loss": 1, "accuracy": 1, "val_loss": 2, "val_accuracy": 2,
    }  # fmt: skip
    for a, b in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_backup_stays_if_asked_to_and_what_else_is_in_the_folder_always(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    network().fit(X, Y, callbacks=[BackupAndRestore(tmp_path, delete_checkpoint=False)], verbose=0)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["latest.minicnn", "mine.txt"]
    network().fit(X, Y, callbacks=[BackupAndRestore(tmp_path)], verbose=0)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_damaged_backup_is_an_error_unless_there_is_the_one_before(tmp_path: Path) -> None:
    interrupted(tmp_path, after=7, double_checkpoint=True)
    latest = tmp_path / "latest.minicnn"
    latest.write_bytes(latest.read_bytes()[:-9])
    history = network().fit(
        X, Y, batch_size=20, epochs=4, callbacks=[BackupAndRestore(tmp_path, delete_checkpoint=False)], verbose=0
    )
    assert history.epoch == [1, 2, 3]
    (tmp_path / "latest.minicnn.bkp").unlink()
    latest.write_bytes(latest.read_bytes()[:-9])
    with pytest.raises(CheckpointError, match="damaged"):
        network().fit(X, Y, callbacks=[BackupAndRestore(tmp_path)], verbose=0)


def test_what_is_no_backup_of_this_training(tmp_path: Path) -> None:
    interrupted(tmp_path / "one", after=7)
    with pytest.raises(CheckpointError, match="was saved from another model"):
        linear().fit(X, Y, callbacks=[BackupAndRestore(tmp_path / "one")], verbose=0)
    model = network()
    model.save_training(tmp_path / "two" / "latest.minicnn")
    with pytest.raises(CheckpointError, match="is no backup of a training"):
        model.fit(X, Y, callbacks=[BackupAndRestore(tmp_path / "two")], verbose=0)


def test_arguments_and_models_that_cannot_be(tmp_path: Path) -> None:
    for folder in ("", None, 5):
        with pytest.raises(ArgumentError, match="backup_dir must be the path of a folder"):
            BackupAndRestore(folder)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="save_freq must be 'epoch' or a number of batches"):
        BackupAndRestore(tmp_path, save_freq="batch")
    backup = BackupAndRestore(tmp_path)
    backup.set_model(Sequential([layers.Dense(4)]))
    with pytest.raises(StateError, match="the model has no weights yet"):
        backup.on_train_begin()
