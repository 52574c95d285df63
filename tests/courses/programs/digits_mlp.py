from keras.datasets import mnist
from keras.layers import Activation, Dense
from keras.models import Sequential
from keras.optimizers import SGD
from keras.utils import to_categorical

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train = x_train.reshape(-1, 784).astype("float32") / 255
x_test = x_test.reshape(-1, 784).astype("float32") / 255
Y_train, Y_test = to_categorical(y_train, 10), to_categorical(y_test, 10)

model = Sequential()
model.add(Dense(32, input_dim=784))
model.add(Activation("relu"))
model.add(Dense(16, activation="tanh", kernel_initializer="he_normal"))
model.add(Dense(10))
model.add(Activation("softmax"))
model.summary()
begin(model)
sgd = SGD(learning_rate=0.01, momentum=0.9, nesterov=True)
model.compile(loss="categorical_crossentropy", optimizer=sgd, metrics=["accuracy"], jit_compile=False)
history = model.fit(
    x_train, Y_train, batch_size=32, epochs=2, verbose=1, validation_data=(x_test, Y_test), shuffle=False
)
model.optimizer.learning_rate.assign(0.001)

seen = {
    "history": history.history,
    "epochs": history.epoch,
    "score": model.evaluate(x_test, Y_test, verbose=0),
    "by name": model.evaluate(x_test, Y_test, verbose=2, return_dict=True),
    "probabilities": model.predict(x_test[:3]),
    "classes": model.predict(x_test, verbose=0).argmax(-1),
    "parameters": model.count_params(),
    "layers": [layer.name for layer in model.layers],
    "shapes": [w.shape for w in model.get_weights()],
    "learning rate": float(model.optimizer.learning_rate),
    "one step": model.train_on_batch(x_train[:8], Y_train[:8]),
    "one batch": model.test_on_batch(x_train[:8], Y_train[:8]),
}
