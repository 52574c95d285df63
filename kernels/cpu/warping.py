"""Pictures whose pixels come from somewhere else: each new one is a mean of four old ones, or the nearest of them.

Row by row: where its pixels come from, which old ones are there, what the new ones are. What is kept in between is a
row's, in the nearest cache, and all loops but the last become vector instructions. NumPy, which takes each step of the
calculation for a whole picture, needs several times as long. The threads that prepare data run this beside those that
train, each on pictures of its own: no loop here is shared out.
"""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.jit import kernel

NEAREST, REFLECT, WRAP = range(3)
"""What lies outside a picture: its outermost pixels; its mirror image; the picture again."""


@kernel
def warp(images, warps, out, mode, edge, linear, by_coordinate):
    """out (n, H, W, C): its pixel (i, j) of picture k lies at warps[k] · (i, j, 1) of the old one; warps (n, 2, 3).

    images: (n, H + 2 edge, W + 2 edge, C), the old ones in a frame of `edge` pixels, 0 or 1, that goes on for ever.
    linear: a mean of four pixels by their distances, else the nearest one. by_coordinate: a place beyond the middles of
    the outermost pixels is wrapped, or is the frame's if there is one, before the pixels around it are looked for.
    """
    n, height, width, _ = out.shape
    rows, columns = np.empty(width), np.empty(width)
    lines, offsets = np.empty((2, width), np.int64), np.empty((2, width), np.int64)
    shares = np.empty((4, width), out.dtype)
    for k in range(n):
        old = images[k].reshape(-1)
        for i in range(height):
            for j in range(width):
                rows[j] = warps[k, 0, 0] * i + warps[k, 0, 1] * j + warps[k, 0, 2]
                columns[j] = warps[k, 1, 0] * i + warps[k, 1, 1] * j + warps[k, 1, 2]
            if by_coordinate and mode == WRAP:
                _wrap(rows, height - 1)
                _wrap(columns, width - 1)
            elif by_coordinate and edge:
                _into_frame(rows, columns, height, width)
            if not linear:
                rows += 0.5
                columns += 0.5
            _neighbours(rows, columns, lines, offsets, shares)
            _fold(lines, height, mode, edge)
            _fold(offsets, width, mode, edge)
            _fill(out[k, i], old, lines, offsets, shares, images.shape[2], linear)


@kernel
def _neighbours(rows, columns, lines, offsets, shares):
    """The two lines and the two columns around each place, and the shares of the four pixels where they meet."""
    for j in range(len(rows)):
        top, left = np.floor(rows[j]), np.floor(columns[j])
        lines[0, j], lines[1, j] = np.int64(top), np.int64(top) + 1
        offsets[0, j], offsets[1, j] = np.int64(left), np.int64(left) + 1
        down, right = shares.dtype.type(rows[j] - top), shares.dtype.type(columns[j] - left)
        up, leftwards = shares.dtype.type(1) - down, shares.dtype.type(1) - right
        shares[0, j], shares[1, j] = up * leftwards, up * right
        shares[2, j], shares[3, j] = down * leftwards, down * right


@kernel
def _fold(indices, n, mode, edge):
    """Indices of lines anywhere as such of the n that exist, and of the edges around them."""
    for line in range(len(indices)):
        for j in range(indices.shape[1]):
            i = indices[line, j]
            if mode == NEAREST:
                i = max(-edge, min(i, n - 1 + edge)) + edge
            elif not 0 <= i < n:  # a remainder takes its time
                i %= n if mode == WRAP else 2 * n
                i = min(i, 2 * n - 1 - i)
            indices[line, j] = i


@kernel
def _fill(row, old, lines, offsets, shares, width, linear):
    """row (W, C) from old (H · width · C); if not linear, of the four pixels the first."""
    new, channels = row.reshape(-1), row.shape[1]
    for j in range(len(row)):
        # Unsigned: signed ones would be looked at each time, whether they count from the end.
        start = np.uint64(j * channels)
        p = np.uint64((lines[0, j] * width + offsets[0, j]) * channels)
        if not linear:
            for c in range(np.uint64(channels)):
                new[start + c] = old[p + c]
            continue
        q = np.uint64((lines[0, j] * width + offsets[1, j]) * channels)
        r = np.uint64((lines[1, j] * width + offsets[0, j]) * channels)
        s = np.uint64((lines[1, j] * width + offsets[1, j]) * channels)
        for c in range(np.uint64(channels)):
            new[start + c] = (
                old[p + c] * shares[0, j]
                + old[q + c] * shares[1, j]
                + old[r + c] * shares[2, j]
                + old[s + c] * shares[3, j]
            )


@kernel
def _into_frame(rows, columns, height, width):
    """Places beyond the middles of the outermost pixels moved to a corner of the frame."""
    for j in range(len(rows)):
        inside = (rows[j] >= 0) & (rows[j] <= height - 1) & (columns[j] >= 0) & (columns[j] <= width - 1)
        rows[j], columns[j] = (rows[j], columns[j]) if inside else (-1.0, -1.0)


@kernel
def _wrap(places, period):
    """Places outside 0 .. period moved into it by whole periods, those inside left alone."""
    for j in range(len(places)):
        if period == 0:
            places[j] = 0
        elif places[j] < 0:
            places[j] += period * (np.trunc(-places[j] / period) + 1)
        if places[j] > period:
            places[j] -= period * np.trunc(places[j] / period)
