"""A network that can be trained: compile, fit, evaluate, predict."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from minicnn.callbacks import Callback, CallbackList, History, ProgbarLogger
from minicnn.data.ahead import made_ahead
from minicnn.data.batches import Batches
from minicnn.data.iterated import iterated
from minicnn.data.stream import Batch, Mapped, Stream, as_batch, batch_parts
from minicnn.errors import ArgumentError, NonFiniteError, StateError
from minicnn.geometry import is_int
from minicnn.structure import mapped
from minicnn.tensor import Tensor, no_grad
from minicnn.training.guard import check_weights, raise_non_finite, without_warnings
from minicnn.training.inputs import check_all_inputs, count_of, example_weights
from minicnn.training.objective import Tally, reported
from minicnn.training.penalties import weight_penalty, with_activity
from minicnn.training.steps import Stepper


class Trainer(Stepper):
    """A network with an optimizer, a loss and metrics. Arguments and results are Keras 3's."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.stop_training = False
        self.history: History | None = None  # of the last fit
        self.next_place: tuple[int, int] | None = None  # (epoch, batch) at which a callback makes fit begin
        self.epochs_seen = 0  # each epoch of a model's life has an order of its own

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.own_steps = cls.own_steps or not {"train_step", "test_step"}.isdisjoint(vars(cls))

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
    ) -> History:
        """Trains for `epochs` - `initial_epoch` epochs and returns the History.

        x: (N, ...) array of examples, or a stream of batches (`data.Batches`, what `utils.image_dataset_from_directory`
        and `ImageDataGenerator.flow` return, a `utils.PyDataset`, a generator of (x, y));
        y: (N, ...) targets; batch_size: 32 unless given;
        verbose: 0 silent, 1 a progress bar, 2 a line an epoch, "auto" 1; validation_split: part of the examples, the
        last ones before shuffling, kept for validation; validation_data: (x, y), (x, y, weights) or a stream;
        class_weight: class number -> weight; sample_weight: (N,); steps_per_epoch, validation_steps: batches to take,
        each epoch of training goes on where the one before ended; validation_freq: validate after every so many epochs.
        Raises StateError before compile; ArgumentError, ShapeError, DTypeError, DataError for what does not fit, before
        a weight changes; NonFiniteError, naming layer and step, when the loss or the weights turn NaN or infinite.
        """
        self._need_compiled(training=True)
        if not is_int(epochs) or epochs < 1 or not is_int(initial_epoch) or initial_epoch < 0:
            raise ArgumentError(f"epochs must be a whole number of at least 1, got {epochs!r} from {initial_epoch!r}")
        if not isinstance(shuffle, bool):
            raise ArgumentError(f"shuffle must be True or False, got {shuffle!r}")
        if verbose not in ("auto", 0, 1, 2):
            raise ArgumentError(f"verbose must be 0, 1, 2 or 'auto', got {verbose!r}")
        if not is_int(validation_freq) or validation_freq < 1:
            raise ArgumentError(f"validation_freq must be a whole number of at least 1, got {validation_freq!r}")
        if validation_data is not None:
            validation_split = 0.0
        x = iterated(x, steps_per_epoch, "steps_per_epoch")
        validation_data = iterated(validation_data, validation_steps, "validation_steps")
        train: Stream
        if isinstance(x, Stream):
            if y is not None or sample_weight is not None or validation_split:
                raise ArgumentError(
                    f"x is a {type(x).__name__}, which brings its targets and weights: y, sample_weight and "
                    "validation_split go with arrays"
                )
            train, held_out = self._checked(x, class_weight), None
        else:
            train, held_out = self._training_batches(
                x, y, batch_size, shuffle, sample_weight, class_weight, validation_split
            )
        validation: Stream | None = held_out
        if validation_data is not None:
            validation = self._validation_batches(validation_data, validation_batch_size or train.batch_size)
        if steps_per_epoch is not None:
            train = train.in_steps(steps_per_epoch)
        if validation is not None and validation_steps is not None:
            validation = validation.take(validation_steps)

        self.history = history = History()
        watching = CallbackList(
            callbacks,
            model=self,
            epochs=epochs,
            steps=len(train),
            batch_size=train.batch_size,
            samples=train.samples,
            verbose=verbose,
        )
        watching.append(history)  # after those of the user, as in Keras: what they add to the logs belongs to it
        if verbose:
            watching.append(ProgbarLogger(lines_only=verbose == 2))  # last: what it prints is done, saved included
        self.stop_training, self.next_place = False, None
        logs: dict[str, float] = {}
        try:
            watching.on_train_begin({})
            first, batch = self.next_place or (initial_epoch, 0)
            for epoch in range(first, epochs):
                watching.on_epoch_begin(epoch, {})
                logs = self._train_epoch(train, watching, batch)
                batch = 0
                if validation is not None and (epoch + 1) % validation_freq == 0 and np.isfinite(logs.get("loss", 0.0)):
                    results = self._evaluate(validation, watching)
                    logs.update({f"val_{name}": value for name, value in results.items()})
                self.epochs_seen += 1
                watching.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
            self._optimizer().finalize_variable_values()
            watching.on_train_end(logs)
        except BaseException:
            watching.on_train_interrupted(logs)
            raise
        return history

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Sequence[Callback] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Loss, and metrics if there are any, over all examples: a number, a list, or with return_dict a dict.

        x, y, callbacks: as in fit; steps: batches to take. `verbose` is accepted for Keras's sake. Raises as fit.
        """
        self._need_compiled()
        batches: Stream
        x = iterated(x, steps, "steps")
        if isinstance(x, Stream):
            batches = self._checked(x)
        else:
            x, y, weights = self._check(x, y, sample_weight)
            batches = self._batches(x, y, weights, batch_size)
        batches = batches if steps is None else batches.take(steps)
        watching = CallbackList(callbacks, model=self, steps=len(batches), verbose=verbose)
        return self._reported(self._evaluate(batches, watching), return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks: Sequence[Callback] | None = None,
    ) -> Any:
        """The network's output for all examples, in their order: (N, ...). x: (N, ...) array, or a stream as in fit.

        A model with several outputs gives a list or dict of them.
        Raises as fit.
        """
        batches: Stream
        x = iterated(x, steps, "steps")
        if isinstance(x, Batches):
            batches = dataclasses.replace(x, x=check_all_inputs(x.x, self), shuffle=False)
        elif isinstance(x, Stream):
            batches = Mapped(x, lambda batch: batch._replace(x=check_all_inputs(batch.x, self)))
        else:
            batches = self._batches(check_all_inputs(x, self), None, None, batch_size)
        batches = batches if steps is None else batches.take(steps)
        watching = CallbackList(callbacks, model=self, steps=len(batches), verbose=verbose)
        outputs = []
        watching.on_predict_begin({})
        with _ready(batches, batches.epoch()) as ready:
            for number, batch in enumerate(ready):
                watching.on_predict_batch_begin(number, {})
                outputs.append(self._predictions(batch.x))
                watching.on_predict_batch_end(number, {"outputs": outputs[-1]})
        watching.on_predict_end({})
        return mapped(lambda *arrays: np.concatenate(arrays), *outputs)

    def predict_on_batch(self, x: Any) -> Any:
        """The network's output for one batch: (n, ...)."""
        return self._predictions(check_all_inputs(x, self))

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One step on one batch; the loss before it, and metrics if there are any, as `evaluate` gives them."""
        self._need_compiled(training=True)
        x, y, weights = self._check(x, y, sample_weight)
        weights = example_weights(y, weights, class_weight)
        self._forget(y)
        return self._reported(reported(self.train_step((x, y, weights)), "train_step"), return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics of one batch."""
        count = count_of(check_all_inputs(x, self))
        return self.evaluate(x, y, batch_size=count, sample_weight=sample_weight, return_dict=return_dict)

    # What a step is; a subclass may say otherwise.

    def train_step(self, data: tuple[Any, ...]) -> dict[str, Any]:
        """Learns from a batch: (x, y) or (x, y, sample_weight). Returns what is reported of the epoch so far, by name.

        A subclass that defines it calls itself, `compute_loss`, `zero_grad`, `loss.backward()` and
        `self.optimizer.apply`, in as many networks as it likes; and returns numbers, e.g. `{"loss": loss}`.
        """
        batch = as_batch(data)
        values, predictions = self._step(*batch)
        return self._counted().add(values, batch.y, predictions, batch.weights)

    def test_step(self, data: tuple[Any, ...]) -> dict[str, Any]:
        """Judges a batch: (x, y) or (x, y, sample_weight). Returns what is reported of all so far, by name."""
        x, y, weights = as_batch(data)
        predictions = self._forward(x)
        loss, parts = self._objective()(y, predictions, weights)
        total = with_activity(loss, self.walk()).data + weight_penalty(self.trainable_weights)
        values = [total.item(), *(part.item() for part in parts)]
        if not np.isfinite(values[0]):
            raise_non_finite(self, x, values[0], self._optimizer().iterations, training=False)
        return self._counted().add(values, y, mapped(lambda t: t.data, predictions), weights)

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Tensor:
        """The loss that `compile` was given, of these predictions, and what regularizers add: a Tensor."""
        loss, _ = self._objective()(y, y_pred, sample_weight)
        return sum(self.losses, loss)

    def zero_grad(self) -> None:
        """Forgets the gradients of all variables, so that the next backward() starts from nothing."""
        for variable in self.weights:
            variable.zero_grad()

    def _forget(self, y: Any) -> None:
        """Losses and metrics count from here on; y: the targets of a batch."""
        self._tally = None if self.loss is None else Tally(self._objective(), y)
        for metric in self.metrics:
            metric.reset_state()

    def _counted(self) -> Tally:
        if self._tally is None:
            raise StateError(f"{self.name} was compiled without a loss: compile(optimizer=..., loss=...)")
        return self._tally

    # Epochs.

    def _train_epoch(self, batches: Stream, watching: CallbackList, start: int = 0) -> dict[str, float]:
        """The logs of an epoch, trained from the batch numbered `start` on."""
        logs: dict[str, float] = {}
        try:
            with _ready(batches, batches.epoch_from(self.epochs_seen, start)) as ready:
                for number, batch in enumerate(ready, start):
                    if number == start:
                        self._forget(batch.y)
                    watching.on_train_batch_begin(number, {})
                    logs = reported(self.train_step(batch_parts(batch)), "train_step")
                    watching.on_train_batch_end(number, logs)
                    if self.stop_training:
                        break
            check_weights(self, self._optimizer().iterations)
        except NonFiniteError as error:
            if not watching.on_non_finite(error):
                raise
            self.stop_training = True
            logs = {**logs, "loss": float("nan")}
        return logs

    def _evaluate(self, batches: Stream, watching: CallbackList) -> dict[str, float]:
        logs: dict[str, float] = {}
        watching.on_test_begin({})
        with no_grad(), without_warnings(), _ready(batches, batches.epoch()) as ready:
            for number, batch in enumerate(ready):
                if number == 0:
                    self._forget(batch.y)
                watching.on_test_batch_begin(number, {})
                logs = reported(self.test_step(batch_parts(batch)), "test_step")
                watching.on_test_batch_end(number, logs)
        watching.on_test_end(logs)
        return logs

    def _reported(self, logs: dict[str, float], return_dict: bool) -> Any:
        values = list(logs.values())
        return logs if return_dict else values[0] if len(values) == 1 else values


def _ready(batches: Stream, epoch: Iterator[Batch]) -> AbstractContextManager[Iterator[Batch]]:
    """The batches of an epoch, made by a thread while the model computes, if that is worth it."""
    return made_ahead(epoch) if batches.background else nullcontext(epoch)
