// Convolution by implicit GEMM, forwards and both gradients: matrix products over patches that are never written down.
//
// Images are (N, H, W, C), weights (R, S, C / groups, K). With the patches as rows, Y = P W, dW = Pᵀ dY, and dX is the
// product of the patches of dY with the weights turned. Launch and tiling: tiles.cuh; blockIdx.z is the group. Memory:
// each tile of filters reads the image once (overlapping taps hit the caches), each tile of pixels the weights once;
// results are written once.
#include "patches.cuh"

// x (N, H, W, C), w (R, S, C / groups, K), b (K,) or null -> y (N, OH, OW, K). Grid (tiles, 1, groups).
extern "C" TILE_BOUNDS __global__ void conv2d(
    const Real *__restrict__ x, const Real *__restrict__ w, const Real *__restrict__ b, Real *__restrict__ y,
    WINDOW_PARAMETERS, long long images, int channels, int filters, int groups) {
    int group_channels = channels / groups, group_filters = filters / groups, first = blockIdx.z * group_filters;
    int depth = size_h * size_w * group_channels, pixels = images * out_height * out_width;
    auto finish = [&](int pixel, int k, Pack<Real, WIDTH> *results) {
        add_bias(results, b, first + k);
        store_rows(results, y, filters, pixels, pixel, first + k);
    };
    product_tile(patches_of<1>(x + blockIdx.z * group_channels, WINDOWS, channels, group_channels),
                 Matrix<false>{w + first, filters}, finish, pixels, group_filters, 0, depth);
}

// The largest of relu(z) of some pixels, filter by filter, and which of them has it: `count` where none is positive.
// A NaN wins over all, so that it stays visible.
__device__ inline void store_largest(const Pack<Real, WIDTH> *pixels, int count, Real *y, unsigned char *winners) {
    Pack<Real, WIDTH> best;
    Pack<unsigned char, WIDTH> winner;
#pragma unroll
    for (int c = 0; c < WIDTH; ++c) {
        best.number[c] = 0;
        winner.number[c] = count;
#pragma unroll
        for (int i = 0; i < count; ++i) {
            Real z = pixels[i].number[c];
            if (z > best.number[c] || z != z) {
                best.number[c] = z;
                winner.number[c] = i;
            }
        }
    }
    store(y, best);
    store(winners, winner);
}

// The same with ReLU, in one pass: -> y, winners (N, OH, OW, K); winners is 0 where z is positive, else 1.
extern "C" TILE_BOUNDS __global__ void conv2d_relu(
    const Real *__restrict__ x, const Real *__restrict__ w, const Real *__restrict__ b, Real *__restrict__ y,
    unsigned char *__restrict__ winners, WINDOW_PARAMETERS, long long images, int channels, int filters, int groups) {
    int group_channels = channels / groups, group_filters = filters / groups, first = blockIdx.z * group_filters;
    int depth = size_h * size_w * group_channels, pixels = images * out_height * out_width;
    auto finish = [&](int pixel, int k, Pack<Real, WIDTH> *results) {
        add_bias(results, b, first + k);
        for (int r = 0; r < FOUR && pixel + r < pixels; ++r) {
            long long i = (long long)(pixel + r) * filters + first + k;
            store_largest(results + r, 1, y + i, winners + i);
        }
    };
    product_tile(patches_of<1>(x + blockIdx.z * group_channels, WINDOWS, channels, group_channels),
                 Matrix<false>{w + first, filters}, finish, pixels, group_filters, 0, depth);
}

// And with 2 x 2 pooling: -> y, winners (N, OH / 2, OW / 2, K); winners 0 to 4. The four pixels of a pool are four rows
// that one thread has: what is not the largest is never written.
extern "C" TILE_BOUNDS __global__ void conv2d_relu_pool(
    const Real *__restrict__ x, const Real *__restrict__ w, const Real *__restrict__ b, Real *__restrict__ y,
    unsigned char *__restrict__ winners, WINDOW_PARAMETERS, long long images, int channels, int filters, int groups) {
    int group_channels = channels / groups, group_filters = filters / groups, first = blockIdx.z * group_filters;
    int depth = size_h * size_w * group_channels, pixels = images * (out_height / 2) * (out_width / 2) * FOUR;
    auto finish = [&](int pixel, int k, Pack<Real, WIDTH> *results) {
        add_bias(results, b, first + k);
        long long i = (long long)(pixel / FOUR) * filters + first + k;
        store_largest(results, FOUR, y + i, winners + i);
    };
    product_tile(patches_of<2>(x + blockIdx.z * group_channels, WINDOWS, channels, group_channels),
                 Matrix<false>{w + first, filters}, finish, pixels, group_filters, 0, depth);
}

