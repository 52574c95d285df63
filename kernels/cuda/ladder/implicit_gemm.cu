// Step 5: a matrix product whose left matrix is never written down (implicit GEMM).
//
// Convolution is Y = P W: a row of P is the window over a pixel, 9 · channels numbers; W is the weights as they lie in
// memory. The tiles are tiles of that product now: 64 pixels, 32 filters, 16 of the depth at a time. Pixels are counted
// through rows and images, so no tile hangs over the edge of an image, and the same kernel would do for every size of
// filter, stride and padding: only the address of an element of P would change. That is how minicnn's own kernel does
// it (convolution.cu), and cuDNN.
//
// Shared memory is laid out for its readers: the 4 pixels and 4 filters of a thread lie side by side, so that one load
// of 16 bytes takes each four of them: 2 loads for 16 multiplications. The price is a write that meets a bank twice.
// Source: Chetlur et al., cuDNN: Efficient Primitives for Deep Learning (2014), section 3.
//
// Shapes: as in step 1. Launch: blocks of 128, grid (tiles of 64 pixels, tiles of 32 filters).
const int PIXELS = 64, FILTERS = 32, DEPTH = 16, THREADS = 128, OWN = 4;

extern "C" __global__ void conv2d(const float *x, const float *w, float *y, int images, int height, int width,
                                  int channels, int filters) {
    __shared__ __align__(16) float p[DEPTH][PIXELS + 4];  // + 4: a line further, four banks further, still 16 bytes
    __shared__ __align__(16) float q[DEPTH][FILTERS];
    int rows = height - 2, columns = width - 2, pixels = images * rows * columns, depth = 9 * channels;
    int first_pixel = blockIdx.x * PIXELS, first_filter = blockIdx.y * FILTERS;
    int own_filter = threadIdx.x % (FILTERS / OWN) * OWN, own_pixel = threadIdx.x / (FILTERS / OWN) * OWN;
    float sum[OWN][OWN] = {};
    for (int first = 0; first < depth; first += DEPTH) {
        int d = threadIdx.x % DEPTH, c = (first + d) % channels, tap = (first + d) / channels;
        for (int line = threadIdx.x / DEPTH; line < PIXELS; line += THREADS / DEPTH) {
            int pixel = first_pixel + line, column = pixel % columns, row = pixel / columns % rows;
            int corner = (pixel / columns / rows * height + row + tap / 3) * width + column + tap % 3;
            p[d][line] = pixel < pixels && first + d < depth ? x[corner * channels + c] : 0;
        }
        int k = threadIdx.x % FILTERS;
        for (int line = threadIdx.x / FILTERS; line < DEPTH; line += THREADS / FILTERS) {
            bool inside = first + line < depth && first_filter + k < filters;
            q[line][k] = inside ? w[(first + line) * filters + first_filter + k] : 0;
        }
        __syncthreads();
        for (int i = 0; i < DEPTH; ++i) {
            float4 a = *(const float4 *)&p[i][own_pixel], b = *(const float4 *)&q[i][own_filter];
            float down[OWN] = {a.x, a.y, a.z, a.w}, across[OWN] = {b.x, b.y, b.z, b.w};
            for (int m = 0; m < OWN; ++m)
                for (int n = 0; n < OWN; ++n) sum[m][n] += down[m] * across[n];
        }
        __syncthreads();
    }
    for (int m = 0; m < OWN; ++m)
        for (int n = 0; n < OWN; ++n) {
            int pixel = first_pixel + own_pixel + m, k = first_filter + own_filter + n;
            if (pixel < pixels && k < filters) y[pixel * filters + k] = sum[m][n];
        }
}
