"""`minicnn cuda check`: a kernel of one's own under the software GPU's checks. No GPU needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from minicnn.cli.console import plain_console
from minicnn.errors import ArgumentError, BackendError, DataError
from minicnn.kernels import softgpu
from minicnn.kernels.cuda import FAMILIES, FOLDER, REALS, source
from minicnn.kernels.softgpu.signature import Parameter

_SHOWN_AROUND = 2  # lines before and after the one that is meant


class _Shape(click.ParamType):
    """1 to 3 ints, x first: 32 or 16,16."""

    name = "x,y,z"

    def convert(
        self, value: str | tuple[int, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(int(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not 1 to 3 ints, as 32 or 16,16", param, ctx)


@click.group()
def cuda() -> None:
    """CUDA C kernels without a GPU: they run on the CPU, compiled by g++."""


@cuda.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--kernel", "name", help="Which kernel.  [default: the only one]")
@click.option("--grid", type=_Shape(), default=(2,), help="Blocks of the grid, as 4 or 8,8.  [default: 2]")
@click.option("--block", type=_Shape(), default=(128,), help="Threads of a block, as 128 or 16,16.  [default: 128]")
@click.option("--shared", default=0, show_default=True, type=click.IntRange(0), help="Bytes of dynamic shared memory.")
@click.option("--size", default=256, show_default=True, type=click.IntRange(1), help="Elements of each array.")
@click.option("--traffic", is_flag=True, help="Count sectors and bank conflicts, too, line by line.")
@click.option("--dtype", default="float32", show_default=True, type=click.Choice(list(REALS)), help="Of Real.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Which numbers the arrays get.")
def check(
    file: Path,
    values: tuple[str, ...],
    name: str | None,
    grid: tuple[int, ...],
    block: tuple[int, ...],
    shared: int,
    size: int,
    traffic: bool,
    dtype: str,
    seed: int,
) -> int:
    """Run a kernel of FILE once and watch all its accesses: races, bounds, alignment, barriers.

    FILE is CUDA C of your own, or one of minicnn's by its path or its name: softmax, convolution, ...

    The launch is --grid blocks of --block threads. Of the arguments, arrays get --size random numbers; an integer that
    is not given is --size, too, and a float 1. NAME=VALUE gives a number its value, or an array its own length. A
    kernel transpose(const float* x, float* y, int rows, int columns) for blocks of 32 x 8 is launched by

    \b
        minicnn cuda check examples/transpose.cu \\
            --grid 2,3 --block 32,8 --size 4500 rows=90 columns=50

    and one of minicnn's own by

    \b
        minicnn cuda check softmax --kernel softmax \\
            --grid 2 --block 32,4 --size 800 rows=8 n=100

    Exit status: 0 if nothing was found, 1 with the finding and its line. In Python, minicnn.kernels.softgpu does the
    same: compile(file, mode="check").kernel(name)(grid, block, arguments).
    """
    file = _found(file)
    module = _compiled(file, "check", dtype)
    if name is None and len(module.kernels) > 1:
        raise ArgumentError(f"{file.name} has several kernels; choose one by --kernel:\n{_signatures(module)}")
    try:
        kernel = module.kernel(name or next(iter(module.kernels)))
        arguments = _arguments(
            kernel.parameters, _named(values, kernel), size, np.random.Generator(np.random.PCG64(seed))
        )
        kernel(grid, block, list(arguments.values()), shared)
    except softgpu.LaunchError as error:
        raise ArgumentError(str(error)) from None
    except softgpu.KernelError as error:
        click.secho(str(error), fg="red")
        click.echo(_excerpt(file, error.place.line))
        return 1
    for parameter, argument in arguments.items():
        if isinstance(argument, softgpu.DeviceArray) and (at := _first_nan(argument)) is not None:
            click.secho(f"{kernel.name}: '{parameter}', element {at}, has become NaN, and no argument was", fg="red")
            click.echo("Shared memory that nobody has written is NaN here: is some of it read too early?")
            return 1
    threads = int(np.prod(grid)) * int(np.prod(block))
    click.echo(
        f"{kernel.name}, {threads:,} threads: no race, no access out of bounds or misaligned, no barrier that some miss"
    )
    if traffic:
        counted = _compiled(file, "prof", dtype)
        counted.kernel(kernel.name)(grid, block, list(arguments.values()), shared)
        plain_console().print(_table(softgpu.by_line(counted.traffic())))
    return 0


def _table(rows: list[softgpu.Traffic]) -> Table:
    """One row a line of the source and kind of access."""
    table = Table(title="Sectors of 32 bytes (global memory), cycles of the banks (shared)", title_justify="left")
    for heading in ("line", "memory", "access"):
        table.add_column(heading, no_wrap=True)
    for heading in ("bytes", "requests", "moved", "ideal", "ratio"):
        table.add_column(heading, justify="right")
    for row in rows:
        numbers = (f"{number:,}" for number in (row.nbytes, row.requests, row.moved, row.ideal))
        table.add_row(row.line, row.space, row.access, *numbers, f"{row.moved / row.ideal:.2f}")
    return table


def _found(file: Path) -> Path:
    """The file that is meant: `softmax` is minicnn's own softmax.cu, unless there is a file of that name."""
    if not file.exists() and str(file) in FAMILIES:
        return FOLDER / f"{file}.cu"
    if file.is_file():
        return file
    what = "is a folder" if file.is_dir() else "does not exist"
    raise DataError(f"{file} {what}: give a file of CUDA C, or one of minicnn's own: {', '.join(FAMILIES)}")


