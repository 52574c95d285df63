"""The progress bar of a training: loss, metrics, images a second, time left."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from minicnn.callbacks import Callback, Logs

SECONDS_BETWEEN = 0.25  # drawings of the bar


class ProgressBar(Callback):
    """A bar an epoch on a terminal; one line an epoch elsewhere, or with `lines_only`."""

    def __init__(self, lines_only: bool = False, console: Console | None = None) -> None:
        super().__init__()
        self.console = console or Console()
        self.lines_only = lines_only or not self.console.is_terminal
        self.bar: Progress | None = None
        self.task = TaskID(0)

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Starts the epoch's bar."""
        self.started = time.perf_counter()
        self.label = f"Epoch {epoch + 1}/{self.params['epochs']}"
        if not self.lines_only:
            self.bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=20),
                MofNCompleteColumn(),
                TextColumn("{task.fields[numbers]}", markup=False),
                TextColumn("ETA"),
                TimeRemainingColumn(),
                console=self.console,
                transient=True,
                auto_refresh=False,  # drawing takes as long as a small step: now and then, and not from a thread
            )
            self.bar.start()
            self.drawn = self.started
            self.task = self.bar.add_task(self.label, total=self.params["steps"], numbers="")

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Moves the bar, if it is time to."""
        now = time.perf_counter()
        if self.bar is not None and (now - self.drawn >= SECONDS_BETWEEN or batch + 1 == self.params["steps"]):
            self.drawn = now
            images = min((batch + 1) * self.params["batch_size"], self.params["samples"])
            rate = images / (now - self.started)
            numbers = f"{_shown(logs)}  {rate:,.0f} images/s"
            self.bar.update(self.task, completed=batch + 1, numbers=numbers, refresh=True)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Replaces the bar by a line that stays."""
        self._close()
        seconds = time.perf_counter() - self.started
        rate = self.params["samples"] / seconds
        line = f"{self.label}  {_shown(logs)}  {rate:,.0f} images/s  {seconds:.1f} s"
        self.console.print(line, highlight=False, markup=False, emoji=False, soft_wrap=True)

    def on_train_end(self, logs: Logs) -> None:
        """Leaves the terminal as it was, whatever ended the training."""
        self._close()

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


def _shown(logs: dict[str, Any]) -> str:
    return "  ".join(
        f"{name} {np.array2string(np.asarray(value), precision=4, floatmode='fixed')}" for name, value in logs.items()
    )
