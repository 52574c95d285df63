"""Makes random calls of operators on the numba backend and judges each: run in a process of its own, it may crash.

python -m tests.ops.fuzz CALLS LOG      prints a count of what became of the calls, as JSON

The number of a call stands in LOG before it is made, so that a crash of the process has a name:
`python -m tests.ops.fuzz --only NUMBER` makes that call alone.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from minicnn import Tensor, use_backend
from minicnn.errors import MinicnnError
from minicnn.random import generator

from .wild_calls import Call, wild_call

SEED = 0
Result = dict[str, np.ndarray]


def call_number(number: int) -> Call:
    """Each call has a generator of its own, so that one can be made without those before it."""
    return wild_call(generator(SEED, number))


def answer(call: Call, backward: bool) -> Result:
    """What the call gives: its output and, with `backward`, the gradients of its arrays."""
    if not backward:
        y = call.operator(**call.arguments)
        return {"y": y.data if isinstance(y, Tensor) else np.asarray(y)}
    tensors = {name: Tensor(a, requires_grad=True) for name, a in _arrays(call).items()}
    y = call.operator(**{**call.arguments, **tensors})
    if not isinstance(y, Tensor) or not y.requires_grad:  # none of its arrays can have a gradient
        return {"y": np.asarray(y)}
    y.backward(generator(1).standard_normal(y.shape).astype(y.dtype))
    gradients = {f"d{name}": t.grad for name, t in tensors.items() if t.grad is not None}
    return {"y": y.data, **gradients}


def judge(call: Call, backward: bool) -> str:
    """ "refused" or "answered". Raises AssertionError if the call is neither refused by name nor answered rightly."""
    with use_backend("numba"):
        found = _attempt(call, backward)
    with use_backend("numpy"):
        expected = _attempt(call, backward)
    if isinstance(expected, MinicnnError) or isinstance(found, MinicnnError):
        assert type(found) is type(expected), f"numba: {found!r:.200}, numpy: {expected!r:.200}"
        return "refused"
    assert found.keys() == expected.keys()
    extreme = _is_extreme(call)
    for name, a in found.items():
        assert (a.shape, a.dtype) == (expected[name].shape, expected[name].dtype), f"{name}: {a.shape} {a.dtype}"
        if name == "y" or not (extreme or _may_tie(call)):
            _check_same(name, a, expected[name], extreme)
    return "answered"


def _attempt(call: Call, backward: bool) -> Result | MinicnnError:
    try:
        return answer(call, backward)
    except MinicnnError as error:
        return error


def _check_same(name: str, found: np.ndarray, expected: np.ndarray, extreme: bool) -> None:
    known = np.isfinite(found) & np.isfinite(expected)
    if not extreme:
        assert (known == (np.isfinite(found) | np.isfinite(expected))).all(), f"{name} is finite on one backend only"
    if known.any():
        found, expected = found[known].astype(np.float64), expected[known].astype(np.float64)
        tolerance = 1e-4 if name == "y" else 2e-3
        assert np.abs(found - expected).max() <= tolerance * max(np.abs(expected).max(), 1), f"{name} is off"


def _arrays(call: Call) -> dict[str, np.ndarray]:
    """The arguments that can be Tensors with a gradient."""
    given = {name: call.arguments.get(name) for name in call.arrays}
    return {name: a for name, a in given.items() if type(a) is np.ndarray and a.dtype in (np.float32, np.float64)}


def _is_extreme(call: Call) -> bool:
    """Whether numbers are NaN or infinite, overflow, or divide by a rounded zero: each backend does so in its way."""
    given = [np.asarray(a) for a in call.arguments.values() if isinstance(a, (np.ndarray, float, int))]
    overflowing = any(a.dtype.kind in "fO" and a.size and not np.all(np.abs(a) < 1e30) for a in given)
    return overflowing or ("epsilon" in call.arguments and not call.arguments["epsilon"] > 1e-6)


def _may_tie(call: Call) -> bool:
    """Whether rounding may decide which pixel won, or whether one was positive: gradients may differ then."""
    fused = "conv2d_relu", "batch_norm_relu", "dense_relu", "add_relu", "batch_norm_add"
    return call.name in fused and bool(call.spoiled)


def run(calls: int, log: Path) -> None:
    """All calls, with a judgement on each."""
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with np.errstate(all="ignore"):
        for number in range(calls):
            os.pwrite(handle, b"%9d\n" % number, 0)
            call = call_number(number)
            try:
                outcomes[judge(call, backward=number % 2 == 1)] += 1
            except Exception as error:
                outcomes["wrong"] += 1
                wrong.append(f"call {number}, {call}: {type(error).__name__}: {error}"[:600])
    os.close(handle)
    print(json.dumps({"calls": calls, **outcomes, "examples": wrong[:20]}))


if __name__ == "__main__":
    if sys.argv[1] == "--only":
        this = int(sys.argv[2])
        print(call_number(this))
        with np.errstate(all="ignore"):
            print(judge(call_number(this), backward=this % 2 == 1))
    else:
        run(int(sys.argv[1]), Path(sys.argv[2]))
