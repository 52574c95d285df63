"""Optimizer updates: one pass, and one launch, over all arrays of a network. Parameters and state change in place.

A network has dozens of parameters, most of them small: a launch for each would cost more than its work. So a kernel
gets the addresses of all of them, and a table that cuts the large ones into pieces, for the threads to share.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numba import prange

from minicnn.kernels.cpu.calls import array_at
from minicnn.kernels.cpu.jit import kernel, parallel_kernel

PIECE = 16384  # numbers that a thread takes at a time


@lru_cache(maxsize=64)
def pieces_of(sizes: tuple[int, ...]) -> np.ndarray:
    """(pieces, 3): which array, its first number, how many numbers."""
    cuts = [(i, o, min(PIECE, size - o)) for i, size in enumerate(sizes) for o in range(0, size, PIECE)]
    return np.array(cuts, np.int64).reshape(-1, 3)


@parallel_kernel
def sgd(pieces, addresses, numbers, moving, nesterov):
    """addresses (2 or 3, arrays): of parameters, velocities if `moving`, gradients.

    numbers: learning rate, momentum, in the dtype of all arrays.
    """
    for i in prange(len(pieces)):
        _sgd(pieces[i], addresses, numbers, moving, nesterov)


@kernel
def _sgd(piece, addresses, numbers, moving, nesterov):
    parameter, gradient = array_at(addresses[0], piece, numbers), array_at(addresses[-1], piece, numbers)
    learning_rate, momentum = numbers[0], numbers[1]
    if not moving:
        for i in range(len(parameter)):
            parameter[i] -= learning_rate * gradient[i]
        return
    velocity = array_at(addresses[1], piece, numbers)
    for i in range(len(parameter)):
        step = learning_rate * gradient[i]
        velocity[i] = momentum * velocity[i] - step
        parameter[i] += momentum * velocity[i] - step if nesterov else velocity[i]


@parallel_kernel
def adam(pieces, addresses, numbers, amsgrad):
    """addresses (5, arrays): of parameters, first and second moments, largest second moments if `amsgrad`, gradients.

    numbers: the rate, with the correction of both moments; how far each of them moves towards the new; epsilon.
    """
    for i in prange(len(pieces)):
        _adam(pieces[i], addresses, numbers, amsgrad)


@kernel
def _adam(piece, addresses, numbers, amsgrad):
    parameter, first = array_at(addresses[0], piece, numbers), array_at(addresses[1], piece, numbers)
    second, largest = array_at(addresses[2], piece, numbers), array_at(addresses[3], piece, numbers)
    gradient = array_at(addresses[4], piece, numbers)
    rate, weight_1, weight_2, epsilon = numbers[0], numbers[1], numbers[2], numbers[3]
    for i in range(len(parameter)):
        first[i] += weight_1 * (gradient[i] - first[i])
        second[i] += weight_2 * (gradient[i] * gradient[i] - second[i])
        spread = second[i]
        if amsgrad:
            spread = max(largest[i], spread)
            largest[i] = spread
        parameter[i] -= rate * first[i] / (math.sqrt(spread) + epsilon)


@parallel_kernel
def nadam(pieces, addresses, numbers):
    """addresses (4, arrays): of parameters, first and second moments, gradients.

    numbers: the rates of the mean and of the gradient; how far each moment moves towards the new; what the root of the
    second is multiplied by; epsilon.
    """
    for i in prange(len(pieces)):
        _nadam(pieces[i], addresses, numbers)


@kernel
def _nadam(piece, addresses, numbers):
    parameter, first = array_at(addresses[0], piece, numbers), array_at(addresses[1], piece, numbers)
    second, gradient = array_at(addresses[2], piece, numbers), array_at(addresses[3], piece, numbers)
    rate_of_mean, rate_of_gradient, weight_1, weight_2 = numbers[0], numbers[1], numbers[2], numbers[3]
    correction, epsilon = numbers[4], numbers[5]
    for i in range(len(parameter)):
        first[i] += weight_1 * (gradient[i] - first[i])
        second[i] += weight_2 * (gradient[i] * gradient[i] - second[i])
        step = rate_of_mean * first[i] + rate_of_gradient * gradient[i]
        parameter[i] -= step / (correction * math.sqrt(second[i]) + epsilon)


@parallel_kernel
def adamax(pieces, addresses, numbers):
    """addresses (4, arrays): of parameters, first moments, norms, gradients.

    numbers: the rate, with the correction of the moment; how far that moves towards the new; beta_2; epsilon.
    """
    for i in prange(len(pieces)):
        _adamax(pieces[i], addresses, numbers)


@kernel
def _adamax(piece, addresses, numbers):
    parameter, first = array_at(addresses[0], piece, numbers), array_at(addresses[1], piece, numbers)
    norm, gradient = array_at(addresses[2], piece, numbers), array_at(addresses[3], piece, numbers)
    rate, weight, beta_2, epsilon = numbers[0], numbers[1], numbers[2], numbers[3]
    for i in range(len(parameter)):
        first[i] += weight * (gradient[i] - first[i])
        norm[i] = max(beta_2 * norm[i], abs(gradient[i]))
        parameter[i] -= rate * first[i] / (norm[i] + epsilon)


@parallel_kernel
def adadelta(pieces, addresses, numbers):
    """addresses (4, arrays): of parameters, mean squares of gradients and of steps, gradients.

    numbers: learning rate, rho, 1 - rho, epsilon.
    """
    for i in prange(len(pieces)):
        _adadelta(pieces[i], addresses, numbers)


@kernel
def _adadelta(piece, addresses, numbers):
    parameter, square = array_at(addresses[0], piece, numbers), array_at(addresses[1], piece, numbers)
    step_square, gradient = array_at(addresses[2], piece, numbers), array_at(addresses[3], piece, numbers)
    learning_rate, rho, weight, epsilon = numbers[0], numbers[1], numbers[2], numbers[3]
    for i in range(len(parameter)):
        square[i] = rho * square[i] + weight * (gradient[i] * gradient[i])
        step = gradient[i] * math.sqrt(step_square[i] + epsilon) / math.sqrt(square[i] + epsilon)
        step_square[i] = rho * step_square[i] + weight * (step * step)
        parameter[i] -= learning_rate * step


@parallel_kernel
def rmsprop(pieces, addresses, numbers, moving, centred):
    """addresses (5, arrays): of parameters, mean squares, velocities if `moving`, means if `centred`, gradients.

    numbers: learning rate, rho, 1 - rho, momentum, epsilon.
    """
    for i in prange(len(pieces)):
        _rmsprop(pieces[i], addresses, numbers, moving, centred)


@kernel
def _rmsprop(piece, addresses, numbers, moving, centred):
    parameter, square = array_at(addresses[0], piece, numbers), array_at(addresses[1], piece, numbers)
    velocity, mean = array_at(addresses[2], piece, numbers), array_at(addresses[3], piece, numbers)
    gradient = array_at(addresses[4], piece, numbers)
    learning_rate, rho, weight, momentum, epsilon = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    for i in range(len(parameter)):
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
