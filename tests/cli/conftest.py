"""The command line in this process, and a run that takes moments: 8x8 pictures, a network with every kind of state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from minicnn import Input, Sequential, layers
from minicnn.cli.main import main

CLASSES = ("left", "right", "top", "bottom")


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    status: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def minicnn(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command in an empty folder: `minicnn("train", "--epochs", 2)`."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Outcome:
        with pytest.raises(SystemExit) as end:
            main([str(a) for a in arguments])
        printed = capsys.readouterr()
        return Outcome(end.value.code, printed.out, printed.err)

    return run


@pytest.fixture(scope="session")
def task(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """The arguments of `train` that say what is learned, by which network, and how."""
    folder = tmp_path_factory.mktemp("task")
    rng = np.random.default_rng(0)
    arrays = {}
    for part, n in (("train", 120), ("test", 40)):
        y = np.arange(n) % 4
        x = rng.integers(0, 206, (n, 8, 8), dtype=np.uint8)
        for i, label in enumerate(y):
            x[i][[np.s_[:, :4], np.s_[:, 4:], np.s_[:4], np.s_[4:]][label]] += 50
        arrays |= {f"x_{part}": x, f"y_{part}": y}
    np.savez(folder / "halves.npz", **arrays, class_names=np.array(CLASSES))
    network = Sequential(
        [
            Input((8, 8, 1)),
            layers.Conv2D(4, 3, use_bias=False),
            layers.BatchNormalization(momentum=0.8),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(4),
        ],
        name="tiny",
    )
    (folder / "tiny.json").write_text(network.to_json())
    settings = {"--data": folder / "halves.npz", "--model": folder / "tiny.json", "--batch-size": 16, "--epochs": 5}
    return [word for pair in settings.items() for word in pair]


@pytest.fixture(scope="session")
def run_folder(task: list[object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the task, not to be changed."""
    return finished(tmp_path_factory.mktemp("runs") / "run", task)


def finished(folder: Path, arguments: list[object]) -> Path:
    """A run that `train` has finished there."""
    with pytest.raises(SystemExit) as end:
        main(["train", *map(str, arguments), "--out", str(folder)])
    assert end.value.code == 0
    return folder
