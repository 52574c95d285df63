"""What every schedule is."""

from __future__ import annotations

import inspect
from typing import Any

from minicnn.errors import ArgumentError
from minicnn.geometry import is_int
from minicnn.ops.checks import check_number


class LearningRateSchedule:
    """The base: called with the number of steps taken so far, gives the rate of the next."""

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        raise TypeError(f"{type(self).__name__} must define __call__(step)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    # For subclasses: arguments, checked.

    def _number(self, name: str, value: Any, least: float = 0) -> float:
        return check_number(type(self).__name__, name, value, least=least)

    def _fraction(self, name: str, value: Any) -> float:
        if self._number(name, value) > 1:
            raise ArgumentError(f"{type(self).__name__}: {name} must be at most 1, got {value!r}")
        return float(value)

    def _steps(self, name: str, value: Any, least: int = 1) -> int:
        if not is_int(value) or value < least:
            raise ArgumentError(
                f"{type(self).__name__}: {name} must be a whole number of at least {least}, got {value!r}"
            )
        return int(value)

    def _flag(self, name: str, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ArgumentError(f"{type(self).__name__}: {name} must be True or False, got {value!r}")
        return value
