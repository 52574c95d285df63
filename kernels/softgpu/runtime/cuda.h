// CUDA C for g++: what nvcc knows without an #include, as far as kernels need it. Included before every .cu file.
//
// A thread is a fiber, a block is what runs now, and `__shared__` is thread_local: one copy for the one block.
#pragma once
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "runtime.h"

#define SOFTGPU 1
#define __CUDACC__ 1
#define __CUDA_ARCH__ 750

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __shared__ thread_local
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __grid_constant__

#define SOFTGPU_UNCHECKED __attribute__((no_sanitize("thread")))  // machinery, not the kernel's own accesses
#define SOFTGPU_INLINE inline __attribute__((always_inline))  // so that the line of a fault is the kernel's

#define threadIdx softgpu_position.thread
#define blockIdx softgpu_position.block
#define blockDim softgpu_position.block_shape
#define gridDim softgpu_position.grid_shape
constexpr int warpSize = WARP;

#define __syncthreads() softgpu_barrier(__FILE__, __LINE__)
#define __syncthreads_count(predicate) softgpu_barrier_count((predicate) != 0, __FILE__, __LINE__)
#define __syncthreads_or(predicate) (softgpu_barrier_count((predicate) != 0, __FILE__, __LINE__) != 0)
#define __syncthreads_and(predicate) (softgpu_barrier_count(!(predicate), __FILE__, __LINE__) == 0)
#define __threadfence() softgpu_fence()
#define __threadfence_system() softgpu_fence()
#define __threadfence_block() ((void)0)
#define __trap() softgpu_trap()

template <class T> inline T __ldg(const T* address) { return *address; }
template <class T> inline T __ldcg(const T* address) { return *address; }
template <class T> inline T __ldcs(const T* address) { return *address; }
template <class T> inline void __stcs(T* address, T value) { *address = value; }

#include "cuda_vectors.h"
#include "cuda_warps.h"
#include "cuda_atomics.h"
#include "cuda_math.h"

// One exported function a kernel, that unpacks its arguments from a list of addresses. Written behind the source.
template <class... P, size_t... I>
SOFTGPU_UNCHECKED inline void softgpu_unpack(void (*kernel)(P...), void** arguments, std::index_sequence<I...>) {
    (void)arguments;
    kernel(*static_cast<std::remove_cv_t<P>*>(arguments[I])...);
}
template <class... P> SOFTGPU_UNCHECKED inline void softgpu_call(void (*kernel)(P...), void** arguments) {
    softgpu_unpack(kernel, arguments, std::index_sequence_for<P...>{});
}
#define SOFTGPU_EXPORT(kernel) \
    extern "C" SOFTGPU_UNCHECKED void softgpu_call_##kernel(void** arguments) { softgpu_call(kernel, arguments); }

// The store behind every `extern __shared__ T name[]`: 227 KB, what the largest devices give a block.
constexpr size_t SOFTGPU_CAPACITY = 232448;
extern "C" {
__attribute__((used)) extern thread_local unsigned char softgpu_dynamic_store[SOFTGPU_CAPACITY];
alignas(128) thread_local unsigned char softgpu_dynamic_store[SOFTGPU_CAPACITY];
SOFTGPU_UNCHECKED void* softgpu_dynamic() { return softgpu_dynamic_store; }
extern const size_t softgpu_dynamic_capacity;
const size_t softgpu_dynamic_capacity = SOFTGPU_CAPACITY;
}
#define SOFTGPU_DYNAMIC(name) \
    asm(".globl " #name "\n.type " #name ", @tls_object\n.set " #name ", softgpu_dynamic_store");
