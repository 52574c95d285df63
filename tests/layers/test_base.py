"""What every layer promises, and what the base class does for all of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from minicnn import layers
from minicnn.errors import ArgumentError, ShapeError, StateError
from minicnn.layers import Layer, deserialize, serialize
from minicnn.layers.images import ImageLayer
from minicnn.tensor import Tensor
from tests.layers.cases import CASES, LayerCase

# Those that take several inputs, those that hold a function or take whole numbers, have tests of their own.
SEVERAL = {layers.Add, layers.Average, layers.Concatenate, layers.Dot, layers.Maximum, layers.Minimum, layers.Multiply}
SEVERAL |= {layers.Subtract, layers.Operation}
FUNCTIONS = {layers.Lambda, layers.Embedding}

every_layer = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
WEIGHED = {name: case for name, case in CASES.items() if case.weights}


def batch(case: LayerCase, n: int = 2, dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(1).standard_normal((n, *case.example)).astype(dtype)


def test_the_cases_hold_every_layer() -> None:
    exported = {c for c in vars(layers).values() if isinstance(c, type) and issubclass(c, Layer)}
    assert {type(case.make()) for case in CASES.values()} == exported - {Layer, layers.InputLayer, *SEVERAL, *FUNCTIONS}


@every_layer
def test_output_shape_is_what_compute_output_shape_said(case: LayerCase) -> None:
    layer = case.make()
    assert layer.compute_output_shape((None, *case.example)) == (None, *case.output)
    assert layer(batch(case)).shape == (2, *case.output)
    assert layer.input_shape == (None, *case.example)
    assert layer.output_shape == (None, *case.output)
    assert layer(batch(case, 3), training=True).shape == (3, *case.output)


@every_layer
def test_weights_are_those_of_keras(case: LayerCase) -> None:
    layer = case.make()
    layer(batch(case))
    assert {v.name.removeprefix(f"{layer.name}/"): v.shape for v in layer.weights} == case.weights
    assert [v.name.split("/")[-1] for v in layer.weights] == list(case.weights)
    assert [w.shape for w in layer.get_weights()] == list(case.weights.values())
    assert layer.count_params() == sum(int(np.prod(shape)) for shape in case.weights.values())


@every_layer
def test_config_round_trip_through_json(case: LayerCase) -> None:
    layer = case.make()
    again = deserialize(json.loads(json.dumps(serialize(layer))))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    x = batch(case)
    y = layer(x)
    again(x)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x).data, y.data)


@every_layer
@pytest.mark.parametrize("training", [False, True])
def test_float64_in_weights_and_output(case: LayerCase, training: bool) -> None:
    config = serialize(case.make())
    config["config"]["dtype"] = "float64"
    layer = deserialize(config)
    y = layer(batch(case, dtype="float32"), training=training)
    assert y.dtype == np.float64
    assert {v.dtype for v in layer.weights} <= {np.dtype("float64")}


@every_layer
def test_gradients_reach_every_trainable_variable_and_the_input(case: LayerCase) -> None:
    layer = case.make()
    x = Tensor(batch(case), requires_grad=True)
    if isinstance(layer, ImageLayer):
        with pytest.raises(StateError, match="passes no gradient back: it must come before all layers that are tr"):
            layer(x, training=True)
        return
    y = layer(x, training=True)
    y.backward(np.random.default_rng(2).standard_normal(y.shape).astype(np.float32))
    for tensor in (x, *layer.trainable_weights):
        assert tensor.grad is not None
        assert tensor.grad.shape == tensor.shape
        assert tensor.grad.dtype == np.float32
        assert np.isfinite(tensor.grad).all()
        assert np.abs(tensor.grad).max() > 0
    for variable in layer.non_trainable_weights:
        assert variable.grad is None


@every_layer
@pytest.mark.parametrize("when", ["before it is built", "afterwards"])
def test_frozen_layers_have_no_trainable_weights_and_get_no_gradient(case: LayerCase, when: str) -> None:
    layer = case.make()
    layer.trainable = when == "afterwards"
    layer(batch(case))
    layer.trainable = False
    before = layer.get_weights()
    if not isinstance(layer, ImageLayer):  # it has no weights, and passes no gradient
        layer(Tensor(batch(case), requires_grad=True), training=True).sum().backward()
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == len(case.weights)
    assert all(v.grad is None for v in layer.weights)
    for variable, weight in zip(layer.weights, before, strict=True):
        np.testing.assert_array_equal(variable.data, weight)
    layer.trainable = True
    assert [v.requires_grad for v in layer.weights] == [v.trainable for v in layer.weights]


@every_layer
def test_inputs_stay_as_they_are(case: LayerCase) -> None:
    x = batch(case)
    before = x.copy()
    case.make()(x, training=True)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("case", WEIGHED.values(), ids=WEIGHED)
def test_a_shape_that_its_variables_do_not_fit_is_refused(case: LayerCase) -> None:
    layer = case.make()
    layer(batch(case))
    other = np.ones((2, *case.example[:-1], case.example[-1] + 1), np.float32)
    with pytest.raises(ShapeError, match=f"layer '{layer.name}' .* was built for inputs of shape .*, it got"):
        layer(other)
    with pytest.raises(ShapeError, match="was built for inputs of shape"):
        layer(other[0])


@every_layer
def test_more_pixels_than_it_was_built_for_are_no_matter_to_variables_of_channels(case: LayerCase) -> None:
    layer = case.make()
    layer(batch(case))
    example = (*(2 * n for n in case.example[:-1]), case.example[-1])
    x = np.random.default_rng(3).standard_normal((2, *example)).astype(np.float32)
    if layer.weights and isinstance(layer, layers.PReLU) and not layer.shared_axes:
        with pytest.raises(ShapeError, match="was built for inputs of shape"):
            layer(x)
        return
    fresh = case.make()
    fresh(x)
    fresh.set_weights(layer.get_weights())
    np.testing.assert_array_equal(layer(x).data, fresh(x).data)
    assert layer.input_shape == (None, *case.example)
    assert layer(layers.Input(example)).shape == fresh.output_shape


def test_activation_names_are_those_that_keras_gives() -> None:
    assert [layers.ReLU().name, layers.LeakyReLU().name, layers.PReLU().name] == ["re_lu", "leaky_re_lu", "p_re_lu"]


def test_set_weights_is_all_or_nothing() -> None:
    layer = layers.Dense(2)
    layer(np.ones((1, 3)))
    before = layer.get_weights()
    with pytest.raises(ShapeError, match=r"dense/bias has shape \(2,\), it cannot take values of shape \(3,\)"):
        layer.set_weights([np.zeros((3, 2)), np.zeros(3)])
    with pytest.raises(ShapeError, match="has 2 weight arrays, it was given 1"):
        layer.set_weights([np.zeros((3, 2))])
    for weight, same in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, same)
    layer.set_weights([np.ones((3, 2)), [5, 6]])
    np.testing.assert_array_equal(layer(np.ones((1, 3))).data, [[8, 9]])


def test_get_weights_are_copies() -> None:
    layer = layers.Dense(2)
    layer(np.ones((1, 3)))
    layer.get_weights()[0][:] = 7
    assert not (layer.kernel.data == 7).any()


def test_lists_and_integers_become_the_dtype_of_the_layer() -> None:
    layer = layers.Dense(1, kernel_initializer="ones", dtype="float64")
    y = layer([[0.1, 0.2]])
    assert y.dtype == np.float64
    np.testing.assert_allclose(y.data, 0.1 + 0.2, rtol=1e-15)
    assert layers.Flatten()(np.ones((2, 3), np.uint8)).dtype == np.float32


def test_a_build_that_failed_leaves_nothing_behind() -> None:
    layer = layers.Dense(
        2, bias_initializer="orthogonal"
    )  # which cannot fill one axis, when the kernel is made already
    for _ in range(2):
        with pytest.raises(
            ArgumentError, match=r"layer 'dense' \(Dense\): Orthogonal needs a shape of at least two axes"
        ):
            layer(np.ones((1, 3)))
        assert not layer.built
        assert layer.weights == []


def test_sizes_beyond_all_reason_are_refused_before_memory_is_taken() -> None:
    wide = 2**20
    with pytest.raises(
        ArgumentError, match=r"kernel of shape \(1048576, 1048576\) would hold 1,099,511,627,776 numbers"
    ):
        layers.Dense(wide)(np.ones((1, wide), np.float32))
    with pytest.raises(ArgumentError, match="one example's output of shape"):
        layers.UpSampling2D(10**6)(np.ones((1, 2, 2, 1)))


def test_layers_of_ones_own_work_but_cannot_be_saved_by_name() -> None:
    class Double(Layer):
        def call(self, x: Tensor, training: bool) -> Tensor:
            return x + x

    layer = Double()
    np.testing.assert_array_equal(layer(np.ones((1, 2))).data, [[2, 2]])
    with pytest.raises(ArgumentError, match="<Double 'double'> is of a class of your own"):
        serialize(layer)


def test_a_subclass_with_a_known_name_is_not_saved_as_what_it_is_not() -> None:
    class Dense(layers.Dense):
        pass

    with pytest.raises(ArgumentError, match="class of your own"):
        serialize(Dense(3))


def test_an_argument_that_a_layer_does_not_have_is_named_with_the_nearest() -> None:
    with pytest.raises(TypeError, match="Dense has no argument 'activaton'; did you mean 'activation'"):
        layers.Dense(3, activaton="relu")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Flatten has no argument 'zzz'; it has name, dtype"):
        layers.Flatten(zzz=1)  # type: ignore[call-arg]


def test_input_dim_is_short_for_a_shape() -> None:
    assert layers.Dense(3, input_dim=4).given_input_shape == (4,)  # type: ignore[call-arg]


def test_what_older_courses_write_is_understood() -> None:
    assert layers.Embedding(9, 2, input_length=5).given_input_shape == (5,)  # type: ignore[call-arg]
    assert layers.LeakyReLU(alpha=0.2).negative_slope == 0.2
    assert layers.InputLayer(input_shape=(4, 3)).shape == (4, 3)
    assert layers.Input(batch_shape=(None, 4, 3)).shape == (None, 4, 3)
    layers.Conv2D(2, 3, data_format="channels_last")  # type: ignore[call-arg]
    with pytest.raises(ArgumentError, match="Conv2D: data_format must be 'channels_last', got 'channels_first'"):
        layers.Conv2D(2, 3, data_format="channels_first")  # type: ignore[call-arg]
