// What g++ calls before every access in code compiled with -fsanitize=thread, and where an index does not fit its
// array, with -fsanitize=bounds. Their own libraries are not linked: the hooks are these, and the threads they watch are
// fibers.
#include "block.h"
#include "checker.h"

#define WHERE __builtin_return_address(0)

#define HOOKS(BYTES)                                                                                              \
    void __tsan_read##BYTES(char* address) { check_access(address, BYTES, READ, WHERE); }                         \
    void __tsan_write##BYTES(char* address) { check_access(address, BYTES, WRITE, WHERE); }                       \
    void __tsan_unaligned_read##BYTES(char* address) { check_access(address, BYTES, READ, WHERE); }               \
    void __tsan_unaligned_write##BYTES(char* address) { check_access(address, BYTES, WRITE, WHERE); }

namespace {

// As g++ hands them over.
struct TypeName {
    uint16_t kind, info;
    char name[];  // quotes included: "'float [32]'"
};
struct IndexedArray {
    const char* file;
    uint32_t line, column;
    const TypeName *array, *index;
};

}  // namespace

extern "C" {

// Of arrays whose length the compiler knows: shared ones, each dimension by itself, and those in registers.
void __ubsan_handle_out_of_bounds(IndexedArray* indexed, uintptr_t index) {
    fail(BOUNDS, WHERE, nullptr, "index %d is out of bounds of an array of type %s", int(index), indexed->array->name);
}

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

// Structures, 16-byte vectors among them.
void __tsan_read_range(char* address, size_t bytes) { check_access(address, bytes, READ, WHERE); }
void __tsan_write_range(char* address, size_t bytes) { check_access(address, bytes, WRITE, WHERE); }

void softgpu_atomic(void* address, size_t bytes, void* where) {
    check_access(static_cast<char*>(address), bytes, ATOMIC, where);
}

void softgpu_fence() { fence_was_passed(); }
}
