"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Unpack

from minicnn.backends import Arrays, backend_for
from minicnn.optimizers.base import Optimizer, OptimizerOptions, flag, fraction
from minicnn.optimizers.schedules import LearningRateSchedule


class SGD(Optimizer):
    """velocity = momentum · velocity - learning_rate · gradient; variable += velocity.

    nesterov: variable += momentum · velocity - learning_rate · gradient, a look ahead.
    Source: Sutskever, Martens, Dahl and Hinton, On the importance of initialization and momentum (2013).
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.momentum = fraction("SGD", "momentum", momentum)
        self.nesterov = flag("SGD", "nesterov", nesterov)

    def kept_slots(self) -> tuple[str, ...]:
        """A velocity, if there is momentum."""
        return ("velocity",) if self.momentum else ()

    def update(
        self, variables: Arrays, gradients: Arrays, state: dict[str, Arrays], learning_rate: float, step: int
    ) -> None:
        """One step for all variables, in place."""
        backend_for(*variables).sgd_update(
            variables, gradients, state.get("velocity"), learning_rate, self.momentum, self.nesterov
        )
