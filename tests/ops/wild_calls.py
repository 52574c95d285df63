"""Random calls of the public operators, most of them wrong in one place or several: what the fuzz test calls.

A call begins as one that is right (`gradient_check.CASES`); then up to three of its arguments are spoiled or become
another right value. No call that is right needs much memory: arrays that claim to be huge take no memory themselves,
and are wrong for another reason as well.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicnn import Tensor
from minicnn.gradient_check import CASES
from minicnn.random import Key

NAMES = list(CASES)
HUGE = 2**18  # elements along each axis of a huge array
SIDES = (0, 0, 1, 2, 3, 4, 5, 9, 17, 33)
# Operators whose arrays must fit each other: one that is huge along all axes fits none.
MATCHED = {
    *("conv2d", "conv2d_relu", "conv2d_transpose", "depthwise_conv2d", "dense", "dense_relu", "matmul"),
    *("batch_norm", "batch_norm_inference", "batch_norm_relu", "batch_norm_add"),
    *("softmax_cross_entropy", "cross_entropy", "binary_cross_entropy"),
}


@dataclass
class Call:
    """An operator and its arguments. `spoiled` says what was done to them, `arrays` which may be handed as Tensors."""

    name: str
    operator: Callable[..., Any]
    arguments: dict[str, Any]
    arrays: tuple[str, ...]
    spoiled: list[str]

    def __str__(self) -> str:
        given = ", ".join(f"{name}={_shown(value)}" for name, value in self.arguments.items())
        return f"{self.name}({given}) [{'; '.join(self.spoiled)}]"


def wild_call(rng: np.random.Generator) -> Call:
    """One call."""
    name = NAMES[rng.integers(len(NAMES))]
    case = CASES[name](rng).astype(np.float32 if rng.random() < 0.7 else np.float64)
    call = Call(name, case.operator, {**case.inputs, **case.options}, tuple(case.inputs), [])
    takes = list(inspect.signature(case.operator).parameters)
    for _ in range(rng.choice(4, p=(0.2, 0.5, 0.2, 0.1))):
        argument = takes[rng.integers(len(takes))]
        value = call.arguments.get(argument)
        if isinstance(value, np.ndarray) and value.size > HUGE:
            continue  # anything done to it would take its memory
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
            _spoil_array(call, argument, value, rng)
        else:
            call.arguments[argument] = _option(name, argument, rng)
            call.spoiled.append(f"{argument} replaced")
    return call


def _spoil_array(call: Call, argument: str, a: np.ndarray, rng: np.random.Generator) -> None:
    kinds = [_LAYOUTS, _LAYOUTS, _SHAPES, _SHAPES, _TYPES, _VALUES, _HUGE]
    kind = kinds[rng.integers(len(kinds))]
    if kind is _HUGE and (argument == "index" or any("huge" in done for done in call.spoiled)):
        return  # it may be right: an index of many numbers, or two arrays that fit each other
    how = list(kind)[rng.integers(len(kind))]
    if kind is _HUGE and (call.name not in MATCHED or a.ndim == 0):
        how = "huge and of the wrong type"
    call.arguments[argument] = kind[how](a, rng)
    call.spoiled.append(f"{argument} {how}")


# The same numbers, lying otherwise in memory.


def _spread(a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    step = tuple(slice(None, None, int(s)) for s in rng.choice([-3, -2, -1, 2, 3], a.ndim))
    buffer = np.full([n if n == 1 else n * 3 for n in a.shape], np.nan if a.dtype.kind == "f" else 77, a.dtype)
    view = buffer[step][tuple(slice(n) for n in a.shape)] if a.ndim else buffer
    view[...] = a
    return view


def _unaligned(a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    raw = np.zeros(a.nbytes + 1, np.uint8)
    view = raw[1:].view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


def _read_only(a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    a = a.copy()
    a.setflags(write=False)
    return a


def _repeated(a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One number, or one slice, as an array of stride 0."""
    if 0 in a.shape:
        return a
    part = a[tuple(slice(0, 1) if rng.random() < 0.5 else slice(None) for _ in a.shape)]
    return np.broadcast_to(part, a.shape)


