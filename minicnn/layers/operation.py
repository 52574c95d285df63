"""Operators on symbolic tensors: `x + y` and `ops.relu(x)` in a graph are layers, too."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn import ops
from minicnn.errors import ArgumentError
from minicnn.geometry import is_int
from minicnn.layers.base import Layer
from minicnn.layers.initial import check_trial
from minicnn.layers.shapes import Shape
from minicnn.registry import lookup
from minicnn.structure import leaves
from minicnn.tensor import Symbolic, Tensor

_BROADCASTING = {"add", "divide", "maximum", "minimum", "multiply", "power", "subtract"}
_SPREADING = {"conv2d_transpose", "upsample2d"}  # rows and columns become several
_PLACING = {"getitem", "max", "mean", "reshape", "sum", "transpose"}  # whose whole numbers say where, not how much


class _Place:
    """Where tensor number i goes among an operator's arguments."""

    def __init__(self, number: int) -> None:
        self.number = number


class Operation(Layer):
    """An operator of `minicnn.ops` as a layer. It is made by calling the operator on symbolic tensors.

    operator: its name. arguments, options: as it was called, ready for JSON, with {"tensor": i} for its tensors.
    """

    merges = True

    def __init__(self, operator: str, arguments: Any, options: Any, name: str | None = None, dtype: Any = None) -> None:
        if not isinstance(arguments, (list, tuple)) or not isinstance(options, dict):
            raise ArgumentError("Operation: arguments must be a list and options a dict")
        known: dict[str, Callable[..., Any]] = {known: getattr(ops, known) for known in ops.__all__}
        self.function = lookup("operator", operator, known)
        super().__init__(name=name, dtype=dtype)
        self.name = self.first_name = name or operator
        self.operator, self.arguments, self.options = operator, list(arguments), options
        self._positional, self._named = _read(list(arguments)), {key: _read(value) for key, value in options.items()}
        try:
            inspect.signature(self.function).bind(*self._positional, **self._named)
        except TypeError as error:
            raise ArgumentError(f"Operation: {operator} cannot be called so: {error}") from None

    def build(self, input_shape: Any) -> None:
        """Refuses, in a description that somebody else wrote, what would be tried out to a result beyond reason."""
        check_trial((None, self._most(input_shape if isinstance(input_shape, list) else [input_shape])))

    def _most(self, shapes: list[Shape]) -> int:
        """How many numbers one example's result may have: exactly, or more than there will be."""
        held = leaves([self._positional, list(self._named.values())])
        constants = [a.shape for a in held if isinstance(a, np.ndarray)]
        given = [(1, *(n or 1 for n in shape[1:])) for shape in shapes] or [(1,)]
        if self.operator in _BROADCASTING:
            axes = max(map(len, [*given, *constants]))
            padded = [(*(1,) * (axes - len(shape)), *shape) for shape in [*given, *constants]]
            return math.prod(map(max, zip(*padded, strict=True)))
        if self.operator == "matmul" and len(given) == 2:
            return math.prod(given[0][:-1]) * math.prod(given[1][:-2]) * given[1][-1]
        if self.operator == "getitem":
            times = max(sum(map(math.prod, constants)), len(held))  # an index may say one place many times
        else:
            filters = [-(-math.prod(shape[-2:]) // given[0][-1]) for shape in constants]
            times = max(sum(isinstance(a, _Place) for a in held), *filters, 1)
        told = 0 if self.operator in _PLACING else max((abs(n) for n in held if is_int(n)), default=0)
        return times * max(self._spread(shape, told) for shape in given)

    def _spread(self, shape: tuple[int, ...], told: int) -> int:
        """How many numbers an image may become by padding, strides or sizes of at most `told`."""
        if len(shape) != 4:
            return math.prod(shape)
        times = max(told, 1) if self.operator in _SPREADING else 1
        return (shape[1] * times + 2 * told) * (shape[2] * times + 2 * told) * shape[3]

    def call(self, x: list[Tensor], training: bool) -> Any:
        """operator(*arguments, **options) with the tensors in their places."""
        return self.function(*_filled(self._positional, x), **_filled(self._named, x))

    def get_config(self) -> dict[str, Any]:
        """What makes it anew."""
        config = {"operator": self.operator, "arguments": self.arguments, "options": self.options}
        return {**config, "name": self.name, "dtype": self.dtype}


def _record(operator: Callable[..., Any], args: tuple, options: dict[str, Any]) -> Any:
    """The operator as a layer, called on the symbolic tensors among its arguments."""
    tensors: list[Symbolic] = []
    written = [_written(a, tensors) for a in args]
    named = {name: _written(a, tensors) for name, a in options.items()}
    return Operation(operator.__name__, written, named)(tensors)


Symbolic.record = staticmethod(_record)  # floor 1 knows no layers: here it learns of them


# Arguments as JSON holds them.


def _written(value: Any, tensors: list[Symbolic]) -> Any:
    if isinstance(value, Symbolic):
        tensors.append(value)
        return {"tensor": len(tensors) - 1}
    if isinstance(value, Tensor) and value.requires_grad:
        raise ArgumentError(
            "an operator was called on a symbolic tensor and on a variable, which a model would not know of; "
            "write a layer that holds the variable"
        )
    if isinstance(value, (Tensor, np.ndarray, np.generic)):
        array = value.data if isinstance(value, Tensor) else np.asarray(value)
        return {"array": array.tolist(), "dtype": str(array.dtype)}
    if isinstance(value, slice):
        return {"slice": [_written(part, tensors) for part in (value.start, value.stop, value.step)]}
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, tuple):
        return {"tuple": [_written(part, tensors) for part in value]}
    if isinstance(value, list):
        return [_written(part, tensors) for part in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ArgumentError(f"an operator on symbolic tensors takes numbers, words and arrays besides; got {value!r:.80}")


def _read(value: Any) -> Any:
    """The argument that `_written` wrote, with places for tensors. Raises ArgumentError."""
    if isinstance(value, list):
        return [_read(part) for part in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"tensor": int(number)} if number >= 0:
            return _Place(number)
        case {"array": numbers, "dtype": ("float32" | "float64" | "int64" | "int32" | "bool") as dtype}:
            try:
                with np.errstate(over="raise"):
                    return np.array(numbers, dtype)
            except (TypeError, ValueError, OverflowError, FloatingPointError):
                raise ArgumentError(f"Operation: {numbers!r:.60} is no array of {dtype}") from None
        case {"slice": [start, stop, step]}:
            return slice(_read(start), _read(stop), _read(step))
        case {"ellipsis": True}:
            return Ellipsis
        case {"tuple": list(parts)}:
            return tuple(_read(part) for part in parts)
    raise ArgumentError(f"Operation: an argument cannot be {value!r:.80}")


def _filled(value: Any, tensors: Any) -> Any:
    if isinstance(value, _Place):
        if value.number >= len(tensors):
            raise ArgumentError(f"there is no tensor number {value.number} among the {len(tensors)} inputs")
        return tensors[value.number]
    if isinstance(value, dict):
        return {key: _filled(part, tensors) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_filled(part, tensors) for part in value)
    return value
