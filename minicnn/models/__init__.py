"""Models, as people import them: `from minicnn import models`. The top of floor 4: structure and training in one."""

from minicnn.models.ensemble import Ensemble
from minicnn.models.loading import clone_model, from_config, load_model, load_training, model_from_json
from minicnn.models.model import Model
from minicnn.models.plotting import plot_model
from minicnn.models.saving import save_model, save_training
from minicnn.models.sequential import Sequential

__all__ = [
    "Ensemble",
    "Model",
    "Sequential",
    "clone_model",
    "from_config",
    "load_model",
    "load_training",
    "model_from_json",
    "plot_model",
    "save_model",
    "save_training",
]
