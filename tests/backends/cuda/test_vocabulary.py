"""Models that live on the device train with the whole vocabulary to Keras's numbers."""

from __future__ import annotations

import numpy as np
import pytest

import minicnn
from tests.reference.archive import FOLDER, read
from tests.reference.keras_training import SETUPS, trained

pytestmark = pytest.mark.usefixtures("_compiler")
EXPECTED = read(FOLDER / "keras_training.npz")


@pytest.mark.parametrize("name", SETUPS)
def test_on_the_device_as_on_keras(name: str) -> None:
    found, expected = trained(minicnn, SETUPS[name], "cuda-sim"), EXPECTED[name].arrays
    assert found.keys() == expected.keys()
    for part, values in expected.items():
        np.testing.assert_allclose(found[part], values, rtol=1e-3, atol=1e-3, err_msg=part)
