"""Models of a graph: several inputs and outputs, models within models, parts cut out of them."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import minicnn
from minicnn import Input, Model, Sequential, layers, ops
from minicnn.errors import ArgumentError, NonFiniteError
from tests.conftest import Spy
from tests.models.graphs import KIND, ROW, SIZE, X, block, compiled, two_by_two


def same_numbers(a: Any, b: Any, **tolerance: float) -> None:
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_allclose(a[name], b[name], **(tolerance or {"rtol": 0, "atol": 0}))


def summary_of(model: Model) -> str:
    text: list[str] = []
    model.summary(print_fn=text.append)
    return text[0]


# What a model is.


def test_names_layers_and_shapes() -> None:
    model = two_by_two()
    assert model.name == "functional"
    assert model.input_shape == {"image": (None, 8, 8, 2), "row": (None, 3)}
    assert model.output_shape == {"kind": (None, 2), "size": (None, 1)}
    assert (model.input_names, model.output_names) == (["image", "row"], ["kind", "size"])
    assert [layer.name for layer in model.layers][:4] == ["image", "conv2d", "conv2d_1", "batch_normalization"]
    assert model.get_layer("joined").output_shape == (None, 7)
    assert model.get_layer(index=0).name == "image"
    assert model.built
    assert [t.name for t in model.inputs] == ["image", "row"]
    with pytest.raises(ArgumentError, match="functional has no layer 'add_9', only: image, conv2d"):
        model.get_layer("add_9")


def test_inputs_and_targets_in_every_form() -> None:
    model = compiled()
    expected = model.predict({"row": ROW, "image": X})
    for given in ([X, ROW], (X, ROW), {"image": X, "row": ROW}):
        same_numbers(model.predict(given), expected)
        same_numbers(model.predict_on_batch(given), expected)
    same_numbers({name: y.data for name, y in model([X, ROW]).items()}, expected, rtol=1e-6)
    scores = [model.evaluate([X, ROW], y) for y in ({"size": SIZE, "kind": KIND}, [KIND, SIZE])]
    assert scores[0] == scores[1] == model.test_on_batch([X, ROW], [KIND, SIZE])


def test_history_has_kerass_names_and_the_weighted_sum() -> None:
    model = compiled()
    assert model.metrics_names == ["loss", "kind_loss", "size_loss", "kind_accuracy", "size_mae", "size_mse"]
    history = model.fit([X, ROW], [KIND, SIZE], epochs=2, batch_size=4, verbose=0, validation_split=0.34).history
    assert list(history) == [*model.metrics_names, *(f"val_{name}" for name in model.metrics_names)]
    np.testing.assert_allclose(history["loss"], np.add(history["kind_loss"], np.multiply(0.5, history["size_loss"])))
    np.testing.assert_allclose(history["size_loss"], history["size_mse"], rtol=1e-5)


def test_sample_weights_by_output() -> None:
    model = compiled()
    everything = model.evaluate([X, ROW], [KIND, SIZE], return_dict=True)
    first = np.array([6.0, 0, 0, 0, 0, 0])  # the mean over six is the first one's loss
    only = model.evaluate([X[:1], ROW[:1]], [KIND[:1], SIZE[:1]], return_dict=True)
    weighted = model.evaluate([X, ROW], [KIND, SIZE], sample_weight={"kind": first, "size": None}, return_dict=True)
    np.testing.assert_allclose(weighted["kind_loss"], only["kind_loss"], rtol=1e-5)
    assert weighted["size_loss"] == everything["size_loss"]
    both = model.evaluate([X, ROW], [KIND, SIZE], sample_weight=first, return_dict=True)
    np.testing.assert_allclose(both["size_loss"], only["size_loss"], rtol=1e-5)
    assert both["size_mae"] == everything["size_mae"], "metrics count all alike"
    model.compile("sgd", ["sparse_categorical_crossentropy", "mse"], weighted_metrics=[None, ["mae"]])
    counted = model.evaluate([X, ROW], [KIND, SIZE], sample_weight=[None, first], return_dict=True)
    np.testing.assert_allclose(counted["size_mae"], np.abs(model.predict([X, ROW])["size"] - SIZE)[0, 0], rtol=1e-5)


def test_an_output_without_a_loss_needs_no_target() -> None:
    model = two_by_two()
    model.compile("sgd", {"size": "mse"})
    before = model.get_weights()
    history = model.fit([X, ROW], {"kind": None, "size": SIZE}, verbose=0).history
    assert list(history) == ["loss"]
    kinds = {v.name for v in model.get_layer("dense").weights}
    for variable, old in zip(model.weights, before, strict=True):
        if variable.name in kinds:
            np.testing.assert_array_equal(variable.data, old)


def test_one_loss_for_all_outputs() -> None:
    image = Input((3,))
    model = Model(image, [layers.Dense(1, name="a")(image), layers.Dense(1, name="b")(image)])
    model.compile("sgd", "mse", metrics=["mae", "mse"])
    history = model.fit(ROW, [SIZE, SIZE], verbose=0).history
    assert list(history) == ["loss", "a_loss", "b_loss", "a_mae", "b_mse"]


def test_predictions_of_several_batches_are_joined() -> None:
    model = two_by_two()
    same_numbers(model.predict([X, ROW], batch_size=4), model.predict([X, ROW], batch_size=6), rtol=1e-5, atol=1e-6)


# Graphs.


def test_a_layer_that_is_called_twice_has_one_set_of_weights() -> None:
    a, b, dense = Input((3,)), Input((3,)), layers.Dense(2)
    model = Model([a, b], layers.Subtract()([dense(a), dense(b)]))
    assert model.count_params() == 8
    np.testing.assert_array_equal(model.predict([ROW, ROW]), 0)
    model.compile("sgd", "mse")
    model.fit([ROW, 2 * ROW], np.ones((6, 2)), verbose=0)
    w = dense.get_weights()[0]
    np.testing.assert_allclose(model.predict([ROW, 2 * ROW]), -ROW @ w, rtol=1e-4, atol=1e-6)


def test_models_are_layers_at_any_depth_and_share_their_weights() -> None:
    image = Input((8, 8, 2))
    inner = Model(image, block(layers.Conv2D(4, 3, activation="relu")(image)), name="inner")
    middle = Sequential([inner, layers.MaxPooling2D(2), layers.Flatten()])
    outer = Sequential([Input((8, 8, 2)), middle, layers.Dense(2)])
    assert outer.get_layer("sequential") is middle
    assert outer.count_params() == inner.count_params() + 36 * 2 + 2
    assert ("conv2d", "relu") in [group.words for group in outer.groups()], "the plan looks inside"
    before = inner.predict(X)
    outer.compile("sgd", "mse")
    outer.fit(X, np.ones((6, 2)), verbose=0)
    assert np.abs(inner.predict(X) - before).max() > 1e-5


def test_fusing_crosses_the_borders_of_models() -> None:
    head = Sequential([layers.ReLU(), layers.MaxPooling2D(2)])
    model = Sequential([Input((8, 8, 2)), layers.Conv2D(3, 3), head])
    assert [group.words for group in model.groups()] == [("conv2d", "relu", "max_pool")]


def test_chains_in_a_graph_are_fused_and_what_is_used_twice_is_not() -> None:
    image = Input((8, 8, 2))
    x = layers.ReLU()(conv := layers.Conv2D(2, 3, padding="same")(image))
    alone = Model(image, x)
    assert [group.words for group in alone.groups()] == [("conv2d", "relu")]
    twice = Model(image, layers.Add()([x, conv]))
    assert [group.words for group in twice.groups()] == [(), (), ()]
    both = Model(image, [x, conv])
    assert [group.words for group in both.groups()] == [(), ()], "what goes out must be there"
    text: list[str] = []
    alone.plan(print_fn=text.append)
    assert "conv2d + relu" in text[0]


def test_fused_and_unfused_agree(backend: Spy) -> None:
    def run() -> list[Any]:
        minicnn.set_random_seed(3)
        model = compiled()
        losses = [model.train_on_batch([X, ROW], [KIND, SIZE]) for _ in range(3)]
        return [*losses, *model.get_weights(), *model.predict([X, ROW]).values()]

    fused = run()
    backend.assert_ran("conv2d_relu_pool", "batch_norm_relu_pool")
    with minicnn.fusing(False):
        for a, b in zip(fused, run(), strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5)


def test_a_part_of_a_trained_model_shares_its_weights() -> None:
    model = compiled()
    model.fit([X, ROW], [KIND, SIZE], verbose=0)
    part = Model(model.inputs, model.get_layer("joined").output)
    found = part.predict([X, ROW])
    np.testing.assert_array_equal(found[:, 4:], ROW)
    dense = model.get_layer("dense_1").get_weights()
    np.testing.assert_allclose(found @ dense[0] + dense[1], model.predict([X, ROW])["size"], rtol=1e-4, atol=1e-5)
    assert part.weights[0] is model.weights[0]
    head = Model(model.get_layer("joined").output, model.output["size"])
    np.testing.assert_allclose(head.predict(found), model.predict([X, ROW])["size"], rtol=1e-4, atol=1e-5)
    assert head.count_params() == 8


def test_a_part_of_a_sequential_model() -> None:
    model = Sequential([Input((8, 8, 2)), layers.Conv2D(3, 3, name="conv"), layers.Flatten(), layers.Dense(2)])
    part = Model(model.input, model.get_layer("conv").output)
    assert part.predict(X).shape == (6, 6, 6, 3)
    assert part.weights[0] is model.weights[0]


def test_operators_and_arithmetic_become_layers() -> None:
    x = Input((3,))
    y = ops.relu(2.0 * x - 1) / 3.0 + x[:, :1] ** 2 - np.float32(0.5)
    y = -ops.concatenate([y, x], axis=1) @ np.ones((6, 2), np.float32)
    model = Model(x, [y, ops.relu6(x).sum(axis=1, keepdims=True), x.reshape((-1, 3, 1)), ops.mean(x, axis=-1)])
    found = model.predict(ROW)
    first = np.maximum(2 * ROW - 1, 0) / 3 + ROW[:, :1] ** 2 - 0.5
    np.testing.assert_allclose(found[0], -np.hstack([first, ROW]) @ np.ones((6, 2)), rtol=1e-5)
    np.testing.assert_allclose(found[1], ROW.sum(axis=1, keepdims=True), rtol=1e-6)
    assert found[2].shape == (6, 3, 1)
    np.testing.assert_allclose(found[3], ROW.mean(axis=1), rtol=1e-6)
    assert model.layers == [x.call.layer], "as in Keras, operations are not among the layers"
    assert "relu (Operation)" in summary_of(model)


def test_training_can_be_said_when_the_graph_is_made() -> None:
    x = Input((3,))
    dropout = layers.Dropout(0.5, seed=1)
    never, always = Model(x, dropout(x, training=False)), Model(x, dropout(x, training=True))
    np.testing.assert_array_equal(never(ROW, training=True).data, ROW)
    assert np.abs(always(ROW).data - ROW).max() > 0
    inner = Sequential([layers.Dropout(0.5, seed=1)])
    outer = Model(x, inner(x, training=False))
    np.testing.assert_array_equal(outer(ROW, training=True).data, ROW)
    bn = layers.BatchNormalization()
    base = Model(x, bn(x))
    frozen = Model(x, base(x, training=False))
    frozen(ROW, training=True)
    np.testing.assert_array_equal(bn.moving_mean.data, 0)


def test_a_very_deep_graph_needs_no_recursion() -> None:
    x = start = Input((2,))
    for _ in range(700):
        x = layers.Add()([x, layers.Identity()(x)]) * 0.5
    model = Model(start, x)
    np.testing.assert_allclose(model.predict(ROW[:, :2]), ROW[:, :2], rtol=1e-4)
    other = copy.deepcopy(model)
    np.testing.assert_array_equal(other.predict(ROW[:, :2]), model.predict(ROW[:, :2]))


def test_a_copy_has_weights_of_its_own() -> None:
    model = compiled()
    other = copy.deepcopy(model)
    same_numbers(other.predict([X, ROW]), model.predict([X, ROW]))
    before = other.predict([X, ROW])
    model.fit([X, ROW], [KIND, SIZE], verbose=0)
    same_numbers(other.predict([X, ROW]), before)
    other.fit([X, ROW], [KIND, SIZE], verbose=0)


def test_float64_from_the_input_to_the_output() -> None:
    x = Input((3,), dtype="float64")
    model = Model(x, layers.Dense(2)(layers.Dense(2)(x) + 1))
    assert {w.dtype for w in model.get_weights()} == {np.dtype("float64")}
    assert model.predict(ROW).dtype == np.float64


# Freezing.


def test_a_frozen_base_stays_and_costs_no_gradient(backend: Spy) -> None:
    image = Input((8, 8, 2))
    base = Model(image, layers.Conv2D(4, 3)(block(layers.Conv2D(4, 3, activation="relu")(image))))
    base.trainable = False
    model = Sequential([base, layers.Flatten(), layers.Dense(2)])
    model.compile("sgd", "mse")
    assert [v.name for v in model.trainable_weights] == ["dense/kernel", "dense/bias"]
    before = base.get_weights()
    backend.calls.clear()
    model.fit(X, np.ones((6, 2)), verbose=0, epochs=2)
    for old, new in zip(before, base.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    backend.assert_ran("conv2d", "dense_weight_gradient")
    launched = [name for name, n in backend.calls.items() if n and "gradient" in name]
    assert not any(name.startswith(("conv2d", "batch_norm", "relu_pool")) for name in launched), launched
    assert "dense_input_gradient" not in launched
    base.trainable = True
    model.compile("sgd", "mse")
    model.fit(X, np.ones((6, 2)), verbose=0)
    backend.assert_ran("conv2d_weight_gradient")
    assert np.abs(base.get_weights()[0] - before[0]).max() > 0


def test_some_layers_frozen() -> None:
    model = two_by_two()
    for layer in model.layers[:-2]:
        layer.trainable = False
    assert [v.name for v in model.trainable_weights] == ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"]
    assert "Trainable params: 24" in summary_of(model)


# What runs away, and what is repeated.


def test_a_loss_that_runs_away_names_the_layer() -> None:
    model = compiled()
    model.get_layer("dense_1").set_weights([np.full((7, 1), np.nan), np.zeros(1)])
    with pytest.raises(NonFiniteError, match="layer 'dense_1': its weights dense_1/kernel are no longer finite"):
        model.fit([X, ROW], [KIND, SIZE], verbose=0)


def test_graphs_with_branches_and_chains_repeat_to_the_same_bits() -> None:
    x = Input((3,))
    branched, chain = Model(x, layers.Add()([x, layers.Dense(3)(x)])), Model(x, layers.Dense(3)(layers.ReLU()(x)))
    for model in (branched, chain):
        outcomes = []
        for on in (True, False):
            minicnn.set_random_seed(0)
            twin = minicnn.models.clone_model(model)
            twin.compile("sgd", minicnn.losses.SparseCategoricalCrossentropy(from_logits=True))
            with minicnn.repeating(on):
                outcomes.append([twin.train_on_batch(ROW, KIND) for _ in range(4)] + [twin.predict(ROW).tolist()])
        assert outcomes[0] == outcomes[1]


def test_an_input_that_no_output_needs_stays_an_input() -> None:
    a, b = Input((3,), name="a"), Input((2,), name="b")
    code = layers.Dense(4, name="code")(a)
    whole = Model([a, b], layers.Concatenate()([code, b]))
    part = Model(whole.input, whole.get_layer("code").output)
    assert part.input_names == ["a", "b"]
    x, y = np.ones((5, 3), "float32"), np.ones((5, 2), "float32")
    assert np.array_equal(part.predict([x, y], verbose=0), whole.predict([x, y], verbose=0)[:, :4])
    assert "b (InputLayer)" in "".join(_printed(part))


def test_a_list_of_one_input_takes_an_array_by_itself() -> None:
    a = Input((3,))
    model = Model([a], layers.Dense(2)(a))
    x = np.ones((5, 3), "float32")
    assert np.array_equal(model.predict(x, verbose=0), model.predict([x], verbose=0))
    assert model(x).shape == (5, 2)


def _printed(model: Model) -> list[str]:
    text: list[str] = []
    model.summary(print_fn=text.append)
    return text
