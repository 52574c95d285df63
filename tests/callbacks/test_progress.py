from __future__ import annotations

import io
import re
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from minicnn.callbacks import ProgbarLogger


def run(bar: ProgbarLogger, ends: bool = True) -> None:
    bar.params = {"epochs": 3, "steps": 4, "batch_size": 10, "samples": 35}
    bar.on_train_begin({})
    bar.on_epoch_begin(1, {})
    for step in range(4):
        bar.on_train_batch_end(step, {"loss": 0.5, "[/odd]:smile:": 0.25})
    if ends:
        bar.on_epoch_end(1, {"loss": 0.5, "[/odd]:smile:": 0.25, "val_loss": 0.75})
        bar.on_train_end({})
    else:
        bar.on_train_interrupted({})


def console(terminal: bool) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, force_terminal=terminal, width=120), out


LINE = r"Epoch 2/3  loss 0\.5000  \[/odd\]:smile: 0\.2500  val_loss 0\.7500  [\d,]+ images/s  \d+\.\d s"


@pytest.mark.parametrize("lines_only", [False, True])
def test_elsewhere_than_on_a_terminal_a_line_an_epoch(lines_only: bool) -> None:
    target, out = console(terminal=False)
    run(ProgbarLogger(lines_only, target))
    assert re.fullmatch(LINE + "\n", out.getvalue())


def test_on_a_terminal_a_bar_with_loss_speed_and_time_left_and_then_the_line() -> None:
    target, out = console(terminal=True)
    run(ProgbarLogger(console=target))
    shown = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", out.getvalue())
    assert "4/4" in shown
    assert "loss 0.5000" in shown
    assert "images/s" in shown
    assert "ETA" in shown
    assert re.search(LINE, shown)


def test_the_bar_is_taken_away_when_training_breaks_off() -> None:
    target, out = console(terminal=True)
    bar = ProgbarLogger(console=target)
    run(bar, ends=False)
    assert bar.bar is None
    assert "\x1b[?25h" in out.getvalue(), "the cursor is visible again"


def test_in_a_notebook_a_line_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []

    class Shown:
        def update(self, data: dict[str, str], raw: bool) -> None:
            texts.append(data["text/plain"])

    def display(data: Any, raw: bool = False, display_id: bool = False) -> Shown:
        if raw:  # else it is rich's, for the line that stays
            texts.append(data["text/plain"])
        return Shown()

    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    out = io.StringIO()
    run(ProgbarLogger(console=Console(file=out, force_jupyter=True, force_terminal=False, width=120)))
    assert texts[0].startswith("Epoch 2/3  ")
    assert "4/4  loss 0.5000" in texts[-2]
    assert "━" * 20 in texts[-2]
    assert texts[-1] == ""
