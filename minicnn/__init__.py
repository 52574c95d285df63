"""minicnn: a convolutional-network engine to read, to check and to race.

The public vocabulary is Keras 3's (`Sequential`, `layers.Conv2D`, `fit`); beneath it are `Tensor` and `ops`, where
every operator stands beside its hand-derived gradient.
"""

from minicnn import (
    activations,
    backend,
    callbacks,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    preprocessing,
    regularizers,
    utils,
)
from minicnn.backends import get_num_threads, set_num_threads, use_backend
from minicnn.errors import MinicnnError
from minicnn.gradient_check import gradcheck
from minicnn.layers import Input, Layer, Variable
from minicnn.losses import Loss
from minicnn.metrics import Metric
from minicnn.models import Ensemble, Model, Sequential, plot_model
from minicnn.optimizers import Optimizer
from minicnn.plan import fusing
from minicnn.random import set_random_seed
from minicnn.tensor import Tensor, no_grad
from minicnn.training.cross_validation import cross_validate
from minicnn.training.rate_finder import find_learning_rate
from minicnn.training.repetition import repeating

__version__ = "0.1.0"

__all__ = [
    "Ensemble",
    "Input",
    "Layer",
    "Loss",
    "Metric",
    "MinicnnError",
    "Model",
    "Optimizer",
    "Sequential",
    "Tensor",
    "Variable",
    "activations",
    "backend",
    "callbacks",
    "constraints",
    "cross_validate",
    "datasets",
    "find_learning_rate",
    "fusing",
    "get_num_threads",
    "gradcheck",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "no_grad",
    "ops",
    "optimizers",
    "plot_model",
    "preprocessing",
    "regularizers",
    "repeating",
    "set_num_threads",
    "set_random_seed",
    "use_backend",
    "utils",
]
