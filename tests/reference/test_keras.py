"""The same code on Keras 3 and on minicnn: same weights, same shapes, same numbers, same training.

Runs where Keras is installed (with any of its backends that keeps channels last; tried on PyTorch).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minicnn

from .live_keras import live_keras

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

LAYERS: dict[str, Callable[[Any], list[Any]]] = {
    "conv": lambda la: [la.Conv2D(6, 3)],
    "conv same strides groups": lambda la: [
        la.Conv2D(6, (3, 2), strides=2, padding="same", activation="relu", groups=2)
    ],
    "conv dilated": lambda la: [la.Conv2D(6, 3, dilation_rate=2, padding="same")],
    "depthwise": lambda la: [la.DepthwiseConv2D(3, depth_multiplier=2, padding="same")],
    "depthwise strides": lambda la: [la.DepthwiseConv2D(3, strides=2, padding="same")],
    "separable": lambda la: [la.SeparableConv2D(5, 3, depth_multiplier=2, activation="tanh")],
    "transpose valid": lambda la: [la.Conv2DTranspose(5, 3)],
    "transpose same": lambda la: [la.Conv2DTranspose(5, 3, strides=2, padding="same")],
    "transpose strides": lambda la: [la.Conv2DTranspose(5, 4, strides=3)],
    "max pool": lambda la: [la.MaxPooling2D(3, 2, "same")],
    "average pool": lambda la: [la.AveragePooling2D(3, 2, "same")],
    "global average": lambda la: [la.GlobalAveragePooling2D(keepdims=True)],
    "global max": lambda la: [la.GlobalMaxPooling2D()],
    "zero padding": lambda la: [la.ZeroPadding2D(((1, 2), (0, 3)))],
    "nearest": lambda la: [la.UpSampling2D((2, 3))],
    "bilinear": lambda la: [la.UpSampling2D(3, interpolation="bilinear")],
    "dense softmax": lambda la: [la.Flatten(), la.Dense(7, activation="softmax")],
    "dense on images": lambda la: [la.Dense(7)],
    "reshape": lambda la: [la.Reshape((11, -1))],
    "relu": lambda la: [la.ReLU(max_value=1, negative_slope=0.1, threshold=0.2)],
    "leaky relu": lambda la: [la.LeakyReLU()],
    "elu": lambda la: [la.ELU(0.7), la.Conv2D(3, 2, activation="gelu"), la.Activation("mish")],
    "prelu shared": lambda la: [la.PReLU(shared_axes=[1, 2])],
    "softmax axis": lambda la: [la.Softmax(axis=1)],
    "cropping": lambda la: [la.Cropping2D(((1, 2), (0, 3)))],
    "permute": lambda la: [la.Permute((2, 3, 1))],
    "rows": lambda la: [la.Reshape((-1, 4)), la.Conv1D(6, 3, strides=2, padding="same", groups=2)],
    "causal": lambda la: [la.Reshape((-1, 4)), la.Conv1D(6, 3, padding="causal", dilation_rate=3)],
    # Odd windows: with even ones Keras on PyTorch repeats the steps at the ends, where TensorFlow counts no padding.
    "pool rows": lambda la: [la.Reshape((-1, 4)), la.MaxPooling1D(3, 2, "same"), la.AveragePooling1D(5, 1, "same")],
    "batch norm": lambda la: [la.BatchNormalization()],
    "batch norm bare": lambda la: [la.BatchNormalization(center=False, scale=False)],
}
OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda opt: opt.SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "sgd clipvalue": lambda opt: opt.SGD(0.05, clipvalue=0.1),
    "adam clipnorm": lambda opt: opt.Adam(0.01, clipnorm=0.5),
    "rmsprop centered": lambda opt: opt.RMSprop(0.01, momentum=0.5, centered=True, global_clipnorm=1.0),
}
FIT_OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "validation": {"validation_split": 0.2},
    "class weights": {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}},
    "sample weights": {"sample_weight": np.linspace(0, 2, 37)},
}


@pytest.fixture(scope="module")
def keras() -> Any:
    return live_keras()


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_with_kerass_weights_gives_kerass_numbers(keras: Any, name: str) -> None:
    rng = np.random.default_rng(0)
    theirs = keras.Sequential([keras.layers.Input((9, 11, 4)), *LAYERS[name](keras.layers)])
    ours = minicnn.Sequential([minicnn.Input((9, 11, 4)), *LAYERS[name](minicnn.layers)])
    weights = [rng.uniform(0.1, 0.9, w.shape).astype("float32") for w in theirs.get_weights()]
    theirs.set_weights(weights)
    ours.set_weights(weights)
    x = rng.standard_normal((3, 9, 11, 4)).astype("float32")
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), rtol=1e-4, atol=1e-5)
    assert ours.count_params() == theirs.count_params()
    assert ours.output_shape == theirs.output_shape


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("options", FIT_OPTIONS)
def test_the_same_code_trains_to_the_same_history(keras: Any, optimizer: str, options: str) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((37, 9, 11, 4)).astype("float32"), rng.integers(0, 3, 37)
    histories = []
    weights = None
    for library in (keras, minicnn):
        la = library.layers
        model = library.Sequential(
            [
                la.Input((9, 11, 4)),
                la.Conv2D(6, 3, activation="relu"),
                la.BatchNormalization(),
                la.MaxPooling2D(2),
                la.Flatten(),
                la.Dense(3, activation="softmax"),
            ]
        )
        if weights is None:
            weights = [rng.uniform(0.1, 0.5, w.shape).astype("float32") for w in model.get_weights()]
        model.set_weights(weights)
        model.compile(
            OPTIMIZERS[optimizer](library.optimizers), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        fitted = model.fit(x, y, epochs=4, batch_size=8, shuffle=False, verbose=0, **FIT_OPTIONS[options])
        histories.append(fitted.history)
    theirs, ours = histories
    assert sorted(ours) == sorted(theirs)
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, rtol=1e-3, atol=1e-4, err_msg=name)
