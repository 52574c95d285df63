// Prof mode: what a kernel's accesses would cost a GPU's memory, counted for each place in the code.
#pragma once
#include "checker.h"

// One row of the result. Global memory moves in sectors of 32 bytes; shared memory has 32 banks of 4 bytes, and takes
// one cycle for each different word that a warp wants of the same bank.
struct Traffic {
    uint64_t where;
    int shared, kind, bytes;              // bytes: of one lane's access
    uint64_t requests, moved, ideal;      // of warps; sectors or cycles; as few of them as the bytes could come in
};

void begin_profile();
void profile_access(const char* address, size_t bytes, AccessKind kind, void* where, bool shared);
void end_profile_of_block();

extern "C" size_t softgpu_profile(Traffic* rows, size_t room);  // how many rows there are; fills as many as fit
