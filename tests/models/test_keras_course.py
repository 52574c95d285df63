"""Code as courses on Keras print it, with nothing but the import changed, on a few pictures that pass for MNIST."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicnn.datasets import embedded

CONVNET = """
import numpy as np
from keras import Input, Sequential, layers
from keras.datasets import mnist

num_classes = 10
input_shape = (28, 28, 1)

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train = x_train.astype("float32") / 255
x_test = x_test.astype("float32") / 255
x_train = np.expand_dims(x_train, -1)
x_test = np.expand_dims(x_test, -1)
y_train = np.eye(num_classes)[y_train]
y_test = np.eye(num_classes)[y_test]

model = Sequential(
    [
        Input(shape=input_shape),
        layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(num_classes, activation="softmax"),
    ]
)
model.summary()
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
history = model.fit(x_train, y_train, batch_size=128, epochs=2, validation_split=0.1)
score = model.evaluate(x_test, y_test, verbose=0)
print("Test loss:", score[0])
print("Test accuracy:", score[1])
"""

BEGINNER = """
import keras

mnist = keras.datasets.mnist
(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, x_test = x_train / 255.0, x_test / 255.0

model = keras.models.Sequential([
    keras.layers.Flatten(input_shape=(28, 28)),
    keras.layers.Dense(128, activation="relu"),
    keras.layers.Dropout(0.2),
    keras.layers.Dense(10),
])
predictions = model(x_train[:1]).numpy()
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
loss_fn(y_train[:1], predictions).numpy()
model.compile(optimizer="adam", loss=loss_fn, metrics=["accuracy"])
history = model.fit(x_train, y_train, epochs=2)
score = model.evaluate(x_test, y_test, verbose=2)
"""

STEP_BY_STEP = """
from keras import datasets, layers, models

(train_images, train_labels), (test_images, test_labels) = datasets.mnist.load_data()
train_images = train_images.reshape((-1, 28, 28, 1)).astype("float32") / 255
test_images = test_images.reshape((-1, 28, 28, 1)).astype("float32") / 255

model = models.Sequential()
model.add(layers.Conv2D(32, (3, 3), activation="relu", input_shape=(28, 28, 1)))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(64, (3, 3), activation="relu"))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(64, (3, 3), activation="relu"))
model.add(layers.Flatten())
model.add(layers.Dense(64, activation="relu"))
model.add(layers.Dense(10, activation="softmax"))
model.summary()
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train_images, train_labels, epochs=2, batch_size=64, validation_data=(test_images, test_labels))
score = model.evaluate(test_images, test_labels)
"""


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """200 and 50 pictures of clothes where MNIST is looked for."""
    (x_train, y_train), (x_test, y_test) = embedded.load_data()
    np.savez(
        tmp_path / "mnist.npz", x_train=x_train[:200], y_train=y_train[:200], x_test=x_test[:50], y_test=y_test[:50]
    )
    monkeypatch.setenv("MINICNN_DATA", str(tmp_path))


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(
    ("code", "parameters"),
    [(CONVNET, 34_826), (BEGINNER, 101_770), (STEP_BY_STEP, 93_322)],
    ids=["simple convnet", "beginner", "step by step"],
)
def test_only_the_import_changes(code: str, parameters: int, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    exec(code.replace("import keras", "import minicnn as keras").replace("from keras", "from minicnn"), names)
    assert names["model"].count_params() == parameters, "as Keras prints it"
    assert len(names["history"].history["accuracy"]) == 2
    assert 0 < names["score"][0] < 5
    assert 0 <= names["score"][1] <= 1
    if "summary" in code:
        assert f"Total params: {parameters:,}" in capsys.readouterr().out
