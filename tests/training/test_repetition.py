"""A repeated step must be the step that is written: the same bits, whatever changes in between."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minicnn
from minicnn import Sequential, layers, losses, optimizers, repeating
from minicnn.backends import current_backend, use_backend
from minicnn.errors import DataError, NonFiniteError
from minicnn.kernels.cpu import memory
from minicnn.training.repetition import _REPEATABLE
from tests.conftest import Spy

IMAGE, CLASSES, BATCH = (12, 12, 2), 3, 6
NETWORKS: dict[str, Callable[[], list[Any]]] = {
    "conv and dense": lambda: [
        layers.Conv2D(4, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(5, 3, strides=2),
        layers.LeakyReLU(),
        layers.Flatten(),
        layers.Dense(7, activation="relu"),
        layers.Dense(CLASSES),
    ],
    "batch-norm and dropout": lambda: [
        layers.Conv2D(4, 3, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(2),
        layers.Dropout(0.3, seed=1),
        layers.Conv2D(5, 3, groups=1, activation="tanh"),
        layers.BatchNormalization(),
        layers.Activation("sigmoid"),
        layers.MaxPooling2D(2, strides=1),
        layers.Reshape((-1,)),
        layers.Dropout(0.5, seed=2),
        layers.Dense(CLASSES),
    ],
    "soft activations": lambda: [
        layers.Conv2D(4, 3, activation="gelu"),
        layers.ELU(0.5),
        layers.Conv2D(4, 3, activation="silu"),
        layers.Activation("softplus"),
        layers.Flatten(),
        layers.Dense(7, activation="selu"),
        layers.Dense(CLASSES, activation="elu"),
    ],
    "strides past the kernel, and each algorithm": lambda: [
        layers.Conv2D(4, 2, strides=1, padding="same", activation="relu6"),
        layers.Conv2D(4, 3, algorithm="winograd", activation="relu"),
        layers.Conv2D(4, 3, padding="same", algorithm="winograd"),
        layers.BatchNormalization(),
        layers.Conv2D(4, 3, padding="same", algorithm="im2col", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(4, 2, strides=3, padding="same"),
        layers.ReLU(max_value=4.0, negative_slope=0.1),
        layers.Flatten(),
        layers.Dense(CLASSES, activation="softmax"),
    ],
}
EVERYTHING = pytest.mark.parametrize("name", NETWORKS)


def network(name: str, seed: int = 0) -> Sequential:
    minicnn.set_random_seed(seed)
    model = Sequential([layers.Input(IMAGE), *NETWORKS[name]()])
    model.compile(optimizers.SGD(0.05, momentum=0.9), losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def batch(number: int, size: int = BATCH) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(number)
    return rng.standard_normal((size, *IMAGE), dtype=np.float32), rng.integers(0, CLASSES, size)


def trained(name: str, on: bool, between: Callable[[Sequential, int], None] = lambda *_: None) -> list[Any]:
    """Losses and predictions of some steps, and the weights at their end."""
    with repeating(on):
        model = network(name)
        seen = []
        for number in range(6):
            between(model, number)
            x, y = batch(number)
            seen += [model.train_on_batch(x, y), model.predict_on_batch(x)]
        return [*seen, *model.get_weights()]


def assert_equal_bits(a: list[Any], b: list[Any]) -> None:
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one, other)


@EVERYTHING
def test_repeated_steps_are_the_steps(backend: Spy, name: str) -> None:
    assert_equal_bits(trained(name, True), trained(name, False))


def test_turned_axes_are_not_repeated(backend: Spy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flatten has NumPy copy what Softmax has turned: kernels alone would go on with the first step's numbers."""
    across = [layers.Conv2D(2, 1), layers.Softmax(axis=1), layers.Flatten(), layers.Dense(CLASSES)]
    monkeypatch.setitem(NETWORKS, "across", lambda: [type(layer).from_config(layer.get_config()) for layer in across])
    assert_equal_bits(trained("across", True), trained("across", False))


