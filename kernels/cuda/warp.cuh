// A warp as a team: 32 threads that work on one row and tell each other what they found, without shared memory.
//
// After log2(32) = 5 exchanges with a partner ever nearer all lanes hold the result. Each pair adds the same two
// numbers (a + b is b + a to the bit), so all lanes hold the same bits, the same in every run.
#include "common.cuh"

const int LANES = 32;
const unsigned ALL_LANES = 0xffffffffu;

__device__ inline Real warp_sum(Real value) {
    for (int distance = LANES / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(ALL_LANES, value, distance);
    return value;
}

__device__ inline Real warp_max(Real value) {
    for (int distance = LANES / 2; distance > 0; distance /= 2) {
        Real other = __shfl_xor_sync(ALL_LANES, value, distance);
        value = other > value || other != other ? other : value;  // NaN wins: it must not go unnoticed
    }
    return value;
}

// Rows are shared out a warp each, in blocks of (32, 4): threadIdx.x is the lane, and all lanes have the same row.
__device__ inline long long row_of_warp() { return blockIdx.x * (long long)blockDim.y + threadIdx.y; }

// The largest of row[0 .. n), known to all lanes.
__device__ inline Real row_max(const Real *row, int n) {
    Real largest = -infinity();
    for (int k = threadIdx.x; k < n; k += LANES)
        largest = row[k] > largest || row[k] != row[k] ? row[k] : largest;
    return warp_max(largest);
}
