// float2, float4, int3, ...: with CUDA's alignment, on which 8- and 16-byte loads depend.
#pragma once

#define SOFTGPU_VECTOR(T, NAME)                                                        \
    struct NAME##1 { T x; };                                                           \
    struct alignas(2 * sizeof(T)) NAME##2 { T x, y; };                                 \
    struct NAME##3 { T x, y, z; };                                                     \
    struct alignas(sizeof(T) == 8 ? 16 : 4 * sizeof(T)) NAME##4 { T x, y, z, w; };     \
    inline NAME##1 make_##NAME##1(T x) { return {x}; }                                 \
    inline NAME##2 make_##NAME##2(T x, T y) { return {x, y}; }                         \
    inline NAME##3 make_##NAME##3(T x, T y, T z) { return {x, y, z}; }                 \
    inline NAME##4 make_##NAME##4(T x, T y, T z, T w) { return {x, y, z, w}; }

struct uint1 { unsigned x; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };  // uint3 is in runtime.h
inline uint1 make_uint1(unsigned x) { return {x}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

SOFTGPU_VECTOR(float, float)
SOFTGPU_VECTOR(double, double)
SOFTGPU_VECTOR(int, int)
SOFTGPU_VECTOR(signed char, char)
SOFTGPU_VECTOR(unsigned char, uchar)
SOFTGPU_VECTOR(short, short)
SOFTGPU_VECTOR(unsigned short, ushort)
SOFTGPU_VECTOR(long long, longlong)
SOFTGPU_VECTOR(unsigned long long, ulonglong)
