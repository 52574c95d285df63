"""The committed files are what Keras says where it is installed."""

from __future__ import annotations

import pytest

from .agreement import assert_agrees
from .archive import FOLDER, read
from .live_keras import live_keras
from .make_keras_reference import FLOAT32, MAKERS


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("file", MAKERS)
def test_keras_still_says_the_same(file: str) -> None:
    keras = live_keras()
    if keras.backend.backend() != "torch":
        pytest.skip(f"Keras runs on {keras.backend.backend()}, the files were made on torch")
    from .make_keras_reference import make

    committed, made = read(FOLDER / file), make(keras, file)
    assert made.keys() == committed.keys()
    for name, group in made.items():
        assert group.about == committed[name].about
        assert group.arrays.keys() == committed[name].arrays.keys()
        for part, array in group.arrays.items():
            assert_agrees(array, committed[name].arrays[part], 1e-4 if file in FLOAT32 else 1e-6, f"{name}, {part}")
