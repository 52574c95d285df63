"""Trains with a backup and dies, as by `kill -9`, in a chosen training step or while it writes the backup.

python -m tests.callbacks.killed_fit FOLDER SAVE_FREQ MOMENT COUNT: MOMENT is "batch" (before the COUNT-th step of this
process), "flush" (the COUNT-th backup is written, but not in its place) or "never". Whoever lives to the end writes the
weights to FOLDER/weights.npz.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from minicnn import layers
from minicnn.callbacks import BackupAndRestore, LambdaCallback, LearningRateScheduler
from tests.training.tasks import network, quarters

folder, save_freq, moment, count = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
passed: list[None] = []


def die(*_: Any) -> None:
    passed.append(None)
    if len(passed) == count:
        os.kill(os.getpid(), signal.SIGKILL)


model = network()
model.pop()
for layer in (layers.GaussianNoise(0.1), layers.Dense(4, activation="softmax")):
    model.add(layer)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
callbacks = [
    BackupAndRestore(folder / "backup", save_freq if save_freq == "epoch" else int(save_freq)),
    LearningRateScheduler(lambda epoch: 0.003 * 0.7**epoch),
]
if moment == "batch":
    callbacks.append(LambdaCallback(on_train_batch_begin=die))
if moment == "flush":
    real = os.fsync
    os.fsync = lambda handle: (real(handle), die())[0]  # type: ignore[assignment]
x, y = quarters()
model.fit(x, y, batch_size=8, epochs=4, callbacks=callbacks, verbose=0)
np.savez(folder / "weights.npz", *model.get_weights())
