"""Single images between files, Pillow and arrays: Keras's `load_img`, `img_to_array`, `array_to_img`, `save_img`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.data.images import load_image
from minicnn.errors import ArgumentError, OutputError, ShapeError
from minicnn.imaging.resample import resize_cropped
from minicnn.numeric import numeric
from minicnn.registry import lookup

if TYPE_CHECKING:
    from PIL import Image

CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
_FILTERS = {name: name.upper() for name in ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")}


def load_img(
    path: str | os.PathLike[str],
    color_mode: str = "rgb",
    target_size: Any = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Image.Image:
    """An image file as a Pillow image, upright, of `target_size` (height, width) if given.

    interpolation: Pillow's filters by name. keep_aspect_ratio: crop the middle that has the target's proportions first.
    Raises DataError for a file that is missing, damaged or no image; ArgumentError for unknown options.
    """
    channels, name = lookup("color_mode", color_mode, CHANNELS), lookup("interpolation", interpolation, _FILTERS)
    image = load_image(Path(path), channels)
    if target_size is None:
        return image
    from PIL import Image

    height, width = (target_size, target_size) if isinstance(target_size, int) else target_size
    if (image.height, image.width) == (height, width):
        return image
    box = None
    if keep_aspect_ratio:
        part = min(image.width, image.height * width // height), min(image.height, image.width * height // width)
        left, top = (image.width - part[0]) // 2, (image.height - part[1]) // 2
        box = (left, top, left + part[0], top + part[1])
    return image.resize((width, height), Image.Resampling[name], box)


def img_to_array(img: Any, dtype: str = "float32") -> np.ndarray:
    """A Pillow image as an array (H, W, C), values as they are."""
    pixels = np.asarray(img, dtype)
    if pixels.ndim not in (2, 3):
        raise ShapeError(f"img_to_array takes an image (H, W) or (H, W, C), got shape {pixels.shape}")
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def array_to_img(x: Any, scale: bool = True) -> Image.Image:
    """An array (H, W, C) of 1, 3 or 4 channels as a Pillow image. scale: stretch its values to 0 .. 255 first.

    Raises ShapeError for another shape.
    """
    from PIL import Image

    pixels = numeric(x, "array_to_img: x")
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4):
        raise ShapeError(f"array_to_img takes (H, W, C) with 1, 3 or 4 channels, got shape {pixels.shape}")
    if scale:
        pixels = pixels.astype(np.float64) - pixels.min()
        pixels *= 255 / (pixels.max() or 1)
    pixels = np.clip(pixels, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def smart_resize(x: Any, size: tuple[int, int], interpolation: str = "bilinear") -> np.ndarray:
    """Pictures (..., H, W, C) as (..., h, w, C): the largest part in the middle with these proportions, resized.

    Raises ShapeError for what is no picture, ArgumentError for an unknown interpolation.
    """
    pixels = numeric(x, "smart_resize: x")
    if pixels.ndim not in (3, 4):
        raise ShapeError(f"smart_resize takes (H, W, C) or (n, H, W, C), got shape {pixels.shape}")
    return resize_cropped(pixels, size, interpolation)


def save_img(path: str | os.PathLike[str], x: Any, file_format: str | None = None, scale: bool = True) -> None:
    """Writes an array (H, W, C) as an image file; its format by the ending of the name, unless given.

    Raises OutputError if the place cannot be written to, ArgumentError for an unknown format.
    """
    image = array_to_img(x, scale)
    try:
        image.save(path, file_format)
    except (ValueError, KeyError) as error:
        raise ArgumentError(f"save_img: {path}: {error}") from None
    except OSError as error:
        raise OutputError(f"save_img: cannot write {path}: {error}") from None
