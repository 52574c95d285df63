// Sums over rows, channel by channel, in an order that is fixed: the same bits in every run, on every device.
//
// Launch: blocks of (across, 256 / across), as in rows.cuh: neighbouring channels times some rows at a time, so that a
// warp reads neighbours; the grid is (chunks of rows, tiles of channels). Within a chunk a thread takes every 8th row
// (every 16th where 16 channels are all there are, and so on), then what the threads of a channel have is added in
// shared memory, first to last. A second launch adds the chunks. In several levels the rounding grows far more slowly
// than in one long sum, and no atomic ever decides who is added first.
#include "common.cuh"

const int REDUCING_THREADS = 256;

// The channel of this thread, and the rows [first, last) of its chunk.
struct Chunk {
    int channel;
    long long first, last;
};

__device__ inline Chunk chunk_of_rows(long long chunk, long long rows, long long rows_of_chunk) {
    long long first = chunk * rows_of_chunk, last = first + rows_of_chunk;
    return {int(blockIdx.y * blockDim.x + threadIdx.x), first, last < rows ? last : rows};
}

// The sum of what the threads of a channel have, first to last, known to them all. All threads of a block call it.
__device__ inline Real sum_of_threads(Real own) {
    __shared__ Real part[REDUCING_THREADS];
    part[threadIdx.y * blockDim.x + threadIdx.x] = own;
    __syncthreads();
    Real total = 0;
    for (int y = 0; y < int(blockDim.y); ++y) total += part[y * blockDim.x + threadIdx.x];
    __syncthreads();  // nobody may write the next sum's parts before everybody has read these
    return total;
}

// The sum of value(row) over a chunk's rows, known to all threads of the channel. All threads of a block must call it,
// those beyond the last channel with last = first.
template <class Value>
__device__ Real sum_of_rows(Value value, long long first, long long last) {
    Real sum = 0;
    for (long long row = first + threadIdx.y; row < last; row += blockDim.y) sum += value(row);
    return sum_of_threads(sum);
}
