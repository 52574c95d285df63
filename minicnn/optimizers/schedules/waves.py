"""Schedules along a cosine: once, again and again, or up and down."""

from __future__ import annotations

import math

from minicnn.errors import ArgumentError
from minicnn.optimizers.schedules.base import LearningRateSchedule


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
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = self._number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self._steps("decay_steps", decay_steps)
        self.alpha = self._fraction("alpha", alpha)
        self.name = name
        self.warmup_target = None if warmup_target is None else self._number("warmup_target", warmup_target)
        self.warmup_steps = self._steps("warmup_steps", warmup_steps, least=0)

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        start = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return start + (self.warmup_target - start) * step / self.warmup_steps
            start, step = self.warmup_target, step - self.warmup_steps
        return start * ((1 - self.alpha) * _half_wave(step / self.decay_steps) + self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """CosineDecay again and again: each time t_mul times as long, from m_mul times as high.

    Source: Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts (2017).
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = self._number("initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = self._steps("first_decay_steps", first_decay_steps)
        self.t_mul = self._number("t_mul", t_mul, least=1)
        self.m_mul = self._number("m_mul", m_mul)
        self.alpha = self._fraction("alpha", alpha)
        self.name = name

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        length, height = float(self.first_decay_steps), 1.0
        if self.t_mul == 1:
            restarts, gone = divmod(step, length)
            height = self.m_mul**restarts
        else:
            gone = float(step)
            while gone >= length:
                gone, length, height = gone - length, length * self.t_mul, height * self.m_mul
        return self.initial_learning_rate * ((1 - self.alpha) * height * _half_wave(gone / length) + self.alpha)


class OneCycle(LearningRateSchedule):
    """One rise to max_learning_rate and one fall far below the start, over total_steps steps, both along a cosine.

    It begins at max_learning_rate / start_factor, is at its height after the part `rise` of the steps, and ends at
    max_learning_rate / end_factor. Keras has no such schedule; the defaults are those that fast.ai made common.
    Source: Smith, A disciplined approach to neural network hyper-parameters (2018), section 4.
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        rise: float = 0.25,
        start_factor: float = 25.0,
        end_factor: float = 1e5,
        name: str = "OneCycle",
    ) -> None:
        self.max_learning_rate = self._number("max_learning_rate", max_learning_rate)
        self.total_steps = self._steps("total_steps", total_steps, least=2)
        self.rise = self._fraction("rise", rise)
        if not 0 < self.rise < 1:
            raise ArgumentError(f"OneCycle: rise must be between 0 and 1, got {rise!r}")
        self.start_factor = self._number("start_factor", start_factor, least=1)
        self.end_factor = self._number("end_factor", end_factor, least=1)
        self.name = name

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        top, highest = self.rise * self.total_steps, self.max_learning_rate
        if step < top:
            low = highest / self.start_factor
            return highest - (highest - low) * _half_wave(step / top)
        low = highest / self.end_factor
        return low + (highest - low) * _half_wave((step - top) / (self.total_steps - top))


def _half_wave(part: float) -> float:
    """From 1 at part 0 to 0 at part 1, and 0 from there on."""
    return (1 + math.cos(math.pi * min(part, 1.0))) / 2
