"""Keras's `backend`, as far as its courses ask it anything. What computes here are `minicnn.backends`."""

from __future__ import annotations


def clear_session(free_memory: bool = True) -> None:
    """Does nothing, and may be called: there is no session. A model lasts as long as somebody holds it."""


def floatx() -> str:
    """The element type that layers have unless they are told otherwise: "float32"."""
    return "float32"


def image_data_format() -> str:
    """Where the channels of an image are: "channels_last"."""
    return "channels_last"


def epsilon() -> float:
    """How far from 0 and 1 losses keep a probability before they take its logarithm: 1e-7."""
    return 1e-7
