// Depthwise convolution: every channel by itself, so there is no sum over channels and no matrix product.
//
// Images are (N, H, W, C), weights (R, S, C, M); channel c·M + m of the result is filter m of channel c. Launch: the
// first two as in rows.cuh; the weights' gradient as in reduction.cuh, blockIdx.x being (chunk of windows, tap).
// Memory: a result reads R·S pixels, which its neighbours in the same warp and the caches share; the weights' gradient
// reads dy once a tap, the price of a sum without atomics. Source: Sifre and Mallat, Rigid-motion scattering for
// texture classification (2014).
#include "reduction.cuh"
#include "rows.cuh"
#include "windows.cuh"

// x (N, H, W, C), w (R, S, C, M), b (C·M,) or null -> y (N, OH, OW, C·M). n: numbers of y.
extern "C" __global__ void depthwise(const Real *__restrict__ x, const Real *__restrict__ w,
                                     const Real *__restrict__ b, Real *__restrict__ y, WINDOW_PARAMETERS, int channels,
                                     int multiplier, long long n) {
    int filters = channels * multiplier;
    Radices windows = {out_height, out_width};
    for_own_rows(filters, n, [&](long long i, int row, int k) {
        Digits window = windows.digits(row);
        int c = k / multiplier;
        Real sum = 0;
        for (int r = 0; r < size_h; ++r) {
            int h = window.middle * stride_h + r * dilation_h - top;
            if (h < 0 || h >= height) continue;
            for (int s = 0; s < size_w; ++s) {
                int column = window.low * stride_w + s * dilation_w - left;
                if (column < 0 || column >= width) continue;
                long long pixel = ((long long)window.high * height + h) * width + column;
                sum = multiply_add(x[pixel * channels + c], w[(r * size_w + s) * filters + k], sum);
            }
        }
        y[i] = b ? sum + b[k] : sum;
    });
}

// dy (N, OH, OW, C·M), w (R, S, C, M) -> dx (N, H, W, C): every pixel gathers. n: numbers of dx.
extern "C" __global__ void depthwise_input_gradient(const Real *__restrict__ dy, const Real *__restrict__ w,
                                                    Real *__restrict__ dx, WINDOW_PARAMETERS, int channels,
                                                    int multiplier, long long n) {
    int filters = channels * multiplier;
    Radices pixels = {height, width};
    for_own_rows(channels, n, [&](long long i, int row, int c) {
        Digits pixel = pixels.digits(row);
        Real sum = 0;
        for (int r = 0; r < size_h; ++r) {
            int down = window_over(pixel.middle, r, stride_h, dilation_h, top, out_height);
            if (down < 0) continue;
            for (int s = 0; s < size_w; ++s) {
                int across = window_over(pixel.low, s, stride_w, dilation_w, left, out_width);
                if (across < 0) continue;
                long long window = ((long long)pixel.high * out_height + down) * out_width + across;
                const Real *upstream = dy + window * filters, *weights = w + (r * size_w + s) * filters;
                for (int k = c * multiplier; k < (c + 1) * multiplier; ++k)
                    sum = multiply_add(upstream[k], weights[k], sum);
            }
        }
        dx[i] = sum;
    });
}

// x (N, H, W, C), dy (N, OH, OW, C·M) -> dw (chunks, R, S, C, M), to be added by column_sums.
extern "C" __global__ void depthwise_weight_gradient(const Real *__restrict__ x, const Real *__restrict__ dy,
                                                     Real *__restrict__ dw, WINDOW_PARAMETERS, long long images,
                                                     int channels, int multiplier, long long windows_of_chunk) {
    int filters = channels * multiplier, taps = size_h * size_w;
    int tap = blockIdx.x % taps, r = tap / size_w, s = tap % size_w;
    Chunk chunk = chunk_of_rows(blockIdx.x / taps, images * out_height * out_width, windows_of_chunk);
    bool inside = chunk.channel < filters;
    Radices windows = {out_height, out_width};
    int c = chunk.channel / multiplier;
    auto product = [&](long long window) {
        Digits at = windows.digits(int(window));
        int h = at.middle * stride_h + r * dilation_h - top, column = at.low * stride_w + s * dilation_w - left;
        if (h < 0 || h >= height || column < 0 || column >= width) return Real(0);
        long long pixel = ((long long)at.high * height + h) * width + column;
        return x[pixel * channels + c] * dy[window * filters + chunk.channel];
    };
    Real total = sum_of_rows(product, chunk.first, inside ? chunk.last : chunk.first);
    if (inside && threadIdx.y == 0) dw[blockIdx.x * (long long)filters + chunk.channel] = total;
}
