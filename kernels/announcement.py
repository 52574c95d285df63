"""Saying why nothing moves for some seconds: kernels are compiled for this CPU, once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

COMPILING = "compiling kernels for this CPU (once) ..."


def _to_a_terminal(text: str) -> None:
    """A library speaks only where somebody sits and waits."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(f"minicnn: {text}", file=sys.stderr, flush=True)


_say: Callable[[str], object] = _to_a_terminal


@contextmanager
def announcing_with(say: Callable[[str], object]) -> Iterator[None]:
    """Has `say` told within, instead of a terminal: for programs that always report what they do."""
    global _say
    before, _say = _say, say
    try:
        yield
    finally:
        _say = before


@cache
def announce_compiling() -> None:
    """Called before every compilation; says it once."""
    _say(COMPILING)
