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
    largest: Arrays | None,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    step: int,
) -> None:
    """Source: Kingma and Ba, Adam (2015), the efficient form at the end of section 2 (epsilon is its ε̂).

    With `largest`: Reddi, Kale and Kumar, On the convergence of Adam and beyond (2018), algorithm 2.
    """
    rate = learning_rate * math.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    for i, (parameter, gradient, first, second) in enumerate(zip(parameters, gradients, firsts, seconds, strict=True)):
        first += (1 - beta_1) * (gradient - first)
        second += (1 - beta_2) * (np.square(gradient) - second)
        if largest is not None:
            second = np.maximum(largest[i], second, out=largest[i])
        parameter -= rate * first / (np.sqrt(second) + epsilon)


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
    for parameter, gradient, first, second in zip(parameters, gradients, firsts, seconds, strict=True):
        first += (1 - beta_1) * (gradient - first)
        second += (1 - beta_2) * (np.square(gradient) - second)
        parameter -= (rate_of_mean * first + rate_of_gradient * gradient) / (correction * np.sqrt(second) + epsilon)


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
    for parameter, gradient, first, norm in zip(parameters, gradients, firsts, norms, strict=True):
        first += (1 - beta_1) * (gradient - first)
        norm *= beta_2
        np.maximum(norm, np.abs(gradient), out=norm)
        parameter -= rate * first / (norm + epsilon)


def adagrad_update(
    parameters: Arrays, gradients: Arrays, squares: Arrays, learning_rate: float, epsilon: float
) -> None:
    """Source: Duchi, Hazan and Singer, Adaptive subgradient methods (2011), with diagonal matrices."""
    for parameter, gradient, square in zip(parameters, gradients, squares, strict=True):
        square += np.square(gradient)
        parameter -= learning_rate * gradient / np.sqrt(square + epsilon)


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
    for parameter, gradient, square, step_square in zip(parameters, gradients, squares, step_squares, strict=True):
        square *= rho
        square += (1 - rho) * np.square(gradient)
        step = gradient * np.sqrt(step_square + epsilon) / np.sqrt(square + epsilon)
        step_square *= rho
        step_square += (1 - rho) * np.square(step)
        parameter -= learning_rate * step


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
