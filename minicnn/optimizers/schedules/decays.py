"""Schedules that go down: by a factor, along a hyperbola or a power, or in steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

from minicnn.errors import ArgumentError
from minicnn.optimizers.schedules.base import LearningRateSchedule


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate · decay_rate^(step / decay_steps); staircase: the exponent rounded down."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = self._number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self._steps("decay_steps", decay_steps)
        self.decay_rate = self._number("decay_rate", decay_rate)
        self.staircase, self.name = self._flag("staircase", staircase), name

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        periods = step // self.decay_steps if self.staircase else step / self.decay_steps
        return float(self.initial_learning_rate * self.decay_rate**periods)


class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate · step / decay_steps); staircase: the quotient rounded down."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = self._number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self._steps("decay_steps", decay_steps)
        self.decay_rate = self._number("decay_rate", decay_rate)
        self.staircase, self.name = self._flag("staircase", staircase), name

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        periods = step // self.decay_steps if self.staircase else step / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * periods)


class PolynomialDecay(LearningRateSchedule):
    """From initial_learning_rate to end_learning_rate in decay_steps steps, as (1 - step / decay_steps)^power.

    cycle: begin again from where the same curve, stretched to a multiple of decay_steps, stands; else stay at the end.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = self._number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self._steps("decay_steps", decay_steps)
        self.end_learning_rate = self._number("end_learning_rate", end_learning_rate)
        self.power = self._number("power", power)
        self.cycle, self.name = self._flag("cycle", cycle), name

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        cycles = max(math.ceil(step / self.decay_steps), 1) if self.cycle else 1
        left = max(1 - step / (self.decay_steps * cycles), 0.0)
        return float((self.initial_learning_rate - self.end_learning_rate) * left**self.power + self.end_learning_rate)


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to and with step boundaries[0], values[1] up to boundaries[1], ..., the last value after them."""

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        who = type(self).__name__
        if not isinstance(boundaries, (list, tuple)) or not isinstance(values, (list, tuple)):
            raise ArgumentError(f"{who}: boundaries and values must be lists, got {boundaries!r} and {values!r}")
        if len(values) != len(boundaries) + 1:
            raise ArgumentError(
                f"{who}: there must be one value more than boundaries, got {len(boundaries)} boundaries and "
                f"{len(values)} values"
            )
        self.boundaries = [self._number("boundaries", b) for b in boundaries]
        self.values = [self._number("values", v) for v in values]
        if sorted(self.boundaries) != self.boundaries:
            raise ArgumentError(f"{who}: boundaries must rise, got {boundaries!r}")
        self.name = name

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        return self.values[sum(step > boundary for boundary in self.boundaries)]
