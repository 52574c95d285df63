"""`minicnn summary`, `minicnn gradcheck` and `minicnn doctor`: looking inside."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata

import click
from rich.table import Table
from rich.text import Text

import minicnn
from minicnn import backends
from minicnn.cli.console import plain_console
from minicnn.cli.networks import named_network
from minicnn.datasets.places import cache_folder
from minicnn.errors import BackendError
from minicnn.gradient_check import cases


@click.command()
@click.argument("model")
@click.option("--input-shape", help="Height,width,channels, e.g. 64,64,3.  [default: the network's own]")
@click.option("--classes", type=click.IntRange(2), help="Number of classes.  [default: the network's own]")
def summary(model: str, input_shape: str | None, classes: int | None) -> None:
    """Layers, shapes and parameters of MODEL: a name (small, lenet5, mlp, vgg16), a file, or a run's folder."""
    named_network(model, input_shape, classes).summary()


@click.command()
@click.argument("operators", nargs=-1, metavar="[OP]...")
@click.option("--draws", default=5, show_default=True, type=click.IntRange(1), help="Random geometries an operator.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Which geometries are drawn.")
def gradcheck(operators: tuple[str, ...], draws: int, seed: int) -> int:
    """Hold the gradients of operators against finite differences in float64; all of them if none is named."""
    table = Table(title="Gradients against central differences (float64)", title_justify="left")
    table.add_column("operator", no_wrap=True)
    for heading in ("worst relative error", "kinks met", "numbers checked"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    wrong = []
    for name in operators or cases.CASES:
        result = cases.check_operator(name, seed=seed, draws=draws)
        if not result.passed:
            wrong.append(result.explanation)
        verdict = Text("right", "green") if result.passed else Text("WRONG", "bold red")
        table.add_row(name, f"{result.worst_error:.1e}", f"{result.kinks}", f"{result.checked:,}", verdict)
    plain_console().print(table)
    for explanation in wrong:
        click.echo(explanation)
    return 1 if wrong else 0


@click.command()
def doctor() -> None:
    """Versions, backends (and why one is missing), linear algebra, threads, data folders."""
    from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("minicnn", minicnn.__version__)
    table.add_row("Python", f"{platform.python_version()} ({sys.executable})")
    table.add_row("machine", f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors")
    for package in ("numpy", "pillow", "safetensors", "matplotlib"):
        table.add_row(package, metadata.version(package))
    table.add_section()
    try:
        in_use = backends.current_backend().name
    except BackendError as error:  # MINICNN_BACKEND names none: that is for the doctor to say
        in_use = f"none: {error}"
    for name, reason in backends.status().items():
        table.add_row(f"backend {name}", "ready" if reason is None else f"missing: {reason}")
    table.add_row("backend in use", in_use)
    table.add_section()
    for pool in threadpool_info():
        kernels = f", {pool['architecture']} kernels" if "architecture" in pool else ""
        table.add_row(
            f"threads of {pool['internal_api']}", f"{pool['num_threads']} (version {pool['version']}{kernels})"
        )
    table.add_section()
    table.add_row("data folder MINICNN_DATA", os.environ.get("MINICNN_DATA", "not set"))
    table.add_row("cache folder", str(cache_folder()))
    plain_console().print(table)
