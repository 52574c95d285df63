"""What the optimizers share; the formulas of their updates are held against PyTorch's in tests/reference."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from minicnn import Input, Sequential, optimizers
from minicnn.errors import ArgumentError, CheckpointError, ShapeError
from minicnn.layers import Dense
from minicnn.optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Nadam, Optimizer, RMSprop
from minicnn.optimizers.schedules import CosineDecay
from minicnn.tensor import Tensor

RNG = np.random.default_rng(0)
SETTINGS: dict[str, Optimizer] = {
    "sgd": SGD(0.1),
    "sgd with everything": SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01, clipnorm=1),
    "sgd on a schedule": SGD(CosineDecay(0.1, 10, warmup_target=0.3, warmup_steps=2), momentum=0.5),
    "adam": Adam(0.1, weight_decay=0.1, global_clipnorm=2),
    "adam with amsgrad": Adam(0.1, amsgrad=True),
    "adamw": AdamW(0.1, use_ema=True, ema_overwrite_frequency=2),
    "adamax": Adamax(0.1),
    "nadam": Nadam(0.1),
    "adagrad": Adagrad(0.1, initial_accumulator_value=0.5),
    "adadelta": Adadelta(1.0),
    "rmsprop": RMSprop(0.1),
    "rmsprop with everything": RMSprop(0.1, rho=0.8, momentum=0.9, centered=True, clipvalue=0.5),
}
every_setting = pytest.mark.parametrize("prototype", SETTINGS.values(), ids=SETTINGS)


def variables() -> list[Tensor]:
    rng = np.random.default_rng(1)
    return [Tensor(rng.standard_normal(shape), requires_grad=True) for shape in ((3, 2), (4,))]


def gradients() -> list[np.ndarray]:
    return [RNG.standard_normal(shape) for shape in ((3, 2), (4,))]


def fresh(prototype: Optimizer) -> Optimizer:
    return optimizers.get(json.loads(json.dumps(optimizers.serialize(prototype))))


@every_setting
def test_config_round_trip(prototype: Optimizer) -> None:
    again = fresh(prototype)
    assert type(again) is type(prototype)
    assert again.get_config() == prototype.get_config()


@every_setting
def test_state_round_trip_goes_on_bit_for_bit(prototype: Optimizer) -> None:
    steps = [gradients() for _ in range(6)]
    whole, first, second = fresh(prototype), fresh(prototype), fresh(prototype)
    a, b = variables(), variables()
    for step in steps:
        whole.apply(step, a)
    for step in steps[:3]:
        first.apply(step, b)
    second.set_state(first.get_state(), b, first.iterations)
    for step in steps[3:]:
        second.apply(step, b)
    assert second.iterations == whole.iterations == 6
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x.data, y.data)


@every_setting
def test_gradients_stay_as_they_are_and_variables_keep_their_dtype(prototype: Optimizer) -> None:
    variable, gradient = Tensor(np.ones(3, np.float32), requires_grad=True), np.full(3, 5, np.float32)
    optimizer = fresh(prototype)
    for _ in range(3):
        optimizer.apply([gradient], [variable])
    np.testing.assert_array_equal(gradient, [5, 5, 5])
    assert variable.data.dtype == np.float32
    assert {a.dtype for a in optimizer.get_state().values()} <= {np.dtype("float32")}


def test_state_is_a_copy() -> None:
    optimizer, v = SGD(0.1, momentum=0.9), variables()
    optimizer.apply(gradients(), v)
    state = optimizer.get_state()
    assert set(state) == {"0/velocity", "1/velocity"}
    before = {key: a.copy() for key, a in state.items()}
    optimizer.apply(gradients(), v)
    for key, a in before.items():
        np.testing.assert_array_equal(state[key], a)


def test_only_the_slots_that_the_settings_need_are_kept() -> None:
    kept = {"sgd": [], "adam": ["first", "second"], "rmsprop": ["square"], "adamax": ["first", "norm"]}
    kept |= {"adam with amsgrad": ["first", "second", "largest"]}
    kept |= {"sgd with everything": ["velocity"], "rmsprop with everything": ["square", "velocity", "mean"]}
    for name, slots in kept.items():
        assert list(SETTINGS[name].kept_slots()) == slots


def test_clipnorm_shortens_each_gradient_and_keeps_its_direction() -> None:
    long, short = np.array([3.0, 4.0]), np.array([0.3, 0.4])
    v = [Tensor(np.zeros(2), requires_grad=True) for _ in range(2)]
    SGD(1.0, clipnorm=2.0).apply([long, short], v)
    np.testing.assert_allclose(v[0].data, -long * 2 / 5)
    np.testing.assert_array_equal(v[1].data, -short)


def test_global_clipnorm_shortens_all_together() -> None:
    v = [Tensor(np.zeros(1), requires_grad=True) for _ in range(2)]
    SGD(1.0, global_clipnorm=1.0).apply([np.array([3.0]), np.array([4.0])], v)
    np.testing.assert_allclose([t.data[0] for t in v], [-0.6, -0.8])


def test_clipvalue_cuts_off() -> None:
    v = [Tensor(np.zeros(3), requires_grad=True)]
    SGD(1.0, clipvalue=1.0).apply([np.array([-3.0, 0.5, 7.0])], v)
    np.testing.assert_array_equal(v[0].data, [1, -0.5, -1])


@pytest.mark.parametrize("cls", [SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Nadam, RMSprop])
def test_weight_decay_is_apart_from_the_gradient(cls: type[Optimizer]) -> None:
    """With a gradient of zero only the decay is left: learning rate times decay of the variable, for each optimizer."""
    v = [Tensor(np.array([2.0, -4.0]), requires_grad=True)]
    cls(learning_rate=0.1, weight_decay=0.5).apply([np.zeros(2)], v)
    np.testing.assert_allclose(v[0].data, [2 * 0.95, -4 * 0.95])


def test_the_decay_follows_the_schedule() -> None:
    v = [Tensor(np.array([1.0]), requires_grad=True)]
    optimizer = SGD(CosineDecay(0.0, 10, warmup_target=0.4, warmup_steps=2), weight_decay=0.5)
    for expected in (1.0, 0.9, 0.9 * 0.8):  # rates 0, 0.2, 0.4
        optimizer.apply([np.zeros(1)], v)
        np.testing.assert_allclose(v[0].data, [expected])


def test_the_learning_rate_may_be_changed_between_steps() -> None:
    optimizer, v = SGD(1.0), [Tensor(np.zeros(1), requires_grad=True)]
    optimizer.apply([np.ones(1)], v)
    optimizer.learning_rate = 0.5
    optimizer.apply_gradients(zip([np.ones(1)], v, strict=True))
    assert v[0].data == [-1.5]
    assert optimizer.iterations == 2


def test_averages_follow_the_variables_and_take_their_place_at_the_end() -> None:
    optimizer, v = SGD(1.0, use_ema=True, ema_momentum=0.5), [Tensor(np.zeros(1), requires_grad=True)]
    for _ in range(3):  # variables -1, -2, -3; averages -1, -1.5, -2.25
        optimizer.apply([np.ones(1)], v)
    assert v[0].data == [-3]
    optimizer.finalize_variable_values()
    assert v[0].data == [-2.25]


def test_fit_ends_with_the_averages() -> None:
    model = Sequential([Input((2,)), Dense(1)])
    model.compile(SGD(0.1, use_ema=True, ema_momentum=0.9), "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=3, verbose=0)
    state = model.optimizer.get_state()
    np.testing.assert_array_equal(model.get_weights()[0], state["0/average"])


def test_state_of_other_variables_is_refused() -> None:
    optimizer, v = Adam(), variables()
    optimizer.apply(gradients(), v)
    for arrays in ({}, {"0/first": np.zeros((3, 2))}, {**optimizer.get_state(), "1/first": np.zeros(5)}):
        with pytest.raises(CheckpointError, match="the saved state of Adam does not belong to this model"):
            Adam().set_state(arrays, v, 1)


def test_other_variables_in_a_later_step_are_refused() -> None:
    """Else a layer put in the place of another would go on with its momentum."""
    optimizer = SGD(0.1, momentum=0.9)
    optimizer.apply(gradients(), variables())
    with pytest.raises(ArgumentError, match="compile the model again, with a new optimizer"):
        optimizer.apply(gradients(), variables())
    with pytest.raises(ArgumentError, match="1 gradients for 2 variables"):
        optimizer.apply(gradients()[:1], variables())
    with pytest.raises(ShapeError, match=r"a gradient \(4,\) for a variable \(3, 2\)"):
        optimizer.apply(gradients()[::-1], variables())


BAD: dict[str, tuple[Any, str]] = {
    "a negative rate": (lambda: SGD(-0.1), "SGD: learning_rate must be a number of at least 0, got -0.1"),
    "NaN": (lambda: Adam(np.nan), "Adam: learning_rate must be a number"),
    "infinity": (lambda: Adam(np.inf), "Adam: learning_rate must be a number"),
    "words": (lambda: RMSprop("fast"), "RMSprop: learning_rate must be a number"),
    "None": (lambda: SGD(None), "SGD: learning_rate must be a number"),
    "a truth": (lambda: SGD(True), "SGD: learning_rate must be a number"),
    "momentum 1": (lambda: SGD(momentum=1), "SGD: momentum must be below 1, got 1"),
    "nesterov": (lambda: SGD(nesterov="yes"), "SGD: nesterov must be True or False, got 'yes'"),
    "beta_1": (lambda: Adam(beta_1=1.0), "Adam: beta_1 must be below 1"),
    "beta_2": (lambda: Adam(beta_2=-0.5), "Adam: beta_2 must be a number of at least 0"),
    "rho": (lambda: RMSprop(rho=2), "RMSprop: rho must be below 1"),
    "centered": (lambda: RMSprop(centered=1), "RMSprop: centered must be True or False"),
    "weight decay": (lambda: SGD(weight_decay=-1), "SGD: weight_decay must be a number of at least 0"),
    "clipnorm 0": (lambda: SGD(clipnorm=0), "SGD: clipnorm must be a number above 0"),
    "amsgrad": (lambda: Adam(amsgrad=1), "Adam: amsgrad must be True or False, got 1"),
    "no decay": (lambda: AdamW(weight_decay=None), "AdamW: weight_decay must be a number, got None"),
    "accumulator": (lambda: Adagrad(initial_accumulator_value=-1), "initial_accumulator_value must be a number of"),
    "rho of Adadelta": (lambda: Adadelta(rho=1.5), "Adadelta: rho must be below 1"),
    "averages": (lambda: SGD(use_ema=1), "SGD: use_ema must be True or False, got 1"),
    "momentum of averages": (lambda: Nadam(ema_momentum=2), "Nadam: ema_momentum must be at most 1, got 2"),
    "every half step": (lambda: SGD(ema_overwrite_frequency=0.5), "ema_overwrite_frequency must be a whole number"),
    "two clips": (lambda: Adam(clipnorm=1, clipvalue=1), "Adam: give only one of clipnorm, clipvalue and global"),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_arguments_that_make_no_sense(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()
