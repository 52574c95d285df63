// The patches of an image as a factor of a matrix product, one that is never written down.
//
// The matrix of all patches would be R·S times the image. Here a piece of it is picked from the image when a tile needs
// it: padding is a comparison, strides, dilation and groups are arithmetic. Source: Chetlur et al., cuDNN: Efficient
// Primitives for Deep Learning (2014), section 3.
#include "tiles.cuh"
#include "windows.cuh"

// An image batch (N, height, width, channels) under a grid of taps that are step_h and step_w pixels apart.
// Lines: where the first tap lies; depth: (tap row, tap column, channel of the group).
struct Patches {
    static const bool ALONG_DEPTH = true;  // channels are neighbours
    const Real *numbers;                   // the first channel of the group
    int height, width, channels;
    int step_h, step_w;
    Radices taps;                          // tap columns, channels of the group
    struct Line {
        long long start;  // of the first tap's pixel; it may lie on padding, before the first or behind the last number
        int h, w;         // of the first tap
    };
    typedef Digits Depth;
    __device__ Line at_pixel(int image, int h, int w) const {
        return {(((long long)image * height + h) * width + w) * channels, h, w};
    }
    __device__ Depth depth(int k) const { return taps.digits(k); }
    __device__ void advance(Depth &depth, const Depth &distance) const { taps.add(depth, distance); }
    __device__ Pack<Real, WIDTH> at(const Line &line, const Depth &depth) const {
        int down = depth.high * step_h, across = depth.middle * step_w;
        int away = (down * width + across) * channels + depth.low;
        if (unsigned(line.h + down) >= unsigned(height) || unsigned(line.w + across) >= unsigned(width))
            return {};  // padding
        return load<WIDTH>(numbers + line.start + away);
    }
};

// One line for each window. With SIDE 2 in the order of a 2 x 2 pooling, whose four windows follow one another; those
// that no pool takes are left out.
template <int SIDE> struct WindowPatches : Patches {
    int stride_h, stride_w, top, left;
    int pools_down, pools_across;  // windows / SIDE
    __device__ Line line(int m) const {
        int pool = m / (SIDE * SIDE), within = m % (SIDE * SIDE);
        int down = pool / pools_across % pools_down * SIDE + within / SIDE;
        int across = pool % pools_across * SIDE + within % SIDE;
        return at_pixel(pool / pools_across / pools_down, down * stride_h - top, across * stride_w - left);
    }
};

template <int SIDE>
__device__ inline WindowPatches<SIDE> patches_of(const Real *x, const Windows &at, int channels, int group_channels) {
    return {{x, at.height, at.width, channels, at.dilation_h, at.dilation_w, {at.size_w, group_channels}},
            at.stride_h, at.stride_w, at.top, at.left, at.out_height / SIDE, at.out_width / SIDE};
}

// The patches turned: lines are (tap row, tap column, channel of the group), the depth is the windows of all images.
struct TurnedPatches {
    static const bool ALONG_DEPTH = false;
    WindowPatches<1> patches;
    Radices windows;  // windows down and across
    typedef Digits Line;
    typedef Digits Depth;
    __device__ Line line(int k) const { return patches.depth(k); }
    __device__ Depth depth(int window) const { return windows.digits(window); }
    __device__ void advance(Depth &depth, const Depth &distance) const { windows.add(depth, distance); }
    __device__ Pack<Real, WIDTH> at(const Line &line, const Depth &window) const {
        int h = window.middle * patches.stride_h - patches.top, w = window.low * patches.stride_w - patches.left;
        return patches.at(patches.at_pixel(window.high, h, w), line);
    }
};

// Backwards through strides: of `stride` neighbouring pixels each lies under other taps. A phase is the pixels first,
// first + stride, ... of one axis, which all lie under the same taps: tap, tap + tap_step, ... For each of them the
// window that has it there is one number, so that a strided convolution's gradient needs no division and multiplies
// nothing by the zeros between its windows.
struct Phase {
    int first, pixels;        // how many there are
    int tap, tap_step, taps;  // how many there are, perhaps none
    int window, window_step;  // whose `tap` lies on `first`; each further tap lies in a window so much before
};

__device__ inline Phase phase_of(int first, int length, int size, int stride, int dilation, int pad) {
    int a = stride, b = dilation;  // Euclid
    while (b) {
        int rest = a % b;
        a = b;
        b = rest;
    }
    int tap_step = stride / a, tap = 0;
    while (tap < tap_step && (first + pad - tap * dilation) % stride) ++tap;
    int last = tap < tap_step ? size : tap;
    return {first, (length - first + stride - 1) / stride, tap, tap_step,
            last > tap ? (last - tap + tap_step - 1) / tap_step : 0, (first + pad - tap * dilation) / stride,
            dilation / a};
}
