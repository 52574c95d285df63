"""Maximum pooling, plain and fused with ReLU, both ways; the sibling of pooling.cu, which says more.

Forwards one thread a window and channel, backwards one a pixel, which gathers: nothing is ever scattered.
"""

import math

from minicnn.kernels.numba_cuda.launching import each, launched
from minicnn.kernels.numba_cuda.target import cuda
from minicnn.kernels.numba_cuda.windows import place_of, window_over


@launched(each)
@cuda.jit
def max_pool2d(
    x, y, winners,
    height, width, out_height, out_width, size_h, size_w, stride_h, stride_w, dilation_h, dilation_w, top, left,
    channels, n,
):  # fmt: skip
    """x (N, H, W, C) -> y and each window's winning tap r·S + s, both (N, OH, OW, C).

    The first of equals wins; a NaN wins over all, so that it stays visible. n: numbers of y.
    """
    i = cuda.grid(1)
    if i >= n:
        return
    image, row, column, c = place_of(i, out_height, out_width, channels)
    best = x.dtype.type(-math.inf)  # not 0, which would win where all pixels are negative
    winner = 0
    for r in range(size_h):
        h = row * stride_h + r - top
        if h < 0 or h >= height:
            continue
        for s in range(size_w):
            w = column * stride_w + s - left
            if w < 0 or w >= width:
                continue
            pixel = x[((image * height + h) * width + w) * channels + c]
            if pixel > best or pixel != pixel:
                best = pixel
                winner = r * size_w + s
    y[i] = best
    winners[i] = winner


@launched(each)
@cuda.jit
def max_pool2d_gradient(
    dy, winners, dx,
    height, width, out_height, out_width, size_h, size_w, stride_h, stride_w, dilation_h, dilation_w, top, left,
    channels, n,
):  # fmt: skip
    """dy, winners (N, OH, OW, C) -> dx (N, H, W, C): a pixel collects from every window that it won."""
    i = cuda.grid(1)
    if i >= n:
        return
    image, row, column, c = place_of(i, height, width, channels)
    total = dx.dtype.type(0)
    for r in range(size_h):
        down = window_over(row, r, stride_h, 1, top, out_height)
        if down < 0:
            continue
        for s in range(size_w):
            across = window_over(column, s, stride_w, 1, left, out_width)
            if across < 0:
                continue
            window = ((image * out_height + down) * out_width + across) * channels + c
            if winners[window] == r * size_w + s:
                total += dy[window]
    dx[i] = total


# The fused form. Windows of (size_h, size_w) tile the image, so a pixel belongs to one of them at most.


@launched(each)
@cuda.jit
def relu_pool(x, y, winners, height, width, out_height, out_width, size_h, size_w, channels, n):
    """x (N, H, W, C) -> the largest of relu(x) in each window, and its winner r·S + s, or R·S where none is positive.

    Both (N, PH, PW, C). n: numbers of y.
    """
    i = cuda.grid(1)
    if i >= n:
        return
    image, row, column, c = place_of(i, out_height, out_width, channels)
    best = x.dtype.type(0)
    winner = size_h * size_w
    for r in range(size_h):
        for s in range(size_w):
            h, w = row * size_h + r, column * size_w + s
            pixel = x[((image * height + h) * width + w) * channels + c]
            if pixel > best or pixel != pixel:
                best = pixel
                winner = r * size_w + s
    y[i] = best
    winners[i] = winner


@launched(each)
@cuda.jit
def relu_pool_gradient(dy, winners, dx, height, width, out_height, out_width, size_h, size_w, channels, n):
    """dy, winners (N, PH, PW, C) -> dx (N, H, W, C): dy where the pixel won, else 0, also where no window reaches."""
    i = cuda.grid(1)
    if i >= n:
        return
    image, row, column, c = place_of(i, height, width, channels)
    down, across = row // size_h, column // size_w
    gradient = dx.dtype.type(0)
    if down < out_height and across < out_width:
        window = ((image * out_height + down) * out_width + across) * channels + c
        if winners[window] == row % size_h * size_w + column % size_w:
            gradient = dy[window]
    dx[i] = gradient
