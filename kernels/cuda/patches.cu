// im2col and col2im: from images to patches, and their adjoint back.
//
// Launch: one thread an element of the result, blocks of 256; channels are innermost, so a warp reads and writes
// neighbouring addresses. Memory: im2col writes R·S numbers for each it reads (most reads hit a cache); col2im reads
// every column once and writes every pixel once.
//
// The usual col2im scatters: each column adds itself to its pixel, with atomics that add in another order in each run.
// Here each pixel gathers from the windows over it, tap after tap: no atomics, the same bits in each run.
// Source: Chellapilla, Puri and Simard, High performance convolutional neural networks for document processing (2006).
#include "common.cuh"
#include "windows.cuh"

// x (N, H, W, C) -> columns (N, OH, OW, R, S, C), 0 where a tap lies on padding. n: numbers of columns.
extern "C" __global__ void im2col(const Real *x, Real *columns, WINDOW_PARAMETERS, int channels, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Windows at = WINDOWS;
    long long rest = i;
    int c = rest % channels;
    rest /= channels;
    int s = rest % at.size_w;
    rest /= at.size_w;
    int r = rest % at.size_h;
    rest /= at.size_h;
    int across = rest % at.out_width;
    rest /= at.out_width;
    int down = rest % at.out_height;
    long long image = rest / at.out_height;
    int h = down * at.stride_h + r * at.dilation_h - at.top, w = across * at.stride_w + s * at.dilation_w - at.left;
    bool inside = h >= 0 && h < at.height && w >= 0 && w < at.width;
    columns[i] = inside ? x[((image * at.height + h) * at.width + w) * channels + c] : Real(0);
}

// columns (N, OH, OW, R, S, C) -> x (N, H, W, C), the sum of what all windows hold of a pixel. n: numbers of x.
extern "C" __global__ void col2im(const Real *columns, Real *x, WINDOW_PARAMETERS, int channels, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Windows at = WINDOWS;
    int c = i % channels, w = i / channels % at.width, h = i / channels / at.width % at.height;
    long long image = i / channels / at.width / at.height;
    Real sum = 0;
    for (int r = 0; r < at.size_h; ++r) {
        int down = window_over(h, r, at.stride_h, at.dilation_h, at.top, at.out_height);
        if (down < 0) continue;
        for (int s = 0; s < at.size_w; ++s) {
            int across = window_over(w, s, at.stride_w, at.dilation_w, at.left, at.out_width);
            if (across < 0) continue;
            long long window = (image * at.out_height + down) * at.out_width + across;
            sum += columns[((window * at.size_h + r) * at.size_w + s) * channels + c];
        }
    }
    x[i] = sum;
}
