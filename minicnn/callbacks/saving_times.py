"""When to save: after each epoch, or after so many batches, counted over the ends of epochs."""

from __future__ import annotations

from typing import Any

from minicnn.errors import ArgumentError
from minicnn.geometry import is_int


class SavingTimes:
    """What Keras's `save_freq` means: "epoch" or a number of batches. Raises ArgumentError for anything else."""

    def __init__(self, who: str, save_freq: Any) -> None:
        if save_freq != "epoch" and (not is_int(save_freq) or save_freq < 1):
            raise ArgumentError(f"{who}: save_freq must be 'epoch' or a number of batches, got {save_freq!r:.80}")
        self.by_epoch = save_freq == "epoch"
        self.every = 0 if self.by_epoch else int(save_freq)
        self.passed = 0

    def due_after(self, batch: int) -> bool:
        """Whether to save after this batch; to be asked after each."""
        self.passed += 1
        if self.by_epoch or self.passed < self.every:
            return False
        self.passed = 0
        return True
