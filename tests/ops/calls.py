"""Running a case forwards and backwards, as every test of the operators does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minicnn import Tensor
from minicnn.gradient_check import Case


class Result(NamedTuple):
    """The output, and the gradient of each input."""

    y: np.ndarray
    gradients: dict[str, np.ndarray]


def run(case: Case, upstream: np.ndarray) -> Result:
    """One pass forwards and one backwards on the tape."""
    tensors = {name: Tensor(a, requires_grad=True) for name, a in case.inputs.items()}
    y = case(**tensors)
    y.backward(upstream)
    return Result(y.data, {name: t.grad for name, t in tensors.items()})


def upstream_for(case: Case, rng: np.random.Generator) -> np.ndarray:
    """A random upstream gradient: one of all ones would hide what softmax and batch-norm get wrong."""
    y = np.asarray(case(**case.inputs))
    return np.asarray(rng.standard_normal(y.shape)).astype(y.dtype)
