// Runs a grid: block after block, each thread a fiber that gives way at barriers and warp operations.
#include "block.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <dlfcn.h>
#include <numeric>

#include "checker.h"
#include "crash.h"
#include "profile.h"
#include "shared_memory.h"

Block softgpu_now;
Position softgpu_position;

namespace {

Block& block = softgpu_now;
std::vector<std::unique_ptr<Fiber>> fibers;  // all that were ever needed
std::vector<Fiber*> idle;
uint64_t random_state;

uint64_t draw() {  // xorshift64: enough to shuffle
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

void run_threads_forever() {  // a fiber's body: one kernel call, then another thread's
    for (;;) {
        block.launch->call(block.launch->arguments);
        block.running->state = State::DONE;
        block.running->fiber->pause();
    }
}

Fiber* idle_fiber() {
    if (idle.empty()) {
        fibers.push_back(std::make_unique<Fiber>(run_threads_forever));
        return fibers.back().get();
    }
    Fiber* fiber = idle.back();
    idle.pop_back();
    return fiber;
}

void run(Thread& thread) {  // until it waits or ends
    if (thread.state == State::NEW) thread.fiber = idle_fiber();
    thread.state = State::READY;
    softgpu_position.thread = thread.index;
    block.running = &thread;
    thread.fiber->resume();
    block.running = nullptr;
    if (thread.state == State::DONE) {
        idle.push_back(thread.fiber);
        thread.fiber = nullptr;
    }
}

bool can_run(const Thread& thread) { return thread.state <= State::READY; }

// Runs each thread that can, once, in the order asked for. Between barriers any order is a lawful one.
void run_all_ready(std::vector<unsigned>& sequence) {
    const int order = block.launch->order;
    if (order == RANDOM)
        for (size_t i = sequence.size(); i > 1; i--) std::swap(sequence[i - 1], sequence[draw() % i]);
    // Half of the warps, drawn anew each time, stand still while the others run as far as they can get.
    const uint64_t stalled = order == STALLED ? draw() : 0;
    bool any = false;
    for (unsigned i : sequence) {
        if (!can_run(block.threads[i]) || (stalled >> (i / WARP) & 1)) continue;
        run(block.threads[i]);
        any = true;
        if (block.fault.kind) return;
    }
    for (unsigned i : sequence) {  // nobody was left: the stalled ones go on
        if (any || block.fault.kind) return;
        if (can_run(block.threads[i])) run(block.threads[i]);
    }
}

void blame(const Thread& thread) { softgpu_position.thread = thread.index; }

unsigned lanes(const Thread* warp, unsigned count, State state) {
    unsigned found = 0;
    for (unsigned lane = 0; lane < count; lane++) found |= unsigned(warp[lane].state == state) << lane;
    return found;
}

// All lanes of `mask` are there: hands each its result and lets it go on.
void exchange(Thread* warp, unsigned mask, unsigned number) {
    unsigned votes = 0;
    for (unsigned lane = 0; lane < WARP; lane++)
        if (mask >> lane & 1) votes |= unsigned(warp[lane].value != 0) << lane;
    for (unsigned lane = 0; lane < WARP; lane++) {
        if (!(mask >> lane & 1)) continue;
        Thread& thread = warp[lane];
        if (thread.source == VOTE) thread.result = votes;
        else if (thread.source < WARP) thread.result = mask >> thread.source & 1 ? warp[thread.source].value : POISON;
        thread.state = State::READY;
    }
    if (block.launch->watch == CHECK) warp_was_synchronized(number, mask);
}

// Says what is wrong with the mask that a lane waits with, if anything is.
void check_mask(const Thread* warp, unsigned lane, unsigned size, unsigned existing) {
    const Thread& thread = warp[lane];
    blame(thread);
    // A full mask in a block's last, partial warp is accepted, as the hardware does.
    if (thread.mask != ~0u && (thread.mask & ~existing))
        return fail(WARP_OPERATION, thread.where, nullptr, "the mask %08x names lanes beyond the block's end",
                    thread.mask);
    if (const unsigned exited = thread.mask & lanes(warp, size, State::DONE))
        return fail(WARP_OPERATION, thread.where, nullptr, "the mask %08x names lanes (%08x) that have left the kernel",
                    thread.mask, exited);
    const unsigned all = thread.mask & existing, waiting = lanes(warp, size, State::AT_WARP);
    if ((all & waiting) != all) return;
    for (unsigned other = 0; other < size; other++)
        if ((all >> other & 1) && (warp[other].mask & existing) != all)
            return fail(WARP_OPERATION, thread.where, warp[other].where, "lanes %u and %u wait with different masks",
                        lane, other);
}

// Completes the warp operations that nobody is missing from; tells whether there was one.
bool complete_warp_operations() {
    bool any = false;
    const unsigned count = unsigned(block.threads.size());
    for (unsigned first = 0; first < count; first += WARP) {
        Thread* warp = &block.threads[first];
        const unsigned size = std::min(WARP, count - first);
        const unsigned existing = size == WARP ? ~0u : (1u << size) - 1;
        unsigned waiting = lanes(warp, size, State::AT_WARP);
        for (unsigned lane = 0; lane < size; lane++) {
            if (!(waiting >> lane & 1)) continue;
            check_mask(warp, lane, size, existing);
            if (block.fault.kind) return any;
            const unsigned mask = warp[lane].mask & existing;
            if ((mask & waiting) != mask) continue;
            exchange(warp, mask, first / WARP);
            waiting &= ~mask;
            any = true;
        }
    }
    return any;
}

// Everybody who is left waits at a barrier: lets them go on if it is the same one and nobody has left.
void complete_barrier(unsigned done) {
    const Thread* first = nullptr;
    for (Thread& thread : block.threads) {
        if (thread.state != State::AT_BARRIER) continue;
        if (!first) first = &thread;
        blame(thread);
        if (thread.barrier_line != first->barrier_line || thread.barrier_file != first->barrier_file)
            return fail(BARRIER, thread.where, first->where, "threads of the block wait at different barriers");
    }
    if (done) {
        blame(*first);
        return fail(BARRIER, first->where, nullptr, "a barrier that not all threads reach: %u of the block's %zu have "
                    "left the kernel", done, block.threads.size());
    }
    for (Thread& thread : block.threads) thread.state = State::READY;
    if (block.launch->watch == CHECK) block_was_synchronized();
}

struct Census {
    unsigned ready = 0, at_barrier = 0, at_warp = 0, done = 0;

    explicit Census(const std::vector<Thread>& threads) {
        for (const Thread& thread : threads) {
            ready += can_run(thread);
            at_barrier += thread.state == State::AT_BARRIER;
            at_warp += thread.state == State::AT_WARP;
            done += thread.state == State::DONE;
        }
    }
};

void run_block(std::vector<unsigned>& sequence) {
    const unsigned count = unsigned(block.threads.size());
    while (!block.fault.kind) {
        run_all_ready(sequence);
        if (block.fault.kind) return;
        const Census census(block.threads);
        if (census.done == count) return;
        if (census.at_warp && complete_warp_operations()) continue;
        if (census.ready) continue;
        if (!census.at_warp) {
            complete_barrier(census.done);
            continue;
        }
        const Thread* waiting = nullptr;
        for (const Thread& thread : block.threads)
            if (thread.state == State::AT_WARP) waiting = &thread;
        blame(*waiting);
        fail(WARP_OPERATION, waiting->where, nullptr, "deadlock: a warp operation waits for lanes that do not come (%u "
             "threads wait at a barrier, %u have left)", census.at_barrier, census.done);
    }
}

void wait_at_barrier(const char* file, int line, void* where) {
    Thread& me = *block.running;
    me.where = where;
    me.barrier_file = file;
    me.barrier_line = line;
    me.state = State::AT_BARRIER;
    me.fiber->pause();
}

void abandon_threads() {  // after a fault: they stand somewhere in the kernel and will not go on
    for (Thread& thread : block.threads) {
        if (!thread.fiber) continue;
        thread.fiber->reset();
        idle.push_back(thread.fiber);
        thread.fiber = nullptr;
    }
}

}  // namespace

void fail(FaultKind kind, const void* where, const void* other, const char* format, ...) {
    Fault& fault = block.fault;
    if (!fault.kind) {
        fault.kind = kind;
        const auto& [thread, in_grid, block_shape, grid_shape] = softgpu_position;
        const unsigned at[] = {in_grid.x, in_grid.y, in_grid.z}, who[] = {thread.x, thread.y, thread.z};
        std::copy(at, at + 3, fault.block);
        std::copy(who, who + 3, fault.thread);
        Dl_info info;
        auto offset = [&](const void* place) {
            return place && dladdr(place, &info) ? uint64_t((const char*)place - (const char*)info.dli_fbase) : 0;
        };
        fault.where = offset(where);
        fault.other_where = offset(other);
        va_list values;
        va_start(values, format);
        vsnprintf(fault.message, sizeof fault.message, format, values);
        va_end(values);
    }
    if (block.running) block.running->fiber->pause();
}

extern "C" {

void softgpu_barrier(const char* file, int line) {
    wait_at_barrier(file, line, __builtin_return_address(0));
}

int softgpu_barrier_count(int predicate, const char* file, int line) {
    static int count;
    void* where = __builtin_return_address(0);
    wait_at_barrier(file, line, where);
    count = 0;
    wait_at_barrier(file, line, where);
    count += predicate != 0;
    wait_at_barrier(file, line, where);
    return count;
}

uint64_t softgpu_warp(unsigned mask, uint64_t value, unsigned source) {
    Thread& me = *block.running;
    const unsigned lane = block.running_number() % WARP;
    if (!(mask >> lane & 1))
        fail(WARP_OPERATION, __builtin_return_address(0), nullptr, "lane %u calls with the mask %08x, which it is not "
             "in", lane, mask);
    me.where = __builtin_return_address(0);
    me.mask = mask;
    me.value = value;
    me.source = source;
    me.state = State::AT_WARP;
    me.fiber->pause();
    return me.result;
}

void softgpu_trap() {
    fail(TRAP, __builtin_return_address(0), nullptr, "the kernel called __trap()");
}

const Fault* softgpu_fault() { return &block.fault; }

int softgpu_launch(const Launch* launch) {
    block.launch = launch;
    block.fault = Fault{};
    const unsigned *grid = launch->grid, *shape = launch->block;
    softgpu_position.grid_shape = {grid[0], grid[1], grid[2]};
    softgpu_position.block_shape = {shape[0], shape[1], shape[2]};
    random_state = launch->seed * 2654435769u + 1;
    const uint64_t blocks = uint64_t(grid[0]) * grid[1] * grid[2];
    const unsigned count = shape[0] * shape[1] * shape[2];

    block.threads.assign(count, Thread{});
    std::vector<unsigned> sequence(count);
    std::iota(sequence.begin(), sequence.end(), 0u);
    if (launch->order == REVERSE) std::reverse(sequence.begin(), sequence.end());
    SharedMemory shared(*launch);
    CrashGuard guard;
    if (launch->watch) begin_checking(*launch, shared);
    if (launch->watch == PROFILE) begin_profile();

    for (uint64_t i = 0; i < blocks && !block.fault.kind; i++) {
        block.number = launch->order == REVERSE ? blocks - 1 - i : i;
        softgpu_position.block = {unsigned(block.number % grid[0]), unsigned(block.number / grid[0] % grid[1]),
                         unsigned(block.number / grid[0] / grid[1])};
        for (unsigned t = 0; t < count; t++) {
            Thread& thread = block.threads[t];
            thread.state = State::NEW;
            thread.index = {t % shape[0], t / shape[0] % shape[1], t / shape[0] / shape[1]};
        }
        shared.poison();
        if (launch->watch == CHECK) begin_block_check();
        run_block(sequence);
        if (launch->watch == PROFILE) end_profile_of_block();
    }
    abandon_threads();
    if (launch->watch) end_checking();
    return block.fault.kind != NO_FAULT;
}
}
