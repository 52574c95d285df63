from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn import Input, Sequential, layers, losses, no_grad, optimizers
from minicnn.data.batches import Batches
from minicnn.errors import ArgumentError, StateError
from tests.training.tasks import linear, network, quarters

X, Y = quarters()


def by_hand(model: Sequential, x: np.ndarray = X, y: np.ndarray = Y) -> np.ndarray:
    """The cross-entropy of each example."""
    return -np.log(model(x).data[np.arange(len(y)), y])


def test_it_learns() -> None:
    model = network(optimizer=optimizers.Adam(0.02))
    before = model.evaluate(X, Y)
    model.fit(X, Y, epochs=30, batch_size=16, verbose=0)
    assert model.evaluate(*quarters(seed=1))[1] > 0.9 > before[1]


def test_predict_is_the_call_in_batches() -> None:
    model = network()
    with no_grad():
        called = model(X).data
    np.testing.assert_array_equal(model.predict(X, batch_size=len(X)), called)
    np.testing.assert_array_equal(model.predict_on_batch(X), called)
    np.testing.assert_allclose(model.predict(X, batch_size=7), called, atol=1e-6)
    # Where gradients may be wanted, batch-norm is not folded into the convolution: another rounding.
    np.testing.assert_allclose(model(X).data, called, atol=1e-6)
    assert model(X).node is not None
    assert model.predict(X).dtype == np.float32


def test_predictions_come_in_the_order_of_the_examples_even_out_of_shuffled_batches() -> None:
    model = network()
    np.testing.assert_array_equal(model.predict(Batches(X, Y, batch_size=9, shuffle=True)), model.predict(X, 9))


def test_predict_leaves_weights_averages_and_dropout_alone() -> None:
    a, b = network(), network()
    a.predict(X)
    a.evaluate(X, Y)
    a.fit(X, Y, verbose=0)
    b.fit(X, Y, verbose=0)
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("batch_size", [60, 32, 7])
def test_evaluate_is_the_mean_over_all_examples_whatever_the_batches(batch_size: int) -> None:
    model = linear(metrics=["accuracy", "sparse_categorical_accuracy"])
    right = (model(X).data.argmax(axis=1) == Y).mean()
    loss, *accuracies = model.evaluate(X, Y, batch_size=batch_size)
    np.testing.assert_allclose(loss, by_hand(model).mean(), rtol=1e-12)
    assert accuracies == pytest.approx([right, right])
    assert model.evaluate(X, Y, return_dict=True).keys() == {"loss", "accuracy", "sparse_categorical_accuracy"}
    assert model.metrics_names == ["loss", "accuracy", "sparse_categorical_accuracy"]
    assert linear().evaluate(X, Y) == pytest.approx(by_hand(linear()).mean()), "one number if there are no metrics"


