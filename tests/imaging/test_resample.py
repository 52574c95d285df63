"""Other sizes; what Keras makes of them is in tests/reference/test_images.py."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from minicnn.errors import ArgumentError, ShapeError
from minicnn.imaging.resample import INTERPOLATIONS, centre_crop, check_batch, resize, resize_cropped, resize_padded

RNG = np.random.default_rng(0)
SIZES = [(13, 17, 5, 9), (5, 9, 13, 17), (7, 7, 21, 3), (4, 6, 4, 6), (1, 1, 3, 2)]


@pytest.mark.parametrize("method", ["bilinear", "bicubic", "lanczos3"])
@pytest.mark.parametrize("sizes", SIZES)
def test_with_antialiasing_it_is_what_pillow_does(method: str, sizes: tuple[int, int, int, int]) -> None:
    height, width, new_height, new_width = sizes
    x = RNG.uniform(0, 255, (height, width)).astype(np.float32)
    filters = {"bilinear": "BILINEAR", "bicubic": "BICUBIC", "lanczos3": "LANCZOS"}
    expected = Image.fromarray(x).resize((new_width, new_height), Image.Resampling[filters[method]])
    got = resize(x[..., None], (new_height, new_width), method, antialias=True)
    np.testing.assert_allclose(got[..., 0], np.asarray(expected), rtol=1e-5, atol=1e-3)


def test_area_is_the_mean_over_what_is_covered() -> None:
    x = RNG.uniform(size=(2, 6, 8, 3))
    blocks = x.reshape(2, 3, 2, 2, 4, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(resize(x, (3, 2), "area"), blocks)
    # 3 pixels in 2: each takes one and a half of them.
    row = np.array([1.0, 10.0, 100.0]).reshape(1, 3, 1)
    np.testing.assert_allclose(resize(row, (1, 2), "area").ravel(), [(1 + 5) / 1.5, (5 + 100) / 1.5])


@pytest.mark.parametrize("method", INTERPOLATIONS)
@pytest.mark.parametrize("antialias", [False, True])
def test_every_method_keeps_one_colour_its_type_and_its_input(method: str, antialias: bool) -> None:
    for dtype, expected in ((np.uint8, np.float32), (np.float32, np.float32), (np.float64, np.float64)):
        x = np.full((2, 7, 5, 1), 200, dtype)
        y = resize(x, (4, 11), method, antialias)
        assert y.dtype == expected
        np.testing.assert_allclose(y, 200, rtol=1e-6)
        assert (x == 200).all()


@pytest.mark.parametrize("method", INTERPOLATIONS)
def test_rows_and_columns_are_treated_alike_and_from_either_side(method: str) -> None:
    x = RNG.uniform(size=(6, 9, 1))
    y = resize(x, (4, 7), method)
    np.testing.assert_allclose(resize(x.transpose(1, 0, 2), (7, 4), method).transpose(1, 0, 2), y)
    if method != "nearest":  # whose ties go one way
        np.testing.assert_allclose(resize(x[::-1, ::-1], (4, 7), method)[::-1, ::-1], y)


def test_the_same_size_is_a_copy() -> None:
    x = RNG.uniform(size=(3, 3, 1)).astype(np.float32)
    y = resize(x, (3, 3), "bicubic")
    np.testing.assert_array_equal(x, y)
    assert not np.shares_memory(x, y)


def test_a_picture_is_read_as_it_lies() -> None:
    wide = RNG.integers(0, 256, (9, 2, 12, 3), dtype=np.uint8)
    part = wide[1::2, :, ::-1].transpose(1, 0, 2, 3)  # (2, 4, 12, 3)
    part.flags.writeable = False
    each = [resize(np.ascontiguousarray(picture), (7, 5)) for picture in part]
    np.testing.assert_array_equal(resize(part, (7, 5)), np.stack(each))
    assert resize(part[:0], (7, 5)).shape == (0, 7, 5, 3)


@pytest.mark.parametrize("fit_in", [resize, resize_cropped, resize_padded])
def test_the_result_goes_where_it_is_wanted(fit_in: Callable[..., np.ndarray]) -> None:
    x, out = RNG.uniform(size=(6, 9, 3)).astype(np.float32), np.zeros((2, 4, 5, 3), np.float32)
    fit_in(x, (4, 5), out=out[1])
    np.testing.assert_array_equal(out[1], fit_in(x, (4, 5)))
    assert not out[0].any()


def test_the_middle() -> None:
    x = np.arange(5 * 6).reshape(5, 6, 1)
    assert centre_crop(x, (3, 2))[..., 0].tolist() == [[8, 9], [14, 15], [20, 21]]
    np.testing.assert_array_equal(centre_crop(x, (7, 2)), resize_cropped(x, (7, 2)))


def test_what_cannot_be() -> None:
    with pytest.raises(ArgumentError, match="there is no interpolation 'cubic'; did you mean 'bicubic'"):
        resize(np.zeros((3, 3, 1)), (2, 2), "cubic")
    for size in ((0, 2), (2.5, 2), 3, (1, 2, 3)):
        with pytest.raises(ArgumentError, match=r"size must be \(height, width\)"):
            resize(np.zeros((3, 3, 1)), size)  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match=r"cutout takes images \(n, height, width, channels\), got shape \(3, 3\)"):
        check_batch(np.zeros((3, 3)), "cutout")
