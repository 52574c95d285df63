"""The same training step by everyone: loss, gradients, and SGD with momentum on a batch that lies in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn import losses, optimizers, use_backend
from minicnn.benchmarks.nets import Net, keras_model, minicnn_model, torch_model
from minicnn.benchmarks.opponents import LAYOUTS
from minicnn.models import Model

RATE, MOMENTUM = 0.01, 0.9


def examples(net: Net, batches: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Noise, and labels by chance: (batches · batch, height, width, channels) and (batches · batch,)."""
    rng = np.random.Generator(np.random.PCG64(0))
    n = batches * net.batch
    return rng.standard_normal((n, *net.image), dtype=np.float32), rng.integers(0, net.classes, n)


def compiled_model(net: Net) -> Model:
    """The network in minicnn, ready to train."""
    model = minicnn_model(net)
    model.compile(optimizers.SGD(RATE, momentum=MOMENTUM), losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def minicnn_step(model: Model, x: np.ndarray, y: np.ndarray, backend: str = "numba") -> Callable[[], object]:
    """`train_on_batch`, on a backend."""

    def step() -> Any:
        with use_backend(backend):
            return model.train_on_batch(x, y)

    return step


def torch_batch(x: np.ndarray, y: np.ndarray, layout: str) -> tuple[Any, Any]:
    """The same images and labels as PyTorch wants them, in one of LAYOUTS."""
    import torch

    images = torch.from_numpy(x.transpose(0, 3, 1, 2).copy())
    return images.to(memory_format=getattr(torch, LAYOUTS[layout])), torch.from_numpy(y)


def torch_trainer(net: Net, layout: str) -> Callable[[Any, Any], float]:
    """PyTorch eager with its fused optimizer: a function of images and labels that does a step."""
    import torch

    model = torch_model(net).to(memory_format=getattr(torch, LAYOUTS[layout]))
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM, fused=True)

    def step(images: Any, labels: Any) -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def torch_step(net: Net, x: np.ndarray, y: np.ndarray, layout: str) -> Callable[[], object]:
    """PyTorch on one batch, in one of LAYOUTS."""
    batch, step = torch_batch(x, y, layout), torch_trainer(net, layout)
    return lambda: step(*batch)


def keras_epoch(net: Net, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    """One epoch of Keras's `fit`."""
    import keras

    model = keras_model(net)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(RATE, momentum=MOMENTUM), loss)
    return lambda: model.fit(x, y, batch_size=net.batch, verbose=0)
