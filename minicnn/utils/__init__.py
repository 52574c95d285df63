"""Keras's `utils`, as its courses import them; everything lives in the rooms that it is imported from."""

from minicnn.backend import clear_session
from minicnn.data.directory import image_dataset_from_directory
from minicnn.data.labels import balanced_class_weight, to_categorical
from minicnn.data.normalize import normalize
from minicnn.data.pictures import array_to_img, img_to_array, load_img, save_img
from minicnn.data.py_dataset import PyDataset
from minicnn.data.sequences import pad_sequences
from minicnn.data.split import stratified_split
from minicnn.models.plotting import plot_model
from minicnn.random import set_random_seed

Sequence = PyDataset  # its older name

__all__ = [
    "PyDataset",
    "Sequence",
    "array_to_img",
    "balanced_class_weight",
    "clear_session",
    "image_dataset_from_directory",
    "img_to_array",
    "load_img",
    "normalize",
    "pad_sequences",
    "plot_model",
    "save_img",
    "set_random_seed",
    "stratified_split",
    "to_categorical",
]
