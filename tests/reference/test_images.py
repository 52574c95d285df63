"""Our geometry of pictures is Keras's and SciPy's: by a file that they made, and live where both are installed."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from minicnn.imaging.resample import resize, resize_cropped, resize_padded
from minicnn.imaging.warp import warp
from minicnn.preprocessing.image import ImageDataGenerator
from tests.reference.image_cases import FILE, GENERATED, RESIZES, WARPS, of_keras, pictures, standardized


@cache
def ours() -> dict[str, np.ndarray]:
    made = {}
    for name, options in RESIZES.items():
        size, interpolation = options["size"], options["interpolation"]
        method = (
            resize_cropped if "crop_to_aspect_ratio" in options
            else resize_padded if "pad_to_aspect_ratio" in options else resize
        )  # fmt: skip
        made[f"resize/{name}"] = method(pictures(), size, interpolation)
    for name, options in WARPS.items():
        a0, a1, a2, b0, b1, b2, *_ = options["transform"]
        in_rows = np.array([[[b1, b0, b2], [a1, a0, a2]]])
        order = ("nearest", "bilinear").index(options["interpolation"])
        made[f"warp/{name}"] = warp(pictures(), in_rows, options["fill_mode"], 7.0, order)
    square = pictures((8, 8))[0]
    for name, options in GENERATED.items():
        generator = ImageDataGenerator(fill_mode=options["fill_mode"], cval=7.0)
        made[f"generator/{name}"] = generator.apply_transform(square, options["transform"])
    return made | standardized(ImageDataGenerator)


@pytest.mark.parametrize("kind", ["resize", "warp", "generator", "standardize"])
def test_what_keras_and_scipy_made(kind: str) -> None:
    compare(kind, dict(np.load(FILE)))


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
def test_what_keras_and_scipy_make() -> None:
    pytest.importorskip("keras", reason="Keras is not installed: nothing to compare with")
    pytest.importorskip("scipy", reason="SciPy is not installed: Keras's generator needs it")
    compare("", of_keras())


def compare(kind: str, theirs: dict[str, np.ndarray]) -> None:
    assert set(ours()) == set(theirs)
    names = [name for name in theirs if name.startswith(kind)]
    assert len(names) >= 3
    for name in names:
        np.testing.assert_allclose(ours()[name], theirs[name], rtol=1e-4, atol=2e-3, err_msg=name)
