"""Pictures of results: bars beside one another for every row of a table, and curves on logarithmic axes."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Okabe and Ito's colours, which colour-blind readers tell apart; whoever comes first is minicnn.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")


@dataclass(frozen=True)
class Bars:
    """A group of horizontal bars for each label, one for each series; None leaves a bar out.

    `texts`, where given, stand at the ends of the bars in place of their lengths. `mark` is a line across all groups.
    """

    title: str
    axis: str
    labels: Sequence[str]
    series: Mapping[str, Sequence[float | None]]
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mark: tuple[float, str] | None = None


@dataclass(frozen=True)
class Curves:
    """y against x for each series, both logarithmic: a power of x is a straight line."""

    title: str
    x_axis: str
    y_axis: str
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]]


Panel = Bars | Curves


def draw(title: str, panels: Sequence[Panel]) -> bytes:
    """A PNG of the panels, as bytes: bars in one row under the same labels, curves two in a row."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # slow to import, and only needed here
    from matplotlib.figure import Figure

    columns = len(panels) if isinstance(panels[0], Bars) else min(2, len(panels))
    rows = -(-len(panels) // columns)
    width, height = _size(panels, columns, rows)
    figure = Figure(figsize=(width, height), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False, sharey="all" if isinstance(panels[0], Bars) else "none")
    for axes, panel in zip(grid.flat, panels, strict=False):
        (_draw_bars if isinstance(panel, Bars) else _draw_curves)(axes, panel)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    handles = {label: handle for axes in grid.flat for handle, label in zip(*axes.get_legend_handles_labels())}  # noqa: B905
    figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=len(handles), frameon=False)
    figure.suptitle(title, fontsize=13)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def _size(panels: Sequence[Panel], columns: int, rows: int) -> tuple[float, float]:
    """Inches."""
    first = panels[0]
    if isinstance(first, Curves):
        return 5.8 * columns, 4.0 * rows + 0.8
    bars = sum(1 for values in first.series.values() for value in values if value is not None)
    return 3.4 + 5.6 * columns if columns == 1 else 2.4 + 4.6 * columns, 1.8 + 0.21 * bars + 0.15 * len(first.labels)


def _draw_bars(axes: Any, panel: Bars) -> None:
    names = list(panel.series)
    at, ticks = 0.0, []
    placed: dict[str, list[tuple[float, float, str]]] = {name: [] for name in names}
    for i, _ in enumerate(panel.labels):
        present = [(n, v) for n in names if (v := panel.series[n][i]) is not None]
        ticks.append(at + (len(present) - 1) / 2)
        for name, value in present:
            text = panel.texts[name][i] if name in panel.texts else f"{value:.3g}"
            placed[name].append((at, value, text))
            at += 1
        at += 0.8
    for number, name in enumerate(names):
        if not placed[name]:
            continue
        places, values, texts = zip(*placed[name], strict=True)
        bars = axes.barh(places, values, height=0.92, color=COLOURS[number % len(COLOURS)], label=name)
        axes.bar_label(bars, texts, padding=3, fontsize=8)
    if panel.mark is not None:
        value, text = panel.mark
        axes.axvline(value, color="black", linewidth=1, linestyle="--", label=text)
    axes.set_yticks(ticks, panel.labels)
    axes.set_ylim(at - 0.9, -0.9)  # the first row on top
    axes.margins(x=0.14)
    axes.set_xlim(left=0)
    axes.set_xlabel(panel.axis)
    axes.set_title(panel.title, fontsize=11)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_curves(axes: Any, panel: Curves) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

    ends = []
    for number, (name, (x, y)) in enumerate(panel.series.items()):
        axes.loglog(
            x, y, "o-" if number == 0 else "s--", color=COLOURS[number % len(COLOURS)], label=name, markersize=5
        )
        ends += list(y)
    all_x = sorted({value for x, _ in panel.series.values() for value in x})
    axes.xaxis.set_major_locator(FixedLocator(all_x))
    axes.xaxis.set_minor_locator(NullLocator())
    plain = FuncFormatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_major_formatter(plain)
    axes.yaxis.set_major_formatter(plain)
    narrow = math.log10(max(ends) / min(ends)) < 1  # at most one power of ten on the axis: label those between
    axes.yaxis.set_minor_formatter(plain if narrow else NullFormatter())
    axes.set_xlabel(panel.x_axis)
    axes.set_ylabel(panel.y_axis)
    axes.set_title(panel.title, fontsize=11)
    axes.grid(alpha=0.3, which="both")
