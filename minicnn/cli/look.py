"""`minicnn summary` and `minicnn gradcheck`: looking inside."""

from __future__ import annotations

import click
from rich.table import Table
from rich.text import Text

from minicnn.cli.console import plain_console
from minicnn.cli.networks import named_network
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
