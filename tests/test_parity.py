"""docs/keras_parity.md and docs/keras_parity_layers.md say what is true, of this library and of Keras."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path
from typing import Any

import pytest

import minicnn
from tests.reference.keras_names import arguments, own_arguments, public

DOCUMENTS = [Path(__file__).parents[1] / "docs" / f"keras_parity{of}.md" for of in ("", "_layers")]
CONFIGS = {"get", "serialize"}  # what they take is named as each library likes


def tables() -> dict[str, dict[str, str]]:
    """Module of Keras, without "keras." -> name -> what is said of it."""
    found: dict[str, dict[str, str]] = {}
    for section in "".join(d.read_text(encoding="utf-8") for d in DOCUMENTS).split("\n## keras.")[1:]:
        module, *lines = section.splitlines()
        if not re.fullmatch(r"[a-z.]+", module):  # a class
            continue
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
    if module == "layers":
        return  # their arguments have a test of their own
    for name, said in TABLES[module].items():
        if said == "same" and name not in CONFIGS:
            assert arguments(getattr(ours, name)) == arguments(getattr(theirs, name)), name


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [name for name, said in TABLES["layers"].items() if not said.startswith("not here")])
def test_a_layer_takes_what_kerass_takes_in_its_order_but_for_what_is_said(name: str) -> None:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras: Any = pytest.importorskip("keras", reason="Keras is not installed: nothing to compare with")
    if name in CONFIGS:
        return
    said = TABLES["layers"][name]
    added = set(re.findall(r"with `(\w+)`", said))
    without = set(re.findall(r"`(\w+)`", said)) - added
    theirs, ours = (own_arguments(getattr(library.layers, name)) for library in (keras, minicnn))
    assert without <= set(theirs)
    kept = {argument: default for argument, default in theirs.items() if argument not in without}
    found = {argument: default for argument, default in ours.items() if argument not in added}
    assert list(found) == list(kept)
    for argument, default in kept.items():
        needless = default == "" or (default, found[argument]) == ("none", "")  # what one of the two has to be told
        assert needless or default == found[argument], f"{argument} is {default} there and {found[argument]} here"
