// How a block hands what it wrote to another: by a __threadfence() and an atomic after it, which the other's atomic on the
// same address comes after. That is the way of "the block that finishes last adds what all have": CUDA C++ Programming
// Guide, Memory Fence Functions.
#pragma once
#include <unordered_map>
#include <vector>

#include "access.h"

class Handover {
public:
    void begin_block() {
        fences_.clear();
        acquired_.clear();
    }

    // A thread passes a fence: `moment` is that of its accesses so far.
    void fence(uint16_t thread, uint32_t epoch, uint32_t moment) { fences_[thread] = {epoch, moment}; }

    // An atomic on global memory takes what was left at its address, and leaves what its thread has fenced off.
    void atomic(const char* address, const Access& now) {
        const auto found = released_.find(address);
        if (found != released_.end()) acquired_.push_back({now.thread, now.epoch, &found->second, found->second.size()});
        const auto fence = fences_.find(now.thread);
        if (fence != fences_.end())
            released_[address].push_back({now.block, now.thread, fence->second.epoch, fence->second.moment});
    }

    // Whether an access of an earlier block has been handed to the thread that accesses now: it took it itself, or a
    // thread of its block did before the last barrier.
    bool ordered(const Access& then, const Access& now) const {
        for (const Acquired& taken : acquired_) {
            if (taken.thread != now.thread && taken.epoch >= now.epoch) continue;
            for (size_t i = 0; i < taken.count; i++)
                if (covers((*taken.releases)[i], then)) return true;
        }
        return false;
    }

private:
    struct Fence {
        uint32_t epoch, moment;
    };
    struct Release {
        uint32_t block;
        uint16_t thread;
        uint32_t epoch, moment;  // of the fence
    };
    struct Acquired {
        uint16_t thread;
        uint32_t epoch;
        const std::vector<Release>* releases;
        size_t count;  // so many there were when they were taken
    };

    // What its own thread did before the fence, what its block did before the barrier before that, and its atomics.
    static bool covers(const Release& release, const Access& then) {
        if (then.block != release.block) return false;
        const bool own = then.thread == release.thread && then.epoch == release.epoch && then.moment <= release.moment;
        return own || then.epoch < release.epoch || then.kind == ATOMIC;
    }

    std::unordered_map<uint16_t, Fence> fences_;  // of this block's threads
    std::vector<Acquired> acquired_;              // by this block's threads
    std::unordered_map<const char*, std::vector<Release>> released_;
};
