"""When two arrays agree."""

from __future__ import annotations

import numpy as np


def assert_agrees(found: np.ndarray, expected: np.ndarray, tolerance: float, what: str) -> None:
    """Every element within `tolerance` of the largest expected one (entries near zero have no digits of their own)."""
    found = np.asarray(found)
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, the reference has {expected.shape}"
    largest = np.abs(expected).max(initial=0)
    missed = np.abs(found.astype(np.float64) - expected)
    worst = np.unravel_index(np.argmax(missed), missed.shape)  # a NaN is the largest of all
    assert missed[worst] <= tolerance * largest, (
        f"{what}{list(map(int, worst))} is {found[worst]!r}, the reference has {expected[worst]!r}: "
        f"{missed[worst] / largest if largest else np.inf:.1e} of the largest element, allowed {tolerance:.0e}"
    )
