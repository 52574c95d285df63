from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minicnn.data import folders
from minicnn.data.folders import read_image_folder
from minicnn.errors import ArgumentError, DataError


def paint(path: Path, shade: int, size: tuple[int, int] = (4, 6), mode: str = "L") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (size[1], size[0]), shade if mode == "L" else (shade, 0, 0)).save(path)


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Ten cats, of shades 0 to 9, and five dogs, of shades 100 to 104, grey."""
    for label, (name, count) in enumerate([("cat", 10), ("dog", 5)]):
        for i in range(count):
            paint(tmp_path / "pets" / name / f"{i}.png", 100 * label + i)
    return tmp_path / "pets"


def shades(images: np.ndarray) -> list[int]:
    return images[:, 0, 0, 0].tolist()


def test_a_part_of_each_class_is_held_out(pets: Path) -> None:
    dataset = read_image_folder(pets, test_fraction=0.2, seed=1)
    assert dataset.name == "pets"
    assert dataset.class_names == ("cat", "dog")
    assert dataset.image_shape == (4, 6, 1)
    assert np.bincount(dataset.y_test).tolist() == [2, 1]
    assert sorted(shades(dataset.x_train) + shades(dataset.x_test)) == [*range(10), *range(100, 105)]
    for x, y in ((dataset.x_train, dataset.y_train), (dataset.x_test, dataset.y_test)):
        np.testing.assert_array_equal(np.array(shades(x)) >= 100, y == 1)
        assert shades(x) == sorted(shades(x))
    again, other = (read_image_folder(pets, seed=seed) for seed in (1, 2))
    assert shades(again.x_test) == shades(dataset.x_test)
    assert shades(other.x_test) != shades(dataset.x_test)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["train", "test"], {"train": 0, "test": 1}),
        (["train", "validation"], {"train": 0, "test": 1}),
        (["train", "val"], {"train": 0, "test": 1}),
        (["train", "test", "validation"], {"train": 0, "test": 1, "val": 2}),
    ],
    ids=str,
)
def test_a_given_split_is_kept(tmp_path: Path, given: list[str], expected: dict[str, int]) -> None:
    for i, part in enumerate(given):
        for name in ("dog", "cat"):
            paint(tmp_path / part / name / "1.png", 50 * i)
    dataset = read_image_folder(tmp_path)
    assert {shade // 50 for shade in shades(dataset.x_train)} == {expected["train"]}
    assert {shade // 50 for shade in shades(dataset.x_test)} == {expected["test"]}
    if "val" in expected:
        assert {shade // 50 for shade in shades(dataset.x_val)} == {expected["val"]}
    else:
        assert dataset.x_val is None


def test_train_alone_is_split_and_a_class_may_be_called_train(tmp_path: Path) -> None:
    for name in ("car", "train"):
        for i in range(2):
            paint(tmp_path / "vehicles" / name / f"{i}.png", i)
            paint(tmp_path / "alone" / "train" / name / f"{i}.png", i)
    for folder in ("vehicles", "alone"):
        dataset = read_image_folder(tmp_path / folder, test_fraction=0.5)
        assert dataset.class_names == ("car", "train")
        assert len(dataset.x_train) == len(dataset.x_test) == 2


def test_one_coloured_image_makes_all_coloured_unless_told(pets: Path) -> None:
    paint(pets / "dog" / "red.png", 200, mode="RGB")
    assert read_image_folder(pets).image_shape == (4, 6, 3)
    assert read_image_folder(pets, channels=1).image_shape == (4, 6, 1)


def test_sizes_that_differ_ask_for_one(pets: Path) -> None:
    paint(pets / "dog" / "odd.png", 0, size=(5, 7))
    with pytest.raises(DataError, match=re.escape("2 different sizes: 15 of 16 are 4x6, but dog/odd.png is 5x7")):
        read_image_folder(pets)
    with pytest.raises(DataError, match="--image-size"):
        read_image_folder(pets)
    assert read_image_folder(pets, size=(3, 2)).image_shape == (3, 2, 1)


def test_hidden_files_and_litter_are_passed_over(pets: Path) -> None:
    (pets / ".git").mkdir()
    (pets / "README.txt").write_text("pets")
    (pets / "cat" / ".DS_Store").write_bytes(b"x")
    (pets / "dog" / "Thumbs.db").write_bytes(b"x")
    dataset = read_image_folder(pets)
    assert len(dataset.x_train) + len(dataset.x_test) == 15


def test_every_bad_file_is_named(pets: Path) -> None:
    (pets / "cat" / "notes.txt").write_text("no image")
    content = (pets / "dog" / "3.png").read_bytes()
    (pets / "dog" / "3.png").write_bytes(content[:50])
    with pytest.raises(DataError) as caught:
        read_image_folder(pets)
    assert "2 files cannot be read as images" in str(caught.value)
    assert str(pets / "cat" / "notes.txt") in str(caught.value)
    assert str(pets / "dog" / "3.png") in str(caught.value)


def test_damage_behind_the_header_is_named_too(pets: Path) -> None:
    """A JPEG's header can be read although its pixels are cut off."""
    noise = np.random.default_rng(0).integers(0, 256, (4, 6), dtype=np.uint8)
    for i in range(20):
        Image.fromarray(noise).save(pets / "dog" / f"{i}.jpg")
        content = (pets / "dog" / f"{i}.jpg").read_bytes()
        (pets / "dog" / f"{i}.jpg").write_bytes(content[:-12])
    with pytest.raises(DataError, match=r"20 files cannot be read as images:(?s:.*)0\.jpg(?s:.*)and 10 more"):
        read_image_folder(pets)


