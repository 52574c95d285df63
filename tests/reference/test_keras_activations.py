"""Every activation and its slope against the numbers that Keras gave."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn import Tensor, activations
from tests.conftest import Spy

from .archive import FOLDER, read
from .keras_activations import DY, NAMES, X

EXPECTED = read(FOLDER / "keras_activations.npz")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", NAMES)
def test_the_activation_and_its_gradient_are_kerass(backend: Spy, name: str, dtype: str) -> None:
    x = Tensor(X.astype(dtype), requires_grad=True)
    y = activations.get(name)(x)
    y.backward(DY.astype(dtype))
    tolerance = 1e-7 if dtype == "float64" else 1e-5
    expected = EXPECTED[name].arrays
    assert y.dtype == x.grad.dtype == dtype
    np.testing.assert_allclose(y.data, expected["y"], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(x.grad, expected["gradient"], rtol=tolerance, atol=tolerance)


def test_all_of_them_are_compared() -> None:
    assert set(NAMES) == set(activations._KNOWN)
