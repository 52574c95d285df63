"""Where the boxes of a graph are drawn: each in a row below all that lead to it, arrows past the rows between.

The rows are those of Sugiyama, Tagawa and Toda, Methods for visual understanding of hierarchical system structures
(1981), section III: places for arrows that pass through a row, and every place near the middle of those before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Arrow = tuple[str, str]
GAP, BETWEEN, PASS = 0.3, 0.34, 0.16  # inches: between boxes of a row, between rows, for an arrow that passes


@dataclass
class Layout:
    """boxes: name -> (x, y, width, height), y downwards; ways: the points of each arrow; all in inches."""

    boxes: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    ways: dict[Arrow, list[tuple[float, float]]] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0


def laid_out(sizes: Mapping[str, tuple[float, float]], arrows: Sequence[Arrow]) -> Layout:
    """Places for boxes of these sizes (width, height); no arrow may lead back. The boxes come in an order that says so.

    Arrows go downwards, from the middle of a box's lower edge to that of an upper edge.
    """
    row = _rows(list(sizes), arrows)
    rows: list[list[str]] = [[] for _ in range(max(row.values()) + 1)]
    for name in sizes:
        rows[row[name]].append(name)
    through: dict[Arrow, list[str]] = {}
    before: dict[str, list[str]] = {}
    for start, end in dict.fromkeys(arrows):
        passing = [f"{start}\n{end}\n{r}" for r in range(row[start] + 1, row[end])]  # no layer's name holds a newline
        for r, name in enumerate(passing, row[start] + 1):
            rows[r].append(name)
        through[start, end] = passing
        for one, other in zip([start, *passing], [*passing, end], strict=True):
            before.setdefault(other, []).append(one)
    widths = {name: sizes[name][0] if name in sizes else PASS for names in rows for name in names}
    layout = Layout(width=max(sum(widths[n] + GAP for n in names) for names in rows) + GAP)
    centre: dict[str, float] = {}
    y = GAP
    for names in rows:
        wish = {n: sum(centre[b] for b in before[n]) / len(before[n]) if n in before else 0.0 for n in names}
        names.sort(key=lambda n: wish[n])
        tall = max(sizes[n][1] for n in names if n in sizes)
        x = (layout.width - sum(widths[n] + GAP for n in names) + GAP) / 2
        for n in names:
            centre[n] = x + widths[n] / 2
            high = sizes[n][1] if n in sizes else tall
            layout.boxes[n] = x, y + (tall - high) / 2, widths[n], high
            x += widths[n] + GAP
        y += tall + BETWEEN
    layout.height = y - BETWEEN + GAP
    for (start, end), passing in through.items():
        layout.ways[start, end] = _way([layout.boxes[n] for n in (start, *passing, end)])
    layout.boxes = {name: layout.boxes[name] for name in sizes}
    return layout


def _rows(names: Sequence[str], arrows: Sequence[Arrow]) -> dict[str, int]:
    """The number of each box's row: one below all that lead to it; the first ones just above their use."""
    row = dict.fromkeys(names, 0)
    for name in names:
        row[name] = max((row[start] + 1 for start, end in arrows if end == name), default=0)
    ends = {end for _, end in arrows}
    for name in names:
        if name not in ends:
            row[name] = max(min((row[end] for start, end in arrows if start == name), default=1) - 1, 0)
    return row


def _way(boxes: list[tuple[float, float, float, float]]) -> list[tuple[float, float]]:
    """From the lower edge of the first box, straight down past those between, to the upper edge of the last."""
    x, y, w, h = boxes[0]
    points = [(x + w / 2, y + h)]
    for x, y, w, h in boxes[1:-1]:
        points += [(x + w / 2, y), (x + w / 2, y + h)]
    x, y, w, _ = boxes[-1]
    return [*points, (x + w / 2, y)]
