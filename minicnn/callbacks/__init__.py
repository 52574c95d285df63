"""Callbacks: what may watch a training, change it and end it. Names, arguments and defaults are Keras 3's.

base              the moments
listing           several callbacks as one
history, curves   what a training came to, and its picture
monitor           the base of those that wait for a number to improve
"""

from minicnn.callbacks.backup import BackupAndRestore
from minicnn.callbacks.base import Callback, Logs
from minicnn.callbacks.csv_logger import CSVLogger
from minicnn.callbacks.early_stopping import EarlyStopping
from minicnn.callbacks.history import History
from minicnn.callbacks.lambda_callback import LambdaCallback
from minicnn.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from minicnn.callbacks.listing import CallbackList
from minicnn.callbacks.model_checkpoint import ModelCheckpoint
from minicnn.callbacks.optuna_pruning import OptunaPruning
from minicnn.callbacks.progress import ProgbarLogger
from minicnn.callbacks.tensorboard import TensorBoard
from minicnn.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "Logs",
    "ModelCheckpoint",
    "OptunaPruning",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TensorBoard",
    "TerminateOnNaN",
]
