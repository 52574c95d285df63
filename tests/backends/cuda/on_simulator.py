"""All tests of operators, updates and training steps, with the GPU's kernels on the software GPU.

python -m tests.backends.cuda.on_simulator [forward] [reverse] [random] [stalled] [resident]

Once in each order of threads, and once more on arrays that live on the device (`resident`), which takes some minutes:
that is why this is a program of CI and not part of the suite. Few geometries are drawn. The suite has its own share in
this folder.
"""

from __future__ import annotations

import os
import subprocess
import sys

from minicnn.backends import status
from minicnn.kernels.softgpu import ORDERS

TESTS = "tests/ops", "tests/reference", "tests/backends/test_contract.py", "tests/backends/test_updates.py"


RESIDENT = "resident"


def run_tests(order: str) -> int:
    """The tests in one order of threads, or resident: pytest's exit status."""
    settings = {"TEST_BACKENDS": "cuda-sim", "HYPOTHESIS_PROFILE": "few"}
    settings |= {"TEST_RESIDENT": "1"} if order == RESIDENT else {"TEST_THREAD_ORDER": order}
    print(f"+ {' '.join(f'{k}={v}' for k, v in settings.items())} pytest {' '.join(TESTS)}", flush=True)
    return subprocess.run([sys.executable, "-m", "pytest", *TESTS], env={**os.environ, **settings}).returncode


def main() -> int:
    """All of the orders named, or all that there are: the first exit status that is not 0."""
    if reason := status()["cuda-sim"]:
        print(f"tests on the software GPU are left out: {reason}")
        return 0
    for order in sys.argv[1:] or (*ORDERS, RESIDENT):
        if failed := run_tests(order):
            return failed
    return 0


if __name__ == "__main__":
    sys.exit(main())
