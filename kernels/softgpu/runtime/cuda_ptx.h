// What PTX instructions do, for the C++ that kernels/softgpu/ptx makes of them.
// Source: NVIDIA, Parallel Thread Execution ISA 9.0, section 9.
//
// Subnormal numbers are kept where an instruction says .ftz, and .approx functions are exact.
#pragma once
#include <limits>

namespace ptx {

using b8 = uint8_t;
using b16 = uint16_t;
using b32 = uint32_t;
using b64 = uint64_t;
using u8 = uint8_t;
using u16 = uint16_t;
using u32 = uint32_t;
using u64 = uint64_t;
using s8 = int8_t;
using s16 = int16_t;
using s32 = int32_t;
using s64 = int64_t;
using f32 = float;
using f64 = double;
using pred = bool;

// A register's content as an instruction of type To sees it: of a wider integer the low bits, else the same bits.
template <class To, class From> SOFTGPU_INLINE To as(From value) {
    if constexpr (std::is_same_v<To, From>) return value;
    else if constexpr (std::is_integral_v<To> && std::is_integral_v<From>) return static_cast<To>(value);
    else {
        static_assert(sizeof(To) == sizeof(From), "the instruction's type and the register's have different widths");
        To result;
        memcpy(&result, &value, sizeof result);
        return result;
    }
}

// Into a register: a narrower integer is extended, with its sign if it has one.
template <class Register, class Value> SOFTGPU_INLINE void set(Register& target, Value value) {
    target = as<Register>(value);
}

// Memory. Shared addresses are of 32 bits: they count from a place below all shared memory of this file.
SOFTGPU_UNCHECKED SOFTGPU_INLINE char* shared_window() {
    return reinterpret_cast<char*>(softgpu_dynamic_store) - (1 << 24);
}
template <class T> SOFTGPU_UNCHECKED SOFTGPU_INLINE u64 shared_address(const T& variable) {
    return u64(reinterpret_cast<const char*>(&variable) - shared_window());
}
template <class T> SOFTGPU_INLINE T* in_shared(u64 address) {
    return reinterpret_cast<T*>(shared_window() + u32(address));
}
template <class T> SOFTGPU_INLINE T* in_memory(u64 address) { return reinterpret_cast<T*>(address); }
SOFTGPU_INLINE u64 generic_of_shared(u64 address) { return reinterpret_cast<u64>(shared_window() + u32(address)); }
SOFTGPU_INLINE u64 shared_of_generic(u64 address) { return address - reinterpret_cast<u64>(shared_window()); }

template <class T, int N> struct alignas(N * sizeof(T)) Vector {
    T part[N];
};

// Integers. Division by zero is no fault on a GPU: it gives all ones.
template <class T> SOFTGPU_INLINE T divide(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) return a / b;
    else if (b == 0) return T(~T(0));
    else if (std::is_signed_v<T> && b == T(-1)) return T(T(0) - a);  // x86 faults on the one overflow there is
    else return T(a / b);
}
template <class T> SOFTGPU_INLINE T modulo(T a, T b) {
    if (b == 0) return a;
    if (std::is_signed_v<T> && b == T(-1)) return 0;
    return T(a % b);
}
template <class T> struct Wide;
template <> struct Wide<u16> { using type = u32; };
template <> struct Wide<s16> { using type = s32; };
template <> struct Wide<u32> { using type = u64; };
template <> struct Wide<s32> { using type = s64; };
template <> struct Wide<u64> { using type = unsigned __int128; };
template <> struct Wide<s64> { using type = __int128; };
template <class T> SOFTGPU_INLINE typename Wide<T>::type multiply_wide(T a, T b) {
    return typename Wide<T>::type(a) * b;
}
template <class T> SOFTGPU_INLINE T multiply_high(T a, T b) { return T(multiply_wide(a, b) >> 8 * sizeof(T)); }
template <class T> SOFTGPU_INLINE T multiply_low(T a, T b) { return T(u64(a) * u64(b)); }
template <class T> SOFTGPU_INLINE T shift_left(T a, u32 by) { return by < 8 * sizeof(T) ? T(a << by) : T(0); }
template <class T> SOFTGPU_INLINE T shift_right(T a, u32 by) {
    return by < 8 * sizeof(T) ? T(a >> by) : a < 0 ? T(-1) : T(0);
}
SOFTGPU_INLINE u32 funnel_left(u32 low, u32 high, u32 by) { return u32((u64(high) << 32 | low) << (by & 31) >> 32); }
SOFTGPU_INLINE u32 funnel_right(u32 low, u32 high, u32 by) { return u32((u64(high) << 32 | low) >> (by & 31)); }
SOFTGPU_INLINE u32 permute(u32 low, u32 high, u32 selectors) {  // each byte of the result is one of the eight
    const u64 bytes = u64(high) << 32 | low;
    u32 result = 0;
    for (int i = 0; i < 4; i++) {
        const u32 selector = selectors >> 4 * i & 15;
        u32 byte = u32(bytes >> 8 * (selector & 7)) & 255;
        if (selector & 8) byte = byte & 128 ? 255 : 0;  // its sign, eight times
        result |= byte << 8 * i;
    }
    return result;
}
template <class T> SOFTGPU_INLINE T insert_bits(T bits, T into, u32 first, u32 count) {
    const T ones = count < 8 * sizeof(T) ? T((T(1) << count) - 1) : T(~T(0));
    const T mask = shift_left(ones, first);
    return T((into & ~mask) | (shift_left(bits, first) & mask));
}
template <class T> SOFTGPU_INLINE u32 count_bits(T a) { return u32(__builtin_popcountll(a)); }
template <class T> SOFTGPU_INLINE u32 leading_zeros(T a) {
    return a ? u32(__builtin_clzll(a)) - (64 - 8 * sizeof(T)) : 8 * sizeof(T);
}

