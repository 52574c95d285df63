"""Every optimizer and schedule as Keras computes them: one expression for both libraries, and Keras's numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .archive import Group

STEPS = 50
KEPT = (0, 1, 4, 9, 24, 49)  # after which of them the variables are looked at

OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda o: o.SGD(),
    "sgd momentum": lambda o: o.SGD(0.05, momentum=0.9),
    "sgd nesterov": lambda o: o.SGD(0.05, 0.9, True, weight_decay=0.01),
    "sgd clipvalue": lambda o: o.SGD(0.05, clipvalue=0.3),
    "sgd averaged": lambda o: o.SGD(0.1, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=3),
    "rmsprop": lambda o: o.RMSprop(),
    "rmsprop centered": lambda o: o.RMSprop(0.01, 0.8, 0.5, 1e-6, True),
    "adagrad": lambda o: o.Adagrad(),
    "adagrad options": lambda o: o.Adagrad(0.1, 0.01, 1e-3, weight_decay=0.02),
    "adadelta": lambda o: o.Adadelta(),
    "adadelta options": lambda o: o.Adadelta(1.0, 0.8, 1e-4),
    "adam": lambda o: o.Adam(),
    "adam clipnorm": lambda o: o.Adam(0.05, clipnorm=0.5),
    "adam amsgrad": lambda o: o.Adam(0.05, 0.8, 0.6, 1e-5, True),
    "adam schedule": lambda o: o.Adam(o.schedules.ExponentialDecay(0.1, 10, 0.5)),
    "adamw": lambda o: o.AdamW(),
    "adamw options": lambda o: o.AdamW(0.05, 0.1, 0.8, 0.9, amsgrad=True, global_clipnorm=1.0),
    "adamax": lambda o: o.Adamax(),
    "adamax options": lambda o: o.Adamax(0.05, 0.8, 0.7, 1e-4, clipvalue=0.2),
    "nadam": lambda o: o.Nadam(),
    "nadam options": lambda o: o.Nadam(0.05, 0.8, 0.7, 1e-4, weight_decay=0.05),
}
SCHEDULES: dict[str, Callable[[Any], Any]] = {
    "exponential": lambda s: s.ExponentialDecay(0.1, 10, 0.7),
    "exponential stairs": lambda s: s.ExponentialDecay(0.1, 7, 0.7, True),
    "inverse time": lambda s: s.InverseTimeDecay(0.1, 10, 0.5),
    "inverse time stairs": lambda s: s.InverseTimeDecay(0.1, 7, 0.5, staircase=True),
    "polynomial": lambda s: s.PolynomialDecay(0.1, 30),
    "polynomial power": lambda s: s.PolynomialDecay(0.1, 30, 0.01, 2.5),
    "polynomial cycle": lambda s: s.PolynomialDecay(0.1, 12, 0.01, 0.5, cycle=True),
    "pieces": lambda s: s.PiecewiseConstantDecay([5, 20], [0.1, 0.03, 0.01]),
    "cosine": lambda s: s.CosineDecay(0.1, 30),
    "cosine warm": lambda s: s.CosineDecay(0.01, 30, 0.1, warmup_target=0.2, warmup_steps=8),
    "restarts": lambda s: s.CosineDecayRestarts(0.1, 5),
    "restarts options": lambda s: s.CosineDecayRestarts(0.1, 7, 1.5, 0.8, 0.1),
    "restarts alike": lambda s: s.CosineDecayRestarts(0.1, 7, 1.0, 0.5),
}


def start() -> list[np.ndarray]:
    """The variables before the first step."""
    rng = np.random.default_rng(5)
    return [2 * rng.random(shape) - 1 for shape in ((3, 2), (4,))]


def gradients(step: int) -> list[np.ndarray]:
    """Some other gradients at every step."""
    rng = np.random.default_rng([7, step])
    return [2 * rng.random(shape) - 1 for shape in ((3, 2), (4,))]


def results(keras: Any) -> dict[str, Group]:
    """The variables on the way, from each optimizer; the rate of each step, from each schedule."""
    found = {}
    for name, make in OPTIMIZERS.items():
        optimizer, variables = make(keras.optimizers), [keras.Variable(a, dtype="float64") for a in start()]
        arrays = {}
        for step in range(STEPS):
            values = [keras.ops.convert_to_tensor(g) for g in gradients(step)]
            optimizer.apply_gradients(list(zip(values, variables, strict=True)))
            if step in KEPT:
                arrays.update({f"{i} after {step}": np.array(v) for i, v in enumerate(variables)})
        found[name] = Group(arrays)
    for name, make in SCHEDULES.items():
        schedule = make(keras.optimizers.schedules)
        found[f"schedule {name}"] = Group({"rates": np.array([float(schedule(step)) for step in range(40)])})
    return found
