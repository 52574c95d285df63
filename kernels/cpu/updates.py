"""Optimizer updates, one pass over all arrays each. All arrays are flat; parameters and state change in place."""

from __future__ import annotations

import math

from numba import prange

from minicnn.kernels.cpu.jit import parallel_kernel


@parallel_kernel
def sgd(parameter, gradient, learning_rate):
    """parameter -= learning_rate · gradient."""
    for i in prange(len(parameter)):
        parameter[i] -= learning_rate * gradient[i]


@parallel_kernel
def sgd_momentum(parameter, gradient, velocity, learning_rate, momentum, nesterov):
    """velocity = momentum · velocity - learning_rate · gradient; parameter follows it, or Nesterov's look ahead."""
    for i in prange(len(parameter)):
        step = learning_rate * gradient[i]
        velocity[i] = momentum * velocity[i] - step
        parameter[i] += momentum * velocity[i] - step if nesterov else velocity[i]


@parallel_kernel
def adam(parameter, gradient, first, second, rate, weight_1, weight_2, epsilon):
    """first, second: moments, moved by weight_1, weight_2 towards the new; rate: with the correction of both."""
    for i in prange(len(parameter)):
        first[i] += weight_1 * (gradient[i] - first[i])
        second[i] += weight_2 * (gradient[i] * gradient[i] - second[i])
        parameter[i] -= rate * first[i] / (math.sqrt(second[i]) + epsilon)


@parallel_kernel
def rmsprop(
    parameter, gradient, square, velocity, mean, learning_rate, rho, weight, momentum, epsilon, moving, centred
):
    """square (and mean, if centred): running averages; velocity is kept only if `moving`."""
    for i in prange(len(parameter)):
        square[i] = rho * square[i] + weight * (gradient[i] * gradient[i])
        spread = square[i]
        if centred:
            mean[i] = rho * mean[i] + weight * gradient[i]
            spread -= mean[i] * mean[i]
        step = learning_rate * gradient[i] / math.sqrt(spread + epsilon)
        if moving:
            velocity[i] = momentum * velocity[i] + step
            step = velocity[i]
        parameter[i] -= step
