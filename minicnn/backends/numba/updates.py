"""Optimizer updates, in place, by `kernels.cpu.updates`. The formulas are Keras 3's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from minicnn.backends.numba.arrays import flat
from minicnn.kernels.cpu import updates
from minicnn.kernels.cpu.threads import exclusive


def sgd_update(
    parameter: np.ndarray,
    gradient: np.ndarray,
    velocity: np.ndarray | None,
    learning_rate: float,
    momentum: float,
    nesterov: bool,
) -> None:
    """Source: Sutskever, Martens, Dahl and Hinton, On the importance of initialization and momentum (2013)."""
    number = parameter.dtype.type
    if velocity is None:
        with _in_place(parameter) as (p,):
            updates.sgd(p, flat(gradient), number(learning_rate))
    else:
        with _in_place(parameter, velocity) as (p, v):
            updates.sgd_momentum(p, flat(gradient), v, number(learning_rate), number(momentum), nesterov)


def adam_update(
    parameter: np.ndarray,
    gradient: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    step: int,
) -> None:
    """Source: Kingma and Ba, Adam (2015), the efficient form at the end of section 2 (epsilon is its ε̂)."""
    rate = learning_rate * math.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    numbers = (parameter.dtype.type(value) for value in (rate, 1 - beta_1, 1 - beta_2, epsilon))
    with _in_place(parameter, first, second) as (p, m, v):
        updates.adam(p, flat(gradient), m, v, *numbers)


def rmsprop_update(
    parameter: np.ndarray,
    gradient: np.ndarray,
    square: np.ndarray,
    velocity: np.ndarray | None,
    mean: np.ndarray | None,
    learning_rate: float,
    rho: float,
    momentum: float,
    epsilon: float,
) -> None:
    """Source: Tieleman and Hinton, Neural networks for machine learning, lecture 6.5 (2012)."""
    numbers = (parameter.dtype.type(value) for value in (learning_rate, rho, 1 - rho, momentum, epsilon))
    kept = square, square if velocity is None else velocity, square if mean is None else mean
    with _in_place(parameter, *kept) as (p, s, v, m):
        updates.rmsprop(p, flat(gradient), s, v, m, *numbers, velocity is not None, mean is not None)


@contextmanager
def _in_place(*arrays: np.ndarray) -> Iterator[list[np.ndarray]]:
    """The arrays flat; where that took a copy, what became of it is written back."""
    views = [flat(a) for a in arrays]
    with exclusive:
        yield views
    for a, view in zip(arrays, views, strict=True):
        if not a.flags.carray:
            a[...] = view.reshape(a.shape)
