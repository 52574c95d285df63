"""Adam."""

from __future__ import annotations

from minicnn.backends import Arrays, backend_for
from minicnn.optimizers.base import Optimizer, fraction, number
from minicnn.optimizers.schedules import LearningRateSchedule


class Adam(Optimizer):
    """Steps by the running mean of the gradient over the root of the running mean of its square.

    Source: Kingma and Ba, Adam: a method for stochastic optimization (2015), the form at the end of section 2.
    """

    slots = "first", "second"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
        self.beta_1 = fraction("Adam", "beta_1", beta_1)
        self.beta_2 = fraction("Adam", "beta_2", beta_2)
        self.epsilon = number("Adam", "epsilon", epsilon)

    def update(
        self, variables: Arrays, gradients: Arrays, state: dict[str, Arrays], learning_rate: float, step: int
    ) -> None:
        """One step for all variables, in place."""
        backend_for(*variables).adam_update(
            variables,
            gradients,
            state["first"],
            state["second"],
            learning_rate,
            self.beta_1,
            self.beta_2,
            self.epsilon,
            step,
        )
