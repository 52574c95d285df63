// While a kernel runs, an access to memory that does not exist is the kernel's fault, not the end of the process.
#pragma once
#include <csignal>

class CrashGuard {
public:
    CrashGuard();
    ~CrashGuard();
    CrashGuard(const CrashGuard&) = delete;

private:
    struct sigaction segmentation_before_, bus_before_;
    stack_t stack_before_;
};
