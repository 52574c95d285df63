"""What every optimizer does: clip, decay, ask the backend for the update, keep its state."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

import numpy as np

from minicnn.backends import HOST, Arrays, beside, device_of, to_host
from minicnn.errors import ArgumentError, CheckpointError, ShapeError
from minicnn.geometry import is_int
from minicnn.optimizers import schedules
from minicnn.optimizers.schedules import LearningRateSchedule
from minicnn.registry import unknown_argument
from minicnn.tensor import Array, Tensor


class OptimizerOptions(TypedDict, total=False):
    """What every optimizer's constructor takes besides its own arguments."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    name: str | None


class Optimizer:
    """The base. learning_rate: a number, or a schedule that gives one for each step.

    weight_decay: each step also takes learning_rate · weight_decay of every variable away, apart from its gradient
    (decoupled: Loshchilov and Hutter, Decoupled weight decay regularization (2019)).
    clipnorm, global_clipnorm, clipvalue: gradients are scaled down to a norm, each or all together (Pascanu, Mikolov
    and Bengio, On the difficulty of training recurrent neural networks (2013)), or cut off at ±clipvalue; one of them.
    use_ema: keep a running average of each variable, ema_momentum · average + (1 - ema_momentum) · variable, that takes
    the variable's place every ema_overwrite_frequency steps and at the end of `fit` (Polyak and Juditsky, Acceleration
    of stochastic approximation by averaging (1992)).
    `iterations` counts the steps taken. Raises ArgumentError for numbers that make no sense.
    """

    slots: tuple[str, ...] = ()  # the arrays that are kept for each variable
    initial_state: float = 0.0  # what they hold before the first step

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise TypeError(unknown_argument(type(self), next(iter(unknown))))
        who = type(self).__name__
        self.learning_rate = learning_rate
        self.weight_decay = None if weight_decay is None else number(who, "weight_decay", weight_decay)
        clips = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        given = {key: value for key, value in clips.items() if value is not None}
        if len(given) > 1:
            raise ArgumentError(f"{who}: give only one of clipnorm, clipvalue and global_clipnorm; got {given}")
        limits = {key: number(who, key, value, above=True) for key, value in given.items()}
        self.clipnorm, self.clipvalue = limits.get("clipnorm"), limits.get("clipvalue")
        self.global_clipnorm = limits.get("global_clipnorm")
        self.use_ema = flag(who, "use_ema", use_ema)
        self.ema_momentum = number(who, "ema_momentum", ema_momentum)
        if self.ema_momentum > 1:
            raise ArgumentError(f"{who}: ema_momentum must be at most 1, got {ema_momentum!r}")
        often = ema_overwrite_frequency
        if often is not None and (not is_int(often) or often < 1):
            raise ArgumentError(f"{who}: ema_overwrite_frequency must be a whole number of steps, got {often!r}")
        self.ema_overwrite_frequency = often
        self.name = name or who
        self.iterations = 0
        self.variables: list[Tensor] = []
        self.state: list[dict[str, Array]] = []

    def update(
        self, variables: Arrays, gradients: Arrays, state: dict[str, Arrays], learning_rate: float, step: int
    ) -> None:
        """Changes all variables and their state, slot by slot, in place; `step` counts from 1."""
        raise TypeError(f"{type(self).__name__} must define update(...)")

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the next step: a number, whose `assign` gives the optimizer another, as Keras's does.

        Set it to a number or a schedule. Raises ArgumentError for anything else.
        """
        rate = self._rate
        return Rate(rate(self.iterations) if isinstance(rate, LearningRateSchedule) else rate).of(self)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        is_schedule = isinstance(value, (dict, LearningRateSchedule))
        self._rate: float | LearningRateSchedule = (
            schedules.get(value) if is_schedule else number(type(self).__name__, "learning_rate", value)
        )

    @property
    def schedule(self) -> LearningRateSchedule | None:
        """The schedule that the learning rate follows, if it follows one."""
        return self._rate if isinstance(self._rate, LearningRateSchedule) else None

    def build(self, variables: Sequence[Tensor]) -> None:
        """Makes the state for these variables, all `initial_state`."""
        self.variables = list(variables)
        slots = (*self.kept_slots(), *(("average",) if self.use_ema else ()))
        self.state = [{slot: np.full_like(v.data, self.initial_state) for slot in slots} for v in variables]

    def _follow(self) -> None:
        """Has the state where the variables are: a model may have been moved."""
        for variable, kept in zip(self.variables, self.state, strict=True):
            for slot, a in kept.items():
                if type(a) is not type(variable.data):
                    kept[slot] = beside(a, variable.data)

    def kept_slots(self) -> tuple[str, ...]:
        """The slots that these settings need."""
        return self.slots

    def apply(self, gradients: Sequence[Array], variables: Sequence[Tensor]) -> None:
        """One step: every variable follows its gradient. The variables must be the same in each step.

        Raises ArgumentError if they are not, or if there are more or fewer gradients; ShapeError for one that differs.
        """
        if len(gradients) != len(variables):
            raise ArgumentError(f"{self.name}: {len(gradients)} gradients for {len(variables)} variables")
        for gradient, variable in zip(gradients, variables, strict=True):
            if gradient.shape != variable.shape:
                raise ShapeError(f"{self.name}: a gradient {gradient.shape} for a variable {variable.shape}")
        if not self.variables:
            self.build(variables)
        if len(self.variables) != len(variables) or any(
            a is not b for a, b in zip(self.variables, variables, strict=True)
        ):
            raise ArgumentError(
                f"{self.name} keeps the state of the variables that it stepped first, now it gets others: compile the "
                "model again, with a new optimizer, after changing, freezing or unfreezing layers"
            )
        self._follow()
        rate = float(self.learning_rate)
        gradients = self._clipped(gradients)
        if self.weight_decay:
            for variable in variables:
                variable.data -= variable.data * (self.weight_decay * rate)
        state: dict[str, Arrays] = {slot: [kept[slot] for kept in self.state] for slot in self.kept_slots()}
        self.update([v.data for v in variables], gradients, state, rate, self.iterations + 1)
        self.iterations += 1
        if self.use_ema:
            self._average()
        for variable in variables:
            constraint = getattr(variable, "constraint", None)
            if constraint is not None:
                variable.data[...] = constraint(variable.data)

    def _average(self) -> None:
        momentum = self.ema_momentum if self.iterations > 1 else 0.0  # the first average is the variable itself
        for variable, kept in zip(self.variables, self.state, strict=True):
            kept["average"] *= momentum
            kept["average"] += (1 - momentum) * variable.data
        if self.ema_overwrite_frequency and self.iterations % self.ema_overwrite_frequency == 0:
            self.finalize_variable_values()

    def finalize_variable_values(self, variables: Sequence[Tensor] | None = None) -> None:
        """Puts the running averages in the place of the variables, if there are any; `fit` ends with it.

        variables: accepted for Keras's sake; those that were stepped are meant.
        """
        if self.use_ema:
            for variable, kept in zip(self.variables, self.state, strict=True):
                variable.data[...] = kept["average"]

    def apply_gradients(self, pairs: Iterable[tuple[Array, Tensor]]) -> None:
        """Keras's spelling: `apply_gradients(zip(gradients, variables))`."""
        pairs = list(pairs)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])

    def _clipped(self, gradients: Sequence[Array]) -> Sequence[Array]:
        if self.clipvalue is not None:
            return [np.clip(g, -self.clipvalue, self.clipvalue) for g in gradients]
        if self.clipnorm is not None:
            return [_scaled_to(g, self.clipnorm, _norm([g])) for g in gradients]
        if self.global_clipnorm is not None:
            norm = _norm(gradients)
            return [_scaled_to(g, self.global_clipnorm, norm) for g in gradients]
        return gradients

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, ready for JSON."""
        own = inspect.signature(type(self)).parameters
        names = dict.fromkeys([*own, *OptimizerOptions.__annotations__])
        config = {name: getattr(self, name) for name in names if name != "options"}
        rate = self._rate
        return {**config, "learning_rate": rate if isinstance(rate, float) else schedules.serialize(rate)}

    def get_state(self) -> dict[str, Array]:
        """Copies of all arrays kept, in main memory, named "number of the variable/slot"."""
        return {f"{i}/{slot}": np.array(to_host(a)) for i, state in enumerate(self.state) for slot, a in state.items()}

    def set_state(self, arrays: dict[str, Array], variables: Sequence[Tensor], iterations: int) -> None:
        """Takes over what get_state returned. Raises CheckpointError if it belongs to other variables."""
        self.build(variables)
        expected = {f"{i}/{slot}": a for i, state in enumerate(self.state) for slot, a in state.items()}
        if not arrays and iterations == 0:
            return
        if set(arrays) != set(expected) or any(
            arrays[k].shape != a.shape or arrays[k].dtype.kind != "f" for k, a in expected.items()
        ):
            raise CheckpointError(f"the saved state of {self.name} does not belong to this model and these settings")
        for key, a in expected.items():
            a[...] = beside(arrays[key].astype(a.dtype, copy=False), a)
        self.iterations = iterations


class Rate(float):
    """A learning rate as an optimizer shows it: a number that knows where it is from."""

    def of(self, optimizer: Optimizer) -> Rate:
        """The same number, as that of this optimizer."""
        self._optimizer = optimizer
        return self

    def assign(self, value: Any) -> None:
        """Gives the optimizer another learning rate. Raises ArgumentError."""
        self._optimizer.learning_rate = value

    def numpy(self) -> np.float32:
        """The number as NumPy's."""
        return np.float32(self)


