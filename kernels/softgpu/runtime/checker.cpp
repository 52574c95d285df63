// Holds every access of a kernel against the memory it was given, against alignment, and against other threads.
#include "checker.h"

#include <cstdio>
#include <cstdlib>

#include "block.h"
#include "history.h"
#include "profile.h"

namespace {

struct Checking {
    const SharedMemory* shared;
    Handover handover;
    History shared_history{nullptr}, global_history{&handover};
    std::vector<WarpClock> clocks;
    uint32_t epoch = 0;
};

std::unique_ptr<Checking> checking;  // nullptr: the kernel is not checked

const char* const NAMES[] = {"read", "write", "atomic operation"};

uint3 index_of(unsigned thread) { return softgpu_now.threads[thread].index; }

const Region* region_of(const char* address, size_t bytes) {
    const Launch& launch = *softgpu_now.launch;
    for (size_t i = 0; i < launch.region_count; i++) {
        const Region& region = launch.regions[i];
        if (address >= region.address && address + bytes <= region.address + region.bytes) return &region;
    }
    return nullptr;
}

void report_outside(const char* address, size_t bytes, AccessKind kind, void* where) {
    if (reinterpret_cast<uintptr_t>(address) < 4096)
        return fail(BOUNDS, where, nullptr, "%zu-byte %s through a null pointer", bytes, NAMES[kind]);
    const Launch& launch = *softgpu_now.launch;
    const Region* nearest = nullptr;
    ptrdiff_t distance = 0;  // from the region's end if positive, from its beginning if negative
    for (size_t i = 0; i < launch.region_count; i++) {
        const Region& region = launch.regions[i];
        const char* end = region.address + region.bytes;
        const ptrdiff_t away = address < region.address ? address - region.address : address + bytes - end;
        if (nearest && std::labs(away) >= std::labs(distance)) continue;
        nearest = &region;
        distance = away;
    }
    if (!nearest || std::labs(distance) > (1 << 24))
        return fail(BOUNDS, where, nullptr, "%zu-byte %s at %p, far from all arguments", bytes, NAMES[kind],
                    static_cast<const void*>(address));
    const char* side = distance > 0 ? "past the end" : "before the beginning";
    fail(BOUNDS, where, nullptr, "%zu-byte %s out of bounds, %ld bytes %s of '%s' (%zu elements of %zu bytes)", bytes,
         NAMES[kind], std::labs(distance), side, nearest->name, nearest->bytes / nearest->item, nearest->item);
}

void report_race(const Access& now, const Access& then, const char* address, const Region* region) {
    char what[160];
    const SharedMemory& shared = *checking->shared;
    if (region) {
        const size_t element = size_t(address - region->address) / region->item;
        snprintf(what, sizeof what, "'%s', element %zu", region->name, element);
    } else if (shared.holds(address)) {
        snprintf(what, sizeof what, "shared memory");
    } else {
        snprintf(what, sizeof what, "a __device__ variable");
    }
    const uint3 other = index_of(then.thread);
    const char* whose = then.block == now.block ? "of the same block, with no barrier between them"
                                                : "of another block, and nothing orders the two";
    fail(RACE, now.where, then.where, "data race on %s: this %s and a %s by thread (%u, %u, %u) %s", what,
         NAMES[now.kind], NAMES[then.kind], other.x, other.y, other.z, whose);
}

}  // namespace

void begin_checking(const Launch&, const SharedMemory& shared) {
    checking = std::make_unique<Checking>();
    checking->shared = &shared;
}

void begin_block_check() {
    checking->shared_history.forget();
    checking->handover.begin_block();
    checking->clocks.assign((softgpu_now.threads.size() + WARP - 1) / WARP, WarpClock{});
    checking->epoch = 0;
}

void block_was_synchronized() { checking->epoch++; }
void warp_was_synchronized(unsigned warp, unsigned mask) { checking->clocks[warp].synchronize(mask); }
void end_checking() { checking.reset(); }

void fence_was_passed() {
    if (!checking || softgpu_now.launch->watch != CHECK) return;
    const unsigned me = softgpu_now.running_number();
    uint32_t& moment = checking->clocks[me / WARP].known[me % WARP][me % WARP];
    checking->handover.fence(uint16_t(me), checking->epoch, moment++);  // what comes after it is not fenced off
}

void check_access(char* address, size_t bytes, AccessKind kind, void* where) {
    Block& block = softgpu_now;
    if (!checking || !block.running) return;
    const char* position = reinterpret_cast<const char*>(&softgpu_position);  // threadIdx and its like
    if (address >= position && address < position + sizeof softgpu_position) return;
    if (block.running->fiber->owns(address)) return;  // a thread's own variables
    const SharedMemory& shared = *checking->shared;
    const Region* region = nullptr;
    const bool in_shared = shared.holds(address);
    if (in_shared) {
        if (shared.beyond_dynamic(address, bytes))
            return fail(BOUNDS, where, nullptr, "%zu-byte %s at byte %td of dynamic shared memory, of which the launch "
                        "asked for %zu bytes", bytes, NAMES[kind], address - block.launch->dynamic_shared,
                        block.launch->dynamic_bytes);
    } else {
        region = region_of(address, bytes);
        if (!region && !shared.in_library(address)) return report_outside(address, bytes, kind, where);
    }
    if ((bytes & (bytes - 1)) == 0 && reinterpret_cast<uintptr_t>(address) % bytes)
        return fail(ALIGNMENT, where, nullptr, "%zu-byte %s at an address that is no multiple of %zu", bytes,
                    NAMES[kind], bytes);

    if (block.launch->watch == PROFILE) return profile_access(address, bytes, kind, where, in_shared);

    const unsigned me = block.running_number();
    const uint32_t moment = checking->clocks[me / WARP].known[me % WARP][me % WARP];
    History& history = in_shared ? checking->shared_history : checking->global_history;
    for (const char *at = address, *end = address + bytes; at < end;) {
        const unsigned first = reinterpret_cast<uintptr_t>(at) % 4;
        const unsigned count = unsigned(end - at) < 4 - first ? unsigned(end - at) : 4 - first;
        const unsigned char touched = static_cast<unsigned char>(((1u << count) - 1) << first);
        const Access now{where, uint32_t(block.number), checking->epoch, moment, uint16_t(me), touched, kind};
        if (const Access* then = history.enter(at, now, checking->clocks)) {
            const Access other = *then;
            return report_race(now, other, at, region);
        }
        if (kind == ATOMIC && !in_shared && at == address) checking->handover.atomic(address, now);
        at += count;
    }
}
