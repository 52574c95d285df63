"""Windows on an image; the sibling of windows.cuh."""

from minicnn.kernels.numba_cuda.target import cuda


@cuda.jit(device=True, inline="always")
def window_over(pixel, tap, stride, dilation, pad, outputs):
    """The window, along one axis, whose tap number `tap` lies on `pixel`; -1 if there is none."""
    start = pixel + pad - tap * dilation  # where that window would begin, in the padded image
    if start < 0 or start % stride != 0 or start // stride >= outputs:
        return -1
    return start // stride


@cuda.jit(device=True, inline="always")
def place_of(i, rows, columns, channels):
    """What thread i of a result (N, rows, columns, C) works on: image, row, column, channel."""
    return i // channels // columns // rows, i // channels // columns % rows, i // channels % columns, i % channels
