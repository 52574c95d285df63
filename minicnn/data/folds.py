"""Every example validated once: k-fold cross-validation's division of a data set.

Source: Kohavi, A study of cross-validation and bootstrap for accuracy estimation and model selection (1995).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicnn.errors import ArgumentError, DataError
from minicnn.geometry import is_int
from minicnn.numeric import numeric
from minicnn.random import Key, as_key, random_bits

Indices = NDArray[np.int64]


def k_folds(
    labels: Any, k: int = 5, *, stratified: bool = True, repeats: int = 1, seed: int = 0
) -> Iterator[tuple[Indices, Indices]]:
    """(training indices, validation indices), both ascending, of each of k · `repeats` folds.

    labels: class numbers (N,), or with stratified=False anything with a row an example. stratified: every fold has as
    many of each class as the others, give or take one. repeats: divides anew so many times. In each repeat an example
    is in one validation part; their sizes differ by one at most. Same labels, same seed, same folds.
    Raises ArgumentError for fewer than two folds; DataError if there are fewer examples than folds, or with
    stratified=True of any class.
    """
    rows = numeric(labels, "k_folds: labels")
    if rows.ndim == 0:
        raise ArgumentError("k_folds: labels must have a row an example")
    if not is_int(k) or k < 2:
        raise ArgumentError(f"k_folds: k must be a whole number of at least 2, got {k!r:.80}")
    if not is_int(repeats) or repeats < 1:
        raise ArgumentError(f"k_folds: repeats must be a whole number of at least 1, got {repeats!r:.80}")
    classes = _classes(rows) if stratified else np.zeros(len(rows), np.int64)
    counts = np.bincount(classes)
    fewest = int(counts.min()) if len(counts) else 0
    if fewest < k:
        few = f"class number {counts.argmin()} of {len(counts)} has" if stratified and fewest else "there are"
        raise DataError(f"k_folds: {few} {fewest} examples for {k} folds; choose a smaller k")
    for repeat in range(repeats):
        fold = _fold_numbers(classes, k, Key(as_key(seed).seed, repeat))
        for number in range(k):
            yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _fold_numbers(classes: Indices, k: int, key: Key) -> Indices:
    """The fold of each example: class by class, in an order drawn by lot, dealt out like cards."""
    lots = random_bits(key, len(classes))
    fold = np.empty(len(classes), np.int64)
    fold[np.lexsort((lots, classes))] = np.arange(len(classes)) % k
    return fold


def _classes(labels: np.ndarray) -> Indices:
    if labels.ndim == 2 and labels.shape[1] > 1:
        labels = labels.argmax(axis=1)
    if labels.size != len(labels):
        raise ArgumentError(
            f"k_folds: stratified folds need labels that are classes, got shape {labels.shape}; or say stratified=False"
        )
    return np.unique(labels.reshape(-1), return_inverse=True)[1].astype(np.int64)
