"""Pictures of another size: every new pixel a weighted sum of old ones, along the columns and then along the rows.

A new row is made of whole old rows first, into memory of one row, and its pixels of that. NumPy, tap by tap for a whole
picture, reads and writes it once for each tap. The threads that prepare data run this beside those that train, each on
pictures of its own: no loop here is shared out.
"""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.jit import kernel


@kernel
def resample(images, rows, row_weights, columns, column_weights, out):
    """images (n, H, W, C) -> out (n, h, w, C), whose dtype the weights have.

    rows (h, T), columns (w, U): which old ones make a new one; row_weights (h, T), column_weights (w, U).
    """
    n, height, _, channels = out.shape
    line = np.empty(images.shape[2] * channels, out.dtype)
    for k in range(n):
        for i in range(height):
            line[:] = 0
            for tap in range(rows.shape[1]):
                _add(line, images[k, rows[i, tap]].reshape(-1), row_weights[i, tap])
            _shrink(out[k, i].reshape(-1), line, columns, column_weights, channels)


@kernel
def _add(line, pixels, weight):
    for i in range(len(line)):
        line[i] += line.dtype.type(pixels[i]) * weight


@kernel
def _shrink(new, line, columns, weights, channels):
    """new (w · C) from line (W · C)."""
    for j in range(len(columns)):
        for c in range(np.uint64(channels)):
            # Unsigned: signed ones would be looked at each time, whether they count from the end.
            total = new.dtype.type(0)
            for tap in range(columns.shape[1]):
                total += line[np.uint64(columns[j, tap] * channels) + c] * weights[j, tap]
            new[np.uint64(j * channels) + c] = total
