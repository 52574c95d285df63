"""Softmax and cross-entropy in one, a warp a row, both ways; the sibling of cross_entropy.cu, which says more."""

import math

from minicnn.kernels.numba_cuda.launching import launched, warp_a_row
from minicnn.kernels.numba_cuda.target import cuda
from minicnn.kernels.numba_cuda.warp import LANES, row_max, row_of_warp, warp_sum


@cuda.jit(device=True, inline="always")
def softmax_of_row(logits, largest, probabilities):
    """Probabilities from a row of logits; returns the sum of exp(logit - largest), known to all lanes."""
    own = logits.dtype.type(0)
    for k in range(cuda.threadIdx.x, logits.size, LANES):
        e = math.exp(logits[k] - largest)
        probabilities[k] = e
        own += e
    total = warp_sum(own)
    for k in range(cuda.threadIdx.x, logits.size, LANES):
        probabilities[k] /= total
    return total


@launched(warp_a_row)
@cuda.jit
def loss_of_labels(logits, labels, losses, probabilities, rows, n):
    """loss = log(sum of exp(logit - largest)) - (logit at the label - largest). logits (rows, n)."""
    row = row_of_warp()
    if row >= rows:
        return
    own = logits[row * n : (row + 1) * n]
    largest = row_max(own)
    total = softmax_of_row(own, largest, probabilities[row * n : (row + 1) * n])
    if cuda.threadIdx.x == 0:
        losses[row] = math.log(total) - (own[labels[row]] - largest)


@launched(warp_a_row)
@cuda.jit
def loss_of_targets(logits, targets, losses, probabilities, rows, n):
    """loss = - sum of target · log softmax(logits). logits, targets (rows, n)."""
    row = row_of_warp()
    if row >= rows:
        return
    own, target = logits[row * n : (row + 1) * n], targets[row * n : (row + 1) * n]
    largest = row_max(own)
    log_total = math.log(softmax_of_row(own, largest, probabilities[row * n : (row + 1) * n]))
    part = logits.dtype.type(0)
    for k in range(cuda.threadIdx.x, n, LANES):
        part -= target[k] * (own[k] - largest - log_total)
    loss = warp_sum(part)
    if cuda.threadIdx.x == 0:
        losses[row] = loss


@launched(warp_a_row)
@cuda.jit
def gradient_of_labels(dlosses, probabilities, labels, dlogits, rows, n):
    """dlogits = (probability - 1 at the label) · dloss."""
    Real = dlogits.dtype.type
    row = row_of_warp()
    if row >= rows:
        return
    for k in range(cuda.threadIdx.x, n, LANES):
        target = Real(1) if labels[row] == k else Real(0)
        dlogits[row * n + k] = (probabilities[row * n + k] - target) * dlosses[row]


@launched(warp_a_row)
@cuda.jit
def gradient_of_targets(dlosses, probabilities, targets, dlogits, rows, n):
    """dlogits = (probability · sum of targets - target) · dloss."""
    row = row_of_warp()
    if row >= rows:
        return
    part = dlogits.dtype.type(0)
    for k in range(cuda.threadIdx.x, n, LANES):
        part += targets[row * n + k]
    weight = warp_sum(part)
    for k in range(cuda.threadIdx.x, n, LANES):
        dlogits[row * n + k] = (probabilities[row * n + k] * weight - targets[row * n + k]) * dlosses[row]
