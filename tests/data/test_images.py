from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from minicnn.data.images import read_header, read_image
from minicnn.errors import ArgumentError, DataError

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)
SMOOTH = np.dstack(np.broadcast_arrays(*np.ogrid[0:240:48j, 0:240:64j], 100.0)).astype(np.uint8)


def save(path: Path, pixels: np.ndarray, **options: object) -> Path:
    Image.fromarray(pixels).save(path, **options)
    return path


def png_header(width: int, height: int) -> bytes:
    """A PNG that declares a size and has no pixels for it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("suffix", "tolerance"), [("png", 0), ("bmp", 0), ("webp", 16), ("jpg", 16)])
def test_formats(tmp_path: Path, suffix: str, tolerance: int) -> None:
    path = save(tmp_path / f"image.{suffix}", SMOOTH)
    pixels = read_image(path)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (48, 64, 3)
    assert np.abs(pixels.astype(int) - SMOOTH).max() <= tolerance
    assert read_header(path) == (48, 64, 3)


def test_the_content_counts_and_not_the_suffix(tmp_path: Path) -> None:
    path = save(tmp_path / "image.jpg", COLOUR, format="PNG")
    np.testing.assert_array_equal(read_image(path), COLOUR)


def test_first_frame_of_a_gif(tmp_path: Path) -> None:
    first, second = (Image.new("RGB", (5, 4), colour) for colour in ("red", "blue"))
    first.save(tmp_path / "moving.gif", save_all=True, append_images=[second])
    assert (read_image(tmp_path / "moving.gif") == [255, 0, 0]).all()


def test_grey_and_colour(tmp_path: Path) -> None:
    grey = save(tmp_path / "grey.png", COLOUR[..., 0])
    colour = save(tmp_path / "colour.png", COLOUR)
    assert read_header(grey).channels == 1
    np.testing.assert_array_equal(read_image(grey, channels=1)[..., 0], COLOUR[..., 0])
    np.testing.assert_array_equal(read_image(grey), np.repeat(COLOUR[..., :1], 3, axis=2))
    luma = COLOUR @ [0.299, 0.587, 0.114]
    assert np.abs(read_image(colour, channels=1)[..., 0] - luma).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path: Path, orientation: int) -> None:
    """The stored pixels are turned back as the EXIF 2.3 standard, tag 274, defines each value."""
    upright = {
        1: COLOUR,
        2: COLOUR[:, ::-1],
        3: COLOUR[::-1, ::-1],
        4: COLOUR[::-1],
        5: COLOUR.transpose(1, 0, 2),
        6: np.rot90(COLOUR, -1),
        7: COLOUR[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(COLOUR, 1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "image.png", COLOUR, exif=exif)
    np.testing.assert_array_equal(read_image(path), upright)
    assert read_header(path)[:2] == upright.shape[:2]


def test_transparent_pixels_lie_on_white(tmp_path: Path) -> None:
    pixels = np.dstack([np.zeros((2, 2, 3), np.uint8), np.array([[0, 255], [255, 0]], np.uint8)])
    expected = np.array([[255, 0], [0, 255]])
    path = save(tmp_path / "ink.png", pixels)
    np.testing.assert_array_equal(read_image(path, channels=1)[..., 0], expected)
    np.testing.assert_array_equal(read_image(path)[..., 2], expected)


def test_palettes_and_single_bits(tmp_path: Path) -> None:
    Image.fromarray(COLOUR).quantize(256).save(tmp_path / "palette.png")
    assert np.abs(read_image(tmp_path / "palette.png").astype(int) - COLOUR).mean() < 3
    Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1").save(tmp_path / "bits.png")
    assert read_image(tmp_path / "bits.png", channels=1).ravel().tolist() == [0, 255]


def test_sixteen_bits_keep_their_upper_eight(tmp_path: Path) -> None:
    deep = np.array([[0, 255, 256, 0x7F80, 0xFFFF]], np.uint16)
    path = save(tmp_path / "deep.png", deep)
    assert read_image(path, channels=1).ravel().tolist() == [0, 0, 1, 0x7F, 0xFF]
    assert read_header(path).channels == 1


def test_resizing_is_height_by_width_and_averages_what_it_covers(tmp_path: Path) -> None:
    stripes = np.zeros((40, 80), np.uint8)
    stripes[:, ::2] = 200
    path = save(tmp_path / "stripes.png", stripes)
    small = read_image(path, size=(10, 5), channels=1)
    assert small.shape == (10, 5, 1)
    assert np.abs(small.astype(int) - 100).max() <= 15  # nearest-neighbour would give 0 or 200


BAD = {
    "zero bytes": (b"", "is no image that minicnn can read"),
    "text": (b"a text that was called image.png", r"is no image .*\(PNG, JPEG, BMP, GIF, WEBP\)"),
    "signature only": (b"\x89PNG\r\n\x1a\n", "is no image"),
    "bomb": (png_header(50_000, 50_000), "declares .*more than the 67,108,864.*decompression bomb"),
    "large": (png_header(10_000, 6_711), "declares 6,711 x 10,000 pixels, more than the 67,108,864"),
    "warned about by Pillow": (png_header(10_000, 10_000), "declares .*more than the 67,108,864"),
    "no pixels in it": (png_header(8_000, 8_000), "the image is damaged or truncated"),
    "zero size": (png_header(0, 5), "damaged or truncated|no image"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("read", [read_image, read_header], ids=lambda read: read.__name__)
def test_bad_files(tmp_path: Path, read, content: bytes, message: str) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{path}: {message}"):
        read(path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "webp"])
def test_truncated_anywhere_is_an_error_and_never_half_an_image(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"image.{suffix}", RNG.integers(0, 256, (48, 64, 3), dtype=np.uint8))
    content = path.read_bytes()
    for length in np.linspace(0, len(content) * 0.99, 25).astype(int):
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match=f"image.{suffix}: .*(truncated|no image)"):
            read_image(path)


def test_other_formats_are_not_decoded(tmp_path: Path) -> None:
    path = save(tmp_path / "image.png", COLOUR, format="TIFF")
    with pytest.raises(DataError, match="is no image that minicnn can read"):
        read_image(path)


def test_a_folder_and_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read_image(tmp_path)
    with pytest.raises(DataError, match=r"nothing\.png: cannot be read: No such file"):
        read_image(tmp_path / "nothing.png")


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (5,), (5.0, 5), (100_000, 100_000)], ids=str)
def test_impossible_sizes(tmp_path: Path, size: tuple) -> None:
    with pytest.raises(ArgumentError, match=r"image size is .*expected \(height, width\)"):
        read_image(save(tmp_path / "image.png", COLOUR), size=size)


@pytest.mark.parametrize("channels", [0, 2, 5, "3"])
def test_impossible_channels(tmp_path: Path, channels: object) -> None:
    with pytest.raises(ArgumentError, match=r"channels is .*; expected 1"):
        read_image(save(tmp_path / "image.png", COLOUR), channels=channels)


def test_pillows_remarks_on_metadata_are_nobodys_business(tmp_path: Path) -> None:
    path = save(tmp_path / "image.jpg", SMOOTH, exif=b"Exif\0\0II*\0\x08\0\0\0\x05\0")  # five entries, and none there
    with pytest.warns(UserWarning, match="Corrupt EXIF"), Image.open(path) as image:
        image.getexif()
    assert read_image(path).shape == (48, 64, 3)  # where warnings are errors


def test_reading_silences_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filters of warnings belong to the whole process, and other threads go on while one reads."""
    opened = Image.open

    def beside(*args: Any, **options: Any) -> Image.Image:
        warnings.warn("of another thread", stacklevel=1)
        return opened(*args, **options)

    path = save(tmp_path / "image.png", COLOUR)
    monkeypatch.setattr(Image, "open", beside)
    with pytest.warns(UserWarning, match="of another thread"):
        read_image(path)
