"""One call of an operator whose gradients are to be checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np


@dataclass(frozen=True)
class Case:
    """An operator, the arrays it is differentiated by, and everything else that it is told.

    A case is the function of its inputs: `case(**case.inputs)`. `str(case)` is the call, with shapes for arrays.
    """

    operator: Callable[..., Any]
    inputs: dict[str, np.ndarray]
    options: dict[str, Any] = field(default_factory=dict)

    def __call__(self, **inputs: Any) -> Any:
        """The operator's result for these inputs, Tensors or arrays, and the case's options."""
        return self.operator(**inputs, **self.options)

    def astype(self, dtype: Any) -> Case:
        """The same case with all its float arrays, also those among the options, in another dtype."""
        inputs = {name: a.astype(dtype) for name, a in self.inputs.items()}
        options = {name: a.astype(dtype) if _is_float(a) else a for name, a in self.options.items()}
        return Case(self.operator, inputs, options)

    def __str__(self) -> str:
        given = {**self.inputs, **self.options}
        words = (f"{name} {a.shape}" if isinstance(a, np.ndarray) else f"{name}={a!r}" for name, a in given.items())
        return f"{self.operator.__name__}({', '.join(words)})"


Draw: TypeAlias = Callable[[np.random.Generator], Case]


def _is_float(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"