// One phase of the pixels of all images, in the order of the image.
struct PixelPatches : Patches {
    Radices pixels;   // of the phase, down and across
    int down, across;  // the windows that its first pixel lies under
    __device__ Line line(int m) const {
        Digits pixel = pixels.digits(m);
        return at_pixel(pixel.high, down + pixel.middle, across + pixel.low);
    }
};

// w (R, S, C / groups, K) as (its taps of a phase, filters of the group) x channels of the group.
struct TurnedWeights {
    static const bool ALONG_DEPTH = true;
    const Real *w;  // the first filter of the group, of the first tap
    int tap_row, tap_column, filters;  // distances of taps and of channels
    Radices taps;
    typedef int Line;
    typedef Digits Depth;
    __device__ Line line(int c) const { return c * filters; }
    __device__ Depth depth(int k) const { return taps.digits(k); }
    __device__ void advance(Depth &depth, const Depth &distance) const { taps.add(depth, distance); }
    __device__ Pack<Real, WIDTH> at(Line line, const Depth &depth) const {
        return load<WIDTH>(w + line + depth.high * tap_row + depth.middle * tap_column + depth.low);
    }
};

// dy (N, OH, OW, K), w (R, S, C / groups, K) -> dx (N, H, W, C): every pixel gathers from the windows over it.
// Grid (tiles, phases across, phases down · groups).
extern "C" TILE_BOUNDS __global__ void conv2d_input_gradient(
    const Real *__restrict__ dy, const Real *__restrict__ w, Real *__restrict__ dx, WINDOW_PARAMETERS, long long images,
    int channels, int filters, int groups) {
    int group_channels = channels / groups, group_filters = filters / groups, group = blockIdx.z % groups;
    Phase rows = phase_of(blockIdx.z / groups, height, size_h, stride_h, dilation_h, top);
    Phase columns = phase_of(blockIdx.y, width, size_w, stride_w, dilation_w, left);
    Radices taps = {columns.taps > 0 ? columns.taps : 1, group_filters}, pixels = {rows.pixels, columns.pixels};
    PixelPatches patches = {{dy + group * group_filters, out_height, out_width, filters, -rows.window_step,
                             -columns.window_step, taps}, pixels, rows.window, columns.window};
    int tap_column = group_channels * filters, tap_row = size_w * tap_column;
    const Real *first_tap = w + group * group_filters + rows.tap * tap_row + columns.tap * tap_column;
    TurnedWeights weights = {first_tap, rows.tap_step * tap_row, columns.tap_step * tap_column, filters, taps};
    int count = images * rows.pixels * columns.pixels;
    auto finish = [&](int m, int c, const Pack<Real, WIDTH> *results) {
        Digits pixel = pixels.digits(m);
        for (int r = 0; r < FOUR && m + r < count; ++r) {
            int h = rows.first + pixel.middle * stride_h, column = columns.first + pixel.low * stride_w;
            long long place = ((long long)pixel.high * height + h) * width + column;
            store(dx + place * channels + group * group_channels + c, results[r]);
            pixels.add(pixel, {0, 0, 1});
        }
    };
    product_tile(patches, weights, finish, count, group_channels, 0, rows.taps * columns.taps * group_filters);
}

// x (N, H, W, C), dy (N, OH, OW, K) -> dw (splits, R, S, C / groups, K), to be added by column_sums: there are few
// weights and many pixels, so each split of the pixels gets blocks of its own. Grid (tiles, splits, groups).
extern "C" TILE_BOUNDS __global__ void conv2d_weight_gradient(
    const Real *__restrict__ x, const Real *__restrict__ dy, Real *__restrict__ dw, WINDOW_PARAMETERS, long long images,
    int channels, int filters, int groups, long long pixels_of_split) {
    int group_channels = channels / groups, group_filters = filters / groups, first = blockIdx.z * group_filters;
    int rows = size_h * size_w * group_channels, pixels = images * out_height * out_width;
    int begin = blockIdx.y * pixels_of_split, rest = pixels - begin;
    Real *own = dw + (long long)blockIdx.y * rows * filters + first;
    auto finish = [&](int m, int k, const Pack<Real, WIDTH> *results) {
        store_rows(results, own, filters, rows, m, k);
    };
    TurnedPatches patches = {patches_of<1>(x + blockIdx.z * group_channels, WINDOWS, channels, group_channels),
                             {out_height, out_width}};
    product_tile(patches, Matrix<false>{dy + first, filters}, finish, rows, group_filters, begin,
                 rest < pixels_of_split ? pixels : begin + int(pixels_of_split));
}
