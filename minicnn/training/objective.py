"""What is made of a model's outputs: a loss for each, weighted and summed, and the metrics, gathered over batches."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from minicnn import losses, metrics
from minicnn.backends import to_host
from minicnn.errors import ArgumentError, StateError
from minicnn.losses import Loss
from minicnn.metrics import Mean, Metric
from minicnn.network import arranged, names_of
from minicnn.ops.checks import check_number
from minicnn.structure import is_nested, leaves
from minicnn.tensor import Tensor
from minicnn.training.inputs import check_targets, check_weights_given


class Objective:
    """Losses, their weights and metrics, as `compile` takes them: for one output, or in a list or dict for several.

    Raises ArgumentError for unknown names, with the nearest known one, and for a loss that gives no single number.
    """

    def __init__(self, loss: Any, loss_weights: Any = None, metrics: Any = None, weighted_metrics: Any = None) -> None:
        self.loss = _each(loss, _checked_loss)
        if any(isinstance(w, (str, Metric)) for w in leaves(loss_weights)):
            raise ArgumentError(f"loss_weights must be numbers, got {loss_weights!r:.80}; did you mean metrics=...?")
        self.loss_weights = _each(loss_weights, lambda w: check_number("compile", "a weight in loss_weights", w))
        for name, given in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            if not isinstance(given, (list, tuple, dict, type(None))):
                raise ArgumentError(f"{name} must be a list, e.g. ['accuracy']; got {given!r:.80}")
            _each(given, lambda spec: _metric(spec, True, 2))  # unknown names are said now, not in fit
        self.metrics, self.weighted_metrics = metrics, weighted_metrics

    def get_config(self) -> dict[str, Any]:
        """What `compile` was given, ready for JSON. Raises ArgumentError for what has no name to be saved by."""
        return {
            "loss": _each(self.loss, losses.serialize),
            "loss_weights": self.loss_weights,
            "metrics": _each(self.metrics, _saved_metric),
            "weighted_metrics": _each(self.weighted_metrics, _saved_metric),
        }

    def bound_to(self, outputs: Any) -> Bound:
        """The objective of a model with these symbolic outputs. Raises ArgumentError if they do not go together."""
        if self.loss is None:
            raise StateError("the model was compiled without a loss: compile(optimizer=..., loss=...)")
        tensors, names = leaves(outputs), names_of(outputs)
        shared = not is_nested(self.loss)  # one loss for all
        found = [self.loss] * len(names) if shared else _for_outputs(self.loss, outputs, "loss")
        weights: list[float | None] = [None] * len(names)
        if self.loss_weights is not None:
            alone = len(names) == 1 and not is_nested(self.loss_weights)
            weights = [self.loss_weights] if alone else _for_outputs(self.loss_weights, outputs, "loss_weights")
        return Bound(
            outputs,
            names,
            [t.shape for t in tensors],
            found,
            weights,
            _metric_lists(self.metrics, outputs, "metrics"),
            _metric_lists(self.weighted_metrics, outputs, "weighted_metrics"),
        )


class Bound:
    """An objective whose losses and metrics each have their output; all lists go by output."""

    def __init__(
        self,
        outputs: Any,
        names: list[str],
        shapes: list[tuple],
        found: list[Loss | None],
        weights: list[float | None],
        metrics: list[list[Any]],
        weighted_metrics: list[list[Any]],
    ) -> None:
        self.outputs, self.names, self.shapes = outputs, names, shapes
        self.losses, self.weights, self.metrics, self.weighted_metrics = found, weights, metrics, weighted_metrics
        for spec in (spec for lists in (*metrics, *weighted_metrics) for spec in lists):
            _metric(spec, True, 2)
        if not any(found):
            raise ArgumentError("compile: at least one output needs a loss")

    @property
    def several(self) -> bool:
        """Whether targets and predictions come in a list or dict."""
        return is_nested(self.outputs)

    def targets(self, y: Any, count: int, name: str = "y") -> Any:
        """One array, or a list with one for each output, right for their losses. Raises as check_targets."""
        if not self.several:
            return check_targets(arranged(y, self.outputs, name), count, self.losses[0], self.shapes[0], name)
        if y is None:
            raise ArgumentError(f"{name} is missing: training and evaluation need a target for each example")
        given = leaves(arranged(y, self.outputs, name))
        idle = [
            loss is None and not m and not w
            for loss, m, w in zip(self.losses, self.metrics, self.weighted_metrics, strict=True)
        ]
        return [
            None if target is None and unused else check_targets(target, count, loss, shape, f"{name} of {output!r}")
            for target, unused, loss, shape, output in zip(
                given, idle, self.losses, self.shapes, self.names, strict=True
            )
        ]

    def sample_weights(self, given: Any, count: int) -> Any:
        """(N,) or None; for several outputs a list of them, where an array stands for all. Raises as the check does."""
        if not self.several or given is None:
            return check_weights_given(given, count)
        if is_nested(given) and any(w is None or np.ndim(w) > 0 for w in leaves(given)):
            return [check_weights_given(w, count) for w in leaves(arranged(given, self.outputs, "sample_weight"))]
        return [check_weights_given(given, count)] * len(self.names)

    def __call__(self, y: Any, predictions: Any, weights: Any) -> tuple[Tensor, list[Tensor]]:
        """The sum of all losses, each times its weight; and if there are several, each of them without."""
        flat = (
            [(y, predictions, weights)]
            if not self.several
            else list(zip(y, leaves(predictions), weights or [None] * len(self.names), strict=True))
        )
        parts = [
            loss(target, predicted, w) for loss, (target, predicted, w) in zip(self.losses, flat, strict=True) if loss
        ]
        factors = [w for loss, w in zip(self.losses, self.weights, strict=True) if loss]
        weighted = [part if f is None else part * f for part, f in zip(parts, factors, strict=True)]
        total = weighted[0]
        for part in weighted[1:]:
            total = total + part
        return total, parts if len(parts) > 1 else []

    @property
    def only_loss(self) -> Loss | None:
        """The loss, if there is one output and nothing is weighted; None otherwise."""
        return self.losses[0] if not self.several and self.weights[0] is None else None


class Tally:
    """Losses and metrics of the batches seen so far; y: the targets, of all examples or of one batch."""

    def __init__(self, bound: Bound, y: Any) -> None:
        self._bound, several = bound, len(bound.names) > 1
        parts = [f"{name}_loss" for name, loss in zip(bound.names, bound.losses, strict=True) if loss]
        self._losses = {name: Mean(name) for name in ("loss", *(parts if len(parts) > 1 else ()))}
        self._metrics: list[tuple[int, bool, str, Metric]] = []
        for i, target in enumerate(y if bound.several else [y]):
            taken: set[str] = set()
            sparse = target is None or target.ndim == 1 or target.shape[-1] == 1
            for weighted, lists in ((False, bound.metrics), (True, bound.weighted_metrics)):
                for spec in lists[i]:
                    metric = _metric(spec, sparse, int(bound.shapes[i][-1] or 0))
                    metric.reset_state()
                    name = _unused(metric.name, weighted, taken)
                    self._metrics.append((i, weighted, f"{bound.names[i]}_{name}" if several else name, metric))

    @property
    def losses(self) -> list[Metric]:
        """The means of the losses, as they stand."""
        return list(self._losses.values())

    @property
    def metrics(self) -> list[Metric]:
        """The metrics, as they stand."""
        return [metric for _, _, _, metric in self._metrics]

    @property
    def names(self) -> list[str]:
        """What is reported, in order."""
        return [*self._losses, *(name for _, _, name, _ in self._metrics)]

    def add(self, values: Sequence[float], y: Any, predictions: Any, weights: Any) -> dict[str, float]:
        """Takes a batch in: its loss and those of the outputs, as `Bound` gives them; returns everything so far."""
        flat_y, flat = (y, leaves(predictions)) if self._bound.several else ([y], [predictions])
        flat_weights = weights if isinstance(weights, list) else [weights] * len(flat)
        flat = [to_host(p) for p in flat] if self._metrics else flat
        count = [len(flat[0])]
        for mean, value in zip(self._losses.values(), values, strict=True):
            mean.update_state(value, sample_weight=count)
        for i, weighted, _, metric in self._metrics:
            metric.update_state(flat_y[i], flat[i], flat_weights[i] if weighted else None)
        logs = {name: mean.result() for name, mean in self._losses.items()}
        return logs | {name: _number(metric.result()) for _, _, name, metric in self._metrics}


def _unused(name: str, weighted: bool, taken: set[str]) -> str:
    """The name, or where it is taken, as Keras tells them apart: "weighted_name", or "name_1"."""
    if name in taken and weighted:
        name = f"weighted_{name}"
    numbered = (f"{name}_{n}" if n else name for n in itertools.count())
    found = next(candidate for candidate in numbered if candidate not in taken)
    taken.add(found)
    return found


def reported(logs: Any, step: str) -> dict[str, Any]:
    """What a step returned, with plain numbers for Tensors. Raises ArgumentError if it is no dict."""
    if not isinstance(logs, dict):
        raise ArgumentError(f"{step} must return a dict of what is reported, e.g. {{'loss': loss}}; got {logs!r:.80}")
    return {name: _number(value) for name, value in logs.items()}


def _number(result: Any) -> Any:
    """What a metric of one's own made of Tensors as a plain number; a result of several numbers stays an array."""
    if isinstance(result, (Tensor, np.generic)):
        result = to_host(result.data) if isinstance(result, Tensor) else result
        return result.item() if result.size == 1 else result
    return result


