"""im2col and col2im: the two maps between images and patches. Each is the adjoint (transpose) of the other.

im2col only reads: one pixel goes into every window that sees it. So its adjoint adds: every pixel gathers what all
those windows hold. That sum over overlaps is the whole difficulty of a convolution's backward pass.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from minicnn.geometry import Windows


def pad(x: np.ndarray, windows: Windows, value: float = 0.0) -> np.ndarray:
    """(N, H, W, C) -> (N, H + top + bottom, W + left + right, C); x itself where there is nothing to add."""
    if windows.pads == ((0, 0), (0, 0)):
        return x
    return np.pad(x, ((0, 0), *windows.pads, (0, 0)), constant_values=value)


def crop(padded: np.ndarray, windows: Windows) -> np.ndarray:
    """What pad added, taken off again."""
    (top, _), (left, _) = windows.pads
    height, width = windows.image
    return padded[:, top : top + height, left : left + width]


def taps(windows: Windows) -> Iterator[tuple[int, int, tuple[slice, slice, slice]]]:
    """Each tap (r, s) of the kernel, with the part of the padded image that it touches: one pixel for each window."""
    (oh, ow), (sh, sw), (dh, dw) = windows.outputs, windows.strides, windows.dilation
    for r in range(windows.size[0]):
        for s in range(windows.size[1]):
            rows = slice(r * dh, r * dh + sh * (oh - 1) + 1, sh)
            columns = slice(s * dw, s * dw + sw * (ow - 1) + 1, sw)
            yield r, s, (slice(None), rows, columns)


def im2col(x: np.ndarray, windows: Windows) -> np.ndarray:
    """(N, H, W, C) -> (N, OH, OW, R, S, C), a view of the padded image that copies nothing yet."""
    (sh, sw), (dh, dw) = windows.strides, windows.dilation
    patches = sliding_window_view(pad(x, windows), windows.reach, axis=(1, 2))  # (N, ·, ·, C, reach, reach)
    return patches[:, ::sh, ::sw, :, ::dh, ::dw].transpose(0, 1, 2, 4, 5, 3)


def col2im(columns: np.ndarray, windows: Windows) -> np.ndarray:
    """(N, OH, OW, R, S, C) -> (N, H, W, C). Within one tap no two windows share a pixel, so `+=` is safe there."""
    (height, width), ((top, bottom), (left, right)) = windows.image, windows.pads
    shape = len(columns), height + top + bottom, width + left + right, columns.shape[-1]
    padded = np.zeros(shape, columns.dtype)
    for r, s, touched in taps(windows):
        padded[touched] += columns[:, :, :, r, s]
    return crop(padded, windows)
