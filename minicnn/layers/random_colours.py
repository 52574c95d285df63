"""Layers that change the values of each picture's pixels by chance."""

from __future__ import annotations

from typing import Any, Unpack

from minicnn.backends import beside
from minicnn.imaging import colours
from minicnn.layers.arguments import LayerOptions
from minicnn.layers.base import Layer
from minicnn.layers.images import RandomImageLayer, factor_range, value_range_of
from minicnn.ops.checks import check_number
from minicnn.random import Key, SeedGenerator, as_key, fresh_seed, generator, next_key, uniform
from minicnn.tensor import Array, Tensor


class RandomContrast(RandomImageLayer):
    """Each picture's contrast times a number between 1 - lower and 1 + upper, values clipped to value_range.

    factor: (lower, upper), or one f for both. (Keras 3.15 takes one f as (0, f), against its documentation.)
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(seed, **options)
        lower_upper = factor if isinstance(factor, (tuple, list)) else (factor, factor)
        factor_range(self, "factor", lower_upper, 0, 1)
        self.factor, self._lower, self._upper = factor, *map(float, lower_upper)
        self.value_range = value_range_of(self, value_range)

    def change(self, images: Array, key: Key) -> Array:
        """More contrast, or less."""
        factors = uniform(key, len(images), 1 - self._lower, 1 + self._upper)
        return colours.contrast(images, factors, self.value_range)


class RandomBrightness(RandomImageLayer):
    """Each picture lighter or darker by a part of value_range, values clipped to it.

    factor: two numbers from -1 (black) to 1 (white), or one f for (-f, f).
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(seed, **options)
        self.factor, self._range = factor, factor_range(self, "factor", factor, -1, 1)
        self.value_range = value_range_of(self, value_range)

    def change(self, images: Array, key: Key) -> Array:
        """Lighter, or darker."""
        low, high = self.value_range
        return colours.brightness(images, uniform(key, len(images), *self._range) * (high - low), self.value_range)


class GaussianNoise(Layer):
    """While training, adds normal noise of standard deviation `stddev` to each number; otherwise x itself.

    seed: fixes the noise. Gradients pass as they are. Raises ArgumentError for a negative stddev.
    """

    keeps_shape = True

    def __init__(self, stddev: float, seed: int | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.stddev = check_number("GaussianNoise", "stddev", stddev, least=0)
        self.seed = None if seed is None else as_key(seed).seed
        self.generator = SeedGenerator(fresh_seed() if self.seed is None else self.seed)
        self.seed_generator = self.generator

    def call(self, x: Tensor, training: bool) -> Tensor:
        """x + noise, or x."""
        if not training or self.stddev == 0:
            return x
        key = next_key(self.generator)
        noise = generator(key.seed, key.step).normal(0, self.stddev, x.shape)
        return x + Tensor(beside(noise.astype(x.dtype), x.data))
