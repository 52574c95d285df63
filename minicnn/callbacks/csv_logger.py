"""The history as a table that other programs read."""

from __future__ import annotations

import csv
import os
from typing import Any, TextIO

from minicnn.callbacks.base import Callback, Logs
from minicnn.errors import ArgumentError, OutputError


class CSVLogger(Callback):
    """One row an epoch: `epoch` and the logs, in the order of their names; on the disk as soon as the epoch is over.

    filename: where to. separator: between the fields. append: go on with the file that is there (its header is kept).
    Columns are those of the first epoch; a value that a later one lacks is "NA".
    Raises OutputError if the file cannot be written.
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        if not isinstance(separator, str) or len(separator) != 1:
            raise ArgumentError(f"CSVLogger: separator must be one character, got {separator!r:.80}")
        if not isinstance(filename, (str, os.PathLike)):
            raise ArgumentError(f"CSVLogger: filename must be a path, got {filename!r:.80}")
        self.filename, self.sep, self.append = os.fspath(filename), separator, append
        self.keys: list[str] | None = None
        self._file: TextIO | None = None
        self._writer: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Opens the file."""
        self._close()
        try:
            self._file = open(self.filename, "a" if self.append else "w", newline="", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise OutputError(f"CSVLogger: cannot write {self.filename}: {error.strerror}") from None
        self.keys = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes a row."""
        logs = logs or {}
        if self._file is None:
            return
        if self.keys is None:
            self.keys = sorted(logs)
            self._writer = csv.writer(self._file, delimiter=self.sep)
            if self._file.tell() == 0:
                self._writer.writerow(["epoch", *self.keys])
        self._writer.writerow([epoch, *(logs.get(key, "NA") for key in self.keys)])
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Closes the file."""
        self._close()

    def on_train_interrupted(self, logs: Logs | None = None) -> None:
        """Closes the file."""
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
