"""Every optimizer, over 50 steps, and every schedule, against the numbers that Keras gave."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn import Tensor, optimizers
from minicnn.optimizers import schedules
from tests.conftest import Spy

from .archive import FOLDER, read
from .keras_optimizers import KEPT, OPTIMIZERS, SCHEDULES, STEPS, gradients, start

EXPECTED = read(FOLDER / "keras_optimizers.npz")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fifty_steps_are_kerass(backend: Spy, name: str, dtype: str) -> None:
    optimizer = OPTIMIZERS[name](optimizers)
    variables = [Tensor(a.astype(dtype), requires_grad=True) for a in start()]
    for step in range(STEPS):
        optimizer.apply([g.astype(dtype) for g in gradients(step)], variables)
        if step in KEPT:
            for i, variable in enumerate(variables):
                expected = EXPECTED[name].arrays[f"{i} after {step}"]
                np.testing.assert_allclose(variable.data, expected, rtol=0, atol=1e-6 if dtype == "float64" else 2e-5)


@pytest.mark.parametrize("name", SCHEDULES)
def test_forty_rates_are_kerass(name: str) -> None:
    schedule = SCHEDULES[name](schedules)
    found = [schedule(step) for step in range(40)]
    # Keras computes them in float32, where a division may fall just short of a whole number of cycles.
    np.testing.assert_allclose(found, EXPECTED[f"schedule {name}"].arrays["rates"], rtol=2e-5, atol=1e-7)


def test_no_two_runs_are_alike() -> None:
    """An option without effect on this problem would not be tested by it."""
    last = [EXPECTED[name].arrays[f"0 after {STEPS - 1}"] for name in OPTIMIZERS]
    assert min(np.abs(a - b).max() for i, a in enumerate(last) for b in last[:i]) > 1e-5
