"""Downloading one file: received into a temporary file, verified there, and only then given its name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path

from minicnn.errors import DataError, OutputError

MIRROR_VARIABLE = "MINICNN_MIRROR"
"""The environment variable that replaces the official servers: files are fetched from <mirror>/<data set>/<file>."""

TIMEOUT_SECONDS = 30.0
"""How long a server may keep silent, at connecting and between any two blocks."""

_BLOCK = 2**18


def source_url(name: str, file: str, official: str) -> str:
    """Where to fetch `file` of data set `name`: from folder `official`, or from the mirror if one is set.

    Raises DataError if the address is not of the web: `urllib` would read local files from a `file:` address, too.
    """
    mirror = os.environ.get(MIRROR_VARIABLE)
    url = f"{mirror.rstrip('/')}/{name}/{file}" if mirror else f"{official.rstrip('/')}/{file}"
    if not url.startswith(("http://", "https://")):
        raise DataError(f"{MIRROR_VARIABLE} is {mirror!r}; expected an address that begins with http:// or https://")
    return url


def fetch(url: str, destination: Path, *, max_bytes: int, verify: Callable[[Path], object]) -> None:
    """Downloads `url` to the file `destination`, making its folder if need be.

    verify: is called with the temporary file and raises DataError if that is not what was wanted.
    Whatever goes wrong, `destination` stays as it was and the temporary file is removed. Several processes may fetch
    the same file at once: each renames a complete one into place.
    Raises DataError for no connection, silence, an HTTP error, a truncated body, one past `max_bytes`, or one that
    `verify` refuses; OutputError if the folder cannot be written to.
    """
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f"{destination.name}.", suffix=".part", dir=destination.parent)
    except OSError as error:
        raise _unwritable(destination, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            for block in _blocks(url, max_bytes):
                file.write(block)
        verify(temporary)
        os.replace(temporary, destination)
    except OSError as error:
        raise _unwritable(destination, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _blocks(url: str, max_bytes: int) -> Iterator[bytes]:
    """The body of `url`, block by block; every fault of the network or the server becomes a DataError."""
    # Imported here: urllib.request takes longer to import than all of minicnn.datasets, and few runs download.
    import urllib.error
    import urllib.request

    request = urllib.request.Request(url, headers={"User-Agent": "minicnn"})
    received = 0
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            declared = response.headers.get("Content-Length", "")
            while block := response.read(_BLOCK):
                received += len(block)
                if received > max_bytes:
                    raise DataError(f"{url}: sends more than the {max_bytes:,} bytes expected: not the right file")
                yield block
    except urllib.error.HTTPError as error:
        with error:
            raise DataError(f"{url}: the server answered {error.code} {error.reason}; {_ADVICE}") from error
    except (OSError, HTTPException) as error:
        # URLError (an OSError) wraps what went wrong while connecting; later faults arrive as they are.
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            raise DataError(f"{url}: no answer within {TIMEOUT_SECONDS:g} seconds; {_ADVICE}") from error
        raise DataError(f"{url}: no connection, or a broken one ({reason}); {_ADVICE}") from error
    # http.client does not complain when a connection closes early during a read of limited size.
    if declared.isdigit() and received < int(declared):
        raise DataError(f"{url}: the connection ended after {received:,} of {int(declared):,} bytes; {_ADVICE}")


_ADVICE = f"try again later, or set {MIRROR_VARIABLE} to another server; nothing was kept"


def _unwritable(destination: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{destination}: cannot be written: {error.strerror or error}; free or unlock the folder, "
        "or put the files into another one and set MINICNN_DATA to it"
    )
