"""Running a case forwards and backwards, as every test of the operators does."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from minicnn import Tensor
from minicnn.backends import HOST, chosen_device, moved
from minicnn.cli.doctor import NUMPY_OPERATORS
from minicnn.gradient_check import Case

# Whether cases run on arrays that live on the device of the backend under test, if it has one. Otherwise they are
# copied to it and back at every call of the backend.
RESIDENT = bool(os.environ.get("TEST_RESIDENT"))


# Whichever backend is chosen, these compute the same: `tests.cli.test_doctor` shows that they ask none. One of the two
# gradients of binary_cross_entropy asks for a sigmoid.
ASK_NO_BACKEND = sorted(set(NUMPY_OPERATORS) - {"binary_cross_entropy"})


class Result(NamedTuple):
    """The output, and the gradient of each input."""

    y: np.ndarray
    gradients: dict[str, np.ndarray]


def run(case: Case, upstream: np.ndarray, device: str | None = None) -> Result:
    """One pass forwards and one backwards on the tape, on the device; the results are in main memory again."""
    device = device or (chosen_device() if RESIDENT else HOST)
    tensors = {name: Tensor(moved(a, device), requires_grad=True) for name, a in case.inputs.items()}
    y = Case(case.operator, case.inputs, placed(case.options, device))(**tensors)
    y.backward(moved(upstream, device))
    assert {y.device, *(t.device for t in tensors.values())} == {device}
    return Result(y.numpy(), {name: Tensor(t.grad).numpy() for name, t in tensors.items()})


def placed(options: dict[str, Any], device: str) -> dict[str, Any]:
    """Options with their float arrays on the device. Labels and indices are whole numbers, and stay."""
    floats = {name: a for name, a in options.items() if isinstance(a, np.ndarray) and a.dtype.kind == "f"}
    return {**options, **{name: moved(a, device) for name, a in floats.items()}}


def upstream_for(case: Case, rng: np.random.Generator) -> np.ndarray:
    """A random upstream gradient: one of all ones would hide what softmax and batch-norm get wrong."""
    y = np.asarray(case(**case.inputs))
    return np.asarray(rng.standard_normal(y.shape)).astype(y.dtype)
