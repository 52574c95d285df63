"""Where windows lie on an image: the only place that does output-size and padding arithmetic.

Convolutions, transposed convolutions and poolings, on every backend, get their sizes here.
Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016), sections 2 to 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any

from minicnn.errors import ArgumentError, ShapeError

Pair = tuple[int, int]
Pads = tuple[Pair, Pair]

NO_PADS: Pads = ((0, 0), (0, 0))
LARGEST = 2**31 - 1
"""Of any number of pixels: sizes, strides and pads, and the pixels of a padded image. Kernels count in 64 bits."""


def is_int(value: Any) -> bool:
    """A whole number of any integer type; True and False are not numbers here."""
    return type(value) is int or (isinstance(value, Integral) and not isinstance(value, bool))


def pair(value: Any, name: str, least: int = 1) -> Pair:
    """`3` or `(3, 5)` -> `(3, 3)` or `(3, 5)`: one whole number for height and width, or one each.

    Raises ArgumentError if it is neither, or if a number is below `least` or beyond `LARGEST`.
    """
    values = (value, value) if is_int(value) else value
    if not isinstance(values, (tuple, list)) or len(values) != 2 or not all(is_int(v) and v >= least for v in values):
        raise ArgumentError(
            f"{name} must be a whole number of at least {least}, or two of them (height, width); got {value!r:.100}"
        )
    if any(v > LARGEST for v in values):
        raise ArgumentError(f"{name} must be at most {LARGEST}, got {value!r:.100}")
    return int(values[0]), int(values[1])


def explicit_pads(padding: Any, name: str = "padding") -> Pads:
    """`1`, `(1, 2)` or `((1, 2), (3, 4))` -> ((top, bottom), (left, right)), in pixels."""
    if is_int(padding):
        vertical = horizontal = pair(padding, name, least=0)
    elif isinstance(padding, (tuple, list)) and len(padding) == 2:
        vertical, horizontal = (pair(side, name, least=0) for side in padding)
    else:
        raise ArgumentError(
            f"{name} must be a whole number of pixels, (vertical, horizontal) or ((top, bottom), (left, right)); "
            f"got {padding!r}"
        )
    return vertical, horizontal


@dataclass(frozen=True)
class Windows:
    """A kernel of `size` taps, `dilation` apart, sliding by `strides` over an image padded by `pads`.

    All fields are (height, width) in pixels; `pads` is ((top, bottom), (left, right)).
    """

    image: Pair
    size: Pair
    strides: Pair
    dilation: Pair
    pads: Pads

    @classmethod
    def over(cls, image: Pair, size: Any, strides: Any = 1, padding: Any = "valid", dilation: Any = 1) -> Windows:
        """The windows of a kernel over an image of `image` = (height, width) pixels.

        `padding` is "valid" (none), "same" (TensorFlow's rule: ceil(image / stride) outputs, the odd pixel at the
        bottom and right), a number of pixels, or ((top, bottom), (left, right)).
        Raises ArgumentError for values that make no sense and ShapeError if the kernel does not fit the image.
        """
        height, width = pair(image, "image size", least=0)
        size, strides, dilation = pair(size, "kernel size"), pair(strides, "strides"), pair(dilation, "dilation")
        reach = _reach(size, dilation)
        padding = _named_or_pads(padding)
        if padding == "same":
            pads = _same(height, strides[0], reach[0]), _same(width, strides[1], reach[1])
        else:
            pads = NO_PADS if padding == "valid" else padding
        windows = cls((height, width), size, strides, dilation, pads)
        if (height + sum(pads[0])) * (width + sum(pads[1])) > LARGEST:
            raise ShapeError(
                f"an image of {height}x{width} padded by {pads} has more than {LARGEST} pixels; "
                "use less padding, a smaller window or a smaller dilation"
            )
        if min(windows.outputs) < 1:
            raise ShapeError(
                f"a {size[0]}x{size[1]} window (reaching over {reach[0]}x{reach[1]} pixels) does not fit an image of "
                f"{height}x{width} padded by {pads}; use padding='same', a smaller window or a larger image"
            )
        return windows

    @classmethod
    def transposed(
        cls, inputs: Pair, size: Any, strides: Any = 1, padding: Any = "valid", dilation: Any = 1, extra: Any = None
    ) -> Windows:
        """The windows whose *outputs* are `inputs`: the geometry of a transposed convolution, whose result is `image`.

        Several images have the same number of outputs when the stride skips pixels. Which one is meant: Keras's rule,
        inputs * stride for "same", that plus max(reach - stride, 0) for "valid"; or with explicit pads or `extra`
        (Keras's output_padding, pixels added at the bottom and right) (inputs - 1) * stride + reach - pads + extra,
        where "same" leaves (inputs - 1) * stride + reach % 2 + extra.
        """
        inputs = pair(inputs, "image size")
        size, strides, dilation = pair(size, "kernel size"), pair(strides, "strides"), pair(dilation, "dilation")
        reach = _reach(size, dilation)
        padding = _named_or_pads(padding)
        if extra is None and isinstance(padding, str):
            beyond = (max(r - s, 0) if padding == "valid" else 0 for r, s in zip(reach, strides, strict=True))
            image = tuple(n * s + b for n, s, b in zip(inputs, strides, beyond, strict=True))
            windows = cls.over((image[0], image[1]), size, strides, padding, dilation)
        else:
            extra = pair(0 if extra is None else extra, "output_padding", least=0)
            if any(e >= s for e, s in zip(extra, strides, strict=True)):
                raise ArgumentError(f"output_padding must be smaller than the strides {strides}; got {extra}")
            if padding == "same":
                cut = [max(r - r % 2 - e, 0) for r, e in zip(reach, extra, strict=True)]
                pads = _halves(cut[0]), _halves(cut[1])
                kept = [r % 2 for r in reach]
            else:
                pads = NO_PADS if padding == "valid" else padding
                kept = [r - sum(p) for r, p in zip(reach, pads, strict=True)]
            image = tuple((n - 1) * s + k + e for n, s, k, e in zip(inputs, strides, kept, extra, strict=True))
            if min(image) < 1:
                raise ShapeError(f"padding {pads} leaves nothing of a transposed convolution over {inputs} pixels")
            windows = cls.over((image[0], image[1]), size, strides, pads, dilation)
        return windows

    @property
    def reach(self) -> Pair:
        """How many pixels a window spans from its first tap to its last, (height, width)."""
        return _reach(self.size, self.dilation)

    @property
    def corner(self) -> Pair:
        """How much padding lies before the first pixel, (top, left)."""
        return self.pads[0][0], self.pads[1][0]

    @cached_property
    def outputs(self) -> Pair:
        """How many windows there are: floor((image + pads - reach) / stride) + 1, (height, width)."""
        down, across = (
            (n + sum(p) - r) // s + 1
            for n, p, r, s in zip(self.image, self.pads, self.reach, self.strides, strict=True)
        )
        return down, across


def ceil_pads(image: Pair, size: Pair, strides: Pair) -> Pads:
    """The pixels at the bottom and right that let a last, cut window fit: ceil((image - size) / stride) + 1 windows.

    A window that would begin beyond the image is none (PyTorch's rule).
    """
    missing = [-(n - r) % s if n >= r else 0 for n, r, s in zip(image, size, strides, strict=True)]
    down, across = (m if m < r else 0 for m, r in zip(missing, size, strict=True))
    return (0, down), (0, across)


def _named_or_pads(padding: Any) -> Any:
    """The words "valid" and "same" as they are, anything else as pads."""
    if not isinstance(padding, str):
        return explicit_pads(padding, "padding, unless it is 'valid' or 'same',")
    if padding not in ("valid", "same"):
        raise ArgumentError(f"padding must be 'valid', 'same' or numbers of pixels; got {padding!r}")
    return padding


def _reach(size: Pair, dilation: Pair) -> Pair:
    return (size[0] - 1) * dilation[0] + 1, (size[1] - 1) * dilation[1] + 1


def _same(n: int, stride: int, reach: int) -> Pair:
    return _halves(max((-(-n // stride) - 1) * stride + reach - n, 0))


def _halves(pixels: int) -> Pair:
    return pixels // 2, pixels - pixels // 2
