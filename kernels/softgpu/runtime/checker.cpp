#include "checker.h"

void begin_checking(const Launch&, const SharedMemory&) {}
void begin_block() {}
void block_was_synchronized() {}
void warp_was_synchronized(unsigned, unsigned) {}
void end_checking() {}
extern "C" void softgpu_atomic(void*, size_t, void*) {}