def _compiled(file: Path, mode: str, dtype: str) -> softgpu.Module:
    """A file of one's own as it is; one of minicnn's with its headers, and `dtype` for Real."""
    own = file.stem in FAMILIES and file.resolve().parent == FOLDER.resolve()
    try:
        if own:
            return softgpu.compile(source(file.stem, dtype), name=file.name, mode=mode)
        return softgpu.compile(file, mode=mode)
    except softgpu.CompilerMissing as error:
        raise BackendError(str(error)) from None
    except (softgpu.CompileError, UnicodeDecodeError, OSError) as error:
        raise DataError(str(error)) from None


def _signatures(module: softgpu.Module) -> str:
    """One line a kernel, as it would be declared."""
    kernels = module.kernels.items()
    return "\n".join(f"  {name}({', '.join(p.spelling for p in parameters)})" for name, parameters in kernels)


def _named(values: tuple[str, ...], kernel: softgpu.Kernel) -> dict[str, str]:
    known = [parameter.name for parameter in kernel.parameters]
    named = {}
    for value in values:
        name, equals, number = value.partition("=")
        if not equals or name not in known:
            raise ArgumentError(f"{value!r} is not NAME=VALUE with a parameter of {kernel.name}: {', '.join(known)}")
        named[name] = number
    return named


def _arguments(
    parameters: tuple[Parameter, ...], named: Mapping[str, str], size: int, generator: np.random.Generator
) -> dict[str, softgpu.DeviceArray | np.generic]:
    """What the kernel is called with. Floats are drawn from [0.5, 1.5), where divisions and logarithms are tame."""
    arguments: dict[str, softgpu.DeviceArray | np.generic] = {}
    for parameter in parameters:
        if parameter.to_pointers:
            raise ArgumentError(f"{parameter.spelling!r} is a table of addresses: none can be made up for it")
        dtype = parameter.dtype or np.dtype(np.float32)
        text = named.get(parameter.name)
        try:
            if parameter.is_pointer:
                count = parameter.vector * (size if text is None else int(text))
                drawn = generator.uniform(0.5, 1.5, count) if dtype.kind == "f" else generator.integers(0, 2, count)
                arguments[parameter.name] = softgpu.to_device(drawn.astype(dtype))
            elif dtype.kind == "f":
                arguments[parameter.name] = dtype.type(1.0 if text is None else float(text))
            else:
                arguments[parameter.name] = dtype.type(size if text is None else int(text, 0))
        except (ValueError, OverflowError):
            raise ArgumentError(f"{text!r} is no value for {parameter.spelling!r}") from None
    return arguments


def _first_nan(array: softgpu.DeviceArray) -> int | None:
    values = array.to_host()
    found = np.flatnonzero(np.isnan(values))  # of whole numbers none is
    return int(found[0]) if found.size else None


def _excerpt(file: Path, place: str) -> str:
    """The lines around a place of the file or of a header beside it; nothing for a place elsewhere."""
    name, _, number = place.rpartition(":")
    where = file.parent / name
    if not number.isdigit() or not where.is_file():
        return ""
    lines = where.read_text(encoding="utf-8").splitlines()
    meant = int(number)
    shown = range(max(1, meant - _SHOWN_AROUND), min(len(lines), meant + _SHOWN_AROUND) + 1)
    return "\n".join(f"{'>' if i == meant else ' '}{i:5d} | {lines[i - 1]}" for i in shown)
