"""Functional and sequential models, built by the same code on Keras 3 and on minicnn: the same numbers.

In the ordinary run against a kept file; where Keras is installed, against itself.
"""

from __future__ import annotations

import numpy as np
import pytest

import minicnn

from .archive import FOLDER, read
from .live_keras import live_keras
from .networks import EPOCHS, NETWORKS, trained

KEPT = read(FOLDER / "networks.npz")


def assert_like_keras(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> None:
    assert ours.keys() == theirs.keys(), "the history has Keras's names"
    for key, expected in theirs.items():
        if key.startswith("predictions"):
            np.testing.assert_allclose(ours[key], expected, rtol=1e-4, atol=1e-4, err_msg=key)
        elif key in ("shapes", "parameters"):
            np.testing.assert_array_equal(ours[key], expected, err_msg=key)
        else:
            np.testing.assert_allclose(ours[key], expected, rtol=1e-3, atol=1e-3, err_msg=key)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_code_gives_what_keras_gave(name: str) -> None:
    ours = trained(minicnn, name)
    assert_like_keras(ours, KEPT[name].arrays)
    assert len(ours["history loss"]) == EPOCHS
    assert ours["history loss"][-1] < ours["history loss"][0], "it learns something"


@pytest.mark.parametrize("name", NETWORKS)
def test_unfused_it_gives_the_same(name: str) -> None:
    with minicnn.fusing(False):
        assert_like_keras(trained(minicnn, name), KEPT[name].arrays)


def test_the_file_holds_these_networks() -> None:
    assert list(KEPT) == list(NETWORKS)
    assert len(KEPT) >= 12


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_code_on_keras_today(name: str) -> None:
    assert_like_keras(trained(minicnn, name), trained(live_keras(), name))
