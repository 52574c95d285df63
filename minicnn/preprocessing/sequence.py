"""Keras's older place of `pad_sequences`."""

from minicnn.data.sequences import pad_sequences

__all__ = ["pad_sequences"]
