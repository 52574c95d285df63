"""The table that `model.plan()` prints: which layers run as one, what they compute, and what passes through memory."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

from minicnn.activations import linear
from minicnn.groups import Group, Tail
from minicnn.layers import BatchNormalization, Conv2DTranspose, Flatten, Layer, Reshape
from minicnn.layers.shapes import Shapes, mapped_shapes, show


def plan_text(name: str, groups: Sequence[Group], batch_size: int, width: int | None = None) -> str:
    """A row for each group. FLOPs and bytes are those of one training step's forward pass over the batch."""
    from rich.console import Console  # only for those who ask: it costs as much to import as the engine
    from rich.table import Table

    table = Table(title=f'Plan: "{name}", a batch of {batch_size}', title_justify="left", title_style="bold")
    table.add_column("Layers", overflow="fold")
    table.add_column("Run as", overflow="fold")
    table.add_column("Output Shape", overflow="fold")
    for heading in ("MFLOP", "MB", "MB unfused"):
        table.add_column(heading, justify="right")
    totals = [0.0, 0.0, 0.0]
    for group in groups:
        work = batch_size * sum(flops(layer) for layer in group.layers) / 1e6
        fused, unfused = traffic(group, batch_size) / 1e6, unfused_traffic(group.layers, batch_size) / 1e6
        totals = [total + part for total, part in zip(totals, (work, fused, unfused), strict=True)]
        table.add_row(
            ", ".join(layer.name for layer in group.layers),
            " + ".join(group.words) or "by itself",
            show(group.layers[-1].output_shape or ()),
            *(f"{n:,.2f}" for n in (work, fused, unfused)),
        )
    console = Console(file=io.StringIO(), width=width or 100, color_system=None, markup=False, emoji=False)
    console.print(table)
    console.print(
        f" Forward: {totals[0]:,.2f} MFLOP; {totals[1]:,.2f} MB through memory, {totals[2]:,.2f} MB unfused",
        highlight=False,
    )
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines())


def flops(layer: Layer) -> int:
    """Additions and multiplications of its weighted sums for one example; other operators are not counted.

    Every position uses every number of every kernel once: 2 · positions · numbers. Positions are the output's, except
    where a convolution is transposed.
    """
    shape = layer.input_shape if isinstance(layer, Conv2DTranspose) else layer.output_shape
    positions = math.prod(n or 1 for n in (shape or ())[1:-1])
    return 2 * positions * sum(v.size for v in layer.variables if v.name.endswith("kernel"))


def traffic(group: Group, batch_size: int) -> int:
    """Bytes that a group reads and writes, each array once for every pass over it; caches are not counted on."""
    if not group.words:
        return unfused_traffic(group.layers, batch_size)
    first, last = group.layers[0], group.layers[-1]
    size, weights = _itemsize(first), sum(v.data.nbytes for layer in group.layers for v in layer.variables)
    source, result = _numbers(first.input_shape), _numbers(last.output_shape)
    winners = result if "relu" in group.words and group.words[0] not in ("dense", "add") else 0  # a byte each
    if "batch_norm" not in group.words:
        passes = source + result
    elif isinstance(first, BatchNormalization):
        passes = 2 * source + result  # once for the moments
    else:
        passes = source + 3 * _numbers(first.output_shape) + result
    if isinstance(group, Tail):
        passes += result  # the shortcut
    return batch_size * (passes * size + winners) + weights


def unfused_traffic(layers: Sequence[Layer], batch_size: int) -> int:
    """The same for one operator after another."""
    total = 0
    for layer in layers:
        source, result = _numbers(layer.input_shape), _numbers(layer.output_shape)
        if isinstance(layer, (Flatten, Reshape)):
            continue  # another view of the same memory
        passes = (2 if isinstance(layer, BatchNormalization) else 1) * source + result
        if getattr(layer, "activation", linear) is not linear and layer.variables:
            passes += 2 * result
        total += batch_size * passes * _itemsize(layer) + sum(v.data.nbytes for v in layer.variables)
    return total


def _numbers(shapes: Shapes | None) -> int:
    """How many numbers one example has, in all tensors of a list or dict together."""
    found: list[int] = []
    mapped_shapes(lambda shape: found.append(math.prod(n or 1 for n in shape[1:])), shapes or ())
    return sum(found)


def _itemsize(layer: Layer) -> int:
    return 8 if layer.dtype == "float64" else 4
