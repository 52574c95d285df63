#include "crash.h"

#include <ucontext.h>

#include "block.h"

#ifdef __x86_64__

namespace {

alignas(64) char signal_stack[64 << 10];  // the kernel's own may be what has overflowed
const char *crash_address, *crash_where;
int crash_signal;

// The fiber that crashed goes on here instead. It never comes back.
void report_crash() {
    if (crash_signal == SIGFPE)
        fail(DIVISION, crash_where, nullptr, "a division of integers that has no result, by zero as a rule: a GPU goes on "
             "with any number");
    if (softgpu_now.running->fiber->owns(crash_address))
        fail(BOUNDS, crash_where, nullptr, "the thread's stack overflowed: its own variables take more than %zu KB",
             (Fiber::STACK - Fiber::PAGE) >> 10);
    fail(BOUNDS, crash_where, nullptr, "an access that crashed; mode \"check\" tells more");
}

void on_crash(int signal, siginfo_t* info, void* raw) {
    if (!softgpu_now.running) {  // not in a kernel: as if nobody had been here
        struct sigaction usual = {};
        usual.sa_handler = SIG_DFL;
        sigaction(signal, &usual, nullptr);
        return;
    }
    auto& registers = static_cast<ucontext_t*>(raw)->uc_mcontext.gregs;
    crash_signal = signal;
    crash_address = static_cast<char*>(info->si_addr);
    crash_where = reinterpret_cast<char*>(registers[REG_RIP]) + 1;  // `where` is behind the instruction, as elsewhere
    registers[REG_RIP] = reinterpret_cast<greg_t>(report_crash);
    registers[REG_RSP] = reinterpret_cast<greg_t>(softgpu_now.running->fiber->top()) - 8;  // as after a call
}

}  // namespace

CrashGuard::CrashGuard() {
    stack_t stack = {};
    stack.ss_sp = signal_stack;
    stack.ss_size = sizeof signal_stack;
    sigaltstack(&stack, &stack_before_);
    struct sigaction action = {};
    action.sa_sigaction = on_crash;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, &segmentation_before_);
    sigaction(SIGBUS, &action, &bus_before_);
    sigaction(SIGFPE, &action, &division_before_);
}

CrashGuard::~CrashGuard() {
    sigaction(SIGSEGV, &segmentation_before_, nullptr);
    sigaction(SIGBUS, &bus_before_, nullptr);
    sigaction(SIGFPE, &division_before_, nullptr);
    sigaltstack(&stack_before_, nullptr);
}

#else  // elsewhere a crash is a crash: "check" finds the access before it is made

CrashGuard::CrashGuard() {}
CrashGuard::~CrashGuard() {}

#endif
