"""The gradient check: the tape's gradient against central differences, number by number.

A central difference (f(x + h) - f(x - h)) / 2h is wrong by about h² for its formula and by about ε·|f| / h for the
rounding of f; in float64, h = 1e-5 leaves some ten right digits. Where f has a kink (ReLU at 0, a tie in a maximum)
no step helps: there the two one-sided slopes differ for every h. Such a point is reported as a kink, never silently
dropped, and the tape's gradient must then lie between the two slopes.

Source: Griewank and Walther, Evaluating Derivatives (2008), section 1.1 (step size); Baydin et al., Automatic
differentiation in machine learning: a survey (2018), section 2.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicnn.errors import ArgumentError, DTypeError, GradientError
from minicnn.tensor import Tensor

STEPS = (1e-5, 1e-6, 1e-7)  # the shorter ones only where a kink may lie within the longer
KINK = 1e-3  # one-sided slopes that differ by this part of the gradient's size are not rounding or curvature
EPSILON = float(np.finfo(np.float64).eps)
DIRECTIONS = 20  # how many random ones stand for the elements of a large input


@dataclass(frozen=True)
class InputReport:
    """What was found for one input. Errors are relative to the larger of both values and the gradient's usual size.

    worst_index is the element that is furthest off, or None if random directions were checked.
    """

    name: str
    worst_error: float
    worst_index: tuple[int, ...] | None
    analytic: float
    numeric: float
    checked: int
    kinks: int

    @property
    def where(self) -> str:
        """Where the largest error is, in words."""
        return "along a random direction" if self.worst_index is None else f"at {self.worst_index}"


@dataclass(frozen=True)
class GradientReport:
    """What a gradient check found, input by input; `str()` of it is a table."""

    inputs: tuple[InputReport, ...]
    tolerance: float

    @property
    def worst_error(self) -> float:
        """The largest relative error of all inputs; not a number, if one of them is not."""
        return self.worst.worst_error if self.inputs else 0.0

    @property
    def worst(self) -> InputReport:
        """The input with the largest error. NaN counts as the largest."""
        return max(self.inputs, key=lambda i: np.inf if np.isnan(i.worst_error) else i.worst_error)

    @property
    def kinks(self) -> int:
        """How many of the numbers checked sit on a kink."""
        return sum(i.kinks for i in self.inputs)

    @property
    def checked(self) -> int:
        """How many numbers (or random directions, for large inputs) were checked."""
        return sum(i.checked for i in self.inputs)

    @property
    def passed(self) -> bool:
        """No error above the tolerance; an error that is not a number has not passed."""
        return all(i.worst_error <= self.tolerance for i in self.inputs)

    @property
    def explanation(self) -> str:
        """The worst element of all, both values of its gradient, and whether a kink may be to blame."""
        worst = self.worst
        verdict = (
            f"{worst.kinks} of {worst.checked} points of it sit on a kink, where any value between both slopes was "
            "accepted"
            if worst.kinks
            else "no kink is near: the function is smooth there, so the gradient is wrong"
        )
        return (
            f"the gradient of {worst.name} {worst.where} is {worst.analytic:.10g}, but finite differences give "
            f"{worst.numeric:.10g} (relative error {worst.worst_error:.1e}, allowed {self.tolerance:.0e}); {verdict}"
        )

    def __str__(self) -> str:
        rows = [
            f"{i.name:12} worst relative error {i.worst_error:8.1e} {i.where}: "
            f"gradient {i.analytic:+.10e}, finite difference {i.numeric:+.10e}; {i.checked} checked, {i.kinks} kinks"
            for i in self.inputs
        ]
        return "\n".join(rows)


def gradcheck(
    f: Callable[..., Any],
    inputs: Sequence[np.ndarray] | Mapping[str, np.ndarray],
    *,
    tolerance: float = 1e-6,
    seed: int = 0,
    max_elements: int = 2000,
    raise_on_failure: bool = True,
) -> GradientReport:
    """Checks every gradient of `f` at `inputs` against central differences, in float64.

    f: takes Tensors, by position or (inputs given as a mapping) by name, and returns a Tensor of any shape. It must be
    a function: the same result each time, and its inputs left as they are. inputs: float64 arrays.
    The upstream gradient is random: with one of all ones, softmax and batch-norm have true gradients of zero, and a
    backward pass that returns zeros would pass. An input of more than `max_elements` elements is checked along 20
    random directions instead of element by element.
    Returns a GradientReport. Raises GradientError, unless raise_on_failure is False, with the worst element, both
    values and what was found about kinks; GradientError, always, for an f that changes its inputs or gives another
    result the second time; DTypeError for inputs that are not float64.

    >>> import numpy as np
    >>> gradcheck(lambda x: x * x, [np.array([1.0, 2.0])]).passed
    True
    """
    arrays = _named(inputs)
    rng = np.random.Generator(np.random.PCG64(seed))
    call = (lambda a: f(**a)) if isinstance(inputs, Mapping) else (lambda a: f(*a.values()))

    tensors = {name: Tensor(a.copy(), requires_grad=True) for name, a in arrays.items()}
    y = call(tensors)
    if not isinstance(y, Tensor):
        raise ArgumentError(f"gradcheck: f must return a Tensor, it returned {type(y).__name__}")
    upstream = np.asarray(rng.standard_normal(y.shape))  # for shape () NumPy would draw a Python float
    if y.requires_grad:
        y.backward(upstream.copy())
    for name, a in arrays.items():
        if not np.array_equal(tensors[name].data, a, equal_nan=True):
            raise GradientError(f"f, or its backward pass, changed {name} in place; operators must leave inputs alone")

    def loss(changed: dict[str, np.ndarray]) -> float:
        out = call({name: Tensor(a) for name, a in changed.items()}).data
        return float((out * upstream).sum())

    size = float(np.abs(y.data * upstream).sum())  # what the rounding error of `loss` is proportional to
    first, again = float((y.data * upstream).sum()), loss(arrays)
    if abs(again - first) > _noise(size):
        raise GradientError(
            f"f is no function: the same inputs gave {first:.10g}, then {again:.10g}; if it draws random numbers, fix "
            "their seed"
        )
    reports = []
    for name, a in arrays.items():
        gradient = tensors[name].grad
        gradient = np.zeros_like(a) if gradient is None else gradient
        if gradient.shape != a.shape:
            raise GradientError(f"the gradient of {name} has shape {gradient.shape}, {name} itself {a.shape}")
        along = _Along(loss, arrays, name, size)
        reports.append(_check_input(name, a, gradient, along, rng, max_elements, tolerance))
    report = GradientReport(tuple(reports), tolerance)
    if raise_on_failure and not report.passed:
        raise GradientError(report.explanation)
    return report


class _Along:
    """The loss along one direction of one input: its slopes on both sides of where it stands."""

    def __init__(
        self, loss: Callable[[dict[str, np.ndarray]], float], arrays: dict[str, np.ndarray], name: str, size: float
    ) -> None:
        self.loss, self.arrays, self.name = loss, arrays, name
        self.noise = _noise(size)
        self.here = loss(arrays)

    def slopes(self, direction: np.ndarray, h: float) -> tuple[float, float]:
        """(f(x) - f(x - h d)) / h and (f(x + h d) - f(x)) / h."""
        a = self.arrays[self.name]
        below = self.loss({**self.arrays, self.name: a - h * direction})
        above = self.loss({**self.arrays, self.name: a + h * direction})
        return (self.here - below) / h, (above - self.here) / h


def _check_input(
    name: str,
    a: np.ndarray,
    gradient: np.ndarray,
    along: _Along,
    rng: np.random.Generator,
    max_elements: int,
    tolerance: float,
) -> InputReport:
    if a.size == 0:
        return InputReport(name, 0.0, None, 0.0, 0.0, 0, 0)
    directions = _directions(a, gradient, rng, max_elements)
    sides = np.array([along.slopes(d, STEPS[0]) for _, d, _ in directions])
    numeric = sides.mean(axis=1).tolist()
    usual = float(np.sqrt(np.mean(np.square(numeric))))  # judges entries that are nearly zero

    kinks = 0
    errors = np.zeros(len(directions))
    for i, (_, d, analytic) in enumerate(directions):
        scale = max(abs(numeric[i]), usual, abs(analytic))  # in this order a gradient of NaN is passed over
        low, high, h, on_kink = _settle(along, d, sides[i], scale)
        kinks += on_kink
        if on_kink:  # any value between both slopes is a gradient there
            numeric[i] = min(max(min(low, high), analytic), max(low, high))
        else:
            numeric[i] = (low + high) / 2
        # A gradient smaller than what differences can resolve to this tolerance is judged against that.
        resolved = along.noise / h / tolerance
        missed = abs(analytic - numeric[i])
        errors[i] = missed / max(scale, resolved) if missed else 0.0  # NaN stays NaN, and fails
    worst = int(np.argmax(np.where(np.isnan(errors), np.inf, errors)))
    index, _, analytic = directions[worst]
    return InputReport(name, float(errors[worst]), index, analytic, numeric[worst], len(directions), kinks)


def _directions(
    a: np.ndarray, gradient: np.ndarray, rng: np.random.Generator, max_elements: int
) -> list[tuple[tuple[int, ...] | None, np.ndarray, float]]:
    """Which ways to step from `a`, with the tape's gradient along each: every element by itself, or random ways."""
    if a.size > max_elements:
        ways = (rng.standard_normal(a.shape) for _ in range(DIRECTIONS))
        return [(None, way, float((gradient * way).sum())) for way in ways]
    directions: list[tuple[tuple[int, ...] | None, np.ndarray, float]] = []
    for index in np.ndindex(a.shape):
        unit = np.zeros_like(a)
        unit[index] = 1
        directions.append((index, unit, float(gradient[index])))
    return directions


