from __future__ import annotations

import pytest

from minicnn import use_backend
from minicnn.backends import current_backend, dispatch, status
from minicnn.errors import BackendError


@pytest.fixture(autouse=True)
def _nothing_chosen() -> object:
    """Each test starts as a fresh interpreter does."""
    token = dispatch._chosen.set(None)
    yield
    dispatch._chosen.reset(token)


def test_as_a_context_manager_the_choice_ends_with_the_block() -> None:
    with use_backend("numpy"):
        assert dispatch._chosen.get() is current_backend()
        assert current_backend().name == "numpy"
    assert dispatch._chosen.get() is None


def test_as_a_call_the_choice_stays() -> None:
    use_backend("numpy")
    assert dispatch._chosen.get() is not None


def test_the_environment_chooses_where_nobody_else_did(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINICNN_BACKEND", "numpi")
    with pytest.raises(BackendError, match=r"no backend 'numpi'.*did you mean 'numpy'\?"):
        current_backend()
    with use_backend("numpy"):
        assert current_backend().name == "numpy"


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINICNN_BACKEND", "")
    assert current_backend().name == dispatch.DEFAULT


@pytest.mark.parametrize("name", [name for name, reason in status().items() if reason])
def test_what_cannot_be_used_says_why(name: str) -> None:
    with pytest.raises(BackendError, match=f"backend '{name}' cannot be used: .*; use one of"):
        use_backend(name)


def test_every_usable_backend_loads() -> None:
    for name, reason in status().items():
        if reason is None:
            with use_backend(name):
                assert current_backend().name == name
