// Step 2: the same sums, with neighbouring threads at neighbouring addresses. One line differs from step 1.
//
// Now a warp takes 32 filters of one pixel. Their weights lie side by side: 128 bytes, 4 sectors, and every byte is
// used. The pixel is the same for all of them: one sector. Nothing is computed differently; only who does it.
//
// Still each multiplication-and-addition needs two loads. That is what the next steps are about.
//
// Shapes and launch: as in step 1.
extern "C" __global__ void conv2d(const float *x, const float *w, float *y, int images, int height, int width,
                                  int channels, int filters) {
    int rows = height - 2, columns = width - 2, pixels = images * rows * columns;
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= pixels * filters) return;
    int pixel = i / filters, k = i % filters;  // neighbours in the warp: neighbouring filters
    int column = pixel % columns, row = pixel / columns % rows, image = pixel / columns / rows;
    float sum = 0;
    for (int r = 0; r < 3; ++r)
        for (int s = 0; s < 3; ++s)
            for (int c = 0; c < channels; ++c)
                sum += x[((image * height + row + r) * width + column + s) * channels + c] *
                       w[((r * 3 + s) * channels + c) * filters + k];
    y[pixel * filters + k] = sum;
}
