// Pooling: forwards by window, backwards by pixel. Everything gathers and nothing scatters, so nothing is added in an
// order that chance decides.
//
// Launch: one thread an element of the result, blocks of 256, channels innermost. Memory: a pixel is read once for
// each window over it (from a cache, if windows overlap); results are written once. The maximum also saves which tap
// won, 4 bytes an output (1 byte in the fused form), so that the way back needs neither x nor y.
#include "common.cuh"
#include "windows.cuh"

// What thread i of a result (N, rows, columns, C) works on.
struct Place {
    long long image;
    int row, column, channel;
};

__device__ inline Place place_of(long long i, int rows, int columns, int channels) {
    return {i / channels / columns / rows, int(i / channels / columns % rows), int(i / channels % columns),
            int(i % channels)};
}

// x (N, H, W, C) -> y and each window's winning tap r·S + s, both (N, OH, OW, C). The first of equals wins; a NaN wins
// over all, so that it stays visible. n: numbers of y.
extern "C" __global__ void max_pool2d(const Real *x, Real *y, int *winners, WINDOW_PARAMETERS, int channels,
                                      long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Windows at = WINDOWS;
    Place out = place_of(i, at.out_height, at.out_width, channels);
    Real best = -infinity();  // not 0, which would win where all pixels are negative
    int winner = 0;
    for (int r = 0; r < at.size_h; ++r) {
        int h = out.row * at.stride_h + r - at.top;
        if (h < 0 || h >= at.height) continue;
        for (int s = 0; s < at.size_w; ++s) {
            int w = out.column * at.stride_w + s - at.left;
            if (w < 0 || w >= at.width) continue;
            Real pixel = x[((out.image * at.height + h) * at.width + w) * channels + out.channel];
            if (pixel > best || pixel != pixel) {
                best = pixel;
                winner = r * at.size_w + s;
            }
        }
    }
    y[i] = best;
    winners[i] = winner;
}

// dy, winners (N, OH, OW, C) -> dx (N, H, W, C): a pixel collects from every window that it won. n: numbers of dx.
extern "C" __global__ void max_pool2d_gradient(const Real *dy, const int *winners, Real *dx, WINDOW_PARAMETERS,
                                               int channels, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Windows at = WINDOWS;
    Place in = place_of(i, at.height, at.width, channels);
    Real sum = 0;
    for (int r = 0; r < at.size_h; ++r) {
        int down = window_over(in.row, r, at.stride_h, 1, at.top, at.out_height);
        if (down < 0) continue;
        for (int s = 0; s < at.size_w; ++s) {
            int across = window_over(in.column, s, at.stride_w, 1, at.left, at.out_width);
            if (across < 0) continue;
            long long window = ((in.image * at.out_height + down) * at.out_width + across) * channels + in.channel;
            if (winners[window] == r * at.size_w + s) sum += dy[window];
        }
    }
    dx[i] = sum;
}

// How many taps of window `number` lie on one axis of the image, not on padding.
__device__ inline int taps_inside(int number, int size, int stride, int pad, int pixels) {
    int first = number * stride - pad, last = first + size;
    return (last < pixels ? last : pixels) - (first > 0 ? first : 0);
}

__device__ inline Real pixels_inside(const Windows &at, int down, int across) {
    return Real(taps_inside(down, at.size_h, at.stride_h, at.top, at.height)) *
           Real(taps_inside(across, at.size_w, at.stride_w, at.left, at.width));
}

// x (N, H, W, C) -> y (N, OH, OW, C), the mean of the pixels in each window. n: numbers of y.
extern "C" __global__ void average_pool2d(const Real *x, Real *y, WINDOW_PARAMETERS, int channels, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Windows at = WINDOWS;
    Place out = place_of(i, at.out_height, at.out_width, channels);
    Real sum = 0;
    for (int r = 0; r < at.size_h; ++r) {
        int h = out.row * at.stride_h + r - at.top;
        if (h < 0 || h >= at.height) continue;
        for (int s = 0; s < at.size_w; ++s) {
            int w = out.column * at.stride_w + s - at.left;
            if (w >= 0 && w < at.width)
                sum += x[((out.image * at.height + h) * at.width + w) * channels + out.channel];
        }
    }
    y[i] = sum / pixels_inside(at, out.row, out.column);
}

// dy (N, OH, OW, C) -> dx (N, H, W, C): a pixel collects its share from every window over it. n: numbers of dx.
extern "C" __global__ void average_pool2d_gradient(const Real *dy, Real *dx, WINDOW_PARAMETERS, int channels,
                                                   long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Windows at = WINDOWS;
    Place in = place_of(i, at.height, at.width, channels);
    Real sum = 0;
    for (int r = 0; r < at.size_h; ++r) {
        int down = window_over(in.row, r, at.stride_h, 1, at.top, at.out_height);
        if (down < 0) continue;
        for (int s = 0; s < at.size_w; ++s) {
            int across = window_over(in.column, s, at.stride_w, 1, at.left, at.out_width);
            if (across < 0) continue;
            long long window = ((in.image * at.out_height + down) * at.out_width + across) * channels + in.channel;
            sum += dy[window] / pixels_inside(at, down, across);
        }
    }
    dx[i] = sum;
}

// The fused form. Windows of (size_h, size_w) tile the image, so a pixel belongs to one of them at most.

// x (N, H, W, C) -> the largest of relu(x) in each window, and its winner r·S + s, or R·S where no pixel is positive;
// both (N, PH, PW, C). n: numbers of y.
extern "C" __global__ void relu_pool(const Real *x, Real *y, unsigned char *winners, int height, int width,
                                     int out_height, int out_width, int size_h, int size_w, int channels,
                                     long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Place out = place_of(i, out_height, out_width, channels);
    Real best = 0;
    int winner = size_h * size_w;
    for (int r = 0; r < size_h; ++r) {
        for (int s = 0; s < size_w; ++s) {
            int h = out.row * size_h + r, w = out.column * size_w + s;
            Real pixel = x[((out.image * height + h) * width + w) * channels + out.channel];
            if (pixel > best || pixel != pixel) {
                best = pixel;
                winner = r * size_w + s;
            }
        }
    }
    y[i] = best;
    winners[i] = (unsigned char)winner;
}

// dy, winners (N, PH, PW, C) -> dx (N, H, W, C): dy where the pixel won, else 0, also where no window reaches.
extern "C" __global__ void relu_pool_gradient(const Real *dy, const unsigned char *winners, Real *dx, int height,
                                              int width, int out_height, int out_width, int size_h, int size_w,
                                              int channels, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Place in = place_of(i, height, width, channels);
    int down = in.row / size_h, across = in.column / size_w;
    Real gradient = 0;
    if (down < out_height && across < out_width) {
        long long window = ((in.image * out_height + down) * out_width + across) * channels + in.channel;
        if (winners[window] == in.row % size_h * size_w + in.column % size_w) gradient = dy[window];
    }
    dx[i] = gradient;
}
