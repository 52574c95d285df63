"""Several trained models as one: the weighted mean of what they predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, Self

import numpy as np

from minicnn import losses, ops
from minicnn.errors import ArgumentError
from minicnn.geometry import is_int
from minicnn.layers import Input
from minicnn.layers.shapes import mapped_shapes, show
from minicnn.models import architecture
from minicnn.models.model import Model
from minicnn.ops.checks import check_number
from minicnn.registry import knowing
from minicnn.structure import is_nested, leaves, mapped, packed
from minicnn.training.inputs import check_targets


class Ensemble(Model):
    """A model that predicts the weighted mean of what several models predict.

    >>> from minicnn import Sequential, layers
    >>> nets = [Sequential([layers.Input((8,)), layers.Dense(3, activation="softmax")]) for _ in range(3)]
    >>> Ensemble(nets, weights=[2, 1, 1]).shares
    (0.5, 0.25, 0.25)

    models: at least two, built, that take inputs of the same shapes and give outputs of the same shapes. They are not
    copied. Models that are called alike, as those from files are, get numbers. weights: a number for each, of which
    only proportions count; all alike if left out. Let the models give probabilities: the mean of logits is another
    model, and a worse one where a single member is very sure.

    It is a functional model: `compile` it to `evaluate`, `fit` trains all members as one, a file of it holds all.
    Raises ArgumentError for models that do not go together, saying which, and for weights that make no mean;
    StateError for a model that has not been built.
    Source: Hansen and Salamon, Neural network ensembles (1990).
    """

    def __init__(
        self, models: Sequence[Model], weights: Sequence[float] | None = None, name: str | None = None
    ) -> None:
        members, shares = _checked(models), _shares(weights, models)
        first, names = members[0], [member.name for member in members]
        for member in members:
            if names.count(member.name) > 1:
                member.named_by_user = False  # whoever named it did not know of the others
        inputs = _inputs_like(first)
        outputs = mapped(lambda *predicted: _mean(predicted, shares), *(member(inputs) for member in members))
        if is_nested(outputs):  # what is compiled and reported by name keeps the names that the members gave
            for output, known in zip(leaves(outputs), first.output_names, strict=True):
                output.call.layer.rename(known)
        super().__init__(inputs, outputs, name, first.dtype)
        self.models, self.shares = members, shares

    @classmethod
    def selected(
        cls, models: Sequence[Model], x: Any, y: Any, loss: Any = None, *, rounds: int = 50, name: str | None = None
    ) -> Self:
        """The ensemble whose weights do well on validation data; models that do not help get none.

        In each round the model joins, again or for the first time, that lowers the loss of the mean the most: its
        weight is how often it was taken. x, y: examples that no model was trained on; models with one output.
        loss: by name or as an object; left out, that of the first model. rounds: more of them, finer weights.
        Raises ArgumentError as the constructor, and without a loss; what `evaluate` raises for data.
        Source: Caruana et al., Ensemble selection from libraries of models (ICML 2004), section 2.
        """
        members = _checked(models)
        loss = members[0].loss if loss is None else losses.get(loss)
        if not is_int(rounds) or rounds < 1:
            raise ArgumentError(f"Ensemble.selected: rounds must be a whole number of at least 1, got {rounds!r}")
        if loss is None or is_nested(members[0].outputs_like()):
            raise ArgumentError("Ensemble.selected needs a loss, and models with one output; or give weights yourself")
        predictions = [member.predict(x, verbose=0) for member in members]
        y = check_targets(y, len(predictions[0]), loss, members[0].output_shape)
        taken, total = np.zeros(len(members), int), np.zeros_like(predictions[0])
        for size in range(1, rounds + 1):
            found = [loss(y, (total + p) / size).item() for p in predictions]
            best = int(np.argmin(np.nan_to_num(found, nan=np.inf)))  # a broken model is never the best
            taken[best] += 1
            total += predictions[best]
        return cls(members, taken.tolist(), name)

    def get_config(self) -> dict[str, Any]:
        """The architecture of all members and their weights in the mean, ready for JSON. Raises ArgumentError."""
        entries = [architecture.to_entry(member) for member in self.models]
        return {"name": self.name, "models": entries, "weights": list(self.shares)}

    @classmethod
    def from_config(cls, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """A new ensemble of new models from what get_config returned. Raises ArgumentError."""
        if not isinstance(config, dict) or not isinstance(config.get("models"), list):
            raise ArgumentError(
                f'an ensemble\'s config must be {{"models": [...], "weights": ...}}, got {config!r:.200}'
            )
        with knowing(custom_objects):
            members = [architecture.from_entry(entry) for entry in config["models"]]
        return cls(members, config.get("weights"), config.get("name"))


architecture.MODELS["Ensemble"] = Ensemble


def _checked(models: Any) -> list[Model]:
    """The models, if they can vote together. Raises ArgumentError, StateError."""
    if not isinstance(models, (list, tuple)) or len(models) < 2:
        raise ArgumentError(f"Ensemble: models must be a list of at least two models, got {models!r:.100}")
    for number, model in enumerate(models):
        who = f"Ensemble: models[{number}]"
        if not isinstance(model, Model):
            raise ArgumentError(f"{who} is no model: {model!r:.80}")
        if any(model is other for other in models[:number]):
            raise ArgumentError(f"{who}, {model.name!r}, is there already: give it a larger weight instead")
        model.need_shape()
        for what, own, wanted in (
            ("takes", model.input_shape, models[0].input_shape),
            ("gives", model.output_shape, models[0].output_shape),
            ("computes in", model.dtype or "float32", models[0].dtype or "float32"),
        ):
            if own != wanted:
                raise ArgumentError(
                    f"{who}, {model.name!r}, {what} {_shown(own)}, models[0], "
                    f"{models[0].name!r}, {what} {_shown(wanted)}: they must be alike"
                )
    return list(models)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else show(value)


def _shares(weights: Any, models: Sequence[Model]) -> tuple[float, ...]:
    """The part of each model in the mean, summing to 1. Raises ArgumentError."""
    if weights is None:
        return (1 / len(models),) * len(models)
    if not isinstance(weights, (list, tuple, np.ndarray)) or len(weights) != len(models):
        raise ArgumentError(
            f"Ensemble: weights must be {len(models)} numbers, one for each model; got {weights!r:.100}"
        )
    numbers = [check_number("Ensemble", "a weight", weight, least=0) for weight in weights]
    total = sum(numbers)
    if not 0 < total < float("inf"):
        raise ArgumentError(
            f"Ensemble: at least one weight must be above 0, and their sum finite; got {weights!r:.100}"
        )
    return tuple(number / total for number in numbers)


def _inputs_like(model: Model) -> Any:
    """New symbolic inputs of the shapes that the model takes, by the names that its graph gives them."""
    if model.wiring is None:
        return mapped_shapes(lambda shape: Input(shape[1:], dtype=model.dtype), model.input_shape)
    named = zip(model.inputs, model.input_names, strict=True)
    return packed(model.input, [Input(t.shape[1:], dtype=model.dtype, name=name) for t, name in named])


def _mean(predicted: Sequence[Any], shares: Sequence[float]) -> Any:
    return reduce(ops.add, [ops.multiply(p, share) for p, share in zip(predicted, shares, strict=True)])
