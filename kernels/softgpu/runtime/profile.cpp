#include "profile.h"

#include <algorithm>
#include <dlfcn.h>
#include <map>
#include <tuple>
#include <vector>

#include "block.h"

namespace {

constexpr uintptr_t SECTOR = 32, WORD = 4, BANKS = 32;

// What one warp wants at once: the n-th time that its lanes come to a place.
struct Request {
    bool shared;
    AccessKind kind;
    size_t bytes;
    std::vector<uintptr_t> addresses;
};

std::map<std::tuple<void*, unsigned, unsigned>, Request> requests;  // by place, warp, n
std::map<std::pair<void*, unsigned>, unsigned> times;               // by place, thread: how often it was there
std::map<void*, Traffic> totals;

size_t different(std::vector<uintptr_t>& values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values.size();
}

// The different units (sectors, words) that a stretch of the lanes touches.
std::vector<uintptr_t> units(const Request& request, size_t first, size_t last, uintptr_t unit) {
    std::vector<uintptr_t> found;
    for (size_t i = first; i < last; i++) {
        const uintptr_t address = request.addresses[i];
        for (uintptr_t u = address / unit; u <= (address + request.bytes - 1) / unit; u++) found.push_back(u);
    }
    different(found);
    return found;
}

void count_global(const Request& request, Traffic& total) {
    const std::vector<uintptr_t> sectors = units(request, 0, request.addresses.size(), SECTOR);
    std::vector<uintptr_t> addresses = request.addresses;  // a broadcast needs its bytes once
    total.moved += sectors.size();
    total.ideal += (different(addresses) * request.bytes + SECTOR - 1) / SECTOR;
}

void count_shared(const Request& request, Traffic& total) {
    // 8- and 16-byte accesses go in halves and quarters of a warp, each of which the banks could serve in one cycle.
    const size_t together = BANKS * WORD / std::max(request.bytes, size_t(WORD));
    for (size_t first = 0; first < request.addresses.size(); first += together) {
        const size_t last = std::min(first + together, request.addresses.size());
        unsigned wanted[BANKS] = {};
        for (uintptr_t word : units(request, first, last, WORD)) wanted[word % BANKS]++;
        total.moved += *std::max_element(wanted, wanted + BANKS);
        total.ideal++;
    }
}

}  // namespace

void begin_profile() {
    requests.clear();
    times.clear();
    totals.clear();
}

void profile_access(const char* address, size_t bytes, AccessKind kind, void* where, bool shared) {
    const unsigned me = softgpu_now.running_number();
    const unsigned time = times[{where, me}]++;
    Request& request = requests[{where, me / WARP, time}];
    request.shared = shared;
    request.kind = kind;
    request.bytes = bytes;
    request.addresses.push_back(reinterpret_cast<uintptr_t>(address));
}

void end_profile_of_block() {
    for (const auto& [key, request] : requests) {
        void* where = std::get<0>(key);
        Traffic& total = totals[where];
        Dl_info info;
        total.where = dladdr(where, &info) ? uint64_t((char*)where - (char*)info.dli_fbase) : 0;
        total.shared = request.shared;
        total.kind = request.kind;
        total.bytes = int(request.bytes);
        total.requests++;
        request.shared ? count_shared(request, total) : count_global(request, total);
    }
    requests.clear();
    times.clear();
}

size_t softgpu_profile(Traffic* rows, size_t room) {
    size_t count = 0;
    for (const auto& [where, total] : totals)
        if (count++ < room) rows[count - 1] = total;
    return totals.size();
}
