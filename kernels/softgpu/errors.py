"""What can be wrong with a kernel: with its source, with a launch, or with what its threads did."""

from __future__ import annotations

from dataclasses import dataclass


class CompilerMissing(RuntimeError):
    """There is no g++ on this machine."""


class CompileError(ValueError):
    """The source is no CUDA C that g++ understands; the message is the compiler's."""


class LaunchError(TypeError):
    """A grid, a block or arguments that do not fit the kernel."""


@dataclass
class Place:
    """Where a kernel stood: `line` is "file.cu:12", or "" where nobody knows."""

    kernel: str
    block: tuple[int, int, int]
    thread: tuple[int, int, int]
    line: str

    def __str__(self) -> str:
        at = f" at {self.line}" if self.line else ""
        return f"{self.kernel}{at}, block {self.block}, thread {self.thread}"


class KernelError(RuntimeError):
    """What a kernel's threads did wrong. place: where; the message begins with it."""

    def __init__(self, place: Place, what: str) -> None:
        super().__init__(f"{place}: {what}")
        self.place = place
        self.what = what


class RaceError(KernelError):
    """Two threads touched the same memory, one of them writing, and nothing says which comes first."""


class BoundsError(KernelError):
    """An access outside of the arguments' memory, or of the shared memory that was asked for."""


class AlignmentError(KernelError):
    """A 2-, 4-, 8- or 16-byte access at an address that is no multiple of it. Hardware stops there."""


class BarrierError(KernelError):
    """A barrier that some threads of the block do not reach, or different barriers at once."""


class WarpError(KernelError):
    """A shuffle, vote or __syncwarp whose mask names lanes that do not take part."""


class TrapError(KernelError):
    """The kernel called __trap()."""


class DivisionError(KernelError):
    """A division of integers by zero. Hardware goes on with any number."""
