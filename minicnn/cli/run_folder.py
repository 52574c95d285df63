"""What a training leaves behind: `config.json`, `last.minicnn`, `best.minicnn`, `history.json`, `curves.png`.

After each epoch best (if it is) is written first, last second, each in one step; last also holds the history. So
whenever the process is killed, last.minicnn is a whole training that can go on from the end of an epoch.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minicnn.callbacks import Callback, Logs
from minicnn.errors import CheckpointError, OutputError
from minicnn.models import Model, load_training, save_training
from minicnn.training.archive import write_whole


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
        return self._best(self.history)

    def _best(self, history: dict[str, list[float]]) -> int:
        values = history[self.monitor]
        return max(range(len(values)), key=lambda e: (values[e], e))

    def start(self, config: dict[str, Any]) -> None:
        """Makes the folder and writes the configuration. Raises OutputError if there is a run in it already."""
        if os.path.exists(self.path / "config.json"):
            raise OutputError(
                f"{self.path} holds a run already: choose another --out, or go on with it by --resume {self.path}"
            )
        self._sweep()
        write_json(self.path / "config.json", config)

    def resume(self) -> Model | None:
        """The model as it was after the last finished epoch; None if none was. Raises CheckpointError."""
        self._sweep()
        last = self.path / "last.minicnn"
        if not last.exists():
            return None
        model, extra = load_training(last)
        self.history = extra.get("history", {})
        if not self._is_whole(self.history):
            raise CheckpointError(f"{last} holds no history of a run that could go on")
        return model

    def _is_whole(self, history: Any) -> bool:
        """Whether it holds what is monitored, and a number for each metric and epoch."""
        if not isinstance(history, dict) or not {"loss", self.monitor} <= set(history):
            return False
        rows = history.values()
        return all(isinstance(r, list) and all(isinstance(v, float) for v in r) for r in rows) and (
            len({len(r) for r in rows}) == 1
        )

    def _sweep(self) -> None:
        """Removes what a process left that was killed while it wrote."""
        for leftover in self.path.glob(".*.tmp") if os.path.isdir(self.path) else ():
            leftover.unlink(missing_ok=True)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes the checkpoints and the history so far."""
        logs = logs or {}
        history = {name: [*self.history.get(name, []), value] for name, value in logs.items()}
        extra = {**self.facts, "epoch": epoch + 1, "history": history}
        if self._best(history) == self.epochs:
            save_training(self.model, self.path / "best.minicnn", extra)
        save_training(self.model, self.path / "last.minicnn", extra)
        self.history = history  # only now: an epoch that Ctrl-C kept from being saved was none
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
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not the folder of a run: cannot read {file.name} ({error})") from None
    if not isinstance(config, dict):
        raise CheckpointError(f"{file} does not hold the configuration of a run")
    return config


def write_json(path: Path, content: Any) -> None:
    """Writes JSON in one step. Raises OutputError."""
    write_whole(path, (json.dumps(content, indent=2) + "\n").encode())
