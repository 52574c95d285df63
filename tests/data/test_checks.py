from __future__ import annotations

import re

import numpy as np
import pytest

from minicnn.data.checks import as_pixels, check_finite, check_images, check_labels
from minicnn.errors import DataError


def refuses(message: str):
    return pytest.raises(DataError, match=re.escape(message))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, np.float32, np.float64, bool])
def test_images_keep_type_and_values_and_gain_a_channel(dtype: type) -> None:
    grey, colour = np.ones((2, 4, 5), dtype), np.ones((2, 4, 5, 3), dtype)
    assert check_images(grey).shape == (2, 4, 5, 1)
    assert check_images(grey).dtype == dtype
    assert check_images(colour) is colour


BAD_IMAGES = {
    "rank 1": (np.zeros(5), "has shape (5,); expected (N, height, width) or (N, height, width, channels); stack"),
    "rank 2": (np.zeros((28, 28)), "is it one image? Give a batch of one: images[np.newaxis]"),
    "rank 5": (np.zeros((1, 1, 1, 1, 1)), "has shape (1, 1, 1, 1, 1)"),
    "none": (np.zeros((0, 28, 28)), "has shape (0, 28, 28), which is no image at all"),
    "no pixels": (np.zeros((3, 0, 28, 1)), "images without pixels"),
    "text": (np.full((1, 2, 2), "a"), "has dtype <U1; expected numbers"),
    "objects": (np.full((1, 2, 2), None), "has dtype object"),
    "complex": (np.zeros((1, 2, 2), complex), "has dtype complex128"),
    "ragged": ([np.zeros((2, 2)), np.zeros((3, 3))], "is no rectangular array"),
    "NaN": (np.array([[[0.0, 1.0], [np.nan, np.nan]]]), "contains 2 values that are NaN or infinite, the first (nan)"),
    "inf": (np.array([[[0.0, np.inf]]], np.float32), "the first (inf) at index (0, 0, 1)"),
    "-inf": (np.array([[[-np.inf, 0.0]]]), "the first (-inf) at index (0, 0, 0)"),
}


@pytest.mark.parametrize(("images", "message"), BAD_IMAGES.values(), ids=BAD_IMAGES)
def test_bad_images(images: object, message: str) -> None:
    with refuses(message) as caught:
        check_images(images, name="x_train")
    assert str(caught.value).startswith("x_train: ")


def test_finite_takes_integers_empty_arrays_and_extremes() -> None:
    for values in (np.arange(3), np.zeros(0), np.array([np.finfo(np.float32).max] * 9, np.float32)):
        check_finite(values, name="values")


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_labels_become_int64_rows(dtype: type, shape: tuple[int, ...]) -> None:
    labels = check_labels(np.array([0, 2, 1, 2], dtype).reshape(shape), count=4, classes=3)
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(labels, [0, 2, 1, 2])
    np.testing.assert_array_equal(check_labels([0, 5]), [0, 5])


BAD_LABELS = {
    "floats": (np.array([0.5, 1.0]), "has dtype float64; expected integer class numbers"),
    "text": (np.array(["cat", "dog"]), "np.unique(labels, return_inverse=True)"),
    "booleans": (np.array([True, False]), "has dtype bool"),
    "one-hot": (np.eye(2, dtype=int), "they look one-hot: give labels.argmax(axis=1)"),
    "scalar": (np.array(1), "has shape (); expected one class number for each image"),
    "too few": (np.array([1]), "has 1 labels for 2 images"),
    "negative": (np.array([0, -3]), "contains label -3 at index 1; class numbers begin at 0"),
    "too great": (np.array([7, 0]), "contains label 7 at index 0, but with 3 classes the labels are 0 to 2"),
    "from one": (np.array([1, 3]), "they seem to begin at 1: subtract 1"),
    "huge": (np.array([0, 2**64 - 1], np.uint64), "contains label 18446744073709551615"),
}


@pytest.mark.parametrize(("labels", "message"), BAD_LABELS.values(), ids=BAD_LABELS)
def test_bad_labels(labels: np.ndarray, message: str) -> None:
    with refuses(message) as caught:
        check_labels(labels, name="y_train", count=2, classes=3)
    assert str(caught.value).startswith("y_train: ")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_every_pixel_value_survives_the_way_through_floats(dtype: type) -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    np.testing.assert_array_equal(as_pixels(pixels.astype(dtype) / 255), pixels)


def test_floats_between_two_pixel_values_go_to_the_nearer() -> None:
    assert as_pixels(np.array([[[0.4, 0.6, 254.6]]]) / 255).ravel().tolist() == [0, 1, 255]


def test_integers_within_a_byte_are_pixels() -> None:
    pixels = np.array([[[0, 255]]], np.int64)
    assert as_pixels(pixels).dtype == np.uint8
    np.testing.assert_array_equal(as_pixels(pixels)[0, 0, :, 0], [0, 255])


BAD_PIXELS = {
    "floats 0..255": (np.array([[[0.0, 254.0]]]), "float64 values from 0.0 to 254.0; expected integers 0..255 or"),
    "negative floats": (np.array([[[-0.5, 0.5]]]), "values from -0.5 to 0.5"),
    "large integers": (np.array([[[0, 256]]]), "int64 values from 0 to 256"),
    "booleans": (np.array([[[True]]]), "has bool values"),
    "channels first": (np.zeros((2, 3, 32, 32), np.uint8), "give images.transpose(0, 2, 3, 1)"),
}


@pytest.mark.parametrize(("images", "message"), BAD_PIXELS.values(), ids=BAD_PIXELS)
def test_bad_pixels(images: np.ndarray, message: str) -> None:
    with refuses(message):
        as_pixels(images)
