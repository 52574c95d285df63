from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from minicnn.kernels.announcement import COMPILING, announce_compiling, announcing_with


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    announce_compiling.cache_clear()
    yield
    announce_compiling.cache_clear()


def test_compiling_is_announced_once_and_to_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    announce_compiling()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    announce_compiling.cache_clear()
    announce_compiling()
    announce_compiling()
    assert capsys.readouterr().err == f"minicnn: {COMPILING}\n"


def test_a_program_can_have_it_said_its_own_way_as_long_as_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    with announcing_with(said.append):
        announce_compiling()
        announce_compiling()
    assert said == [COMPILING]
    announce_compiling.cache_clear()
    announce_compiling()
    assert said == [COMPILING]
    assert capsys.readouterr().out == ""
