"""im2col and col2im; the sibling of patches.cu, which says more. One thread an element of the result."""

from minicnn.kernels.numba_cuda.launching import each, launched
from minicnn.kernels.numba_cuda.target import cuda
from minicnn.kernels.numba_cuda.windows import place_of, window_over


@launched(each)
@cuda.jit
def im2col(
    x, columns,
    height, width, out_height, out_width, size_h, size_w, stride_h, stride_w, dilation_h, dilation_w, top, left,
    channels, n,
):  # fmt: skip
    """x (N, H, W, C) -> columns (N, OH, OW, R, S, C), 0 where a tap lies on padding. n: numbers of columns."""
    i = cuda.grid(1)
    if i >= n:
        return
    c, rest = i % channels, i // channels
    s, rest = rest % size_w, rest // size_w
    r, rest = rest % size_h, rest // size_h
    across, rest = rest % out_width, rest // out_width
    down, image = rest % out_height, rest // out_height
    h = down * stride_h + r * dilation_h - top
    w = across * stride_w + s * dilation_w - left
    if 0 <= h < height and 0 <= w < width:
        columns[i] = x[((image * height + h) * width + w) * channels + c]
    else:
        columns[i] = 0


@launched(each)
@cuda.jit
def col2im(
    columns, x,
    height, width, out_height, out_width, size_h, size_w, stride_h, stride_w, dilation_h, dilation_w, top, left,
    channels, n,
):  # fmt: skip
    """columns (N, OH, OW, R, S, C) -> x (N, H, W, C), the sum of what all windows hold of a pixel."""
    i = cuda.grid(1)
    if i >= n:
        return
    image, h, w, c = place_of(i, height, width, channels)
    total = x.dtype.type(0)
    for r in range(size_h):
        down = window_over(h, r, stride_h, dilation_h, top, out_height)
        if down < 0:
            continue
        for s in range(size_w):
            across = window_over(w, s, stride_w, dilation_w, left, out_width)
            if across < 0:
                continue
            window = (image * out_height + down) * out_width + across
            total += columns[((window * size_h + r) * size_w + s) * channels + c]
    x[i] = total