def test_a_folder_too_large_for_memory(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MAX_BYTES", 359)
    with pytest.raises(DataError, match="15 images of 4x6x1 take 360 bytes, more than the 359 allowed"):
        read_image_folder(pets)


def test_layouts_that_are_none(tmp_path: Path, pets: Path) -> None:
    def fails(message: str, folder: Path) -> None:
        with pytest.raises(DataError, match=re.escape(message)):
            read_image_folder(folder)

    (tmp_path / "empty").mkdir()
    fails("expected a folder for each class with its images inside, at least two; found none", tmp_path / "empty")
    fails("expected a folder for each class with its images inside, at least two; found none", pets / "cat")
    (tmp_path / "one" / "class").mkdir(parents=True)
    fails("found only 'class'", tmp_path / "one")
    fails("cannot be read as a folder: No such file", tmp_path / "nothing")
    (pets / "bird").mkdir()
    fails("bird: holds no images; fill the folder of class bird or remove it", pets)
    paint(pets / "bird" / "1.png", 0)
    fails("class bird has a single image", pets)
    (pets / "cat" / "young").mkdir()
    fails("cat: holds the folder young; expected only the images of class cat", pets)


def test_test_images_of_other_classes(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        paint(tmp_path / "train" / name / "1.png", 0)
        paint(tmp_path / "test" / name / "1.png", 0)
    paint(tmp_path / "test" / "bird" / "1.png", 0)
    with pytest.raises(DataError, match="has classes that the training images lack: bird; those are cat, dog"):
        read_image_folder(tmp_path)
    (tmp_path / "test" / "bird").rename(tmp_path / "bird")
    (tmp_path / "test" / "dog").rename(tmp_path / "dog")
    with pytest.raises(DataError, match="test: has no folder for class dog"):
        read_image_folder(tmp_path)


def test_impossible_options(pets: Path) -> None:
    with pytest.raises(ArgumentError, match="image size is"):
        read_image_folder(pets, size=(0, 1))
    with pytest.raises(ArgumentError, match="fraction is 1"):
        read_image_folder(pets, test_fraction=1)
    with pytest.raises(ArgumentError, match="channels is 2"):
        read_image_folder(pets, channels=2)
