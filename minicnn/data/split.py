"""Setting a part of a data set aside, class by class, so that the part is as balanced as the whole."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from minicnn.data.dataset import Dataset
from minicnn.errors import ArgumentError, DataError
from minicnn.random import as_key, random_bits


def stratified_split(
    labels: NDArray[np.integer], fraction: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices `(kept, held_out)`, both ascending: of each class, `fraction` of its images are held out.

    labels: class numbers (N,). fraction: above 0 and below 1; of each class it is rounded to whole images, at least
    one on either side. seed: same labels, fraction and seed, same split, whatever the version of NumPy.
    Raises ArgumentError for another fraction; DataError if a class has a single image.
    """
    if not 0 < fraction < 1:
        raise ArgumentError(f"stratified_split: fraction is {fraction!r}; expected a number between 0 and 1, e.g. 0.2")
    lots = random_bits(as_key(seed), len(labels))
    held = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) < 2:
            raise DataError(f"class {label} has a single image, which cannot be on both sides of a split; add another")
        count = min(max(round(fraction * len(members)), 1), len(members) - 1)
        held[members[np.argsort(lots[members], kind="stable")[:count]]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)


def with_validation(dataset: Dataset, *, fraction: float = 0.1, seed: int = 0) -> Dataset:
    """`dataset` with a validation part: its own if it has one, else `fraction` of its training images, by class.

    Raises as `stratified_split` does.
    """
    if dataset.x_val is not None:
        return dataset
    kept, held = stratified_split(dataset.y_train, fraction, seed)
    x, y = dataset.x_train, dataset.y_train
    return dataclasses.replace(dataset, x_train=x[kept], y_train=y[kept], x_val=x[held], y_val=y[held])
