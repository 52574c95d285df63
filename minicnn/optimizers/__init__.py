"""Floor 3: optimizers and learning-rate schedules, with Keras 3's names, arguments, defaults and formulas."""

from __future__ import annotations

from typing import Any

from minicnn.optimizers import schedules
from minicnn.optimizers.adagrad import Adadelta, Adagrad
from minicnn.optimizers.adam import Adam, Adamax, AdamW, Nadam
from minicnn.optimizers.base import Optimizer
from minicnn.optimizers.rmsprop import RMSprop
from minicnn.optimizers.sgd import SGD
from minicnn.registry import from_identifier, to_identifier

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "get",
    "schedules",
    "serialize",
]

_KNOWN: dict[str, type[Optimizer]] = {
    cls.__name__.lower(): cls for cls in (SGD, Adadelta, Adagrad, Adam, AdamW, Adamax, Nadam, RMSprop)
}


def get(identifier: Any) -> Optimizer:
    """An optimizer from its name, class, config, or as it is. Raises ArgumentError for an unknown one."""
    return from_identifier("optimizer", identifier, Optimizer, _KNOWN)


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """{"class_name", "config"} of an optimizer, without its state. Raises ArgumentError for one of your own."""
    return to_identifier("optimizer", optimizer, _KNOWN)
