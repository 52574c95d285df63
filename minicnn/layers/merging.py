"""Layers that make one tensor of several: residual and Inception blocks, models with several inputs."""

from __future__ import annotations

from functools import reduce
from typing import Any, Unpack

import numpy as np

from minicnn import ops
from minicnn.errors import ArgumentError, ShapeError
from minicnn.geometry import is_int
from minicnn.layers.arguments import LayerOptions, flag
from minicnn.layers.base import Layer
from minicnn.layers.shapes import Shape, show
from minicnn.tensor import Tensor


class _Merging(Layer):
    merges = True

    def compute_output_shape(self, input_shape: list[Shape]) -> Shape:
        """What the shapes broadcast to, counted from the last axis. Raises ShapeError."""
        self._need_several(input_shape)
        try:
            return None, *np.broadcast_shapes(*(shape[1:] for shape in input_shape))  # type: ignore[arg-type]
        except ValueError:
            raise ShapeError(f"shapes {show(input_shape)} do not fit one another: axes must be equal, or 1") from None

    def _need_several(self, input_shape: Any) -> None:
        if not isinstance(input_shape, list) or len(input_shape) < 2:
            raise ArgumentError(f"needs a list of at least two tensors, got {show(input_shape)}")


class Add(_Merging):
    """The sum of several tensors: `Add()([x, y])`. The operator: `ops.add`. Source: He et al., ResNet (2016)."""

    def call(self, x: list[Tensor], training: bool) -> Any:
        """x[0] + x[1] + ..."""
        return reduce(ops.add, x)


class Subtract(_Merging):
    """The first of two tensors less the second. The operator: `ops.subtract`."""

    def compute_output_shape(self, input_shape: list[Shape]) -> Shape:
        """What the two shapes broadcast to."""
        if not isinstance(input_shape, list) or len(input_shape) != 2:
            raise ArgumentError(f"needs a list of two tensors, got {show(input_shape)}")
        return super().compute_output_shape(input_shape)

    def call(self, x: list[Tensor], training: bool) -> Any:
        """x[0] - x[1]."""
        return ops.subtract(x[0], x[1])


class Multiply(_Merging):
    """The product of several tensors, element by element. The operator: `ops.multiply`."""

    def call(self, x: list[Tensor], training: bool) -> Any:
        """x[0] · x[1] · ..."""
        return reduce(ops.multiply, x)


class Average(_Merging):
    """The mean of several tensors, element by element."""

    def call(self, x: list[Tensor], training: bool) -> Any:
        """(x[0] + x[1] + ...) / how many."""
        return ops.divide(reduce(ops.add, x), float(len(x)))


class Maximum(_Merging):
    """The largest of several tensors, element by element. The operator: `ops.maximum`."""

    def call(self, x: list[Tensor], training: bool) -> Any:
        """max(x[0], x[1], ...)."""
        return reduce(ops.maximum, x)


class Minimum(_Merging):
    """The smallest of several tensors, element by element. The operator: `ops.minimum`."""

    def call(self, x: list[Tensor], training: bool) -> Any:
        """min(x[0], x[1], ...)."""
        return reduce(ops.minimum, x)


class Concatenate(_Merging):
    """Tensors behind one another along `axis` (default the last: channels). The operator: `ops.concatenate`.

    Source of the idea in blocks: Szegedy et al., Going deeper with convolutions (2015).
    """

    def __init__(self, axis: int = -1, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        if not is_int(axis) or axis == 0:
            raise ArgumentError(f"Concatenate: axis must be a whole number, not that of the batch (0); got {axis!r}")
        self.axis = int(axis)

    def compute_output_shape(self, input_shape: list[Shape]) -> Shape:
        """The common shape, with the sum of the sizes along the axis. Raises ShapeError."""
        self._need_several(input_shape)
        first: Any = input_shape[0]
        if not -len(first) < self.axis < len(first):
            raise ArgumentError(f"axis {self.axis} is not one of those after the batch, 1 to {len(first) - 1}")
        along = self.axis % len(first)
        if any(s[:along] + s[along + 1 :] != first[:along] + first[along + 1 :] for s in input_shape):
            raise ShapeError(f"shapes {show(input_shape)} must be equal but for axis {along}")
        return *first[:along], sum(shape[along] or 0 for shape in input_shape), *first[along + 1 :]

    def call(self, x: list[Tensor], training: bool) -> Any:
        """concatenate(x, axis)."""
        return ops.concatenate(x, self.axis)


class Dot(_Merging):
    """Scalar products along an axis of each: two (N, D) -> (N, 1); (N, A, D) and (N, B, D) -> (N, A, B).

    axes: the axis of both, or one each, counted with the batch; normalize: divide by the lengths (cosine similarity).
    """

    def __init__(self, axes: Any, normalize: bool = False, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        both = (axes, axes) if is_int(axes) else axes
        if not isinstance(both, (tuple, list)) or len(both) != 2 or not all(is_int(a) and a != 0 for a in both):
            raise ArgumentError(f"Dot: axes must be an axis, or two of them, and not that of the batch; got {axes!r}")
        self.axes, self.normalize = axes if is_int(axes) else tuple(axes), flag(self, "normalize", normalize)
        self._both = tuple(int(a) for a in both)

    def compute_output_shape(self, input_shape: list[Shape]) -> Shape:
        """(None, axes of the first that are left, axes of the second that are left), or (None, 1)."""
        if not isinstance(input_shape, list) or len(input_shape) != 2 or not all(len(s) in (2, 3) for s in input_shape):
            raise ShapeError(f"needs a list of two tensors of 2 or 3 axes, got {show(input_shape)}")
        if not all(-len(s) < a < len(s) for s, a in zip(input_shape, self._both, strict=True)):
            raise ArgumentError(f"axes {self.axes} are not those of {show(input_shape)}")
        sizes = [shape[axis] for shape, axis in zip(input_shape, self._both, strict=True)]
        if sizes[0] != sizes[1]:
            raise ShapeError(
                f"shapes {show(input_shape)} have {sizes[0]} and {sizes[1]} numbers along axes {self.axes}"
            )
        left = [
            n
            for shape, axis in zip(input_shape, self._both, strict=True)
            for i, n in enumerate(shape)
            if i not in (0, axis % len(shape))
        ]
        return None, *(left or [1])

    def call(self, x: list[Tensor], training: bool) -> Any:
        """The matrix product of both, each with the axis where it is to be."""
        rows = [self._rows(t, axis) for t, axis in zip(x, self._both, strict=True)]  # (N, A, D) and (N, B, D)
        product = ops.matmul(rows[0], rows[1].transpose(0, 2, 1))
        return product.reshape((len(product), *(n or 0 for n in self._left(x))))

    def _left(self, x: list[Tensor]) -> Any:
        return self.compute_output_shape([t.shape for t in x])[1:]

    def _rows(self, x: Tensor, axis: int) -> Tensor:
        if x.ndim == 2:
            x = x.reshape((x.shape[0], 1, x.shape[1]))
        elif axis % 3 == 1:
            x = x.transpose(0, 2, 1)
        if not self.normalize:
            return x
        # As Keras: 1e-12 beneath the root, so that a vector of zeros stays one.
        return x / ops.sqrt(ops.maximum((x * x).sum(axis=2, keepdims=True), np.asarray(1e-12, x.dtype)))
