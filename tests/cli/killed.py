"""Runs `minicnn` and kills it, as `kill -9` does, at a chosen moment: python killed.py MOMENT FILE COUNT ARGUMENT...

When FILE is written for the COUNT-th time: "write", with half of it on the disk; "flush", with all of it in the
temporary file; "rename", before that takes the place of the old one; "after", when it has. Or "batch", in the COUNT-th
training step; FILE is then any word.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from minicnn.cli.main import main
from minicnn.training.model import Trainer

moment, file, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
written: list[str] = []


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def due() -> bool:
    """Whether FILE is being written for the COUNT-th time."""
    return bool(written) and written[-1] == file and written.count(file) == count


def watch(module: Any, name: str, before: Callable[..., Any], after: Callable[[], Any] = bool) -> None:
    """Calls `before` with the arguments, and `after`, around each call of module.name."""
    real = getattr(module, name)

    def watched(*arguments: Any, **options: Any) -> Any:
        before(*arguments, **options)
        result = real(*arguments, **options)
        after()
        return result

    setattr(module, name, watched)


def when(name: str) -> Callable[..., Any]:
    return lambda *_, **__: die() if moment == name and due() else None


watch(tempfile, "mkstemp", lambda prefix, **_: written.append(prefix.strip(".")))
watch(os, "fsync", when("flush"))
watch(os, "replace", when("rename"), when("after"))

real_open = os.fdopen


def half_open(*arguments: Any) -> Any:
    target = real_open(*arguments)
    if moment == "write" and due():
        os.write(target.fileno(), b"x" * 500)
        die()
    return target


os.fdopen = half_open  # type: ignore[assignment]

steps: list[None] = []
watch(Trainer, "_step", lambda *_: die() if moment == "batch" and len(steps) + 1 == count else steps.append(None))
main(sys.argv[4:])
