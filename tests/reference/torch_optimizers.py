"""Ten steps of each optimizer on a small least-squares problem, by Keras 3's formulas, in float64.

Where `torch.optim` says the same it takes the step; where Keras differs the formula is written out, from Keras's
documentation. Every step is: the gradient, clipped; then weight decay, decoupled; then the update.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .archive import Group

STEPS = 10
Step = Callable[[list[Tensor], list[Tensor]], None]

RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {"learning_rate": 0.1}),
    "SGD, momentum": ("SGD", {"learning_rate": 0.05, "momentum": 0.9}),
    "SGD, Nesterov": ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    "SGD, decay": ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.3}),
    "SGD, Nesterov, decay": ("SGD", {"learning_rate": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.3}),
    "SGD, norm": ("SGD", {"learning_rate": 0.1, "momentum": 0.5, "clipnorm": 1.0}),
    "SGD, value": ("SGD", {"learning_rate": 0.1, "momentum": 0.5, "clipvalue": 0.5}),
    "SGD, global norm": ("SGD", {"learning_rate": 0.1, "momentum": 0.5, "global_clipnorm": 1.0}),
    "Adam": ("Adam", {"learning_rate": 0.1}),
    "Adam, betas": ("Adam", {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.95}),
    "Adam, large epsilon": ("Adam", {"learning_rate": 0.1, "epsilon": 0.1}),
    "Adam, decay, norm": ("Adam", {"learning_rate": 0.1, "weight_decay": 0.3, "clipnorm": 0.5}),
    "RMSprop": ("RMSprop", {"learning_rate": 0.05}),
    "RMSprop, large epsilon": ("RMSprop", {"learning_rate": 0.05, "rho": 0.8, "epsilon": 0.1}),
    "RMSprop, momentum": ("RMSprop", {"learning_rate": 0.02, "momentum": 0.9}),
    "RMSprop, centered": ("RMSprop", {"learning_rate": 0.02, "centered": True, "epsilon": 1e-3}),
    "RMSprop, all": (
        "RMSprop",
        {
            "learning_rate": 0.02,
            "momentum": 0.5,
            "centered": True,
            "epsilon": 0.01,
            "weight_decay": 0.3,
            "clipvalue": 0.4,
        },
    ),
}


def optimizers() -> dict[str, Group]:
    """`optimizers.npz`: the problem, and for each run the weights after every step.

    Minimized is the mean of (x @ w + b - y)², over another batch x (6, 4), y (6, 3) at each step.
    """
    rng = np.random.Generator(np.random.PCG64(10))
    problem = {
        "x": rng.standard_normal((STEPS, 6, 4)),
        "y": rng.standard_normal((STEPS, 6, 3)) * 2,
        "w": rng.standard_normal((4, 3)),
        "b": rng.standard_normal(3),
    }
    return {"problem": Group(problem), **{name: _run(problem, *run) for name, run in RUNS.items()}}


def _run(problem: dict[str, np.ndarray], optimizer: str, options: dict[str, Any]) -> Group:
    w, b = (torch.tensor(problem[name], requires_grad=True) for name in ("w", "b"))
    step = _optimizer(optimizer, [w, b], **options)
    visited: dict[str, list[np.ndarray]] = {"w": [], "b": []}
    for x, y in zip(problem["x"], problem["y"], strict=True):
        loss = torch.nn.functional.mse_loss(torch.tensor(x) @ w + b, torch.tensor(y))
        step([w, b], list(torch.autograd.grad(loss, [w, b])))
        visited["w"].append(w.detach().numpy().copy())
        visited["b"].append(b.detach().numpy().copy())
    arrays = {name: np.stack(values) for name, values in visited.items()}
    return Group(arrays, {"optimizer": optimizer, "options": options})


def _optimizer(
    name: str,
    variables: list[Tensor],
    *,
    learning_rate: float,
    weight_decay: float = 0.0,
    clipnorm: float | None = None,
    clipvalue: float | None = None,
    global_clipnorm: float | None = None,
    **options: Any,
) -> Step:
    update = {"SGD": _sgd, "Adam": _adam, "RMSprop": _rmsprop}[name](variables, learning_rate, **options)

    def step(variables: list[Tensor], gradients: list[Tensor]) -> None:
        if clipnorm is not None:
            gradients = [g * min(1.0, clipnorm / g.norm().item()) for g in gradients]
        if global_clipnorm is not None:
            together = torch.cat([g.flatten() for g in gradients]).norm().item()
            gradients = [g * min(1.0, global_clipnorm / together) for g in gradients]
        if clipvalue is not None:
            gradients = [g.clamp(-clipvalue, clipvalue) for g in gradients]
        with torch.no_grad():
            for v in variables:
                v -= v * weight_decay * learning_rate
            update(variables, gradients)

    return step


def _sgd(variables: list[Tensor], learning_rate: float, momentum: float = 0.0, nesterov: bool = False) -> Step:
    """PyTorch's velocity is Keras's divided by -learning_rate: the same steps while the rate stays."""
    return _stepping(torch.optim.SGD(variables, learning_rate, momentum=momentum, nesterov=nesterov))


def _adam(
    variables: list[Tensor], learning_rate: float, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7
) -> Step:
    """Keras adds epsilon to sqrt(v), PyTorch to sqrt(v / (1 - beta_2^t)): PyTorch is given a larger one to match."""
    adam = torch.optim.Adam(variables, learning_rate, betas=(beta_1, beta_2))
    plain = _stepping(adam)
    steps = iter(range(1, STEPS + 1))

    def update(variables: list[Tensor], gradients: list[Tensor]) -> None:
        adam.param_groups[0]["eps"] = epsilon / (1 - beta_2 ** next(steps)) ** 0.5
        plain(variables, gradients)

    return update


def _stepping(optimizer: torch.optim.Optimizer) -> Step:
    def update(variables: list[Tensor], gradients: list[Tensor]) -> None:
        for v, g in zip(variables, gradients, strict=True):
            v.grad = g
        optimizer.step()

    return update


def _rmsprop(
    variables: list[Tensor],
    learning_rate: float,
    rho: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-7,
    centered: bool = False,
) -> Step:
    """Written out: Keras has epsilon within the root, PyTorch's outside cannot be made to agree."""
    squares, means, velocities = ([torch.zeros_like(v) for v in variables] for _ in range(3))

    def update(variables: list[Tensor], gradients: list[Tensor]) -> None:
        for i, (v, g) in enumerate(zip(variables, gradients, strict=True)):
            squares[i] = rho * squares[i] + (1 - rho) * g**2
            means[i] = rho * means[i] + (1 - rho) * g
            spread = squares[i] - means[i] ** 2 if centered else squares[i]
            velocities[i] = momentum * velocities[i] + learning_rate * g / torch.sqrt(spread + epsilon)
            v -= velocities[i]

    return update
