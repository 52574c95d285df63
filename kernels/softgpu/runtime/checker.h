// Check mode: what the scheduler tells the checker. The accesses themselves come in through hooks.cpp.
#pragma once
#include "runtime.h"
#include "shared_memory.h"

enum AccessKind : unsigned char { READ, WRITE, ATOMIC };

void begin_checking(const Launch& launch, const SharedMemory& shared);
void begin_block_check();
void block_was_synchronized();
void warp_was_synchronized(unsigned warp, unsigned mask);
void fence_was_passed();
void check_access(char* address, size_t bytes, AccessKind kind, void* where);
void end_checking();
