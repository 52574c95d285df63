"""Every loss, its reductions and its gradient, against the numbers that Keras gave."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn import Tensor, losses

from .agreement import assert_agrees
from .archive import FOLDER, read
from .keras_losses import CASES, REDUCTIONS, WEIGHTED, WEIGHTS

EXPECTED = read(FOLDER / "keras_losses.npz")
TOLERANCE = 5e-7  # Keras reduces losses in float32, whatever they were computed in


@pytest.mark.parametrize("name", CASES)
def test_the_loss_and_its_gradient_are_kerass(name: str) -> None:
    case, expected = CASES[name], EXPECTED[name].arrays
    y_pred = Tensor(case.y_pred, requires_grad=True)
    mean = case.make(losses)(case.y_true, y_pred)
    mean.backward()
    assert_agrees(mean.data, expected["mean"], TOLERANCE, "the loss")
    assert_agrees(y_pred.grad, expected["gradient"], TOLERANCE, "its gradient")


@pytest.mark.parametrize("name", CASES)
def test_the_loss_of_each_example_is_kerass(name: str) -> None:
    case = CASES[name]
    loss = case.make(losses)
    loss.reduction = None
    assert_agrees(loss(case.y_true, case.y_pred).data, EXPECTED[name].arrays["each"], TOLERANCE, "each loss")


@pytest.mark.parametrize("name", WEIGHTED)
@pytest.mark.parametrize("reduction", [r for r in REDUCTIONS if r is not None])
def test_weights_and_reductions_are_kerass(name: str, reduction: str) -> None:
    case = CASES[name]
    loss = case.make(losses)
    loss.reduction = reduction
    found = loss(case.y_true, case.y_pred, WEIGHTS).data
    assert_agrees(found, EXPECTED[name].arrays[reduction], TOLERANCE, reduction)


@pytest.mark.parametrize("name", [name for name in CASES if name != "binary sure"])  # 1 - 1e-7 is another in float32
def test_float32_stays(name: str) -> None:
    case = CASES[name]
    y_true = case.y_true if case.y_true.dtype.kind == "i" else case.y_true.astype(np.float32)
    found = case.make(losses)(y_true, case.y_pred.astype(np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.item(), EXPECTED[name].arrays["mean"], rtol=2e-5)
