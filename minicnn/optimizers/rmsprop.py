"""RMSprop."""

from __future__ import annotations

from typing import Unpack

from minicnn.backends import Arrays, backend_for
from minicnn.optimizers.base import Optimizer, OptimizerOptions, flag, fraction, number
from minicnn.optimizers.schedules import LearningRateSchedule


class RMSprop(Optimizer):
    """Steps by the gradient over the root of the running mean of its square; centered: of its variance.

    Source: Tieleman and Hinton, Neural networks for machine learning, lecture 6.5 (2012); centered: Graves,
    Generating sequences with recurrent neural networks (2013), section 4.2.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = fraction("RMSprop", "rho", rho)
        self.momentum = fraction("RMSprop", "momentum", momentum)
        self.epsilon = number("RMSprop", "epsilon", epsilon)
        self.centered = flag("RMSprop", "centered", centered)

    def kept_slots(self) -> tuple[str, ...]:
        """The mean square; a velocity if there is momentum; the mean if centered."""
        return "square", *(("velocity",) if self.momentum else ()), *(("mean",) if self.centered else ())

    def update(
        self, variables: Arrays, gradients: Arrays, state: dict[str, Arrays], learning_rate: float, step: int
    ) -> None:
        """One step for all variables, in place."""
        backend_for(*variables).rmsprop_update(
            variables,
            gradients,
            state["square"],
            state.get("velocity"),
            state.get("mean"),
            learning_rate,
            self.rho,
            self.momentum,
            self.epsilon,
        )
