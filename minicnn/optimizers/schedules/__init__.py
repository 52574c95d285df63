"""Learning-rate schedules: the rate as a function of the step. Names, arguments and formulas are Keras 3's."""

from __future__ import annotations

from typing import Any

from minicnn.optimizers.schedules.base import LearningRateSchedule
from minicnn.optimizers.schedules.decays import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
from minicnn.optimizers.schedules.waves import CosineDecay, CosineDecayRestarts, OneCycle
from minicnn.registry import from_identifier, to_identifier

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "get",
    "serialize",
]

_KNOWN: dict[str, type[LearningRateSchedule]] = {
    cls.__name__: cls
    for cls in (
        CosineDecay,
        CosineDecayRestarts,
        ExponentialDecay,
        InverseTimeDecay,
        OneCycle,
        PiecewiseConstantDecay,
        PolynomialDecay,
    )
}


def get(identifier: Any) -> LearningRateSchedule:
    """A schedule as it is, or from its config. Raises ArgumentError for an unknown one."""
    return from_identifier("learning-rate schedule", identifier, LearningRateSchedule, _KNOWN)


def serialize(schedule: LearningRateSchedule) -> dict[str, Any]:
    """{"class_name", "config"} of a schedule. Raises ArgumentError for one of your own: it cannot be saved."""
    return to_identifier("learning-rate schedule", schedule, _KNOWN)
