// Who touched each four bytes of memory, and whether that came before what happens now: data races.
//
// Two accesses to the same bytes race if one of them writes, not both are atomic, and nothing orders them. What orders:
// being the same thread; a barrier of the block between them; within a warp, a warp operation that both lanes took
// part in, or a chain of those; between blocks, what handover.h tells. The verdict does not depend on the order in which the
// threads happen to run here, so one run is enough.
#pragma once
#include <array>
#include <memory>
#include <unordered_map>
#include <vector>

#include "access.h"
#include "handover.h"

// What each lane of a warp knows of the others: a vector clock (Lamport, Mattern). known[j][i] is the last moment of
// lane i that lane j has waited for; known[i][i] is lane i's own.
struct WarpClock {
    std::array<std::array<uint32_t, WARP>, WARP> known{};

    void synchronize(unsigned mask) {
        std::array<uint32_t, WARP> joined{};
        for (unsigned i = 0; i < WARP; i++) {
            if (!(mask >> i & 1)) continue;
            known[i][i]++;
            for (unsigned k = 0; k < WARP; k++) joined[k] = joined[k] > known[i][k] ? joined[k] : known[i][k];
        }
        for (unsigned i = 0; i < WARP; i++)
            if (mask >> i & 1) known[i] = joined;
    }
};

class History {
public:
    // handover: between blocks; nullptr for shared memory, which is one block's.
    explicit History(const Handover* handover) : handover_(handover) {}

    // Enters an access; gives an earlier one that it races with, or nullptr.
    const Access* enter(const char* address, const Access& now, const std::vector<WarpClock>& clocks) {
        Cell& cell = cell_at(address);
        if (const Access* other = racing(cell, now, clocks)) return other;
        record(cell, now);
        return nullptr;
    }

    void forget() { pages_.clear(); }

private:
    static constexpr size_t PAGE = 1024;  // bytes that share an entry of the table
    struct Cell {
        std::vector<Access> accesses;
        bool written = false;
    };
    using Page = std::array<Cell, PAGE / 4>;

    Cell& cell_at(const char* address) {
        const uintptr_t at = reinterpret_cast<uintptr_t>(address);
        std::unique_ptr<Page>& page = pages_[at / PAGE];
        if (!page) page = std::make_unique<Page>();
        return (*page)[at % PAGE / 4];
    }

    bool ordered(const Access& then, const Access& now, const std::vector<WarpClock>& clocks) const {
        if (then.block != now.block) return handover_->ordered(then, now);
        if (then.thread == now.thread || then.epoch != now.epoch) return true;
        const unsigned warp = now.thread / WARP;
        return then.thread / WARP == warp && clocks[warp].known[now.thread % WARP][then.thread % WARP] > then.moment;
    }

    const Access* racing(const Cell& cell, const Access& now, const std::vector<WarpClock>& clocks) const {
        if (now.kind == READ && !cell.written) return nullptr;
        for (const Access& then : cell.accesses) {
            const bool harmless = then.kind == now.kind && now.kind != WRITE;  // two reads, or two atomics
            if (!harmless && (then.bytes & now.bytes) && !ordered(then, now, clocks)) return &then;
        }
        return nullptr;
    }

    void record(Cell& cell, const Access& now) {
        cell.written |= now.kind != READ;
        if (!cell.accesses.empty()) {
            Access& last = cell.accesses.back();
            const bool same_stretch = last.block == now.block && last.epoch == now.epoch;
            if (same_stretch && last.thread == now.thread && last.moment == now.moment && last.kind == now.kind) {
                last.bytes |= now.bytes;
                last.where = now.where;
                return;
            }
            if (!same_stretch) forget_details(cell, now);
        }
        cell.accesses.push_back(now);
    }

    // A barrier has been passed. Of what was before it only this can still race, with other blocks: one access of each
    // kind by this block, and one by blocks before it.
    void forget_details(Cell& cell, const Access& now) const {
        std::vector<Access> kept;
        for (const Access& then : cell.accesses) {
            if (!handover_) break;  // shared memory: no other block will ever see it
            bool merged = false;
            for (Access& like : kept) {
                if (like.kind != then.kind || (like.block == now.block) != (then.block == now.block)) continue;
                const unsigned char bytes = like.bytes | then.bytes;
                like = then;  // what came last is handed over last
                like.bytes = bytes;
                merged = true;
            }
            if (!merged) kept.push_back(then);
        }
        cell.accesses.swap(kept);
    }

    const Handover* handover_;
    std::unordered_map<uintptr_t, std::unique_ptr<Page>> pages_;
};
