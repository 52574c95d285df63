"""Depthwise convolution: no sum over channels, so no matrix product; one multiply-add for each number loaded.

Channels are contiguous and independent: they are the innermost dimension and become vectors (`depthwise_rows`). Rows
are the pieces of work. Nothing is padded: what a pixel can see is worked out for each row and each column beforehand,
and columns that see the same taps, all but a few at the border, are one segment of a row.

The input gradient is the same sum with taps that run backwards through dy. With strides, a pixel is reached only by
taps that lie some way apart, and the next pixel of a segment is one stride away.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import gcd
from typing import NamedTuple

import numpy as np
from numba import prange

from minicnn.kernels.cpu import depthwise_rows
from minicnn.kernels.cpu.calls import address_of, call_address
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.relu_pool import kind_of
from minicnn.kernels.cpu.sums import sum_in_order
from minicnn.kernels.cpu.threads import exclusive, scratch
from minicnn.kernels.cpu.units import Pair
from minicnn.kernels.recording import performed

PARTS = 16  # partial sums in the weight gradient


class Axis(NamedTuple):
    """What the results along one axis see of the source."""

    taps: np.ndarray  # (results, 3): first tap, taps, index in the source that the first tap reads
    tap_step: int  # from one of those taps to the next
    source_step: int  # in the source between what neighbouring taps read
    period: int  # results that far apart
    advance: int  # read sources that far apart
    segments: np.ndarray  # (·, 5): first result, results `period` apart, and `taps` of the first of them


class Steps(NamedTuple):
    """How far apart things lie, in numbers, and in rows of the source and of the kernel."""

    row: int
    column: int
    pixel: int
    w_row: int
    w_column: int
    y_pixel: int


def depthwise_conv2d(
    x: np.ndarray, w: np.ndarray, bias: np.ndarray, y: np.ndarray, strides: Pair, dilation: Pair, corner: Pair
) -> None:
    """x (N, H, W, C), w (R, S, C), bias (C,) -> y (N, OH, OW, C); corner: padding (top, left). All contiguous."""
    axes = [_seen(y.shape[a + 1], x.shape[a + 1], w.shape[a], strides[a], dilation[a], corner[a]) for a in (0, 1)]
    _launch(depthwise_rows.correlate, x, w[None], bias, y, *axes, len(y) * y.shape[1])


def depthwise_conv2d_input_gradient(
    dy: np.ndarray, w: np.ndarray, dx: np.ndarray, strides: Pair, dilation: Pair, corner: Pair
) -> None:
    """dy (N, OH, OW, C), w (R, S, C) -> dx (N, H, W, C). All contiguous."""
    axes = [_reached(dx.shape[a + 1], dy.shape[a + 1], w.shape[a], strides[a], dilation[a], corner[a]) for a in (0, 1)]
    no_bias = np.zeros(dx.shape[3], dx.dtype)
    _launch(depthwise_rows.correlate, dy, w[None], no_bias, dx, *axes, len(dx) * dx.shape[1])


def depthwise_conv2d_weight_gradient(
    x: np.ndarray, dy: np.ndarray, dw: np.ndarray, strides: Pair, dilation: Pair, corner: Pair
) -> None:
    """x (N, H, W, C), dy (N, OH, OW, C) -> dw (R, S, C). All contiguous.

    Rows of dy are dealt out to a fixed number of partial sums, which are added in their order.
    """
    parts = max(1, min(PARTS, dy.shape[0] * dy.shape[1]))
    axes = [_seen(dy.shape[a + 1], x.shape[a + 1], dw.shape[a], strides[a], dilation[a], corner[a]) for a in (0, 1)]
    with exclusive:
        partial = scratch("slots", parts * dw.size, dw.dtype).reshape(parts, *dw.shape)
        performed(partial.fill, 0)
        _launch(depthwise_rows.sum_products, x, partial, partial.reshape(-1), dy, *axes, parts)
        sum_in_order(partial.reshape(parts, -1), dw.reshape(-1))


@lru_cache(maxsize=1024)
def _seen(results: int, sources: int, taps: int, stride: int, dilation: int, padding: int) -> Axis:
    """Forwards: result i sees i · stride + t · dilation - padding through tap t."""
    seen = []
    for i in range(results):
        start = i * stride - padding
        first, last = max(0, -(start // dilation)), min(taps, -((start - sources) // dilation))
        seen.append((first, max(0, last - first), start + first * dilation))
    return Axis(_table(seen), 1, dilation, 1, stride, _segments(seen, 1, stride))


@lru_cache(maxsize=1024)
def _reached(results: int, sources: int, taps: int, stride: int, dilation: int, padding: int) -> Axis:
    """Backwards: pixel i was seen through tap t by (i + padding - t · dilation) / stride, where that is whole.

    Taps come from the last to the first: so what they read is in the order in which it lies in memory.
    """
    reached = []
    for i in range(results):
        ups = [(t, i + padding - t * dilation) for t in range(taps)]
        found = [(t, up // stride) for t, up in ups if up % stride == 0 and 0 <= up // stride < sources]
        reached.append((found[-1][0], len(found), found[-1][1]) if found else (0, 0, 0))
    every = stride // gcd(stride, dilation)
    return Axis(_table(reached), -every, dilation * every // stride, stride, 1, _segments(reached, stride, 1))


def _segments(taps: list[tuple[int, int, int]], period: int, advance: int) -> np.ndarray:
    """Runs of results that lie `period` apart, and see the same taps of what lies `advance` apart."""
    segments: list[list[int]] = []
    for phase in range(min(period, len(taps))):
        follows = False
        for i in range(phase, len(taps), period):
            first, count, source = taps[i]
            before = segments[-1] if follows else []
            if before[2:4] == [first, count] and source == before[4] + before[1] * advance:
                before[1] += 1
            else:
                segments.append([i, 1, first, count, source])
            follows = True
    return np.array(segments, np.int64).reshape(-1, 5)


def _table(rows: list[tuple[int, int, int]]) -> np.ndarray:
    return np.array(rows, np.int64).reshape(-1, 3)


def _launch(
    function: Callable[[str, int], int],
    source: np.ndarray,
    w: np.ndarray,
    bias: np.ndarray,
    y: np.ndarray,
    rows: Axis,
    columns: Axis,
    parts: int,
) -> None:
    """w (1 or parts, R, S, C): one for all parts of y's rows, or one for each."""
    if y.size == 0:
        return
    width, channels = source.shape[2:]
    steps = Steps(
        rows.source_step * width * channels,
        columns.source_step * channels,
        columns.advance * channels,
        rows.tap_step * w.shape[2] * channels,
        columns.tap_step * channels,
        columns.period * channels,
    )
    kind, most = kind_of(source), int(columns.segments[:, 3].max())
    with exclusive:
        functions = function(kind, most), function(kind, 0)
        _take_rows(*functions, most, steps, source, w, bias, y, rows.taps, columns.segments, parts)


