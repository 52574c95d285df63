// Check mode: what the scheduler tells the checker. The accesses themselves come in by hooks (checker.cpp).
#pragma once
#include "runtime.h"
#include "shared_memory.h"

void begin_checking(const Launch& launch, const SharedMemory& shared);
void begin_block();
void block_was_synchronized();
void warp_was_synchronized(unsigned warp, unsigned mask);
void end_checking();
