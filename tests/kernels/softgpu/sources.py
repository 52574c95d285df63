"""Small kernels, right as they stand, that between them use all that a block of threads can do."""

from __future__ import annotations

VECTOR_ADD = """
extern "C" __global__ void vector_add(const float* x, const float* y, float* sum, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) sum[i] = x[i] + y[i];
}
"""

BLOCK_SUM = """
extern "C" __global__ void __launch_bounds__(256) block_sum(const float* __restrict__ x, float* sums, int n) {
    extern __shared__ float part[];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    part[threadIdx.x] = i < n ? x[i] : 0.0f;
    __syncthreads();
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0) sums[blockIdx.x] = part[0];
}
"""

TRANSPOSE = """
#define TILE 16
extern "C" __global__ void transpose(const float* x, float* y, int rows, int columns) {
    __shared__ float tile[TILE][TILE + 1];
    int column = blockIdx.x * TILE + threadIdx.x, row = blockIdx.y * TILE + threadIdx.y;
    if (row < rows && column < columns) tile[threadIdx.y][threadIdx.x] = x[row * columns + column];
    __syncthreads();
    column = blockIdx.y * TILE + threadIdx.x;
    row = blockIdx.x * TILE + threadIdx.y;
    if (row < columns && column < rows) y[row * rows + column] = tile[threadIdx.x][threadIdx.y];
}
"""

WARP_SUM = """
__device__ __forceinline__ float warp_sum(float value) {
    for (int by = 16; by > 0; by /= 2) value += __shfl_down_sync(0xffffffffu, value, by);
    return value;
}

extern "C" __global__ void warp_sums(const float* x, float* sums) {
    __shared__ float of_warp[32];
    float sum = warp_sum(x[blockIdx.x * blockDim.x + threadIdx.x]);
    if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x < 32) {
        sum = warp_sum(threadIdx.x < blockDim.x / 32 ? of_warp[threadIdx.x] : 0.0f);
        if (threadIdx.x == 0) sums[blockIdx.x] = sum;
    }
}
"""

SCALE_FOURS = """
extern "C" __global__ void scale_fours(const float4* __restrict__ x, float4* y, float by, int fours) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= fours) return;
    float4 v = __ldg(x + i);
    y[i] = make_float4(v.x * by, v.y * by, v.z * by, v.w * by);
}
"""

HISTOGRAM = """
extern "C" __global__ void histogram(const unsigned char* values, int* counts, int n) {
    __shared__ int local[256];
    for (int i = threadIdx.x; i < 256; i += blockDim.x) local[i] = 0;
    __syncthreads();
    int first = blockIdx.x * blockDim.x + threadIdx.x;
    for (int i = first; i < n; i += gridDim.x * blockDim.x) atomicAdd(&local[values[i]], 1);
    __syncthreads();
    for (int i = threadIdx.x; i < 256; i += blockDim.x) atomicAdd(&counts[i], local[i]);
}
"""

# Neighbours in a warp hand one another values through shared memory: only __syncwarp() stands between.
WARP_ROTATE = """
extern "C" __global__ void warp_rotate(const float* x, float* y) {
    __shared__ float row[64];
    int lane = threadIdx.x % 32, first = threadIdx.x - lane;
    row[threadIdx.x] = x[threadIdx.x];
    __syncwarp();
    y[threadIdx.x] = row[first + (lane + 1) % 32];
}
"""

# The block that finishes last adds what all have: a fence and an atomic hand the parts over from block to block.
LAST_BLOCK = """
extern "C" __global__ void sum_of_all(const float* x, float* parts, unsigned* finished, float* sum) {
    __shared__ float part[64];
    __shared__ bool last;
    part[threadIdx.x] = x[blockIdx.x * 64 + threadIdx.x];
    __syncthreads();
    if (threadIdx.x == 0) {
        float own = 0;
        for (int t = 0; t < 64; ++t) own += part[t];
        parts[blockIdx.x] = own;
        __threadfence();
        last = atomicInc(finished, gridDim.x - 1) == gridDim.x - 1;
    }
    __syncthreads();
    if (last && threadIdx.x == 5) {
        float total = 0;
        for (int b = 0; b < gridDim.x; ++b) total += parts[b];
        *sum = total;
        *finished = 0;
    }
}
"""
