"""How commands print."""

from __future__ import annotations

from rich.console import Console


def plain_console() -> Console:
    """Prints names as they are: rich would take [brackets] in them for markup and :words: for pictures."""
    return Console(markup=False, emoji=False, highlight=False)
