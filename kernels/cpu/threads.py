"""The pool of threads that all kernels share, and the memory that they work in.

One parallel kernel runs at a time: a second one would only fight for the same cores, Numba's `workqueue` layer
cannot do it at all, and the scratch memory below belongs to whoever is running. `with exclusive:` around a launch
sees to that, and has the launch use as many threads as were asked for.
"""

from __future__ import annotations

import importlib
import os
import threading

import numba
import numpy as np

from minicnn.kernels.recording import note

SPINS = 5000
"""How often a thread looks whether there is work before it goes to sleep.

GNU OpenMP's own choice is some hundred thousand times: milliseconds in which nobody else can have the core. While
another program computed, each launch then cost 8 ms, a whole turn of the scheduler, and a step of LeNet-5 270 ms
instead of 2. Some thousand looks bridge the time between two kernels of a step: without company they are no slower
(with a thousand it took 2.5 ms), in company the step takes 12 ms. Not to look at all takes 4 ms without company.
"""


def _load_openmp() -> None:
    """Loads the OpenMP library, which reads the environment just once, with our SPINS unless somebody chose already."""
    if "OMP_WAIT_POLICY" in os.environ or "GOMP_SPINCOUNT" in os.environ:
        return
    os.environ["GOMP_SPINCOUNT"] = str(SPINS)
    try:
        importlib.import_module("numba.np.ufunc.omppool")
    except ImportError:
        return  # Numba runs its threads another way here
    finally:
        del os.environ["GOMP_SPINCOUNT"]  # other programs, and other copies of the library, choose for themselves


_load_openmp()


class _Pool:
    """A lock, and the number of threads."""

    def __init__(self) -> None:
        self.limit = int(numba.config.NUMBA_NUM_THREADS)  # the processors we may use, or NUMBA_NUM_THREADS
        self.count = self.limit
        asked = os.environ.get("OMP_NUM_THREADS", "")
        if "NUMBA_NUM_THREADS" not in os.environ and asked.isdecimal() and int(asked) > 0:
            self.count = min(int(asked), self.limit)
        self._lock = threading.RLock()
        self._applied = threading.local()  # Numba keeps its number for each Python thread

    def __enter__(self) -> None:
        self._lock.acquire()
        if getattr(self._applied, "count", None) != self.count:
            numba.set_num_threads(self.count)
            self._applied.count = self.count

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def narrow(self, count: int) -> None:
        """Has the launches up to the end of this `with exclusive:` use `count` threads, which changes no bit."""
        numba.set_num_threads(count)
        self._applied.count = count


exclusive = _Pool()


def layer() -> str:
    """Which of Numba's threading layers runs the threads: "omp", "tbb" or "workqueue"."""
    with exclusive:
        _wake(np.zeros(1))
    return str(numba.threading_layer())


@numba.njit(parallel=True)
def _wake(a: np.ndarray) -> None:
    for i in numba.prange(len(a)):
        a[i] += 1


_ALIGNMENT = 64  # bytes in a cache line, and in the widest vector
_buffers: dict[tuple[str, np.dtype], np.ndarray] = {}


def scratch(name: str, size: int, dtype: np.dtype) -> np.ndarray:
    """(size,) numbers of memory for one launch, what they hold is whatever was there before.

    It is kept from call to call: fresh pages from the operating system must be zeroed one by one, which took up to
    as long again as the convolution that used them.
    """
    kept = _buffers.get((name, dtype))
    if kept is None or len(kept) < size:
        raw = np.empty(size + _ALIGNMENT, dtype)
        start = -raw.ctypes.data % _ALIGNMENT // dtype.itemsize
        kept = _buffers[name, dtype] = raw[start : start + size]
    return kept[:size]


def scratch_per_thread(name: str, size: int, dtype: np.dtype) -> np.ndarray:
    """(threads, at least size): a row for each thread, rows whole cache lines apart."""
    line = _ALIGNMENT // dtype.itemsize
    size = -(-size // line) * line + line
    return scratch(name, exclusive.count * size, dtype).reshape(exclusive.count, size)


def new_counter() -> np.ndarray:
    """A zero, for `next_item` to count up: which piece of work is taken next."""
    counter = np.zeros(1, np.int64)
    note(counter.fill, 0)
    return counter
