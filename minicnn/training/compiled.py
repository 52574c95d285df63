"""A network that was told how it is to be trained, and looks at the data that it is given for that."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from minicnn import optimizers
from minicnn.data.batches import Batches
from minicnn.data.stream import Batch, Mapped, Stream
from minicnn.errors import ArgumentError, ShapeError, StateError
from minicnn.layers.shapes import fits, mapped_shapes, shapes_of
from minicnn.metrics import Metric
from minicnn.network import Network
from minicnn.optimizers import Optimizer
from minicnn.random import fresh_seed
from minicnn.structure import mapped
from minicnn.training.inputs import check_all_inputs, check_inputs, count_of, example_weights, split_off
from minicnn.training.objective import Bound, Objective, Tally
from minicnn.training.repetition import Repetition


class Compiled(Network):
    """A network with an optimizer, a loss and metrics, once `compile` has chosen them."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._repetition = Repetition()
        super().__init__(*args, **options)
        self.optimizer: Optimizer | None = None
        self.loss: Any = None
        self.seed = fresh_seed()  # of the order of the examples
        self.objective: Objective | None = None
        self._bound: Bound | None = None
        self._tally: Tally | None = None

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: str | bool = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Chooses how to train: an optimizer, a loss and metrics, by name or as objects.

        A model with several outputs takes lists with an entry for each, or dicts by their names; one loss by itself
        is that of all. loss_weights: what each loss is multiplied by in the sum. weighted_metrics: those that count
        examples by their sample weights. What follows is accepted for Keras's sake and changes nothing: no compiler
        stands behind a step, and there is no half precision whose loss would need a scale.
        Raises ArgumentError for unknown names, with the nearest known one.
        """
        self.optimizer = optimizers.get(optimizer)
        self._repetition = Repetition()
        self.objective = Objective(loss, loss_weights, metrics, weighted_metrics)
        self.loss, self._bound, self._tally = self.objective.loss, None, None
        if self.built and loss is not None:
            self._objective()  # what does not fit the outputs is said now, not in fit

    # Data at the door.

    own_steps = False  # whether a subclass says what a step is: then it need have neither a loss nor a call

    def _check(self, x: Any, y: Any, sample_weight: Any = None) -> tuple[Any, Any, Any]:
        if self.own_steps and self.loss is None:  # what its networks take, they say themselves
            return mapped(lambda a: check_inputs(a, None), x), y, sample_weight
        x = check_all_inputs(x, self)
        if not self.built:
            self.build(mapped_shapes(lambda shape: (None, *shape[1:]), shapes_of(x)))
        count, objective = count_of(x), self._objective()
        y = objective.targets(y, count)
        return x, y, objective.sample_weights(sample_weight, count)

    def _checked(self, stream: Stream, class_weight: Mapping[int, float] | None = None) -> Stream:
        """The stream, looked at: arrays at once, others batch by batch; a model without shapes gets them now."""

        def look(batch: Batch) -> Batch:
            x, y, weights = self._check(batch.x, batch.y, batch.weights)
            return Batch(x, y, example_weights(y, weights, class_weight))

        if isinstance(stream, Batches):
            x, y, weights = self._check(stream.x, stream.y, stream.weights)
            return dataclasses.replace(stream, x=x, y=y, weights=example_weights(y, weights, class_weight))
        if not self.built:
            self._check(*stream.first())
        return Mapped(stream, look)

    def _batches(self, x: Any, y: Any, weights: Any, batch_size: int | None) -> Batches:
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
        x, y, weights = self._check(x, y, sample_weight)
        weights = example_weights(y, weights, class_weight)
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
        x, objective = check_all_inputs(data[0], self, "validation x"), self._objective()
        y = objective.targets(data[1], count_of(x), "validation y")
        weights = objective.sample_weights(data[2] if len(data) == 3 else None, count_of(x))
        return self._batches(x, y, weights, batch_size)

    # What it was compiled with.

    @property
    def metrics_names(self) -> list[str]:
        """What evaluate returns, in order."""
        tally = self._known_tally()
        return ["loss"] if tally is None else tally.names

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that are reported beside the loss, as they stand; where a step is one's own, also the loss's."""
        tally = self._known_tally()
        if tally is None:
            return []
        return [*tally.losses, *tally.metrics] if self.own_steps else tally.metrics

    def _known_tally(self) -> Tally | None:
        """That of the last batches; before any were seen, one that knows what is to be counted, if that is known."""
        if self._tally is None and self.built and self.loss is not None:
            objective = self._objective()
            self._tally = Tally(objective, [None] * len(objective.names) if objective.several else None)
        return self._tally

    def _objective(self) -> Bound:
        """Losses and metrics, each with its output; found anew when the outputs have changed."""
        if self.objective is None or self.loss is None:
            raise StateError(f"{self.name} was compiled without a loss: compile(optimizer=..., loss=...)")
        if self._bound is None or not fits(self.output_shape, shapes_of(self._bound.outputs)):
            self._bound = self.objective.bound_to(self.outputs_like())
        return self._bound

    def _optimizer(self) -> Optimizer:
        if self.optimizer is None:
            raise StateError(f"{self.name} has not been compiled: call compile(optimizer=..., loss=...) first")
        return self.optimizer

    def _need_compiled(self, training: bool = False) -> None:
        self._optimizer()
        if self.loss is None and not self.own_steps:
            raise StateError(f"{self.name} was compiled without a loss: compile(optimizer=..., loss=...)")
        if not self.sublayers:
            raise ShapeError(f"{self.name} has no layers to {'train' if training else 'evaluate'}")
