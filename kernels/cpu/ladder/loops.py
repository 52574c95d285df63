"""Step 1 of the ladder: convolution and pooling straight from their definitions, one number at a time.

Slow on purpose, and independent on purpose: nothing is imported but NumPy's arrays, and every index is worked out
here, so that these loops can bear witness for the faster steps and for the backends.

A convolution is a sum of products, y[..] += x[..] · w[..], over all taps of all windows. So each of its gradients is
the same sum with the roles changed: every term gives each factor the other one times dy. The loops stand once, in
`_terms`, and each function below is one line inside them.

Letters: N images, H x W pixels, C channels; R x S taps, K filters; OH x OW outputs. All pairs are (height, width), and
pads are ((top, bottom), (left, right)). Source: Dumoulin and Visin, A guide to convolution arithmetic (2016).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

Pair = tuple[int, int]
Pads = tuple[Pair, Pair]
Index = tuple[int, ...]


def conv2d(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None, strides: Pair, pads: Pads, dilation: Pair, groups: int
) -> np.ndarray:
    """x (N, H, W, C), w (R, S, C / groups, K), b (K,) or None -> y (N, OH, OW, K)."""
    y = np.zeros((len(x), *_outputs(x.shape[1:3], w.shape[:2], strides, pads, dilation), w.shape[3]), x.dtype)
    for at_y, at_x, at_w in _terms(y.shape, x.shape, w.shape, strides, pads, dilation, groups):
        y[at_y] += x[at_x] * w[at_w]
    return _plus_bias(y, b)


def conv2d_input_gradient(
    dy: np.ndarray, w: np.ndarray, image: Pair, strides: Pair, pads: Pads, dilation: Pair, groups: int
) -> np.ndarray:
    """dy (N, OH, OW, K), w (R, S, C / groups, K), image (H, W) -> dx (N, H, W, C)."""
    dx = np.zeros((len(dy), *image, w.shape[2] * groups), dy.dtype)
    for at_y, at_x, at_w in _terms(dy.shape, dx.shape, w.shape, strides, pads, dilation, groups):
        dx[at_x] += dy[at_y] * w[at_w]
    return dx


def conv2d_weight_gradient(
    x: np.ndarray, dy: np.ndarray, size: Pair, strides: Pair, pads: Pads, dilation: Pair, groups: int
) -> np.ndarray:
    """x (N, H, W, C), dy (N, OH, OW, K), size (R, S) -> dw (R, S, C / groups, K)."""
    dw = np.zeros((*size, x.shape[3] // groups, dy.shape[3]), x.dtype)
    for at_y, at_x, at_w in _terms(dy.shape, x.shape, dw.shape, strides, pads, dilation, groups):
        dw[at_w] += x[at_x] * dy[at_y]
    return dw


def conv2d_transpose(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None, image: Pair, strides: Pair, pads: Pads, dilation: Pair
) -> np.ndarray:
    """x (N, H, W, C), w (R, S, K, C), b (K,) or None, image (H', W') -> y (N, H', W', K): each pixel stamps w."""
    y = np.zeros((len(x), *image, w.shape[2]), x.dtype)
    for at_x, at_y, at_w in _terms(x.shape, y.shape, w.shape, strides, pads, dilation, groups=1):
        y[at_y] += x[at_x] * w[at_w]
    return _plus_bias(y, b)


def conv2d_transpose_input_gradient(
    dy: np.ndarray, w: np.ndarray, inputs: Pair, strides: Pair, pads: Pads, dilation: Pair
) -> np.ndarray:
    """dy (N, H', W', K), w (R, S, K, C), inputs (H, W) -> dx (N, H, W, C)."""
    dx = np.zeros((len(dy), *inputs, w.shape[3]), dy.dtype)
    for at_x, at_y, at_w in _terms(dx.shape, dy.shape, w.shape, strides, pads, dilation, groups=1):
        dx[at_x] += dy[at_y] * w[at_w]
    return dx


def conv2d_transpose_weight_gradient(
    x: np.ndarray, dy: np.ndarray, size: Pair, strides: Pair, pads: Pads, dilation: Pair
) -> np.ndarray:
    """x (N, H, W, C), dy (N, H', W', K), size (R, S) -> dw (R, S, K, C)."""
    dw = np.zeros((*size, dy.shape[3], x.shape[3]), x.dtype)
    for at_x, at_y, at_w in _terms(x.shape, dy.shape, dw.shape, strides, pads, dilation, groups=1):
        dw[at_w] += x[at_x] * dy[at_y]
    return dw


def depthwise_conv2d(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None, strides: Pair, pads: Pads, dilation: Pair
) -> np.ndarray:
    """x (N, H, W, C), w (R, S, C, M), b (C·M,) or None -> y (N, OH, OW, C·M)."""
    outputs = _outputs(x.shape[1:3], w.shape[:2], strides, pads, dilation)
    y = np.zeros((len(x), *outputs, w.shape[2] * w.shape[3]), x.dtype)
    for at_y, at_x, at_w in _depthwise_terms(y.shape, x.shape, w.shape, strides, pads, dilation):
        y[at_y] += x[at_x] * w[at_w]
    return _plus_bias(y, b)


def depthwise_conv2d_input_gradient(
    dy: np.ndarray, w: np.ndarray, image: Pair, strides: Pair, pads: Pads, dilation: Pair
) -> np.ndarray:
    """dy (N, OH, OW, C·M), w (R, S, C, M), image (H, W) -> dx (N, H, W, C)."""
    dx = np.zeros((len(dy), *image, w.shape[2]), dy.dtype)
    for at_y, at_x, at_w in _depthwise_terms(dy.shape, dx.shape, w.shape, strides, pads, dilation):
        dx[at_x] += dy[at_y] * w[at_w]
    return dx


def depthwise_conv2d_weight_gradient(
    x: np.ndarray, dy: np.ndarray, size: Pair, strides: Pair, pads: Pads, dilation: Pair
) -> np.ndarray:
    """x (N, H, W, C), dy (N, OH, OW, C·M), size (R, S) -> dw (R, S, C, M)."""
    dw = np.zeros((*size, x.shape[3], dy.shape[3] // x.shape[3]), x.dtype)
    for at_y, at_x, at_w in _depthwise_terms(dy.shape, x.shape, dw.shape, strides, pads, dilation):
        dw[at_w] += x[at_x] * dy[at_y]
    return dw


def max_pool2d(x: np.ndarray, size: Pair, strides: Pair, pads: Pads) -> np.ndarray:
    """x (N, H, W, C) -> y (N, OH, OW, C): the largest pixel of each window."""
    y = np.zeros((len(x), *_outputs(x.shape[1:3], size, strides, pads, (1, 1)), x.shape[3]), x.dtype)
    for at_y, pixels in _pools(y.shape, x.shape, size, strides, pads):
        y[at_y] = x[_largest(x, pixels)]
    return y


def max_pool2d_gradient(dy: np.ndarray, x: np.ndarray, size: Pair, strides: Pair, pads: Pads) -> np.ndarray:
    """dy (N, OH, OW, C), x (N, H, W, C) -> dx (N, H, W, C): each dy to the pixel that was largest."""
    dx = np.zeros_like(x)
    for at_y, pixels in _pools(dy.shape, x.shape, size, strides, pads):
        dx[_largest(x, pixels)] += dy[at_y]
    return dx


def average_pool2d(x: np.ndarray, size: Pair, strides: Pair, pads: Pads) -> np.ndarray:
    """x (N, H, W, C) -> y (N, OH, OW, C): the mean of each window's pixels; padding is no pixel."""
    y = np.zeros((len(x), *_outputs(x.shape[1:3], size, strides, pads, (1, 1)), x.shape[3]), x.dtype)
    for at_y, pixels in _pools(y.shape, x.shape, size, strides, pads):
        for at_x in pixels:
            y[at_y] += x[at_x] / len(pixels)
    return y


