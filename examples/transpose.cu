// A matrix transposed through shared memory, so that both the reading and the writing are of neighbours.
//
//   minicnn cuda check examples/transpose.cu --grid 2,3 --block 32,8 --size 4500 rows=90 columns=50
//
// A launch is a grid of blocks of threads and the arguments: 2 x 3 blocks of 32 x 8 threads, two arrays of 4500 numbers
// (--size), and rows and columns by name. The arrays are filled with random numbers, and what the threads do with them is
// watched. Add --traffic to count what it costs the memory, line by line. Then try, one at a time:
//
//   take a bound away, say `&& column < columns`   an access out of bounds
//   take the barrier away                          a data race, and both its lines
//   take the `+ 1` away and add --traffic          32 cycles for each read of shared memory in place of one
const int TILE = 32;

// x (rows, columns) -> y (columns, rows). Launch: blocks of (32, 8), grid (tiles across, tiles down).
extern "C" __global__ void transpose(const float *x, float *y, int rows, int columns) {
    __shared__ float tile[TILE][TILE + 1];  // + 1: a column of the tile lies in 32 banks, not in one
    int row = blockIdx.y * TILE, column = blockIdx.x * TILE + threadIdx.x;
    for (int i = threadIdx.y; i < TILE; i += blockDim.y)
        if (row + i < rows && column < columns) tile[i][threadIdx.x] = x[(row + i) * columns + column];
    __syncthreads();
    int down = blockIdx.x * TILE, across = blockIdx.y * TILE + threadIdx.x;
    for (int i = threadIdx.y; i < TILE; i += blockDim.y)
        if (down + i < columns && across < rows) y[(down + i) * rows + across] = tile[threadIdx.x][i];
}
