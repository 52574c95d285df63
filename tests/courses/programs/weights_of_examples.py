import numpy as np
from keras import layers, losses, models
from keras.datasets import mnist

(x, y), (x_test, y_test) = mnist.load_data()
x, x_test = x.astype("float32") / 255, x_test.astype("float32") / 255


def build():
    net = models.Sequential(
        [layers.Input((28, 28)), layers.Flatten(), layers.Dense(8, activation="relu"), layers.Dense(10)]
    )
    begin(net)
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile("sgd", loss, metrics=["accuracy"], weighted_metrics=["accuracy"])
    return net


options = {"epochs": 2, "verbose": 0, "shuffle": False}
rare = dict.fromkeys(range(10), 1.0) | {3: 5.0}
weights = np.where(y == 2, 3.0, 1.0)
seen = {
    "classes": build().fit(x, y, class_weight=rare, validation_data=(x_test, y_test), **options).history,
    "examples": build().fit(x, y, sample_weight=weights, validation_split=0.1, **options).history,
    "validation": build().fit(x, y, validation_data=(x_test, y_test, np.linspace(0, 1, 32)), **options).history,
}
