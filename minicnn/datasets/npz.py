"""Reading `.npz` files of strangers: no pickle, no bombs, and every damage told as a DataError."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from minicnn.datasets.limits import refuse_bomb
from minicnn.errors import DataError


def read_npz(
    path: Path, required: Collection[str], optional: Collection[str] = (), *, name: str | None = None
) -> dict[str, NDArray[Any]]:
    """The arrays of an `.npz` file by name: all `required` ones, and those of `optional` that it has.

    Each array's header is compared with the size that the zip directory gives, and both with `limits`, before memory
    is taken; arrays that nobody asked for are never unpacked. Arrays of Python objects are refused, because reading
    them means running whatever code their pickle contains. `name` is what messages call the file, if not its path.
    Raises DataError for a file that cannot be opened, is no zip, lacks an array, or is damaged or a bomb.
    """
    name = name or str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            held = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            if missing := [key for key in required if key not in held]:
                raise DataError(
                    f"{name}: has no array {', '.join(missing)}; it holds {', '.join(held) or 'nothing'}. "
                    f"Write it with np.savez({path.name!r}, {', '.join(f'{key}=...' for key in required)})"
                )
            wanted = [held[key] for key in (*required, *optional) if key in held]
            refuse_bomb(name, sum(e.compress_size for e in wanted), sum(e.file_size for e in wanted))
            return {entry.filename.removesuffix(".npy"): _read_member(archive, entry, name) for entry in wanted}
    except (DataError, MemoryError):
        raise
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # fed with garbage, zipfile and NumPy's header parser raise more than they document
        raise DataError(f"{name}: is no .npz file, or a damaged one ({error}); write it again with np.savez") from error


def _read_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> NDArray[Any]:
    """One array of the archive, after its header has proved honest."""
    with archive.open(entry) as member:
        dtype, expected = _declared(member)
        present = entry.file_size - member.tell()
    if dtype.hasobject:
        raise DataError(
            f"{name}: array {entry.filename} holds pickled Python objects, which minicnn never reads: unpickling runs "
            "code from the file. Save numbers instead, e.g. np.asarray(labels, dtype=np.int64)"
        )
    if expected != present:
        raise DataError(
            f"{name}: array {entry.filename} declares {expected:,} bytes of values and has {present:,}: "
            "the file is damaged; write it again with np.savez"
        )
    with archive.open(entry) as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _declared(member: IO[bytes]) -> tuple[np.dtype[Any], int]:
    """The type of an `.npy` stream and the number of bytes its values take; leaves the stream at the first value."""
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(member)
    else:  # 3.0 exists for records with Unicode field names only
        raise ValueError(f"an .npy header of version {version}, expected a plain array's (1, 0) or (2, 0)")
    return dtype, math.prod(shape) * dtype.itemsize
