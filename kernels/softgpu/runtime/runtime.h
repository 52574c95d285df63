// What a compiled kernel file and the runtime know of one another. Plain C types: Python fills the structures, too.
#pragma once
#include <cstddef>
#include <cstdint>

struct uint3 {
    unsigned x, y, z;
};
struct dim3 {
    unsigned x = 1, y = 1, z = 1;
    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

constexpr unsigned WARP = 32;

extern "C" {

enum Order : int { FORWARD, REVERSE, RANDOM, STALLED };

enum FaultKind : int { NO_FAULT, RACE, BOUNDS, ALIGNMENT, BARRIER, WARP_OPERATION, TRAP, DIVISION };

// CHECK: every access is held against `regions` and against other threads' accesses. PROFILE: it is counted.
enum Watch : int { NOTHING, CHECK, PROFILE };

// One stretch of memory that a kernel may touch: an argument's extent.
struct Region {
    char* address;
    size_t bytes, item;  // item: bytes of an element
    const char* name;
};

struct Launch {
    void (*call)(void** arguments);  // unpacks the arguments and calls the kernel, once a thread
    void** arguments;
    unsigned grid[3], block[3];
    char* dynamic_shared;            // the store behind every `extern __shared__`
    size_t dynamic_bytes;            // so much of it was asked for
    size_t dynamic_capacity;
    int order;
    uint64_t seed;
    int watch;                       // how accesses are watched: enum Watch
    const Region* regions;
    size_t region_count;
};

// What went wrong first. Places in the code are addresses relative to the kernel file's library; 0: unknown.
struct Fault {
    int kind;
    unsigned block[3], thread[3];
    uint64_t where, other_where;
    char message[512];
};

// Called from kernels, through the macros and functions of cuda.h.
struct Position {
    uint3 thread, block;
    dim3 block_shape, grid_shape;
};
#ifdef SOFTGPU_RUNTIME
extern Position softgpu_position;
#else
extern const Position softgpu_position;  // to a thread: the scheduler changes it when it changes threads
#endif
void softgpu_barrier(const char* file, int line);
int softgpu_barrier_count(int predicate, const char* file, int line);
uint64_t softgpu_warp(unsigned mask, uint64_t value, unsigned source);  // source: a lane, or one of the two below
void softgpu_atomic(void* address, size_t bytes, void* where);
void softgpu_fence();
void softgpu_trap();

// Called from Python.
int softgpu_launch(const Launch* launch);  // 0, or 1: then softgpu_fault() tells
const Fault* softgpu_fault();
}

constexpr unsigned VOTE = 32;       // the result is the set of lanes whose value is not 0
constexpr unsigned ONLY_WAIT = 33;  // the result is nothing
constexpr uint64_t POISON = ~uint64_t(0);  // what is undefined on the GPU: a NaN, as a float and as a double
