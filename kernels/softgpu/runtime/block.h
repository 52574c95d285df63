// One block of threads: who waits for what, and who runs next.
#pragma once
#include <memory>
#include <vector>

#include "fiber.h"
#include "runtime.h"

enum class State : unsigned char { NEW, READY, AT_BARRIER, AT_WARP, DONE };

struct Thread {
    State state;
    Fiber* fiber;
    uint3 index;
    void* where;               // it waits there
    const char* barrier_file;  // AT_BARRIER: which one
    int barrier_line;
    unsigned mask, source;     // AT_WARP: the operation, and what it gives
    uint64_t value, result;
};

struct Block {
    const Launch* launch;
    uint64_t number;                    // of this block in its grid
    std::vector<Thread> threads;
    Thread* running = nullptr;          // nullptr: the scheduler itself
    Fault fault;

    unsigned running_number() const { return unsigned(running - threads.data()); }
};

extern Block softgpu_now;  // blocks run one after another

// Notes a fault of the running thread, the first one only; a thread that calls this never comes back.
[[gnu::format(printf, 4, 5)]] void fail(FaultKind kind, const void* where, const void* other, const char* format, ...);
