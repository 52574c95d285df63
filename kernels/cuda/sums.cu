// Sums over everything but the channels: the gradient of every bias, and the second stage of every other reduction.
//
// Launch and order: reduction.cuh. Memory: each number is read once; the partial sums are a 1/rows_of_chunk of that.
#include "reduction.cuh"

// a (rows, channels) -> sums (chunks, channels), each over its rows_of_chunk rows.
extern "C" __global__ void column_sums(const Real *a, Real *sums, long long rows, long long channels,
                                       long long rows_of_chunk) {
    Chunk chunk = chunk_of_rows(blockIdx.x, rows, rows_of_chunk);
    bool inside = chunk.channel < channels;
    auto value = [&](long long row) { return a[row * channels + chunk.channel]; };
    Real total = sum_of_rows(value, chunk.first, inside ? chunk.last : chunk.first);
    if (inside && threadIdx.y == 0) sums[blockIdx.x * channels + chunk.channel] = total;
}
