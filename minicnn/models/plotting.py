"""The picture of a model: its layers as boxes with their shapes, and arrows for what goes where."""

from __future__ import annotations

import io
import os
from typing import Any

from minicnn.errors import ArgumentError, StateError
from minicnn.layers import InputLayer, Layer
from minicnn.layers.shapes import show
from minicnn.models.layout import Layout, laid_out
from minicnn.network import Network
from minicnn.structure import leaves
from minicnn.training.archive import write_whole

CHARACTER, LINE, MARGIN = 0.07, 0.165, 0.14  # inches of text in 8 points


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_layer_names: bool = False,
    dpi: int = 200,
) -> None:
    """Draws the layers of a model and what is connected to what, to a .png or .svg file. Matplotlib is all it needs.

    show_shapes: the shape of each output as well; show_layer_names: names as well as classes.
    Raises ArgumentError for what is no model or no such file name, StateError for a model that is not built or whose
    `call` is its own, OutputError for a place that cannot be written to.
    """
    if not isinstance(model, Network):
        raise ArgumentError(f"plot_model draws a model, got {model!r:.80}")
    form = os.path.splitext(str(to_file))[1].lower().removeprefix(".")
    if form not in ("png", "svg"):
        raise ArgumentError(f"plot_model: to_file must end in .png or .svg, got {str(to_file)!r}")
    if model.wiring is None:
        raise StateError(
            f"{model.name} has no graph to draw: build it first; what a `call` of its own does is not known"
        )
    write_whole(to_file, draw_model(model, form, show_shapes, show_layer_names, dpi))


def draw_model(model: Network, form: str, shapes: bool = True, names: bool = True, dpi: int = 200) -> bytes:
    """The picture as the bytes of a "png" or "svg". The same model gives the same bytes."""
    starts = {t.name: t.call.layer for t in model.inputs}
    layers = {**starts, **{call.layer.name: call.layer for call in model.wiring.calls}}  # type: ignore[union-attr]
    texts = {name: _text(layer, shapes, names) for name, layer in layers.items()}
    arrows = [
        (t.name, call.layer.name)
        for call in model.wiring.calls  # type: ignore[union-attr]
        for t in leaves(call.inputs)
    ]
    sizes = {name: _size(text) for name, text in texts.items()}
    return _drawn(laid_out(sizes, arrows), texts, {id(layer): layer for layer in starts.values()}, layers, form, dpi)


def _drawn(
    layout: Layout, texts: dict[str, str], starts: dict[int, Layer], layers: dict[str, Layer], form: str, dpi: int
) -> bytes:
    from matplotlib import rc_context  # slow to import, and only needed here
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
    from matplotlib.path import Path

    figure = Figure(figsize=(layout.width, layout.height), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, layout.width), ylim=(layout.height, 0))
    axes.axis("off")
    for way in layout.ways.values():
        line = FancyArrowPatch(path=Path(way), arrowstyle="-|>", mutation_scale=7)
        line.set(fill=False, linewidth=0.8, color="#666666", joinstyle="round")
        axes.add_patch(line)
    for name, (x, y, w, h) in layout.boxes.items():
        style = "round,pad=0,rounding_size=0.05"
        color = "#d9e8f5" if id(layers[name]) in starts else "#e6f2e0" if layers[name].wiring else "#fbf6e6"
        axes.add_patch(
            FancyBboxPatch((x, y), w, h, boxstyle=style, facecolor=color, edgecolor="#555555", linewidth=0.8)
        )
        axes.text(x + w / 2, y + h / 2, texts[name], ha="center", va="center", fontsize=8, linespacing=1.35)
    picture = io.BytesIO()
    with rc_context({"svg.hashsalt": "minicnn"}):  # else the ids in an SVG are drawn by chance
        figure.savefig(picture, format=form, metadata={"Date": None} if form == "svg" else {})
    return picture.getvalue()


def _text(layer: Layer, shapes: bool, names: bool) -> str:
    kind = "Input" if isinstance(layer, InputLayer) else type(layer).__name__
    first = f"{layer.name} ({kind})" if names else getattr(layer, "operator", kind)
    return f"{first}\n{show(layer.output_shape)}" if shapes else str(first)


def _size(text: str) -> tuple[float, float]:
    lines = text.splitlines()
    return max(map(len, lines)) * CHARACTER + 2 * MARGIN, len(lines) * LINE + MARGIN
