"""The picture of a training: loss and accuracy by epoch."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence

from minicnn.errors import StateError
from minicnn.files import write_whole


def draw_curves(
    history: Mapping[str, Sequence[float]],
    path: str | os.PathLike[str] | None = None,
    epochs: Mapping[str, Sequence[int]] | None = None,
) -> bytes:
    """A PNG with one panel a metric, training and validation in each, as bytes; also written to `path`, if given.

    epochs: by name the numbers, from 0, of the epochs that have a value; without them the first ones. A learning rate
    that changes tenfold or more is drawn on a logarithmic scale.
    Raises StateError if there is nothing to draw yet, OutputError if `path` cannot be written to.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # slow to import, and only needed here
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    if not history:
        raise StateError("there is no epoch to draw yet")
    names = list(dict.fromkeys(name.removeprefix("val_") for name in history))
    columns = 2 if len(names) == 4 else min(len(names), 3)
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(5 * columns, 3.6 * rows), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    for place, name in enumerate(names, 1):
        axes = figure.add_subplot(rows, columns, place)
        for key, label, style in ((name, "training", "o-"), (f"val_{name}", "validation", "s--")):
            if key in history:
                seen = (epochs or {}).get(key) or range(len(history[key]))
                axes.plot([epoch + 1 for epoch in seen], history[key], style, label=label, markersize=4)
        axes.set_xlabel("epoch")
        axes.set_ylabel(name.replace("_", " "))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        if name != "learning_rate":
            axes.legend()
        elif min(history[name]) > 0 and max(history[name]) >= 10 * min(history[name]):
            axes.set_yscale("log")
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    if path is not None:
        write_whole(path, picture.getvalue())
    return picture.getvalue()
