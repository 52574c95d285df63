from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.backends import formulas
from tests.conftest import Spy


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
def test_sgd(backend: Spy, momentum: float, nesterov: bool) -> None:
    formulas.sgd(momentum, nesterov)
    backend.assert_ran("sgd_update")


@pytest.mark.parametrize("amsgrad", [False, True])
def test_adam(backend: Spy, amsgrad: bool) -> None:
    formulas.adam(amsgrad)
    backend.assert_ran("adam_update")


@pytest.mark.parametrize("name", ["nadam", "adamax", "adagrad", "adadelta"])
def test_the_others(backend: Spy, name: str) -> None:
    getattr(formulas, name)()
    backend.assert_ran(f"{name}_update")


@pytest.mark.parametrize("momentum", [0.0, 0.8])
@pytest.mark.parametrize("centered", [False, True])
def test_rmsprop(backend: Spy, momentum: float, centered: bool) -> None:
    formulas.rmsprop(momentum, centered)
    backend.assert_ran("rmsprop_update")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_updates_are_in_place_keep_the_dtype_and_leave_the_gradient_alone(backend: Spy, dtype: Any) -> None:
    def some() -> np.ndarray:
        return np.array([1.0, 2.0], dtype)

    gradient = np.array([0.5, -0.5], dtype)
    calls = {
        "sgd_update": ([some()], (0.1, 0.9, True)),
        "adam_update": ([some(), some(), some()], (0.1, 0.9, 0.99, 1e-7, 1)),
        "nadam_update": ([some(), some()], (0.1, 0.1, 0.9, 0.99, 1e-7, 1)),
        "adamax_update": ([some(), some()], (0.1, 0.9, 0.99, 1e-7, 1)),
        "adagrad_update": ([some()], (0.1, 1e-7)),
        "adadelta_update": ([some(), some()], (0.1, 0.9, 1e-7)),
        "rmsprop_update": ([some(), some(), np.zeros(2, dtype)], (0.1, 0.9, 0.9, 1e-7)),
    }
    for name, (state, numbers) in calls.items():
        parameter = some()
        arrays = [parameter, *state]
        backend_update = getattr(backend.backend, name)
        assert backend_update([parameter], [gradient], *([a] for a in state), *numbers) is None
        assert all(a.dtype == dtype for a in arrays), name
        assert (parameter != some()).all(), name
        assert gradient.tolist() == [0.5, -0.5]
