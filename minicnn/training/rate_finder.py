"""Which learning rate to begin with: one sweep through all of them, and how the loss did."""

from __future__ import annotations

import copy
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicnn.data.batches import Batch, Batches
from minicnn.errors import ArgumentError, NonFiniteError
from minicnn.geometry import is_int
from minicnn.ops.checks import check_number
from minicnn.training.model import Model


@dataclass(frozen=True)
class RateSweep:
    """What `find_learning_rate` saw: the loss before each step, also smoothed; all_rates: what it was to try."""

    all_rates: np.ndarray
    losses: list[float]
    smoothed: list[float]

    @property
    def rates(self) -> np.ndarray:
        """The rates of the steps that were taken."""
        return self.all_rates[: len(self.losses)]

    @property
    def suggestion(self) -> float:
        """A tenth of the rate at which the smoothed loss was lowest: there it still fell, and safely.

        Source of the rule: Howard and Gugger, Deep learning for coders with fastai and PyTorch (2020), chapter 5.
        """
        return float(self.all_rates[int(np.argmin(self.smoothed))] / 10)

    def plot(self) -> bytes:
        """A PNG of both losses over the rate, with the suggestion marked, as bytes."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # slow to import, and only needed here
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6, 4), layout="constrained", dpi=120)
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.plot(self.rates, self.losses, color="0.8", label="loss of each batch")
        axes.plot(self.rates, self.smoothed, label="smoothed")
        axes.axvline(self.suggestion, color="C1", linestyle="--", label=f"suggested: {self.suggestion:.2g}")
        axes.set_xscale("log")
        axes.set_xlabel("learning rate")
        axes.set_ylabel("loss")
        axes.legend()
        picture = io.BytesIO()
        figure.savefig(picture, format="png")
        return picture.getvalue()


def find_learning_rate(
    model: Model,
    x: Any,
    y: Any,
    *,
    batch_size: int = 32,
    lowest: float = 1e-6,
    highest: float = 1.0,
    steps: int = 100,
    smoothing: float = 0.9,
    stop_factor: float = 4.0,
) -> RateSweep:
    """Trains with a rate that grows from step to step, from `lowest` to `highest`, and tells how the loss did.

    It ends early when the smoothed loss exceeds `stop_factor` times its lowest value, or the loss turns NaN. A copy is
    trained: the model, its optimizer and its random numbers stay as they are. Compile the model, call this, choose a
    rate (`suggestion`, or a look at `plot()`), and compile it again. smoothing: the weight of the past, 0 to 1.
    Raises StateError before compile, ArgumentError for settings that make no sense, and what `fit` raises for data.
    Source: Smith, Cyclical learning rates for training neural networks (2017), section 3.3.
    """
    who = "find_learning_rate"
    lowest, highest = check_number(who, "lowest", lowest, least=0), check_number(who, "highest", highest, least=0)
    if not 0 < lowest < highest:
        raise ArgumentError(f"{who}: lowest must be above 0 and below highest, got {lowest!r} and {highest!r}")
    if not is_int(steps) or steps < 2:
        raise ArgumentError(f"{who}: steps must be a whole number of at least 2, got {steps!r}")
    smoothing = check_number(who, "smoothing", smoothing, least=0, below=1)
    stop_factor = check_number(who, "stop_factor", stop_factor, least=1)
    trial = copy.deepcopy(model)
    trial._need_compiled(training=True)
    sweep = RateSweep(np.geomspace(lowest, highest, steps), [], [])
    mean = 0.0
    for batch in _batches(trial, x, y, batch_size, steps):
        step = len(sweep.losses)
        trial._optimizer().learning_rate = float(sweep.all_rates[step])
        try:
            loss = float(trial.train_on_batch(batch.x, batch.y, return_dict=True)["loss"])
        except NonFiniteError:
            break
        mean = smoothing * mean + (1 - smoothing) * loss
        now = mean / (1 - smoothing ** (step + 1))  # corrected for the start at 0
        if step and now > stop_factor * min(sweep.smoothed):
            break
        sweep.losses.append(loss)
        sweep.smoothed.append(now)
    if not sweep.losses:
        raise ArgumentError(f"{who}: the loss is not finite at a learning rate of {lowest:g} already: begin lower")
    return sweep


def _batches(model: Model, x: Any, y: Any, batch_size: int, steps: int) -> Iterator[Batch]:
    """As many as asked for, in epochs of their own order."""
    x, y = model._check(x, y)
    batches = Batches(x, y, None, batch_size, True, model.seed, model.dtype or "float32")
    epochs = (batch for epoch in itertools.count() for batch in batches.epoch(epoch))
    return itertools.islice(epochs, steps)