def test_a_step_is_the_gradient_times_the_learning_rate() -> None:
    model = linear(optimizer=optimizers.SGD(0.1))
    kernel, bias = model.get_weights()
    p = model(X).data
    slope = (p - np.eye(4)[Y]) / len(X)  # of the mean cross-entropy, to the logits
    assert model.train_on_batch(X, Y) == pytest.approx(by_hand(linear()).mean()), "the loss before the step"
    np.testing.assert_allclose(model.get_weights()[0], kernel - 0.1 * X.reshape(60, 36).T @ slope, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(model.get_weights()[1], bias - 0.1 * slope.sum(axis=0), rtol=1e-6, atol=1e-8)


def test_train_on_batch_and_test_on_batch_give_loss_and_metrics() -> None:
    model = linear(metrics=["accuracy"])
    loss, accuracy = model.test_on_batch(X, Y)
    assert model.train_on_batch(X, Y) == pytest.approx([loss, accuracy])
    assert model.train_on_batch(X, Y, return_dict=True)["loss"] < loss
    assert model.optimizer.iterations == 2


def test_sample_weight_weighs_each_example_and_divides_by_their_number() -> None:
    weights = np.random.default_rng(0).random(len(X))
    model = linear()
    expected = (by_hand(model) * weights).sum() / len(X)
    assert model.evaluate(X, Y, sample_weight=weights, batch_size=60) == pytest.approx(expected)
    assert model.train_on_batch(X, Y, sample_weight=weights) == pytest.approx(expected)


def test_a_weight_of_zero_leaves_an_example_out() -> None:
    a, b = linear(), linear()
    a.train_on_batch(X, Y, sample_weight=np.arange(60) < 30)
    b.train_on_batch(X[:30], Y[:30], sample_weight=np.full(30, 0.5))
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_class_weight_weighs_by_label_and_those_not_named_by_one() -> None:
    model = linear()
    of_class = {0: 3.0, 2: 0.5}
    expected = (by_hand(model) * [of_class.get(label, 1) for label in Y]).mean()
    assert model.train_on_batch(X, Y, class_weight=of_class) == pytest.approx(expected)
    one_hot = linear(loss="categorical_crossentropy")
    assert one_hot.train_on_batch(X, np.eye(4)[Y], class_weight=of_class) == pytest.approx(expected)
    both = linear()
    assert both.train_on_batch(X, Y, np.full(60, 2.0), of_class) == pytest.approx(2 * expected)


def test_history_holds_every_epoch_and_logs_the_metrics() -> None:
    history = network().fit(X, Y, epochs=3, validation_data=(X, Y), verbose=0)
    assert history.epoch == [0, 1, 2]
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert all(len(values) == 3 for values in history.history.values())
    model = network()
    assert model.fit(X, Y, validation_data=(X, Y), verbose=0).history["val_loss"] == [
        pytest.approx(model.evaluate(X, Y)[0])
    ]


def test_the_training_loss_is_the_mean_over_examples_while_the_weights_move() -> None:
    model = linear(optimizer=optimizers.SGD(0.0))
    history = model.fit(X, Y, batch_size=7, verbose=0)
    assert history.history["loss"] == [pytest.approx(by_hand(model).mean())]


def test_validation_split_takes_the_last_examples_before_shuffling() -> None:
    split, given = linear(), linear()
    a = split.fit(X, Y, validation_split=0.25, epochs=2, verbose=0)
    b = given.fit(X[:45], Y[:45], validation_data=(X[45:], Y[45:]), epochs=2, verbose=0)
    assert a.history == b.history
    for one, other in zip(split.get_weights(), given.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_validation_data_go_before_a_split_and_lose_no_training_example() -> None:
    both, given = linear(), linear()
    a = both.fit(X, Y, validation_split=0.25, validation_data=(X[:9], Y[:9]), verbose=0)
    assert a.history == given.fit(X, Y, validation_data=(X[:9], Y[:9]), verbose=0).history


def test_validation_data_may_have_weights() -> None:
    weights = np.linspace(0, 1, 60)
    model = linear()
    loss = model.fit(X, Y, validation_data=(X, Y, weights), verbose=0).history["val_loss"][0]
    assert loss == pytest.approx((by_hand(model) * weights).mean())


def weights_after(seed: int, **options: Any) -> list[np.ndarray]:
    model = network(seed)
    model.fit(X, Y, epochs=2, batch_size=16, verbose=0, **options)
    return model.get_weights()


def test_the_same_seed_gives_the_same_bits_and_another_seed_others() -> None:
    first, again, other = weights_after(0), weights_after(0), weights_after(1)
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)


def test_without_shuffling_the_order_is_that_of_the_examples() -> None:
    model, by_hand_model = linear(), linear()
    model.fit(X, Y, batch_size=20, shuffle=False, verbose=0)
    for start in (0, 20, 40):
        by_hand_model.train_on_batch(X[start : start + 20], Y[start : start + 20])
    for one, other in zip(model.get_weights(), by_hand_model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    shuffled = linear()
    shuffled.fit(X, Y, batch_size=20, verbose=0)
    assert not np.array_equal(shuffled.get_weights()[0], model.get_weights()[0])


def test_two_fits_are_one_longer_fit() -> None:
    """Each epoch of a model's life has an order of its own, so going on is not beginning again."""
    once, twice = network(), network()
    once.fit(X, Y, epochs=4, verbose=0)
    twice.fit(X, Y, epochs=2, verbose=0)
    history = twice.fit(X, Y, epochs=4, initial_epoch=2, verbose=0)
    assert history.epoch == [2, 3]
    for one, other in zip(once.get_weights(), twice.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_every_epoch_has_an_order_of_its_own() -> None:
    seen: list[int] = []

    def remember(y_true: np.ndarray, y_pred: np.ndarray) -> float:
        seen.extend(y_true.tolist())
        return 0.0

    model = linear(metrics=[remember])
    model.fit(X, Y, epochs=2, verbose=0)
    model.fit(X, Y, verbose=0)
    orders = [tuple(seen[start : start + 60]) for start in (0, 60, 120)]
    assert len({*orders, tuple(Y)}) == 4
    assert all(sorted(order) == sorted(Y) for order in orders)


def test_batches_train_as_arrays_do() -> None:
    arrays, batches = linear(), linear()
    arrays.fit(X, Y, batch_size=16, verbose=0)
    batches.fit(Batches(X, Y, batch_size=16, shuffle=True, seed=batches.seed, dtype="float64"), verbose=0)
    for one, other in zip(arrays.get_weights(), batches.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_frozen_layers_keep_their_weights_and_get_no_gradient() -> None:
    model = network()
    model.get_layer("conv2d").trainable = False
    before = model.get_layer("conv2d").get_weights()
    model.fit(X, Y, verbose=0)
    for variable, weight in zip(model.get_layer("conv2d").weights, before, strict=True):
        np.testing.assert_array_equal(variable.data, weight)
        assert variable.grad is None
    assert model.get_layer("dense").kernel.grad is not None


def test_a_model_that_is_all_frozen_only_looks() -> None:
    model = network()
    model.trainable = False
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert model.optimizer.iterations == 0
    for weight, same in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, same)


def test_after_freezing_it_must_be_compiled_again() -> None:
    model = network()
    model.fit(X, Y, verbose=0)
    model.get_layer("conv2d").trainable = False
    with pytest.raises(ArgumentError, match=r"Adam keeps the state .* compile the model again, with a new optimizer"):
        model.fit(X, Y, verbose=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, Y, verbose=0)


def test_a_layer_in_the_place_of_another_must_be_compiled_again() -> None:
    model = network()
    model.fit(X, Y, verbose=0)
    model.pop()
    model.add(layers.Dense(4, activation="softmax"))
    with pytest.raises(ArgumentError, match="compile the model again"):
        model.fit(X, Y, verbose=0)


def test_a_deferred_model_is_built_by_its_first_data() -> None:
    model = Sequential([layers.Flatten(), layers.Dense(4)])
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X, Y, verbose=0)
    assert model.input_shape == (None, 6, 6, 1)


def test_other_losses_and_their_accuracies() -> None:
    one_hot = network(loss="categorical_crossentropy", metrics=["acc"])
    sparse = network(metrics=["acc"])
    assert one_hot.evaluate(X, np.eye(4)[Y]) == pytest.approx(sparse.evaluate(X, Y))
    yes = Sequential([Input((6, 6, 1)), layers.Flatten(), layers.Dense(1, activation="sigmoid")])
    yes.compile("sgd", "binary_crossentropy", metrics=["accuracy", "mae"])
    p = yes.predict(X)[:, 0]
    loss, accuracy, error = yes.evaluate(X, Y % 2)
    assert accuracy == pytest.approx(((p > 0.5) == (Y % 2)).mean())
    assert error == pytest.approx(np.abs(p - Y % 2).mean())
    assert loss == pytest.approx(-np.log(np.where(Y % 2, p, 1 - p)).mean(), rel=1e-5)


def test_metrics_and_losses_of_ones_own() -> None:
    def surest(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return y_pred.max(axis=1)

    model = linear(loss=lambda y_true, y_pred: (y_pred**2).sum(axis=1), metrics=[surest])
    p = model(X).data
    assert model.evaluate(X, Y, return_dict=True) == pytest.approx(
        {"loss": (p**2).sum(axis=1).mean(), "surest": p.max(axis=1).mean()}
    )
    model.fit(X, Y, verbose=0)


def test_labels_with_an_axis_of_one_as_cifar10_has_them() -> None:
    a, b = network(), network()
    assert a.fit(X, Y[:, None], verbose=0).history == b.fit(X, Y, verbose=0).history


def test_calls_that_come_too_early() -> None:
    model = Sequential([layers.Flatten(), layers.Dense(4)])
    for call in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch):
        with pytest.raises(StateError, match=r"sequential has not been compiled: call compile\(optimizer"):
            call(X, Y)
    model.compile("sgd")
    with pytest.raises(StateError, match="sequential was compiled without a loss"):
        model.fit(X, Y)
    assert model.predict(X).shape == (60, 4), "to predict needs no compile"
