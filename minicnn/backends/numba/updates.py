"""Optimizer updates, in place, by `kernels.cpu.updates`. The formulas are Keras 3's."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from minicnn.backends.numba.arrays import plain
from minicnn.kernels.cpu import updates
from minicnn.kernels.cpu.threads import exclusive

Arrays = Sequence[np.ndarray]


def sgd_update(
    parameters: Arrays,
    gradients: Arrays,
    velocities: Arrays | None,
    learning_rate: float,
    momentum: float,
    nesterov: bool,
) -> None:
    """Source: Sutskever, Martens, Dahl and Hinton, On the importance of initialization and momentum (2013)."""
    kept = [] if velocities is None else [velocities]
    flags = velocities is not None, nesterov
    _update(updates.sgd, [parameters, *kept], gradients, (learning_rate, momentum), flags)


def adam_update(
    parameters: Arrays,
    gradients: Arrays,
    firsts: Arrays,
    seconds: Arrays,
    largest: Arrays | None,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    step: int,
) -> None:
    """Source: Kingma and Ba, Adam (2015), the efficient form at the end of section 2 (epsilon is its ε̂)."""
    rate = learning_rate * math.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    kept = [firsts, seconds, seconds if largest is None else largest]
    numbers = rate, 1 - beta_1, 1 - beta_2, epsilon
    _update(updates.adam, [parameters, *kept], gradients, numbers, (largest is not None,))


def nadam_update(
    parameters: Arrays,
    gradients: Arrays,
    firsts: Arrays,
    seconds: Arrays,
    rate_of_mean: float,
    rate_of_gradient: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    step: int,
) -> None:
    """Source: Dozat, Incorporating Nesterov momentum into Adam (2016)."""
    correction = 1 / math.sqrt(1 - beta_2**step)
    numbers = rate_of_mean, rate_of_gradient, 1 - beta_1, 1 - beta_2, correction, epsilon
    _update(updates.nadam, [parameters, firsts, seconds], gradients, numbers)


def adamax_update(
    parameters: Arrays,
    gradients: Arrays,
    firsts: Arrays,
    norms: Arrays,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    step: int,
) -> None:
    """Source: Kingma and Ba, Adam (2015), section 7.1."""
    rate = learning_rate / (1 - beta_1**step)
    _update(updates.adamax, [parameters, firsts, norms], gradients, (rate, 1 - beta_1, beta_2, epsilon))


def adagrad_update(
    parameters: Arrays, gradients: Arrays, squares: Arrays, learning_rate: float, epsilon: float
) -> None:
    """Source: Duchi, Hazan and Singer, Adaptive subgradient methods (2011). RMSprop that forgets nothing."""
    kept = [squares, squares, squares]
    _update(updates.rmsprop, [parameters, *kept], gradients, (learning_rate, 1, 1, 0, epsilon), (False, False))


def adadelta_update(
    parameters: Arrays,
    gradients: Arrays,
    squares: Arrays,
    step_squares: Arrays,
    learning_rate: float,
    rho: float,
    epsilon: float,
) -> None:
    """Source: Zeiler, ADADELTA (2012), algorithm 1, whose step is taken `learning_rate` far."""
    _update(updates.adadelta, [parameters, squares, step_squares], gradients, (learning_rate, rho, 1 - rho, epsilon))


def rmsprop_update(
    parameters: Arrays,
    gradients: Arrays,
    squares: Arrays,
    velocities: Arrays | None,
    means: Arrays | None,
    learning_rate: float,
    rho: float,
    momentum: float,
    epsilon: float,
) -> None:
    """Source: Tieleman and Hinton, Neural networks for machine learning, lecture 6.5 (2012)."""
    kept = [squares, squares if velocities is None else velocities, squares if means is None else means]
    flags = velocities is not None, means is not None
    _update(updates.rmsprop, [parameters, *kept], gradients, (learning_rate, rho, 1 - rho, momentum, epsilon), flags)


def _update(
    kernel: Callable[..., None],
    changed: Sequence[Arrays],
    gradients: Arrays,
    numbers: tuple[float, ...],
    flags: tuple[bool, ...] = (),
) -> None:
    """One launch for all arrays of a dtype. changed: lists of arrays, each as long as `gradients`."""
    for dtype in {g.dtype for g in gradients}:
        chosen = [i for i, g in enumerate(gradients) if g.dtype == dtype and g.size]
        own = [[arrays[i] for i in chosen] for arrays in changed]
        flat = [[plain(a) for a in arrays] for arrays in (*own, [gradients[i] for i in chosen])]
        addresses = np.array([[a.__array_interface__["data"][0] for a in arrays] for arrays in flat], np.int64)
        pieces = updates.pieces_of(tuple(gradients[i].size for i in chosen))
        with exclusive:
            kernel(pieces, addresses, np.array(numbers, dtype), *flags)
        for arrays, computed in zip(own, flat, strict=False):
            for a, b in zip(arrays, computed, strict=True):
                if a is not b:  # it lay in memory in a way that took a copy
                    a[...] = b
