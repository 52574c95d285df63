"""Optimizer updates held against their formulas, written out number by number from the papers."""

from __future__ import annotations

import math

import numpy as np

from minicnn.backends import current_backend

STEPS = 5
START = (0.5, -1.25, 2.0)


def gradients(step: int) -> list[float]:
    """Some other gradient at every step."""
    return [math.sin(3.0 * step + i) + 0.1 for i in range(len(START))]


def sgd(momentum: float, nesterov: bool) -> None:
    """v = m v - r g; p += v, or with Nesterov p += m v - r g; without momentum p -= r g."""
    rate, velocities = 0.1, [0.0] * len(START)
    expected = list(START)
    p, v = np.array(START), np.zeros(len(START)) if momentum else None
    for step in range(1, STEPS + 1):
        g = gradients(step)
        current_backend().sgd_update([p], [np.array(g)], None if v is None else [v], rate, momentum, nesterov)
        for i in range(len(START)):
            velocities[i] = momentum * velocities[i] - rate * g[i]
            expected[i] += momentum * velocities[i] - rate * g[i] if nesterov else velocities[i]
    np.testing.assert_allclose(p, expected, rtol=1e-13)
    if v is not None:
        np.testing.assert_allclose(v, velocities, rtol=1e-13)


def adam() -> None:
    """Means of g and g² that forget, both divided by 1 - βᵗ; ε̂ stands beside the root of the uncorrected mean."""
    rate, beta_1, beta_2, epsilon = 0.01, 0.9, 0.99, 1e-3
    expected, first, second = list(START), [0.0] * 3, [0.0] * 3
    p, m, v = np.array(START), np.zeros(3), np.zeros(3)
    for step in range(1, STEPS + 1):
        g = gradients(step)
        current_backend().adam_update([p], [np.array(g)], [m], [v], rate, beta_1, beta_2, epsilon, step)
        for i in range(3):
            first[i] = beta_1 * first[i] + (1 - beta_1) * g[i]
            second[i] = beta_2 * second[i] + (1 - beta_2) * g[i] ** 2
            corrected_1, corrected_2 = first[i] / (1 - beta_1**step), second[i] / (1 - beta_2**step)
            # ε = ε̂ / sqrt(1 - β₂ᵗ) turns Keras's form into the paper's first.
            expected[i] -= rate * corrected_1 / (math.sqrt(corrected_2) + epsilon / math.sqrt(1 - beta_2**step))
    np.testing.assert_allclose(p, expected, rtol=1e-12)
    np.testing.assert_allclose([m, v], [first, second], rtol=1e-12)


def rmsprop(momentum: float, centered: bool) -> None:
    """p -= r g / sqrt(mean of g² (less the squared mean of g) + ε), by way of a velocity if there is momentum."""
    rate, rho, epsilon = 0.01, 0.9, 1e-3
    expected, squares, means, velocities = list(START), [0.0] * 3, [0.0] * 3, [0.0] * 3
    p, square = np.array(START), np.zeros(3)
    velocities_kept = [np.zeros(3)] if momentum else None
    means_kept = [np.zeros(3)] if centered else None
    for step in range(1, STEPS + 1):
        g = gradients(step)
        state = [square], velocities_kept, means_kept
        current_backend().rmsprop_update([p], [np.array(g)], *state, rate, rho, momentum, epsilon)
        for i in range(3):
            squares[i] = rho * squares[i] + (1 - rho) * g[i] ** 2
            means[i] = rho * means[i] + (1 - rho) * g[i]
            spread = squares[i] - means[i] ** 2 if centered else squares[i]
            velocities[i] = momentum * velocities[i] + rate * g[i] / math.sqrt(spread + epsilon)
            expected[i] -= velocities[i]
    np.testing.assert_allclose(p, expected, rtol=1e-12)
