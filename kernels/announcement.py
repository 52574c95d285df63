"""Saying why nothing moves for some seconds: kernels are compiled for this CPU, once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache

COMPILING = "compiling kernels for this CPU (once) ..."


def _to_a_terminal(text: str) -> None:
    """A library speaks only where somebody sits and waits."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(f"minicnn: {text}", file=sys.stderr, flush=True)


_say: Callable[[str], object] = _to_a_terminal


def announce_with(say: Callable[[str], object]) -> None:
    """Has `say` told, instead of a terminal: for programs that always report what they do."""
    global _say
    _say = say


@cache
def announce_compiling() -> None:
    """Called before every compilation; says it once."""
    _say(COMPILING)
