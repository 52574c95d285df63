"""A loss of NaN, and callbacks out of functions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minicnn import Sequential
from minicnn.callbacks import Callback, LambdaCallback, TerminateOnNaN
from minicnn.errors import ArgumentError, NonFiniteError
from minicnn.tensor import Tensor
from tests.training.tasks import linear, network, quarters

X, Y = quarters()


def spoiled() -> Sequential:
    """Its loss is NaN, whatever its weights are."""
    return linear(loss=lambda y_true, y_pred: (y_pred * 0.0).sum(axis=1) + Tensor(np.array(np.nan)))


def test_a_loss_of_nan_ends_the_training_with_the_last_good_weights(capsys: pytest.CaptureFixture[str]) -> None:
    model, ended = spoiled(), []
    before = model.get_weights()
    callbacks = [TerminateOnNaN(), LambdaCallback(on_train_end=lambda logs: ended.append(logs))]
    history = model.fit(X, Y, epochs=9, validation_data=(X, Y), callbacks=callbacks, verbose=0)
    assert history.epoch == [0]
    assert math.isnan(history.history["loss"][0])
    assert len(ended) == 1
    assert "Invalid loss, terminating training: the loss became nan at step 1" in capsys.readouterr().out
    for weight, good in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, good)


@pytest.mark.parametrize("callbacks", [[], [TerminateOnNaN(raise_error=True)]])
def test_without_it_or_asked_to_it_is_an_error(callbacks: list[Callback]) -> None:
    with pytest.raises(NonFiniteError):
        spoiled().fit(X, Y, epochs=9, callbacks=callbacks, verbose=0)


def test_functions_are_called_at_the_moments_they_are_for() -> None:
    heard: list[object] = []
    model = network()
    model.fit(
        X, Y, batch_size=30, epochs=1, verbose=0,
        callbacks=[
            LambdaCallback(
                on_epoch_begin=lambda epoch, logs: heard.append(epoch),
                on_epoch_end=lambda epoch, logs: heard.append(sorted(logs)),
                on_train_begin=lambda logs: heard.append("begin"),
                on_train_end=lambda logs: heard.append("end"),
                on_train_batch_begin=lambda batch, logs: heard.append(-batch),
                on_train_batch_end=lambda batch, logs: heard.append(batch),
                on_test_begin=lambda logs: heard.append("never"),
            )
        ],
    )  # fmt: skip
    assert heard == ["begin", 0, 0, 0, -1, 1, ["accuracy", "loss"], "end"]


def test_what_is_no_moment_or_no_function() -> None:
    with pytest.raises(ArgumentError, match="there is no moment 'on_epoch_ends', only on_train_begin"):
        LambdaCallback(on_epoch_ends=print)
    with pytest.raises(ArgumentError, match="on_epoch_end must be a function, got 5"):
        LambdaCallback(on_epoch_end=5)  # type: ignore[arg-type]
