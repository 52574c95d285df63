"""Layers that draw random numbers while a model is trained, and pass their input on otherwise."""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np

from minicnn import ops
from minicnn.backends import beside
from minicnn.layers.arguments import LayerOptions
from minicnn.layers.base import Layer
from minicnn.ops.checks import check_number
from minicnn.random import Key, SeedGenerator, as_key, fresh_seed, next_key, normals
from minicnn.tensor import Tensor


class _Drawing(Layer):
    """What they share: a seed, without one drawn when the layer is made, and a key for each call."""

    keeps_shape = True

    def __init__(self, seed: int | None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.seed = None if seed is None else as_key(seed).seed
        self.seed_generator = SeedGenerator(fresh_seed() if self.seed is None else self.seed)

    def call(self, x: Tensor, training: bool) -> Any:
        """What `changed` makes of x with the next key, or x."""
        if not training or self.is_idle() or self.seed_generator is None:
            return x
        return self.changed(x, next_key(self.seed_generator))

    def is_idle(self) -> bool:
        """Whether it would change nothing."""
        return False

    def changed(self, x: Tensor, key: Key) -> Any:
        """x with what the key draws."""
        raise TypeError(f"{type(self).__name__} must define changed(x, key)")


class Dropout(_Drawing):
    """While training, each number becomes 0 with probability `rate`, else x / (1 - rate); otherwise x itself.

    seed: fixes the masks; without one it is drawn when the layer is made. The operator: `ops.dropout`.
    Raises ArgumentError if rate is not in [0, 1).
    """

    def __init__(self, rate: float, seed: int | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(seed, **options)
        self.rate = check_number(type(self).__name__, "rate", rate, least=0, below=1)

    def is_idle(self) -> bool:
        """At a rate of 0."""
        return self.rate == 0

    def changed(self, x: Tensor, key: Key) -> Any:
        """dropout(x)."""
        return ops.dropout(x, self.rate, seed=key)


class _SpatialDropout(Dropout):
    def changed(self, x: Tensor, key: Key) -> Any:
        """x times the dropout of a one for each example and channel."""
        shape = x.shape[0], *(1 for _ in x.shape[1:-1]), x.shape[-1]
        return x * ops.dropout(beside(np.ones(shape, x.dtype), x.data), self.rate, seed=key)


class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole channels of sequences, (N, L, C). Source: as SpatialDropout2D."""

    input_ndim = 3


class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole channels of images, (N, H, W, C): neighbours are too alike to be left out one by one.

    Source: Tompson, Goroshin, Jain, LeCun and Bregler, Efficient object localization using convolutional networks
    (2015), section 3.2.
    """

    input_ndim = 4


class GaussianDropout(_Drawing):
    """While training, x times normal noise of mean 1 and standard deviation √(rate / (1 - rate)); otherwise x itself.

    Source: Srivastava et al., Dropout (2014), section 10: it does what dropout does, without zeros.
    """

    def __init__(self, rate: float, seed: int | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(seed, **options)
        self.rate = check_number("GaussianDropout", "rate", rate, least=0, below=1)

    def is_idle(self) -> bool:
        """At a rate of 0."""
        return self.rate == 0

    def changed(self, x: Tensor, key: Key) -> Any:
        """x · (1 + √(rate / (1 - rate)) · noise)."""
        deviation = math.sqrt(self.rate / (1 - self.rate))
        return x * (1 + deviation * normals(key, x.shape)).astype(x.dtype)
