"""What layers that change pictures have in common: no gradient goes back through them.

Those that only move or rescale whole pixels compute where the pictures live, on a device, too. Those that interpolate
do so in main memory: Resizing, RandomRotation, RandomZoom, RandomTranslation, and the two crops where they resize. In a
model on a device, pictures come back for them and go there again; better have the data's pipeline do that. What is
drawn by chance is drawn in main memory; only these few numbers go to the device, and the noise of GaussianNoise.
"""

from __future__ import annotations

from typing import Any, Unpack

from minicnn.backends import beside
from minicnn.errors import ArgumentError, StateError
from minicnn.layers.arguments import LayerOptions
from minicnn.layers.base import Layer
from minicnn.ops.checks import check_number
from minicnn.random import Key, SeedGenerator, as_key, fresh_seed, next_key
from minicnn.tensor import Array, Tensor

Range = tuple[float, float]


class ImageLayer(Layer):
    """The base of layers that take pictures (N, H, W, C) and stand before everything that is trained."""

    input_ndim = 4

    def pixels(self, x: Tensor) -> Array:
        """The numbers of x, where they live. Raises StateError if x depends on what is trained."""
        if x.requires_grad:
            raise StateError(
                f"{self._who()} passes no gradient back: it must come before all layers that are trained, and cannot "
                "be asked for the gradient of its input"
            )
        return x.data


class RandomImageLayer(ImageLayer):
    """The base of layers that change each picture by chance while training, and leave it alone otherwise.

    seed: fixes the draws; without one it is drawn when the layer is made. Each call takes the next key of the layer's
    generator, which a checkpoint keeps: a training that goes on draws what it would have drawn.
    """

    keeps_shape = True

    def __init__(self, seed: int | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.seed = None if seed is None else as_key(seed).seed
        self.generator = SeedGenerator(fresh_seed() if self.seed is None else self.seed)
        self.seed_generator = self.generator

    def call(self, x: Tensor, training: bool) -> Tensor:
        """The changed pictures while training, else x."""
        if not training:
            return x
        return changed(self.change(self.pixels(x), next_key(self.generator)), x)

    def change(self, images: Array, key: Key) -> Array:
        """Pictures (n, H, W, C) changed by what `key` draws, in a new array, there or in main memory."""
        raise TypeError(f"{type(self).__name__} must define change(images, key)")


def changed(images: Array, x: Tensor) -> Tensor:
    """Pictures that were made of those in x, where x lives."""
    return Tensor(beside(images, x.data))


def factor_range(owner: Layer, name: str, factor: Any, least: float, most: float) -> Range:
    """(lower, upper) from a number f, which stands for (-f, f), or from two. Raises ArgumentError out of bounds."""
    pair = factor if isinstance(factor, (tuple, list)) else None
    if pair is not None and len(pair) != 2:
        raise ArgumentError(f"{type(owner).__name__}: {name} must be a number or two, got {factor!r:.80}")
    who = type(owner).__name__
    low, high = (check_number(who, name, f, least=least) for f in (pair or (factor, factor)))
    low, high = sorted((low, high)) if pair else (max(-abs(low), least), abs(high))
    if high > most:
        raise ArgumentError(f"{who}: {name} must be at most {most:g}, got {factor!r:.80}")
    return low, high


def value_range_of(owner: Layer, value_range: Any) -> Range:
    """(least, largest) value of a pixel. Raises ArgumentError."""
    if not isinstance(value_range, (tuple, list)) or len(value_range) != 2:
        raise ArgumentError(f"{type(owner).__name__}: value_range must be two numbers, got {value_range!r:.80}")
    low, high = sorted(check_number(type(owner).__name__, "value_range", v) for v in value_range)
    return low, high
