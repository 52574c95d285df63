// While a kernel runs, an access to memory that does not exist is the kernel's fault, not the end of the process; nor is
// a division of integers by zero.
#pragma once
#include <csignal>

class CrashGuard {
public:
    CrashGuard();
    ~CrashGuard();
    CrashGuard(const CrashGuard&) = delete;

private:
    struct sigaction segmentation_before_, bus_before_, division_before_;
    stack_t stack_before_;
};
