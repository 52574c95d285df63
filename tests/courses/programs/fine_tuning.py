import keras
import numpy as np
from keras import layers

rng = np.random.default_rng(0)
x, y = rng.random((24, 12, 12, 3)).astype("float32"), rng.integers(0, 2, 24)
base = keras.Sequential(
    [
        keras.Input((12, 12, 3)),
        layers.Conv2D(4, 3, activation="relu", name="block1"),
        layers.BatchNormalization(),
        layers.Conv2D(4, 3, activation="relu", name="block2"),
        layers.MaxPooling2D(),
    ],
    name="base",
)
base.trainable = False
inputs = keras.Input((12, 12, 3))
h = layers.Flatten()(base(inputs, training=False))
model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Dense(8, activation="relu")(h)))
begin(model)
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
before = base.get_layer("block1").get_weights()[0].copy()
head = model.fit(x, y, epochs=2, verbose=0, shuffle=False)
frozen = bool((before == base.get_layer("block1").get_weights()[0]).all())

base.trainable = True
set_trainable = False
for layer in base.layers:
    set_trainable = set_trainable or layer.name == "block2"
    layer.trainable = set_trainable
model.compile(optimizer=keras.optimizers.RMSprop(learning_rate=1e-3), loss="binary_crossentropy", metrics=["accuracy"])
tuned = model.fit(x, y, epochs=2, verbose=0, shuffle=False)
model.summary(expand_nested=True, show_trainable=True)

seen = {
    "head": head.history,
    "frozen": frozen,
    "tuned": tuned.history,
    "learned": len(model.trainable_weights),
    "flags": [layer.trainable for layer in base.layers],
    "features": base.predict(x, verbose=0)[0, 0],
    "shape": base.output_shape,
}
