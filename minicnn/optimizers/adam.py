"""Adam and its kin: steps by running means of the gradient and of its size."""

from __future__ import annotations

from typing import Any, Unpack

from minicnn.backends import Arrays, backend_for
from minicnn.errors import ArgumentError
from minicnn.optimizers.base import Optimizer, OptimizerOptions, flag, fraction, number
from minicnn.optimizers.schedules import LearningRateSchedule


class _Moments(Optimizer):
    """What the family shares: the means' weights and epsilon, checked."""

    slots = "first", "second"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        who = type(self).__name__
        self.beta_1 = fraction(who, "beta_1", beta_1)
        self.beta_2 = fraction(who, "beta_2", beta_2)
        self.epsilon = number(who, "epsilon", epsilon)


class Adam(_Moments):
    """Steps by the running mean of the gradient over the root of the running mean of its square.

    amsgrad: over the root of the largest such mean so far. Source: Kingma and Ba, Adam: a method for stochastic
    optimization (2015), the form at the end of section 2; amsgrad: Reddi, Kale and Kumar, On the convergence of Adam
    and beyond (2018).
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **options)
        self.amsgrad = flag(type(self).__name__, "amsgrad", amsgrad)

    def kept_slots(self) -> tuple[str, ...]:
        """Both moments; with amsgrad the largest second one."""
        return (*self.slots, "largest") if self.amsgrad else self.slots

    def update(
        self, variables: Arrays, gradients: Arrays, state: dict[str, Arrays], learning_rate: float, step: int
    ) -> None:
        """One step for all variables, in place."""
        backend_for(*variables).adam_update(
            variables,
            gradients,
            state["first"],
            state["second"],
            state.get("largest"),
            learning_rate,
            self.beta_1,
            self.beta_2,
            self.epsilon,
            step,
        )


class AdamW(Adam):
    """Adam with weight decay, which must be a number here.

    Source: Loshchilov and Hutter, Decoupled weight decay regularization (2019).
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Any,
    ) -> None:
        if weight_decay is None:
            raise ArgumentError("AdamW: weight_decay must be a number, got None; without decay take Adam")
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options)


class Nadam(_Moments):
    """Adam that looks a step ahead, as Nesterov's momentum does.

    The weight of the mean grows with the step t: u(t) = beta_1 · (1 - 0.96^t / 2).
    Source: Dozat, Incorporating Nesterov momentum into Adam (2016).
    """

    def update(
        self, variables: Arrays, gradients: Arrays, state: dict[str, Arrays], learning_rate: float, step: int
    ) -> None:
        """One step for all variables, in place."""
        product = self._product(step)
        ahead = self._weight(step + 1)
        backend_for(*variables).nadam_update(
            variables,
            gradients,
            state["first"],
            state["second"],
            learning_rate * ahead / (1 - product * ahead),
            learning_rate * (1 - self._weight(step)) / (1 - product),
            self.beta_1,
            self.beta_2,
            self.epsilon,
            step,
        )

    def _weight(self, step: int) -> float:
        return self.beta_1 * (1 - 0.5 * 0.96**step)

    def _product(self, step: int) -> float:
        """All weights up to this step, multiplied; from the step alone, so that there is no state to save."""
        product = 1.0
        for earlier in range(1, step + 1):
            product *= self._weight(earlier)
            if product < 1e-20:  # 1 less so little is 1
                return 0.0
        return product


class Adamax(_Moments):
    """Adam with the largest recent gradient in the place of the root mean square.

    Source: Kingma and Ba, Adam: a method for stochastic optimization (2015), section 7.1.
    """

    slots = "first", "norm"

    def update(
        self, variables: Arrays, gradients: Arrays, state: dict[str, Arrays], learning_rate: float, step: int
    ) -> None:
        """One step for all variables, in place."""
        backend_for(*variables).adamax_update(
            variables,
            gradients,
            state["first"],
            state["norm"],
            learning_rate,
            self.beta_1,
            self.beta_2,
            self.epsilon,
            step,
        )
