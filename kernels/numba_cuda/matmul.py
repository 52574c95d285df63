"""Three matrix products by the textbook's tile of shared memory; the sibling of matmul.cu and tiles.cuh.

A block of 16 x 16 threads computes 16 x 16 results, one a thread. Step by step along the depth it brings 16 x 16 of
either factor into shared memory, where each number serves 16 threads: memory is read 16 times less than naively. The
sibling goes one level further: there each thread sums a corner of 4 x 4 in its registers, so that shared memory is read
less, too. Source: NVIDIA, CUDA C++ Programming Guide, section 3.2.4, shared memory.
"""

from minicnn.kernels.numba_cuda.launching import Shape, launched
from minicnn.kernels.numba_cuda.target import cuda

TILE = 16


def tiles(rows: int, columns: int, **_: object) -> Shape:
    """(tiles of 16 rows, tiles of 16 columns) blocks of (16 columns, 16 rows)."""
    return (-(-int(rows) // TILE), -(-int(columns) // TILE)), (TILE, TILE)


@cuda.jit(device=True, inline="always")
def product(left, left_down, left_across, right, right_down, right_across, rows, depth, columns):
    """The sum over k of left[m, k] · right[k, n] for this thread's m and n. All threads of a block call it.

    left_down and left_across: the distance in memory of its rows and of its columns; right likewise.
    """
    Real = left.dtype.type
    a = cuda.shared.array((TILE, TILE), left.dtype)
    b = cuda.shared.array((TILE, TILE), right.dtype)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    m, n = cuda.blockIdx.x * TILE + y, cuda.blockIdx.y * TILE + x
    total = Real(0)
    for start in range(0, depth, TILE):
        inside_left = m < rows and start + x < depth
        inside_right = start + y < depth and n < columns
        a[y, x] = left[m * left_down + (start + x) * left_across] if inside_left else Real(0)
        b[y, x] = right[(start + y) * right_down + n * right_across] if inside_right else Real(0)
        cuda.syncthreads()  # the tiles are complete
        for k in range(TILE):
            total += a[y, k] * b[k, x]
        cuda.syncthreads()  # nobody needs these any more: the next may overwrite them
    return m, n, total


@launched(tiles)
@cuda.jit
def dense(x, w, b, y, rows, depth, columns, relu):
    """x (rows, depth) @ w (depth, columns) + b (columns,) -> y; b may be empty. With `relu`, max(y, 0)."""
    Real = y.dtype.type
    m, n, value = product(x, depth, 1, w, columns, 1, rows, depth, columns)
    if m < rows and n < columns:
        if b.size:
            value += b[n]
        y[m * columns + n] = Real(0) if relu and value < Real(0) else value


@launched(tiles)
@cuda.jit
def dense_input_gradient(dy, w, dx, rows, depth, columns):
    """dy (rows, depth) @ w.T, w (columns, depth) -> dx (rows, columns)."""
    m, n, value = product(dy, depth, 1, w, 1, depth, rows, depth, columns)
    if m < rows and n < columns:
        dx[m * columns + n] = value


@launched(tiles)
@cuda.jit
def dense_weight_gradient(x, dy, dw, rows, depth, columns):
    """x.T, x (depth, rows) @ dy (depth, columns) -> dw (rows, columns)."""
    m, n, value = product(x, 1, rows, dy, columns, 1, rows, depth, columns)
    if m < rows and n < columns:
        dw[m * columns + n] = value
