"""A search for hyper-parameters with Optuna, and the three best nets it found as an ensemble.

    pip install 'minicnn[search]'
    python examples/search.py [--trials 20] [--seed 0] [--out FOLDER] [--quick]

Each trial trains a small net on 2,000 pictures of clothes and tells its accuracy on 500 others after every epoch;
Optuna ends trials that fall behind the others. Trials that are over are kept in FOLDER/search.db: after Ctrl-C, or
kill, the same command goes on with the search. Uninterrupted, the same seed gives the same trials. It prints the best,
draws all in FOLDER/search.png, and takes about half a minute on two cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from matplotlib.figure import Figure
from optuna.trial import FrozenTrial, TrialState

import minicnn
from minicnn import Ensemble, Sequential, layers, optimizers
from minicnn.callbacks import OptunaPruning
from minicnn.datasets import embedded
from minicnn.errors import NonFiniteError

Pictures = tuple[np.ndarray, np.ndarray]
OVER = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
BLUE, ORANGE, GREY = "#2b6cb0", "#c05621", "#a0aec0"


def network(trial: Any) -> Sequential:
    """A net whose sizes and learning rate the trial chooses; of a finished trial, the net that it was."""
    filters = trial.suggest_int("filters", 8, 32, step=8)
    model = Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(filters, trial.suggest_categorical("kernel", [3, 5]), activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(2 * filters, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(trial.suggest_float("dropout", 0.0, 0.6, step=0.1)),
            layers.Dense(10, activation="softmax"),
        ]
    )
    rate = trial.suggest_float("rate", 1e-4, 3e-2, log=True)
    model.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def search(study: optuna.Study, trials: int, training: Pictures, validation: Pictures, epochs: int) -> None:
    """Goes on with the study until `trials` are over, and says how each one ended."""

    def objective(trial: optuna.Trial) -> float:
        minicnn.set_random_seed(trial.number)
        watching = OptunaPruning(trial, monitor="val_accuracy")
        model = network(trial)
        seen = model.fit(*training, 64, epochs, validation_data=validation, verbose=0, callbacks=[watching])
        return float(max(seen.history["val_accuracy"]))

    def tell(study: optuna.Study, trial: FrozenTrial) -> None:
        chosen = ", ".join(f"{name} {value:.3g}" for name, value in trial.params.items())
        print(f"trial {trial.number:2}  {trial.state.name.lower():8}  {_accuracy(trial):5.1%}  {chosen}", flush=True)

    missing = trials - len(study.get_trials(states=OVER))
    if missing > 0:  # a rate so high that the loss is no number any more is a trial that failed, and no more
        study.optimize(objective, missing, catch=(NonFiniteError,), callbacks=[tell])


def best_of(study: optuna.Study, count: int) -> list[FrozenTrial]:
    """The finished trials with the highest accuracies, the best first."""
    finished = study.get_trials(states=(TrialState.COMPLETE,))
    return sorted(finished, key=lambda trial: (-_accuracy(trial), trial.number))[:count]


def together(best: list[FrozenTrial], training: Pictures, validation: Pictures, test: Pictures, epochs: int) -> None:
    """Trains the best nets anew and prints how they do on pictures that decided nothing, alone and as ensembles."""
    nets: dict[str, Any] = {}
    for trial in best:
        minicnn.set_random_seed(trial.number)
        net = nets[f"trial {trial.number}"] = network(trial)
        net.fit(*training, 64, epochs, verbose=0)
    members = list(nets.values())
    nets["mean of them"] = Ensemble(members)
    nets["weights by validation"] = chosen = Ensemble.selected(members, *validation)
    print("\naccuracy on the test pictures")
    for name, net in nets.items():
        net.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        print(f"{name:22} {net.evaluate(*test, return_dict=True)['accuracy']:.1%}")
    print("weights:", ", ".join(f"{share:.2f}" for share in chosen.shares))


def draw(study: optuna.Study) -> Figure:
    """Left, how many pictures each trial mistook after each epoch; right, the fewest, over its learning rate."""
    figure = Figure(figsize=(12, 4.8), layout="constrained", dpi=100)
    curves, rates = figure.subplots(1, 2, sharey=True)
    best = study.best_trial.number
    reported = [trial for trial in study.get_trials(states=OVER) if trial.intermediate_values]
    for trial in sorted(reported, key=lambda trial: trial.number == best):  # the best on top
        pruned, first = trial.state != TrialState.COMPLETE, trial.number == best
        colour = ORANGE if first else GREY if pruned else BLUE
        mistaken = [1 - accuracy for accuracy in trial.intermediate_values.values()]
        curves.plot(range(1, len(mistaken) + 1), mistaken, color=colour, linewidth=2.5 if first else 1)
        mark: dict[str, Any] = {"marker": "x" if pruned else "o", "color": colour, "linestyle": ""}
        curves.plot(len(mistaken), mistaken[-1], **mark)
        rates.plot(trial.params["rate"], 1 - _accuracy(trial), **mark, markersize=3 + trial.params["filters"] / 3)
    for label, colour, marker in (("the best", ORANGE, "o"), ("finished", BLUE, "o"), ("ended early", GREY, "x")):
        rates.plot([], [], color=colour, marker=marker, linestyle="", label=label)
    curves.set_yscale("log")
    curves.set_yticks((ticks := [0.15, 0.2, 0.3, 0.5, 0.9]), [f"{tick:.0%}" for tick in ticks])
    curves.minorticks_off()
    curves.set_xlabel("epoch")
    curves.set_ylabel("validation pictures that were mistaken")
    rates.set_xlabel("learning rate (the larger the mark, the more filters)")
    rates.set_xscale("log")
    rates.legend()
    for axes in (curves, rates):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _accuracy(trial: FrozenTrial) -> float:
    """The highest that it reported; that of a trial that failed at once is none."""
    return max(trial.intermediate_values.values(), default=float("nan"))


def main() -> None:
    """Searches, prints the best and draws, then lets the best predict together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("pictures"), help="folder for the results")
    parser.add_argument("--quick", action="store_true", help="few pictures and epochs, to see that it runs")
    options = parser.parse_args()
    pictures, held_out, epochs = (300, 100, 3) if options.quick else (2000, 500, 6)

    (x, y), (x_test, y_test) = embedded.load_data()
    x, x_test = (a[..., None].astype("float32") / 255 for a in (x, x_test))
    training = x[:pictures], y[:pictures]
    validation = x[pictures : pictures + held_out], y[pictures : pictures + held_out]

    options.out.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # no traceback of a trial that fails: `tell` says so
    study = optuna.create_study(
        storage=f"sqlite:///{options.out / 'search.db'}",
        study_name=f"seed {options.seed}, {pictures} pictures, {epochs} epochs",
        load_if_exists=True,
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1),
    )
    # What a sampler has drawn is not kept: a search that goes on draws from a seed of its own.
    study.sampler = optuna.samplers.TPESampler(seed=options.seed + 1000 * len(study.trials))
    try:
        search(study, options.trials, training, validation, epochs)
    except KeyboardInterrupt:
        parser.exit(130, "\nthe trials so far are kept: the same command goes on\n")

    best = best_of(study, 3)
    if not best:
        parser.exit(1, "no trial was finished: give it more, with --trials\n")
    print(f"\nbest: trial {best[0].number}, {_accuracy(best[0]):.1%}: {best[0].params}")
    draw(study).savefig(options.out / "search.png")
    print(f"picture: {options.out / 'search.png'}")
    if len(best) > 1:
        together(best, training, validation, (x_test, y_test), epochs)


if __name__ == "__main__":
    main()
