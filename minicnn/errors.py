"""Every exception that minicnn raises on purpose: one base to catch, one class for each kind of mistake.

Each class also derives from the built-in that Python users expect (`ValueError`, `TypeError`, ...), so
`except ValueError` keeps working. Messages name the argument, what was given, what was expected and what to do.
"""

from __future__ import annotations


class MinicnnError(Exception):
    """The base of all of them: `except MinicnnError` catches what minicnn found wrong, and no bug of its own."""


class ArgumentError(MinicnnError, ValueError):
    """An argument has a value that makes no sense: a negative stride, a rate of 2, an unknown name."""


class ShapeError(MinicnnError, ValueError):
    """Arrays whose shapes do not fit the operator, the layer or one another."""


class DTypeError(MinicnnError, TypeError):
    """An array of the wrong element type: integers where floats are needed, float32 mixed with float64."""


class DataError(MinicnnError, ValueError):
    """Data that cannot be used: a damaged or missing file, labels out of range, NaN pixels, no images at all."""


class CheckpointError(MinicnnError, ValueError):
    """A saved model or run that cannot be read, or that belongs to another model."""


class OutputError(MinicnnError, OSError):
    """A place that cannot be written to."""


class BackendError(MinicnnError, RuntimeError):
    """A backend that is unknown or cannot run on this machine; the message says why."""


class DeviceError(MinicnnError, TypeError):
    """Arrays that live in different places, one in main memory and one on a GPU; `.to(...)` moves them."""


class StateError(MinicnnError, RuntimeError):
    """A call that came too early or too late: `fit` before `compile`, `backward` on a released graph."""


class OutOfMemoryError(MinicnnError, MemoryError):
    """A device whose memory does not suffice; the message says what was asked for and what is held."""


class NonFiniteError(MinicnnError, ArithmeticError):
    """A loss, activation or gradient became NaN or infinite; the message names the layer and the step."""


class GradientError(MinicnnError, AssertionError):
    """A gradient that disagrees with finite differences."""
