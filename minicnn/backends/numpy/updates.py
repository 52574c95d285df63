"""Optimizer updates, in place. The formulas are Keras 3's, which differ from PyTorch's in where epsilon stands."""

from __future__ import annotations

import math

import numpy as np


def sgd_update(
    parameter: np.ndarray,
    gradient: np.ndarray,
    velocity: np.ndarray | None,
    learning_rate: float,
    momentum: float,
    nesterov: bool,
) -> None:
    """Source: Sutskever, Martens, Dahl and Hinton, On the importance of initialization and momentum (2013)."""
    step = learning_rate * gradient
    if velocity is None:
        parameter -= step
        return
    velocity *= momentum
    velocity -= step
    parameter += momentum * velocity - step if nesterov else velocity


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
    first += (1 - beta_1) * (gradient - first)
    second += (1 - beta_2) * (np.square(gradient) - second)
    rate = learning_rate * math.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    parameter -= rate * first / (np.sqrt(second) + epsilon)


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
    square *= rho
    square += (1 - rho) * np.square(gradient)
    spread = square
    if mean is not None:
        mean *= rho
        mean += (1 - rho) * gradient
        spread = square - np.square(mean)
    step = learning_rate * gradient / np.sqrt(spread + epsilon)
    if velocity is None:
        parameter -= step
        return
    velocity *= momentum
    velocity += step
    parameter -= velocity