def number(who: str, name: str, value: Any, above: bool = False) -> float:
    """A finite number of at least 0 (above: more than 0). Raises ArgumentError."""
    right = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not right or not np.isfinite(value) or value < 0 or (above and value == 0):
        raise ArgumentError(f"{who}: {name} must be a number {'above' if above else 'of at least'} 0, got {value!r}")
    return float(value)


def fraction(who: str, name: str, value: Any) -> float:
    """A number in [0, 1). Raises ArgumentError."""
    if number(who, name, value) >= 1:
        raise ArgumentError(f"{who}: {name} must be below 1, got {value!r}")
    return float(value)


def flag(who: str, name: str, value: Any) -> bool:
    """True or False. Raises ArgumentError."""
    if not isinstance(value, bool):
        raise ArgumentError(f"{who}: {name} must be True or False, got {value!r}")
    return value


def _norm(arrays: Sequence[Array]) -> Array:
    """The root of the sum of all squares, () float64, where the arrays live."""
    return np.sqrt(sum(np.square(a).sum().astype(np.float64) for a in arrays))


def _scaled_to(gradient: Array, limit: float, norm: Array) -> Array:
    """The gradient, scaled down where the norm is above the limit. On a device that is not looked up: it would wait."""
    if device_of(norm) == HOST and not norm > limit:
        return gradient
    return gradient * (limit / np.maximum(norm, limit)).astype(gradient.dtype)