@EVERYTHING
def test_the_third_step_runs_kernels_only(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = network(name)
    calls = []
    written = Sequential.__call__
    monkeypatch.setattr(Sequential, "__call__", lambda *args, **options: calls.append(1) or written(*args, **options))
    for number in range(5):
        model.train_on_batch(*batch(number))
    assert len(calls) == 2
    for number in range(5):
        model.predict_on_batch(batch(number)[0])
    assert len(calls) == 4


def test_steps_after_the_second_take_no_large_memory() -> None:
    own = memory.Pool(None)
    before = memory.use(own)
    try:
        model = network("conv and dense")
        made = []
        for number in range(6):
            model.train_on_batch(*batch(number, size=200))
            made.append(own.made)
    finally:
        memory.use(before)
    assert made[0] > 0
    assert made[1:] == made[:1] * 5


CHANGES: dict[str, Callable[[Sequential, int], None]] = {
    "weights overwritten": lambda model, n: n == 3 and model.set_weights([w * 0.5 for w in model.get_weights()]),
    "weights in another array": lambda model, n: n == 3 and setattr(w := model.weights[0], "data", w.data * 2),
    "a layer frozen": lambda model, n: (
        n == 3 and (setattr(model.layers[0], "trainable", False), model.compile(optimizers.SGD(0.1), loss=model.loss)),
    ),
    "another optimizer": lambda model, n: n == 3 and model.compile(optimizers.Adam(0.01), loss=model.loss),
    "another loss": lambda model, n: n == 3 and model.compile("sgd", losses.MeanSquaredError()),
    "fewer threads": lambda model, n: n == 3 and minicnn.set_num_threads(1),
    "fusing off": lambda model, n: minicnn.fusing(n < 3),
    "another learning rate": lambda model, n: setattr(model.optimizer, "learning_rate", 0.1 / (1 + n)),
    "another activation": lambda model, n: n == 3 and setattr(model.layers[0], "activation", minicnn.ops.tanh),
    "another rate": lambda model, n: [setattr(r, "rate", 0.1 * n) for r in model.layers if hasattr(r, "rate")],
}


@pytest.mark.parametrize("change", [name for name in CHANGES if name != "another loss"])
@EVERYTHING
def test_what_changes_between_steps_counts(name: str, change: str) -> None:
    threads = minicnn.get_num_threads()
    try:
        repeated = trained(name, True, CHANGES[change])
        minicnn.set_num_threads(threads)
        minicnn.fusing(True)
        written = trained(name, False, CHANGES[change])
    finally:
        minicnn.set_num_threads(threads)
        minicnn.fusing(True)
    assert_equal_bits(repeated, written)


# A layer for images (N, 12, 12, 2), and what somebody sets it to after some steps.
SETTINGS: dict[str, tuple[Callable[[], Any], str, Any]] = {
    "momentum": (layers.BatchNormalization, "momentum", 0.5),
    "epsilon": (layers.BatchNormalization, "epsilon", 0.5),
    "slope of LeakyReLU": (layers.LeakyReLU, "negative_slope", 0.9),
    "slope of ReLU": (layers.ReLU, "negative_slope", 0.9),
    "alpha": (layers.ELU, "alpha", 0.1),
    "scale": (lambda: layers.Rescaling([2.0, 1.0]), "scale", [0.1, 0.2]),
    "axis": (layers.Softmax, "axis", 1),
    "window": (lambda: layers.MaxPooling2D(2, strides=1, padding="same"), "pool_size", (3, 3)),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_a_layer_is_set_to_between_steps_counts(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, attribute, value = SETTINGS[setting]
    chain = [layers.Conv2D(2, 3, padding="same"), make(), layers.Flatten(), layers.Dense(CLASSES)]
    monkeypatch.setitem(NETWORKS, "one", lambda: [type(layer).from_config(layer.get_config()) for layer in chain])

    def change(model: Sequential, number: int) -> None:
        if number == 4:  # what is to be repeated has been recorded
            setattr(model.layers[1], attribute, value)

    repeated = trained("one", True, change)
    assert_equal_bits(repeated, trained("one", False, change))
    with pytest.raises(AssertionError):
        assert_equal_bits(repeated, trained("one", True))


def test_a_model_that_is_frozen_while_its_layers_are_not_stays_as_it_is() -> None:
    model = network("conv and dense")
    for number in range(3):
        model.train_on_batch(*batch(number))
    model.trainable = False
    for layer in model.layers:
        layer.trainable = True
    before = model.get_weights()
    for number in range(3):
        model.train_on_batch(*batch(number))
    assert_equal_bits(before, model.get_weights())


def test_another_loss_counts() -> None:
    def lost(on: bool) -> list[float]:
        with repeating(on):
            model = network("conv and dense")
            sparse = [model.train_on_batch(*batch(number)) for number in range(4)]
            model.compile(optimizers.SGD(0.05), losses.CategoricalCrossentropy(from_logits=True))
            one_hot = [(batch(number)[0], np.eye(CLASSES)[batch(number)[1]]) for number in range(4)]
            return [*sparse, *(model.train_on_batch(*b) for b in one_hot)]

    assert lost(True) == lost(False)


def test_fit_with_a_smaller_last_batch_and_evaluation_between_epochs() -> None:
    def history(on: bool) -> dict[str, list[float]]:
        with repeating(on):
            x, y = batch(0, size=20)
            model = network("batch-norm and dropout")
            return model.fit(x, y, batch_size=8, epochs=4, validation_split=0.2, verbose=0).history

    assert history(True) == history(False)


def test_predictions_belong_to_whoever_asked() -> None:
    model = network("conv and dense")
    kept = [model.predict_on_batch(batch(number)[0]) for number in range(5)]
    copies = [a.copy() for a in kept]
    model.predict_on_batch(batch(9)[0])
    assert_equal_bits(kept, copies)


@pytest.mark.parametrize("layer", [layers.Identity, layers.Flatten, lambda: layers.Dropout(0.5)])
def test_predictions_are_never_the_data_itself(layer: Callable[[], Any]) -> None:
    model, (x, _) = Sequential([layers.Input(IMAGE), layer()]), batch(0)
    for _ in range(4):
        assert not np.shares_memory(model.predict_on_batch(x), x)
        assert not np.shares_memory(model.predict(x, batch_size=BATCH), x)


def test_threads_that_predict_at_once_do_not_mix() -> None:
    model = network("conv and dense")
    expected = [model.predict_on_batch(batch(number)[0]) for number in range(4)]
    wrong: list[int] = []

    def ask(number: int) -> None:
        for _ in range(50):
            if not np.array_equal(model.predict_on_batch(batch(number)[0]), expected[number]):
                wrong.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_copy_has_memory_of_its_own() -> None:
    model = network("conv and dense")
    for number in range(3):
        model.train_on_batch(*batch(number))
    other = copy.deepcopy(model)
    assert_equal_bits(
        [model.train_on_batch(*batch(number)) for number in range(3, 6)],
        [other.train_on_batch(*batch(number)) for number in range(3, 6)],
    )


def test_grouped_convolutions_are_the_same_too() -> None:
    def predictions(on: bool) -> list[Any]:
        with repeating(on):
            minicnn.set_random_seed(0)
            chain = [layers.Conv2D(4, 2, groups=2), layers.Conv2D(8, 2, groups=4), layers.Flatten()]
            model = Sequential([layers.Input(IMAGE), *chain, layers.Dense(CLASSES)])
            model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
            return [model.train_on_batch(*batch(number)) for number in range(5)]

    assert predictions(True) == predictions(False)


def test_gradients_can_be_looked_at_after_every_step() -> None:
    def gradients(on: bool) -> list[np.ndarray]:
        with repeating(on):
            model, seen = network("conv and dense"), []
            for number in range(5):
                for variable in model.trainable_weights:
                    variable.zero_grad()
                model.train_on_batch(*batch(number))
                seen += [variable.grad.copy() for variable in model.trainable_weights]
            return seen

    assert_equal_bits(gradients(True), gradients(False))


def test_what_a_backend_cannot_repeat_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    with use_backend("numpy"):
        written = current_backend().recorded
        monkeypatch.setattr(current_backend(), "recorded", lambda compute: asked.append(1) or written(compute))
        model = network("conv and dense")
        for number in range(5):
            model.train_on_batch(*batch(number))
    assert asked == [1]


class Doubled(layers.Dense):
    """A layer of one's own, that computes with NumPy what no backend knows of."""

    def call(self, x: Any, training: bool) -> Any:
        return super().call(x, training) * float(np.abs(x.data).sum())


def test_a_layer_of_ones_own_is_never_repeated() -> None:
    def predictions(on: bool) -> list[np.ndarray]:
        with repeating(on):
            minicnn.set_random_seed(0)
            model = Sequential([layers.Input(IMAGE), layers.Flatten(), Doubled(CLASSES)])
            return [model.predict_on_batch(batch(number)[0]) for number in range(4)]

    assert_equal_bits(predictions(True), predictions(False))


def test_bad_labels_and_runaway_losses_are_told_as_ever() -> None:
    model = network("conv and dense")
    for number in range(4):
        model.train_on_batch(*batch(number))
    x, y = batch(4)
    with pytest.raises(DataError, match=r"label 3 .*with 3 classes"):
        model.train_on_batch(x, y + 1)
    before = model.get_weights()
    with pytest.raises(NonFiniteError, match="step 5"):
        model.train_on_batch(np.sign(x) * np.float32(3e38), y)
    assert_equal_bits(before, model.get_weights())


def test_only_layers_of_the_library_are_on_the_list() -> None:
    assert all(cls.__module__.startswith("minicnn.layers") for cls in _REPEATABLE)
