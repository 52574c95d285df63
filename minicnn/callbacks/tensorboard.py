"""What TensorBoard shows of a training: curves, histograms of weights, gradients and activations, pictures."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from minicnn.callbacks.base import Callback, Logs
from minicnn.callbacks.event_file import EventFile
from minicnn.callbacks.learning_rate import learning_rate
from minicnn.callbacks.monitor import count
from minicnn.errors import ArgumentError
from minicnn.geometry import is_int
from minicnn.tensor import no_grad

_PICTURES = 3  # of the examples


class TensorBoard(Callback):
    """Writes event files to log_dir/train and log_dir/validation; look at them with `tensorboard --logdir log_dir`.

    histogram_freq: histograms of weights and of their gradients in the last step, every so many epochs; 0 for none.
    write_images: the first layer's filters as a picture, then, too. update_freq: "epoch", "batch", or a number of
    batches: numbers are written at the end of an epoch only, or also during it. write_steps_per_second: also that.
    examples: a few examples (n, ...); histograms of every layer's activations on them, and if they are pictures, the
    first of them. (An addition to Keras's.)
    write_graph is accepted for Keras's sake and writes none. Raises ArgumentError for profile_batch, embeddings_freq
    and embeddings_metadata, which are not here; OutputError if log_dir cannot be written to.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
        *,
        examples: Any = None,
    ) -> None:
        if profile_batch or embeddings_freq or embeddings_metadata:
            raise ArgumentError(
                "TensorBoard: there are no profiles and no embeddings here; for profiles see `minicnn profile`"
            )
        if not isinstance(log_dir, (str, os.PathLike)):
            raise ArgumentError(f"TensorBoard: log_dir must be a path, got {log_dir!r:.80}")
        if update_freq not in ("epoch", "batch") and not (is_int(update_freq) and int(update_freq) > 0):
            raise ArgumentError(
                f"TensorBoard: update_freq must be 'epoch', 'batch' or a number, got {update_freq!r:.80}"
            )
        self.log_dir, self.histogram_freq = Path(log_dir), count(self, "histogram_freq", histogram_freq)
        self.write_images, self.write_steps_per_second = write_images, write_steps_per_second
        self.examples = None if examples is None else np.asarray(examples)
        self._every = {"epoch": 0, "batch": 1}.get(str(update_freq)) if isinstance(update_freq, str) else update_freq
        self._files: dict[str, EventFile] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begins new files; shows the examples."""
        self._close()
        self._step = 0
        if self.examples is not None and self.examples.ndim == 4 and self.examples.shape[-1] in (1, 3, 4):
            for number, picture in enumerate(self.examples[:_PICTURES]):
                self._file("train").image(f"examples/{number}", as_pixels(picture), 0)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Takes the time."""
        self._began, self._step_then = time.perf_counter(), self._step

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Writes the numbers so far, if it is time to."""
        self._step += 1
        if self._every and self._step % int(self._every) == 0:
            for name, value in (logs or {}).items():
                self._file("train").scalar(f"batch_{name}", value, self._step)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes the numbers of the epoch, and histograms and pictures if it is time to."""
        for name, value in {"learning_rate": learning_rate(self.model), **(logs or {})}.items():
            part = "validation" if name.startswith("val_") else "train"
            self._file(part).scalar(f"epoch_{name.removeprefix('val_')}", value, epoch)
        if self.write_steps_per_second:
            rate = (self._step - self._step_then) / (time.perf_counter() - self._began)
            self._file("train").scalar("epoch_steps_per_second", rate, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._look_inside(epoch)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Closes the files."""
        self._close()

    def on_train_interrupted(self, logs: Logs | None = None) -> None:
        """Closes the files."""
        self._close()

    def _look_inside(self, epoch: int) -> None:
        file = self._file("train")
        for layer in self.model.layers:
            for variable in layer.weights:
                file.histogram(f"{variable.name}/histogram", np.asarray(variable.data), epoch)
                if variable.grad is not None:
                    file.histogram(f"{variable.name}/gradient", np.asarray(variable.grad), epoch)
        kernels = [v for layer in self.model.layers for v in layer.weights if v.ndim == 4]
        if self.write_images and kernels:
            file.image(f"{kernels[0].name}/image", filters_in_a_grid(np.asarray(kernels[0].data)), epoch)
        if self.examples is not None:
            with no_grad():
                value: Any = self.examples
                for layer in self.model.layers:
                    value = layer(value)
                    file.histogram(f"{layer.name}/activation", np.asarray(value.data), epoch)

    def _file(self, part: str) -> EventFile:
        if part not in self._files:
            self._files[part] = EventFile(self.log_dir / part)
        return self._files[part]

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}


def as_pixels(picture: np.ndarray) -> np.ndarray:
    """Numbers (H, W, C), whatever their range, stretched to uint8 0 .. 255."""
    x = picture.astype(np.float64) - picture.min()
    return np.rint(x * (255 / (x.max() or 1))).astype(np.uint8)


def filters_in_a_grid(kernel: np.ndarray) -> np.ndarray:
    """Filters (kh, kw, C, K) side by side in a square, in frames of black: uint8 (H, W, 3) if C is 3, else (H, W, 1).

    Without three channels, what is shown is their mean.
    """
    kh, kw, channels, filters = kernel.shape
    shown = kernel if channels == 3 else kernel.mean(axis=2, keepdims=True)
    columns = int(np.ceil(np.sqrt(filters)))
    rows = -(-filters // columns)
    grid = np.zeros((rows * (kh + 1) + 1, columns * (kw + 1) + 1, shown.shape[2]), np.uint8)
    for number, pixels in enumerate(np.moveaxis(as_pixels(shown), -1, 0)):
        top, left = number // columns * (kh + 1) + 1, number % columns * (kw + 1) + 1
        grid[top : top + kh, left : left + kw] = pixels
    return grid
