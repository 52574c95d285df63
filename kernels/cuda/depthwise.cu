// Depthwise convolution: every channel by itself, so there is no sum over channels and no matrix product.
//
// Images are (N, H, W, C), weights (R, S, C, M); channel c·M + m of the result is filter m of channel c. Launch: the
// first two one thread a result in blocks of 256; the weights' gradient in blocks of (32, 8), see reduction.cuh,
// blockIdx.x being (chunk of windows, tap). Memory: a result reads R·S pixels, which its neighbours in the same warp
// and the caches share; the weights' gradient reads dy once a tap, the price of a sum without atomics. Source: Sifre
// and Mallat, Rigid-motion scattering for texture classification (2014).
#include "reduction.cuh"
#include "windows.cuh"

// x (N, H, W, C), w (R, S, C, M), b (C·M,) or null -> y (N, OH, OW, C·M). n: numbers of y.
extern "C" __global__ void depthwise(const Real *x, const Real *w, const Real *b, Real *y, WINDOW_PARAMETERS,
                                     int channels, int multiplier, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    int filters = channels * multiplier, k = i % filters, c = k / multiplier;
    int across = i / filters % out_width, down = i / filters / out_width % out_height;
    long long image = i / filters / out_width / out_height;
    Real sum = 0;
    for (int r = 0; r < size_h; ++r) {
        int h = down * stride_h + r * dilation_h - top;
        if (h < 0 || h >= height) continue;
        for (int s = 0; s < size_w; ++s) {
            int column = across * stride_w + s * dilation_w - left;
            if (column < 0 || column >= width) continue;
            sum += x[((image * height + h) * width + column) * channels + c] * w[(r * size_w + s) * filters + k];
        }
    }
    y[i] = b ? sum + b[k] : sum;
}

// dy (N, OH, OW, C·M), w (R, S, C, M) -> dx (N, H, W, C): every pixel gathers. n: numbers of dx.
extern "C" __global__ void depthwise_input_gradient(const Real *dy, const Real *w, Real *dx, WINDOW_PARAMETERS,
                                                    int channels, int multiplier, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    int filters = channels * multiplier, c = i % channels;
    int column = i / channels % width, h = i / channels / width % height;
    long long image = i / channels / width / height;
    Real sum = 0;
    for (int r = 0; r < size_h; ++r) {
        int down = window_over(h, r, stride_h, dilation_h, top, out_height);
        if (down < 0) continue;
        for (int s = 0; s < size_w; ++s) {
            int across = window_over(column, s, stride_w, dilation_w, left, out_width);
            if (across < 0) continue;
            const Real *upstream = dy + ((image * out_height + down) * out_width + across) * filters;
            const Real *weights = w + (long long)(r * size_w + s) * filters;
            for (int k = c * multiplier; k < (c + 1) * multiplier; ++k) sum += upstream[k] * weights[k];
        }
    }
    dx[i] = sum;
}

// x (N, H, W, C), dy (N, OH, OW, C·M) -> dw (chunks, R, S, C, M), to be added by column_sums.
extern "C" __global__ void depthwise_weight_gradient(const Real *x, const Real *dy, Real *dw, WINDOW_PARAMETERS,
                                                     long long images, int channels, int multiplier,
                                                     long long windows_of_chunk) {
    int filters = channels * multiplier, taps = size_h * size_w;
    int tap = blockIdx.x % taps, r = tap / size_w, s = tap % size_w;
    Chunk chunk = chunk_of_rows(blockIdx.x / taps, images * out_height * out_width, windows_of_chunk);
    bool inside = chunk.channel < filters;
    auto product = [&](long long window) {
        int across = window % out_width, down = window / out_width % out_height;
        long long image = window / out_width / out_height;
        int h = down * stride_h + r * dilation_h - top, column = across * stride_w + s * dilation_w - left;
        if (h < 0 || h >= height || column < 0 || column >= width) return Real(0);
        Real pixel = x[((image * height + h) * width + column) * channels + chunk.channel / multiplier];
        return pixel * dy[window * filters + chunk.channel];
    };
    Real total = sum_of_rows(product, chunk.first, inside ? chunk.last : chunk.first);
    if (inside && threadIdx.y == 0) dw[blockIdx.x * (long long)filters + chunk.channel] = total;
}
