// Softmax over rows, and its gradient.
//
// Launch: one warp a row, four rows a block of (32, 4); a lane takes every 32nd number. Memory: x comes from DRAM once
// (a row of some hundred classes stays in the first-level cache for the second and third look), y is written once and
// updated once, in order. Source: the row-wise reduction by warp shuffles is that of Harris, Optimizing parallel
// reduction in CUDA (2007), with the exchange of registers that later devices have.
#include "warp.cuh"

// y = exp(x - max) / sum. Less the maximum no exponential overflows. x, y (rows, n).
extern "C" __global__ void softmax(const Real *__restrict__ x, Real *__restrict__ y, long long rows, int n) {
    long long row = row_of_warp();
    if (row >= rows) return;  // the whole warp together: nobody waits for a lane that left
    x += row * n;
    y += row * n;
    Real largest = row_max(x, n), sum = 0;
    for (int k = threadIdx.x; k < n; k += LANES) {
        Real e = exponential(x[k] - largest);
        y[k] = e;
        sum += e;
    }
    Real total = warp_sum(sum);
    for (int k = threadIdx.x; k < n; k += LANES) y[k] /= total;  // each lane what it wrote itself
}

// dx = y · (dy - sum of dy · y): the Jacobian diag(y) - y yᵀ applied without building it. dy, y, dx (rows, n).
extern "C" __global__ void softmax_gradient(const Real *__restrict__ dy, const Real *__restrict__ y,
                                            Real *__restrict__ dx, long long rows, int n) {
    long long row = row_of_warp();
    if (row >= rows) return;
    dy += row * n;
    y += row * n;
    dx += row * n;
    Real sum = 0;
    for (int k = threadIdx.x; k < n; k += LANES) sum += dy[k] * y[k];
    Real total = warp_sum(sum);
    for (int k = threadIdx.x; k < n; k += LANES) dx[k] = y[k] * (dy[k] - total);
}
