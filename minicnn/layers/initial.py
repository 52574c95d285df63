"""What variables hold at first: what their initializer draws, or where a file is being loaded zeros, until it is read.

Whoever makes layers from a description that he did not write says how many numbers they may hold together: each may be
affordable, and all of them not. What has to be tried out to see what it gives is tried on moderate sizes only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicnn import initializers
from minicnn.errors import ArgumentError

TRIED = 2**24  # numbers of one example, 64 MiB of float32


@dataclass
class _Allowance:
    numbers: int
    left: int
    drawn: bool


_allowed: ContextVar[_Allowance | None] = ContextVar("allowed", default=None)


@contextmanager
def allowing(numbers: int, drawn: bool = True) -> Iterator[None]:
    """Within, all new variables hold `numbers` numbers together, at most; not `drawn`, they are zeros."""
    before = _allowed.set(_Allowance(numbers, numbers, drawn))
    try:
        yield
    finally:
        _allowed.reset(before)


def initial_values(initializer: Any, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """The first values of a variable. Raises ArgumentError for more numbers than are allowed, before they are made."""
    chosen, allowed = initializers.get(initializer), _allowed.get()
    if allowed is None:
        return chosen(shape, dtype)
    allowed.left -= math.prod(shape)
    if allowed.left < 0:
        raise ArgumentError(f"all layers together would hold more than {allowed.numbers:,} numbers")
    return chosen(shape, dtype) if allowed.drawn else np.zeros(shape, dtype)


def check_trial(shape: tuple[int | None, ...]) -> None:
    """Raises ArgumentError if a layer from a description would be tried out on an example too large for that."""
    if _allowed.get() is not None and (count := math.prod(n or 0 for n in shape[1:])) > TRIED:
        raise ArgumentError(
            f"to see what it gives it would be tried out on {count:,} numbers, more than the {TRIED:,} that a "
            "description of a model may ask for; choose smaller sizes"
        )
