"""The adjoint identity: for a linear A, <A x, y> = <x, Aᵀ y>, and reverse mode computes Aᵀ.

It needs no step size and no tolerance for curvature: both sides are the same sum in another order.
"""

from __future__ import annotations

import numpy as np

from minicnn import Tensor
from minicnn.gradient_check import CASES, Case
from minicnn.random import generator

# Operator -> the inputs in which it is linear, all others held (affine ones, too: what f(0) adds is taken off).
LINEAR = {
    "add": ("x", "y"),
    "average_pool2d": ("x",),
    "batch_norm": ("gamma", "beta"),
    "batch_norm_inference": ("x", "gamma", "beta"),
    "concatenate": ("x0", "x1", "x2"),
    "conv2d": ("x", "w", "b"),
    "conv2d_transpose": ("x", "w", "b"),
    "dense": ("x", "w", "b"),
    "depthwise_conv2d": ("x", "w", "b"),
    "divide": ("x",),
    "dropout": ("x",),
    "getitem": ("x",),
    "global_average_pool2d": ("x",),
    "matmul": ("x", "y"),
    "mean": ("x",),
    "multiply": ("x", "y"),
    "negative": ("x",),
    "prelu": ("alpha",),
    "reshape": ("x",),
    "subtract": ("x", "y"),
    "sum": ("x",),
    "transpose": ("x",),
    "upsample2d": ("x",),
    "zero_pad2d": ("x",),
}


class LinearMap:
    """An operator as a function of one of its inputs, without what it gives for zeros."""

    def __init__(self, case: Case, argument: str) -> None:
        self.case, self.argument = case, argument
        self.shape = case.inputs[argument].shape
        self.offset = self._apply(np.zeros(self.shape))

    def _apply(self, value: np.ndarray) -> np.ndarray:
        return np.asarray(self.case(**{**self.case.inputs, self.argument: value}))

    def __call__(self, value: np.ndarray) -> np.ndarray:
        return self._apply(value) - self.offset

    def transposed(self, y: np.ndarray) -> np.ndarray:
        """What backward makes of y. Taken at the case's own input: for a linear map it is the same everywhere."""
        inputs = {name: Tensor(a, requires_grad=name == self.argument) for name, a in self.case.inputs.items()}
        self.case(**inputs).backward(y)
        return inputs[self.argument].grad


def check_adjoint(name: str, argument: str, seed: int, draws: int = 1) -> None:
    """The identity and linearity for drawn calls of an operator; calls that lack the argument (no bias) are passed."""
    rng = generator(seed)
    for _ in range(draws):
        case = CASES[name](rng)
        if argument in case.inputs:
            check_map(LinearMap(case, argument), rng)


def check_map(linear: LinearMap, rng: np.random.Generator) -> None:
    """<A x, y> = <x, Aᵀ y> and A(a x + b x') = a A x + b A x', for random x and y."""
    one, other = rng.standard_normal((2, *linear.shape))
    image = linear(one)
    y = np.asarray(rng.standard_normal(image.shape))
    left, right = (image * y).sum(), (one * linear.transposed(y)).sum()
    size = np.abs(image * y).sum() + np.abs(linear.offset * y).sum() + 1
    assert abs(left - right) <= 1e-12 * size, f"<A x, y> = {left} but <x, Aᵀ y> = {right} for {linear.case}"

    mixed = linear(2.5 * one - 0.75 * other)
    np.testing.assert_allclose(mixed, 2.5 * image - 0.75 * linear(other), rtol=1e-10, atol=1e-10 * size)
