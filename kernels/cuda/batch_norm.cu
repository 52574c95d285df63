// Batch normalization over all axes but the last: x (rows, channels).
//
// Launch: sums over chunks of rows, see reduction.cuh; everything else as in rows.cuh. Memory: the moments read x from
// DRAM once (a chunk of 32 channels is at most 64 KB: its second look is served by a cache), normalizing reads it again
// and writes y; the gradients read dy and x twice, once for the sums and once for dx. With ReLU and pooling in the same
// launch, neither the normalized x nor its gradient is ever written. Source: Ioffe and Szegedy, Batch Normalization
// (2015), algorithm 1 and section 3; moments of parts are put together by Chan, Golub and LeVeque, Updating formulae
// and a pairwise algorithm for computing sample variances (1979).
#include "pools.cuh"
#include "reduction.cuh"
#include "rows.cuh"

// Stage 1: the mean of each chunk and its sum of squared distances to that mean, both (chunks, channels). Not by
// mean(x²) - mean², which cancels.
extern "C" __global__ void chunk_moments(const Real *__restrict__ x, Real *__restrict__ means,
                                         Real *__restrict__ squares, long long rows, int channels,
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
extern "C" __global__ void combine_moments(const Real *__restrict__ means, const Real *__restrict__ squares,
                                           Real *__restrict__ mean, Real *__restrict__ variance, long long rows,
                                           int channels, long long rows_of_chunk) {
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
extern "C" __global__ void normalize(const Real *__restrict__ x, const Real *__restrict__ gamma,
                                     const Real *__restrict__ beta, const Real *__restrict__ mean,
                                     const Real *__restrict__ variance, Real epsilon, Real *__restrict__ y,
                                     int channels, long long n) {
    for_own_rows(channels, n, [&](long long i, int, int c) {
        y[i] = (x[i] - mean[c]) * inverse_deviation(variance[c], epsilon) * gamma[c] + beta[c];
    });
}

// The same, ReLU and pooling in one: x (N, H, W, C) -> y and winners (N, PH, PW, C), as relu_pool of pooling.cu gives
// them. n: numbers of y.
extern "C" __global__ void normalize_relu_pool(const Real *__restrict__ x, const Real *__restrict__ gamma,
                                               const Real *__restrict__ beta, const Real *__restrict__ mean,
                                               const Real *__restrict__ variance, Real epsilon, Real *__restrict__ y,
                                               unsigned char *__restrict__ winners, int height, int width,
                                               int out_height, int out_width, int size_h, int size_w, int channels,
                                               long long n) {
    Windows pools = POOLS;
    Radices windows = {out_height, out_width};
    for_own_rows(channels, n, [&](long long i, int row, int c) {
        Digits window = windows.digits(row);
        const Real *image = x + (long long)window.high * height * width * channels + c;
        Real center = mean[c], scale = inverse_deviation(variance[c], epsilon);
        auto pixel = [&](int place) {
            return (image[(long long)place * channels] - center) * scale * gamma[c] + beta[c];
        };
        Largest best = largest_of(pools, window.middle, window.low, {0, nobody(pools)}, pixel);
        y[i] = best.value;
        winners[i] = best.tap;
    });
}

// Normalized x + shortcut. With winners ReLU, too: after the sum, or before it if relu_first; winners are 1 where it
// let nothing through. n: numbers of x.
extern "C" __global__ void normalize_add(const Real *__restrict__ x, const Real *__restrict__ gamma,
                                         const Real *__restrict__ beta, const Real *__restrict__ mean,
                                         const Real *__restrict__ variance, Real epsilon,
                                         const Real *__restrict__ shortcut, int relu_first, Real *__restrict__ y,
                                         unsigned char *__restrict__ winners, int channels, long long n) {
    for_own_rows(channels, n, [&](long long i, int, int c) {
        Real normalized = (x[i] - mean[c]) * inverse_deviation(variance[c], epsilon) * gamma[c] + beta[c];
        Real other = shortcut[i], z = relu_first ? normalized : normalized + other;
        bool dead = winners && z <= Real(0);
        Real value = dead ? Real(0) : z;
        y[i] = relu_first ? value + other : value;
        if (winners) winners[i] = dead;
    });
}

// Stage 1 of both parameters' gradients: sums of dy · normalized x, then of dy -> sums (chunks, 2, channels).
extern "C" __global__ void parameter_gradients(const Real *__restrict__ dy, const Real *__restrict__ x,
                                               const Real *__restrict__ mean, const Real *__restrict__ variance,
                                               Real epsilon, Real *__restrict__ sums, long long rows, int channels,
                                               long long rows_of_chunk) {
    Chunk chunk = chunk_of_rows(blockIdx.x, rows, rows_of_chunk);
    int c = chunk.channel;
    bool inside = c < channels;
    long long last = inside ? chunk.last : chunk.first;
    Real center = inside ? mean[c] : Real(0), scale = inside ? inverse_deviation(variance[c], epsilon) : Real(0);
    Real dbeta_here = 0;
    Real dgamma = sum_of_rows([&](long long row) {
        Real upstream = dy[row * channels + c];
        dbeta_here += upstream;
        return upstream * ((x[row * channels + c] - center) * scale);
    }, chunk.first, last);
    Real dbeta = sum_of_threads(dbeta_here);
    if (inside && threadIdx.y == 0) {
        sums[(blockIdx.x * 2LL) * channels + c] = dgamma;
        sums[(blockIdx.x * 2LL + 1) * channels + c] = dbeta;
    }
}

// The same through ReLU and pooling: dy, winners (N, PH, PW, C), x (N, H, W, C); rows and chunks are of windows. A
// window's pixels are all loaded, also those that did not win: together a warp's loads are whole sectors.
extern "C" __global__ void pooled_parameter_gradients(const Real *__restrict__ dy,
                                                      const unsigned char *__restrict__ winners,
                                                      const Real *__restrict__ x, const Real *__restrict__ mean,
                                                      const Real *__restrict__ variance, Real epsilon,
                                                      Real *__restrict__ sums, int height, int width, int out_height,
                                                      int out_width, int size_h, int size_w, long long rows,
                                                      int channels, long long rows_of_chunk) {
    Windows pools = POOLS;
    Radices windows = {out_height, out_width};
    Chunk chunk = chunk_of_rows(blockIdx.x, rows, rows_of_chunk);
    int c = chunk.channel;
    bool inside = c < channels;
    long long last = inside ? chunk.last : chunk.first;
    Real center = inside ? mean[c] : Real(0), scale = inside ? inverse_deviation(variance[c], epsilon) : Real(0);
    Real dbeta_here = 0;
    Real dgamma = sum_of_rows([&](long long row) {
        Digits window = windows.digits(int(row));
        int winner = winners[row * channels + c];
        Real upstream = dy[row * channels + c], sum = 0;
        for (int r = 0; r < size_h; ++r)
            for (int s = 0; s < size_w; ++s) {
                int h = window.middle * size_h + r, w = window.low * size_w + s;
                long long pixel = ((long long)window.high * height + h) * width + w;
                Real normalized = (x[pixel * channels + c] - center) * scale;
                sum += winner == r * size_w + s ? upstream * normalized : Real(0);
            }
        dbeta_here += winner == nobody(pools) ? Real(0) : upstream;
        return sum;
    }, chunk.first, last);
    Real dbeta = sum_of_threads(dbeta_here);
    if (inside && threadIdx.y == 0) {
        sums[(blockIdx.x * 2LL) * channels + c] = dgamma;
        sums[(blockIdx.x * 2LL + 1) * channels + c] = dbeta;
    }
}

// The same through a ReLU whose winners normalize_add gave: dz is what it lets through of dy, all (rows, channels).
extern "C" __global__ void held_back_parameter_gradients(const Real *__restrict__ dy,
                                                         const unsigned char *__restrict__ winners,
                                                         const Real *__restrict__ x, const Real *__restrict__ mean,
                                                         const Real *__restrict__ variance, Real epsilon,
                                                         Real *__restrict__ dz, Real *__restrict__ sums,
                                                         long long rows, int channels, long long rows_of_chunk) {
    Chunk chunk = chunk_of_rows(blockIdx.x, rows, rows_of_chunk);
    int c = chunk.channel;
    bool inside = c < channels;
    long long last = inside ? chunk.last : chunk.first;
    Real center = inside ? mean[c] : Real(0), scale = inside ? inverse_deviation(variance[c], epsilon) : Real(0);
    Real dbeta_here = 0;
    Real dgamma = sum_of_rows([&](long long row) {
        long long i = row * channels + c;
        Real from_above = dy[i], upstream = winners[i] ? Real(0) : from_above;
        dz[i] = upstream;
        dbeta_here += upstream;
        return upstream * ((x[i] - center) * scale);
    }, chunk.first, last);
    Real dbeta = sum_of_threads(dbeta_here);
    if (inside && threadIdx.y == 0) {
        sums[(blockIdx.x * 2LL) * channels + c] = dgamma;
        sums[(blockIdx.x * 2LL + 1) * channels + c] = dbeta;
    }
}

// dx of one number: what reaches x directly, less what every x did to the mean, less what it did to the variance.
__device__ inline Real through_all_paths(Real upstream, Real x, Real gamma, Real mean, Real variance, Real epsilon,
                                         Real dgamma, Real dbeta, long long rows) {
    Real scale = inverse_deviation(variance, epsilon), normalized = (x - mean) * scale;
    Real through_mean = dbeta / Real(rows), through_variance = normalized * (dgamma / Real(rows));
    return (upstream - through_mean - through_variance) * (scale * gamma);
}

// n: numbers of x; rows = n / channels.
extern "C" __global__ void input_gradient(const Real *__restrict__ dy, const Real *__restrict__ x,
                                          const Real *__restrict__ gamma, const Real *__restrict__ mean,
                                          const Real *__restrict__ variance, Real epsilon,
                                          const Real *__restrict__ dgamma, const Real *__restrict__ dbeta,
                                          Real *__restrict__ dx, long long rows, int channels, long long n) {
    for_own_rows(channels, n, [&](long long i, int, int c) {
        dx[i] = through_all_paths(dy[i], x[i], gamma[c], mean[c], variance[c], epsilon, dgamma[c], dbeta[c], rows);
    });
}

// The same through ReLU and pooling: dy, winners (N, PH, PW, C), x and dx (N, H, W, C).
extern "C" __global__ void pooled_input_gradient(const Real *__restrict__ dy,
                                                 const unsigned char *__restrict__ winners, const Real *__restrict__ x,
                                                 const Real *__restrict__ gamma, const Real *__restrict__ mean,
                                                 const Real *__restrict__ variance, Real epsilon,
                                                 const Real *__restrict__ dgamma, const Real *__restrict__ dbeta,
                                                 Real *__restrict__ dx, int height, int width, int out_height,
                                                 int out_width, int size_h, int size_w, long long rows, int channels,
                                                 long long n) {
    Windows pools = POOLS;
    Radices pixels = {height, width};
    for_own_rows(channels, n, [&](long long i, int row, int c) {
        Real upstream = unpooled(dy, winners, pools, pixels.digits(row), channels, c);
        dx[i] = through_all_paths(upstream, x[i], gamma[c], mean[c], variance[c], epsilon, dgamma[c], dbeta[c], rows);
    });
}
