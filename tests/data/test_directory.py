from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from minicnn import Sequential, layers
from minicnn.callbacks import Callback
from minicnn.data.directory import ImageFiles
from minicnn.errors import ArgumentError, DataError
from minicnn.utils import image_dataset_from_directory
from tests.data.pictures import NAMES, write_pictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pictures(tmp_path / "pictures")
    return tmp_path / "pictures"


def read(folder: Path, **options: Any) -> Any:
    settings = {"image_size": (28, 28), "color_mode": "grayscale", "verbose": False, **options}
    return image_dataset_from_directory(folder, **settings)


def all_of(stream: ImageFiles) -> tuple[np.ndarray, np.ndarray]:
    xs, ys = zip(*stream, strict=True)
    return np.concatenate(xs), np.concatenate(ys)


def test_pixels_labels_and_names_in_order(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path)
    stream = read(tmp_path, shuffle=False, batch_size=5)
    x, y = all_of(stream)
    np.testing.assert_array_equal(x[..., 0], pictures.reshape(-1, 28, 28))
    assert x.dtype == np.float32
    assert (y.dtype, y.tolist()) == (np.int32, [0] * 6 + [1] * 6 + [2] * 6)
    assert stream.class_names == list(NAMES)
    assert len(stream) == 4
    assert [Path(path).parent.name for path in stream.file_paths] == [NAMES[label] for label in y]


@pytest.mark.parametrize(
    ("mode", "shape", "first"),
    [("int", (18,), 0), ("categorical", (18, 3), [1, 0, 0]), (None, None, None)],
)
def test_label_modes(folder: Path, mode: str | None, shape: tuple[int, ...] | None, first: Any) -> None:
    stream = read(folder, label_mode=mode, shuffle=False)
    if shape is None:
        assert [x.shape for x in stream] == [(18, 28, 28, 1)]
    else:
        _, y = all_of(stream)
        assert y.shape == shape
        assert y[0].tolist() == first


def test_two_classes_chosen_and_numbered_by_name_as_targets_of_0_and_1(folder: Path) -> None:
    _, y = all_of(read(folder, label_mode="binary", class_names=["shirt", "boot"], shuffle=False))
    assert (y.dtype, y.shape) == (np.float32, (12, 1))
    assert y.ravel().tolist() == [0] * 6 + [1] * 6


def test_labels_that_are_given(folder: Path) -> None:
    stream = read(folder, labels=[7, 3] * 9, shuffle=False)
    assert all_of(stream)[1].tolist() == [7, 3] * 9
    assert stream.class_names == ["3", "7"]
    assert read(folder, labels=None).class_names is None


@pytest.mark.parametrize(("mode", "channels"), [("grayscale", 1), ("rgb", 3), ("rgba", 4)])
def test_colour_modes_and_sizes(folder: Path, mode: str, channels: int) -> None:
    x, _ = all_of(read(folder, color_mode=mode, image_size=20))
    assert x.shape == (18, 20, 20, channels)


@pytest.mark.parametrize("option", ["crop_to_aspect_ratio", "pad_to_aspect_ratio"])
def test_proportions_are_kept_if_asked(tmp_path: Path, option: str) -> None:
    """A white square in a wide picture stays one: alone, or with the margin that pads it."""
    (tmp_path / "a").mkdir()
    pixels = np.zeros((20, 40), np.uint8)
    pixels[5:15, 15:25] = 255
    Image.fromarray(pixels).save(tmp_path / "a" / "wide.png")
    (x,) = read(tmp_path, labels=None, image_size=(20, 20), interpolation="nearest", **{option: True})
    lit = np.argwhere(x[0, :, :, 0] > 0)
    assert np.ptp(lit, axis=0).tolist() == ([9, 9] if option.startswith("crop") else [4, 4])


def test_training_and_validation_are_apart_and_the_same_each_time(folder: Path) -> None:
    options = {"validation_split": 0.3, "seed": 4}
    training, validation = read(folder, subset="both", **options)
    assert (training.samples, validation.samples) == (13, 5)
    assert set(training.file_paths).isdisjoint(validation.file_paths)
    assert read(folder, subset="validation", **options).file_paths == validation.file_paths
    assert read(folder, subset="training", **options).file_paths == training.file_paths
    assert training.file_paths != sorted(training.file_paths)
    assert [x.tolist() for x, _ in validation.take(1)] == [x.tolist() for x, _ in validation.take(1)]
    orders = [np.concatenate([b.y for b in stream.epoch(e)]).tolist() for e in (0, 1) for stream in [validation]]
    assert orders[0] == orders[1], "validation images are not mixed"


