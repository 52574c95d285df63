"""What all tests share: Hypothesis profiles, the backends to test, and the proof that they did the computing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import minicnn
from minicnn.backends import Backend, current_backend, status, use_backend
from minicnn.kernels.softgpu import order

# Two workers share the cores: a thread that waits for another must give its core up, not spin on it.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# The same test bodies run on every backend named here. "cuda-sim" is one, too; `tests.backends.cuda.on_simulator` runs
# the suite on it.
BACKENDS = os.environ.get("TEST_BACKENDS", "numpy numba").split()

# In which order the software GPU runs threads: one of `softgpu.ORDERS`.
THREAD_ORDER = os.environ.get("TEST_THREAD_ORDER", "forward")

# No deadline: the machines that run this are shared. No chance: a suite that passed passes again. The fixture that
# chooses the backend stays as it is from example to example, which is what the health check cannot know.
settings.register_profile(
    "dev",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.register_profile("ci", settings.get_profile("dev"), max_examples=300)
settings.register_profile("few", settings.get_profile("dev"), max_examples=10)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Seeds that a test leaves open follow from this one, not from chance."""
    minicnn.set_random_seed(0)


@dataclass
class Spy:
    """The backend under test, and how often each of its functions was called."""

    backend: Backend
    calls: Counter[str] = field(default_factory=Counter)

    def assert_ran(self, *functions: str) -> None:
        """A backend that silently leaves the work to another cannot pass."""
        missing = [f for f in functions if not self.calls[f]]
        assert not missing, f"backend {self.backend.name!r} never ran {missing}; it ran {dict(self.calls)}"


def contract_functions() -> list[str]:
    """The names of all functions of the backend contract."""
    return [name for name in vars(Backend) if not name.startswith("_") and callable(getattr(Backend, name))]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test that asks for a backend runs on those named above; with `pytest -m gpu` on a real GPU, and there only.

    Tests of the GPU's kernels, which ask for `gpu_backend`, run on the software GPU otherwise.
    """
    on_gpu = metafunc.config.getoption("markexpr") == "gpu"
    for fixture, usual in (("backend", BACKENDS), ("gpu_backend", ["cuda-sim"])):
        if fixture in metafunc.fixturenames:
            names = [pytest.param("cuda", marks=pytest.mark.gpu)] if on_gpu else usual
            metafunc.parametrize(fixture, names, indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spy]:
    """Chooses each backend in turn, and counts the calls of its functions."""
    skip_without(request.param)
    with use_backend(request.param), order(THREAD_ORDER, seed=1):
        spy = Spy(current_backend())
        for name in contract_functions():
            monkeypatch.setattr(spy.backend, name, _counted(name, getattr(spy.backend, name), spy.calls))
        yield spy


@pytest.fixture
def gpu_backend(request: pytest.FixtureRequest) -> str:
    """The name of the backend that runs the GPU's kernels here."""
    skip_without(request.param)
    return request.param


def skip_without(name: str) -> None:
    """Skips where a backend for a GPU cannot run, with the reason. Others must run anywhere."""
    reason = status()[name] if name in ("cuda", "cuda-sim") else None
    if reason:
        pytest.skip(f"backend {name!r} cannot run here: {reason}")


def _counted(name: str, function: Callable[..., Any], calls: Counter[str]) -> Callable[..., Any]:
    @wraps(function)
    def counting(*args: Any, **options: Any) -> Any:
        calls[name] += 1
        return function(*args, **options)

    return counting
