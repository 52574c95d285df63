"""SGD with momentum over all parameters in one launch, in place; the sibling of updates.cu, which says more."""

from minicnn.kernels.numba_cuda.launching import block_a_piece, launched
from minicnn.kernels.numba_cuda.pointers import number_at, put_number_at
from minicnn.kernels.numba_cuda.target import cuda


@launched(block_a_piece)
@cuda.jit
def sgd(addresses, pieces, arrays, learning_rate, momentum, moving, nesterov):
    """addresses (lists, arrays): of parameters, of gradients, of velocities (if `moving`).

    Piece `blockIdx.x` is numbers [first, last) of array `array`; pieces (blocks, 3) holds the three.
    """
    array, first, last = pieces[3 * cuda.blockIdx.x], pieces[3 * cuda.blockIdx.x + 1], pieces[3 * cuda.blockIdx.x + 2]
    parameter, gradient = addresses[array], addresses[arrays + array]
    for i in range(first + cuda.threadIdx.x, last, cuda.blockDim.x):
        step = learning_rate * number_at(gradient, i, learning_rate)
        moved = -step
        if moving:
            velocity = addresses[2 * arrays + array]
            moved = momentum * number_at(velocity, i, momentum) - step
            put_number_at(velocity, i, moved)
            if nesterov:
                moved = momentum * moved - step
        put_number_at(parameter, i, number_at(parameter, i, learning_rate) + moved)
