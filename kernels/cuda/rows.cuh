// Arrays of rows of channels, a number a thread: which row and channel it has is known without dividing.
//
// Launch: blocks of (across, 256 / across), where `across` is the power of two that holds the channels, 32 at most; the
// grid is (stretches of rows, tiles of channels). Neighbouring threads have neighbouring channels, then neighbouring
// rows: a warp's numbers lie side by side. Each thread takes ROWS_OF_THREAD rows, so that what depends on the channel
// alone is loaded once for them, and several loads are on their way at a time.
#include "common.cuh"

const int ROWS_OF_THREAD = 4;

// Calls body(i, row, channel) for each number i = row · channels + channel that is this thread's, of n in all.
template <class Body> __device__ inline void for_own_rows(int channels, long long n, Body body) {
    int channel = blockIdx.y * blockDim.x + threadIdx.x;
    if (channel >= channels) return;
#pragma unroll
    for (int j = 0; j < ROWS_OF_THREAD; ++j) {
        int row = (blockIdx.x * ROWS_OF_THREAD + j) * blockDim.y + threadIdx.y;
        long long i = (long long)row * channels + channel;
        if (i < n) body(i, row, channel);
    }
}
