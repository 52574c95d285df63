"""A network that can be trained: compile, fit, evaluate, predict."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from minicnn import losses, metrics, optimizers
from minicnn.backends import to_host
from minicnn.callbacks import Callback, CallbackList, History, ProgbarLogger
from minicnn.data.ahead import made_ahead
from minicnn.data.batches import Batches
from minicnn.data.stream import Batch, Mapped, Stream
from minicnn.errors import ArgumentError, NonFiniteError, ShapeError, StateError
from minicnn.geometry import is_int
from minicnn.layers import Layer
from minicnn.layers.base import Shape
from minicnn.losses import Loss
from minicnn.metrics import Mean, Metric
from minicnn.network import Network
from minicnn.optimizers import Optimizer
from minicnn.random import fresh_seed
from minicnn.tensor import Tensor, no_grad
from minicnn.training.guard import check_weights, raise_non_finite, without_warnings
from minicnn.training.inputs import check_inputs, check_targets, example_weights, split_off
from minicnn.training.penalties import weight_penalty, with_activity
from minicnn.training.repetition import Repetition, key_of, step_inputs


class Model(Network):
    """A network with an optimizer, a loss and metrics. Arguments and results are Keras 3's."""

    def __init__(
        self, layers: Sequence[Layer] | None = None, name: str | None = None, dtype: str | None = None
    ) -> None:
        super().__init__(layers, name, dtype)
        self.optimizer: Optimizer | None = None
        self.loss: Loss | None = None
        self.stop_training = False
        self.history: History | None = None  # of the last fit
        self.next_place: tuple[int, int] | None = None  # (epoch, batch) at which a callback makes fit begin
        self.seed = fresh_seed()  # of the order of the examples
        self.epochs_seen = 0  # each epoch of a model's life has an order of its own
        self._metric_names: list[Any] = []
        self._metrics: list[Metric] = []
        self._repetition = Repetition()

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Sequence[Any] | None = None) -> None:
        """Chooses how to train: an optimizer, a loss and metrics, by name or as objects.

        Raises ArgumentError for unknown names, with the nearest known one.
        """
        self.optimizer = optimizers.get(optimizer)
        self._repetition = Repetition()
        self.loss = None if loss is None else losses.get(loss)
        if self.loss is not None and self.loss.reduction is None:
            raise ArgumentError(f"the loss {self.loss.name} must give one number: its reduction must not be None")
        if not isinstance(metrics, (list, tuple, type(None))):
            raise ArgumentError(f"metrics must be a list, e.g. ['accuracy']; got {metrics!r:.80}")
        self._metric_names = list(metrics or ())
        self._metrics = self._make_metrics(True, 2)  # unknown names are said now, not in fit

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
        and `ImageDataGenerator.flow` return, a `utils.PyDataset`); y: (N, ...) targets; batch_size: 32 unless given;
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
                if validation is not None and (epoch + 1) % validation_freq == 0 and np.isfinite(logs["loss"]):
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
        if isinstance(x, Stream):
            batches = self._checked(x)
        else:
            x, y = self._check(x, y)
            batches = self._batches(x, y, example_weights(y, sample_weight, None), batch_size)
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
    ) -> np.ndarray:
        """The network's output for all examples, in their order: (N, ...). x: (N, ...) array, or a stream as in fit.

        Raises as fit.
        """
        batches: Stream
        if isinstance(x, Batches):
            check_inputs(x.x, self._known_shape())
            batches = dataclasses.replace(x, shuffle=False)
        elif isinstance(x, Stream):
            batches = Mapped(x, lambda batch: batch._replace(x=check_inputs(batch.x, self._known_shape())))
        else:
            batches = self._batches(check_inputs(x, self._known_shape()), None, None, batch_size)
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
        return np.concatenate(outputs)

    def predict_on_batch(self, x: Any) -> np.ndarray:
        """The network's output for one batch: (n, ...)."""
        return self._predictions(check_inputs(x, self._known_shape()))

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
        x, y = self._check(x, y)
        self._start_metrics(y)
        loss, predictions = self._step(x, y, example_weights(y, sample_weight, class_weight))
        return self._reported({"loss": loss, **self._seen(y, predictions)}, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics of one batch."""
        x = check_inputs(x, self._known_shape())
        return self.evaluate(x, y, batch_size=len(x), sample_weight=sample_weight, return_dict=return_dict)

    def _move(self) -> None:
        if self.device != self._place:
            self._repetition = Repetition()  # what is recorded stays on the memory that is left
        super()._move()

    # One step, one epoch.

    def _step(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> tuple[float, np.ndarray]:
        """Forward, loss, backward, update. Returns the loss and the predictions that it was taken of."""
        self._move()
        optimizer, variables = self._optimizer(), self.trainable_weights
        with without_warnings():
            inputs = step_inputs(self, x, y, weights)
            key = None if inputs is None else key_of(self._chain, True, *inputs)
            if inputs is None or key is None:
                predictions = self(x, training=True)
                loss = with_activity(self._loss()(y, predictions, weights), self._chain)
                predicted, total = predictions.data, loss.data
                gradients = self._backward(loss) if variables else []
            else:
                losses, predicted, *gradients = self._repetition.run(
                    key, self._losses_and_gradients, inputs, self.device
                )
                for variable, gradient in zip(variables, gradients, strict=True):
                    variable.grad = gradient  # until the next step, which may use the same memory
                total = losses.mean()
            if variables:
                total = total + weight_penalty(variables, gradients)
            # On a device everything so far is only launched: here is the one place of a step that waits for it.
            value = total.item()
            self._need_finite(value, x)
            if variables:
                optimizer.apply(gradients, variables)
        return value, predicted

    def _losses_and_gradients(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
        """The loss of each example, the predictions, and the gradient of the mean loss for each trainable variable."""
        predictions = self(x, training=True)
        losses = self._loss().call(y, predictions)
        share = np.full_like(losses.data, 1 / losses.size)
        return losses.data, predictions.data, *(self._backward(losses, share) if self.trainable_weights else ())

    def _backward(self, loss: Tensor, gradient: np.ndarray | None = None) -> list[np.ndarray]:
        """dL/dv for each trainable variable v, zeros where the loss does not depend on it."""
        variables = self.trainable_weights
        for variable in variables:
            variable.zero_grad()
        loss.backward(gradient)
        return [np.zeros_like(v.data) if v.grad is None else v.grad for v in variables]

    def _need_finite(self, loss: float, x: np.ndarray) -> None:
        if not np.isfinite(loss):
            raise_non_finite(self, x, loss, self._optimizer().iterations + 1)

    def _predictions(self, x: np.ndarray) -> np.ndarray:
        """The network's output for one batch, without a tape."""
        with no_grad():
            x = x.astype(self.dtype or "float32", copy=False)
            self._move()
            key = key_of(self._chain, False, x) if self.built else None
            if key is None:
                return to_host(self(x).data)
            return self._repetition.run(key, lambda x: (self(x).data,), (x,), self.device, copy=True)[0]

    def _train_epoch(self, batches: Stream, watching: CallbackList, start: int = 0) -> dict[str, float]:
        """The logs of an epoch, trained from the batch numbered `start` on."""
        mean_loss = Mean()
        logs: dict[str, float] = {}
        try:
            with _ready(batches, batches.epoch_from(self.epochs_seen, start)) as ready:
                for number, batch in enumerate(ready, start):
                    y: Any = batch.y
                    if number == start:
                        self._start_metrics(y)
                    watching.on_train_batch_begin(number, {})
                    loss, predictions = self._step(batch.x, y, batch.weights)
                    mean_loss.update_state(loss, sample_weight=[len(y)])
                    logs = {"loss": mean_loss.result(), **self._seen(y, predictions)}
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
        mean_loss = Mean()
        logs: dict[str, float] = {}
        watching.on_test_begin({})
        with no_grad(), without_warnings(), _ready(batches, batches.epoch()) as ready:
            for number, batch in enumerate(ready):
                y: Any = batch.y
                if number == 0:
                    self._start_metrics(y)
                watching.on_test_batch_begin(number, {})
                predictions = self(batch.x)
                of_batch = with_activity(self._loss()(y, predictions, batch.weights), self._chain)
                loss = (of_batch.data + weight_penalty(self.trainable_weights)).item()
                if not np.isfinite(loss):
                    raise_non_finite(self, batch.x, loss, self._optimizer().iterations, training=False)
                mean_loss.update_state(loss, sample_weight=[len(y)])
                logs = {"loss": mean_loss.result(), **self._seen(y, predictions.data)}
                watching.on_test_batch_end(number, logs)
        watching.on_test_end(logs)
        return logs

    # Data at the door.

    def _check(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        x = check_inputs(x, self._known_shape())
        if not self.built:
            self.build((None, *x.shape[1:]))
        return x, check_targets(y, len(x), self.loss, self.output_shape)

    def _known_shape(self) -> Shape | None:
        return self.input_shape if self.built else None

    def _checked(self, stream: Stream, class_weight: Mapping[int, float] | None = None) -> Stream:
        """The stream, looked at: arrays at once, others batch by batch; a model without shapes gets them now."""
        if isinstance(stream, Batches):
            _, y = self._check(stream.x, stream.y)
            if class_weight is None:
                return stream
            return dataclasses.replace(stream, weights=example_weights(y, stream.weights, class_weight))
        if not self.built:
            self._check(*next(iter(stream.epoch()))[:2])

        def look(batch: Batch) -> Batch:
            x, y = self._check(batch.x, batch.y)
            return Batch(x, y, example_weights(y, batch.weights, class_weight))

        return Mapped(stream, look)

    def _batches(
        self, x: np.ndarray, y: np.ndarray | None, weights: np.ndarray | None, batch_size: int | None
    ) -> Batches:
        return Batches(x, y, weights, 32 if batch_size is None else batch_size, dtype=self.dtype or "float32")

    def _training_batches(
        self,
        x: Any,
        y: Any,
        batch_size: int | None,
        shuffle: bool,
        sample_weight: Any,
        class_weight: Mapping[int, float] | None,
        validation_split: float,
    ) -> tuple[Batches, Batches | None]:
        x, y = self._check(x, y)
        weights = example_weights(y, sample_weight, class_weight)
        held_out = None
        if validation_split:
            (x, y, weights), (held_x, held_y, held_weights) = split_off([x, y, weights], validation_split)
            held_out = self._batches(held_x, held_y, held_weights, batch_size)
        train = self._batches(x, y, weights, batch_size)
        return Batches(train.x, train.y, train.weights, train.batch_size, shuffle, self.seed, train.dtype), held_out

    def _validation_batches(self, data: Any, batch_size: int) -> Stream:
        if isinstance(data, Stream):
            return self._checked(data)
        if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
            raise ArgumentError("validation_data must be (x, y), (x, y, sample_weight) or a stream of batches")
        x = check_inputs(data[0], self.input_shape, "validation x")
        y = check_targets(data[1], len(x), self.loss, self.output_shape, "validation y")
        return self._batches(x, y, example_weights(y, data[2] if len(data) == 3 else None, None), batch_size)

    # Metrics.

    def _make_metrics(self, sparse_labels: bool, outputs: int) -> list[Metric]:
        return [metrics.get(m, sparse_labels=sparse_labels, outputs=outputs) for m in self._metric_names]

    def _start_metrics(self, y: np.ndarray | None) -> None:
        sparse = y is None or y.ndim == 1 or y.shape[-1] == 1
        self._metrics = self._make_metrics(sparse, int(self.output_shape[-1] or 0))
        for metric in self._metrics:
            metric.reset_state()

    def _seen(self, y: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
        predictions = to_host(predictions) if self._metrics else predictions
        for metric in self._metrics:
            metric.update_state(y, predictions)
        return {metric.name: metric.result() for metric in self._metrics}

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that are reported beside the loss, as they stand."""
        return list(self._metrics)

    @property
    def metrics_names(self) -> list[str]:
        """What evaluate returns, in order."""
        return ["loss", *(metric.name for metric in self._metrics)]

    def _reported(self, logs: dict[str, float], return_dict: bool) -> Any:
        values = list(logs.values())
        return logs if return_dict else values[0] if len(values) == 1 else values

    def _loss(self) -> Loss:
        if self.loss is None:
            raise StateError(f"{self.name} was compiled without a loss: compile(optimizer=..., loss=...)")
        return self.loss

    def _optimizer(self) -> Optimizer:
        if self.optimizer is None:
            raise StateError(f"{self.name} has not been compiled: call compile(optimizer=..., loss=...) first")
        return self.optimizer

    def _need_compiled(self, training: bool = False) -> None:
        self._optimizer()
        self._loss()
        if not self._chain:
            raise ShapeError(f"{self.name} has no layers to {'train' if training else 'evaluate'}")


def _ready(batches: Stream, epoch: Iterator[Batch]) -> AbstractContextManager[Iterator[Batch]]:
    """The batches of an epoch, made by a thread while the model computes, if that is worth it."""
    return made_ahead(epoch) if batches.background else nullcontext(epoch)
