"""Keras's `preprocessing.image`; everything lives in `minicnn.data`."""

from minicnn.data.image_generator import ImageDataGenerator
from minicnn.data.pictures import array_to_img, img_to_array, load_img, save_img, smart_resize

__all__ = ["ImageDataGenerator", "array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]
