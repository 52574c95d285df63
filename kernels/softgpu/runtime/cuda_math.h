// Functions that CUDA C has beside those of <cmath>. Fast variants (__expf, ...) are the exact ones here: a check that
// needs their error has to be done on a device. There is no INFINITY and no FLT_MAX, because NVRTC has none either.
#pragma once
#undef INFINITY
#undef NAN
#undef FLT_MAX

template <class T> inline T min(T a, T b) { return b < a ? b : a; }
template <class T> inline T max(T a, T b) { return a < b ? b : a; }
template <class A, class B> inline std::common_type_t<A, B> min(A a, B b) {
    return min<std::common_type_t<A, B>>(a, b);
}
template <class A, class B> inline std::common_type_t<A, B> max(A a, B b) {
    return max<std::common_type_t<A, B>>(a, b);
}

inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline double rsqrt(double x) { return 1.0 / sqrt(x); }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __powf(float x, float y) { return powf(x, y); }
inline float __sinf(float x) { return sinf(x); }
inline float __cosf(float x) { return cosf(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline float __fdiv_rn(float x, float y) { return x / y; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
// Never contracted into one operation with what stands around it: that is what they are for.
__attribute__((optimize("fp-contract=off"), noinline)) static float softgpu_add(float x, float y) { return x + y; }
__attribute__((optimize("fp-contract=off"), noinline)) static float softgpu_multiply(float x, float y) { return x * y; }
inline float __fadd_rn(float x, float y) { return softgpu_add(x, y); }
inline float __fsub_rn(float x, float y) { return softgpu_add(x, -y); }
inline float __fmul_rn(float x, float y) { return softgpu_multiply(x, y); }
inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1) : 0; }

inline float __int_as_float(int bits) { return softgpu_bits<float>(bits); }
inline float __uint_as_float(unsigned bits) { return softgpu_bits<float>(bits); }
inline int __float_as_int(float value) { return softgpu_bits<int>(value); }
inline unsigned __float_as_uint(float value) { return softgpu_bits<unsigned>(value); }
inline float __int2float_rn(int value) { return float(value); }
inline float __uint2float_rn(unsigned value) { return float(value); }

inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline int __clz(int bits) { return bits ? __builtin_clz(unsigned(bits)) : 32; }
inline unsigned __umulhi(unsigned x, unsigned y) { return unsigned(uint64_t(x) * y >> 32); }
inline int __mulhi(int x, int y) { return int(int64_t(x) * y >> 32); }
