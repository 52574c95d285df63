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


def adam(amsgrad: bool = False) -> None:
    """Means of g and g² that forget, both divided by 1 - βᵗ; ε̂ stands beside the root of the uncorrected mean."""
    rate, beta_1, beta_2, epsilon = 0.01, 0.9, 0.7 if amsgrad else 0.99, 1e-3
    expected, first, second, largest = list(START), [0.0] * 3, [0.0] * 3, [0.0] * 3
    p, m, v = np.array(START), np.zeros(3), np.zeros(3)
    kept = [np.zeros(3)] if amsgrad else None
    for step in range(1, STEPS + 1):
        g = gradients(step)
        current_backend().adam_update([p], [np.array(g)], [m], [v], kept, rate, beta_1, beta_2, epsilon, step)
        for i in range(3):
            first[i] = beta_1 * first[i] + (1 - beta_1) * g[i]
            second[i] = beta_2 * second[i] + (1 - beta_2) * g[i] ** 2
            largest[i] = max(largest[i], second[i])
            spread = largest[i] if amsgrad else second[i]
            corrected_1, corrected_2 = first[i] / (1 - beta_1**step), spread / (1 - beta_2**step)
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


def nadam() -> None:
    """Adam's moments; the step is a mix of mean and gradient, over the root of the corrected second moment."""
    of_mean, of_gradient, beta_1, beta_2, epsilon = 0.02, 0.005, 0.9, 0.99, 1e-3
    expected, first, second = list(START), [0.0] * 3, [0.0] * 3
    p, m, v = np.array(START), np.zeros(3), np.zeros(3)
    for step in range(1, STEPS + 1):
        g = gradients(step)
        numbers = of_mean, of_gradient, beta_1, beta_2, epsilon, step
        current_backend().nadam_update([p], [np.array(g)], [m], [v], *numbers)
        for i in range(3):
            first[i] = beta_1 * first[i] + (1 - beta_1) * g[i]
            second[i] = beta_2 * second[i] + (1 - beta_2) * g[i] ** 2
            root = math.sqrt(second[i] / (1 - beta_2**step))
            expected[i] -= (of_mean * first[i] + of_gradient * g[i]) / (root + epsilon)
    np.testing.assert_allclose(p, expected, rtol=1e-12)
    np.testing.assert_allclose([m, v], [first, second], rtol=1e-12)


def adamax() -> None:
    """A norm that is the largest |g| so far, shrinking by β₂; the mean divided by 1 - β₁ᵗ."""
    rate, beta_1, beta_2, epsilon = 0.01, 0.9, 0.7, 1e-3
    expected, first, norms = list(START), [0.0] * 3, [0.0] * 3
    p, m, u = np.array(START), np.zeros(3), np.zeros(3)
    for step in range(1, STEPS + 1):
        g = gradients(step)
        current_backend().adamax_update([p], [np.array(g)], [m], [u], rate, beta_1, beta_2, epsilon, step)
        for i in range(3):
            first[i] = beta_1 * first[i] + (1 - beta_1) * g[i]
            norms[i] = max(beta_2 * norms[i], abs(g[i]))
            expected[i] -= rate * first[i] / (1 - beta_1**step) / (norms[i] + epsilon)
    np.testing.assert_allclose(p, expected, rtol=1e-12)
    np.testing.assert_allclose([m, u], [first, norms], rtol=1e-12)


def adagrad() -> None:
    """p -= r g / sqrt(sum of g² + ε)."""
    rate, epsilon = 0.1, 1e-3
    expected, squares = list(START), [0.1] * 3
    p, square = np.array(START), np.full(3, 0.1)
    for step in range(1, STEPS + 1):
        g = gradients(step)
        current_backend().adagrad_update([p], [np.array(g)], [square], rate, epsilon)
        for i in range(3):
            squares[i] += g[i] ** 2
            expected[i] -= rate * g[i] / math.sqrt(squares[i] + epsilon)
    np.testing.assert_allclose(p, expected, rtol=1e-12)
    np.testing.assert_allclose(square, squares, rtol=1e-12)


def adadelta() -> None:
    """Steps g sqrt(mean step² + ε) / sqrt(mean g² + ε), both means forgetting by ρ."""
    rate, rho, epsilon = 0.5, 0.8, 1e-3
    expected, squares, steps = list(START), [0.0] * 3, [0.0] * 3
    p, square, step_square = np.array(START), np.zeros(3), np.zeros(3)
    for number in range(1, STEPS + 1):
        g = gradients(number)
        current_backend().adadelta_update([p], [np.array(g)], [square], [step_square], rate, rho, epsilon)
        for i in range(3):
            squares[i] = rho * squares[i] + (1 - rho) * g[i] ** 2
            step = g[i] * math.sqrt(steps[i] + epsilon) / math.sqrt(squares[i] + epsilon)
            steps[i] = rho * steps[i] + (1 - rho) * step**2
            expected[i] -= rate * step
    np.testing.assert_allclose(p, expected, rtol=1e-12)
    np.testing.assert_allclose([square, step_square], [squares, steps], rtol=1e-12)
