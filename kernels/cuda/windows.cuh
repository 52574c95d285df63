// Where windows lie on an image: minicnn.geometry.Windows, as kernels see it. All numbers are pixels.

struct Windows {
    int height, width;           // of the image
    int out_height, out_width;   // how many windows, down and across
    int size_h, size_w;          // taps of a window
    int stride_h, stride_w;
    int dilation_h, dilation_w;  // distance of its taps
    int top, left;               // padding before the first pixel
};

// A kernel's parameters are numbers, not structures, so that a launch can check each of them. WINDOW_PARAMETERS in a
// parameter list stands for these twelve, `int height, int width, ...`; `source` of this package spells them out.
#define WINDOWS                                                                                                     \
    {                                                                                                               \
        height, width, out_height, out_width, size_h, size_w, stride_h, stride_w, dilation_h, dilation_w, top, left \
    }

// A number in three digits, the lowest running fastest: (tap row, tap column, channel), or (image, row, column).
struct Digits {
    int high, middle, low;
};

struct Radices {
    int middle, low;
    __device__ Digits digits(int number) const { return {number / low / middle, number / low % middle, number % low}; }
    // Addition with carries: it goes on in the depth without dividing.
    __device__ void add(Digits &digits, const Digits &more) const {
        digits.low += more.low;
        bool carry = digits.low >= low;
        if (carry) digits.low -= low;
        digits.middle += more.middle + carry;
        carry = digits.middle >= middle;
        if (carry) digits.middle -= middle;
        digits.high += more.high + carry;
    }
};

// The window, along one axis, whose tap number `tap` lies on `pixel`; -1 if there is none.
__device__ inline int window_over(int pixel, int tap, int stride, int dilation, int pad, int outputs) {
    int start = pixel + pad - tap * dilation;  // where that window would begin, in the padded image
    if (stride == 1) return start >= 0 && start < outputs ? start : -1;  // most often so, and without a division
    if (start < 0 || start % stride != 0 || start / stride >= outputs) return -1;
    return start / stride;
}
