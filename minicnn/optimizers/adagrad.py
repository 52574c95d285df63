"""Adagrad and Adadelta: a rate for each number, from the squares of its gradients."""

from __future__ import annotations

from typing import Unpack

from minicnn.backends import Arrays, backend_for
from minicnn.optimizers.base import Optimizer, OptimizerOptions, fraction, number
from minicnn.optimizers.schedules import LearningRateSchedule


class Adagrad(Optimizer):
    """Steps by the gradient over the root of the sum of all its squares so far.

    Source: Duchi, Hazan and Singer, Adaptive subgradient methods for online learning (2011).
    """

    slots = ("square",)

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = number("Adagrad", "initial_accumulator_value", initial_accumulator_value)
        self.epsilon = number("Adagrad", "epsilon", epsilon)

    @property
    def initial_state(self) -> float:  # type: ignore[override]
        """What the sum begins with."""
        return self.initial_accumulator_value

    def update(
        self, variables: Arrays, gradients: Arrays, state: dict[str, Arrays], learning_rate: float, step: int
    ) -> None:
        """One step for all variables, in place."""
        backend_for(*variables).adagrad_update(variables, gradients, state["square"], learning_rate, self.epsilon)


class Adadelta(Optimizer):
    """Steps by the gradient times the root mean square of recent steps over that of recent gradients.

    Source: Zeiler, ADADELTA: an adaptive learning rate method (2012), algorithm 1. Its steps have a size of their own:
    the learning rate scales them, and 1 is the paper's.
    """

    slots = "square", "step_square"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = fraction("Adadelta", "rho", rho)
        self.epsilon = number("Adadelta", "epsilon", epsilon)

    def update(
        self, variables: Arrays, gradients: Arrays, state: dict[str, Arrays], learning_rate: float, step: int
    ) -> None:
        """One step for all variables, in place."""
        backend_for(*variables).adadelta_update(
            variables, gradients, state["square"], state["step_square"], learning_rate, self.rho, self.epsilon
        )
