"""How weights start. An initializer is called with a shape and gives an array; the same object gives the same array.

Names and defaults are Keras 3's. `fan_in` is the number of inputs that one output sums over, `fan_out` the number of
outputs that one input reaches: for a kernel (R, S, C, K), R·S·C and R·S·K.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minicnn import random
from minicnn.errors import ArgumentError
from minicnn.ops.checks import check_number
from minicnn.registry import from_identifier, to_identifier

Shape = tuple[int, ...]


class Initializer:
    """The base: subclasses say how to fill a shape."""

    def __call__(self, shape: Shape, dtype: Any = "float32") -> np.ndarray:
        """A new array of this shape and dtype."""
        raise TypeError(f"{type(self).__name__} must define __call__(shape, dtype)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, ready for JSON."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}


class Zeros(Initializer):
    """All zeros."""

    def __call__(self, shape: Shape, dtype: Any = "float32") -> np.ndarray:
        """zeros (shape)."""
        return np.zeros(shape, dtype)


class Ones(Initializer):
    """All ones."""

    def __call__(self, shape: Shape, dtype: Any = "float32") -> np.ndarray:
        """ones (shape)."""
        return np.ones(shape, dtype)


class Constant(Initializer):
    """One value everywhere."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = check_number("Constant", "value", value)

    def __call__(self, shape: Shape, dtype: Any = "float32") -> np.ndarray:
        """value (shape)."""
        return np.full(shape, self.value, dtype)


class Identity(Initializer):
    """gain on the diagonal, 0 elsewhere: only for matrices."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = check_number("Identity", "gain", gain)

    def __call__(self, shape: Shape, dtype: Any = "float32") -> np.ndarray:
        """gain · identity (rows, columns). Raises ArgumentError for another number of axes."""
        if len(shape) != 2:
            raise ArgumentError(f"Identity makes matrices, (rows, columns), it was asked for shape {shape}")
        return np.eye(*shape, dtype=dtype) * np.dtype(dtype).type(self.gain)


class RandomInitializer(Initializer):
    """The base of those that draw: `seed` fixes the array; without one it is drawn once, when the object is made.

    A drawn seed is no part of the config: a model that is made again from its architecture starts anew.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = None if seed is None else random.as_key(seed).seed
        self._own_seed = random.fresh_seed() if self.seed is None else self.seed

    def _rng(self) -> np.random.Generator:
        return random.generator(self._own_seed)

    def _number(self, name: str, value: Any, least: float = -math.inf) -> float:
        return check_number(type(self).__name__, name, value, least)


class RandomNormal(RandomInitializer):
    """Normally distributed."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = self._number("mean", mean), self._number("stddev", stddev, least=0)

    def __call__(self, shape: Shape, dtype: Any = "float32") -> np.ndarray:
        """normal(mean, stddev) (shape)."""
        return self._rng().normal(self.mean, self.stddev, shape).astype(dtype)


class RandomUniform(RandomInitializer):
    """Uniform between minval and maxval."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.minval = self._number("minval", minval)
        self.maxval = self._number("maxval", maxval, least=self.minval)

    def __call__(self, shape: Shape, dtype: Any = "float32") -> np.ndarray:
        """uniform(minval, maxval) (shape)."""
        return self._rng().uniform(self.minval, self.maxval, shape).astype(dtype)


