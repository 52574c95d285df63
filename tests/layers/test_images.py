"""Layers that change pictures; their geometry is held against Keras and SciPy in tests/reference/test_images.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicnn import Input, Sequential, layers
from minicnn.data.loader import Loader
from minicnn.errors import ArgumentError, DataError, ShapeError
from minicnn.imaging.resample import resize, resize_cropped, resize_padded
from minicnn.random import Key, uniform
from minicnn.tensor import Tensor

X = np.random.default_rng(0).uniform(0, 255, (40, 8, 6, 3)).astype(np.float32)
RANDOM: dict[str, Any] = {
    "flip": lambda seed: layers.RandomFlip(seed=seed),
    "rotation": lambda seed: layers.RandomRotation(0.1, seed=seed),
    "zoom": lambda seed: layers.RandomZoom(0.3, seed=seed),
    "translation": lambda seed: layers.RandomTranslation(0.2, 0.2, seed=seed),
    "crop": lambda seed: layers.RandomCrop(5, 3, seed=seed),
    "contrast": lambda seed: layers.RandomContrast(0.4, seed=seed),
    "brightness": lambda seed: layers.RandomBrightness(0.4, seed=seed),
    "noise": lambda seed: layers.GaussianNoise(0.4, seed=seed),
}


@pytest.mark.parametrize("name", RANDOM)
def test_draws_follow_from_the_seed_and_go_on_from_call_to_call(name: str) -> None:
    def twice(seed: int) -> list[np.ndarray]:
        layer = RANDOM[name](seed)
        return [layer(X, training=True).data for _ in range(2)]

    first, second = twice(3)
    assert not np.array_equal(first, second)
    for got, expected in zip(twice(3), (first, second), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert not np.array_equal(first, twice(4)[0])


@pytest.mark.parametrize("name", [name for name in RANDOM if name != "crop"])
def test_otherwise_pictures_stay_as_they_are(name: str) -> None:
    x = Tensor(X, requires_grad=True)
    assert RANDOM[name](0)(x) is x


@pytest.mark.parametrize(
    ("mode", "ways"),
    [("horizontal", [(0, 1)]), ("vertical", [(1, 0)]), ("horizontal_and_vertical", [(0, 1), (1, 0), (1, 1)])],
)
def test_flips_are_mirrored_pictures_or_the_same(mode: str, ways: list[tuple[int, int]]) -> None:
    y = layers.RandomFlip(mode, seed=0)(X, training=True).data
    flipped = {way: X[:, :: -1 if way[0] else 1, :: -1 if way[1] else 1] for way in [(0, 0), *ways]}
    which = [[way for way, pictures in flipped.items() if np.array_equal(pictures[i], y[i])] for i in range(len(X))]
    assert all(len(found) == 1 for found in which)
    assert {found[0] for found in which} == {(0, 0), *ways}


def test_a_crop_is_one_part_of_the_whole_batch_and_the_middle_in_inference() -> None:
    layer = layers.RandomCrop(5, 3, seed=0)
    places = set()
    for _ in range(40):
        y = layer(X, training=True).data
        found = [(t, a) for t in range(4) for a in range(4) if np.array_equal(y, X[:, t : t + 5, a : a + 3])]
        assert len(found) == 1
        places.update(found)
    assert len(places) > 10
    np.testing.assert_array_equal(layer(X).data, resize_cropped(X, (5, 3)))
    np.testing.assert_array_equal(layers.RandomCrop(9, 6)(X, training=True).data, resize_cropped(X, (9, 6)))


def test_contrast_and_brightness_stay_in_their_ranges() -> None:
    x = X / 255
    bright = layers.RandomBrightness((0.1, 0.3), value_range=(0, 1), seed=0)(x, training=True).data
    assert bright.max() == 1
    moved = (bright - x)[(bright < 1)]
    assert 0.1 <= moved.min() < 0.12
    assert 0.28 < moved.max() <= 0.3001
    contrast = layers.RandomContrast((0.5, 0.2), value_range=(0, 1), seed=0)(x, training=True).data
    factors = contrast.std(axis=(1, 2, 3)) / x.std(axis=(1, 2, 3))
    assert 0.5 < factors.min() < 0.6
    assert 1.05 < factors.max() < 1.2


def test_uniform_draws_fill_their_interval() -> None:
    draws = uniform(Key(1, 2), 4000, -1, 3)
    assert -1 <= draws.min() < -0.98
    assert 2.98 < draws.max() < 3
    assert draws.mean() == pytest.approx(1, abs=0.1)
    np.testing.assert_array_equal(draws, uniform(Key(1, 2), 4000, -1, 3))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, lambda x: resize(x, (5, 9))),
        ({"interpolation": "lanczos3", "antialias": True}, lambda x: resize(x, (5, 9), "lanczos3", True)),
        ({"crop_to_aspect_ratio": True}, lambda x: resize_cropped(x, (5, 9))),
        ({"pad_to_aspect_ratio": True, "fill_value": 4.0}, lambda x: resize_padded(x, (5, 9), fill_value=4.0)),
    ],
)
def test_resizing(options: dict[str, Any], expected: Any) -> None:
    np.testing.assert_array_equal(layers.Resizing(5, 9, **options)(X).data, expected(X))


def test_rescaling_and_its_gradient() -> None:
    x = Tensor(X, requires_grad=True)
    y = layers.Rescaling([1.0, 2.0, 3.0], offset=-1)(x)
    np.testing.assert_allclose(y.data, X * [1, 2, 3] - 1, rtol=1e-5)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, np.broadcast_to([1, 2, 3], X.shape))


@pytest.mark.parametrize("axis", [-1, None, (1, 3), [2]])
def test_normalization_learns_mean_and_variance_however_the_data_come(axis: Any) -> None:
    axes = () if axis is None else (axis,) if isinstance(axis, int) else axis
    others = tuple(a for a in range(4) if a not in [b % 4 for b in axes])
    expected = (X - X.mean(axis=others, keepdims=True)) / X.std(axis=others, keepdims=True)
    for data in (X, [*X], Loader((X, np.zeros(40)), batch_size=7), (batch for batch in np.array_split(X, [3, 20]))):
        layer = layers.Normalization(axis=axis)
        layer.adapt(data)
        np.testing.assert_allclose(layer(X).data, expected, rtol=2e-4, atol=2e-4)
        back = layers.Normalization(axis=axis, invert=True)
        back.adapt(X)
        np.testing.assert_allclose(back(expected).data, X, rtol=1e-3, atol=1e-2)
    assert layer.trainable_weights == []


def test_normalization_by_given_numbers_and_of_a_constant() -> None:
    layer = layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 4.0, 0.0])
    x = np.array([[[[3.0, 2.0, 3.0]]]])
    np.testing.assert_allclose(layer(x).data, [[[[1, 0, 0]]]])
    assert layer.weights == []


def test_what_normalization_cannot_do() -> None:
    with pytest.raises(ArgumentError, match="give both mean and variance"):
        layers.Normalization(mean=1.0)
    with pytest.raises(ArgumentError, match="there is nothing to adapt"):
        layers.Normalization(mean=1.0, variance=1.0).adapt(X)
    with pytest.raises(ArgumentError, match="axis must be a whole number"):
        layers.Normalization(axis="channels")
    with pytest.raises(DataError, match="there is nothing in the data"):
        layers.Normalization().adapt([])
    with pytest.raises(ShapeError, match="axis 0 is that of the batch"):
        layers.Normalization(axis=0).adapt(X)
    with pytest.raises(ShapeError, match="is not among the axes"):
        layers.Normalization(axis=7).adapt(X)
    layer = layers.Normalization()
    layer.adapt(X)
    with pytest.raises(ShapeError, match="was built for"):
        layer.adapt(X[..., :1])


def test_a_model_that_begins_with_them_trains_and_goes_on_after_a_restart_to_the_same_bits(tmp_path: Path) -> None:
    y = np.arange(40) % 3

    def make() -> Sequential:
        model = Sequential(
            [
                Input((8, 6, 3)),
                layers.Rescaling(1 / 255),
                layers.RandomFlip(seed=1),
                layers.RandomRotation(0.1, seed=2),
                layers.Flatten(),
                layers.Dense(3, activation="softmax", kernel_initializer="zeros"),
            ]
        )
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.seed = 5
        return model

    whole, half = make(), make()
    whole.fit(X, y, epochs=4, verbose=0)
    half.fit(X, y, epochs=2, verbose=0)
    half.save_training(tmp_path / "half")
    again = make()
    again.load_training(tmp_path / "half")
    again.fit(X, y, epochs=2, verbose=0)
    for a, b in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


BAD: dict[str, tuple[Any, str]] = {
    "mode": (lambda: layers.RandomFlip("sideways"), "mode must be 'horizontal', 'vertical'"),
    "factor": (lambda: layers.RandomRotation(1.5), "factor must be at most 1, got 1.5"),
    "three": (lambda: layers.RandomRotation((1, 2, 3)), "factor must be a number or two"),
    "fill mode": (lambda: layers.RandomZoom(0.1, fill_mode="mirror"), "there is no RandomZoom: fill_mode 'mirror'"),
    "interpolation": (lambda: layers.RandomZoom(0.1, interpolation="cubic"), "there is no RandomZoom: interpolation"),
    "zoom": (lambda: layers.RandomZoom(-2), "height_factor must be at least -1"),
    "size": (lambda: layers.RandomCrop(0, 4), "height must be a whole number of at least 1"),
    "contrast": (lambda: layers.RandomContrast(1.5), "factor must be at most 1"),
    "range": (lambda: layers.RandomBrightness(0.1, value_range=3), "value_range must be two numbers"),
    "noise": (lambda: layers.GaussianNoise(-1), "stddev must be at least 0"),
    "resizing": (lambda: layers.Resizing(3, 3, "cubic"), "there is no Resizing: interpolation 'cubic'"),
    "both": (lambda: layers.Resizing(3, 3, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True), "give only one of"),
    "filling": (lambda: layers.Resizing(3, 3, fill_mode="wrap"), "fill_mode must be 'constant'"),
    "scale": (lambda: layers.Rescaling(float("nan")), "scale must be finite"),
}


@pytest.mark.parametrize("case", BAD)
def test_arguments_that_make_no_sense(case: str) -> None:
    make, message = BAD[case]
    with pytest.raises(ArgumentError, match=message):
        make()


ON_A_DEVICE: dict[str, Any] = {
    **{name: lambda name=name: RANDOM[name](3) for name in RANDOM},
    "rescaling": lambda: layers.Rescaling([1.0, 2.0, 3.0], offset=-1.0),
    "normalization": lambda: layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0]),
    "resizing": lambda: layers.Resizing(5, 7),
    "center crop": lambda: layers.CenterCrop(5, 3),
}


@pytest.mark.parametrize("name", ON_A_DEVICE)
def test_pictures_on_a_device_become_the_same_and_stay_there(name: str) -> None:
    x = X[:3]
    there = ON_A_DEVICE[name]()(Tensor(x).to("cuda-sim"), training=True)
    assert there.device == "cuda-sim"
    expected = ON_A_DEVICE[name]()(x, training=True).data
    np.testing.assert_allclose(there.to("cpu").data, expected, rtol=1e-6)
