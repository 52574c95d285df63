"""`minicnn bench`: the benchmarks, by name."""

from __future__ import annotations

import importlib
from typing import cast

import click

from minicnn.benchmarks import BENCHMARKS
from minicnn.registry import lookup

DEFAULT = "train-step"


class _Benchmarks(click.Group):
    """Each benchmark is imported when it is asked for: they bring compiled kernels along."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(BENCHMARKS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        module = importlib.import_module(lookup("benchmark", cmd_name, BENCHMARKS))
        return cast(click.Command, module.main)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without a name the options are those of the default."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


@click.command(cls=_Benchmarks, subcommand_metavar=f"[{'|'.join(BENCHMARKS)}] [OPTIONS]...")
def bench() -> None:
    """Race minicnn on this machine: against PyTorch where it is installed, and against itself.

    Without a name it is the time of a training step. Each prints a table, with --json FILE and --png FILE it leaves
    the figures and a picture; --quick gives a first look. `minicnn bench NAME --help` tells more.
    """
