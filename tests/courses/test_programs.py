"""Programs of a Keras course, with nothing but the import changed, see what they see on Keras."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from . import make_results
from .course import PROGRAMS, RESULTS, differences, for_minicnn, pictures, plain, run

EXPECTED = json.loads(RESULTS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_sees_what_it_sees_on_keras(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (x_train, y_train), (x_test, y_test) = pictures()
    np.savez(tmp_path / "mnist.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    monkeypatch.setenv("MINICNN_DATA", str(tmp_path))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    assert differences(run(name, for_minicnn), EXPECTED[name]) == []


def test_every_program_has_results() -> None:
    assert sorted(EXPECTED) == PROGRAMS


def test_differences_are_found() -> None:
    assert differences({"a": [1.0, 2]}, {"a": [1.001, 2]}) == []
    assert differences({"a": [1.0, 2]}, {"a": [1.1, 2]}) == [" a[0]: 1.0 for 1.1"]
    assert differences({"a": 2.0}, {"a": 2, "b": 1}) == [": 'b' is missing", " a: 2.0 for 2"]
    assert differences(plain({"a": np.ones(2)}), plain({"a": np.ones(2, "float32")})) != []
    assert differences([1], [1, 2]) == [": [1] for [1, 2]"]


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
def test_results_are_those_of_keras() -> None:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras: Any = pytest.importorskip("keras", reason="Keras is not installed: nothing to compare with")
    assert differences(make_results.results(keras), EXPECTED) == []
