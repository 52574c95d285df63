import numpy as np
from keras import Input, Sequential, layers, optimizers
from keras.optimizers.schedules import CosineDecay, ExponentialDecay, LearningRateSchedule, PiecewiseConstantDecay

rng = np.random.default_rng(0)
x, y = rng.normal(size=(40, 4)), rng.normal(size=(40, 3))


class Hyperbola(LearningRateSchedule):
    def __init__(self, half):
        self.half = half

    def __call__(self, step):
        return 0.1 / (1 + step / self.half)


def trained(optimizer):
    model = Sequential([Input((4,)), layers.Dense(3)])
    begin(model)
    model.compile(optimizer, loss="mse", metrics=["mae"])
    history = model.fit(x, y, epochs=3, batch_size=8, verbose=0, shuffle=False)
    return [history.history, float(model.optimizer.learning_rate)]


falling = ExponentialDecay(initial_learning_rate=0.1, decay_steps=10, decay_rate=0.9, staircase=True)
steps = PiecewiseConstantDecay([5, 12], [0.1, 0.05, 0.01])
seen = {
    "staircase": trained(optimizers.SGD(learning_rate=falling, momentum=0.9)),
    "cosine": trained(optimizers.RMSprop(CosineDecay(0.01, 10, warmup_target=0.05, warmup_steps=4))),
    "pieces": trained(optimizers.Adagrad(steps)),
    "own": trained(optimizers.Adam(Hyperbola(5.0), clipnorm=1.0)),
    "by name": trained("nadam"),
}
