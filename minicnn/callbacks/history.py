"""What a training came to, epoch by epoch: what `fit` returns."""

from __future__ import annotations

import os

from minicnn.callbacks.base import Callback, Logs
from minicnn.callbacks.curves import draw_curves


class History(Callback):
    """`history["loss"][e]` and so on for each epoch, `epoch` their numbers from 0. `fit` adds one by itself."""

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}
        self._epochs: dict[str, list[int]] = {}  # of each name: with validation_freq not all epochs have it

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Appends."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
            self._epochs.setdefault(name, []).append(epoch)

    def plot(self, path: str | os.PathLike[str] | None = None) -> bytes:
        """The curves as a PNG, one panel a metric, training and validation in each; also written to `path`.

        In a notebook, `IPython.display.Image(history.plot())` shows it; the History shows it by itself as the value of
        a cell. Raises StateError before the first epoch, OutputError if the file cannot be written.
        """
        return draw_curves(self.history, path, self._epochs)

    def _repr_png_(self) -> bytes | None:
        """What notebooks show."""
        return self.plot() if self.history else None
