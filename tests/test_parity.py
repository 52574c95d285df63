"""docs/keras_parity.md says what is true, of this library and of Keras."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.reference.keras_names import arguments, public

DOCUMENT = Path(__file__).parents[1] / "docs" / "keras_parity.md"
CONFIGS = {"get", "serialize"}  # what they take is named as each library likes


def tables() -> dict[str, dict[str, str]]:
    """Module of Keras, without "keras." -> name -> what is said of it."""
    found: dict[str, dict[str, str]] = {}
    for section in DOCUMENT.read_text(encoding="utf-8").split("\n## keras.")[1:]:
        module, *lines = section.splitlines()
        rows = [re.fullmatch(r"\| (`.+`) \| (.+) \|", line) for line in lines]
        entries = [(name, row[2]) for row in rows if row for name in re.findall(r"`(\w+)`", row[1])]
        assert len(entries) == len(dict(entries)), f"keras.{module} has a name twice"
        found[module] = dict(entries)
    return found


TABLES = tables()


@pytest.mark.parametrize("module", TABLES)
def test_what_is_said_to_be_here_is_here(module: str) -> None:
    ours = importlib.import_module(f"minicnn.{module}")
    assert TABLES[module]
    for name, said in TABLES[module].items():
        assert said == "same" or re.match(r"(differs|not here): \w", said.replace("`", "")), name
        assert hasattr(ours, name) != said.startswith("not here"), f"{name}: {said}"


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("module", TABLES)
def test_every_name_of_keras_has_its_row_and_the_same_takes_the_same(module: str) -> None:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras: Any = pytest.importorskip("keras", reason="Keras is not installed: nothing to compare with")
    theirs, ours = keras, importlib.import_module(f"minicnn.{module}")
    for part in module.split("."):
        theirs = getattr(theirs, part)
    assert set(TABLES[module]) == public(theirs)
    for name, said in TABLES[module].items():
        if said == "same" and name not in CONFIGS:
            assert arguments(getattr(ours, name)) == arguments(getattr(theirs, name)), name
