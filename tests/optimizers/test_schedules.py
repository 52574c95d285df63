from __future__ import annotations

import math

import pytest

from minicnn.errors import ArgumentError
from minicnn.optimizers import SGD, schedules
from minicnn.optimizers.schedules import CosineDecay


def test_half_a_cosine_down_to_alpha() -> None:
    rate = CosineDecay(0.8, 100, alpha=0.25)
    assert rate(0) == 0.8
    assert math.isclose(rate(50), (0.8 + 0.2) / 2)
    assert math.isclose(rate(25), 0.2 + 0.6 * (1 + math.cos(math.pi / 4)) / 2)
    assert rate(100) == rate(1000) == 0.2


def test_warm_up_is_a_straight_line_and_then_the_decay_begins() -> None:
    rate = CosineDecay(0.1, 20, warmup_target=0.5, warmup_steps=4)
    assert [rate(step) for step in range(5)] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert math.isclose(rate(4 + 10), 0.25)
    assert rate(24) == 0.0


def test_without_a_target_there_is_no_warm_up_as_in_keras() -> None:
    assert CosineDecay(0.1, 20, warmup_steps=4)(0) == 0.1


def test_config_round_trip() -> None:
    rate = CosineDecay(0.1, 20, alpha=0.01, warmup_target=0.5, warmup_steps=4)
    again = schedules.get(schedules.serialize(rate))
    assert [again(step) for step in range(30)] == [rate(step) for step in range(30)]
    assert SGD(schedules.serialize(rate)).current_learning_rate == 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-0.1, 10), "CosineDecay: initial_learning_rate must be at least 0"),
        (("0.1", 10), "CosineDecay: initial_learning_rate must be a finite number"),
        ((0.1, 0), "CosineDecay: decay_steps must be a whole number of at least 1, got 0"),
        ((0.1, 10.5), "CosineDecay: decay_steps must be a whole number"),
        ((0.1, 10, 1.5), r"CosineDecay: alpha must be at most 1, got 1\.5"),
        ((0.1, 10, 0, float("nan"), 5), "CosineDecay: warmup_target must be a finite number"),
        ((0.1, 10, 0, 0.5, -1), "CosineDecay: warmup_steps must be a whole number of at least 0"),
    ],
)
def test_arguments_that_make_no_sense(arguments: tuple, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        CosineDecay(*arguments)


@pytest.mark.parametrize(
    "config", [{}, {"class_name": "CosineDecay", "config": {"x": 1}}, {"class_name": 5, "config": 5}]
)
def test_configs_that_are_none(config: dict) -> None:
    with pytest.raises(ArgumentError, match="learning-rate schedule"):
        SGD(config)
