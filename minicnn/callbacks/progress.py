"""The progress bar of a training: loss, metrics, images a second, time left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.callbacks.base import Callback, Logs

if TYPE_CHECKING:
    from rich.console import Console

SECONDS_BETWEEN = 0.25  # drawings of the bar: drawing takes as long as a small step


class ProgbarLogger(Callback):
    """A bar an epoch on a terminal and in a notebook, and a line that stays; elsewhere, or with `lines_only`, the line.

    `fit(verbose=1)` adds one by itself, `fit(verbose=2)` one with `lines_only`.
    """

    def __init__(self, lines_only: bool = False, console: Console | None = None) -> None:
        self.lines_only, self._given = lines_only, console
        self.bar: _TerminalBar | _NotebookBar | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Finds out where it is shown."""
        from rich.console import Console  # slow to import: only for those who look

        self.console = self._given or Console()
        self.params = self.params or {}

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Starts the epoch's bar."""
        self.started = self.drawn = time.perf_counter()
        self.params = self.params or {}
        self.label = f"Epoch {epoch + 1}/{self.params['epochs']}"
        if self.lines_only:
            return
        if self.console.is_jupyter:
            self.bar = _NotebookBar(self.label, self.params["steps"])
        elif self.console.is_terminal:
            self.bar = _TerminalBar(self.console, self.label, self.params["steps"])

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Moves the bar, if it is time to."""
        now = time.perf_counter()
        params: Any = self.params
        if self.bar is not None and (now - self.drawn >= SECONDS_BETWEEN or batch + 1 == params["steps"]):
            self.drawn = now
            images = min((batch + 1) * params["batch_size"], params["samples"])
            self.bar.move(batch + 1, f"{_shown(logs)}  {images / (now - self.started):,.0f} images/s")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Replaces the bar by a line that stays."""
        self._close()
        seconds = time.perf_counter() - self.started
        rate = (self.params or {})["samples"] / seconds
        line = f"{self.label}  {_shown(logs)}  {rate:,.0f} images/s  {seconds:.1f} s"
        self.console.print(line, highlight=False, markup=False, emoji=False, soft_wrap=True)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Leaves the terminal as it was."""
        self._close()

    def on_train_interrupted(self, logs: Logs | None = None) -> None:
        """Leaves the terminal as it was."""
        self._close()

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None


class _TerminalBar:
    def __init__(self, console: Console, label: str, steps: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[numbers]}", markup=False),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            auto_refresh=False,  # now and then, and not from a thread
        )
        self.bar.start()
        self.task = self.bar.add_task(label, total=steps, numbers="")

    def move(self, done: int, numbers: str) -> None:
        self.bar.update(self.task, completed=done, numbers=numbers, refresh=True)

    def close(self) -> None:
        self.bar.stop()


class _NotebookBar:
    """A line of text in the cell's output that is replaced: notebooks show no terminal's cursor movements."""

    def __init__(self, label: str, steps: int) -> None:
        from IPython.display import display  # there in every notebook

        self.label, self.steps, self.started = label, steps, time.perf_counter()
        self.shown = display(self._text(0, ""), raw=True, display_id=True)

    def move(self, done: int, numbers: str) -> None:
        self.shown.update(self._text(done, numbers), raw=True)

    def close(self) -> None:
        self.shown.update({"text/plain": ""}, raw=True)

    def _text(self, done: int, numbers: str) -> dict[str, str]:
        full = 20 * done // self.steps
        left = (time.perf_counter() - self.started) / done * (self.steps - done) if done else 0
        bar = "━" * full + " " * (20 - full)
        return {"text/plain": f"{self.label} {bar} {done}/{self.steps}  {numbers}  ETA {left:.0f} s"}


def _shown(logs: Logs | None) -> str:
    return "  ".join(
        f"{name} {np.array2string(np.asarray(value), precision=4, floatmode='fixed')}"
        for name, value in (logs or {}).items()
    )