def average_pool2d_gradient(dy: np.ndarray, image: Pair, size: Pair, strides: Pair, pads: Pads) -> np.ndarray:
    """dy (N, OH, OW, C), image (H, W) -> dx (N, H, W, C): each dy in equal parts to its window's pixels."""
    dx = np.zeros((len(dy), *image, dy.shape[3]), dy.dtype)
    for at_y, pixels in _pools(dy.shape, dx.shape, size, strides, pads):
        for at_x in pixels:
            dx[at_x] += dy[at_y] / len(pixels)
    return dx


def _terms(
    y_shape: Index, x_shape: Index, w_shape: Index, strides: Pair, pads: Pads, dilation: Pair, groups: int
) -> Iterator[tuple[Index, Index, Index]]:
    """Where the factors of every product of a convolution stand: in y, in x, in w. Products with padding are 0."""
    images, output_rows, output_columns, filters = y_shape
    _, height, width, _ = x_shape
    taps_down, taps_across, channels, _ = w_shape  # channels: those of one group
    for n in range(images):
        for i in range(output_rows):
            for j in range(output_columns):
                for k in range(filters):
                    group = k // (filters // groups)
                    for r in range(taps_down):
                        for s in range(taps_across):
                            row = i * strides[0] + r * dilation[0] - pads[0][0]
                            column = j * strides[1] + s * dilation[1] - pads[1][0]
                            if 0 <= row < height and 0 <= column < width:
                                for c in range(channels):
                                    yield (n, i, j, k), (n, row, column, group * channels + c), (r, s, c, k)


