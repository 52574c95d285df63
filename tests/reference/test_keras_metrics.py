"""Every metric, gathered over uneven batches, against the numbers that Keras gave."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn import metrics

from .archive import FOLDER, read
from .keras_metrics import CASES, WEIGHTS, streamed

EXPECTED = read(FOLDER / "keras_metrics.npz")
TOLERANCE = 2e-6  # Keras counts in float32


@pytest.mark.parametrize("name", CASES)
def test_the_result_is_kerass(name: str) -> None:
    case, expected = CASES[name], EXPECTED[name].arrays
    metric = case.make(metrics)
    np.testing.assert_allclose(streamed(metric, case, None), expected["plain"], rtol=TOLERANCE, atol=1e-7)
    metric.reset_state()
    if case.weighted:
        np.testing.assert_allclose(streamed(metric, case, WEIGHTS), expected["weighted"], rtol=TOLERANCE, atol=1e-7)


@pytest.mark.parametrize("name", CASES)
def test_any_cut_into_batches_gives_the_same(name: str) -> None:
    case = CASES[name]
    whole, cut = case.make(metrics), case.make(metrics)
    whole.update_state(case.y_true, case.y_pred)
    np.testing.assert_allclose(streamed(cut, case, None), whole.result(), rtol=1e-12)
