"""What `summary()` prints, with the numbers that a well-known course derives by hand."""

from __future__ import annotations

import pytest

from minicnn import Sequential, layers
from minicnn.errors import StateError
from minicnn.layers import Layer


def lines(model: Sequential) -> list[str]:
    text: list[str] = []
    model.summary(print_fn=text.append)
    return [" ".join(line.replace("│", " ").split()) for line in text[0].splitlines()]


@pytest.mark.parametrize(
    ("shape", "layer", "expected"),
    [
        ((200, 200, 1), layers.Conv2D(16, 2, strides=2, padding="valid"), "conv2d (Conv2D) (None, 100, 100, 16) 80"),
        ((128, 128, 3), layers.Conv2D(32, 3, strides=2, padding="same"), "conv2d (Conv2D) (None, 64, 64, 32) 896"),
        ((100, 100, 15), layers.MaxPooling2D(2), "max_pooling2d (MaxPooling2D) (None, 50, 50, 15) 0"),
    ],
    ids=["80 parameters", "896 parameters", "pooling"],
)
def test_numbers_of_a_course(shape: tuple[int, ...], layer: Layer, expected: str) -> None:
    assert expected in lines(Sequential([layers.Input(shape), layer]))


def test_totals_tell_what_is_learned_and_how_many_bytes_it_takes() -> None:
    frozen = layers.Dense(10, trainable=False)
    table = lines(Sequential([layers.Input((8, 8, 3)), layers.BatchNormalization(), layers.Flatten(), frozen]))
    assert 'Model: "sequential" (Sequential)' in table
    assert "Total params: 1,942 (7.59 KB)" in table
    assert "Trainable params: 6 (24.00 B)" in table
    assert "Non-trainable params: 1,936 (7.56 KB)" in table


def test_models_within_and_what_is_learned_are_shown_when_asked_for() -> None:
    inner = Sequential([layers.Input((4,)), layers.Dense(3, trainable=False), layers.ReLU()], name="inner")
    text: list[str] = []
    model = Sequential([inner, layers.Dense(2)])
    model.summary(print_fn=text.append, expand_nested=True, show_trainable=True)
    rows = [" ".join(line.replace("│", " ").split()) for line in text[0].splitlines()]
    at = rows.index("inner (Sequential) (None, 3) 15 Y")
    assert rows[at + 1 : at + 3] == ["└ dense (Dense) (None, 3) 15 N", "└ re_lu (ReLU) (None, 3) 0 -"]
    assert "dense (Dense) (None, 2) 8 Y" in rows
    assert "└ dense" not in "".join(lines(model))


def test_names_are_printed_as_they_are() -> None:
    table = lines(Sequential([layers.Input((4,)), layers.Dense(2, name="[/red]:smile:")], name="[bold]"))
    assert 'Model: "[bold]" (Sequential)' in table
    assert "[/red]:smile: (Dense) (None, 2) 10" in table


def test_prints_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    Sequential([layers.Input((4,)), layers.Dense(2)]).summary()
    assert "Total params: 10 (40.00 B)" in capsys.readouterr().out


def test_nothing_to_sum_up_before_shapes_are_known() -> None:
    with pytest.raises(StateError, match=r"has not been built: begin it with Input\(shape=\.\.\.\)"):
        Sequential([layers.Dense(2)]).summary()
