"""What enters and leaves the contract on a device."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn import use_backend
from minicnn.backends import current_backend
from minicnn.random import generator

pytestmark = pytest.mark.usefixtures("_compiler")


def test_what_goes_in_and_comes_out_is_numpys() -> None:
    logits, labels = generator(0).standard_normal((5, 7)), np.array([0, 6, 3, 3, 1], np.int64)
    with use_backend("cuda-sim"):
        found = current_backend().softmax_cross_entropy(logits[::-1], labels)
    with use_backend("numpy"):
        expected = current_backend().softmax_cross_entropy(logits[::-1], labels)
    for a, b in zip(found, expected, strict=True):
        assert isinstance(a, np.ndarray)
        np.testing.assert_allclose(a, b, rtol=1e-13)


def test_updates_reach_arrays_that_are_not_contiguous() -> None:
    parameters = [np.ones((4, 6))[:, ::2], np.zeros(0), np.ones(5000, np.float32)]
    gradients = [np.full((4, 3), 2.0), np.zeros(0), np.full(5000, 2.0, np.float32)]
    with use_backend("cuda-sim"):
        current_backend().sgd_update(parameters, gradients, None, 0.25, 0.0, False)
    assert all((p == 0.5).all() for p in parameters)
    assert all((g == 2).all() for g in gradients)