_LAYOUTS: dict[str, Callable[..., Any]] = {
    "spread out": _spread,
    "unaligned": _unaligned,
    "read-only": _read_only,
    "repeated": _repeated,
    "columns first": lambda a, rng: np.asfortranarray(a),
    "backwards": lambda a, rng: np.flip(np.flip(a).copy()),
}

# Other shapes.


def _resized(a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another number of elements along one axis, or two."""
    shape = list(a.shape)
    for _ in range(rng.integers(1, 3)):
        if shape:
            shape[rng.integers(len(shape))] = int(rng.choice(SIDES))
    return _numbers(shape, a.dtype, rng)


def _reordered(a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return a.transpose(rng.permutation(a.ndim))


def _axis_less(a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return a[0] if a.ndim and len(a) else a.reshape(-1)


def _axis_more(a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.expand_dims(a, int(rng.integers(a.ndim + 1))) if a.ndim < 64 else a


def _many_axes(a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return a.reshape(a.shape + (1,) * (64 - a.ndim))


_SHAPES: dict[str, Callable[..., Any]] = {
    "resized": _resized,
    "of another size": _resized,
    "reordered": _reordered,
    "less one axis": _axis_less,
    "with one axis more": _axis_more,
    "of 64 axes": _many_axes,
    "empty": lambda a, rng: np.zeros((0,) * a.ndim, a.dtype),
    "one number": lambda a, rng: np.ones((), a.dtype),
}

# Other types.

_TYPES: dict[str, Callable[..., Any]] = {
    **{
        f"as {dtype}": (lambda a, rng, dtype=dtype: a.astype(dtype))
        for dtype in ("f2", "f4", "f8", "g", ">f4", ">f8", "?", "i1", "i8", "u1", "u8", "O", "S3", "U3")
    },
    "complex": lambda a, rng: a + 1j,
    "dates": lambda a, rng: a.astype("i8").astype("M8[s]"),
    "a record": lambda a, rng: a.astype([("number", a.dtype)]),
    "a list": lambda a, rng: a.tolist(),
    "a memoryview": lambda a, rng: memoryview(np.ascontiguousarray(a)),
    "a matrix": lambda a, rng: _as_matrix(a),
    "masked": lambda a, rng: np.ma.array(a),
    "a subclass": lambda a, rng: a.view(np.recarray),
    "bytes": lambda a, rng: a.tobytes(),
    "a number": lambda a, rng: 1.5,
    "a NumPy number": lambda a, rng: a.dtype.type(2),
    "a Tensor": lambda a, rng: Tensor(a),
    "nothing": lambda a, rng: None,
    "a word": lambda a, rng: "x",
}


def _as_matrix(a: np.ndarray) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.matrix(a.reshape(len(a) if a.ndim else 1, -1) if a.size else np.zeros((1, 1)))


# Other numbers.


def _some(value: float) -> Callable[..., np.ndarray]:
    def put(a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if a.dtype.kind != "f":
            return np.where(rng.random(a.shape) < 0.3, a.dtype.type(100), a)
        return np.where(rng.random(a.shape) < 0.3, a.dtype.type(value), a)

    return put


_VALUES: dict[str, Callable[..., Any]] = {
    "with NaN": _some(np.nan),
    "with infinity": _some(np.inf),
    "with minus infinity": _some(-np.inf),
    "with the largest number": _some(3e38),
    "with the smallest number": _some(1e-45),
    "of zeros": lambda a, rng: np.zeros_like(a),
    "of minus zeros": lambda a, rng: -np.zeros_like(a) if a.dtype.kind == "f" else a,
    "less one": lambda a, rng: a - a.dtype.type(1),
}

# Shapes that no memory could hold.


def _huge(a: np.ndarray, dtype: Any) -> np.ndarray:
    axes = min(max(a.ndim, 1), 3)
    return np.broadcast_to(np.ones((), dtype), (1,) * (a.ndim - axes) + (HUGE,) * axes)


_HUGE: dict[str, Callable[..., Any]] = {
    "huge": lambda a, rng: _huge(a, a.dtype),
    "huge and of the wrong type": lambda a, rng: _huge(a, np.int16),
    "huge and wrong": lambda a, rng: _huge(a, "?"),
}

# What is no array.

_WHOLE = (1, 1, 2, 2, 3, 4, 5, 0, -1, -7, np.int8(2), np.uint64(1), np.int64(3))
_BEYOND = (2**31, 2**63, -(2**63), 2**64, 10**40)
_FRACTIONS = (0.0, 0.25, 0.5, 1.0, -0.1, 1e-30, 1e300, 3.0, np.nan, np.inf, -np.inf, np.float32(0.5), np.float16(0.5))
_JUNK = (None, True, False, "", "same", "valid", "1", b"x", 1j, (), [], {}, set(), ..., slice(None), range(2), object())


def _option(name: str, argument: str, rng: np.random.Generator) -> Any:
    """A value for what is no array of numbers: one that is right, most likely, or junk."""
    if argument == "strides" and name != "conv2d_transpose" and rng.random() < 0.2:
        return 2**31 - 1  # right: one window fits. What is transposed becomes as large as that
    if argument in _LIKELY and rng.random() < 0.6:
        likely = _LIKELY[argument]
        return likely[rng.integers(len(likely))]
    pool = (_WHOLE, _BEYOND, _FRACTIONS, _JUNK, "pair", "pads", "arrays")[rng.integers(7)]
    if pool == "pair":
        return tuple(_WHOLE[i] for i in rng.integers(len(_WHOLE), size=rng.integers(1, 4)))
    if pool == "pads":
        return tuple((int(a), int(b)) for a, b in rng.integers(-1, 3, (2, 2)))
    if pool == "arrays":
        return _numbers([int(n) for n in rng.integers(0, 3, rng.integers(0, 5))], np.float32, rng)
    return pool[rng.integers(len(pool))]


_LIKELY: dict[str, tuple[Any, ...]] = {
    "strides": (1, 2, 3, (1, 2), (3, 1)),
    "padding": ("same", "valid", 0, 1, 2, (1, 0), ((0, 1), (2, 0))),
    "dilation": (1, 2, (1, 2), 50, 2**31 - 1),
    "groups": (1, 2, 3, 4),
    "pool_size": (1, 2, 3, (2, 1), (1, 3), 2**31 - 1),
    "output_padding": (None, 0, 1, (1, 0)),
    "axis": (None, 0, -1, (0, 1), ()),
    "axes": (None, (1, 0), (0, 2, 1), (-1, 0), 0),
    "keepdims": (True, False),
    "from_logits": (True, False),
    "interpolation": ("nearest", "bilinear"),
    "size": (1, 2, (2, 3)),
    "shape": (-1, (-1, 1), (1, -1), (0, -1), (2, 2), 6),
    "index": (0, -1, slice(None, None, -2), ..., None, (0, 0), [0, 0], np.array([0, -1]), np.array([True]), (None, 0)),
    "exponent": (0, 1, 2, 0.5, -1, -0.5, 3),
    "epsilon": (0, 1e-3, 1.0, 1e-30),
    "negative_slope": (0, 0.2, 1, 3),
    "max_value": (None, 0, 1, 6.0),
    "threshold": (0, 0.5),
    "rate": (0, 0.3, 0.999999),
    "seed": (0, 1, 2**63, 2**64 - 1, Key(3, 2**32 - 1)),
    "b": (None,),
    "observe": (None, lambda mean, variance: None),
}


def _numbers(shape: list[int], dtype: Any, rng: np.random.Generator) -> np.ndarray:
    if np.dtype(dtype).kind != "f":
        return rng.integers(0, 3, shape).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def _shown(value: Any) -> str:
    if isinstance(value, (np.ndarray, Tensor)):
        return f"{type(value).__name__} {value.shape} {value.dtype}"
    return f"{value!r:.60}"
