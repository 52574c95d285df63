"""The picture of a model: what is in it, and that no box lies on another."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from minicnn import Input, Model, Sequential, layers, ops, plot_model
from minicnn.errors import ArgumentError, OutputError, StateError
from minicnn.models.layout import laid_out


def model() -> Model:
    image, row = Input((8, 8, 1), name="image"), Input((3,), name="row")
    x = layers.Conv2D(4, 3, padding="same")(image)
    x = ops.relu(layers.Add()([x, layers.Conv2D(4, 3, padding="same")(layers.BatchNormalization()(x))]))
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), row])
    return Model([image, row], [layers.Dense(2, name="kind")(x), layers.Dense(1, name="size")(x)])


def test_an_svg_holds_every_layer_and_its_shape(tmp_path: Path) -> None:
    one = model()
    plot_model(one, tmp_path / "a.svg", show_shapes=True, show_layer_names=True)
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    for name in (*(layer.name for layer in one.layers), "relu"):
        assert f"<!-- {name} (" in text, name
    assert "<!-- (None, 8, 8, 4) -->" in text
    plot_model(one, tmp_path / "b.svg", show_shapes=True, show_layer_names=True)
    assert (tmp_path / "b.svg").read_bytes() == (tmp_path / "a.svg").read_bytes()
    plot_model(one, tmp_path / "c.svg")
    bare = (tmp_path / "c.svg").read_text(encoding="utf-8")
    assert "<!-- Conv2D -->" in bare
    assert "conv2d_1" not in bare


def test_a_png_that_pillow_reads(tmp_path: Path) -> None:
    plot_model(Sequential([Input((4,)), layers.Dense(2)]), tmp_path / "a.png", dpi=100)
    with Image.open(tmp_path / "a.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert 100 < pixels.shape[0] < 400
    assert {(217, 232, 245), (251, 246, 230), (255, 255, 255)} <= set(map(tuple, pixels.reshape(-1, 3).tolist()))


GRAPHS: dict[str, list[tuple[str, str]]] = {
    "a chain": [("a", "b"), ("b", "c")],
    "past three": [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")],
    "four ways": [("a", n) for n in "bcde"] + [(n, "f") for n in "bcde"] + [("a", "f")],
    "two starts": [("a", "b"), ("b", "c"), ("x", "c"), ("c", "y"), ("a", "y")],
}


@pytest.mark.parametrize("arrows", GRAPHS.values(), ids=GRAPHS)
def test_boxes_lie_apart_and_arrows_lead_down_past_them(arrows: list[tuple[str, str]]) -> None:
    names = list(dict.fromkeys(name for arrow in arrows for name in arrow))
    layout = laid_out({name: (0.5 + i % 3, 0.3) for i, name in enumerate(names)}, arrows)
    for (x0, y0, w0, h0), (x1, y1, w1, h1) in combinations(layout.boxes.values(), 2):
        assert x0 + w0 <= x1 or x1 + w1 <= x0 or y0 + h0 <= y1 or y1 + h1 <= y0
    for x, y, w, h in layout.boxes.values():
        assert x >= 0
        assert x + w <= layout.width
        assert y + h <= layout.height
    for start, end in arrows:
        way = layout.ways[start, end]
        heights = [y for _, y in way]
        assert heights == sorted(heights)
        assert heights[0] == sum(layout.boxes[start][1::2])
        assert heights[-1] == layout.boxes[end][1]
        for px, py in way[1:-1]:
            inside = [n for n, (x, y, w, h) in layout.boxes.items() if x < px < x + w and y < py < y + h]
            assert not inside, f"the way from {start} to {end} runs through {inside}"


class Own(Model):
    def call(self, x: Any) -> Any:
        return x


BAD: dict[str, tuple[Callable[[Path], Any], type[Exception], str]] = {
    "no model": (
        lambda p: plot_model(layers.Dense(3), p / "a.png"),
        ArgumentError,
        "draws a model, got <Dense 'dense'>",
    ),
    "a kind": (lambda p: plot_model(model(), p / "a.gif"), ArgumentError, "must end in .png or .svg, got"),
    "not built": (lambda p: plot_model(Sequential([layers.Dense(3)]), p / "a.png"), StateError, "build it first"),
    "its own call": (lambda p: plot_model(Own(), p / "a.png"), StateError, "has no graph to draw"),
    "no folder": (lambda p: plot_model(model(), "/dev/null/a.svg"), OutputError, "cannot write /dev/null/a.svg"),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_makes_no_sense(call: Callable[[Path], Any], error: type[Exception], message: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=message):
        call(tmp_path)
