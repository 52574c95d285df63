from __future__ import annotations

import subprocess
import sys

import click
import pytest

import minicnn as package
from minicnn.cli import main as module
from tests.cli.conftest import Run


def test_help_and_version(minicnn: Run) -> None:
    for arguments in ([], ["--help"], ["-h"]):
        outcome = minicnn(*arguments)
        text = outcome.out + outcome.err
        for command in ("train", "evaluate", "predict", "summary", "gradcheck", "doctor"):
            assert f"  {command} " in text
    assert minicnn("--version").out == f"minicnn, version {package.__version__}\n"
    for command in ("train", "evaluate", "predict", "summary", "gradcheck", "doctor"):
        outcome = minicnn(command, "--help")
        assert outcome.status == 0
        assert outcome.out.startswith("Usage: minicnn " + command)


def test_wrong_usage_ends_with_2(minicnn: Run) -> None:
    for arguments in (["trian"], ["train", "--epoch"], ["evaluate"], ["predict", "run"], ["doctor", "me"]):
        outcome = minicnn(*arguments)
        assert outcome.status == 2
        assert outcome.out == ""
        assert "Error: " in outcome.err


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, click.Abort])
def test_ctrl_c_anywhere_ends_with_130(
    minicnn: Run, monkeypatch: pytest.MonkeyPatch, interrupt: type[BaseException]
) -> None:
    def interrupted(**_: object) -> None:
        raise interrupt

    monkeypatch.setattr(module.doctor, "callback", interrupted)
    outcome = minicnn("doctor")
    assert outcome.status == 130
    assert outcome.err.strip() == "stopped"


def test_python_dash_m() -> None:
    done = subprocess.run([sys.executable, "-m", "minicnn", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"minicnn, version {package.__version__}\n"
