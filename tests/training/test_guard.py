"""A loss that turns NaN stops the training and names the layer and the step."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn import Input, Sequential, layers, losses, optimizers
from minicnn.errors import NonFiniteError
from minicnn.tensor import Tensor
from tests.training.tasks import linear, network, quarters

X, Y = quarters()


def test_a_learning_rate_that_explodes() -> None:
    model = Sequential([Input((6, 6, 1)), layers.Flatten(), layers.Dense(9, activation="relu"), layers.Dense(4)])
    model.compile(optimizers.SGD(1e30), "mse")
    with pytest.raises(NonFiniteError, match=r"the loss became (nan|inf) at step \d+: layer 'dense(_1)?': its (weights|"
                       r"output).*Try a smaller learning rate, or clipnorm=1\.0"):  # fmt: skip
        model.fit(X, np.eye(4)[Y], epochs=5, verbose=0)


@pytest.mark.parametrize("name", ["conv2d", "dense"])
def test_a_weight_that_is_nan_names_its_layer(name: str) -> None:
    model = network()
    model.train_on_batch(X, Y)
    model.get_layer(name).bias.data[0] = np.nan
    with pytest.raises(
        NonFiniteError, match=f"at step 2: layer '{name}': its weights {name}/bias are no longer finite"
    ):
        model.train_on_batch(X, Y)


def test_a_running_average_that_is_nan_is_found_at_the_end_of_the_epoch() -> None:
    """It is no part of a training step, and would spoil every prediction afterwards."""
    model = network()
    model.get_layer("batch_normalization").moving_variance.data[0] = np.nan
    with pytest.raises(NonFiniteError, match="after step 2 the weights batch_normalization/moving_variance of layer"):
        model.fit(X, Y, batch_size=30, verbose=0)


def test_an_output_that_overflows_names_its_layer_though_all_weights_are_finite() -> None:
    model = linear()
    model.add(layers.Activation(lambda x: x * 1e308 * 1e308, name="blow_up"))
    model.add(layers.Dense(4))
    model.compile("sgd", "mse")
    with pytest.raises(NonFiniteError, match="at step 1: layer 'blow_up': its output is the first that is not finite"):
        model.train_on_batch(X, np.eye(4)[Y])


def test_a_loss_that_is_nan_by_itself() -> None:
    model = linear(loss=lambda y_true, y_pred: (y_pred * 0.0).sum(axis=1) + Tensor(np.array(np.nan)))
    with pytest.raises(NonFiniteError, match=r"at step 1: every layer's output is finite, .* it is the loss itself"):
        model.fit(X, Y, verbose=0)


def test_the_step_is_counted_over_all_epochs() -> None:
    model = linear()
    model.fit(X, Y, epochs=3, batch_size=20, verbose=0)
    model.get_layer("dense").kernel.data[:] = np.inf
    with pytest.raises(NonFiniteError, match="at step 10: layer 'dense'"):
        model.fit(X, Y, epochs=1, batch_size=20, verbose=0)


def test_an_evaluation_tells_it_too() -> None:
    model = network()
    model.train_on_batch(X, Y)
    model.get_layer("batch_normalization").moving_mean.data[0] = np.nan
    with pytest.raises(NonFiniteError, match="the loss is nan after 1 steps: layer 'batch_normalization': its weights"):
        model.evaluate(X, Y)


def explosive() -> Sequential:
    """Its gradients are of the size of the pixels, whatever the weights: one step leads beyond all numbers."""
    model = Sequential([Input((6, 6, 1)), layers.Flatten(), layers.Dense(4)], dtype="float64")
    model.compile(optimizers.SGD(1e308), losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def test_weights_that_the_last_step_broke_are_found_at_the_end_of_the_epoch() -> None:
    with pytest.raises(NonFiniteError, match="after step 1 the weights dense/kernel of layer 'dense' are no longer"):
        explosive().fit(X * 1e3, Y, batch_size=60, verbose=0)


def test_no_warning_of_numpy_comes_before_the_error(recwarn: pytest.WarningsRecorder) -> None:
    with pytest.raises(NonFiniteError, match="the loss became nan at step 2: layer 'dense': its weights"):
        explosive().fit(X * 1e3, Y, batch_size=7, verbose=0)
    assert [str(w.message) for w in recwarn] == []
