"""ImageDataGenerator; its geometry and its standardization are held against Keras in tests/reference/test_images.py."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from minicnn import Sequential, layers
from minicnn.data.flows import Flow
from minicnn.errors import ArgumentError, DataError, StateError
from minicnn.preprocessing.image import ImageDataGenerator
from tests.data.pictures import NAMES, write_pictures

X = np.random.default_rng(0).uniform(0, 255, (20, 8, 8, 3)).astype(np.float32)
Y = np.arange(20) % 4
EVERYTHING: dict[str, Any] = {
    "rotation_range": 30, "width_shift_range": 0.2, "height_shift_range": 2, "shear_range": 10, "zoom_range": 0.2,
    "channel_shift_range": 20, "brightness_range": (0.5, 1.5), "horizontal_flip": True, "vertical_flip": True,
    "fill_mode": "reflect", "rescale": 1 / 255,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pictures(tmp_path)
    return tmp_path


def epoch(flow: Flow, number: int = 0) -> np.ndarray:
    return np.concatenate([batch.x for batch in flow.epoch(number)])


def test_without_options_pictures_come_as_they_are() -> None:
    batches = list(ImageDataGenerator().flow(X, Y, batch_size=8, shuffle=False).epoch())
    assert [len(batch.x) for batch in batches] == [8, 8, 4]
    np.testing.assert_array_equal(np.concatenate([batch.x for batch in batches]), X)
    np.testing.assert_array_equal(np.concatenate([batch.y for batch in batches]), Y)  # type: ignore[misc]


def test_the_same_seed_gives_the_same_bits_whatever_the_number_of_workers() -> None:
    def two_epochs(workers: int, seed: int = 5) -> list[np.ndarray]:
        flow = ImageDataGenerator(**EVERYTHING).flow(X, Y, batch_size=6, seed=seed, workers=workers)
        return [epoch(flow, 0), epoch(flow, 1)]

    first, second = two_epochs(0)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, two_epochs(0, seed=6)[0])
    for workers in (1, 3):
        for got, expected in zip(two_epochs(workers), (first, second), strict=True):
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("option", [name for name in EVERYTHING if name not in ("fill_mode", "rescale")])
def test_every_option_changes_pictures(option: str) -> None:
    generator = ImageDataGenerator(**{option: EVERYTHING[option]})
    changed = [not np.array_equal(generator.random_transform(x, seed=i), x) for i, x in enumerate(X)]
    assert sum(changed) >= 5


DRAWS: dict[str, tuple[dict[str, Any], str, float, float]] = {
    "theta": ({"rotation_range": 40}, "theta", -40, 40),
    "width, a part": ({"width_shift_range": 0.25}, "tx", -5, 5),
    "height, a part": ({"height_shift_range": 0.25}, "ty", -2.5, 2.5),
    "width, pixels": ({"width_shift_range": 3.0}, "tx", -3, 3),
    "height, whole pixels": ({"height_shift_range": 3}, "ty", -2, 2),
    "width, a choice": ({"width_shift_range": [4, 6]}, "tx", -6, 6),
    "shear": ({"shear_range": 15.0}, "shear", -15, 15),
    "zoom": ({"zoom_range": 0.3}, "zx", 0.7, 1.3),
    "zoom of two": ({"zoom_range": [0.5, 0.6]}, "zy", 0.5, 0.6),
    "channels": ({"channel_shift_range": 9.0}, "channel_shift_intensity", -9, 9),
    "brightness": ({"brightness_range": [0.1, 0.4]}, "brightness", 0.1, 0.4),
}


@pytest.mark.parametrize("case", DRAWS)
def test_draws_fill_their_range_and_leave_the_rest_alone(case: str) -> None:
    options, name, low, high = DRAWS[case]
    draws = [ImageDataGenerator(**options).get_random_transform((10, 20, 3), seed=i) for i in range(300)]
    values = np.array([draw[name] for draw in draws])
    assert low <= values.min() < low + 0.15 * (high - low)
    assert high - 0.15 * (high - low) < values.max() <= high
    if case == "height, whole pixels":
        assert set(values) == {-2, -1, 0, 1, 2}
    if case == "width, a choice":
        assert set(values) == {-6, -4, 4, 6}
    still = ImageDataGenerator().get_random_transform((10, 20, 3), seed=0)
    others = {key: value for key, value in draws[0].items() if key != name and not key.startswith("z")}
    assert others == {key: value for key, value in still.items() if key in others}


def test_height_shifts_move_up_and_down_and_width_shifts_sideways() -> None:
    x = np.zeros((7, 9, 1), np.float32)
    x[3, 4] = 1
    change = ImageDataGenerator(fill_mode="constant").apply_transform
    assert np.argwhere(change(x, {"ty": 2}))[0, :2].tolist() == [1, 4]
    assert np.argwhere(change(x, {"tx": -3}))[0, :2].tolist() == [3, 7]
    turned = change(x, {"theta": 90})
    assert turned[3, 4] == pytest.approx(1), "about the middle, though the picture is not square"


def test_statistics_are_those_of_the_fitted_pictures() -> None:
    generator = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True)
    generator.fit(X)
    standard = epoch(generator.flow(X, shuffle=False))
    np.testing.assert_allclose(standard.mean(axis=(0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(standard.std(axis=(0, 1, 2)), 1, rtol=1e-4)


def test_whitened_pixels_are_uncorrelated() -> None:
    x = X[:, :2, :2]
    with pytest.warns(UserWarning, match="centers too"):
        generator = ImageDataGenerator(zca_whitening=True, zca_epsilon=1e-9)
    generator.fit(x)
    rows = epoch(generator.flow(x, shuffle=False)).reshape(len(x), -1)
    np.testing.assert_allclose(rows.T @ rows / len(x), np.eye(12), atol=1e-3)


def test_fitting_on_changed_copies() -> None:
    generator = ImageDataGenerator(featurewise_center=True, horizontal_flip=True, brightness_range=(0.5, 0.5))
    generator.fit(X, augment=True, rounds=2, seed=1)
    assert generator.mean is not None
    np.testing.assert_allclose(generator.mean.ravel(), X.mean(axis=(0, 1, 2)) / 2, rtol=0.02)


def test_statistics_that_are_still_to_come() -> None:
    with pytest.raises(StateError, match=r"call fit\(x\) first"):
        epoch(ImageDataGenerator(featurewise_center=True).flow(X))


def test_a_function_of_ones_own_sees_each_changed_picture() -> None:
    generator = ImageDataGenerator(preprocessing_function=lambda x: x[:, ::-1] * 0 + x.shape[0], rescale=0.5)
    np.testing.assert_array_equal(epoch(generator.flow(X)), 4)


def test_parts_for_training_and_validation_of_which_one_is_never_changed() -> None:
    generator = ImageDataGenerator(**{**EVERYTHING, "rescale": None}, validation_split=0.4)
    training = generator.flow(X, Y, subset="training", seed=1)
    validation = generator.flow(X, Y, subset="validation", shuffle=False)
    assert (training.n, validation.n) == (12, 8)
    np.testing.assert_array_equal(epoch(validation), X[:8])
    assert not any((picture == X).all(axis=(1, 2, 3)).any() for picture in epoch(training))


def test_parts_that_would_differ_in_their_classes() -> None:
    generator = ImageDataGenerator(validation_split=0.4)
    with pytest.raises(DataError, match="sorted by class; mix them first"):
        generator.flow(X, np.sort(Y), subset="training")
    assert generator.flow(X, np.sort(Y), subset="training", ignore_class_split=True).n == 12


def test_it_goes_on_for_ever_with_next_and_in_a_loop() -> None:
    flow = ImageDataGenerator(rotation_range=20).flow(X, Y, batch_size=8, seed=2)
    lengths = [len(x) for x, _ in islice(flow, 5)]
    assert lengths == [8, 8, 4, 8, 8]
    flow.reset()
    x, y = next(flow)
    np.testing.assert_array_equal(x, next(flow.epoch(0)).x)
    np.testing.assert_array_equal(flow[0][1], y)
    assert len(flow[2][0]) == len(flow[-1][0]) == 4
    with pytest.raises(IndexError, match="batch 3 of 3"):
        flow[3]


def test_weights_go_along() -> None:
    batch = next(ImageDataGenerator().flow(X, Y, sample_weight=Y / 4, seed=0).epoch())
    assert batch.y is not None
    np.testing.assert_array_equal(batch.weights, batch.y / 4)


def test_a_folder_of_class_folders(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generator = ImageDataGenerator(rescale=1 / 255, validation_split=0.34)
    options: dict[str, Any] = {"target_size": (14, 14), "color_mode": "grayscale", "shuffle": False}
    training = generator.flow_from_directory(folder, subset="training", **options)
    validation = generator.flow_from_directory(folder, subset="validation", **options)
    assert capsys.readouterr().out.splitlines() == [
        "Found 12 images belonging to 3 classes.",
        "Found 6 images belonging to 3 classes.",
    ]
    assert training.class_indices == {name: i for i, name in enumerate(NAMES)}
    assert training.image_shape == (14, 14, 1)
    assert [Path(name).as_posix() for name in validation.filenames] == [f"{n}/{i}.png" for n in NAMES for i in (0, 1)]
    x, y = next(training)
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((12, 14, 14, 1), np.float32, (12, 3), np.float32)
    assert y.argmax(axis=1).tolist() == training.classes.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    first = np.asarray(Image.open(training.filepaths[0]).resize((14, 14), Image.Resampling.NEAREST))
    np.testing.assert_allclose(x[0, :, :, 0], first / np.float32(255))


@pytest.mark.parametrize(
    ("mode", "expected"), [("sparse", [0, 0, 1]), ("binary", [0, 0, 1]), ("input", None), (None, None)]
)
def test_class_modes(folder: Path, mode: str | None, expected: list[float] | None) -> None:
    flow = ImageDataGenerator().flow_from_directory(
        folder, (8, 8), classes=["shirt", "boot"], class_mode=mode, shuffle=False
    )
    batch = next(flow.epoch())
    if mode == "input":
        np.testing.assert_array_equal(batch.y, batch.x)
    else:
        assert (None if batch.y is None else batch.y[[0, 5, 6]].tolist()) == expected


def test_what_is_made_can_be_looked_at(tmp_path: Path) -> None:
    flow = ImageDataGenerator().flow(X[:3], batch_size=2, save_to_dir=tmp_path / "seen", save_prefix="p", shuffle=False)
    epoch(flow)
    assert sorted(file.name.split("_")[1] for file in (tmp_path / "seen").glob("p_*.png")) == ["0", "1", "2"]


def test_fit_takes_it_as_in_the_courses(folder: Path) -> None:
    generator = ImageDataGenerator(rescale=1 / 255, rotation_range=20, validation_split=0.34)
    options: dict[str, Any] = {"target_size": (8, 8), "class_mode": "sparse", "batch_size": 4, "seed": 1}
    model = Sequential([layers.Flatten(), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        generator.flow_from_directory(folder, subset="training", **options), steps_per_epoch=5, epochs=2, verbose=0,
        validation_data=generator.flow_from_directory(folder, subset="validation", **options), validation_steps=2,
    )  # fmt: skip
    assert history.epoch == [0, 1]
    assert sorted(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "fill mode": ({"fill_mode": "mirror"}, "there is no ImageDataGenerator: fill_mode 'mirror'"),
    "order": ({"interpolation_order": 3}, "interpolation_order must be 0 or 1, got 3"),
    "data format": ({"data_format": "channels_first"}, "data_format must be 'channels_last'"),
    "rotation": ({"rotation_range": "a"}, "rotation_range must be a finite number"),
    "brightness": ({"brightness_range": 0.5}, "brightness_range must be two numbers"),
    "zoom": ({"zoom_range": "wide"}, "zoom_range must be a finite number"),
    "split": ({"validation_split": 1.0}, "validation_split must be at least 0 and below 1"),
    "function": ({"preprocessing_function": 3}, "preprocessing_function must be a function"),
}


@pytest.mark.parametrize("case", BAD)
def test_settings_that_make_no_sense(case: str) -> None:
    options, message = BAD[case]
    with pytest.raises(ArgumentError, match=message):
        ImageDataGenerator(**options)


def test_pictures_and_folders_that_cannot_flow(folder: Path) -> None:
    generator = ImageDataGenerator(validation_split=0.01)
    with pytest.raises(DataError, match="expected"):
        generator.flow(X[0, 0])
    with pytest.raises(ArgumentError, match=r"y .* must have one row for each of the 20 pictures"):
        generator.flow(X, Y[:3])
    with pytest.raises(DataError, match="leaves none for validation"):
        generator.flow(X, subset="validation")
    with pytest.raises(DataError, match="leaves none for validation"):
        generator.flow_from_directory(folder, subset="validation")
    with pytest.raises(ArgumentError, match="subset must be"):
        generator.flow(X, subset="test")
    with pytest.raises(ArgumentError, match="class_mode must be"):
        generator.flow_from_directory(folder, class_mode="int")
    (folder / "boot" / "0.png").write_text("no picture")
    with pytest.raises(DataError, match=r"boot/0\.png"):
        generator.flow_from_directory(folder)
    with pytest.raises(DataError, match="is no folder"):
        generator.flow_from_directory(folder / "missing")
