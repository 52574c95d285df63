// Sums over rows, channel by channel, in an order that is fixed: the same bits in every run, on every device.
//
// Launch: blocks of (32, 8) = 32 neighbouring channels times 8 rows at a time, so that a warp reads 32 neighbours; the
// grid is (chunks of rows, tiles of 32 channels). Within a chunk a thread takes every 8th row, then the 8 of a channel
// are added in shared memory, first to last. A second launch adds the chunks. In several levels the rounding grows far
// more slowly than in one long sum, and no atomic ever decides who is added first.
#include "common.cuh"

const int CHANNELS_OF_BLOCK = 32;
const int ROWS_AT_ONCE = 8;

// The channel of this thread, and the rows [first, last) of its chunk.
struct Chunk {
    int channel;
    long long first, last;
};

__device__ inline Chunk chunk_of_rows(long long chunk, long long rows, long long rows_of_chunk) {
    long long first = chunk * rows_of_chunk, last = first + rows_of_chunk;
    return {int(blockIdx.y * CHANNELS_OF_BLOCK + threadIdx.x), first, last < rows ? last : rows};
}

// The sum of what the 8 threads of a channel have, first to last, known to them all. All threads of a block call it.
__device__ inline Real sum_of_threads(Real own) {
    __shared__ Real part[ROWS_AT_ONCE][CHANNELS_OF_BLOCK];
    part[threadIdx.y][threadIdx.x] = own;
    __syncthreads();
    Real total = 0;
    for (int y = 0; y < ROWS_AT_ONCE; ++y) total += part[y][threadIdx.x];
    __syncthreads();  // nobody may write the next sum's parts before everybody has read these
    return total;
}

// The sum of value(row) over a chunk's rows, known to all 8 threads of the channel. All threads of a block must call
// it, those beyond the last channel with last = first.
template <class Value>
__device__ Real sum_of_rows(Value value, long long first, long long last) {
    Real sum = 0;
    for (long long row = first + threadIdx.y; row < last; row += ROWS_AT_ONCE) sum += value(row);
    return sum_of_threads(sum);
}
