from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from minicnn import Input, Sequential, layers
from minicnn.errors import ArgumentError, DataError
from minicnn.layers import deserialize, serialize

WORDS = np.array([[0, 2, 2], [4, 1, 0]])


def test_numbers_become_rows_of_the_table() -> None:
    layer = layers.Embedding(5, 3)
    for given in (WORDS, WORDS.astype("float32"), WORDS.astype("uint8")):
        y = layer(given)
        assert y.dtype == np.float32
        np.testing.assert_array_equal(y.data, layer.get_weights()[0][WORDS])
    assert layer.output_shape == (None, 3, 3)
    assert [(v.name, v.shape) for v in layer.weights] == [("embedding/embeddings", (5, 3))]
    assert np.abs(layer.get_weights()[0]).max() <= 0.05, "Keras's uniform"


def test_gradients_add_up_where_a_word_comes_twice() -> None:
    layer = layers.Embedding(5, 2, dtype="float64")
    dy = np.random.default_rng(0).standard_normal((2, 3, 2))
    layer(WORDS).backward(dy)
    expected = np.zeros((5, 2))
    for i, word in np.ndenumerate(WORDS):
        expected[word] += dy[i]
    np.testing.assert_allclose(layer.embeddings.grad, expected, rtol=1e-12)


def test_text_as_an_image_learns() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 20, (80, 12))
    y = (x == 7).any(axis=1).astype(int)
    chain = [layers.Embedding(20, 8), layers.Conv1D(8, 3, activation="relu"), layers.GlobalMaxPooling1D()]
    model = Sequential([Input((12,), dtype="int64"), *chain, layers.Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.learning_rate = 0.03
    history = model.fit(x, y, epochs=12, verbose=0).history
    assert history["accuracy"][-1] > 0.95


def test_the_table_has_a_regularizer_and_a_constraint() -> None:
    layer = layers.Embedding(
        5, 3, embeddings_initializer="ones", embeddings_regularizer="l2", embeddings_constraint="unit_norm"
    )
    model = Sequential([Input((3,), dtype="int64"), layer, layers.Flatten(), layers.Dense(1)])
    assert float(model.losses[0]) == pytest.approx(0.01 * 15)
    model.compile("sgd", "mse")
    model.fit(WORDS, np.ones((2, 1)), verbose=0)
    np.testing.assert_allclose(np.linalg.norm(layer.get_weights()[0], axis=0), 1, rtol=1e-6)


def test_config_round_trip() -> None:
    layer = layers.Embedding(5, 3, "ones", embeddings_regularizer="l1", embeddings_constraint="non_neg")
    again: Any = deserialize(json.loads(json.dumps(serialize(layer))))
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(again(WORDS).data, 1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: layers.Embedding(0, 3), ArgumentError, "Embedding: input_dim must be a whole number of at least 1"),
        (lambda: layers.Embedding(3, 1.5), ArgumentError, "output_dim must be a whole number"),
        (lambda: layers.Embedding(2**25, 1), ArgumentError, "input_dim must be at most 16,777,216"),
        (lambda: layers.Embedding(4, 3)(WORDS), DataError, "embedding: numbers must be whole and from 0 to 3, got 4"),
        (lambda: layers.Embedding(9, 3)(-WORDS), DataError, "from 0 to 8, got -2"),
        (lambda: layers.Embedding(9, 3)(WORDS + 0.5), DataError, "must be whole and from 0 to 8, got 0.5"),
        (lambda: layers.Embedding(9, 3)(WORDS * np.nan), DataError, "must be whole and from 0 to 8, got nan"),
    ],
)
def test_what_makes_no_sense(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
