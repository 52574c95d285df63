// Sums, step 2: coalesced loads, and a tree in shared memory: half of the sums, a quarter, an eighth ...
//
// Thread t now takes numbers t, t + 256, t + 512 ...: a warp reads 128 neighbouring bytes. Of the tree there are 8
// levels in place of 255 additions. But on level 2^l the threads that work read words 2^(l+1) apart: of 32 banks they
// meet 16, 8, 4, 2, 1, and wait for one another.
//
// Shapes and launch: as in step 1. Source: Harris, Optimizing parallel reduction in CUDA (2007).
const int THREADS = 256, EACH = 8;

extern "C" __global__ void block_sums(const float *x, float *sums, int n) {
    __shared__ float part[THREADS];
    float sum = 0;
    for (int j = 0; j < EACH; ++j) {
        int i = (blockIdx.x * EACH + j) * THREADS + threadIdx.x;
        if (i < n) sum += x[i];
    }
    part[threadIdx.x] = sum;
    __syncthreads();
    for (int distance = 1; distance < THREADS; distance *= 2) {
        int i = 2 * distance * threadIdx.x;
        if (i < THREADS) part[i] += part[i + distance];
        __syncthreads();
    }
    if (threadIdx.x == 0) sums[blockIdx.x] = part[0];
}
