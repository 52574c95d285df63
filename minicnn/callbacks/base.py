"""The base of all callbacks: the moments of a training, an evaluation and a prediction at which one may step in."""

from __future__ import annotations

from typing import Any

Logs = dict[str, float]


class Callback:
    """Override what you need; a moment that nobody listens to costs nothing.

    model: the model at work. params: {"epochs", "steps" an epoch, "batch_size", "samples", "verbose"}.
    `fit` goes through these moments, epochs and batches counted from 0; `validation` is there with validation data:

        on_train_begin
            on_epoch_begin
                on_train_batch_begin, on_train_batch_end    for each batch
                on_test_begin, on_test_batch_begin, on_test_batch_end, on_test_end    the validation
            on_epoch_end
        on_train_end

    `evaluate` goes through the four of on_test, `predict` through on_predict_begin, on_predict_batch_begin,
    on_predict_batch_end and on_predict_end.

    `logs` holds loss and metrics by name: after a batch, of the epoch so far; after an epoch, also those of the
    validation, "val_" before their names. What a callback adds to the logs of an epoch's end, the callbacks after it
    and the History see too. Begin moments come with empty logs.

    Setting `self.model.stop_training = True` ends the training: after the batch if set at a batch, else after the
    epoch. Names and moments are Keras 3's; `on_train_interrupted` and `on_non_finite` are additions.
    """

    model: Any = None
    params: dict[str, Any] | None = None

    def set_model(self, model: Any) -> None:
        """Called once, before anything else."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called once, before anything else."""
        self.params = params

    # Training.

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch, with its logs; not if an exception or Ctrl-C ended the training (as in Keras)."""

    def on_train_interrupted(self, logs: Logs | None = None) -> None:
        """In the place of on_train_end when an exception or Ctrl-C ends the training: close what is open."""

    def on_non_finite(self, error: ArithmeticError) -> bool:
        """When loss or weights have become NaN or infinite. True ends the training, else `error` is raised."""
        return False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a step."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a step."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """An older name of on_train_batch_begin."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """An older name of on_train_batch_end."""

    # Evaluation, also that of the validation data in `fit`.

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before the first batch."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After the last batch, with the result."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch."""

    # Prediction.

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before the first batch."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After the last batch."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch; logs is {"outputs": its predictions}."""
