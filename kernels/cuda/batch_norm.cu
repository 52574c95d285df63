// Batch normalization over all axes but the last: x (rows, channels).
//
// Launch: sums in blocks of (32, 8) over chunks of rows, see reduction.cuh; everything else one thread an element in
// blocks of 256. Memory: the moments read x from DRAM once (a chunk of 32 channels is at most 64 KB: its second look
// is served by a cache), normalizing reads it again and writes y; the gradients read dy and x twice, once for the sums
// and once for dx. Source: Ioffe and Szegedy, Batch Normalization (2015), algorithm 1 and section 3; moments of parts
// are put together by Chan, Golub and LeVeque, Updating formulae and a pairwise algorithm for computing sample
// variances (1979).
#include "reduction.cuh"

// Stage 1: the mean of each chunk and its sum of squared distances to that mean, both (chunks, channels). Not by
// mean(x²) - mean², which cancels.
extern "C" __global__ void chunk_moments(const Real *x, Real *means, Real *squares, long long rows, int channels,
                                         long long rows_of_chunk) {
    Chunk chunk = chunk_of_rows(blockIdx.x, rows, rows_of_chunk);
    bool inside = chunk.channel < channels;
    long long last = inside ? chunk.last : chunk.first;
    auto number = [&](long long row) { return x[row * channels + chunk.channel]; };
    Real mean = sum_of_rows(number, chunk.first, last) / Real(chunk.last - chunk.first);
    auto square = [&](long long row) {
        Real distance = x[row * channels + chunk.channel] - mean;
        return distance * distance;
    };
    Real total = sum_of_rows(square, chunk.first, last);
    if (inside && threadIdx.y == 0) {
        means[blockIdx.x * (long long)channels + chunk.channel] = mean;
        squares[blockIdx.x * (long long)channels + chunk.channel] = total;
    }
}

// Stage 2: one thread a channel puts the chunks together, first to last -> mean, biased variance (channels,).
extern "C" __global__ void combine_moments(const Real *means, const Real *squares, Real *mean, Real *variance,
                                           long long rows, int channels, long long rows_of_chunk) {
    long long channel = thread_number();
    if (channel >= channels) return;
    Real center = 0, spread = 0;
    long long i = channel;
    for (long long before = 0; before < rows; before += rows_of_chunk, i += channels) {
        long long here = rows - before < rows_of_chunk ? rows - before : rows_of_chunk;
        Real share = Real(here) / Real(before + here), distance = means[i] - center;
        center += distance * share;
        spread += squares[i] + distance * distance * Real(before) * share;
    }
    mean[channel] = center;
    variance[channel] = spread / Real(rows);
}

__device__ inline Real inverse_deviation(Real variance, Real epsilon) {
    return Real(1) / square_root(variance + epsilon);
}

// y = gamma · (x - mean) / sqrt(variance + epsilon) + beta, for training and for inference. n: numbers of x.
extern "C" __global__ void normalize(const Real *x, const Real *gamma, const Real *beta, const Real *mean,
                                     const Real *variance, Real epsilon, Real *y, int channels, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    int c = i % channels;
    y[i] = (x[i] - mean[c]) * inverse_deviation(variance[c], epsilon) * gamma[c] + beta[c];
}

// Stage 1 of both parameters' gradients: sums of dy · normalized x, then of dy -> sums (chunks, 2, channels).
extern "C" __global__ void parameter_gradients(const Real *dy, const Real *x, const Real *mean, const Real *variance,
                                               Real epsilon, Real *sums, long long rows, int channels,
                                               long long rows_of_chunk) {
    Chunk chunk = chunk_of_rows(blockIdx.x, rows, rows_of_chunk);
    int c = chunk.channel;
    bool inside = c < channels;
    long long last = inside ? chunk.last : chunk.first;
    Real center = inside ? mean[c] : Real(0), scale = inside ? inverse_deviation(variance[c], epsilon) : Real(0);
    auto for_gamma = [&](long long row) { return dy[row * channels + c] * ((x[row * channels + c] - center) * scale); };
    auto for_beta = [&](long long row) { return dy[row * channels + c]; };
    Real dgamma = sum_of_rows(for_gamma, chunk.first, last), dbeta = sum_of_rows(for_beta, chunk.first, last);
    if (inside && threadIdx.y == 0) {
        sums[(blockIdx.x * 2LL) * channels + c] = dgamma;
        sums[(blockIdx.x * 2LL + 1) * channels + c] = dbeta;
    }
}

// dx: what reaches x directly, less what every x did to the mean, less what it did to the variance.
// n: numbers of x; rows = n / channels.
extern "C" __global__ void input_gradient(const Real *dy, const Real *x, const Real *gamma, const Real *mean,
                                          const Real *variance, Real epsilon, const Real *dgamma, const Real *dbeta,
                                          Real *dx, long long rows, int channels, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    int c = i % channels;
    Real scale = inverse_deviation(variance[c], epsilon), normalized = (x[i] - mean[c]) * scale;
    Real through_mean = dbeta[c] / Real(rows), through_variance = normalized * (dgamma[c] / Real(rows));
    dx[i] = (dy[i] - through_mean - through_variance) * (scale * gamma[c]);
}
