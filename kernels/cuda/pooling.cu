// Pooling: forwards by window, backwards by pixel. Everything gathers and nothing scatters, so nothing is added in an
// order that chance decides.
//
// Launch: rows.cuh; a row is a window, backwards a pixel. Memory: a pixel is read once for each window over it (from a
// cache, if windows overlap); results are written once. The maximum also saves which tap won, 4 bytes an output (1 byte
// in the fused form), so that the way back needs neither x nor y.
#include "pools.cuh"
#include "rows.cuh"

// x (N, H, W, C) -> y and each window's winning tap r·S + s, both (N, OH, OW, C). n: numbers of y.
extern "C" __global__ void max_pool2d(const Real *__restrict__ x, Real *__restrict__ y, int *__restrict__ winners,
                                      WINDOW_PARAMETERS, int channels, long long n) {
    Windows at = WINDOWS;
    Radices windows = {out_height, out_width};
    for_own_rows(channels, n, [&](long long i, int row, int channel) {
        Digits window = windows.digits(row);
        const Real *image = x + (long long)window.high * height * width * channels + channel;
        Largest start = {-infinity(), 0};  // not 0, which would win where all pixels are negative
        auto pixel = [&](int place) { return image[(long long)place * channels]; };
        Largest best = largest_of(at, window.middle, window.low, start, pixel);
        y[i] = best.value;
        winners[i] = best.tap;
    });
}

// x (N, H, W, C) -> the largest of relu(x) in each window, and its winner r·S + s, or R·S where no pixel is positive;
// both (N, PH, PW, C). n: numbers of y.
extern "C" __global__ void relu_pool(const Real *__restrict__ x, Real *__restrict__ y,
                                     unsigned char *__restrict__ winners, int height, int width, int out_height,
                                     int out_width, int size_h, int size_w, int channels, long long n) {
    Windows pools = POOLS;
    Radices windows = {out_height, out_width};
    for_own_rows(channels, n, [&](long long i, int row, int channel) {
        Digits window = windows.digits(row);
        const Real *image = x + (long long)window.high * height * width * channels + channel;
        auto pixel = [&](int place) { return image[(long long)place * channels]; };
        Largest best = largest_of(pools, window.middle, window.low, {0, nobody(pools)}, pixel);
        y[i] = best.value;
        winners[i] = best.tap;
    });
}

// dy, winners (N, OH, OW, C) -> dx (N, H, W, C): a pixel collects from every window that it won. n: numbers of dx.
extern "C" __global__ void max_pool2d_gradient(const Real *__restrict__ dy, const int *__restrict__ winners,
                                               Real *__restrict__ dx, WINDOW_PARAMETERS, int channels, long long n) {
    Radices pixels = {height, width};
    for_own_rows(channels, n, [&](long long i, int row, int channel) {
        Digits pixel = pixels.digits(row);
        Real sum = 0;
        for (int r = 0; r < size_h; ++r) {
            int down = window_over(pixel.middle, r, stride_h, 1, top, out_height);
            if (down < 0) continue;
            for (int s = 0; s < size_w; ++s) {
                int across = window_over(pixel.low, s, stride_w, 1, left, out_width);
                if (across < 0) continue;
                long long window = ((long long)pixel.high * out_height + down) * out_width + across;
                Real gradient = dy[window * channels + channel];  // by all lanes: whole sectors
                sum += winners[window * channels + channel] == r * size_w + s ? gradient : Real(0);
            }
        }
        dx[i] = sum;
    });
}

// dy, winners (N, PH, PW, C) of relu_pool -> dx (N, H, W, C). n: numbers of dx.
extern "C" __global__ void relu_pool_gradient(const Real *__restrict__ dy, const unsigned char *__restrict__ winners,
                                              Real *__restrict__ dx, int height, int width, int out_height,
                                              int out_width, int size_h, int size_w, int channels, long long n) {
    Windows pools = POOLS;
    Radices pixels = {height, width};
    for_own_rows(channels, n, [&](long long i, int row, int channel) {
        dx[i] = unpooled(dy, winners, pools, pixels.digits(row), channels, channel);
    });
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
extern "C" __global__ void average_pool2d(const Real *__restrict__ x, Real *__restrict__ y, WINDOW_PARAMETERS,
                                          int channels, long long n) {
    Windows at = WINDOWS;
    Radices windows = {out_height, out_width};
    for_own_rows(channels, n, [&](long long i, int row, int channel) {
        Digits window = windows.digits(row);
        Real sum = 0;
        for (int r = 0; r < size_h; ++r) {
            int h = window.middle * stride_h + r - top;
            if (h < 0 || h >= height) continue;
            for (int s = 0; s < size_w; ++s) {
                int w = window.low * stride_w + s - left;
                if (w >= 0 && w < width)
                    sum += x[(((long long)window.high * height + h) * width + w) * channels + channel];
            }
        }
        y[i] = sum / pixels_inside(at, window.middle, window.low);
    });
}

// dy (N, OH, OW, C) -> dx (N, H, W, C): a pixel collects its share from every window over it. n: numbers of dx.
extern "C" __global__ void average_pool2d_gradient(const Real *__restrict__ dy, Real *__restrict__ dx,
                                                   WINDOW_PARAMETERS, int channels, long long n) {
    Windows at = WINDOWS;
    Radices pixels = {height, width};
    for_own_rows(channels, n, [&](long long i, int row, int channel) {
        Digits pixel = pixels.digits(row);
        Real sum = 0;
        for (int r = 0; r < size_h; ++r) {
            int down = window_over(pixel.middle, r, stride_h, 1, top, out_height);
            if (down < 0) continue;
            for (int s = 0; s < size_w; ++s) {
                int across = window_over(pixel.low, s, stride_w, 1, left, out_width);
                if (across < 0) continue;
                long long window = ((long long)pixel.high * out_height + down) * out_width + across;
                sum += dy[window * channels + channel] / pixels_inside(at, down, across);
            }
        }
        dx[i] = sum;
    });
}
