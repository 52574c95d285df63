// Convolution by implicit GEMM, forwards and both gradients: matrix products over patches that are never written down.
//
// Images are (N, H, W, C), weights (R, S, C / groups, K). With the patches as rows, Y = P W, dP = dY Wᵀ and dW = Pᵀ
// dY. The matrix P would be R·S times the image; here a tile of it is picked from the image when it is needed, in
// shared memory only. Padding is a comparison, strides, dilation and groups are arithmetic. Launch and tiling:
// tiles.cuh; blockIdx.z is the group. Memory: each tile of 32 filters reads the image once (overlapping taps hit the
// caches), each tile of 64 pixels the weights once; results are written once. Source: Chetlur et al., cuDNN: Efficient
// Primitives for Deep Learning (2014), section 3.
#include "tiles.cuh"
#include "windows.cuh"


// P forwards. Rows: the windows of all images; depth: (tap row, tap column, channel of the group).
struct Patches {
    static const bool ALONG_DEPTH = true;  // channels are neighbours
    const Real *x;                         // the first channel of the group
    Windows windows;
    int channels, group_channels;
    struct Row {
        long long image;
        int h, w;  // of the window's first tap
    };
    __device__ Row row(long long window) const {
        int across = window % windows.out_width, down = window / windows.out_width % windows.out_height;
        return {window / windows.out_width / windows.out_height, down * windows.stride_h - windows.top,
                across * windows.stride_w - windows.left};
    }
    __device__ Real at(Row row, long long k) const {
        int c = k % group_channels, s = k / group_channels % windows.size_w, r = k / group_channels / windows.size_w;
        int h = row.h + r * windows.dilation_h, w = row.w + s * windows.dilation_w;
        if (h < 0 || h >= windows.height || w < 0 || w >= windows.width) return Real(0);  // padding
        return x[((row.image * windows.height + h) * windows.width + w) * channels + c];
    }
};

// x (N, H, W, C), w (R, S, C / groups, K), b (K,) or null -> y (N, OH, OW, K). Grid (.., .., groups).
extern "C" __global__ void conv2d(const Real *x, const Real *w, const Real *b, Real *y, WINDOW_PARAMETERS,
                                  long long images, int channels, int filters, int groups) {
    Windows windows = WINDOWS;
    int group_channels = channels / groups, group_filters = filters / groups;
    int first_filter = blockIdx.z * group_filters;
    long long depth = (long long)size_h * size_w * group_channels, pixels = images * out_height * out_width;
    Patches patches = {x + blockIdx.z * group_channels, windows, channels, group_channels};
    MatrixRight<false> weights = {w + first_filter, filters, 1};
    auto store = [&](long long pixel, long long k, Real sum) {
        y[pixel * filters + first_filter + k] = b ? sum + b[first_filter + k] : sum;
    };
    product_tile(patches, weights, store, pixels, group_filters, 0, depth);
}

// What the windows over a pixel hold. Rows: the pixels of all images; depth: (tap row, tap column, filter of group).
struct Spread {
    static const bool ALONG_DEPTH = true;  // filters are neighbours
    const Real *dy;                        // the first filter of the group
    Windows windows;
    int filters, group_filters;
    struct Row {
        long long image;
        int h, w;
    };
    __device__ Row row(long long pixel) const {
        return {pixel / windows.width / windows.height, int(pixel / windows.width % windows.height),
                int(pixel % windows.width)};
    }
    __device__ Real at(Row row, long long depth) const {
        int k = depth % group_filters, s = depth / group_filters % windows.size_w;
        int r = depth / group_filters / windows.size_w;
        int down = window_over(row.h, r, windows.stride_h, windows.dilation_h, windows.top, windows.out_height);
        int across = window_over(row.w, s, windows.stride_w, windows.dilation_w, windows.left, windows.out_width);
        if (down < 0 || across < 0) return Real(0);  // no window has this tap here
        return dy[((row.image * windows.out_height + down) * windows.out_width + across) * filters + k];
    }
};

// w (R, S, C / groups, K), as (R, S, K / groups) x C / groups for one group.
struct TurnedWeights {
    static const bool ALONG_DEPTH = true;
    const Real *w;  // the first filter of the group
    int filters, group_filters, group_channels;
    __device__ Real at(long long depth, long long c) const {
        return w[(depth / group_filters * group_channels + c) * filters + depth % group_filters];
    }
};

// dy (N, OH, OW, K), w (R, S, C / groups, K) -> dx (N, H, W, C): every pixel gathers. Grid (.., .., groups).
extern "C" __global__ void conv2d_input_gradient(const Real *dy, const Real *w, Real *dx, WINDOW_PARAMETERS,
                                                 long long images, int channels, int filters, int groups) {
    Windows windows = WINDOWS;
    int group_channels = channels / groups, group_filters = filters / groups;
    int first_channel = blockIdx.z * group_channels, first_filter = blockIdx.z * group_filters;
    long long depth = (long long)size_h * size_w * group_filters, pixels = images * height * width;
    Spread spread = {dy + first_filter, windows, filters, group_filters};
    TurnedWeights weights = {w + first_filter, filters, group_filters, group_channels};
    auto store = [&](long long pixel, long long c, Real sum) { dx[pixel * channels + first_channel + c] = sum; };
    product_tile(spread, weights, store, pixels, group_channels, 0, depth);
}

// Pᵀ. Rows: (tap row, tap column, channel of the group); depth: the windows of all images.
struct TurnedPatches {
    static const bool ALONG_DEPTH = false;
    Patches patches;
    struct Row {
        long long k;
    };
    __device__ Row row(long long k) const { return {k}; }
    __device__ Real at(Row row, long long window) const { return patches.at(patches.row(window), row.k); }
};

// x (N, H, W, C), dy (N, OH, OW, K) -> dw (splits, R, S, C / groups, K), to be added by column_sums: there are few
// weights and many pixels, so each split of the pixels gets blocks of its own. Grid (.., .., groups · splits).
extern "C" __global__ void conv2d_weight_gradient(const Real *x, const Real *dy, Real *dw, WINDOW_PARAMETERS,
                                                  long long images, int channels, int filters, int groups,
                                                  long long pixels_of_split) {
    Windows windows = WINDOWS;
    int group = blockIdx.z % groups, split = blockIdx.z / groups;
    int group_channels = channels / groups, group_filters = filters / groups, first_filter = group * group_filters;
    long long rows = (long long)size_h * size_w * group_channels, pixels = images * out_height * out_width;
    long long begin = split * pixels_of_split, end = begin + pixels_of_split;
    TurnedPatches patches = {{x + group * group_channels, windows, channels, group_channels}};
    MatrixRight<false> upstream = {dy + first_filter, filters, 1};
    auto store = [&](long long m, long long k, Real sum) {
        dw[(split * rows + m) * filters + first_filter + k] = sum;
    };
    product_tile(patches, upstream, store, rows, group_filters, begin, end < pixels ? end : pixels);
}
