import keras
from keras import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train, x_test = x_train[..., None] / 255.0, x_test[..., None] / 255.0

model = keras.Sequential(
    [
        keras.Input(shape=(28, 28, 1)),
        layers.Conv2D(4, (3, 3), activation="relu", padding="same", name="first"),
        layers.BatchNormalization(),
        layers.MaxPooling2D((2, 2), strides=2),
        layers.Conv2D(filters=8, kernel_size=3, strides=2, kernel_regularizer=keras.regularizers.l2(1e-3)),
        layers.LeakyReLU(negative_slope=0.1),
        layers.GlobalAveragePooling2D(),
        layers.Dropout(0.0),
        layers.Dense(10, activation="softmax", kernel_constraint=keras.constraints.MaxNorm(3)),
    ],
    name="small",
)
begin(model)
top3 = keras.metrics.SparseTopKCategoricalAccuracy(k=3, name="top3")
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy", top3])
history = model.fit(x_train, y_train.astype("float32"), epochs=2, validation_split=0.25, verbose=2, shuffle=False)

# Filters, and what the layers make of a picture.
filters, biases = model.get_layer("first").get_weights()
model.get_layer("first").set_weights([filters * 2, biases])
maps = keras.Model(inputs=model.inputs, outputs=[layer.output for layer in model.layers[:3]])
last = keras.Model(model.inputs, model.get_layer(index=3).output)

seen = {
    "history": history.history,
    "maps": [a.shape for a in maps.predict(x_test[:2], verbose=0)],
    "a map": last.predict(x_test[:1], verbose=0)[0, 0, :2],
    "called": tuple(last(x_test[:3]).shape),
    "parameters": model.count_params(),
    "learned": [tuple(v.shape) for v in model.trainable_variables],
    "kept": [tuple(v.shape) for v in model.non_trainable_weights],
    "settings": [model.layers[3].kernel_size, model.layers[3].strides, model.layers[3].padding],
    "name": model.name,
}
