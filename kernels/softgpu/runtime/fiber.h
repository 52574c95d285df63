// A fiber: a stack of its own, and the place where its function stopped. Switching costs a few nanoseconds.
#pragma once
#include <cstddef>
#ifndef __x86_64__
#include <ucontext.h>
#endif

class Fiber {
public:
    // Bytes, the lowest page of which is a guard. Pages that no kernel touches are never made. An odd number of pages:
    // were it a power of two, the top pages of all stacks would fight for a handful of places in the TLB.
    static constexpr size_t PAGE = 4096, STACK = 33 * PAGE;

    explicit Fiber(void (*body)());  // `body` must not return: it ends by being reset, or never
    ~Fiber();
    Fiber(const Fiber&) = delete;

    void reset();   // from the beginning again; whatever was on the stack is forgotten
    void resume();  // called outside: runs until the fiber pauses
    void pause();   // called inside: back to whoever resumed

    char* top() const { return top_; }
    bool owns(const void* address) const { return address >= stack_ && address < stack_ + STACK; }

private:
    void (*body_)();
    char *stack_, *top_;
#ifdef __x86_64__
    void *inside_ = nullptr, *outside_ = nullptr;  // stack pointers; all else lies on the stacks
#else
    ucontext_t inside_, outside_;
#endif
};
