"""`minicnn evaluate` and `minicnn predict`: what a trained network makes of pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.table import Table

from minicnn import ops
from minicnn.cli.console import plain_console
from minicnn.cli.train import read_settings
from minicnn.data import sources
from minicnn.data.batches import Batches
from minicnn.data.images import read_image
from minicnn.errors import CheckpointError
from minicnn.models import Model, load_training


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--data", help="Judge by the test images of other data than the run's own.")
@click.option("--last", is_flag=True, help="The network after the last epoch, not the best one.")
def evaluate(run: Path, data: str | None, last: bool) -> None:
    """Accuracy of RUN (a folder that train wrote, or a .minicnn file) on test images, class by class."""
    model, facts = open_run(run, last)
    settings = read_settings(run) if os.path.isdir(run) else None
    side = settings.image_size if settings and data is None else None
    dataset = sources.load(
        data or facts["data"],
        image_size=None if side is None else (side, side),
        seed=settings.seed if settings else 0,
    )
    test = Batches(dataset.x_test, dataset.y_test, batch_size=256, scale=facts["scale"])
    result = model.evaluate(test, return_dict=True)
    right = model.predict(test).argmax(axis=1) == dataset.y_test

    table = Table(title=f"{run} on {dataset.name}", title_justify="left")
    table.add_column("class")
    table.add_column("images", justify="right")
    table.add_column("accuracy", justify="right")
    for label, name in enumerate(dataset.class_names):
        of_class = right[dataset.y_test == label]
        table.add_row(name, f"{len(of_class):,}", f"{of_class.mean():.1%}" if len(of_class) else "-")
    table.add_section()
    table.add_row("all", f"{len(right):,}", f"{right.mean():.2%}", style="bold")
    plain_console().print(table)
    click.echo(f"loss {result['loss']:.4f}  accuracy {result['accuracy']:.4f}")


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--top", default=3, show_default=True, type=click.IntRange(1), help="How many classes to show.")
def predict(run: Path, images: tuple[Path, ...], top: int) -> None:
    """The likeliest classes of image files (PNG, JPEG, ...), by the network in RUN.

    Images are stretched to the network's size; grey networks see them in grey.
    """
    model, facts = open_run(run, last=False)
    height, width, channels = (int(n or 0) for n in model.input_shape[1:])
    names = facts["class_names"]
    table = Table()
    table.add_column("image", overflow="fold")
    for place in range(min(top, len(names))):
        table.add_column(f"{place + 1}.")
    for path in images:
        pixels = read_image(path, size=(height, width), channels=channels)
        x = pixels[None].astype(np.float32) * np.float32(facts["scale"])
        probabilities = ops.softmax(model.predict(x))[0]
        likeliest = np.argsort(-probabilities, kind="stable")[:top]
        table.add_row(
            click.format_filename(path, shorten=True), *(f"{names[k]} {probabilities[k]:.1%}" for k in likeliest)
        )
    plain_console().print(table)


def open_run(run: Path, last: bool) -> tuple[Model, dict[str, Any]]:
    """The network of a run's folder, or in a .minicnn file, and the facts kept with it. Raises CheckpointError."""
    file = run / ("last.minicnn" if last else "best.minicnn") if os.path.isdir(run) else run
    if os.path.isdir(run) and not file.exists():
        raise CheckpointError(f"{run} holds no {file.name}: no epoch of this run was finished")
    model, facts = load_training(file)
    names = facts.get("class_names")
    right = {
        "class_names": isinstance(names, list) and len(names) == model.output_shape[-1],
        "scale": isinstance(facts.get("scale"), float),
        "data": isinstance(facts.get("data"), str),
    }
    if wrong := [name for name, is_right in right.items() if not is_right]:
        raise CheckpointError(f"{file} was not written by minicnn train: it lacks {', '.join(wrong)}")
    return model, facts
