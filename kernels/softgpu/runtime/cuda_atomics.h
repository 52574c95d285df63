// Atomics. Fibers give way at barriers only, so a plain read and write in a row are one step already; the checker is
// told that they count as atomic. They return what was there before.
#pragma once

#define SOFTGPU_ATOMIC(NAME, RESULT)                                                         \
    template <class T>                                                                       \
    SOFTGPU_UNCHECKED __attribute__((noinline)) T NAME(T* address, std::common_type_t<T> value) { \
        softgpu_atomic(address, sizeof(T), __builtin_return_address(0));                     \
        const T before = *address;                                                           \
        *address = RESULT;                                                                   \
        return before;                                                                       \
    }

SOFTGPU_ATOMIC(atomicAdd, T(before + value))
SOFTGPU_ATOMIC(atomicSub, T(before - value))
SOFTGPU_ATOMIC(atomicExch, value)
SOFTGPU_ATOMIC(atomicMax, before > value ? before : value)
SOFTGPU_ATOMIC(atomicMin, before < value ? before : value)
SOFTGPU_ATOMIC(atomicAnd, before & value)
SOFTGPU_ATOMIC(atomicOr, before | value)
SOFTGPU_ATOMIC(atomicXor, before ^ value)
SOFTGPU_ATOMIC(atomicInc, before >= value ? 0 : before + 1)
SOFTGPU_ATOMIC(atomicDec, before == 0 || before > value ? value : before - 1)
#undef SOFTGPU_ATOMIC

template <class T>
SOFTGPU_UNCHECKED __attribute__((noinline)) T atomicCAS(T* address, std::common_type_t<T> expected,
                                                        std::common_type_t<T> value) {
    softgpu_atomic(address, sizeof(T), __builtin_return_address(0));
    const T before = *address;
    if (before == expected) *address = value;
    return before;
}
