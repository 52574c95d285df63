// What g++ calls before every access in code compiled with -fsanitize=thread; where an index does not fit its array, with
// -fsanitize=bounds; and where a pointer has left what it points into, with -fsanitize=object-size. Their own libraries
// are not linked: the hooks are these, and the threads they watch are fibers.
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
struct Pointed {
    const char* file;
    uint32_t line, column;
    const TypeName* type;
};

}  // namespace

extern "C" {

// Of arrays whose length the compiler knows: shared ones, each dimension by itself, and those in registers.
void __ubsan_handle_out_of_bounds(IndexedArray* indexed, uintptr_t index) {
    fail(BOUNDS, WHERE, nullptr, "index %d is out of bounds of an array of type %s", int(index), indexed->array->name);
}

// Through a pointer, where the compiler can see into which array.
void __ubsan_handle_type_mismatch_v1(Pointed* pointed, uintptr_t) {
    fail(BOUNDS, WHERE, nullptr, "a pointer to %s has left its array", pointed->type->name);
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
