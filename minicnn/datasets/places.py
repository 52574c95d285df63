"""Where data sets are looked for on this machine, and what to say when one is in none of these places."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import platformdirs

from minicnn.errors import DataError

DATA_VARIABLE = "MINICNN_DATA"
"""The environment variable that names the user's own data folder."""


def cache_folder() -> Path:
    """Where downloads go: the user's cache folder by the platform's rules, e.g. ~/.cache/minicnn."""
    return Path(platformdirs.user_cache_dir("minicnn", appauthor=False))


def search_folders(name: str) -> list[Path]:
    """The folders in which data set `name` may lie, in the order in which they are tried.

    Raises DataError if MINICNN_DATA is set but names no folder: a typing error there would otherwise pass unseen.
    """
    roots = [cache_folder()]
    if given := os.environ.get(DATA_VARIABLE):
        own = Path(os.path.expanduser(given))
        if not os.path.isdir(own):
            raise DataError(f"{DATA_VARIABLE} is {given!r}, which is no folder; correct it or unset it")
        roots.insert(0, own)
    return [folder for root in roots for folder in (root / name, root)]


def not_found(name: str, title: str, forms: str, url: str, remarks: Iterable[str]) -> DataError:
    """The error for a data set that is not on this machine.

    forms: which files would do. url: whence it is downloaded. remarks: sentences on what was found instead.
    """
    state = "is set" if os.environ.get(DATA_VARIABLE) else "is not set"
    looked = "".join(f"\n  {folder}" for folder in search_folders(name))
    module = name.replace("-", "_")
    return DataError(
        f"{title} is not on this machine. Looked ({DATA_VARIABLE} {state}) in:{looked}\n"
        + "".join(f"{remark}\n" for remark in remarks)
        + f"Either let minicnn download it from {url}:\n"
        f'  python -c "from minicnn.datasets import {module}; {module}.load_data(download=True)"\n'
        f"or put {forms} into one of these folders, or set {DATA_VARIABLE} to the folder that holds them"
    )
