"""Models that live on a device: the same numbers as in main memory, and nothing comes back but the loss."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicnn import (
    Tensor,
    constraints,
    fusing,
    layers,
    losses,
    models,
    optimizers,
    regularizers,
    set_random_seed,
    use_backend,
)
from minicnn.backends import current_backend, status
from minicnn.errors import BackendError, DeviceError, NonFiniteError
from minicnn.kernels import softgpu
from minicnn.training.repetition import repeating
from tests.training.tasks import linear, quarters

DEVICE = "cuda-sim"
pytestmark = pytest.mark.skipif(bool(status()[DEVICE]), reason=f"{DEVICE} is missing: {status()[DEVICE]}")
LOGITS = {"loss": losses.SparseCategoricalCrossentropy(from_logits=True)}
EACH_OPTIMIZER = {
    "sgd": lambda: optimizers.SGD(0.05),
    "momentum": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "adam": lambda: optimizers.Adam(0.01, weight_decay=0.1),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "clipnorm": lambda: optimizers.SGD(0.5, clipnorm=0.01),
    "global_clipnorm": lambda: optimizers.SGD(0.5, global_clipnorm=0.01),
    "clipvalue": lambda: optimizers.SGD(0.5, clipvalue=0.001),
}


def network(**compiling: Any) -> models.Sequential:
    """Every kind of state that a training has. In float64, so that Adam does not make much of a rounded zero."""
    set_random_seed(0)
    model = models.Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Conv2D(4, 3, use_bias=False),
            layers.BatchNormalization(momentum=0.8),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(4, activation=None if compiling.get("loss") is LOGITS["loss"] else "softmax"),
        ],
        dtype="float64",
    )
    settings = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **compiling}
    model.compile(**settings)
    return model


@pytest.fixture(autouse=True)
def _chosen() -> Any:
    """Who computes on arrays in main memory; those on the device decide for themselves."""
    with use_backend("numpy"):
        yield


def assert_same_weights(found: models.Model, expected: models.Model, tolerance: float = 1e-9) -> None:
    for variable, a, b in zip(expected.weights, found.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=variable.name)


def where(model: models.Model) -> set[str]:
    state = [] if model.optimizer is None else [Tensor(a) for kept in model.optimizer.state for a in kept.values()]
    return {tensor.device for tensor in (*model.weights, *state)}


@pytest.mark.parametrize("name", EACH_OPTIMIZER)
@pytest.mark.parametrize("compiling", [LOGITS, {}], ids=["logits", "probabilities"])
def test_it_trains_as_in_main_memory(name: str, compiling: dict[str, Any]) -> None:
    x, y = quarters()
    here, there = (network(optimizer=EACH_OPTIMIZER[name](), **compiling) for _ in range(2))
    assert there.to(DEVICE) is there
    settings: dict[str, Any] = {"epochs": 3, "batch_size": 16, "verbose": 0, "validation_split": 0.2}
    expected, found = here.fit(x, y, **settings), there.fit(x, y, **settings)
    for key, values in expected.history.items():
        np.testing.assert_allclose(found.history[key], values, rtol=1e-9, err_msg=key)
    assert_same_weights(there, here)
    assert where(there) == {DEVICE}
    prediction = there.predict(x)
    assert isinstance(prediction, np.ndarray)
    np.testing.assert_allclose(prediction, here.predict(x), rtol=1e-9)
    np.testing.assert_allclose(there.evaluate(x, y), here.evaluate(x, y), rtol=1e-9)


ZOO: dict[str, Callable[[], list[layers.Layer]]] = {
    "separable": lambda: [
        layers.SeparableConv2D(4, 3, activation="relu"),
        layers.GlobalMaxPooling2D(),
    ],
    "depthwise": lambda: [layers.DepthwiseConv2D(3, depth_multiplier=2), layers.PReLU(), layers.AveragePooling2D()],
    "transposed": lambda: [
        layers.Conv2DTranspose(3, 3, strides=2),
        layers.LeakyReLU(),
        layers.GlobalAveragePooling2D(),
    ],
    "shaping": lambda: [layers.ZeroPadding2D(1), layers.UpSampling2D(2, "bilinear"), layers.Reshape((-1, 4))],
    "batch-norm alone": lambda: [layers.BatchNormalization(center=False, scale=False), layers.Activation("tanh")],
    "softmax across": lambda: [layers.Conv2D(2, 1, groups=1), layers.Softmax(axis=1)],
    "pictures": lambda: [
        layers.RandomFlip(seed=1),
        layers.Rescaling(2.0, offset=[0.5]),
        layers.RandomContrast(0.5, seed=2),
        layers.RandomCrop(5, 4, seed=4),
        layers.Resizing(6, 6),
        layers.Normalization(mean=0.5, variance=[2.0]),
        layers.GaussianNoise(0.1, seed=3),
    ],
    "normalization": lambda: [layers.Normalization(), layers.Conv2D(4, 3)],
    "groups": lambda: [layers.Conv2D(4, 1), layers.Conv2D(4, 3, groups=2), layers.BatchNormalization(), layers.ReLU()],
}


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("fused", [True, False], ids=["fused", "unfused"])
def test_every_layer_trains_there(name: str, fused: bool) -> None:
    x, y = quarters(24)

    def train(device: str) -> models.Model:
        model, start = network(), np.linspace(-0.5, 0.7, 11)
        trained = models.Sequential([layers.Input((6, 6, 1)), *ZOO[name](), layers.Flatten(), layers.Dense(4)])
        trained.set_weights([np.resize(start if v.trainable else np.abs(start), v.shape) for v in trained.weights])
        trained.compile(optimizers.SGD(0.1), model.loss and losses.SparseCategoricalCrossentropy(from_logits=True))
        trained.to(device).fit(x, y, epochs=2, batch_size=8, verbose=0, shuffle=False)
        return trained

    with fusing(fused):
        assert_same_weights(train(DEVICE), train("cpu"), 1e-4)


@pytest.mark.parametrize("repeated", [True, False], ids=["repeated", "as it is written"])
def test_a_step_brings_back_the_loss_and_nothing_else(repeated: bool) -> None:
    x, y = quarters(8)
    x = x.astype(np.float64)
    model = network(optimizer="sgd", metrics=[], **LOGITS).to(DEVICE)
    with repeating(repeated):
        for _ in range(3):
            model.train_on_batch(x, y)
        with softgpu.transfers() as seen:
            model.train_on_batch(x, y)
    assert seen[:3] == [("device", x.nbytes), ("device", 4 * len(y)), ("host", 8)]
    # Where the gradients lie changes from step to step, if the steps are not repeated: the update is told.
    assert seen[3:] == [] if repeated else [transfer.to for transfer in seen[3:]] in ([], ["device"])


def seen_of(*chain: layers.Layer, training: bool = True) -> list[softgpu.Transfer]:
    """What is moved when pictures pass the layers on the device."""
    x, _ = quarters(8)
    model = models.Sequential([layers.Input((6, 6, 1)), *chain, layers.Flatten(), layers.Dense(4)]).to(DEVICE)
    with softgpu.transfers() as seen:
        model(x, training=training)
    assert seen[0] == ("device", x.nbytes)
    return seen[1:]


def test_pictures_come_back_to_be_interpolated() -> None:
    x, _ = quarters(8)
    assert seen_of(layers.RandomRotation(0.1, seed=1)) == [("host", x.nbytes), ("device", x.nbytes)]
    first = models.Sequential([layers.Input((6, 6, 1)), layers.RandomFlip(seed=1)]).to(DEVICE)
    assert first(x).device == DEVICE


def test_pictures_stay_where_they_are_for_everything_else() -> None:
    chain = [layers.RandomFlip(seed=1), layers.RandomCrop(5, 5, seed=1), layers.CenterCrop(4, 4), layers.Rescaling(2.0)]
    chain += [layers.Normalization(), layers.RandomContrast(0.5, (-9, 9)), layers.RandomBrightness(0.5, (-9, 9))]
    chain += [layers.Cropping2D(1), layers.ZeroPadding2D(1)]
    assert [transfer for transfer in seen_of(*chain) if transfer.to == "host" or transfer.nbytes > 8 * 4] == []


def test_metrics_bring_the_predictions_back_once() -> None:
    x, y = quarters(8)
    model = network(metrics=["accuracy", "sparse_categorical_accuracy"], **LOGITS).to(DEVICE)
    for _ in range(3):
        model.train_on_batch(x, y)
    with softgpu.transfers() as seen:
        model.train_on_batch(x, y)
    assert [transfer for transfer in seen if transfer.to == "host"] == [("host", 8), ("host", 8 * 4 * 8)]


def test_clipping_does_not_look_the_norm_up() -> None:
    x, y = quarters(8)
    model = network(optimizer=optimizers.Adam(global_clipnorm=1.0, weight_decay=0.1), metrics=[], **LOGITS).to(DEVICE)
    for _ in range(3):
        model.train_on_batch(x, y)
    with softgpu.transfers() as seen:
        model.train_on_batch(x, y)
    assert [transfer for transfer in seen if transfer.to == "host"] == [("host", 8)]


@pytest.mark.parametrize("name", [*losses._KNOWN, "sparse_categorical_crossentropy of pixels"])
def test_every_loss_trains_there(name: str) -> None:
    x, y = quarters(16)
    targets: Any = np.eye(4)[y]
    known = name.removesuffix(" of pixels")
    weights = None if name in ("dice", "tversky") else np.linspace(0.5, 2, 16)  # those are one number a batch
    if "sparse" in name:
        targets = np.stack([y, 3 - y], axis=1) if known != name else y

    def train(device: str) -> models.Model:
        set_random_seed(0)
        shape = [layers.Dense(8), layers.Reshape((2, 4))] if known != name else [layers.Dense(4)]
        model = models.Sequential(
            [layers.Input((6, 6, 1)), layers.Flatten(), *shape, layers.Softmax()], dtype="float64"
        ).to(device)
        model.compile(optimizers.SGD(0.1), known)
        model.fit(x, targets, epochs=2, batch_size=8, verbose=0, sample_weight=weights)
        return model

    assert_same_weights(train(DEVICE), train("cpu"))


def test_a_loss_of_ones_own_gets_its_targets_there() -> None:
    x, y = quarters(8)
    model = linear(loss=lambda y_true, y_pred: ((y_pred - y_true) ** 2).sum(axis=1)).to(DEVICE)
    assert model.fit(x, np.eye(4)[y], epochs=3, verbose=0).history["loss"][-1] < 1


@pytest.mark.parametrize("repeated", [True, False], ids=["repeated", "as it is written"])
def test_penalties_and_constraints_are_computed_there(repeated: bool) -> None:
    x, y = quarters(16)
    x = x.astype(np.float64)

    def trained(device: str) -> models.Model:
        set_random_seed(0)
        dense = layers.Dense(
            4,
            kernel_regularizer=regularizers.L1L2(0.01, 0.02),
            bias_regularizer=regularizers.L2(0.1),
            kernel_constraint=constraints.MaxNorm(0.5),
        )
        other = layers.Dense(5, kernel_regularizer=regularizers.OrthogonalRegularizer(0.1), kernel_constraint="non_neg")
        model = models.Sequential([layers.Input((6, 6, 1)), layers.Flatten(), other, dense], dtype="float64")
        model.compile(optimizers.Adam(0.01, use_ema=True, amsgrad=True), LOGITS["loss"])
        with repeating(repeated):
            for _ in range(4):
                model.to(device).train_on_batch(x, y)
            with softgpu.transfers() as seen:
                model.train_on_batch(x, y)
        assert [transfer for transfer in seen if transfer.to == "host"] == ([("host", 8)] if device == DEVICE else [])
        return model

    assert_same_weights(trained(DEVICE), trained("cpu"))


def test_it_may_move_between_steps() -> None:
    x, y = quarters()
    here, moving = network(optimizer=EACH_OPTIMIZER["adam"]()), network(optimizer=EACH_OPTIMIZER["adam"]())
    for device in (DEVICE, DEVICE, "cpu", DEVICE, "cpu"):
        here.fit(x, y, batch_size=20, verbose=0)
        moving.to(device).to(device).fit(x, y, batch_size=20, verbose=0)
        assert where(moving) == {device} and moving.device == device
    assert_same_weights(moving, here)


def test_a_model_that_nobody_moved_follows_the_backend() -> None:
    x, y = quarters(20)
    model = network()
    with use_backend(DEVICE):
        model.fit(x, y, verbose=0)
        assert where(model) == {DEVICE}
        assert model(x).device == DEVICE
    model.fit(x, y, verbose=0)
    assert where(model) == {"cpu"}
    model.to("cpu")
    with use_backend(DEVICE):
        model.fit(x, y, verbose=0)
        assert current_backend().name == DEVICE
    assert where(model) == {"cpu"}


def test_it_is_saved_there_and_loaded_here(tmp_path: Path) -> None:
    x, y = quarters(20)
    model = network().to(DEVICE)
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.safetensors")
    models.save_training(model, tmp_path / "training.safetensors", {})
    loaded = models.load_model(tmp_path / "model.safetensors")
    going_on, _ = models.load_training(tmp_path / "training.safetensors")
    assert where(loaded) == where(going_on) == {"cpu"}
    assert all(isinstance(w, np.ndarray) for w in model.get_weights())
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    model.fit(x, y, verbose=0)
    going_on.fit(x, y, verbose=0)
    assert_same_weights(going_on, model)
    model.load_weights(tmp_path / "model.safetensors")
    assert where(model) == {DEVICE}


def test_weights_are_set_where_they_live() -> None:
    model = network().to(DEVICE)
    places = [v.data for v in model.weights]
    model.set_weights([w + 1 for w in model.get_weights()])
    assert all(v.data is place for v, place in zip(model.weights, places, strict=True))
    layer = model.get_layer("dense")
    layer.set_weights([np.full((16, 4), 0.5, np.float32), [1, 2, 3, 4]])  # other types, as Keras takes them
    assert layer.bias.numpy().tolist() == [1, 2, 3, 4] and layer.bias.dtype == np.float64


def test_a_copy_has_weights_of_its_own() -> None:
    x, y = quarters(20)
    model = network().to(DEVICE)
    twin = copy.deepcopy(model)
    before = twin.get_weights()
    model.fit(x, y, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, twin.get_weights(), strict=True))
    assert where(twin) == {DEVICE}


def test_layers_that_come_later_live_there_too() -> None:
    model = models.Sequential([layers.Input((4,)), layers.Dense(3)]).to(DEVICE)
    model(np.ones((2, 4), np.float32))
    model.add(layers.Dense(2))
    assert where(model) == {DEVICE}
    assert model(np.ones((2, 4), np.float32)).device == DEVICE


def test_a_loss_that_is_not_finite_is_said() -> None:
    x, y = quarters(20)
    model = network(optimizer=optimizers.SGD(1e30), **LOGITS).to(DEVICE)
    with pytest.raises(NonFiniteError, match=r"layer '\w+'"):
        model.fit(x, y, epochs=9, verbose=0)


def test_what_lives_elsewhere_is_refused() -> None:
    x, y = quarters(8)
    here, there = network(), network().to(DEVICE)
    image = Tensor(x)
    with pytest.raises(DeviceError, match="x on 'cpu', w on 'cuda-sim'"):
        there(image)
    with pytest.raises(DeviceError, match="x on 'cuda-sim', w on 'cpu'"):
        here(image.to(DEVICE))
    with pytest.raises(DeviceError, match=r"x lives on 'cuda-sim'.*x\.numpy\(\)"):
        here.fit(image.to(DEVICE), y, verbose=0)
    with pytest.raises(BackendError, match=r"no device 'cuda-simm'.*did you mean"):
        here.to("cuda-simm")
    assert where(here) == {"cpu"}


def test_own_loops_train_there() -> None:
    x, y = quarters(40)
    here, there = linear(), linear().to(DEVICE)
    for model in (here, there):
        loss_of, optimizer = losses.SparseCategoricalCrossentropy(), optimizers.Adam(0.01)
        for _ in range(3):
            for variable in model.weights:
                variable.zero_grad()
            loss = loss_of(y, model(x.astype(np.float64), training=True))
            loss.backward()
            optimizer.apply([v.grad for v in model.trainable_weights], model.trainable_weights)
    assert_same_weights(there, here, 1e-12)
