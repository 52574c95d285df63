from __future__ import annotations

import gzip
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minicnn.data.sources import NAMES, load
from minicnn.datasets import embedded, places
from minicnn.datasets.mnist_form import FILES
from minicnn.errors import ArgumentError, DataError

RNG = np.random.default_rng(0)
X, Y = RNG.integers(0, 256, (6, 5, 4), dtype=np.uint8), np.array([0, 1, 2, 0, 1, 2], np.uint8)


def write_idx_folder(folder: Path) -> Path:
    folder.mkdir()
    for stem, array in zip(FILES, (X, Y, X[:3], Y[:3]), strict=True):
        header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        (folder / f"{stem}.gz").write_bytes(gzip.compress(header + array.tobytes()))
    return folder


def write_npz(path: Path, **change: np.ndarray) -> str:
    np.savez(path, **{"x_train": X, "y_train": Y, "x_test": X[:3], "y_test": Y[:3], **change})
    return str(path)


def test_the_embedded_set() -> None:
    dataset = load("fashion-mnist-6k")
    (x_train, y_train), _ = embedded.load_data()
    assert dataset.name == "fashion-mnist-6k"
    assert dataset.image_shape == (28, 28, 1)
    assert dataset.class_names[9] == "Ankle boot"
    np.testing.assert_array_equal(dataset.x_train[..., 0], x_train)
    np.testing.assert_array_equal(dataset.y_train, y_train)


def test_a_name_wins_over_a_folder_and_a_path_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_idx_folder(tmp_path / "fashion-mnist-6k")
    monkeypatch.chdir(tmp_path)
    assert len(load("fashion-mnist-6k").x_train) == 5000
    assert len(load("./fashion-mnist-6k").x_train) == 6


@pytest.mark.parametrize("name", ["fashion-mnist", "mnist", "cifar10"])
def test_a_known_set_that_is_not_there_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(places.platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path))
    monkeypatch.delenv("MINICNN_DATA", raising=False)
    with pytest.raises(DataError, match=r"is not on this machine(?s:.*)load_data\(download=True\)"):
        load(name)


def test_an_idx_folder(tmp_path: Path) -> None:
    dataset = load(str(write_idx_folder(tmp_path / "glyphs")))
    assert dataset.name == "glyphs"
    assert dataset.class_names == ("0", "1", "2")
    np.testing.assert_array_equal(dataset.x_train[..., 0], X)
    np.testing.assert_array_equal(dataset.y_test, Y[:3])
    (tmp_path / "glyphs" / f"{FILES[1]}.gz").unlink()
    with pytest.raises(DataError, match=f"an IDX folder without {FILES[1]}"):
        load(str(tmp_path / "glyphs"))


def test_an_npz(tmp_path: Path) -> None:
    dataset = load(write_npz(tmp_path / "mine.npz", x_train=X / 255))
    assert dataset.name == "mine"
    np.testing.assert_array_equal(dataset.x_train[..., 0], X)
    named = load(write_npz(tmp_path / "named.npz", class_names=np.array(["ant", "bee", "cow"])))
    assert named.class_names == ("ant", "bee", "cow")


BAD_NPZ = {
    "NaN": ({"x_train": np.full((6, 5, 4), np.nan)}, "mine: x_train: contains 120 values that are NaN"),
    "standardised": ({"x_train": X - 128.0}, "mine: x_train: has float64 values from"),
    "float labels": ({"y_train": Y / 2}, "mine: y_train: has dtype float64"),
    "one image": ({"x_test": X[0]}, "mine: x_test: has shape (5, 4)"),
    "pickled": ({"y_train": np.array([None] * 6)}, "pickled Python objects"),
    "names": ({"class_names": np.arange(3)}, "class_names is int64 of shape (3,); expected one string"),
    "too few names": ({"class_names": np.array(["a", "b"])}, "label 2 at index 2, but with 2 classes"),
}


@pytest.mark.parametrize(("change", "message"), BAD_NPZ.values(), ids=BAD_NPZ)
def test_a_bad_npz(tmp_path: Path, change: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        load(write_npz(tmp_path / "mine.npz", **change))


def test_a_folder_of_class_folders(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(4):
            Image.new("RGB", (8, 6)).save(tmp_path / "pets" / name / f"{i}.png")
    dataset = load(str(tmp_path / "pets"), image_size=(3, 4), channels=1, test_fraction=0.5)
    assert dataset.image_shape == (3, 4, 1)
    assert len(dataset.x_test) == 4


@pytest.mark.parametrize("option", [{"image_size": (8, 8)}, {"channels": 3}], ids=str)
def test_options_that_have_no_effect_are_refused(option: dict) -> None:
    with pytest.raises(ArgumentError, match="the images of 'fashion-mnist-6k' have their own size"):
        load("fashion-mnist-6k", **option)


@pytest.mark.parametrize(
    ("spec", "meant"),
    [
        ("fashion_mnist", "fashion-mnist"),
        ("MNIST", "mnist"),
        ("cifar-10", "cifar10"),
        ("fashon-mnist", "fashion-mnist"),
    ],
)
def test_a_name_nearly_right(spec: str, meant: str) -> None:
    with pytest.raises(DataError, match=f"Did you mean ([a-z0-9-]+ or )?{meant}[ ?]"):
        load(spec)


@pytest.mark.parametrize("spec", ["", "qwertz", "no/such/folder", "~nobody-here/data", "x" * 5000, "a\0b"])
def test_nothing_like_it_lists_the_choices(spec: str) -> None:
    with pytest.raises(DataError, match=f"neither a known set .*Known sets: {', '.join(NAMES)}"):
        load(spec, image_size=(2, 2))


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("1,2")
    with pytest.raises(DataError, match=r"table\.csv: is no \.npz file; --data takes"):
        load(str(tmp_path / "table.csv"))