def _noise(size: float) -> float:
    return 4 * EPSILON * size


def _settle(along: _Along, direction: np.ndarray, sides: np.ndarray, scale: float) -> tuple[float, float, float, bool]:
    """Both slopes at the longest step that meets no kink, that step, and whether x itself sits on one."""
    low, high = float(sides[0]), float(sides[1])
    for h in STEPS:
        if h != STEPS[0]:
            low, high = along.slopes(direction, h)
        if abs(high - low) <= KINK * scale + 2 * along.noise / h:
            return low, high, h, False
    return low, high, STEPS[-1], True


def _named(inputs: Sequence[np.ndarray] | Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    if not isinstance(inputs, (Mapping, list, tuple)):
        raise ArgumentError(f"gradcheck: inputs must be a list or a mapping of arrays, got {type(inputs).__name__}")
    named = dict(inputs) if isinstance(inputs, Mapping) else {f"input {i}": a for i, a in enumerate(inputs)}
    for name, a in named.items():
        if getattr(a, "dtype", None) != np.float64:
            raise DTypeError(
                f"gradcheck: {name} must be a float64 array, got {getattr(a, 'dtype', type(a).__name__)}: "
                "in float32 the differences drown in rounding"
            )
    return {name: np.asarray(a) for name, a in named.items()}
