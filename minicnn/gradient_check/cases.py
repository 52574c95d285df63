"""Every operator with a gradient, with random calls of it to check: `check_operator("conv2d")`."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import numpy as np

from minicnn.errors import ArgumentError
from minicnn.geometry import is_int
from minicnn.gradient_check.array_cases import ARRAY_CASES
from minicnn.gradient_check.case import Draw
from minicnn.gradient_check.checker import gradcheck
from minicnn.gradient_check.window_cases import WINDOW_CASES
from minicnn.random import generator

CASES: dict[str, Draw] = dict(sorted({**WINDOW_CASES, **ARRAY_CASES}.items()))


@dataclass(frozen=True)
class OperatorCheck:
    """What the gradient check found over all the calls drawn of one operator.

    worst_call is the call with the largest relative error; explanation says what is wrong with it, "" if all passed.
    """

    operator: str
    draws: int
    checked: int
    kinks: int
    worst_error: float
    worst_call: str
    explanation: str

    @property
    def passed(self) -> bool:
        """Every gradient of every call was within the tolerance."""
        return not self.explanation


def check_operator(name: str, seed: int = 0, draws: int = 10) -> OperatorCheck:
    """Draws calls of the operator `name` and checks all their gradients by central differences.

    The same name, seed and draws give the same calls. Raises ArgumentError if no operator has that name, GradientError
    if it changes its inputs; a gradient that is merely wrong is told in the result.
    """
    if name not in CASES:
        near = difflib.get_close_matches(str(name), CASES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(CASES)}"
        raise ArgumentError(f"there is no operator {name!r}{hint}")
    for argument, value, least in (("seed", seed, 0), ("draws", draws, 1)):
        if not is_int(value) or value < least:
            raise ArgumentError(f"{argument} must be a whole number of at least {least}, got {value!r}")
    rng = generator(seed)
    calls = [CASES[name](rng) for _ in range(draws)]
    reports = [gradcheck(call, call.inputs, raise_on_failure=False) for call in calls]
    errors = [report.worst_error for report in reports]
    worst = int(np.argmax(np.where(np.isnan(errors), np.inf, errors)))
    return OperatorCheck(
        operator=name,
        draws=draws,
        checked=sum(report.checked for report in reports),
        kinks=sum(report.kinks for report in reports),
        worst_error=errors[worst],
        worst_call=str(calls[worst]),
        explanation="" if reports[worst].passed else f"{calls[worst]}: {reports[worst].explanation}",
    )
