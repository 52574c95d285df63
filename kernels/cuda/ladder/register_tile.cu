// Step 4: each thread computes 4 x 4 results, so that what it loads serves four times.
//
// Step 3 reads two numbers of shared memory for one multiplication. A thread that has 4 neighbouring pixels and 4
// filters reads 4 + 4 numbers for 16 of them, and holds its 16 sums in registers. A block of 128 threads has 4 rows of
// 16 pixels, and 32 filters.
//
// The last index of `pixel` is one longer than it needs to be. The four pixels that a warp reads at once lie 4 · 8
// numbers apart: all in the same bank, four cycles in place of one. At 4 · 9 they lie in four banks.
//
// Shapes: as in step 1. Launch: blocks of 128, grid (tiles of 16 columns, tiles of 4 rows of each image, tiles of 32
// filters).
const int FILTERS = 32, DOWN = 4, ACROSS = 16, CHANNELS = 8, THREADS = 128, OWN = 4;

extern "C" __global__ void conv2d(const float *x, const float *w, float *y, int images, int height, int width,
                                  int channels, int filters) {
    __shared__ float pixel[DOWN + 2][ACROSS + 2][CHANNELS + 1];
    __shared__ float weight[9][CHANNELS][FILTERS];
    int rows = height - 2, columns = width - 2, tiles_down = (rows + DOWN - 1) / DOWN;
    int image = blockIdx.y / tiles_down, first_row = blockIdx.y % tiles_down * DOWN;
    int first_column = blockIdx.x * ACROSS, first_filter = blockIdx.z * FILTERS;
    // A warp: 8 threads along the filters, 4 along a row of pixels.
    int own_filter = threadIdx.x % (FILTERS / OWN) * OWN, strip = threadIdx.x / (FILTERS / OWN);
    int own_row = strip / (ACROSS / OWN), own_column = strip % (ACROSS / OWN) * OWN;
    float sum[OWN][OWN] = {};
    for (int first = 0; first < channels; first += CHANNELS) {
        for (int i = threadIdx.x; i < (DOWN + 2) * (ACROSS + 2) * CHANNELS; i += THREADS) {
            int c = i % CHANNELS, across = i / CHANNELS % (ACROSS + 2), down = i / CHANNELS / (ACROSS + 2);
            int h = first_row + down, v = first_column + across;
            bool inside = h < height && v < width && first + c < channels;
            pixel[down][across][c] = inside ? x[((image * height + h) * width + v) * channels + first + c] : 0;
        }
        for (int i = threadIdx.x; i < 9 * CHANNELS * FILTERS; i += THREADS) {
            int k = i % FILTERS, c = i / FILTERS % CHANNELS, tap = i / FILTERS / CHANNELS;
            bool inside = first_filter + k < filters && first + c < channels;
            weight[tap][c][k] = inside ? w[(tap * channels + first + c) * filters + first_filter + k] : 0;
        }
        __syncthreads();
        for (int tap = 0; tap < 9; ++tap)
            for (int c = 0; c < CHANNELS; ++c) {
                float p[OWN], q[OWN];
                for (int i = 0; i < OWN; ++i) p[i] = pixel[own_row + tap / 3][own_column + i + tap % 3][c];
                for (int j = 0; j < OWN; ++j) q[j] = weight[tap][c][own_filter + j];
                for (int i = 0; i < OWN; ++i)
                    for (int j = 0; j < OWN; ++j) sum[i][j] += p[i] * q[j];
            }
        __syncthreads();
    }
    for (int i = 0; i < OWN; ++i)
        for (int j = 0; j < OWN; ++j) {
            int row = first_row + own_row, column = first_column + own_column + i, k = first_filter + own_filter + j;
            if (row < rows && column < columns && k < filters)
                y[((image * rows + row) * columns + column) * filters + k] = sum[i][j];
        }
}