def _each(given: Any, check: Any) -> Any:
    if isinstance(given, dict) and set(given) != {"class_name", "config"}:
        return {name: _each(part, check) for name, part in given.items()}
    if isinstance(given, (list, tuple)):
        return [_each(part, check) for part in given]
    return None if given is None else check(given)


def _checked_loss(identifier: Any) -> Loss:
    loss = losses.get(identifier)
    if loss.reduction is None:
        raise ArgumentError(f"the loss {loss.name} must give one number: its reduction must not be None")
    return loss


def _metric(spec: Any, sparse: bool, outputs: int) -> Metric:
    return metrics.get(spec, sparse_labels=sparse, outputs=outputs)


def _saved_metric(spec: Any) -> Any:
    return spec if isinstance(spec, str) else metrics.serialize(metrics.get(spec))


def _metric_lists(given: Any, outputs: Any, what: str) -> list[list[Any]]:
    """For each output its metrics."""
    names = names_of(outputs)
    if not given:
        return [[] for _ in names]
    if len(names) == 1 and not isinstance(given, dict):
        return [[m for part in given for m in (part if isinstance(part, (list, tuple)) else [part])]]
    by_output = _for_outputs(given, outputs, what)
    return [[] if m is None else list(m) if isinstance(m, (list, tuple)) else [m] for m in by_output]


def _for_outputs(given: Any, outputs: Any, what: str) -> list[Any]:
    """For each output what a list says in its place, or a dict by its name; None where a dict says nothing."""
    names = names_of(outputs)
    if isinstance(given, dict):
        unknown = [name for name in given if name not in names]
        if unknown:
            raise ArgumentError(
                f"compile: {what} names {unknown[0]!r}, which is no output; outputs: {', '.join(names)}"
            )
        return [given.get(name) for name in names]
    if not isinstance(given, (list, tuple)) or len(given) != len(names):
        raise ArgumentError(
            f"compile: {what} must have an entry for each of the {len(names)} outputs, {', '.join(names)}; "
            f"got {given!r:.80}"
        )
    return list(given)
