"""Every operator and each of its gradients, against what PyTorch computed in float64."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn import Tensor, ops

from .agreement import assert_agrees
from .archive import FOLDER, Group, read

CASES = read(FOLDER / "operators.npz")
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


def run(case: Group, dtype: str) -> dict[str, np.ndarray]:
    """The same call in minicnn; the result under the names that the reference uses."""
    about, tensors = case.about, {}
    for part, array in case.arrays.items():
        if part.startswith("input "):
            name = part.removeprefix("input ")
            tensors[name] = Tensor(_typed(name, array, dtype), requires_grad=name in about["learned"])
    observed: dict[str, np.ndarray] = {}
    options = dict(about["options"])
    if about["operator"] == "batch_norm":
        options["observe"] = lambda mean, variance: observed.update(
            {"observed mean": mean, "observed variance": variance}
        )
    operator = getattr(ops, about["operator"])
    arguments = {"xs": list(tensors.values())} if about["operator"] == "concatenate" else tensors
    output = operator(**arguments, **options)
    output.backward(case.arrays["upstream"].astype(dtype))
    return {"output": output.data, **{f"gradient {name}": tensors[name].grad for name in about["learned"]}, **observed}


def _typed(name: str, array: np.ndarray, dtype: str) -> np.ndarray:
    """Class numbers as whole numbers; everything else in the dtype of the run, which holds it exactly."""
    typed = array.astype(np.int64 if name == "labels" and array.ndim == 1 else dtype)
    assert np.array_equal(typed, array)
    return typed


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", CASES)
def test_operator_agrees_with_pytorch(name: str, dtype: str) -> None:
    case = CASES[name]
    for part, found in run(case, dtype).items():
        assert found.dtype == dtype, part
        assert_agrees(found, case.arrays[part], TOLERANCE[dtype], part)


def test_every_operator_is_compared() -> None:
    """But dropout, whose random bits are minicnn's own, and other fused groups, which are held against their parts."""
    left_out = {"dropout", "conv2d_relu", "batch_norm_relu", "dense_relu"}
    assert {case.about["operator"] for case in CASES.values()} == set(ops.__all__) - left_out
