"""The choice of an algorithm: what it must never do, and what it does for layers that have been raced."""

from __future__ import annotations

import pytest

from minicnn.kernels.cpu.choice import Choice, Shape, choose

DIRECT, IM2COL = Choice("direct"), Choice("im2col")


def shape(
    images: int = 20,
    side: int = 34,
    channels: int = 64,
    filters: int = 128,
    size: tuple[int, int] = (3, 3),
    strides: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> Shape:
    return Shape(images, (side, side), channels, filters, size, strides, dilation, groups, "f")


UNSUITABLE = {
    "5x5": shape(size=(5, 5)),
    "1x3": shape(size=(1, 3)),
    "strides": shape(strides=(1, 2)),
    "dilation": shape(dilation=(2, 1)),
    "groups": shape(groups=2),
}


@pytest.mark.parametrize("case", UNSUITABLE)
@pytest.mark.parametrize("algorithm", ["auto", "winograd", "direct"])
def test_what_winograd_cannot_do_is_done_directly(case: str, algorithm: str) -> None:
    assert choose(algorithm, UNSUITABLE[case]) == DIRECT


def test_a_wish_is_obeyed() -> None:
    small, large = shape(1, 2, 1, 1), shape()
    for geometry in (small, large):
        assert choose("direct", geometry) == DIRECT
        assert choose("im2col", geometry) == IM2COL
        assert choose("winograd", geometry).algorithm == "winograd"


# Each was raced both ways; ratios near 1 are left out.
@pytest.mark.parametrize(
    "large",
    [shape(20, 72, 32, 64), shape(20, 34, 64, 128), shape(20, 15, 128, 128), shape(1, 224, 64, 64)],
    ids=str,
)
def test_large_tiles_where_they_are_fastest(large: Shape) -> None:
    assert choose("auto", large) == Choice("winograd", 4)


@pytest.mark.parametrize("few", [shape(1, 14, 512, 512), shape(1, 7, 512, 512), shape(64, 6, 64, 64)], ids=str)
def test_small_tiles_where_large_ones_would_be_few_or_half_empty(few: Shape) -> None:
    assert choose("auto", few) == Choice("winograd", 2)


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        (shape(20, 72, 32, 64), Choice("winograd", 4)),
        (shape(20, 15, 128, 128), Choice("winograd", 4)),
        (shape(1, 56, 256, 256), Choice("winograd", 4)),
        (shape(1, 14, 512, 512), Choice("winograd", 2)),
        (shape(64, 28, 3, 32), DIRECT),
        (shape(strides=(2, 2)), DIRECT),
    ],
    ids=str,
)
def test_weight_gradients(geometry: Shape, expected: Choice) -> None:
    assert choose("auto", geometry, weights=True) == expected


@pytest.mark.parametrize(
    "small",
    [
        shape(64, 28, 1, 32),  # one channel: nothing to multiply between the transforms
        shape(20, 150, 3, 32),
        shape(1, 224, 3, 64),
        Shape(1, (30, 100_000), 64, 64, (3, 3), (1, 1), (1, 1), 1, "f"),  # a row of tiles must fit into memory
        shape(64, 1, 64, 64),  # one output: most of a tile is thrown away
    ],
    ids=str,
)
def test_the_direct_way_where_it_is_faster(small: Shape) -> None:
    assert choose("auto", small) == DIRECT
