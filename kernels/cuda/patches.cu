// im2col and col2im: from images to patches, and their adjoint back.
//
// Launch: rows.cuh; a row is a tap of a window, backwards a pixel. Memory: im2col writes R·S numbers for each it reads
// (most reads hit a cache); col2im reads every column once and writes every pixel once.
//
// The usual col2im scatters: each column adds itself to its pixel, with atomics that add in another order in each run.
// Here each pixel gathers from the windows over it, tap after tap: no atomics, the same bits in each run.
// Source: Chellapilla, Puri and Simard, High performance convolutional neural networks for document processing (2006).
#include "rows.cuh"
#include "windows.cuh"

// x (N, H, W, C) -> columns (N, OH, OW, R, S, C), 0 where a tap lies on padding. n: numbers of columns.
extern "C" __global__ void im2col(const Real *__restrict__ x, Real *__restrict__ columns, WINDOW_PARAMETERS,
                                  int channels, long long n) {
    Radices windows = {out_height, out_width}, taps = {size_h, size_w};
    for_own_rows(channels, n, [&](long long i, int row, int channel) {
        Digits tap = taps.digits(row), window = windows.digits(tap.high);
        int h = window.middle * stride_h + tap.middle * dilation_h - top;
        int w = window.low * stride_w + tap.low * dilation_w - left;
        bool inside = h >= 0 && h < height && w >= 0 && w < width;
        long long pixel = ((long long)window.high * height + h) * width + w;
        columns[i] = inside ? x[pixel * channels + channel] : Real(0);
    });
}

// columns (N, OH, OW, R, S, C) -> x (N, H, W, C), the sum of what all windows hold of a pixel. n: numbers of x.
extern "C" __global__ void col2im(const Real *__restrict__ columns, Real *__restrict__ x, WINDOW_PARAMETERS,
                                  int channels, long long n) {
    Radices pixels = {height, width};
    for_own_rows(channels, n, [&](long long i, int row, int channel) {
        Digits pixel = pixels.digits(row);
        Real sum = 0;
        for (int r = 0; r < size_h; ++r) {
            int down = window_over(pixel.middle, r, stride_h, dilation_h, top, out_height);
            if (down < 0) continue;
            for (int s = 0; s < size_w; ++s) {
                int across = window_over(pixel.low, s, stride_w, dilation_w, left, out_width);
                if (across < 0) continue;
                long long window = ((long long)pixel.high * out_height + down) * out_width + across;
                sum += columns[((window * size_h + r) * size_w + s) * channels + channel];
            }
        }
        x[i] = sum;
    });
}
