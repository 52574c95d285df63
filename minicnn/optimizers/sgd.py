"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from minicnn.backends import Arrays, backend_for
from minicnn.errors import ArgumentError
from minicnn.optimizers.base import Optimizer, fraction
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
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
        self.momentum = fraction("SGD", "momentum", momentum)
        if not isinstance(nesterov, bool):
            raise ArgumentError(f"SGD: nesterov must be True or False, got {nesterov!r}")
        self.nesterov = nesterov

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
