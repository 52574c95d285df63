// Sums, step 4: the lanes of a warp hand one another their registers. Shared memory carries 8 numbers, once.
//
// Five exchanges with the lane 16, 8, 4, 2, 1 further make the warp's sum, without memory and without a barrier: a warp
// needs none with itself beyond the exchange. One barrier remains, where the 8 warps meet.
//
// Shapes and launch: as in step 1.
const int THREADS = 256, EACH = 8, WARPS = THREADS / 32;

__device__ float warp_sum(float sum) {
    for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_down_sync(0xffffffffu, sum, distance);
    return sum;  // right in lane 0
}

extern "C" __global__ void block_sums(const float *x, float *sums, int n) {
    __shared__ float part[WARPS];
    float sum = 0;
    for (int j = 0; j < EACH; ++j) {
        int i = (blockIdx.x * EACH + j) * THREADS + threadIdx.x;
        if (i < n) sum += x[i];
    }
    sum = warp_sum(sum);
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x < 32) {
        sum = warp_sum(threadIdx.x < WARPS ? part[threadIdx.x] : 0.0f);
        if (threadIdx.x == 0) sums[blockIdx.x] = sum;
    }
}
