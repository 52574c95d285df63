"""`minicnn`: the commands, and how their errors are shown."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

import minicnn
from minicnn.cli.bench import bench
from minicnn.cli.cuda import cuda
from minicnn.cli.doctor import doctor
from minicnn.cli.judge import evaluate, predict
from minicnn.cli.look import gradcheck, summary
from minicnn.cli.profile import profile
from minicnn.cli.train import train
from minicnn.errors import MinicnnError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(minicnn.__version__, prog_name="minicnn")
def cli() -> None:
    """A convolutional-network engine to read, to check and to race."""


for command in (train, evaluate, predict, summary, profile, bench, gradcheck, cuda, doctor):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command. Exit status: 0 done, 1 an error that is explained, 2 wrong usage, 130 Ctrl-C."""
    try:
        status = cli.main(args=arguments, prog_name="minicnn", standalone_mode=False)
    except MinicnnError as error:
        click.secho("error: ", fg="red", bold=True, err=True, nl=False)
        click.echo(str(error), err=True)
        status = 1
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        status = 130
    sys.exit(status or 0)


if __name__ == "__main__":
    main()
