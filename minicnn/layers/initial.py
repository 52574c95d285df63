"""What variables hold at first: what their initializer draws, or where a file is being loaded zeros, until it is read.

Whoever makes layers from a description that he did not write says how many numbers they may hold together: each may be
affordable, and all of them not.
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
