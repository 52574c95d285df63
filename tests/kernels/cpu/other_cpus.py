"""Lesser CPUs than this one, through Numba's own settings; run as a program, the operators' tests on each of them.

python -m tests.kernels.cpu.other_cpus [avx2] [baseline]

Everything is compiled again for each CPU, which is why this is a program of CI and not part of the suite; few
geometries are drawn, and only for the backend that is compiled.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys

from minicnn.kernels.cpu.machine import vector_registers

# Name -> (settings, bytes in a vector)
CPUS = {
    "avx2": ({"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2"}, 32),
    "baseline": ({"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ""}, 16),
}
TESTS = [
    *("tests/ops", "tests/kernels/cpu"),
    *("--ignore", "tests/kernels/cpu/test_other_cpus.py"),  # chooses its CPUs itself
    *("--ignore", "tests/kernels/cpu/test_cache.py"),  # compiles for the sake of compiling
]


def why_not(name: str) -> str | None:
    """Why this machine cannot run what is compiled for that CPU; None if it can."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return "these are x86-64 CPUs"
    return None if vector_registers()[0] >= CPUS[name][1] else f"this CPU has no {name}"


def run_tests(name: str) -> int:
    """The tests on one CPU: pytest's exit status."""
    settings, width = CPUS[name]
    settings = {**settings, "TEST_BACKENDS": "numba", "HYPOTHESIS_PROFILE": "few"}
    print(f"+ {' '.join(f'{k}={v}' for k, v in settings.items())} pytest {' '.join(TESTS)}", flush=True)
    environment = {**os.environ, **settings}
    ask = "from minicnn.kernels.cpu.machine import vector_registers; print(vector_registers()[0])"
    found = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True)
    if int(found.stdout) != width:
        print(f"these settings should give vectors of {width} bytes, not of {found.stdout.strip()}", file=sys.stderr)
        return 1
    return subprocess.run([sys.executable, "-m", "pytest", *TESTS], env=environment).returncode


def main() -> int:
    """All of the CPUs named, or all that there are: the first exit status that is not 0."""
    for name in sys.argv[1:] or CPUS:
        if reason := why_not(name):
            print(f"tests for {name} are left out: {reason}")
        elif status := run_tests(name):
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
