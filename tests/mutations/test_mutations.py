"""For each planted bug the check that must notice: it passes on the sound product and fails on the spoiled one."""

from __future__ import annotations

import importlib
import inspect
import sys
import textwrap
from functools import cache
from types import ModuleType
from typing import Any

import pytest

from minicnn import ops, use_backend
from tests.mutations.array_bugs import ARRAY_BUGS
from tests.mutations.bug import Bug, Checker
from tests.mutations.fused_bugs import FUSED_BUGS
from tests.mutations.ground_bugs import GROUND_BUGS
from tests.mutations.layer_bugs import LAYER_BUGS
from tests.mutations.window_bugs import WINDOW_BUGS

BUGS = [*WINDOW_BUGS, *LAYER_BUGS, *ARRAY_BUGS, *FUSED_BUGS, *GROUND_BUGS]

# A checker that crashes over wrong shapes has noticed as well.
NOTICED = (AssertionError, ValueError, pytest.fail.Exception)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug.what} [{bug.noticed_by.name}]")
def test_the_bug_is_noticed(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    with use_backend("numpy"):
        passes_on_the_sound_product(bug.noticed_by)
        plant(bug, monkeypatch)
        with pytest.raises(NOTICED):
            bug.noticed_by.check()


@cache
def passes_on_the_sound_product(checker: Checker) -> None:
    checker.check()


def test_every_operator_has_its_bug() -> None:
    assert set(ops.__all__) <= {bug.what.split(":")[0] for bug in BUGS}
    assert len({(bug.where, bug.wrong, bug.noticed_by.name) for bug in BUGS}) == len(BUGS)


def plant(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiles the function with the wrong text in it, and puts it wherever the right one is known, tests included."""
    module, owner, name = _find(bug.where)
    original = inspect.unwrap(getattr(owner, name))
    source = textwrap.dedent(inspect.getsource(original))
    assert source.count(bug.right) == 1, f"{bug.where} no longer holds the text that {bug.what!r} replaces"
    namespace = dict(vars(module))
    exec(compile(source.replace(bug.right, bug.wrong), f"<{bug.what}>", "exec"), namespace)
    right, wrong = getattr(owner, name), namespace[name]
    if owner is not module:
        monkeypatch.setattr(owner, name, wrong)
        return
    for known in [m for key, m in sys.modules.items() if key.split(".")[0] in ("minicnn", "tests")]:
        for attribute, value in list(vars(known).items()):
            if value is right:
                monkeypatch.setattr(known, attribute, wrong)


def _find(where: str) -> tuple[ModuleType, Any, str]:
    """The module, the module or class that holds the function, and the function's name."""
    path, name = where.rsplit(".", 1)
    try:
        module = importlib.import_module(path)
        return module, module, name
    except ModuleNotFoundError:
        path, owner = path.rsplit(".", 1)
        module = importlib.import_module(path)
        return module, getattr(module, owner), name
