"""What a training leaves behind: `config.json`, `last.minicnn`, `best.minicnn`, `history.json`, `curves.png`.

After each epoch best (if it is) is written first, last second, each in one step; last also holds the history. So
whenever the process is killed, last.minicnn is a whole training that can go on from the end of an epoch.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minicnn.errors import CheckpointError, OutputError
from minicnn.models import Model, load_training, save_training
from minicnn.training.archive import write_whole
from minicnn.training.callbacks import Callback, Logs
from minicnn.training.guard import check_weights


class RunFolder(Callback):
    """Writes a run's files while it trains. `facts` go into both checkpoints (class names, scale of the pixels).

    monitor: the metric that decides which epoch is best, the highest; of equal ones the latest.
    """

    def __init__(self, path: str | Path, facts: dict[str, Any], monitor: str = "val_accuracy") -> None:
        super().__init__()
        self.path, self.facts, self.monitor = Path(path), facts, monitor
        self.history: dict[str, list[float]] = {}

    @property
    def epochs(self) -> int:
        """How many epochs have been finished, over all sessions of the run."""
        return len(self.history.get("loss", []))

    @property
    def best_epoch(self) -> int:
        """Which of them was best, counted from 0."""
        values = self.history[self.monitor]
        return max(range(len(values)), key=lambda e: (values[e], e))

    def start(self, config: dict[str, Any]) -> None:
        """Makes the folder and writes the configuration. Raises OutputError if there is a run in it already."""
        if (self.path / "config.json").exists():
            raise OutputError(
                f"{self.path} holds a run already: choose another --out, or go on with it by --resume {self.path}"
            )
        write_json(self.path / "config.json", config)

    def resume(self) -> Model | None:
        """The model as it was after the last finished epoch; None if none was. Raises CheckpointError."""
        for leftover in self.path.glob(".*.tmp"):  # of a process that was killed while it wrote
            leftover.unlink(missing_ok=True)
        if not (self.path / "last.minicnn").exists():
            return None
        model, extra = load_training(self.path / "last.minicnn")
        self.history = extra["history"]
        return model

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Writes the checkpoints and the history so far."""
        check_weights(self.model, self.model.optimizer.iterations)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)
        extra = {**self.facts, "epoch": epoch + 1, "history": self.history}
        if self.best_epoch == self.epochs - 1:
            save_training(self.model, self.path / "best.minicnn", extra)
        save_training(self.model, self.path / "last.minicnn", extra)
        self.write_history()

    def write_history(self, **more: Any) -> None:
        """Writes history.json: every metric by epoch, and what `more` holds."""
        write_json(self.path / "history.json", {"history": self.history, **more})

    def write_curves(self, draw: Callable[[dict[str, list[float]]], bytes]) -> None:
        """Writes curves.png as `draw` makes it of the history."""
        write_whole(self.path / "curves.png", draw(self.history))


def read_config(path: str | Path) -> dict[str, Any]:
    """The configuration of a run. Raises CheckpointError if the folder holds none, or a damaged one."""
    file = Path(path) / "config.json"
    try:
        config = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is not the folder of a run: cannot read {file.name} ({error})") from None
    if not isinstance(config, dict):
        raise CheckpointError(f"{file} does not hold the configuration of a run")
    return config


def write_json(path: Path, content: Any) -> None:
    """Writes JSON in one step. Raises OutputError."""
    write_whole(path, (json.dumps(content, indent=2) + "\n").encode())