def _depthwise_terms(
    y_shape: Index, x_shape: Index, w_shape: Index, strides: Pair, pads: Pads, dilation: Pair
) -> Iterator[tuple[Index, Index, Index]]:
    """The same for a depthwise convolution: no sum over channels, and filter m of channel c makes channel c·M + m."""
    images, output_rows, output_columns, _ = y_shape
    _, height, width, _ = x_shape
    taps_down, taps_across, channels, multiplier = w_shape
    for n in range(images):
        for i in range(output_rows):
            for j in range(output_columns):
                for c in range(channels):
                    for m in range(multiplier):
                        for r in range(taps_down):
                            for s in range(taps_across):
                                row = i * strides[0] + r * dilation[0] - pads[0][0]
                                column = j * strides[1] + s * dilation[1] - pads[1][0]
                                if 0 <= row < height and 0 <= column < width:
                                    yield (n, i, j, c * multiplier + m), (n, row, column, c), (r, s, c, m)


def _pools(
    y_shape: Index, x_shape: Index, size: Pair, strides: Pair, pads: Pads
) -> Iterator[tuple[Index, list[Index]]]:
    """Every output of a pooling, with the pixels of its window in row-major order."""
    _, height, width, _ = x_shape
    for n, i, j, c in np.ndindex(*y_shape):
        top, left = i * strides[0] - pads[0][0], j * strides[1] - pads[1][0]
        rows = [row for row in range(top, top + size[0]) if 0 <= row < height]
        columns = [column for column in range(left, left + size[1]) if 0 <= column < width]
        yield (n, i, j, c), [(n, row, column, c) for row in rows for column in columns]


def _largest(x: np.ndarray, pixels: list[Index]) -> Index:
    """Where the largest of these pixels stands; the first, if several are."""
    winner = pixels[0]
    for pixel in pixels:
        if x[pixel] > x[winner]:
            winner = pixel
    return winner


def _outputs(image: Pair, size: Pair, strides: Pair, pads: Pads, dilation: Pair) -> Pair:
    """How many windows there are: the steps that the window's last tap can take before it leaves the padded image."""
    last_row = image[0] + pads[0][0] + pads[0][1] - 1 - (size[0] - 1) * dilation[0]
    last_column = image[1] + pads[1][0] + pads[1][1] - 1 - (size[1] - 1) * dilation[1]
    return last_row // strides[0] + 1, last_column // strides[1] + 1


def _plus_bias(y: np.ndarray, b: np.ndarray | None) -> np.ndarray:
    if b is not None:
        for index in np.ndindex(*y.shape):
            y[index] += b[index[3]]
    return y
