from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
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
    assert SGD(schedules.serialize(rate)).learning_rate == 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-0.1, 10), "CosineDecay: initial_learning_rate must be at least 0"),
        (("0.1", 10), "CosineDecay: initial_learning_rate must be a finite number"),
        ((0.1, 0), "CosineDecay: decay_steps must be a whole number of at least 1, got 0"),
        ((0.1, 10.5), "CosineDecay: decay_steps must be a whole number"),
        ((0.1, 10, 1.5), r"CosineDecay: alpha must be at most 1, got 1\.5"),
        ((0.1, 10, 0, "c", float("nan"), 5), "CosineDecay: warmup_target must be a finite number"),
        ((0.1, 10, 0, "c", 0.5, -1), "CosineDecay: warmup_steps must be a whole number of at least 0"),
    ],
)
def test_arguments_that_make_no_sense(arguments: tuple, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        CosineDecay(*arguments)


EVERY = [
    schedules.ExponentialDecay(0.1, 5, 0.5, True),
    schedules.InverseTimeDecay(0.1, 5, 0.5),
    schedules.PolynomialDecay(0.1, 5, power=2.0, cycle=True),
    schedules.PiecewiseConstantDecay([2, 5], [0.1, 0.2, 0.3]),
    schedules.CosineDecayRestarts(0.1, 5, m_mul=0.5),
    schedules.OneCycle(0.1, 20),
]


@pytest.mark.parametrize("rate", EVERY, ids=lambda s: s.name)
def test_every_schedule_comes_back_from_its_config(rate: schedules.LearningRateSchedule) -> None:
    again = schedules.get(json.loads(json.dumps(schedules.serialize(rate))))
    assert [again(step) for step in range(30)] == [rate(step) for step in range(30)]


def test_one_cycle_rises_once_and_falls_once() -> None:
    rate = schedules.OneCycle(1.0, 100, rise=0.3, start_factor=10, end_factor=1000)
    rates = [rate(step) for step in range(101)]
    assert math.isclose(rates[0], 0.1)
    assert rates[30] == 1.0
    assert math.isclose(rates[100], 0.001)
    assert math.isclose(rates[15], 0.55)
    assert rates == [*sorted(rates[:31]), *sorted(rates[31:], reverse=True)]
    assert rate(1000) == rates[100]


BAD = {
    "no steps": (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "ExponentialDecay: decay_steps must be a whole"),
    "stairs": (lambda: schedules.InverseTimeDecay(0.1, 1, 0.5, 1), "InverseTimeDecay: staircase must be True or"),
    "power": (lambda: schedules.PolynomialDecay(0.1, 5, power=-1), "PolynomialDecay: power must be at least 0"),
    "pieces": (lambda: schedules.PiecewiseConstantDecay([1], [0.1]), "one value more than boundaries, got 1 bound"),
    "not rising": (lambda: schedules.PiecewiseConstantDecay([5, 1], [1, 2, 3]), r"boundaries must rise, got \[5, 1\]"),
    "no list": (lambda: schedules.PiecewiseConstantDecay(1, 0.1), "boundaries and values must be lists, got 1"),
    "words": (lambda: schedules.PiecewiseConstantDecay(["a"], [1, 2]), "boundaries must be a finite number, got 'a'"),
    "shorter": (lambda: schedules.CosineDecayRestarts(0.1, 5, 0.5), "t_mul must be at least 1, got 0.5"),
    "rise": (lambda: schedules.OneCycle(0.1, 10, rise=1.0), "OneCycle: rise must be between 0 and 1, got 1.0"),
    "one step": (lambda: schedules.OneCycle(0.1, 1), "OneCycle: total_steps must be a whole number of at least 2"),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_other_arguments_that_make_no_sense(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


@pytest.mark.parametrize(
    "config", [{}, {"class_name": "CosineDecay", "config": {"x": 1}}, {"class_name": 5, "config": 5}]
)
def test_configs_that_are_none(config: dict) -> None:
    with pytest.raises(ArgumentError, match="learning-rate schedule"):
        SGD(config)


def test_the_learning_rate_is_a_number_that_can_be_assigned() -> None:
    optimizer = SGD(schedules.ExponentialDecay(0.1, 1, 0.5))
    optimizer.iterations = 2
    assert optimizer.learning_rate == pytest.approx(0.025)
    assert isinstance(optimizer.schedule, schedules.ExponentialDecay)
    optimizer.learning_rate.assign(0.3)
    assert optimizer.schedule is None
    assert optimizer.learning_rate == 0.3
    assert optimizer.learning_rate.numpy() == np.float32(0.3)
    assert optimizer.get_config()["learning_rate"] == 0.3
    with pytest.raises(ArgumentError, match="SGD: learning_rate must be a number"):
        optimizer.learning_rate = "fast"


def test_an_argument_of_older_courses_is_named() -> None:
    with pytest.raises(TypeError, match="SGD has no argument 'momentun'; did you mean 'momentum'"):
        SGD(momentun=0.9)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="SGD has no argument 'lr'; it has learning_rate, momentum"):
        SGD(lr=0.1)  # type: ignore[call-arg]
