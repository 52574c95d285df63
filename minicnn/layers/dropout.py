"""The dropout layer."""

from __future__ import annotations

from typing import Unpack

from minicnn import ops
from minicnn.layers.base import Layer, LayerOptions
from minicnn.ops.checks import check_number
from minicnn.random import SeedGenerator, as_key, fresh_seed, next_key
from minicnn.tensor import Tensor


class Dropout(Layer):
    """While training, each number becomes 0 with probability `rate`, else x / (1 - rate); otherwise x itself.

    seed: fixes the masks; without one it is drawn when the layer is made. The operator: `ops.dropout`.
    Raises ArgumentError if rate is not in [0, 1).
    """

    keeps_shape = True

    def __init__(self, rate: float, seed: int | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.rate = check_number("Dropout", "rate", rate, least=0, below=1)
        self.seed = None if seed is None else as_key(seed).seed
        self.seed_generator = SeedGenerator(fresh_seed() if self.seed is None else self.seed)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """dropout(x) with the next key, or x."""
        if not training or self.rate == 0 or self.seed_generator is None:
            return x
        return ops.dropout(x, self.rate, seed=next_key(self.seed_generator))
