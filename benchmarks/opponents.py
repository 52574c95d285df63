"""Who is raced against: PyTorch and Keras on top of it where they are installed, the numpy backend anywhere."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from functools import cache
from typing import Any

import click

OPPONENTS = ("torch", "keras", "numpy")
_HOW = {
    "torch": "PyTorch cannot be imported ({reason}): `pip install torch`, or minicnn's extra `bench`, brings its rows",
    "keras": "Keras on PyTorch cannot run ({reason}): `pip install keras torch` brings its rows",
}
# The name of PyTorch's memory format: images by channel, or with channels last, as minicnn's are.
LAYOUTS = {"torch nchw": "contiguous_format", "torch nhwc": "channels_last"}


@cache
def missing(package: str) -> str | None:
    """Why a package cannot race, None if it can."""
    try:
        if package == "keras":
            os.environ.setdefault("KERAS_BACKEND", "torch")  # Keras reads it when it is imported
            importlib.import_module("torch")
            backend = importlib.import_module("keras").backend.backend()
            return None if backend == "torch" else f"KERAS_BACKEND is {backend!r}"
        importlib.import_module(package)
    except ImportError as error:
        return str(error)
    return None


def against(*possible: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option --against of a benchmark that can race these, given to it as `opponents`."""
    return click.option(
        "--against",
        "opponents",
        multiple=True,
        type=click.Choice(possible),
        callback=lambda _ctx, _param, asked: choose(asked, possible),
        help="Whom to race; may be repeated.  [default: what is installed of torch and keras, or else numpy]",
    )


def choose(asked: tuple[str, ...], possible: tuple[str, ...]) -> list[str]:
    """Those asked for; or PyTorch and Keras where they are installed, the numpy backend where PyTorch is not.

    Says what is missing and how to get it. Raises click.BadParameter if that was asked for by name.
    """
    names = asked or tuple(name for name in possible if name != "numpy")
    found = []
    for name in dict.fromkeys(names):
        reason = None if name == "numpy" else missing(name)
        if reason is None:
            found.append(name)
            continue
        how = _HOW[name].format(reason=reason)
        if asked:
            raise click.BadParameter(how)
        click.echo(how, err=True)
    if "torch" in found:
        from minicnn.kernels.cpu.threads import exclusive

        importlib.import_module("torch").set_num_threads(exclusive.count)
    return found if asked or "torch" in found else ["numpy"]
