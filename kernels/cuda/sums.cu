// Sums over everything but the channels: the gradient of every bias, and the second stage of every other reduction.
//
// Launch and order: reduction.cuh. Memory: each number is read once; the partial sums are a 1/rows_of_chunk of that.
#include "reduction.cuh"

// a (rows, channels) -> sums (chunks, channels), each over its rows_of_chunk rows.
extern "C" __global__ void column_sums(const Real *__restrict__ a, Real *__restrict__ sums, long long rows,
                                       long long channels, long long rows_of_chunk) {
    Chunk chunk = chunk_of_rows(blockIdx.x, rows, rows_of_chunk);
    bool inside = chunk.channel < channels;
    auto value = [&](long long row) { return a[row * channels + chunk.channel]; };
    Real total = sum_of_rows(value, chunk.first, inside ? chunk.last : chunk.first);
    if (inside && threadIdx.y == 0) sums[blockIdx.x * channels + chunk.channel] = total;
}

// dy, winners (rows, channels) of relu_pool -> sums (chunks, channels) of the dy that some pixel won: what the gradient
// of a pool's input sums up to, without looking at it. nobody: the winner of windows that let nothing through.
extern "C" __global__ void won_sums(const Real *__restrict__ dy, const unsigned char *__restrict__ winners, int nobody,
                                    Real *__restrict__ sums, long long rows, long long channels,
                                    long long rows_of_chunk) {
    Chunk chunk = chunk_of_rows(blockIdx.x, rows, rows_of_chunk);
    bool inside = chunk.channel < channels;
    auto value = [&](long long row) {
        long long i = row * channels + chunk.channel;
        Real gradient = dy[i];
        return winners[i] == nobody ? Real(0) : gradient;
    };
    Real total = sum_of_rows(value, chunk.first, inside ? chunk.last : chunk.first);
    if (inside && threadIdx.y == 0) sums[blockIdx.x * channels + chunk.channel] = total;
}
