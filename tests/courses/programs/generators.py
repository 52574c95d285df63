import math

import keras
from keras import layers

(x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
x, x_test = x[..., None].astype("float32") / 255, x_test[..., None].astype("float32") / 255


def endless(x, y, size):
    while True:
        for i in range(0, len(x), size):
            yield x[i : i + size], y[i : i + size]


class Batches(keras.utils.Sequence):
    def __init__(self, x, y, size, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y, self.size = x, y, size

    def __len__(self):
        return math.ceil(len(self.x) / self.size)

    def __getitem__(self, i):
        return self.x[i * self.size : (i + 1) * self.size], self.y[i * self.size : (i + 1) * self.size]


def net():
    model = keras.Sequential(
        [layers.Input((28, 28, 1)), layers.Conv2D(4, 5, strides=3, activation="relu"), layers.Flatten()]
    )
    model.add(layers.Dense(10, activation="softmax"))
    begin(model)
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


model = net()
validation = endless(x_test, y_test, 16)
generated = model.fit(
    endless(x, y, 24), steps_per_epoch=2, epochs=3, validation_data=validation, validation_steps=2, verbose=0
)
seen = {
    "generated": generated.history,
    "evaluated": model.evaluate(endless(x_test, y_test, 8), steps=4, verbose=0),
    "predicted": model.predict(endless(x_test, y_test, 8), steps=2, verbose=0)[:2],
    "numbered": net().fit(Batches(x, y, 20), epochs=2, verbose=0, shuffle=False).history,
    "steps": net().fit(x, y, epochs=3, batch_size=16, steps_per_epoch=3, verbose=0, shuffle=False).history,
}
