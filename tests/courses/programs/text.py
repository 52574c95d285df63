import keras
import numpy as np
from keras import layers
from keras.models import Sequential
from keras.preprocessing.sequence import pad_sequences

rng = np.random.default_rng(0)
texts = [rng.integers(1, 200, rng.integers(5, 40)).tolist() for _ in range(60)]
x, y = pad_sequences(texts, maxlen=30), rng.integers(0, 2, 60)

model = Sequential()
model.add(layers.Embedding(200, 8, input_shape=(30,)))
model.add(layers.Conv1D(8, 5, activation="relu", padding="same"))
model.add(layers.MaxPooling1D(2))
model.add(layers.Conv1D(8, 3, activation="relu"))
model.add(layers.GlobalMaxPooling1D())
model.add(layers.Dense(1, activation="sigmoid"))
begin(model)
metrics = [
    "acc",
    keras.metrics.Precision(name="precision"),
    keras.metrics.Recall(name="recall"),
    keras.metrics.AUC(name="auc"),
]
model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=metrics)
history = model.fit(x, y, epochs=2, batch_size=20, validation_split=0.2, shuffle=False, verbose=0)

words = keras.Input(shape=(30,), dtype="int32")
embedded = layers.Embedding(input_dim=200, output_dim=6)(words)
views = [layers.GlobalMaxPooling1D()(layers.Conv1D(4, k, activation="relu")(embedded)) for k in (2, 3, 4)]
wide = keras.Model(words, layers.Dense(1)(layers.Concatenate()(views)))
begin(wide)
loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)
wide.compile("adam", loss, metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)])

seen = {
    "padded": pad_sequences([[1, 2, 3], [4]], maxlen=2, padding="post", truncating="post"),
    "history": history.history,
    "wide": wide.fit(x, y, epochs=1, shuffle=False, verbose=0).history,
    "yes": (model.predict(x, verbose=0) > 0.5).astype("int32")[:5],
    "parameters": [model.count_params(), wide.count_params()],
}
