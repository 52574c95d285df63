"""Optimizer updates, in place. The formulas are Keras 3's, which differ from PyTorch's in where epsilon stands."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

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
    for i, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
        step = learning_rate * gradient
        if velocities is None:
            parameter -= step
            continue
        velocity = velocities[i]
        velocity *= momentum
        velocity -= step
        parameter += momentum * velocity - step if nesterov else velocity


def adam_update(
    parameters: Arrays,
    gradients: Arrays,
    firsts: Arrays,
    seconds: Arrays,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    step: int,
) -> None:
    """Source: Kingma and Ba, Adam (2015), the efficient form at the end of section 2 (epsilon is its ε̂)."""
    rate = learning_rate * math.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    for parameter, gradient, first, second in zip(parameters, gradients, firsts, seconds, strict=True):
        first += (1 - beta_1) * (gradient - first)
        second += (1 - beta_2) * (np.square(gradient) - second)
        parameter -= rate * first / (np.sqrt(second) + epsilon)


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
    for i, (parameter, gradient, square) in enumerate(zip(parameters, gradients, squares, strict=True)):
        square *= rho
        square += (1 - rho) * np.square(gradient)
        spread = square
        if means is not None:
            mean = means[i]
            mean *= rho
            mean += (1 - rho) * gradient
            spread = square - np.square(mean)
        step = learning_rate * gradient / np.sqrt(spread + epsilon)
        if velocities is not None:
            velocity = velocities[i]
            velocity *= momentum
            velocity += step
            step = velocity
        parameter -= step
