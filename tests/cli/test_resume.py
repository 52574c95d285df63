"""Trainings that are killed, interrupted and gone on with end in the same bits as those that were left in peace."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minicnn.models import load_training
from tests.cli.conftest import Run, finished

KILLED = Path(__file__).with_name("killed.py")
FILES = {"best.minicnn", "config.json", "curves.png", "history.json", "last.minicnn"}

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")


@pytest.fixture(scope="module")
def task(task: list[object]) -> list[object]:
    """By NumPy: a process that is to be killed begins in half the time. LeNet-5 below is not."""
    return [*task, "--backend", "numpy"]


@pytest.fixture(scope="module")
def run_folder(task: list[object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the task, not to be changed."""
    return finished(tmp_path_factory.mktemp("runs") / "run", task)


def assert_same_run(run: Path, uninterrupted: Path) -> None:
    """Weights, optimizer, history: the files are the same, byte for byte, and nothing lies beside them."""
    assert {p.name for p in run.iterdir()} == FILES
    for name in sorted(FILES - {"curves.png"}):
        assert (run / name).read_bytes() == (uninterrupted / name).read_bytes(), name


def kill(moment: str, file: str, count: int, *arguments: object) -> None:
    command = [sys.executable, str(KILLED), moment, file, str(count), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, f"it was not killed, the moment never came: {done.stderr}"


MOMENTS = [
    ("batch", "-", 1),
    ("batch", "-", 5),  # in the first epoch of seven steps
    ("write", "best.minicnn", 1),
    ("after", "best.minicnn", 1),  # the best is of an epoch that the last does not know
    ("write", "last.minicnn", 1),
    ("flush", "last.minicnn", 1),
    ("rename", "last.minicnn", 1),
    ("after", "last.minicnn", 1),
    ("write", "history.json", 1),
    ("batch", "-", 17),
    ("write", "best.minicnn", 2),
    ("write", "last.minicnn", 3),
    ("rename", "last.minicnn", 3),
    ("after", "last.minicnn", 5),  # all epochs are done, the rest is not
    ("write", "curves.png", 1),
    ("after", "history.json", 6),
]


@pytest.mark.parametrize(("moment", "file", "count"), MOMENTS, ids=lambda value: str(value))
def test_kill_9_and_resume(
    moment: str, file: str, count: int, task: list[object], run_folder: Path, minicnn: Run, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    kill(moment, file, count, "train", *task, "--out", run)
    outcome = minicnn("train", "--resume", run)
    assert outcome.status == 0
    assert outcome.err == ""
    assert_same_run(run, run_folder)


def test_killed_again_and_again(task: list[object], run_folder: Path, minicnn: Run, tmp_path: Path) -> None:
    run = tmp_path / "run"
    kill("batch", "-", 10, "train", *task, "--out", run)
    for moment, file in (("write", "last.minicnn"), ("after", "best.minicnn"), ("flush", "history.json")):
        kill(moment, file, 1, "train", "--resume", run)
    assert minicnn("train", "--resume", run).status == 0
    assert_same_run(run, run_folder)


@pytest.mark.parametrize("moment", ["write", "rename"])
def test_killed_before_there_is_a_run(moment: str, task: list[object], run_folder: Path, minicnn: Run) -> None:
    kill(moment, "config.json", 1, "train", *task, "--out", "run")
    outcome = minicnn("train", "--resume", "run")
    assert outcome.status == 1
    assert "run is not the folder of a run: cannot read config.json" in outcome.err
    assert minicnn("train", *task, "--out", "run").status == 0, "the folder can be used"
    assert_same_run(Path("run"), run_folder)


def test_a_finished_run_is_only_finished_again(run_folder: Path, minicnn: Run, tmp_path: Path) -> None:
    run = shutil.copytree(run_folder, tmp_path / "run")
    outcome = minicnn("train", "--resume", run)
    assert outcome.status == 0
    assert "Epoch" not in outcome.out
    assert "test accuracy" in outcome.out
    assert_same_run(run, run_folder)


def test_resume_takes_no_other_settings(run_folder: Path, minicnn: Run) -> None:
    outcome = minicnn("train", "--resume", run_folder, "--batch-size", 8, "--lr", 0.1)
    assert outcome.status == 2
    assert "--resume goes on with the run's own settings: leave out --batch-size, --lr" in outcome.err


# The data of a run.


@pytest.fixture
def begun(minicnn: Run, task: list[object], run_folder: Path, tmp_path: Path) -> Path:
    """A run on data of its own, data.npz."""
    shutil.copy(task[1], tmp_path / "data.npz")
    run = shutil.copytree(run_folder, tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    config["settings"]["data"] = str(tmp_path / "data.npz")
    (run / "config.json").write_text(json.dumps(config))
    return run


@pytest.mark.parametrize(
    ("array", "parts"),
    [("x_train", "training and validation"), ("y_train", "training and validation"), ("x_test", "test")],
)
def test_data_that_have_changed_are_noticed(array: str, parts: str, begun: Path, minicnn: Run) -> None:
    arrays = dict(np.load("data.npz"))
    np.savez("data.npz", **{**arrays, array: arrays[array][::-1]})
    last = (begun / "last.minicnn").read_bytes()
    outcome = minicnn("train", "--resume", begun)
    assert outcome.status == 1
    assert f"data.npz has changed since {begun} began: its {parts} images or labels are others" in outcome.err
    assert "Bring back what was there, or begin a new run without --resume" in outcome.err
    assert (begun / "last.minicnn").read_bytes() == last
    np.savez("data.npz", **arrays)
    assert minicnn("train", "--resume", begun).status == 0


def test_runs_that_did_not_say_what_they_began_with_go_on(begun: Path, minicnn: Run) -> None:
    config = json.loads((begun / "config.json").read_text())
    assert set(config.pop("data")) == {"training", "validation", "test"}
    (begun / "config.json").write_text(json.dumps(config))
    assert minicnn("train", "--resume", begun).status == 0


# From outside: a real `minicnn train`, and a signal when a certain line has been printed.

SLOWER: list[object] = ["--model", "lenet5", "--limit", "400", "--epochs", "6", "--batch-size", "16"]


@pytest.fixture(scope="module")
def slower(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("slower") / "run", SLOWER)


def signalled(number: signal.Signals, line: str, run: Path) -> tuple[int, str, str]:
    """Exit status, output and errors of a training that got the signal as soon as it had printed `line`."""
    # Programs that were started in the background ignore Ctrl-C, and so would this one if the tests were.
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); " \
        "from minicnn.cli.main import main; main(sys.argv[1:])"  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", code, "train", *map(str, SLOWER), "--out", str(run)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    out = ""
    for printed in process.stdout:
        out += printed
        if line in printed:
            process.send_signal(number)
            break
    more, errors = process.communicate(timeout=60)
    return process.returncode, out + more, errors


@pytest.mark.parametrize("line", ["writing to", "Epoch 2/6"])
def test_kill_9_from_outside(line: str, slower: Path, minicnn: Run, tmp_path: Path) -> None:
    run = tmp_path / "run"
    status, out, _ = signalled(signal.SIGKILL, line, run)
    assert status == -signal.SIGKILL
    assert "test accuracy" not in out
    assert minicnn("train", "--resume", run).status == 0
    assert_same_run(run, slower)


@pytest.mark.parametrize(("line", "at_least"), [("writing to", 0), ("Epoch 2/6", 2)])
def test_ctrl_c_ends_with_what_there_is(line: str, at_least: int, slower: Path, minicnn: Run, tmp_path: Path) -> None:
    run = tmp_path / "run"
    status, out, errors = signalled(signal.SIGINT, line, run)
    assert (status, errors) == (130, "")
    done = len(json.loads((run / "history.json").read_text())["history"]["loss"]) if at_least else 0
    assert at_least <= done < 6
    assert out.splitlines()[-1] == f"stopped after {done} of 6 epochs; go on with  minicnn train --resume {run}"
    assert {p.name for p in run.iterdir()} == (FILES if done else {"config.json"})
    if done:
        _, extra = load_training(run / "last.minicnn")
        assert extra["epoch"] == done
        assert minicnn("evaluate", run).status == 0
    assert minicnn("train", "--resume", run).status == 0
    assert_same_run(run, slower)
