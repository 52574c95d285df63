"""Learning-rate schedules: the rate as a function of the step."""

from __future__ import annotations

import inspect
import math
from typing import Any

from minicnn.errors import ArgumentError
from minicnn.geometry import is_int
from minicnn.ops.checks import check_number
from minicnn.registry import from_identifier, to_identifier


class LearningRateSchedule:
    """The base: called with the number of steps taken so far, gives the rate of the next."""

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        raise TypeError(f"{type(self).__name__} must define __call__(step)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}


class CosineDecay(LearningRateSchedule):
    """From initial_learning_rate along half a cosine to alpha times it, in decay_steps steps; before that, a warm-up.

    warmup_target, warmup_steps: rise in a straight line from initial_learning_rate to warmup_target first, and decay
    from there. Source: Loshchilov and Hutter, SGDR (2017), section 3; the warm-up: Goyal et al., Accurate, large
    minibatch SGD (2017), section 2.2.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = check_number("CosineDecay", "initial_learning_rate", initial_learning_rate, 0)
        self.decay_steps = _steps("decay_steps", decay_steps, least=1)
        self.alpha = check_number("CosineDecay", "alpha", alpha, least=0)
        if self.alpha > 1:
            raise ArgumentError(f"CosineDecay: alpha must be at most 1, got {alpha!r}")
        self.warmup_target = (
            None if warmup_target is None else check_number("CosineDecay", "warmup_target", warmup_target, least=0)
        )
        self.warmup_steps = _steps("warmup_steps", warmup_steps, least=0)

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        start = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return start + (self.warmup_target - start) * step / self.warmup_steps
            start, step = self.warmup_target, step - self.warmup_steps
        wave = (1 + math.cos(math.pi * min(step / self.decay_steps, 1.0))) / 2
        return start * ((1 - self.alpha) * wave + self.alpha)


_KNOWN: dict[str, type[LearningRateSchedule]] = {"CosineDecay": CosineDecay}


def get(identifier: Any) -> LearningRateSchedule:
    """A schedule as it is, or from its config. Raises ArgumentError for an unknown one."""
    return from_identifier("learning-rate schedule", identifier, LearningRateSchedule, _KNOWN)


def serialize(schedule: LearningRateSchedule) -> dict[str, Any]:
    """{"class_name", "config"} of a schedule. Raises ArgumentError for one of your own: it cannot be saved."""
    return to_identifier("learning-rate schedule", schedule, _KNOWN)


def _steps(name: str, value: Any, least: int) -> int:
    if not is_int(value) or value < least:
        raise ArgumentError(f"CosineDecay: {name} must be a whole number of at least {least}, got {value!r}")
    return int(value)
