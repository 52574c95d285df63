import keras
import numpy as np
from keras import layers, ops


def my_mse(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


def my_huber(y_true, y_pred):
    error = y_true - y_pred
    return ops.where(ops.abs(error) < 1, ops.square(error) / 2, ops.abs(error) - 0.5)


def my_mae(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


class Pulled(keras.losses.Loss):
    def __init__(self, factor=0.1, name="pulled"):
        super().__init__(name=name)
        self.factor = factor

    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1) + self.factor * ops.mean(ops.abs(y_pred), axis=-1)

    def get_config(self):
        return {"factor": self.factor, "name": self.name}


class RootMeanSquare(keras.metrics.Metric):
    def __init__(self, name="rms", **kwargs):
        super().__init__(name=name, **kwargs)
        self.squares = self.add_weight(name="squares", initializer="zeros")
        self.count = self.add_weight(name="count", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.squares.assign_add(ops.sum(ops.square(y_true - y_pred)))
        self.count.assign_add(ops.cast(ops.size(y_true), "float32"))

    def result(self):
        return ops.sqrt(self.squares / self.count)

    def reset_state(self):
        self.squares.assign(0.0)
        self.count.assign(0.0)


class Linear(layers.Layer):
    def __init__(self, units=32, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        self.w = self.add_weight(name="w", shape=(input_shape[-1], self.units), initializer="glorot_uniform")
        self.b = self.add_weight(name="b", shape=(self.units,), initializer="zeros", trainable=True)
        super().build(input_shape)

    def call(self, inputs):
        return self.activation(ops.matmul(inputs, self.w) + self.b)

    def get_config(self):
        config = super().get_config()
        config.update({"units": self.units, "activation": keras.activations.serialize(self.activation)})
        return config


rng = np.random.default_rng(0)
x, y = rng.normal(size=(40, 4)).astype("float32"), rng.normal(size=(40, 3)).astype("float32")
seen = {}
for loss in (my_mse, my_huber, Pulled(0.2)):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, Linear(3, name="out")(Linear(8, activation="relu")(inputs)))
    begin(model)
    model.compile(optimizer="sgd", loss=loss, metrics=[my_mae, RootMeanSquare()])
    history = model.fit(x, y, epochs=2, verbose=0, shuffle=False)
    seen[getattr(loss, "__name__", "pulled")] = history.history

model.save("own.keras")
own = {"Linear": Linear, "Pulled": Pulled, "RootMeanSquare": RootMeanSquare, "my_mae": my_mae}
again = keras.models.load_model("own.keras", custom_objects=own)
seen["as saved"] = bool(np.allclose(again.predict(x, verbose=0), model.predict(x, verbose=0)))
seen["units"] = Linear.from_config(Linear(5, "relu").get_config()).units
