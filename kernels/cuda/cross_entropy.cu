// Softmax and cross-entropy in one: apart, log(softmax) would take the logarithm of a rounded zero.
//
// Launch: one warp a row, four rows a block of (32, 4). Memory: logits are read from DRAM once, probabilities and
// losses written once. The label's logit is one load that all lanes share.
#include "warp.cuh"

// Probabilities from a row of logits; returns the sum of exp(logit - largest), known to all lanes.
__device__ inline Real softmax_of_row(const Real *logits, Real largest, Real *probabilities, int n) {
    Real sum = 0;
    for (int k = threadIdx.x; k < n; k += LANES) {
        Real e = exponential(logits[k] - largest);
        probabilities[k] = e;
        sum += e;
    }
    Real total = warp_sum(sum);
    for (int k = threadIdx.x; k < n; k += LANES) probabilities[k] /= total;
    return total;
}

// loss = log(sum of exp(logit - largest)) - (logit at the label - largest). logits (rows, n), labels, losses (rows,).
extern "C" __global__ void loss_of_labels(const Real *__restrict__ logits, const int *__restrict__ labels,
                                          Real *__restrict__ losses, Real *__restrict__ probabilities, long long rows,
                                          int n) {
    long long row = row_of_warp();
    if (row >= rows) return;
    logits += row * n;
    Real largest = row_max(logits, n);
    Real total = softmax_of_row(logits, largest, probabilities + row * n, n);
    if (threadIdx.x == 0) losses[row] = logarithm(total) - (logits[labels[row]] - largest);
}

// loss = - sum of target · log softmax(logits). logits, targets (rows, n).
extern "C" __global__ void loss_of_targets(const Real *__restrict__ logits, const Real *__restrict__ targets,
                                           Real *__restrict__ losses, Real *__restrict__ probabilities, long long rows,
                                           int n) {
    long long row = row_of_warp();
    if (row >= rows) return;
    logits += row * n;
    targets += row * n;
    Real largest = row_max(logits, n);
    Real log_total = logarithm(softmax_of_row(logits, largest, probabilities + row * n, n));
    Real sum = 0;
    for (int k = threadIdx.x; k < n; k += LANES) sum -= targets[k] * (logits[k] - largest - log_total);
    Real loss = warp_sum(sum);
    if (threadIdx.x == 0) losses[row] = loss;
}

// dlogits = (probability - 1 at the label) · dloss.
extern "C" __global__ void gradient_of_labels(const Real *__restrict__ dlosses, const Real *__restrict__ probabilities,
                                              const int *__restrict__ labels, Real *__restrict__ dlogits,
                                              long long rows, int n) {
    long long row = row_of_warp();
    if (row >= rows) return;
    for (int k = threadIdx.x; k < n; k += LANES) {
        Real target = labels[row] == k ? Real(1) : Real(0);
        dlogits[row * n + k] = (probabilities[row * n + k] - target) * dlosses[row];
    }
}

// dlogits = (probability · sum of targets - target) · dloss.
extern "C" __global__ void gradient_of_targets(const Real *__restrict__ dlosses, const Real *__restrict__ probabilities,
                                               const Real *__restrict__ targets, Real *__restrict__ dlogits,
                                               long long rows, int n) {
    long long row = row_of_warp();
    if (row >= rows) return;
    targets += row * n;
    Real sum = 0;
    for (int k = threadIdx.x; k < n; k += LANES) sum += targets[k];
    Real weight = warp_sum(sum);
    for (int k = threadIdx.x; k < n; k += LANES)
        dlogits[row * n + k] = (probabilities[row * n + k] * weight - targets[k]) * dlosses[row];
}
