"""The picture of a training: loss and accuracy by epoch."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence

from minicnn.errors import StateError
from minicnn.files import write_whole


def draw_curves(history: Mapping[str, Sequence[float]], path: str | os.PathLike[str] | None = None) -> bytes:
    """A PNG with one panel a metric, training and validation in each, as bytes; also written to `path`, if given.

    Raises StateError if there is nothing to draw yet, OutputError if `path` cannot be written to.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # slow to import, and only needed here
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    if not history:
        raise StateError("there is no epoch to draw yet")
    names = [name for name in history if not name.startswith("val_")]
    figure = Figure(figsize=(5 * len(names), 3.6), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    for column, name in enumerate(names):
        axes = figure.add_subplot(1, len(names), column + 1)
        for key, label, style in ((name, "training", "o-"), (f"val_{name}", "validation", "s--")):
            if key in history:
                axes.plot(range(1, len(history[key]) + 1), history[key], style, label=label, markersize=4)
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    if path is not None:
        write_whole(path, picture.getvalue())
    return picture.getvalue()
