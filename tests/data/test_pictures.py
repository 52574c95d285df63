from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minicnn.errors import ArgumentError, DataError, OutputError, ShapeError
from minicnn.preprocessing.image import smart_resize
from minicnn.utils import array_to_img, img_to_array, load_img, save_img

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 9, 3)).astype(np.uint8)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    Image.fromarray(PIXELS).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def test_files_to_arrays_and_back(file: Path, tmp_path: Path) -> None:
    array = img_to_array(load_img(file))
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, PIXELS)
    save_img(tmp_path / "again.png", array, scale=False)
    np.testing.assert_array_equal(img_to_array(load_img(tmp_path / "again.png"), dtype="uint8"), PIXELS)


@pytest.mark.parametrize(("mode", "channels"), [("grayscale", 1), ("rgb", 3), ("rgba", 4)])
def test_colour_modes(file: Path, mode: str, channels: int) -> None:
    assert img_to_array(load_img(file, color_mode=mode)).shape == (6, 9, channels)


def test_sizes(file: Path) -> None:
    for interpolation in ("nearest", "bilinear", "bicubic"):
        image = load_img(file, target_size=(4, 5), interpolation=interpolation)
        expected = Image.fromarray(PIXELS).resize((5, 4), Image.Resampling[interpolation.upper()])
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))
    cropped = load_img(file, target_size=(6, 6), keep_aspect_ratio=True)
    np.testing.assert_array_equal(np.asarray(cropped), PIXELS[:, 1:7])


def test_values_are_stretched_unless_told_not_to() -> None:
    array = np.linspace(-1, 1, 12).reshape(2, 2, 3)
    assert np.asarray(array_to_img(array)).min() == 0
    assert np.asarray(array_to_img(array)).max() == 255
    assert np.asarray(array_to_img(np.full((2, 2, 1), 300.0), scale=False)).tolist() == [[255, 255], [255, 255]]
    assert np.asarray(array_to_img(np.ones((2, 2, 1)))).max() == 0


def test_what_cannot_be_done(file: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        load_img(tmp_path / "missing.png")
    with pytest.raises(ArgumentError, match="there is no interpolation 'cubic'; did you mean 'bicubic'"):
        load_img(file, interpolation="cubic")
    with pytest.raises(ArgumentError, match="there is no color_mode"):
        load_img(file, color_mode="cmyk")
    with pytest.raises(ShapeError, match="1, 3 or 4 channels"):
        array_to_img(np.zeros((4, 4, 2)))
    with pytest.raises(ShapeError, match=r"takes an image \(H, W\)"):
        img_to_array(np.zeros(4))
    with pytest.raises(OutputError, match="cannot write"):
        save_img(tmp_path / "missing" / "x.png", PIXELS)
    with pytest.raises(ArgumentError, match="save_img"):
        save_img(tmp_path / "x.unknown", PIXELS)


def test_smart_resize_keeps_proportions() -> None:
    np.testing.assert_array_equal(smart_resize(PIXELS, (6, 6)), PIXELS[:, 1:7])
    assert smart_resize(np.stack([PIXELS, PIXELS]), (3, 2)).shape == (2, 3, 2, 3)
    with pytest.raises(ShapeError, match="smart_resize takes"):
        smart_resize(PIXELS[0], (2, 2))
