"""Every optimizer, step by step, against Keras's formulas as PyTorch computed them."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn import Tensor, ops, optimizers

from .agreement import assert_agrees
from .archive import FOLDER, read

RUNS = read(FOLDER / "optimizers.npz")
PROBLEM = RUNS.pop("problem").arrays
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", RUNS)
def test_optimizer_takes_the_same_steps(name: str, dtype: str) -> None:
    about, expected = RUNS[name].about, RUNS[name].arrays
    optimizer = getattr(optimizers, about["optimizer"])(**about["options"])
    w, b = (Tensor(PROBLEM[key].astype(dtype), requires_grad=True) for key in ("w", "b"))
    for i, (x, y) in enumerate(zip(PROBLEM["x"].astype(dtype), PROBLEM["y"].astype(dtype), strict=True)):
        error = ops.dense(x, w, b) - y
        (error * error).mean().backward()
        optimizer.apply([w.grad, b.grad], [w, b])
        for key, variable in (("w", w), ("b", b)):
            assert variable.data.dtype == dtype
            assert_agrees(variable.data, expected[key][i], TOLERANCE[dtype], f"{key} after step {i + 1}")
            variable.zero_grad()


def test_no_two_runs_are_alike() -> None:
    """An option without effect on this problem would not be tested by it."""
    last = [np.append(run.arrays["w"][-1], run.arrays["b"][-1]) for run in RUNS.values()]
    gaps = [np.abs(a - b).max() for i, a in enumerate(last) for b in last[:i]]
    assert min(gaps) > 1e-3
