"""Reading one image file, which may be anything: a photograph, a text file with a wrong name, an attack."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from minicnn.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from PIL import Image  # imported where it is used: importing minicnn does not wait for it

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
"""What is read. Pillow knows more, but some of its decoders start other programs, and few are as well tested."""

MAX_PIXELS = 64 * 2**20
"""Larger images are refused by their header, before memory is taken: 64 megapixels are 192 MB in RGB."""

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")
_EXIF_ORIENTATION = 0x0112
_TURNED_SIDEWAYS = (5, 6, 7, 8)


class ImageHeader(NamedTuple):
    """What the header of an image file tells: the upright image's height and width, and 1 channel if grey, else 3."""

    height: int
    width: int
    channels: int


def read_header(path: Path) -> ImageHeader:
    """The size of an image, from its header alone where the format allows (Pillow decodes a PNG to find its EXIF).

    Raises DataError as `read_image` does.
    """
    with _opened(path) as image:
        height, width = image.height, image.width
        if image.getexif().get(_EXIF_ORIENTATION) in _TURNED_SIDEWAYS:
            height, width = width, height
        return ImageHeader(height, width, 1 if image.mode in _GREY_MODES else 3)


def check_header(path: Path) -> None:
    """Raises DataError, as `read_image` does, if the beginning of a file is not that of an image; decodes nothing."""
    with _opened(path):
        pass


def read_image(path: Path, *, size: tuple[int, int] | None = None, channels: int = 3) -> NDArray[np.uint8]:
    """The pixels of an image file, uint8 (H, W, channels), upright as its EXIF orientation says; not to be written to.

    path: a PNG, JPEG, BMP, GIF (its first frame) or WebP file. size: (height, width) to stretch the image to, by
    bilinear interpolation over all pixels covered; None leaves it. channels: 1 (grey: 0.299 R + 0.587 G + 0.114 B,
    ITU-R 601), 3 (RGB) or 4 (RGBA). Without the fourth, transparent pixels are laid over white, as a page shows them.
    Of 16 bits a pixel the upper eight are kept.
    Raises DataError for a file that cannot be opened, is no such image, is damaged or truncated, or has more than
    MAX_PIXELS; ArgumentError for another number of channels or an impossible size.
    """
    mode = _mode(channels)
    if size is not None:
        check_size(size)
    with _opened(path) as opened:
        image = _upright(opened, mode)
        if size is not None and (image.height, image.width) != size:
            from PIL import Image

            image = image.resize((size[1], size[0]), Image.Resampling.BILINEAR)
        return np.asarray(image, np.uint8).reshape(image.height, image.width, channels)


def load_image(path: Path, channels: int = 3) -> Image.Image:
    """What `read_image` reads, as Pillow's image of mode "L", "RGB" or "RGBA". Raises DataError and ArgumentError."""
    mode = _mode(channels)
    with _opened(path) as opened:
        return _upright(opened, mode)


def check_size(size: tuple[int, int]) -> None:
    """Raises ArgumentError unless `size` is a height and a width, both at least 1, of no more than MAX_PIXELS."""
    whole = len(size) == 2 and all(isinstance(side, int | np.integer) and side >= 1 for side in size)
    if not whole or size[0] * size[1] > MAX_PIXELS:
        raise ArgumentError(
            f"image size is {size!r}; expected (height, width), whole numbers of at least 1, of at most "
            f"{MAX_PIXELS:,} pixels together"
        )


def _mode(channels: int) -> str:
    """Pillow's name for images of so many channels. Raises ArgumentError."""
    if channels not in _MODES:
        raise ArgumentError(f"read_image: channels is {channels!r}; expected 1 (grey), 3 (RGB) or 4 (RGBA)")
    return _MODES[channels]


def _upright(image: Image.Image, mode: str) -> Image.Image:
    """The image decoded, turned and in this mode, without a copy of an ordinary photograph.

    Each copy is as large as the photograph, memory that the operating system zeroes page by page: three of them took
    longer than decoding.
    """
    from PIL import ImageOps

    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    flat = image if mode == "RGBA" else _without_depth_and_transparency(image)
    return flat if flat.mode == mode else flat.convert(mode)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The image, header read and size checked; whatever goes wrong in Pillow inside `with` becomes a DataError."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                if image.height * image.width > MAX_PIXELS:
                    raise DataError(
                        f"{path}: declares {image.height:,} x {image.width:,} pixels, more than the {MAX_PIXELS:,} "
                        "that are read; if it is no decompression bomb, scale it down first"
                    )
                yield image
    except (DataError, MemoryError):
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise DataError(
            f"{path}: declares more than the {MAX_PIXELS:,} pixels that are read ({error}); if it is no "
            "decompression bomb, scale it down first"
        ) from error
    except UnidentifiedImageError as error:
        raise DataError(
            f"{path}: is no image that minicnn can read ({', '.join(FORMATS)}), whatever its name says; "
            "convert it or remove it"
        ) from error
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}; expected an image file") from error
    except Exception as error:  # a decoder that is fed garbage raises nearly anything: OSError, SyntaxError, IndexError
        raise DataError(f"{path}: the image is damaged or truncated ({error}); replace or remove it") from error


def _without_depth_and_transparency(image: Image.Image) -> Image.Image:
    """8 bits a channel and no alpha: `convert` would clip the deeper ones, and show what transparency hides."""
    from PIL import Image

    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).astype(np.int32) >> 8).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", coloured.size, "white"), coloured)
    return image
