import keras
import numpy as np
from keras import backend, layers

rng = np.random.default_rng(0)
x, y = rng.normal(5, 3, (60, 13)), rng.normal(20, 5, 60)
normalization = layers.Normalization(axis=-1)
normalization.adapt(x)
x = (x - x.mean(axis=0)) / x.std(axis=0)


def build_model():
    model = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(1)])
    model.compile(optimizer="rmsprop", loss="mse", metrics=["mae", keras.metrics.RootMeanSquaredError()])
    return model


k, scores, curves = 3, [], []
size = len(x) // k
for i in range(k):
    held = slice(i * size, (i + 1) * size)
    x_part = np.concatenate([x[: i * size], x[(i + 1) * size :]], axis=0)
    y_part = np.concatenate([y[: i * size], y[(i + 1) * size :]], axis=0)
    backend.clear_session()
    keras.utils.set_random_seed(i)
    model = build_model()
    model.build((None, 13))
    begin(model)
    options = {"epochs": 2, "batch_size": 16, "verbose": 0, "shuffle": False}
    history = model.fit(x_part, y_part, validation_data=(x[held], y[held]), **options)
    mse, mae, rmse = model.evaluate(x[held], y[held], verbose=0)
    scores.append(mae)
    curves.append(history.history["val_mae"])

seen = {
    "scores": scores,
    "average": [float(np.mean([curve[epoch] for curve in curves])) for epoch in range(2)],
    "name": model.name,
    "layers": [layer.name for layer in model.layers],
    "predictions": model.predict(x, verbose=0).flatten()[:4],
    "one length": keras.utils.normalize(x[:2], axis=1),
}
