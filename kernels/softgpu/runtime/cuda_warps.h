// Shuffles, votes and the warp barrier. Each lane says what it gives and from which lane it takes; the scheduler waits
// until all lanes of the mask have come. A value from a lane outside of the mask is NaN, as it may be anything.
#pragma once

template <class To, class From> SOFTGPU_INLINE To softgpu_bits(From value) {
    static_assert(sizeof(From) <= 8 && sizeof(To) <= 8, "shuffles move at most 8 bytes");
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    To result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

SOFTGPU_INLINE unsigned softgpu_lane() {
    return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % WARP;
}

template <class T> SOFTGPU_INLINE T softgpu_shuffle(unsigned mask, T value, unsigned source) {
    return softgpu_bits<T>(softgpu_warp(mask, softgpu_bits<uint64_t>(value), source));
}

template <class T> SOFTGPU_INLINE T __shfl_sync(unsigned mask, T value, int lane, int width = 32) {
    const unsigned segment = softgpu_lane() & ~unsigned(width - 1);
    return softgpu_shuffle(mask, value, segment | (unsigned(lane) & unsigned(width - 1)));
}

template <class T> SOFTGPU_INLINE T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32) {
    const unsigned lane = softgpu_lane(), segment = lane & ~unsigned(width - 1);
    return softgpu_shuffle(mask, value, lane >= segment + by ? lane - by : lane);
}

template <class T> SOFTGPU_INLINE T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32) {
    const unsigned lane = softgpu_lane(), segment = lane & ~unsigned(width - 1);
    return softgpu_shuffle(mask, value, lane + by < segment + unsigned(width) ? lane + by : lane);
}

template <class T> SOFTGPU_INLINE T __shfl_xor_sync(unsigned mask, T value, int with, int width = 32) {
    const unsigned lane = softgpu_lane(), segment = lane & ~unsigned(width - 1), other = lane ^ unsigned(with);
    return softgpu_shuffle(mask, value, other < segment + unsigned(width) ? other : lane);
}

SOFTGPU_INLINE void __syncwarp(unsigned mask = ~0u) { softgpu_warp(mask, 0, ONLY_WAIT); }
SOFTGPU_INLINE unsigned __ballot_sync(unsigned mask, int vote) {
    return unsigned(softgpu_warp(mask, vote != 0, VOTE));
}
SOFTGPU_INLINE int __any_sync(unsigned mask, int vote) { return __ballot_sync(mask, vote) != 0; }
SOFTGPU_INLINE int __all_sync(unsigned mask, int vote) { return __ballot_sync(mask, !vote) == 0; }