def test_the_split_is_that_of_keras(tmp_path: Path) -> None:
    """What `keras.utils.image_dataset_from_directory` of Keras 3.15 takes for validation, with seed 1337 and 0.25."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(6):
            Image.new("L", (4, 4)).save(tmp_path / name / f"{i}.png")
    stream = read(tmp_path, validation_split=0.25, subset="validation", seed=1337)
    assert [str(Path(path).relative_to(tmp_path)) for path in stream.file_paths] == ["b/5.png", "b/2.png", "b/1.png"]


def test_the_number_of_workers_changes_no_bit(folder: Path) -> None:
    results = [all_of(read(folder, seed=1, workers=workers, batch_size=4)) for workers in (0, 1, 3)]
    for x, y in results[1:]:
        np.testing.assert_array_equal(x, results[0][0])
        np.testing.assert_array_equal(y, results[0][1])


def test_fit_evaluate_and_predict_take_it(folder: Path) -> None:
    model = Sequential([layers.Flatten(), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    training, validation = read(folder, validation_split=0.3, subset="both", seed=4, batch_size=4)
    scaled = training.map(lambda x, y: (x / 255, y))
    history = model.fit(scaled, epochs=2, validation_data=validation, verbose=0)
    assert sorted(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert model.predict(validation).shape == (5, 3)
    loss, accuracy = model.evaluate(validation)
    assert accuracy == pytest.approx(history.history["val_accuracy"][-1])
    assert loss == pytest.approx(history.history["val_loss"][-1])


def data_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("minicnn data")}


class Interrupting(Callback):
    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize("shape", ["mapped", "cut", "in steps", "batches"])
def test_ctrl_c_ends_all_threads_while_the_traceback_is_still_there(folder: Path, shape: str) -> None:
    model = Sequential([layers.Flatten(), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    stream = read(folder, batch_size=2, workers=2)
    made = {"mapped": stream.map(lambda x, y: (x, y)), "cut": stream.take(5), "in steps": stream.in_steps(20)}
    with pytest.raises(KeyboardInterrupt) as interrupt:
        model.fit(made.get(shape, stream), verbose=0, callbacks=[Interrupting()])
    assert interrupt.tb is not None  # as a notebook keeps it
    assert not data_threads()


def test_a_file_that_is_damaged_is_named_by_fit_and_ends_all_threads(folder: Path) -> None:
    file = folder / "dress" / "2.png"
    file.write_bytes(file.read_bytes()[:-200])
    model = Sequential([layers.Flatten(), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    stream = read(folder, batch_size=2, workers=2).map(lambda x, y: (x / 255, y))
    with pytest.raises(DataError, match=r"dress/2\.png: the image is damaged or truncated"):
        model.fit(stream, verbose=0)
    assert not data_threads()


def test_what_it_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read(folder, verbose=True)
    read(folder, labels=None, verbose=True)
    assert capsys.readouterr().out == "Found 18 files belonging to 3 classes.\nFound 18 files.\n"


def spoil(folder: Path) -> None:
    (folder / "boot" / "0.png").write_text("no picture")
    (folder / "shirt" / "3.png").write_bytes(b"")


def test_bad_files_are_all_named(folder: Path) -> None:
    spoil(folder)
    with pytest.raises(DataError, match=r"2 files cannot be read as images:\n.*boot/0\.png.*\n.*shirt/3\.png") as error:
        read(folder)
    assert "bad_files='skip'" in str(error.value)


def test_or_left_out_with_a_warning_that_names_them(folder: Path) -> None:
    spoil(folder)
    with pytest.warns(UserWarning, match=r"left out: 2 files .*(.|\n)*boot/0\.png"):
        stream = read(folder, bad_files="skip", shuffle=False)
    assert all_of(stream)[1].tolist() == [0] * 5 + [1] * 6 + [2] * 5


def test_a_picture_that_is_damaged_within_shows_when_it_is_read(folder: Path) -> None:
    file = folder / "dress" / "2.png"
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"dress/2\.png: the image is damaged or truncated"):
        all_of(read(folder))
    stream = read(folder, bad_files="skip", shuffle=False, workers=0)
    with pytest.warns(UserWarning, match=r"left out: .*dress/2\.png"):
        assert all_of(stream)[1].tolist() == [0] * 6 + [1] * 5 + [2] * 6


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "label mode": ({"label_mode": "one_hot"}, ArgumentError, "label_mode must be 'int', 'categorical'"),
    "colour mode": ({"color_mode": "RGB"}, ArgumentError, "no color_mode 'RGB'; did you mean 'rgb'"),
    "interpolation": ({"interpolation": "cubic"}, ArgumentError, "did you mean 'bicubic'"),
    "size": ({"image_size": (0, 4)}, ArgumentError, r"image_size must be \(height, width\)"),
    "subset": ({"subset": "test", "validation_split": 0.5}, ArgumentError, "subset must be"),
    "subset alone": ({"subset": "training"}, ArgumentError, "go together"),
    "split": ({"validation_split": 1.5, "subset": "both"}, ArgumentError, "between 0 and 1, got 1.5"),
    "no seed": ({"validation_split": 0.5, "subset": "both"}, ArgumentError, "needs a seed"),
    "small split": ({"validation_split": 0.01, "subset": "both", "seed": 1}, DataError, "leaves none for validation"),
    "binary": ({"label_mode": "binary"}, ArgumentError, "is for two classes, .* has 3"),
    "names": ({"class_names": ["boot", "hat"]}, ArgumentError, "class_names names hat; .* has boot, dress, shirt"),
    "names of none": ({"class_names": ["a"], "labels": None}, ArgumentError, "class_names goes with labels='inferred'"),
    "too few labels": ({"labels": [1, 2]}, ArgumentError, "there are 2 labels for 18 images"),
    "labels": ({"labels": "guess"}, ArgumentError, "labels must be 'inferred', None or a list"),
    "bad files": ({"bad_files": "ignore"}, ArgumentError, "there is no bad_files 'ignore'"),
    "batch size": ({"batch_size": None}, ArgumentError, "batch_size must be a whole number"),
}


@pytest.mark.parametrize("case", BAD)
def test_options_that_do_not_fit(folder: Path, case: str) -> None:
    options, error, message = BAD[case]
    with pytest.raises(error, match=message):
        read(folder, **options)


def test_folders_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no folder"):
        read(tmp_path / "missing")
    with pytest.raises(DataError, match="holds no class folders"):
        read(tmp_path)
    with pytest.raises(DataError, match="holds no images"):
        read(tmp_path, labels=None)
    (tmp_path / "cat").mkdir()
    with pytest.raises(DataError, match=r"no images \(.*\) for class cat"):
        read(tmp_path)
