"""Whole trainings with penalties, constraints and the rest of the vocabulary, against what Keras made of them."""

from __future__ import annotations

import numpy as np
import pytest

import minicnn
from tests.conftest import Spy

from .archive import FOLDER, read
from .keras_training import SETUPS, trained

EXPECTED = read(FOLDER / "keras_training.npz")


@pytest.mark.parametrize("name", SETUPS)
def test_the_same_code_trains_to_kerass_numbers(backend: Spy, name: str) -> None:
    found, expected = trained(minicnn, SETUPS[name]), EXPECTED[name].arrays
    assert found.keys() == expected.keys()
    for part, values in expected.items():
        np.testing.assert_allclose(found[part], values, rtol=1e-3, atol=1e-3, err_msg=part)
