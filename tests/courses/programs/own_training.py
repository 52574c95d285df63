import keras
import numpy as np
from keras import layers, ops
from torch import no_grad

rng = np.random.default_rng(0)
x, y = rng.random((40, 4)).astype("float32"), rng.random((40, 3)).astype("float32")


def step(loss, model, optimizer):
    model.zero_grad()
    loss.backward()
    weights = list(model.trainable_weights)
    gradients = [v.value.grad for v in weights]
    with no_grad():
        optimizer.apply(gradients, weights)


# The loop by itself.
model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
begin(model)
optimizer, loss_fn, metric = (
    keras.optimizers.Adam(0.01),
    keras.losses.MeanSquaredError(),
    keras.metrics.MeanSquaredError(),
)
loop = []
for _ in range(2):
    for start in range(0, 40, 10):
        predictions = model(x[start : start + 10], training=True)
        step(loss_fn(y[start : start + 10], predictions), model, optimizer)
        metric.update_state(y[start : start + 10], predictions)
    loop.append(float(metric.result()))
    metric.reset_state()


# Its step in fit.
class Own(keras.Model):
    def train_step(self, data):
        x, y = data
        y_pred = self(x, training=True)
        loss = self.compute_loss(y=y, y_pred=y_pred)
        step(loss, self, self.optimizer)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics if m.name == "loss"}


inputs = keras.Input((4,))
own = Own(inputs, layers.Dense(3)(layers.Dense(5, activation="relu")(inputs)))
begin(own)
own.compile(keras.optimizers.SGD(0.1), "mse")
history = own.fit(x, y, epochs=2, batch_size=8, shuffle=False, verbose=0, validation_data=(x, y))


# Two networks against one another.
class GAN(keras.Model):
    def __init__(self, critic, maker):
        super().__init__()
        self.critic, self.maker = critic, maker
        self.tracker = keras.metrics.Mean(name="critic_loss")

    def call(self, noise):
        return self.maker(noise)

    def compile(self, critic_optimizer, maker_optimizer, loss_fn):
        super().compile()
        self.critic_optimizer, self.maker_optimizer, self.loss_fn = critic_optimizer, maker_optimizer, loss_fn

    @property
    def metrics(self):
        return [self.tracker]

    def train_step(self, real):
        real = real[0] if isinstance(real, tuple) else real
        n = ops.shape(real)[0]
        noise = np.ones((n, 2), "float32")
        both = ops.concatenate([self.maker(noise), ops.convert_to_tensor(real)], axis=0)
        labels = np.concatenate([np.ones((n, 1)), np.zeros((n, 1))]).astype("float32")
        critic_loss = self.loss_fn(labels, self.critic(both))
        step(critic_loss, self.critic, self.critic_optimizer)
        maker_loss = self.loss_fn(np.zeros((n, 1), "float32"), self.critic(self.maker(noise)))
        step(maker_loss, self.maker, self.maker_optimizer)
        self.tracker.update_state(critic_loss)
        return {"critic_loss": self.tracker.result(), "maker_loss": maker_loss}


critic = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
maker = keras.Sequential([keras.Input((2,)), layers.Dense(4)])
begin(critic)
begin(maker)
gan = GAN(critic, maker)
made = gan(np.ones((1, 2), "float32"))
gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), keras.losses.BinaryCrossentropy(from_logits=True))
seen = {
    "loop": loop,
    "own": history.history,
    "gan": gan.fit(x, epochs=2, batch_size=10, shuffle=False, verbose=0).history,
    "weights": own.get_weights()[0],
}
