"""What in a picture speaks for a class: gradients with respect to pictures and feature maps, without a GradientTape."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn import Input, Model, Sequential, Tensor, layers
from tests.courses.course import begin

X = np.random.default_rng(0).random((2, 12, 12, 1)).astype("float32")


@pytest.fixture
def model() -> Sequential:
    stack = [layers.Conv2D(4, 3, activation="relu", name="last"), layers.MaxPooling2D(), layers.Flatten()]
    made = Sequential([Input((12, 12, 1)), *stack, layers.Dense(3)])
    begin(made)
    return made


def test_the_gradient_of_a_class_with_respect_to_the_picture(model: Sequential) -> None:
    pictures = Tensor(X, requires_grad=True)
    model(pictures)[:, 1].sum().backward()
    step = np.zeros_like(X)
    step[1, 5, 6] = 0.01
    slope = (model.predict(X + step, verbose=0) - model.predict(X - step, verbose=0))[1, 1] / 0.02
    assert pictures.grad is not None
    assert pictures.grad[1, 5, 6, 0] == pytest.approx(slope, rel=1e-2)
    assert np.abs(pictures.grad).max() > 0


def test_the_class_activation_map_of_the_last_convolution(model: Sequential) -> None:
    last = model.get_layer("last").output
    maps_of, scores_of = Model(model.inputs, last), Model(last, model.output)
    maps = Tensor(maps_of.predict(X, verbose=0), requires_grad=True)
    scores = scores_of(maps)
    np.testing.assert_allclose(scores.numpy(), model.predict(X, verbose=0), rtol=1e-5)
    scores[:, 2].sum().backward()
    assert maps.grad is not None
    heat = np.maximum((maps.grad.mean(axis=(1, 2), keepdims=True) * maps.numpy()).sum(axis=-1), 0)
    assert heat.shape == (2, 10, 10)
    # What a map gains in a pooling window's winner is worth the kernel's weight there: the sums over a map agree.
    kernel = model.layers[-1].kernel.numpy().reshape(5, 5, 4, 3)[..., 2]
    np.testing.assert_allclose(maps.grad.sum(axis=(1, 2)), np.broadcast_to(kernel.sum(axis=(0, 1)), (2, 4)), rtol=1e-4)
