"""`minicnn train`: from data to a trained network and a folder that tells how it went."""

from __future__ import annotations

import dataclasses
import os
import platform
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console

import minicnn
from minicnn import backends
from minicnn.applications import NETWORKS
from minicnn.callbacks.curves import draw_curves
from minicnn.cli.console import plain_console
from minicnn.cli.networks import make_network
from minicnn.cli.run_folder import RunFolder, read_config
from minicnn.data import augment, sources
from minicnn.data.batches import Batches
from minicnn.data.dataset import Dataset
from minicnn.data.fingerprint import changed_parts, fingerprints
from minicnn.data.split import with_validation
from minicnn.datasets import embedded
from minicnn.errors import CheckpointError, DataError
from minicnn.kernels.announcement import announcing_with
from minicnn.losses import SparseCategoricalCrossentropy
from minicnn.models import Model, load_model
from minicnn.optimizers import SGD
from minicnn.optimizers.schedules import CosineDecay

SCALE = 1 / 255  # pixels 0 .. 255 become 0 .. 1


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that decides how a run comes out; kept in its config.json."""

    data: str
    model: str
    backend: str
    epochs: int
    batch_size: int
    lr: float
    momentum: float
    weight_decay: float
    augment: str
    seed: int
    limit: int | None
    image_size: int | None
    download: bool


def _option(name: str, default: Any, kind: Any, text: str) -> Any:
    return click.option(f"--{name}", default=default, show_default=True, type=kind, help=text)


@click.command()
@_option(
    "data",
    embedded.NAME,
    str,
    f"Data: {', '.join(sources.NAMES)}, a folder of IDX files, an .npz file, or a folder of class folders of images.",
)
@_option("model", "small", str, "Network: small, lenet5, mlp, vgg16, or a file (.json architecture, .minicnn model).")
@click.option("--backend", default=None, help="Who computes: see `minicnn doctor`.  [default: the fastest there is]")
@_option("epochs", 10, click.IntRange(1), "How often to go through the training data.")
@_option("batch-size", 32, click.IntRange(1), "Images a step.")
@_option(
    "lr",
    0.05,
    click.FloatRange(0, min_open=True),
    "Highest learning rate: reached in the first epoch, then falling along a cosine to 0.",
)
@_option("momentum", 0.9, click.FloatRange(0, 1, max_open=True), "Nesterov momentum; 0 for none.")
@_option(
    "weight-decay", 0.01, click.FloatRange(0), "Decoupled weight decay: of learning rate times this part, each step."
)
@_option("augment", "none", click.Choice(list(augment.CHOICES)), "How to vary the training images.")
@_option("seed", 0, click.IntRange(0), "Same seed, same bits.")
@click.option("--limit", type=click.IntRange(10), help="Use at most this many training images.")
@click.option("--image-size", type=click.IntRange(1), help="For folders of images: side in pixels to stretch them to.")
@click.option("--download", is_flag=True, help="Fetch a known data set from its official source if it is not here.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run.  [default: runs/MODEL-DATA]")
@click.option("--resume", type=click.Path(path_type=Path), metavar="RUN", help="Go on with a run that was interrupted.")
@click.pass_context
def train(context: click.Context, out: Path | None, resume: Path | None, **options: Any) -> int:
    """Train a network; without options a small CNN on the embedded pictures of clothes.

    Writes config.json, history.json, curves.png, best.minicnn and last.minicnn to the folder of the run. Ctrl-C ends
    it with what it has.
    """
    if resume is not None:
        given = [
            name
            for name in context.params
            if name != "resume" and context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        ]
        if given:
            raise click.UsageError(
                "--resume goes on with the run's own settings: leave out "
                + ", ".join("--" + name.replace("_", "-") for name in given)
            )
        return _run(read_settings(resume), resume, resumed=True)
    lasting = {
        "data": _lasting(options["data"]),
        "model": _lasting(options["model"]),
        "backend": options["backend"] or backends.current_backend().name,  # another would add in another order
    }
    settings = Settings(**{**options, **lasting})
    return _run(settings, out or _free_folder(Path("runs"), settings), resumed=False)


def read_settings(run: Path) -> Settings:
    """The settings of a run, held to the rules of the command line. Raises CheckpointError."""
    given = read_config(run).get("settings")
    names = [field.name for field in dataclasses.fields(Settings)]
    if not isinstance(given, dict) or not set(names) <= set(given):
        raise CheckpointError(f"{run / 'config.json'} does not hold the settings of a run: {', '.join(names)}")
    options = {parameter.name: parameter for parameter in train.params}
    context = click.Context(train)
    try:
        return Settings(**{name: options[name].type_cast_value(context, given[name]) for name in names})
    except (click.BadParameter, TypeError) as error:
        reason = error.format_message() if isinstance(error, click.BadParameter) else error
        raise CheckpointError(f"{run / 'config.json'}: {reason}") from None


def _run(settings: Settings, folder: Path, resumed: bool) -> int:
    console = plain_console()
    with backends.use_backend(settings.backend), announcing_with(console.print):
        return _train(settings, folder, resumed, console)


def _train(settings: Settings, folder: Path, resumed: bool, console: Console) -> int:
    minicnn.set_random_seed(settings.seed)
    data = _load(settings)
    prints = fingerprints(data)
    if resumed:
        _need_same_data(folder, settings, prints)
    run = RunFolder(folder, {"class_names": list(data.class_names), "scale": SCALE, "data": settings.data})
    model = run.resume() if resumed else None
    if model is None:
        model = _new_model(settings, data)
    if not resumed:
        run.start({"settings": dataclasses.asdict(settings), "made_with": _versions(), "data": prints})

    try:
        _fit(model, data, run, settings, console)
    except KeyboardInterrupt:
        return _interrupted(run, settings, console)
    return _finish(run, data, console)


def _fit(model: Model, data: Dataset, run: RunFolder, settings: Settings, console: Console) -> None:
    train_set = Batches(
        data.x_train,
        data.y_train,
        batch_size=settings.batch_size,
        shuffle=True,
        seed=model.seed,
        scale=SCALE,
        augment=augment.get(settings.augment),
    )
    validation = Batches(data.x_val, data.y_val, batch_size=256, scale=SCALE)
    console.print(
        f"{model.name}: {model.count_params():,} parameters on {data.name}: {len(data.x_train):,} training, "
        f"{len(validation.x):,} validation, {len(data.x_test):,} test images of "
        f"{'x'.join(map(str, data.image_shape))}; {backends.current_backend().name} backend; writing to {run.path}",
        soft_wrap=True,
    )
    if run.epochs < settings.epochs:
        model.fit(
            train_set,
            epochs=settings.epochs,
            initial_epoch=run.epochs,
            validation_data=validation,
            callbacks=[run],
        )


def _load(settings: Settings) -> Dataset:
    side = None if settings.image_size is None else (settings.image_size, settings.image_size)
    data = sources.load(settings.data, image_size=side, seed=settings.seed, download=settings.download)
    data = with_validation(data, seed=settings.seed)
    if settings.limit is not None:
        data = dataclasses.replace(data, x_train=data.x_train[: settings.limit], y_train=data.y_train[: settings.limit])
    return data


def _need_same_data(folder: Path, settings: Settings, prints: dict[str, str]) -> None:
    """Raises DataError if a run, which says what it began with, would go on with other images or labels."""
    config = read_config(folder)
    if "data" in config and (changed := changed_parts(config["data"], prints)):
        raise DataError(
            f"{settings.data} has changed since {folder} began: its {' and '.join(changed)} images or labels are "
            "others. Bring back what was there, or begin a new run without --resume"
        )


def _new_model(settings: Settings, data: Dataset) -> Model:
    model = make_network(settings.model, data.image_shape, data.classes)
    steps = -(-len(data.x_train) // settings.batch_size)
    schedule = CosineDecay(0.0, max(1, (settings.epochs - 1) * steps), warmup_target=settings.lr, warmup_steps=steps)
    model.compile(
        SGD(
            schedule,
            momentum=settings.momentum,
            nesterov=settings.momentum > 0,
            weight_decay=settings.weight_decay or None,
        ),
        SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def _finish(run: RunFolder, data: Dataset, console: Console) -> int:
    test = Batches(data.x_test, data.y_test, batch_size=256, scale=SCALE)
    best: Model = load_model(run.path / "best.minicnn")
    result = best.evaluate(test, return_dict=True)
    run.write_history(best_epoch=run.best_epoch + 1, test=result)
    run.write_curves(draw_curves)
    console.print(
        f"test accuracy {result['accuracy']:.2%}, loss {result['loss']:.4f} "
        f"({len(test.x):,} images; epoch {run.best_epoch + 1}, the best on the validation images)",
        style="bold",
        soft_wrap=True,
    )
    console.print(f"written to {run.path}: try  minicnn evaluate {run.path}", soft_wrap=True)
    return 0


def _interrupted(run: RunFolder, settings: Settings, console: Console) -> int:
    if run.epochs:
        run.write_history()
        run.write_curves(draw_curves)
    console.print(
        f"stopped after {run.epochs} of {settings.epochs} epochs; go on with  minicnn train --resume {run.path}",
        soft_wrap=True,
    )
    return 130


def _lasting(spec: str) -> str:
    """A path that a later evaluate or --resume finds from any folder; names stay names."""
    return str(Path(spec).resolve()) if spec not in {*sources.NAMES, *NETWORKS} and os.path.exists(spec) else spec


def _free_folder(parent: Path, settings: Settings) -> Path:
    """runs/small-mnist, or with the first number that makes it new."""
    name = f"{Path(settings.model).stem}-{Path(settings.data).stem}"
    folder, n = parent / name, 2
    while folder.exists():
        folder, n = parent / f"{name}-{n}", n + 1
    return folder


def _versions() -> dict[str, str]:
    return {
        "minicnn": minicnn.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "backend": backends.current_backend().name,
    }
