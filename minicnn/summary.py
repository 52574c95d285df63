"""The table that `model.summary()` prints."""

from __future__ import annotations

import io
from collections.abc import Sequence

from minicnn.layers.base import Layer, show


def summary_text(name: str, kind: str, layers: Sequence[Layer], width: int | None = None) -> str:
    """Layers with output shapes and parameter counts, then the totals; sizes in bytes as stored."""
    from rich.console import Console  # only for those who ask: it costs as much to import as the engine
    from rich.table import Table

    table = Table(title=f'Model: "{name}" ({kind})', title_justify="left", title_style="bold")
    table.add_column("Layer (type)", overflow="fold")
    table.add_column("Output Shape", overflow="fold")
    table.add_column("Param #", justify="right", overflow="fold")
    for layer in layers:
        table.add_row(
            f"{layer.name} ({type(layer).__name__})", show(layer.output_shape or ()), f"{layer.count_params():,}"
        )
    console = Console(file=io.StringIO(), width=width or 80, color_system=None, markup=False, emoji=False)
    console.print(table)
    variables = [v for layer in layers for v in layer.weights]
    learned = [v for layer in layers for v in layer.trainable_weights]
    for label, group in (
        ("Total", variables),
        ("Trainable", learned),
        ("Non-trainable", [v for v in variables if not any(v is t for t in learned)]),
    ):
        count, size = sum(v.size for v in group), sum(v.data.nbytes for v in group)
        console.print(f" {label} params: {count:,} ({_readable(size)})", highlight=False)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines())


def _readable(size: float) -> str:
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} GB"
