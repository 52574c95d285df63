"""A Keras tutorial with its imports changed: what was `from keras import layers, models` comes from minicnn.

    python examples/keras_style.py

Two short epochs on the 5,000 pictures of clothing that come with minicnn.
"""

import numpy as np

import minicnn
from minicnn import layers, models
from minicnn.datasets import embedded

minicnn.set_random_seed(0)
(x_train, y_train), (x_test, y_test) = embedded.load_data()
x_train = x_train[..., None].astype("float32") / 255  # (5000, 28, 28, 1)
x_test = x_test[..., None].astype("float32") / 255  # (1000, 28, 28, 1)

model = models.Sequential(
    [
        layers.Input(shape=(28, 28, 1)),
        layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ]
)
model.summary()

model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=128, epochs=2, validation_split=0.1, verbose=2)

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"test loss {loss:.3f}, test accuracy {accuracy:.1%}")

probabilities = model.predict(x_test[:5], verbose=0)
for p, label in zip(probabilities, y_test, strict=False):
    said, true = embedded.CLASS_NAMES[np.argmax(p)], embedded.CLASS_NAMES[label]
    print(f"says {said} ({p.max():.0%}), is {true}")
