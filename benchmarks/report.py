"""How results are told: a line as soon as it is known, a sentence about the machine, the files that were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from minicnn.benchmarks.floor import speeds
from minicnn.benchmarks.options import Asked
from minicnn.benchmarks.race import write_json
from minicnn.training.archive import write_whole

if TYPE_CHECKING:
    from minicnn.benchmarks.draw import Panel


def line(first: str, cells: Sequence[object], start: int = 46) -> None:
    """A row of a table: numbers with three digits, None as a dash."""
    click.echo(f"{first:{start}s}" + "".join(f"{_text(cell):>12s}" for cell in cells))


def _text(cell: object) -> str:
    if isinstance(cell, float):
        if 0 < abs(cell) < 0.001:
            return "<0.001"
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:#.3g}".rstrip(".")
    return "-" if cell is None else str(cell)


def finish(asked: Asked, results: list[dict[str, Any]], title: str, panels: Sequence[Panel], **more: Any) -> None:
    """Says what the floors were computed from, and writes the files. Raises OutputError."""
    click.echo(f"{speeds()}")
    about = {"peak gflops": speeds().flops / 1e9, "copy gigabytes a second": speeds().bytes / 1e9, **more}
    if asked.json:
        write_json(asked.json, results, **about)
    if asked.png:
        from minicnn.benchmarks.draw import draw

        write_whole(asked.png, draw(title, panels))
