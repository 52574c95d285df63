"""The house plan, held: imports go down the floors, never up or round, and nothing heavy or dangerous comes along."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
FOLDERS = ("minicnn", "kernels", "benchmarks")
FLOORS: dict[str, int] = {
    room: floor
    for floor, rooms in {
        0: "kernels",
        1: "errors files geometry random registry structure tensor numeric backends",
        2: "ops gradient_check imaging",
        3: "activations initializers losses metrics optimizers regularizers constraints layers summary graph groups"
        " plan plan_table network",
        4: "backend callbacks data datasets preprocessing training models utils",
        5: "applications",
        6: "benchmarks cli __main__",
    }.items()
    for room in rooms.split()
}


def module_name(file: Path) -> str:
    parts = file.relative_to(TOP).with_suffix("").parts
    parts = ("minicnn", *parts) if parts[0] in ("benchmarks", "kernels") else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(file): ast.parse(file.read_text(encoding="utf-8"), str(file))
    for folder in FOLDERS
    for file in sorted((TOP / folder).rglob("*.py"))
}


def imported(module: str) -> Iterator[str]:
    """The names of all that a module imports: at its top, inside functions, for type checkers."""
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide where they go"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else str(node.module)


def ours(module: str) -> set[str]:
    """The modules of minicnn that a module imports, itself left out."""
    return {name for name in imported(module) if name.split(".")[0] == "minicnn"} - {module}


def room(module: str) -> str:
    return module.split(".")[1]


def inside() -> list[str]:
    """All modules but the package itself, which stands above the floors and shows what is in them."""
    return [name for name in MODULES if name != "minicnn"]


def test_every_room_stands_on_a_floor() -> None:
    assert {room(name) for name in inside()} == set(FLOORS)


def test_imports_go_down_the_floors() -> None:
    # `import minicnn` for its version, and its public names, is for floor 6 only.
    upward = [
        f"{name} imports {other}"
        for name in inside()
        for other in ours(name)
        if (6 if other == "minicnn" else FLOORS[room(other)]) > FLOORS[room(name)]
    ]
    assert upward == []


def test_rooms_do_not_import_one_another_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for name in inside():
        others = {room(other) for other in ours(name) if other != "minicnn"}
        graph.setdefault(room(name), set()).update(others - {room(name)})
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, naming the circle
    assert order.index("errors") < order.index("ops") < order.index("layers") < order.index("models")


def test_modules_do_not_import_one_another_in_a_circle() -> None:
    """Finer: within a room, too. A package's own __init__, which shows its modules, is left out."""
    packages = {name for name in MODULES if any(other.startswith(f"{name}.") for other in MODULES)}
    graph = {name: ours(name) - packages for name in MODULES if name not in packages}
    TopologicalSorter(graph).prepare()


def test_every_package_is_named_in_pyproject() -> None:
    settings = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packages = {name for name in MODULES if any(other.startswith(f"{name}.") for other in MODULES)}
    packages |= {module_name(file) for folder in FOLDERS for file in (TOP / folder).rglob("__init__.py")}
    assert settings["packages"] == sorted(packages)
    assert settings["package-dir"] == {"minicnn.benchmarks": "benchmarks", "minicnn.kernels": "kernels"}


def test_nothing_that_runs_code_from_a_file() -> None:
    for name in MODULES:
        forbidden = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}
        assert not {other.split(".")[0] for other in imported(name)} & forbidden, name
        for node in ast.walk(MODULES[name]):
            if isinstance(node, ast.Call):
                for keyword in node.keywords:
                    is_false = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                    assert keyword.arg != "allow_pickle" or is_false, f"{name}: allow_pickle"
                called = node.func.id if isinstance(node.func, ast.Name) else ""
                assert called not in ("eval", "exec", "compile", "__import__"), f"{name}: {called}"


def test_no_check_is_an_assert() -> None:
    """`python -O` leaves asserts out."""
    for name, tree in MODULES.items():
        assert not any(isinstance(node, ast.Assert) for node in ast.walk(tree)), name


def test_no_global_random_state() -> None:
    """Every random number comes from a generator that somebody seeded."""
    allowed = {"Generator", "SeedSequence", "Philox", "PCG64", "RandomState"}
    for name, tree in MODULES.items():
        assert "random" not in {other.split(".")[0] for other in imported(name)}, name
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "np.random":
                assert node.attr in allowed, f"{name}: np.random.{node.attr}"


def test_import_minicnn_brings_nothing_heavy() -> None:
    code = "import sys, minicnn; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = set(done.stdout.split())
    assert {"minicnn", "numpy"} <= found
    assert not found & {"rich", "matplotlib", "click", "PIL", "hypothesis", "pytest", "torch", "threadpoolctl"}


@pytest.mark.parametrize("name", [name for name in MODULES if name != "minicnn.__main__"])
def test_names_that_a_module_shows_exist(name: str) -> None:
    module = importlib.import_module(name)
    shown = getattr(module, "__all__", [])
    assert [other for other in shown if not hasattr(module, other)] == []
    assert len(set(shown)) == len(shown)
    assert module.__doc__, "every module says what it is for"