@parallel_kernel
def _take_rows(function, any_function, most, steps, source, w, bias, y, rows, segments, parts):
    for part in prange(parts):
        _take_part(function, any_function, most, np.int64(part), steps, source, w, bias, y, rows, segments, parts)


@kernel
def _take_part(function, any_function, most, part, steps, source, w, bias, y, rows, segments, parts):
    size, channels, weights = source.itemsize, y.shape[3], w[part % len(w)]
    for row in range(part * y.shape[0] * y.shape[1] // parts, (part + 1) * y.shape[0] * y.shape[1] // parts):
        image, i = row // y.shape[1], row % y.shape[1]
        first_row, row_count, h = rows[i]
        for k in range(len(segments)):
            first, pixels, first_column, column_count, column = segments[k]
            call_address(
                function if column_count == most else any_function,
                (
                    pixels,
                    channels,
                    address_of(source) + ((image * source.shape[1] + h) * source.shape[2] + column) * channels * size,
                    steps.pixel,
                    steps.row,
                    steps.column,
                    row_count,
                    column_count,
                    address_of(weights) + (first_row * weights.shape[1] + first_column) * channels * size,
                    steps.w_row,
                    steps.w_column,
                    address_of(bias),
                    address_of(y) + (row * y.shape[2] + first) * channels * size,
                    steps.y_pixel,
                ),
            )
