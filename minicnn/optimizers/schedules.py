"""Learning-rate schedules: the rate as a function of the step."""

from __future__ import annotations

import inspect
import math
from typing import Any

from minicnn.errors import ArgumentError
from minicnn.registry import lookup


class LearningRateSchedule:
    """The base: called with the number of steps taken so far, gives the rate of the next."""

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        raise TypeError(f"{type(self).__name__} must define __call__(step)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    @staticmethod
    def from_config(config: dict[str, Any]) -> LearningRateSchedule:
        """A schedule from {"class_name", "config"}. Raises ArgumentError for an unknown one."""
        if set(config) != {"class_name", "config"}:
            raise ArgumentError(f'a schedule\'s config must be {{"class_name", "config"}}, got {config!r:.200}')
        cls = lookup("learning-rate schedule", config["class_name"], {"CosineDecay": CosineDecay})
        return cls(**config["config"])


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
        if initial_learning_rate < 0 or decay_steps < 1 or warmup_steps < 0 or not 0 <= alpha <= 1:
            raise ArgumentError(
                "CosineDecay: initial_learning_rate and warmup_steps must be at least 0, decay_steps at least 1, "
                f"alpha from 0 to 1; got {initial_learning_rate}, {warmup_steps}, {decay_steps}, {alpha}"
            )
        self.initial_learning_rate, self.decay_steps, self.alpha = initial_learning_rate, decay_steps, alpha
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        start = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return start + (self.warmup_target - start) * step / self.warmup_steps
            start, step = self.warmup_target, step - self.warmup_steps
        wave = (1 + math.cos(math.pi * min(step / self.decay_steps, 1.0))) / 2
        return start * ((1 - self.alpha) * wave + self.alpha)
