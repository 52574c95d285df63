"""How well a network does, judged on examples that it was not trained on, with the spread that chance gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicnn.data.folds import k_folds
from minicnn.errors import ArgumentError
from minicnn.numeric import numeric
from minicnn.random import as_key, seeds_from
from minicnn.training.model import Model


@dataclass(frozen=True)
class Scores:
    """What cross-validation found: loss and metrics of each fold, (folds,), by name. `print(scores)` shows a table."""

    values: Mapping[str, np.ndarray]

    @property
    def mean(self) -> dict[str, float]:
        """The mean over the folds."""
        return {name: float(v.mean()) for name, v in self.values.items()}

    @property
    def spread(self) -> dict[str, float]:
        """The standard deviation from fold to fold (with n - 1)."""
        return {name: float(v.std(ddof=1)) for name, v in self.values.items()}

    def __str__(self) -> str:
        folds = len(next(iter(self.values.values())))
        width = max(map(len, self.values))
        rows = [
            f"{name:{width}}  {self.mean[name]:.4f} ± {self.spread[name]:.4f}   from {v.min():.4f} to {v.max():.4f}"
            for name, v in self.values.items()
        ]
        return "\n".join([f"{folds} folds: mean ± standard deviation", *rows])


def cross_validate(
    make_model: Callable[[], Model],
    x: Any,
    y: Any,
    k: int = 5,
    *,
    stratified: bool = True,
    repeats: int = 1,
    seed: int = 0,
    sample_weight: Any = None,
    verbose: int = 1,
    **fit_options: Any,
) -> Scores:
    """Trains a new model on each fold's training part, evaluates it on the rest, and returns all Scores.

    make_model: gives a new, compiled model each time. x, y, sample_weight: arrays with a row an example. k, stratified,
    repeats, seed: the folds, see `data.folds.k_folds`; seeds that make_model leaves open follow from `seed` and the
    fold. verbose: 1 prints a line a fold and the table, 0 nothing. fit_options: for `fit`: epochs, batch_size, ...
    Nothing of a fold's validation part is seen in training. Raises ArgumentError for a make_model that gives the same
    model twice, or none; and as k_folds and fit do.
    """
    if not callable(make_model) or isinstance(make_model, Model):
        raise ArgumentError(f"cross_validate: make_model must be a function that gives a model, got {make_model!r:.80}")
    if taken := {"validation_data", "validation_split"} & set(fit_options):
        raise ArgumentError(f"cross_validate: {taken.pop()} is what it decides by itself: leave it out")
    x, y = numeric(x, "x"), numeric(y, "y")
    weights = None if sample_weight is None else numeric(sample_weight, "sample_weight")
    results: list[dict[str, float]] = []
    before: list[Model] = []
    for number, (train, held_out) in enumerate(k_folds(y, k, stratified=stratified, repeats=repeats, seed=seed)):
        with seeds_from(as_key(seed).seed, number):
            model = make_model()
            if not isinstance(model, Model) or any(model is other for other in before):
                raise ArgumentError("cross_validate: make_model must give a new, compiled model each time it is called")
            before.append(model)
            parts = (None, None) if weights is None else (weights[train], weights[held_out])
            model.fit(x[train], y[train], sample_weight=parts[0], **{"verbose": 0, **fit_options})
        results.append(
            model.evaluate(
                x[held_out], y[held_out], sample_weight=parts[1], batch_size=fit_options.get("batch_size"),
                return_dict=True,
            )
        )  # fmt: skip
        if verbose:
            shown = "  ".join(f"{name} {value:.4f}" for name, value in results[-1].items())
            print(f"fold {number + 1}/{k * repeats}  {shown}")
    scores = Scores({name: np.array([result[name] for result in results]) for name in results[0]})
    if verbose:
        print(scores)
    return scores
