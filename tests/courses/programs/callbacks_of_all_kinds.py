import os
from pathlib import Path

import keras
from keras import layers
from keras.callbacks import (
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)

(x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
x, x_test = x.reshape(-1, 28, 28, 1) / 255.0, x_test.reshape(-1, 28, 28, 1) / 255.0
model = keras.Sequential(
    [
        layers.Input((28, 28, 1)),
        layers.Conv2D(4, 5, strides=3),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]
)
begin(model)
model.compile(keras.optimizers.Adam(learning_rate=0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])


class Losses(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.losses, self.accuracies = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs.get("loss"))

    def on_epoch_end(self, epoch, logs=None):
        self.accuracies.append(logs["val_accuracy"])
        if logs.get("accuracy") > 2:
            self.model.stop_training = True


def halved(epoch, lr):
    return lr if epoch < 2 else lr * 0.5


said, watch = [], Losses()
stop = EarlyStopping(monitor="val_loss", patience=2, restore_best_weights=True, min_delta=0.001)
callbacks = [
    stop,
    ModelCheckpoint("w.{epoch:02d}-{val_loss:.2f}.keras", monitor="val_accuracy", save_best_only=True, mode="max"),
    ModelCheckpoint("best.weights.h5", save_weights_only=True, save_best_only=True),
    ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1, min_lr=1e-6),
    CSVLogger("log.csv", append=True, separator=";"),
    LearningRateScheduler(halved, verbose=1),
    TerminateOnNaN(),
    watch,
    LambdaCallback(on_epoch_begin=lambda epoch, logs: said.append(epoch), on_train_end=lambda logs: said.append("end")),
]
history = model.fit(
    x, y, batch_size=24, epochs=4, validation_data=(x_test, y_test), callbacks=callbacks, shuffle=False, verbose=0
)
trained = model.evaluate(x_test, y_test, verbose=0)
model.load_weights("best.weights.h5")

seen = {
    "history": history.history,
    "said": said,
    "losses": watch.losses,
    "accuracies": watch.accuracies,
    "stopped": [stop.best_epoch, stop.stopped_epoch],
    "columns": Path("log.csv").read_text().splitlines()[0],
    "files": sorted(name for name in os.listdir(".") if not name.startswith("w.")),
    "trained": trained,
    "best": model.evaluate(x_test, y_test, verbose=0),
}
model.fit(x, y, callbacks=TerminateOnNaN(), verbose=0)  # one by itself need not be in a list
