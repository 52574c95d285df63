"""The committed files are what the script beside them makes."""

from __future__ import annotations

import pytest

from .agreement import assert_agrees
from .archive import FOLDER, read

# Another processor or version of PyTorch adds up in another order.
TOLERANCE = {"float64": 1e-10, "float32": 1e-4}


@pytest.mark.torch
@pytest.mark.parametrize("file", ["operators.npz", "optimizers.npz", "trajectories.npz"])
def test_pytorch_still_says_the_same(file: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed; the other tests here need only its files")
    torch.set_num_threads(1)
    from .make_reference import FILES

    committed, made = read(FOLDER / file), FILES[file]()
    assert made.keys() == committed.keys()
    for name, group in made.items():
        assert group.about == committed[name].about
        assert group.arrays.keys() == committed[name].arrays.keys()
        precision = "float32" if name.endswith("/float32") else "float64"
        for part, array in group.arrays.items():
            assert_agrees(array, committed[name].arrays[part], TOLERANCE[precision], f"{name}, {part}")
