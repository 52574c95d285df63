"""What the deep dives share: where pictures go, a check that can fail, and a way to draw a matrix with its numbers."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minicnn.training.archive import write_whole

PICTURES = Path(__file__).with_name("pictures")
QUICK = False
if "ipykernel" not in sys.modules:  # a script, not a notebook: it has a command line, and needs no screen
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--out", type=Path, default=PICTURES, help="folder for the picture (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, in lessons that measure time")
    options = parser.parse_args()
    PICTURES, QUICK = options.out, options.quick
    matplotlib.use("Agg")
matplotlib.rcParams.update({"font.size": 11, "axes.titlesize": 12, "figure.dpi": 100})

BLUE, ORANGE, GREEN, RED, GREY = "#2b6cb0", "#c05621", "#2f855a", "#c53030", "#718096"
"""Blue: values, forward. Orange: gradients, backward. Green: right. Red: wrong. Grey: what stands for itself."""


class DisagreementError(Exception):
    """Two ways to the same number gave different numbers."""


def agree(what: str, one: Any, other: Any, tolerance: float = 1e-12) -> None:
    """Prints that two computations of `what` agree, to `tolerance` of the largest number, or raises.

    Raises DisagreementError if their shapes differ, if any number is further off, or is NaN in either.
    """
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if one.shape != other.shape:
        raise DisagreementError(f"{what}: the shapes are {one.shape} and {other.shape}")
    off = np.abs(one - other).max()
    if not off <= tolerance * max(1.0, np.abs(other).max()):  # written so that NaN fails too
        raise DisagreementError(f"{what}: {one} and {other} differ by {off}")
    print(f"agreed: {what}" + (f" (largest difference {off:.1e})" if off else " (exactly)"))


def save(figure: Figure, name: str) -> None:
    """Writes the picture to the folder that --out names, or to examples/pictures. Raises OutputError."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write_whole(PICTURES / name, picture.getvalue())
    print(f"picture: {PICTURES / name}")


def draw_matrix(
    axes: Axes,
    values: Any,
    title: str = "",
    *,
    colours: Any = None,
    cmap: str = "Blues",
    limits: tuple[float, float] | None = None,
    form: str = "{:g}",
    size: float = 12,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> None:
    """A matrix as a table of its numbers.

    values: (rows, columns), numbers or strings. colours: numbers of the same shape that `cmap` colours the cells by;
    without them all cells are grey. limits: the numbers at both ends of `cmap` (default: the largest, both signs).
    form, size: format and points of the numbers; rows, columns: labels at the left and below.
    """
    values = np.asarray(values)
    if colours is None:
        colours, cmap, limits = np.zeros(values.shape), "Greys", (-1, 9)
    colours = np.asarray(colours).reshape(values.shape).astype(np.float64)
    most = float(np.abs(colours).max()) or 1.0
    low, high = limits or (-most, most)
    axes.imshow(colours, cmap=cmap, vmin=low, vmax=high, aspect="equal")
    for (i, j), value in np.ndenumerate(values):
        red, green, blue, _ = matplotlib.colormaps[cmap]((colours[i, j] - low) / (high - low))
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
        axes.text(j, i, form.format(value), ha="center", va="center", size=size, color="white" if dark else "black")
    axes.set_title(title)
    axes.set_xticks(range(values.shape[1]) if columns else [], columns)
    axes.set_yticks(range(values.shape[0]) if rows else [], rows)
    axes.set_xticks(np.arange(values.shape[1] + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(values.shape[0] + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
