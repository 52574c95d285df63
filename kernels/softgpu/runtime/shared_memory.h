// Where a kernel file's memory lies, above all its shared memory. `__shared__` is `thread_local` to g++, so
// all of it is one stretch.
#pragma once
#include <cstring>
#include <link.h>

#include "runtime.h"

class SharedMemory {
public:
    explicit SharedMemory(const Launch& launch) : launch_(launch) { dl_iterate_phdr(find, this); }

    bool holds(const char* address) const { return address >= begin && address < end; }

    // `__device__` and `__constant__` variables.
    bool in_library(const char* address) const { return address >= library_begin && address < library_end; }

    // The part of the dynamic store that was not asked for.
    bool beyond_dynamic(const char* address, size_t bytes) const {
        const char* store = launch_.dynamic_shared;
        return address >= store && address < store + launch_.dynamic_capacity &&
               address + bytes > store + launch_.dynamic_bytes;
    }

    // A block starts with NaN wherever it has not written.
    void poison() const {
        char* store = launch_.dynamic_shared;
        char* rest = store + launch_.dynamic_capacity;
        memset(begin, 0xFF, size_t(store - begin));
        memset(store, 0xFF, launch_.dynamic_bytes);
        memset(rest, 0xFF, size_t(end - rest));
    }

    char *begin = nullptr, *end = nullptr;
    char *library_begin = nullptr, *library_end = nullptr;

private:
    // The dynamic store is thread-local, too: the segment that it lies in is the one.
    static int find(dl_phdr_info* library, size_t, void* self) {
        SharedMemory& shared = *static_cast<SharedMemory*>(self);
        if (!library->dlpi_tls_data) return 0;
        for (int i = 0; i < library->dlpi_phnum; i++) {
            if (library->dlpi_phdr[i].p_type != PT_TLS) continue;
            char* low = static_cast<char*>(library->dlpi_tls_data);
            char* high = low + library->dlpi_phdr[i].p_memsz;
            if (shared.launch_.dynamic_shared < low || shared.launch_.dynamic_shared >= high) continue;
            shared.begin = low;
            shared.end = high;
            shared.find_library(*library);
            return 1;
        }
        return 0;
    }

    void find_library(const dl_phdr_info& library) {
        for (int i = 0; i < library.dlpi_phnum; i++) {
            const auto& header = library.dlpi_phdr[i];
            if (header.p_type != PT_LOAD) continue;
            char* low = reinterpret_cast<char*>(library.dlpi_addr + header.p_vaddr);
            if (!library_begin || low < library_begin) library_begin = low;
            if (low + header.p_memsz > library_end) library_end = low + header.p_memsz;
        }
    }

    const Launch& launch_;
};
