// Step 1: one thread a result, as the definition reads.
//
// y[pixel][k] = sum over taps r, s and channels c of x[pixel + (r, s)][c] · w[r][s][c][k]
//
// The 32 threads of a warp take 32 neighbouring pixels. Their loads of x are `channels` numbers apart, so that a warp
// fetches up to 32 sectors of 32 bytes to use 4 bytes of each. The weight is the same for all of them: one sector.
//
// x (images, height, width, channels), w (3, 3, channels, filters) -> y (images, height - 2, width - 2, filters).
// Launch: one thread a number of y, blocks of 256.
extern "C" __global__ void conv2d(const float *x, const float *w, float *y, int images, int height, int width,
                                  int channels, int filters) {
    int rows = height - 2, columns = width - 2, pixels = images * rows * columns;
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= pixels * filters) return;
    int pixel = i % pixels, k = i / pixels;  // neighbours in the warp: neighbouring pixels
    int column = pixel % columns, row = pixel / columns % rows, image = pixel / columns / rows;
    float sum = 0;
    for (int r = 0; r < 3; ++r)
        for (int s = 0; s < 3; ++s)
            for (int c = 0; c < channels; ++c)
                sum += x[((image * height + row + r) * width + column + s) * channels + c] *
                       w[((r * 3 + s) * channels + c) * filters + k];
    y[pixel * filters + k] = sum;
}
