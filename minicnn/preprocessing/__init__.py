"""Keras's `preprocessing`, as its courses import it: `from minicnn.preprocessing.image import ImageDataGenerator`."""

from minicnn.preprocessing import image

__all__ = ["image"]
