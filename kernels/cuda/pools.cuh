// The largest pixel of a window, and the way back.
#include "windows.cuh"

struct Largest {
    Real value;
    int tap;  // r·S + s
};

// Of pixel(place) over a window's pixels, place = h · width + w; `start` where none is larger. The first of equals
// wins; a NaN wins over all, so that it stays visible.
template <class Pixel>
__device__ inline Largest largest_of(const Windows &at, int down, int across, Largest start, Pixel pixel) {
    Largest best = start;
    for (int r = 0; r < at.size_h; ++r) {
        int h = down * at.stride_h + r - at.top;
        if (h < 0 || h >= at.height) continue;
        for (int s = 0; s < at.size_w; ++s) {
            int w = across * at.stride_w + s - at.left;
            if (w < 0 || w >= at.width) continue;
            Real value = pixel(h * at.width + w);
            if (value > best.value || value != value) best = {value, r * at.size_w + s};
        }
    }
    return best;
}

// Windows that tile the image: side by side, without padding. Six numbers say where: POOLS makes Windows of them.
#define POOLS {height, width, out_height, out_width, size_h, size_w, size_h, size_w, 1, 1, 0, 0}

// The winner of a window in which no pixel is positive.
__device__ inline int nobody(const Windows &pools) { return pools.size_h * pools.size_w; }

// Back through ReLU and a pooling that tiles: what reaches a pixel (image, row, column) of dy, winners (N, PH, PW, C).
// dy is loaded whether the pixel won or not: together a warp's loads are whole sectors.
__device__ inline Real unpooled(const Real *dy, const unsigned char *winners, const Windows &pools, const Digits &pixel,
                                int channels, int channel) {
    int down = pixel.middle / pools.size_h, across = pixel.low / pools.size_w;
    if (down >= pools.out_height || across >= pools.out_width) return Real(0);  // behind the last window
    int tap = (pixel.middle - down * pools.size_h) * pools.size_w + pixel.low - across * pools.size_w;
    long long window = ((long long)pixel.high * pools.out_height + down) * pools.out_width + across;
    Real gradient = dy[window * channels + channel];
    return winners[window * channels + channel] == tap ? gradient : Real(0);
}