// Floating-point numbers. Of a number and a NaN, the number is the smaller and the larger one.
template <class T> SOFTGPU_INLINE T smaller(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) return std::fmin(a, b);
    else return b < a ? b : a;
}
template <class T> SOFTGPU_INLINE T larger(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) return std::fmax(a, b);
    else return a < b ? b : a;
}
template <class T> SOFTGPU_INLINE T magnitude(T a) {
    if constexpr (std::is_floating_point_v<T>) return std::fabs(a);
    else return a < 0 ? T(-a) : a;
}
template <class T> SOFTGPU_INLINE T saturate(T a) { return a > 0 ? (a < 1 ? a : T(1)) : T(0); }
template <class T> SOFTGPU_INLINE bool unordered(T a, T b) { return a != a || b != b; }
// Rounded down: exact but for the sum's own rounding, which is that of a double.
SOFTGPU_INLINE f32 fma_down(f32 a, f32 b, f32 c) {
    const f64 exact = f64(a) * b + c;
    const f32 near = f32(exact);
    return near > exact ? std::nextafterf(near, -std::numeric_limits<f32>::infinity()) : near;
}
template <class To, class From> SOFTGPU_INLINE To to_integer(From whole) {
    using Limits = std::numeric_limits<To>;
    if (whole != whole) return 0;
    if (whole <= From(Limits::min())) return Limits::min();
    if (whole >= From(Limits::max())) return Limits::max();
    return To(whole);
}

// Which lane a shuffle reads. `clamp_and_segment`: the last lane of the segment, or its first for UP; and, in bits 8
// to 12, which bits of a lane's number name its segment. `valid` is false where there is no such lane: one's own then.
enum Shuffle { IDX, UP, DOWN, BFLY };
template <Shuffle KIND>
SOFTGPU_INLINE u32 shuffle(u32 value, u32 by, u32 clamp_and_segment, u32 mask, bool& valid) {
    const u32 lane = softgpu_lane(), clamp = clamp_and_segment & 31, segment = clamp_and_segment >> 8 & 31;
    const u32 last = (lane & segment) | (clamp & ~segment);
    by &= 31;
    s32 source = KIND == UP     ? s32(lane) - s32(by)
                 : KIND == DOWN ? s32(lane + by)
                 : KIND == BFLY ? s32(lane ^ by)
                                : s32((lane & segment) | (by & ~segment));
    valid = KIND == UP ? source >= s32(last) : source <= s32(last);
    if (!valid) source = s32(lane);
    return u32(softgpu_warp(mask, value, u32(source)));
}

}  // namespace ptx
