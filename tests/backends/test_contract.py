"""Every backend offers what the contract names, as the contract calls it."""

from __future__ import annotations

import inspect

import pytest

from minicnn.backends import Backend
from tests.conftest import Spy, contract_functions


@pytest.mark.parametrize("name", contract_functions())
def test_the_backend_has_the_function_with_the_contracts_parameters(backend: Spy, name: str) -> None:
    promised = list(inspect.signature(getattr(Backend, name)).parameters)[1:]  # without self
    assert list(inspect.signature(getattr(backend.backend, name)).parameters) == promised


def test_the_contract_is_not_empty() -> None:
    assert len(contract_functions()) > 25
