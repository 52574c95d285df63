import numpy as np
from keras import Input, Model, Sequential, layers, ops

rng = np.random.default_rng(0)
a, b = rng.random((30, 10, 10, 1)), rng.random((30, 10, 10, 1))
same = rng.integers(0, 2, 30)


def distance(pair):
    x, y = pair
    return ops.sqrt(ops.maximum(ops.sum(ops.square(x - y), axis=1, keepdims=True), 1e-7))


def contrastive(y_true, y_pred):
    return ops.mean((1 - y_true) * ops.square(y_pred) + y_true * ops.square(ops.maximum(1 - y_pred, 0)))


twin = Sequential(
    [layers.Conv2D(4, 3, activation="relu", input_shape=(10, 10, 1)), layers.MaxPooling2D(2), layers.Flatten()],
    name="twin",
)
twin.add(layers.Dense(6))
left, right = Input((10, 10, 1)), Input((10, 10, 1))
left_code, right_code = twin(left), twin(right)
model = Model([left, right], layers.Lambda(distance, output_shape=(1,))([left_code, right_code]))
begin(model)
model.compile(loss=contrastive, optimizer="rmsprop", metrics=["accuracy"])
history = model.fit([a, b], same, epochs=2, batch_size=10, verbose=0, shuffle=False)

judge = Model([left, right], layers.Dense(1, activation="sigmoid")(ops.abs(left_code - right_code)))
begin(judge)
judge.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy", "AUC"])
judged = judge.fit([a, b], same, epochs=2, batch_size=10, verbose=0, shuffle=False)

seen = {
    "distances": history.history,
    "judged": judged.history,
    "predictions": judge.predict([a, b], verbose=0)[:4],
    "codes": twin.predict(a, verbose=0)[0],
    "parameters": [model.count_params(), judge.count_params()],
}
