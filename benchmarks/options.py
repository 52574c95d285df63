"""What every benchmark can be asked: for how long, of what, and where the results go.

Whatever can be refused is refused here, before anything is timed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click


class Named(Protocol):
    """What --only chooses from."""

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


class Place(click.ParamType):
    """A file that can be written: tried when the command line is read, not after minutes of timing."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        try:
            if path.is_dir():
                self.fail(f"{path} is a folder", param, ctx)
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=path.parent):
                pass
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            reason = getattr(error, "strerror", None) or error
            self.fail(f"cannot write {path}: {reason}", param, ctx)
        return path


@dataclass(frozen=True)
class Asked:
    """Seconds for each race and its least number of turns; whether --quick; which rows; files to write."""

    seconds: float
    least: int
    quick: bool
    only: str
    json: Path | None
    png: Path | None

    def chosen(self, things: Sequence[N]) -> list[N]:
        """Those with --only in their names. Raises click.BadParameter, listing them, if there are none."""
        found = [thing for thing in things if self.only in thing.name]
        if not found:
            names = "; ".join(thing.name for thing in things)
            raise click.BadParameter(f"{self.only!r} is in none of these names: {names}", param_hint="--only")
        return found


def benchmark(seconds: float | None) -> Callable[[Callable[..., None]], click.Command]:
    """Makes a command of `main(asked, ...)`; `seconds` for each race unless the user says otherwise, None: no races."""
    usual = seconds

    def decorate(main: Callable[..., None]) -> click.Command:
        @wraps(main)
        def command(
            quick: bool, only: str, json: Path | None, png: Path | None, seconds: float | None = None, **more: Any
        ) -> None:
            each = seconds if seconds is not None else QUICK_SECONDS if quick else usual or 0.0
            main(Asked(each, 3 if quick else 7, quick, only, json, png), **more)

        options = [
            click.option("--png", type=Place(), help="Draw a picture of the results."),
            click.option("--json", type=Place(), help="Write all results, with machine and versions."),
            click.option("--only", default="", help="Only what has this in its name."),
        ]
        if usual is not None:
            told = f"For each race.  [default: {usual:g}]"
            options.append(click.option("--seconds", type=click.FloatRange(0), help=told))
        options.append(click.option("--quick", is_flag=True, help="Few turns: a first look in a minute or two."))
        for option in options:
            command = option(command)
        return click.command(context_settings={"help_option_names": ["-h", "--help"]})(command)

    return decorate


QUICK_SECONDS = 0.2
