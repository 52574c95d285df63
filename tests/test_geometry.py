from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.errors import ArgumentError, ShapeError
from minicnn.geometry import Windows, explicit_pads, pair
from minicnn.gradient_check.draws import windows


def positions(n: int, size: int, stride: int, dilation: int, before: int, after: int) -> list[int]:
    """Every place on the padded line where all taps of a window lie on it: counted, not computed."""
    line = range(-before, n + after)
    return [start for start in line[::stride] if all(start + tap * dilation in line for tap in range(size))]


@given(st.data())
def test_outputs_are_the_places_where_a_window_fits(data: st.DataObject) -> None:
    over = windows(lambda low, high: data.draw(st.integers(low, high)))
    axes = zip(over.image, over.size, over.strides, over.dilation, over.pads, strict=True)
    assert over.outputs == tuple(len(positions(n, r, s, d, *pads)) for n, r, s, d, pads in axes)
    assert over == Windows.over(over.image, over.size, over.strides, over.pads, over.dilation)


@given(n=st.integers(1, 40), size=st.integers(1, 7), stride=st.integers(1, 9), dilation=st.integers(1, 3))
def test_same_padding_is_tensorflows(n: int, size: int, stride: int, dilation: int) -> None:
    over = Windows.over((n, n), size, stride, "same", dilation)
    assert over.outputs == (-(-n // stride),) * 2
    top, bottom = over.pads[0]
    assert bottom - top in (0, 1), "the odd pixel belongs at the bottom"
    if top + bottom:  # no pixel of padding more than the last window needs
        assert len(positions(n, size, stride, dilation, top, bottom - 1)) == over.outputs[0] - 1


@pytest.mark.parametrize(
    ("image", "size", "stride", "padding", "outputs"),
    [
        ((200, 200), 2, 2, "valid", (100, 100)),  # the numbers of a well-known course
        ((128, 128), 3, 2, "same", (64, 64)),
        ((100, 100), 2, 2, "valid", (50, 50)),
        ((224, 224), 7, 2, 3, (112, 112)),  # a residual network's first layer
        ((5, 7), (3, 2), (2, 3), ((1, 0), (0, 2)), (2, 3)),
        ((1, 1), 1, 5, "valid", (1, 1)),
        ((1, 1), 3, 1, "same", (1, 1)),
        ((2, 2), 2, 1, (1, 0), (3, 1)),
    ],
)
def test_known_sizes(image: tuple[int, int], size: object, stride: object, padding: object, outputs: object) -> None:
    assert Windows.over(image, size, stride, padding).outputs == outputs


def test_reach_spans_from_the_first_tap_to_the_last() -> None:
    assert Windows.over((9, 9), (3, 2), 1, "valid", (1, 4)).reach == (3, 5)


@given(
    inputs=st.integers(1, 6),
    size=st.integers(1, 5),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 3),
    padding=st.sampled_from(["valid", "same"]),
)
def test_transposed_windows_have_the_inputs_as_their_outputs(
    inputs: int, size: int, stride: int, dilation: int, padding: str
) -> None:
    over = Windows.transposed((inputs, inputs), size, stride, padding, dilation)
    reach = (size - 1) * dilation + 1
    expected = inputs * stride + (max(reach - stride, 0) if padding == "valid" else 0)
    assert over.image == (expected, expected)
    assert over.outputs == (inputs, inputs)


@given(
    inputs=st.integers(2, 6),
    size=st.integers(1, 5),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 3),
    data=st.data(),
)
def test_output_padding_keeps_the_inputs_as_outputs(
    inputs: int, size: int, stride: int, dilation: int, data: st.DataObject
) -> None:
    extra = data.draw(st.integers(0, stride - 1))
    reach = (size - 1) * dilation + 1
    for padding, expected in (
        ("valid", (inputs - 1) * stride + reach + extra),
        ("same", (inputs - 1) * stride + reach % 2 + extra),
        (0, (inputs - 1) * stride + reach + extra),
    ):
        if expected > 0:
            over = Windows.transposed((inputs, inputs), size, stride, padding, dilation, extra)
            assert over.image == (expected, expected)
            assert over.outputs == (inputs, inputs)


@pytest.mark.parametrize(
    ("size", "stride", "dilation", "extra", "pads", "image"),
    [
        (3, 2, 1, 1, (0, 1), 6),  # the same place as without output_padding, whose image has 3 · 2 pixels too
        (3, 2, 1, 0, (1, 1), 5),
        (4, 2, 1, 0, (2, 2), 4),
        (4, 2, 1, 1, (1, 2), 5),
        (3, 1, 2, 0, (2, 2), 3),
        (1, 3, 1, 2, (0, 0), 9),
    ],
)
def test_same_with_output_padding_lies_where_keras_has_it(
    size: int, stride: int, dilation: int, extra: int, pads: tuple[int, int], image: int
) -> None:
    over = Windows.transposed((3, 3), size, stride, "same", dilation, extra)
    assert (over.pads, over.image) == ((pads, pads), (image, image))


@pytest.mark.parametrize(
    ("padding", "pads"),
    [
        (2, ((2, 2), (2, 2))),
        ((1, 2), ((1, 1), (2, 2))),
        (((1, 2), (3, 4)), ((1, 2), (3, 4))),
        ([[0, 1], 2], ((0, 1), (2, 2))),
        (np.int64(1), ((1, 1), (1, 1))),
    ],
)
def test_pads_can_be_spelled_in_three_ways(padding: object, pads: object) -> None:
    assert explicit_pads(padding) == pads


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3", None, (1, 2, 3), (1, 0), (1, 2.0), np.array([1, 2])])
def test_a_pair_is_one_or_two_whole_numbers(value: object) -> None:
    with pytest.raises(ArgumentError, match="strides must be a whole number of at least 1"):
        pair(value, "strides")


@pytest.mark.parametrize("padding", ["full", -1, 1.5, None, (1,), ((1, 2), (3, -4)), ((1, 2, 3), 4), np.ones(2)])
def test_bad_paddings_are_named(padding: object) -> None:
    with pytest.raises(ArgumentError, match="padding"):
        Windows.over((8, 8), 3, 1, padding)
    with pytest.raises(ArgumentError, match="padding"):
        Windows.transposed((8, 8), 3, 1, padding)


def test_a_window_larger_than_the_image_tells_the_whole_geometry() -> None:
    with pytest.raises(ShapeError, match=r"3x3 window \(reaching over 5x5 pixels\).*4x9.*padding='same'"):
        Windows.over((4, 9), 3, 1, "valid", 2)


def test_padding_must_leave_a_transposed_convolution_something() -> None:
    with pytest.raises(ShapeError, match="leaves nothing"):
        Windows.transposed((1, 1), 1, 1, 1)
    with pytest.raises(ShapeError, match="leaves nothing"):
        Windows.transposed((1, 1), 2, 2, "same", extra=0)


def test_output_padding_must_be_smaller_than_the_stride() -> None:
    with pytest.raises(ArgumentError, match="output_padding must be smaller than the strides"):
        Windows.transposed((3, 3), 3, 2, "valid", extra=2)
