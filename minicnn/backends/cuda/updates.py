"""Optimizer updates, in place and in one launch, by `updates.cu`. The formulas are Keras 3's."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from minicnn.backends.cuda.device import BLOCK, Device, DeviceArray, launch

DeviceArrays = Sequence[DeviceArray]
PIECE = 4096  # numbers that a block takes
TABLES = 16  # that are kept on a device

_tables: WeakKeyDictionary[Device, OrderedDict[bytes, DeviceArray]] = WeakKeyDictionary()


def sgd_update(
    device: Device,
    parameters: DeviceArrays,
    gradients: DeviceArrays,
    velocities: DeviceArrays | None,
    learning_rate: float,
    momentum: float,
    nesterov: bool,
) -> None:
    """Source: Sutskever, Martens, Dahl and Hinton, On the importance of initialization and momentum (2013)."""
    lists = [parameters, gradients] + ([] if velocities is None else [velocities])
    numbers = float(learning_rate), float(momentum), velocities is not None, bool(nesterov)
    _update(device, "sgd", lists, numbers)


def adam_update(
    device: Device,
    parameters: DeviceArrays,
    gradients: DeviceArrays,
    firsts: DeviceArrays,
    seconds: DeviceArrays,
    largest: DeviceArrays | None,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    step: int,
) -> None:
    """Source: Kingma and Ba, Adam (2015), the efficient form at the end of section 2 (epsilon is its ε̂)."""
    rate = learning_rate * math.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    lists = [parameters, gradients, firsts, seconds] + ([] if largest is None else [largest])
    _update(device, "adam", lists, (rate, 1 - beta_1, 1 - beta_2, float(epsilon), largest is not None))


def nadam_update(
    device: Device,
    parameters: DeviceArrays,
    gradients: DeviceArrays,
    firsts: DeviceArrays,
    seconds: DeviceArrays,
    rate_of_mean: float,
    rate_of_gradient: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    step: int,
) -> None:
    """Source: Dozat, Incorporating Nesterov momentum into Adam (2016)."""
    correction = 1 / math.sqrt(1 - beta_2**step)
    numbers = float(rate_of_mean), float(rate_of_gradient), 1 - beta_1, 1 - beta_2, correction, float(epsilon)
    _update(device, "nadam", [parameters, gradients, firsts, seconds], numbers)


def adamax_update(
    device: Device,
    parameters: DeviceArrays,
    gradients: DeviceArrays,
    firsts: DeviceArrays,
    norms: DeviceArrays,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    step: int,
) -> None:
    """Source: Kingma and Ba, Adam (2015), section 7.1."""
    rate = learning_rate / (1 - beta_1**step)
    _update(device, "adamax", [parameters, gradients, firsts, norms], (rate, 1 - beta_1, beta_2, float(epsilon)))


def adagrad_update(
    device: Device,
    parameters: DeviceArrays,
    gradients: DeviceArrays,
    squares: DeviceArrays,
    learning_rate: float,
    epsilon: float,
) -> None:
    """Source: Duchi, Hazan and Singer, Adaptive subgradient methods (2011). RMSprop that forgets nothing."""
    numbers = float(learning_rate), 1.0, 1.0, 0.0, float(epsilon), False, False
    _update(device, "rmsprop", [parameters, gradients, squares], numbers)


def adadelta_update(
    device: Device,
    parameters: DeviceArrays,
    gradients: DeviceArrays,
    squares: DeviceArrays,
    step_squares: DeviceArrays,
    learning_rate: float,
    rho: float,
    epsilon: float,
) -> None:
    """Source: Zeiler, ADADELTA (2012), algorithm 1, whose step is taken `learning_rate` far."""
    numbers = float(learning_rate), float(rho), float(1 - rho), float(epsilon)
    _update(device, "adadelta", [parameters, gradients, squares, step_squares], numbers)


def rmsprop_update(
    device: Device,
    parameters: DeviceArrays,
    gradients: DeviceArrays,
    squares: DeviceArrays,
    velocities: DeviceArrays | None,
    means: DeviceArrays | None,
    learning_rate: float,
    rho: float,
    momentum: float,
    epsilon: float,
) -> None:
    """Source: Tieleman and Hinton, Neural networks for machine learning, lecture 6.5 (2012)."""
    lists = [parameters, gradients, squares, *(kept for kept in (velocities, means) if kept is not None)]
    numbers = float(learning_rate), float(rho), float(1 - rho), float(momentum), float(epsilon)
    _update(device, "rmsprop", lists, (*numbers, velocities is not None, means is not None))


def _update(device: Device, kernel: str, lists: Sequence[DeviceArrays], numbers: tuple[Any, ...]) -> None:
    """One launch for all arrays of a dtype. lists: parameters, gradients and state, all equally long."""
    for dtype in {a.dtype for a in lists[0]}:
        chosen = [[a for a in arrays if a.dtype == dtype] for arrays in lists]
        addresses = np.array([[device.address(a) for a in arrays] for arrays in chosen], np.uint64)
        pieces = _pieces([a.size for a in chosen[0]])
        tables = _kept(device, addresses), _kept(device, pieces), len(chosen[0])
        launch(device, "updates", kernel, dtype, (len(pieces),), (BLOCK,), *tables, *numbers)


def _kept(device: Device, table: np.ndarray) -> DeviceArray:
    """The table on the device. Most steps find theirs there: arrays are where they were the step before."""
    tables = _tables.setdefault(device, OrderedDict())
    key = table.tobytes()
    if key not in tables:
        tables[key] = device.to_device(table)
        if len(tables) > TABLES:
            tables.popitem(last=False)
    tables.move_to_end(key)
    return tables[key]


def _pieces(sizes: Sequence[int]) -> np.ndarray:
    """(pieces, 3): which array, its first number, the number after its last."""
    cuts = [(i, first, min(first + PIECE, n)) for i, n in enumerate(sizes) for first in range(0, n, PIECE)]
    return np.array(cuts, np.int64).reshape(-1, 3)
