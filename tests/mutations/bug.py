"""What a planted bug is: one place in the product's own source, changed as a tired programmer would.

Each tells what is wrong, which function it spoils, which text becomes which, and which checker must notice. The
checkers are the suite's own: gradient checks, loop oracles, adjoint identities, worked examples.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from minicnn.gradient_check import check_operator
from minicnn.gradient_check.draws import whole_from
from minicnn.random import generator
from tests.ops.adjoints import check_adjoint
from tests.ops.oracles import ORACLES


class Checker(NamedTuple):
    """A check of the suite, that raises if something is wrong."""

    name: str
    check: Callable[[], None]


@cache
def gradients(name: str, draws: int = 40) -> Checker:
    """The gradient check of an operator, as test_gradients has it."""

    def check() -> None:
        found = check_operator(name, seed=0, draws=draws)
        assert found.passed, found.explanation

    return Checker(f"gradient check of {name}", check)


@cache
def loops(name: str) -> Checker:
    """The loop oracle of an operator, as test_oracles has it."""

    def check() -> None:
        for seed in range(25):
            ORACLES[name](whole_from(generator(seed)))

    return Checker(f"loops of {name}", check)


@cache
def adjoint(name: str, argument: str) -> Checker:
    """The adjoint identity, as test_adjoints has it."""
    return Checker(f"adjoint of {name}, {argument}", lambda: check_adjoint(name, argument, seed=0, draws=20))


def example(test: Callable[..., None], *arguments: Any) -> Checker:
    """A test of the suite, with one row of its table; those that take a backend only run on the one that is chosen."""
    return Checker(test.__name__, lambda: test(*arguments))


class Bug(NamedTuple):
    """What is wrong ("operator: how"), where (module, function), which text becomes which, and who must notice."""

    what: str
    where: str
    right: str
    wrong: str
    noticed_by: Checker


KERNELS, OPS = "minicnn.backends.numpy", "minicnn.ops"
