// Sums, step 1: every thread adds a run of 8 neighbours, and thread 0 adds what all have.
//
// Two mistakes. The threads of a warp read 32 bytes apart: 32 sectors for 32 numbers. And while one thread adds 256
// numbers, 255 wait.
//
// x (n,) -> sums (blocks,), each of 2048 numbers. Launch: blocks of 256.
const int THREADS = 256, EACH = 8;

extern "C" __global__ void block_sums(const float *x, float *sums, int n) {
    __shared__ float part[THREADS];
    int first = (blockIdx.x * THREADS + threadIdx.x) * EACH;
    float sum = 0;
    for (int i = first; i < first + EACH && i < n; ++i) sum += x[i];
    part[threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int t = 1; t < THREADS; ++t) sum += part[t];
        sums[blockIdx.x] = sum;
    }
}
