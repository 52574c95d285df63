// Step 3: a block brings what its threads share into shared memory, once.
//
// 8 pixels in a row and 32 filters need 3 x 10 pixels and 9 x 32 weights of each channel, and use them 8 · 32 · 9
// times. So the 256 threads of a block fetch them together, 8 channels at a time, and read them from shared memory as
// often as they like. Two barriers: nobody may read before all has arrived, and nobody may overwrite what somebody else
// still reads.
//
// No bank conflicts: a warp reads 32 neighbouring weights (32 banks) and one pixel (the same word for all lanes).
//
// Shapes: as in step 1. Launch: blocks of (32 filters, 8 pixels), grid (strips of 8 columns, rows of all images, tiles
// of 32 filters).
const int FILTERS = 32, PIXELS = 8, CHANNELS = 8, THREADS = FILTERS * PIXELS;

extern "C" __global__ void conv2d(const float *x, const float *w, float *y, int images, int height, int width,
                                  int channels, int filters) {
    __shared__ float pixel[3][PIXELS + 2][CHANNELS];  // + 2: the halo, which the neighbouring block reads, too
    __shared__ float weight[9][CHANNELS][FILTERS];
    int rows = height - 2, columns = width - 2, row = blockIdx.y % rows, image = blockIdx.y / rows;
    int first_column = blockIdx.x * PIXELS, first_filter = blockIdx.z * FILTERS;
    int me = threadIdx.y * FILTERS + threadIdx.x;
    float sum = 0;
    for (int first = 0; first < channels; first += CHANNELS) {
        for (int i = me; i < 3 * (PIXELS + 2) * CHANNELS; i += THREADS) {
            int c = i % CHANNELS, across = i / CHANNELS % (PIXELS + 2), down = i / CHANNELS / (PIXELS + 2);
            int h = row + down, v = first_column + across;
            bool inside = v < width && first + c < channels;
            pixel[down][across][c] = inside ? x[((image * height + h) * width + v) * channels + first + c] : 0;
        }
        for (int i = me; i < 9 * CHANNELS * FILTERS; i += THREADS) {
            int k = i % FILTERS, c = i / FILTERS % CHANNELS, tap = i / FILTERS / CHANNELS;
            bool inside = first_filter + k < filters && first + c < channels;
            weight[tap][c][k] = inside ? w[(tap * channels + first + c) * filters + first_filter + k] : 0;
        }
        __syncthreads();
        for (int r = 0; r < 3; ++r)
            for (int s = 0; s < 3; ++s)
                for (int c = 0; c < CHANNELS; ++c)
                    sum += pixel[r][threadIdx.y + s][c] * weight[r * 3 + s][c][threadIdx.x];
        __syncthreads();
    }
    int column = first_column + threadIdx.y, k = first_filter + threadIdx.x;
    if (column < columns && k < filters) y[((image * rows + row) * columns + column) * filters + k] = sum;
}