class TruncatedNormal(RandomInitializer):
    """Normally distributed, drawn again where it falls more than two standard deviations from the mean."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = self._number("mean", mean), self._number("stddev", stddev, least=0)

    def __call__(self, shape: Shape, dtype: Any = "float32") -> np.ndarray:
        """truncated normal(mean, stddev) (shape)."""
        return (self.mean + self.stddev * _truncated_normal(self._rng(), shape)).astype(dtype)


class Orthogonal(RandomInitializer):
    """A matrix with orthonormal rows or columns, whichever are fewer; kernels are flattened to (R·S·C, K).

    Source: Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning (2014).
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = self._number("gain", gain)

    def __call__(self, shape: Shape, dtype: Any = "float32") -> np.ndarray:
        """gain · orthonormal (shape)."""
        if len(shape) < 2:
            raise ArgumentError(f"Orthogonal needs a shape of at least two axes, got {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(self._rng().standard_normal((max(rows, columns), min(rows, columns))))
        q *= np.sign(np.diag(r))  # makes the distribution uniform over orthogonal matrices
        return (self.gain * (q if rows >= columns else q.T)).reshape(shape).astype(dtype)


class VarianceScaling(RandomInitializer):
    """Random with a variance of scale / fan, so that signals neither grow nor fade from layer to layer."""

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ArgumentError(f"VarianceScaling: mode must be fan_in, fan_out or fan_avg, got {mode!r}")
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise ArgumentError(
                "VarianceScaling: distribution must be truncated_normal, untruncated_normal or uniform, "
                f"got {distribution!r}"
            )
        self.scale, self.mode, self.distribution = self._number("scale", scale, least=0), mode, distribution

    def __call__(self, shape: Shape, dtype: Any = "float32") -> np.ndarray:
        """Mean 0, variance scale / fan (shape)."""
        fan_in, fan_out = fans(shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        stddev = math.sqrt(self.scale / max(1.0, fan))
        rng = self._rng()
        if self.distribution == "uniform":
            limit = math.sqrt(3.0) * stddev
            return rng.uniform(-limit, limit, shape).astype(dtype)
        if self.distribution == "untruncated_normal":
            return rng.normal(0.0, stddev, shape).astype(dtype)
        # Cutting off the tails beyond two standard deviations leaves 0.8796 of the deviation: made up for here.
        return (_truncated_normal(rng, shape) * (stddev / 0.87962566103423978)).astype(dtype)


class _Scaled(VarianceScaling):
    settings: tuple[float, str, str]

    def __init__(self, seed: int | None = None) -> None:
        scale, mode, distribution = self.settings
        super().__init__(scale, mode, distribution, seed)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"seed": self.seed}


class GlorotUniform(_Scaled):
    """Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward networks (2010)."""

    settings = 1.0, "fan_avg", "uniform"


class GlorotNormal(_Scaled):
    """Source: as GlorotUniform."""

    settings = 1.0, "fan_avg", "truncated_normal"


class HeUniform(_Scaled):
    """Source: He, Zhang, Ren and Sun, Delving deep into rectifiers (2015)."""

    settings = 2.0, "fan_in", "uniform"


class HeNormal(_Scaled):
    """Source: as HeUniform."""

    settings = 2.0, "fan_in", "truncated_normal"


class LecunUniform(_Scaled):
    """Source: LeCun, Bottou, Orr and Müller, Efficient backprop (1998)."""

    settings = 1.0, "fan_in", "uniform"


class LecunNormal(_Scaled):
    """Source: as LecunUniform."""

    settings = 1.0, "fan_in", "truncated_normal"


# Keras has them by these names, too.
zeros, ones, constant, identity = Zeros, Ones, Constant, Identity
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling, orthogonal, OrthogonalInitializer = VarianceScaling, Orthogonal, Orthogonal
glorot_uniform, glorot_normal, he_uniform, he_normal = GlorotUniform, GlorotNormal, HeUniform, HeNormal
lecun_uniform, lecun_normal, IdentityInitializer = LecunUniform, LecunNormal, Identity

_KNOWN: dict[str, type[Initializer]] = {
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "identity": Identity,
    "random_normal": RandomNormal,
    "random_uniform": RandomUniform,
    "truncated_normal": TruncatedNormal,
    "orthogonal": Orthogonal,
    "variance_scaling": VarianceScaling,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
}


def get(identifier: Any) -> Initializer:
    """An initializer from its name, class, config, or as it is. Raises ArgumentError for an unknown one."""
    return from_identifier("initializer", identifier, Initializer, _KNOWN)


def serialize(initializer: Initializer) -> dict[str, Any]:
    """{"class_name", "config"} of an initializer. Raises ArgumentError for one of your own: it cannot be saved."""
    return to_identifier("initializer", initializer, _KNOWN)


def fans(shape: Shape) -> tuple[float, float]:
    """(fan_in, fan_out) of weights of this shape."""
    if len(shape) < 2:
        n = float(shape[0]) if shape else 1.0
        return n, n
    taps = math.prod(shape[:-2])
    return float(taps * shape[-2]), float(taps * shape[-1])


def _truncated_normal(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    values = rng.standard_normal(shape)
    while (outside := np.abs(values) > 2).any():
        values[outside] = rng.standard_normal(int(outside.sum()))
    return values
