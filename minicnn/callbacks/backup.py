"""A training that can be killed at any moment and goes on, when it is started again, as if nothing had been."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Any

from minicnn.callbacks.base import Callback, Logs
from minicnn.callbacks.saving_times import SavingTimes
from minicnn.errors import ArgumentError, CheckpointError, OutputError, StateError

FILE = "latest.minicnn"


class BackupAndRestore(Callback):
    """Keeps a backup of the training in `backup_dir`; the same `fit`, started again, goes on from there.

    Weights, optimizer with its learning rate, the order of the examples and dropout's draws are the same bits that an
    uninterrupted training has. save_freq: "epoch", or a number of batches; then the logs of the epoch that was broken
    into cover what came after the restart, and its on_epoch_begin is called again. double_checkpoint: keeps the backup
    before the last one, too, and falls back on it. delete_checkpoint: removes the backup when the training has ended.
    The file is there whole or not at all, whenever the process dies. What other callbacks remember, such as how long
    EarlyStopping has waited, begins anew.
    Raises StateError for a model without weights yet; CheckpointError for a backup that is damaged or another model's.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        if not isinstance(backup_dir, (str, os.PathLike)) or not os.fspath(backup_dir):
            raise ArgumentError(f"BackupAndRestore: backup_dir must be the path of a folder, got {backup_dir!r:.80}")
        self.backup_dir, self.save_freq = Path(backup_dir), save_freq
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self._times = SavingTimes("BackupAndRestore", save_freq)
        self._epoch = 0

    @property
    def _files(self) -> tuple[Path, Path]:
        """The backup, and the one before it."""
        return self.backup_dir / FILE, self.backup_dir / f"{FILE}.bkp"

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Goes back to the backup, if there is one."""
        if not self.model.built:
            raise StateError(
                "BackupAndRestore: the model has no weights yet; begin it with Input(shape=...), or call build(shape)"
            )
        found = [file for file in self._files if os.path.exists(file)]
        if not found:
            return
        try:
            place = self.model.load_training(found[0])
        except CheckpointError:
            if len(found) == 1:
                raise
            place = self.model.load_training(found[1])
        try:
            self.model.next_place = int(place["epoch"]), int(place["batch"])
        except (KeyError, TypeError, ValueError):
            raise CheckpointError(f"{found[0]} is no backup of a training") from None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Keeps the number."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Saves, if save_freq batches have passed."""
        if self._times.due_after(batch):
            self._save(self._epoch, batch + 1)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Saves, with save_freq="epoch"."""
        if self._times.by_epoch:
            self._save(epoch + 1, 0)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Removes the backup, if asked to, and the folder if it holds nothing else."""
        if self.delete_checkpoint:
            for file in self._files:
                file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.backup_dir.rmdir()

    def _save(self, epoch: int, batch: int) -> None:
        latest, before = self._files
        if self.double_checkpoint and latest.exists():
            try:
                shutil.copyfile(latest, half := before.with_suffix(".tmp"))
                os.replace(half, before)
            except OSError as error:
                raise OutputError(f"BackupAndRestore: cannot write {before}: {error.strerror}") from None
        place: dict[str, Any] = {"epoch": epoch, "batch": batch}
        self.model.save_training(latest, place)
