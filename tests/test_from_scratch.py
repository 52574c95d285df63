"""The recipes for whole data sets run, on few pictures; killed in the middle they go on, with one row an epoch."""

from __future__ import annotations

import csv
import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from minicnn import callbacks
from minicnn.datasets import embedded
from minicnn.models import load_model

SCRIPT = Path(__file__).parents[1] / "examples" / "from_scratch.py"


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("from_scratch", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["from_scratch"] = module
    spec.loader.exec_module(module)
    return module


def run(script: Any, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["from_scratch.py", "cifar10-course", "--quick", "--out", str(folder)])
    script.main()


def log_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "cifar10-course" / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_killed_in_the_middle_it_ends_with_the_same_bits(
    script: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run(script, monkeypatch, tmp_path / "whole")

    class Killed(callbacks.BackupAndRestore):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            super().on_epoch_end(epoch, logs)
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(script.callbacks, "BackupAndRestore", Killed)
        with pytest.raises(KeyboardInterrupt):
            run(script, monkeypatch, tmp_path / "broken")
    assert [row["epoch"] for row in log_of(tmp_path / "broken")] == ["0"]
    run(script, monkeypatch, tmp_path / "broken")

    assert log_of(tmp_path / "broken") == log_of(tmp_path / "whole")
    whole, broken = (
        load_model(tmp_path / name / "cifar10-course/cifar10-course.minicnn") for name in ("whole", "broken")
    )
    for ours, theirs in zip(whole.get_weights(), broken.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with Image.open(tmp_path / "whole" / "cifar10-course" / "curves.png") as picture:
        assert picture.size == (1050, 600)


def test_a_second_run_begins_a_log_of_its_own(script: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run(script, monkeypatch, tmp_path)
    first = log_of(tmp_path)
    run(script, monkeypatch, tmp_path)
    assert log_of(tmp_path) == first


def test_the_residual_net_learns_a_few_pictures(script: Any) -> None:
    network = script.RECIPES["fashion-mnist"].network((28, 28, 1), 10, width=4)
    (x, y), _ = embedded.load_data()
    x, y = script.as_floats(x[:64], y[:64])
    loss = script.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(script.optimizers.SGD(0.02, momentum=0.9), loss)
    history = network.fit(x, y, epochs=8, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] / 3
