"""The README's programs run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from minicnn.backends import status

TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
PROGRAMS = [code for code in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL) if code.startswith("import numpy")]


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_prints_what_its_comment_says(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    if "softgpu" in program and (reason := status()["cuda-sim"]):
        pytest.skip(reason)
    exec(compile(program, "README.md", "exec"), {})
    expected = re.search(r"print\(.*\)  # (.*)", program)
    assert expected is not None
    assert capsys.readouterr().out.strip() == expected[1]


def test_there_are_two() -> None:
    assert len(PROGRAMS) == 2
