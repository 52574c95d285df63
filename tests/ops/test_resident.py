"""Operators on arrays that live on a device: the same numbers, and nothing comes back unasked."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn import Tensor, use_backend
from minicnn.backends import moved, status
from minicnn.gradient_check import CASES, Case
from minicnn.kernels import softgpu
from minicnn.random import generator
from tests.ops.calls import placed, run, upstream_for

DEVICE = "cuda-sim"  # where every copy is listed
needs_it = pytest.mark.skipif(bool(status()[DEVICE]), reason=f"{DEVICE} is missing: {status()[DEVICE]}")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_numbers_as_in_main_memory(gpu_backend: str, name: str, dtype: str) -> None:
    rng = generator(5)
    close = {"rtol": 1e-3, "atol": 1e-4} if dtype == "float32" else {"rtol": 1e-9, "atol": 1e-10}
    with use_backend("numpy"):  # who computes is decided by the arrays
        for _ in range(3):
            case = CASES[name](rng).astype(np.dtype(dtype))
            upstream = upstream_for(case, rng)
            expected, found = run(case, upstream), run(case, upstream, gpu_backend)
            assert found.y.dtype == expected.y.dtype
            np.testing.assert_allclose(found.y, expected.y, **close, err_msg=str(case))
            for argument, gradient in expected.gradients.items():
                np.testing.assert_allclose(found.gradients[argument], gradient, **close, err_msg=f"{case}, {argument}")


@needs_it
@pytest.mark.parametrize("name", CASES)
def test_nothing_waits_for_the_device(name: str) -> None:
    """A number that is looked up, for a check or a branch, stops the launching of kernels until it has come."""
    rng = generator(6)
    case = CASES[name](rng)
    upstream = moved(upstream_for(case, rng), DEVICE)
    tensors = {argument: Tensor(moved(a, DEVICE), requires_grad=True) for argument, a in case.inputs.items()}
    options = {key: a for key, a in case.options.items() if key in ("labels", "targets")}
    rest = {key: a for key, a in case.options.items() if key not in options}
    on_device = Case(case.operator, case.inputs, {**placed(rest, DEVICE), **options})
    with softgpu.transfers() as seen:
        on_device(**tensors).backward(upstream)
    assert [transfer for transfer in seen if transfer.to == "host"] == []
