import numpy as np
from keras import Input, Model
from keras.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    MaxPooling2D,
    add,
    concatenate,
    multiply,
)

rng = np.random.default_rng(0)
pictures, facts = rng.random((40, 12, 12, 3)).astype("float32"), rng.random((40, 5)).astype("float32")
kinds, ages = rng.integers(0, 4, 40), rng.random((40, 1)).astype("float32")


def inception(x, filters):
    a = Conv2D(filters, 1, activation="relu", padding="same")(x)
    b = Conv2D(filters, 1, activation="relu", padding="same")(x)
    b = Conv2D(filters, 3, activation="relu", padding="same")(b)
    c = MaxPooling2D(3, strides=1, padding="same")(x)
    return concatenate([a, b, Conv2D(filters, 1, padding="same")(c)], axis=-1)


def residual(x, filters, stride=1):
    y = Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
    y = Activation("relu")(BatchNormalization()(y))
    y = BatchNormalization()(Conv2D(filters, 3, padding="same", use_bias=False)(y))
    if stride != 1 or x.shape[-1] != filters:
        x = Conv2D(filters, 1, strides=stride, use_bias=False)(x)
    return Activation("relu")(add([y, x]))


def squeezed(x):
    gate = Dense(x.shape[-1], activation="sigmoid")(GlobalAveragePooling2D(keepdims=True)(x))
    return multiply([x, gate]) * 0.5 + 1.0


picture, fact = Input(shape=(12, 12, 3), name="picture"), Input(shape=(5,), name="facts")
x = squeezed(residual(inception(picture, 4), 8, 2))
x = GlobalAveragePooling2D(name="pooled")(x)
x = concatenate([x, Dense(4, activation="relu")(fact)])
model = Model([picture, fact], [Dense(4, activation="softmax", name="kind")(x), Dense(1, name="age")(x)])
model.summary()
begin(model)
model.compile(
    optimizer="adam",
    loss={"kind": "sparse_categorical_crossentropy", "age": "mse"},
    loss_weights={"kind": 1.0, "age": 0.5},
    metrics={"kind": "accuracy", "age": ["mae"]},
)
inputs, targets = {"picture": pictures, "facts": facts}, {"kind": kinds, "age": ages}
history = model.fit(inputs, targets, epochs=2, batch_size=10, verbose=0, shuffle=False, validation_split=0.25)
again = model.fit([pictures, facts], [kinds, ages], epochs=1, batch_size=10, verbose=0, shuffle=False)
features = Model(model.input, model.get_layer("pooled").output)

seen = {
    "history": history.history,
    "again": again.history,
    "predictions": [p[:3] for p in model.predict([pictures, facts], verbose=0)],
    "evaluated": model.evaluate(inputs, targets, verbose=0, return_dict=True),
    "features": features.predict([pictures, facts], verbose=0)[0],
    "parameters": model.count_params(),
    "shapes": [model.input_shape, model.output_shape],
}
