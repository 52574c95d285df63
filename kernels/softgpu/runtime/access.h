// One access of a thread, as the checker remembers it.
#pragma once
#include "checker.h"

struct Access {
    void* where;
    uint32_t block, epoch;     // epoch: barriers that the block has passed
    uint32_t moment;           // warp operations and fences that the lane has passed
    uint16_t thread;
    unsigned char bytes;       // which of the four, a bit each
    AccessKind kind;
};
