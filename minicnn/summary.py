"""The table that `model.summary()` prints."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

from minicnn.layers.shapes import show
from minicnn.structure import leaves


def summary_text(
    network: Any, width: int | None = None, expand_nested: bool = False, show_trainable: bool = False
) -> str:
    """Layers with output shapes and parameter counts, then the totals; sizes in bytes as stored.

    Where the layers are not simply one after another, also the layers that each is connected to. expand_nested: the
    layers of models within it, too. show_trainable: whether each layer's weights are learned.
    """
    from rich.console import Console  # only for those who ask: it costs as much to import as the engine
    from rich.table import Table

    layers = network.sublayers if network.wiring is not None and _branches(network) else network.layers
    connected = _connections(network) if network.wiring is not None and _branches(network) else None
    table = Table(title=f'Model: "{network.name}" ({type(network).__name__})', title_justify="left", title_style="bold")
    table.add_column("Layer (type)", overflow="fold")
    table.add_column("Output Shape", overflow="fold")
    table.add_column("Param #", justify="right", overflow="fold")
    if connected is not None:
        table.add_column("Connected to", overflow="fold")
    if show_trainable:
        table.add_column("Trainable", overflow="fold")
    for depth, layer in _listed(layers, expand_nested):
        name = "  " * (depth - 1) + "└ " * (depth > 0) + layer.name
        row = [f"{name} ({type(layer).__name__})", show(layer.output_shape or ()), f"{layer.count_params():,}"]
        if connected is not None:
            row.append((not depth and connected.get(layer.name)) or "-")
        if show_trainable:
            row.append(("Y" if layer.trainable else "N") if layer.weights else "-")
        table.add_row(*row)
    console = Console(
        file=io.StringIO(),
        width=width or (80 if connected is None else 100),
        color_system=None,
        markup=False,
        emoji=False,
    )
    console.print(table)
    variables = network.weights
    learned = {id(v) for v in network.trainable_weights}
    for label, group in (
        ("Total", variables),
        ("Trainable", [v for v in variables if id(v) in learned]),
        ("Non-trainable", [v for v in variables if id(v) not in learned]),
    ):
        count, size = sum(v.size for v in group), sum(v.data.nbytes for v in group)
        console.print(f" {label} params: {count:,} ({_readable(size)})", highlight=False)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines())


def _listed(layers: Iterable[Any], expand_nested: bool, depth: int = 0) -> Iterator[tuple[int, Any]]:
    """How deep each layer lies, and the layer."""
    for layer in layers:
        yield depth, layer
        if expand_nested and layer.wiring is not None:
            yield from _listed(layer.layers, True, depth + 1)


def _branches(network: Any) -> bool:
    """Whether anything but one layer after another, each called once."""
    calls = network.wiring.calls
    before = leaves(network.wiring.inputs)
    if len(before) != 1:
        return True
    for call in calls:
        if call.inputs is not before[0]:
            return True
        before = leaves(call.outputs)
    return before[0] is not network.wiring.outputs


def _connections(network: Any) -> dict[str, str]:
    """Layer name -> the layers whose outputs it takes, those of one call together, as Keras writes them."""
    found: dict[str, list[str]] = {}
    for call in network.wiring.calls:
        found.setdefault(call.layer.name, []).extend(_origin(t) for t in leaves(call.inputs))
    return {name: ", ".join(origins) for name, origins in found.items()}


def _origin(tensor: Any) -> str:
    """dense[0][0]: the first output of the first call of "dense"."""
    call = tensor.call
    at = next(i for i, other in enumerate(call.layer.calls) if other is call)
    number = next(i for i, t in enumerate(leaves(call.outputs)) if t is tensor)
    return f"{call.layer.name}[{at}][{number}]"


def _readable(size: float) -> str:
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} GB"
