#include "fiber.h"

#include <new>
#include <sys/mman.h>

#ifdef __x86_64__
// Saves the registers that a called function must keep (System V ABI, section 3.2.1) and takes the other stack's.
extern "C" void softgpu_switch(void** save, void* to);
asm(R"(
    .text
    .hidden softgpu_switch
    .globl softgpu_switch
    .type softgpu_switch, @function
softgpu_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
)");
#endif

Fiber::Fiber(void (*body)()) : body_(body) {
    void* memory = mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    mprotect(memory, PAGE, PROT_NONE);  // a thread that overflows its stack stops there
    stack_ = static_cast<char*>(memory);
    // Stacks begin at the same place of a page, and their first lines would all fight for the same few places of the
    // cache: so each begins a little further down.
    static unsigned made = 0;
    top_ = stack_ + STACK - 64 - made++ % 64 * 320;
    reset();
}

Fiber::~Fiber() { munmap(stack_, STACK); }

#ifdef __x86_64__

void Fiber::reset() {
    void** top = reinterpret_cast<void**>(top_);
    *--top = nullptr;                          // where `body` would return to
    *--top = reinterpret_cast<void*>(body_);   // where softgpu_switch returns to
    for (int i = 0; i < 6; i++) *--top = nullptr;  // the registers it pops
    inside_ = top;
}

void Fiber::resume() { softgpu_switch(&outside_, inside_); }
void Fiber::pause() { softgpu_switch(&inside_, outside_); }

#else

void Fiber::reset() {
    getcontext(&inside_);
    inside_.uc_stack.ss_sp = stack_;
    inside_.uc_stack.ss_size = size_t(top_ - stack_);
    inside_.uc_link = nullptr;
    makecontext(&inside_, body_, 0);
}

void Fiber::resume() { swapcontext(&outside_, &inside_); }
void Fiber::pause() { swapcontext(&inside_, &outside_); }

#endif
