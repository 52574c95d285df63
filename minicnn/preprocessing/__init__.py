"""Keras's `preprocessing`, as its courses import it: `from minicnn.preprocessing.image import ImageDataGenerator`."""

from minicnn.data.directory import image_dataset_from_directory
from minicnn.preprocessing import image, sequence

__all__ = ["image", "image_dataset_from_directory", "sequence"]
