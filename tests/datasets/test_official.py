"""The real files, where this machine has them: the digests in the tables are theirs."""

from __future__ import annotations

import io
import runpy
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from minicnn.datasets import cifar10, embedded, fashion_mnist, mnist
from minicnn.errors import DataError

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_fashion_subset.py"


def load_or_skip(module: ModuleType) -> tuple:
    try:
        return module.load_data()
    except DataError as error:
        if "is not on this machine" not in str(error):
            raise
        pytest.skip(f"{module.__name__}: the full set is not on this machine (set MINICNN_DATA)")


@pytest.mark.parametrize(
    ("module", "image_shape", "train", "first_labels"),
    [
        (mnist, (28, 28), 60_000, [5, 0, 4, 1, 9]),
        (fashion_mnist, (28, 28), 60_000, [9, 0, 0, 3, 0]),
        (cifar10, (32, 32, 3), 50_000, [6, 9, 9, 4, 1]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_official_sets(module: ModuleType, image_shape: tuple, train: int, first_labels: list[int]) -> None:
    (x_train, y_train), (x_test, _) = load_or_skip(module)
    assert x_train.shape == (train, *image_shape)
    assert x_test.shape == (10_000, *image_shape)
    np.testing.assert_array_equal(np.bincount(y_train.ravel()).sum(), train)
    np.testing.assert_array_equal(y_train.ravel()[:5], first_labels)


def test_the_kept_script_makes_the_embedded_set_again() -> None:
    (x_train, y_train), (x_test, y_test) = load_or_skip(fashion_mnist)
    script = runpy.run_path(str(SCRIPT))
    rng = np.random.Generator(np.random.PCG64(script["SEED"]))
    train, test = (script["balanced_subset"](y, n, rng) for y, n in ((y_train, 500), (y_test, 100)))
    small = embedded.load_data()
    for made, kept in zip(((x_train[train], y_train[train]), (x_test[test], y_test[test])), small, strict=True):
        np.testing.assert_array_equal(made[0], kept[0])
        np.testing.assert_array_equal(made[1], kept[1])


def test_the_script_writes_the_same_bytes_each_time() -> None:
    script = runpy.run_path(str(SCRIPT))
    arrays = {"x": np.arange(5, dtype=np.uint8), "y": np.zeros((2, 3))}
    content = script["npz_bytes"](arrays)
    assert content == script["npz_bytes"](arrays)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    loaded = np.load(io.BytesIO(content), allow_pickle=False)
    for name, array in arrays.items():
        np.testing.assert_array_equal(loaded[name], array)
