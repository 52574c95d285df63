// Sums, step 3: the same tree, folded in halves: part[t] += part[t + 128], then 64, 32 ...
//
// Those who work are neighbours and read neighbours: no two of them want different words of one bank. A warp works as a
// whole or not at all, down to the last 32. One line differs from step 2.
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
    for (int distance = THREADS / 2; distance > 0; distance /= 2) {
        if (threadIdx.x < distance) part[threadIdx.x] += part[threadIdx.x + distance];
        __syncthreads();
    }
    if (threadIdx.x == 0) sums[blockIdx.x] = part[0];
}
