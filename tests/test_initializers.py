from __future__ import annotations

import json
import math

import numpy as np
import pytest

from minicnn import initializers, layers, set_random_seed
from minicnn.errors import ArgumentError
from minicnn.initializers import Initializer, fans

SHAPE = (3, 3, 40, 60)  # fans 360 and 540
RANDOM = [
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "orthogonal",
    "variance_scaling",
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
]


def test_fans_count_what_is_summed_over() -> None:
    assert fans(SHAPE) == (360, 540)
    assert fans((7, 11)) == (7, 11)
    assert fans((5,)) == (5, 5)
    assert fans(()) == (1, 1)


def test_constants() -> None:
    np.testing.assert_array_equal(initializers.Zeros()((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(initializers.Ones()((2,)), [1, 1])
    np.testing.assert_array_equal(initializers.Constant(0.5)((2,)), [0.5, 0.5])


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("random_normal", 0.05**2),
        ("random_uniform", 0.1**2 / 12),
        ("truncated_normal", (0.05 * 0.87962566) ** 2),  # what cutting off beyond two deviations leaves
        ("variance_scaling", 1 / 360),
        ("glorot_uniform", 2 / (360 + 540)),
        ("glorot_normal", 2 / (360 + 540)),
        ("he_uniform", 2 / 360),
        ("he_normal", 2 / 360),
        ("lecun_uniform", 1 / 360),
        ("lecun_normal", 1 / 360),
        ("orthogonal", 1 / 360),  # orthonormal columns of 360 numbers
    ],
)
def test_mean_and_variance(name: str, variance: float) -> None:
    set_random_seed(1)
    values = initializers.get(name)(SHAPE, "float64")
    n = values.size
    assert abs(values.mean()) < 5 * math.sqrt(variance / n)
    assert abs(values.var() / variance - 1) < 5 * math.sqrt(2 / n)  # a normal's kurtosis; the others' is smaller


@pytest.mark.parametrize(
    ("name", "bound"), [("glorot_uniform", math.sqrt(6 / 900)), ("he_uniform", math.sqrt(6 / 360))]
)
def test_uniform_ones_fill_their_interval(name: str, bound: float) -> None:
    values = initializers.get(name)(SHAPE)
    assert 0.999 * bound < np.abs(values).max() <= bound * (1 + 1e-6)


def test_truncated_ones_stay_within_two_deviations() -> None:
    values = initializers.TruncatedNormal(mean=3, stddev=0.1)((100, 100), "float64")
    assert 0.19 < np.abs(values - 3).max() <= 0.2
    wide = initializers.HeNormal()(SHAPE, "float64")
    assert np.abs(wide).max() <= 2 * math.sqrt(2 / 360) / 0.87962566


@pytest.mark.parametrize("shape", [(6, 6), (3, 2, 4, 10), (2, 5, 40)], ids=str)
def test_orthogonal(shape: tuple[int, ...]) -> None:
    matrix = initializers.Orthogonal(gain=2)(shape, "float64").reshape(-1, shape[-1])
    product = matrix.T @ matrix if len(matrix) >= shape[-1] else matrix @ matrix.T
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


@pytest.mark.parametrize("name", RANDOM)
def test_the_same_object_gives_the_same_array_and_another_object_another(name: str) -> None:
    first, second = initializers.get(name), initializers.get(name)
    np.testing.assert_array_equal(first((5, 4)), first((5, 4)))
    assert not np.array_equal(first((5, 4)), second((5, 4)))


@pytest.mark.parametrize("name", RANDOM)
def test_seeds(name: str) -> None:
    cls = type(initializers.get(name))
    np.testing.assert_array_equal(cls(seed=7)((5, 4)), cls(seed=7)((5, 4)))
    assert not np.array_equal(cls(seed=7)((5, 4)), cls(seed=8)((5, 4)))

    def drawn() -> np.ndarray:
        set_random_seed(3)
        return initializers.get(name)((5, 4))

    np.testing.assert_array_equal(drawn(), drawn())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [*RANDOM, "zeros", "ones", "constant"])
def test_shape_and_dtype(name: str, dtype: str) -> None:
    values = initializers.get(name)((2, 3, 4), dtype)
    assert values.shape == (2, 3, 4)
    assert values.dtype == dtype


@pytest.mark.parametrize("name", [*RANDOM, "zeros", "ones", "constant"])
def test_config_round_trip(name: str) -> None:
    cls = type(initializers.get(name))
    made = cls() if name in ("zeros", "ones", "constant") else cls(seed=9)
    again = initializers.get(json.loads(json.dumps(initializers.serialize(made))))
    assert type(again) is cls
    np.testing.assert_array_equal(again((3, 4)), made((3, 4)))


def test_a_seed_that_was_drawn_is_no_part_of_the_config() -> None:
    """Else every model made from one architecture file would start from the same weights, whatever the seed."""
    made = initializers.HeNormal()
    again = initializers.get(initializers.serialize(made))
    assert not np.array_equal(again((3, 4)), made((3, 4)))


def test_layers_take_names_classes_and_objects() -> None:
    for given in ("he_normal", "HeNormal", initializers.HeNormal, initializers.HeNormal(seed=1)):
        assert isinstance(layers.Dense(2, kernel_initializer=given).kernel_initializer, initializers.HeNormal)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: initializers.get("he_norml"), "no initializer 'he_norml'; did you mean 'he_normal'"),
        (lambda: initializers.get(None), "initializer must be a name or a Initializer, got None"),
        (lambda: initializers.get({"class_name": "Constant", "config": {"values": 1}}), "cannot be made from"),
        (lambda: initializers.Constant("1"), "Constant: value must be a finite number, got '1'"),
        (lambda: initializers.RandomNormal(stddev=-1), "RandomNormal: stddev must be at least 0, got -1"),
        (lambda: initializers.RandomUniform(1, 0), "RandomUniform: maxval must be at least 1, got 0"),
        (lambda: initializers.VarianceScaling(scale=-2), "VarianceScaling: scale must be at least 0"),
        (lambda: initializers.VarianceScaling(mode="fan"), "mode must be fan_in, fan_out or fan_avg, got 'fan'"),
        (lambda: initializers.VarianceScaling(distribution="normal"), "distribution must be truncated_normal"),
        (lambda: initializers.Orthogonal(gain=None), "Orthogonal: gain must be a finite number"),
        (lambda: initializers.HeNormal(seed=-1), "seed must be a whole number"),
        (lambda: initializers.Orthogonal()((3,)), "Orthogonal needs a shape of at least two axes"),
    ],
)
def test_what_makes_no_sense(make, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


def test_one_of_ones_own_works_and_cannot_be_saved() -> None:
    class Halves(Initializer):
        def __call__(self, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
            return np.full(shape, 0.5, dtype)

    layer = layers.Dense(2, kernel_initializer=Halves())
    np.testing.assert_array_equal(layer(np.ones((1, 4))).data, [[2, 2]])
    with pytest.raises(ArgumentError, match="of a class of your own"):
        layer.get_config()


def test_identity_has_its_gain_on_the_diagonal() -> None:
    assert initializers.Identity(2.0)((2, 3)).tolist() == [[2, 0, 0], [0, 2, 0]]
    assert initializers.get("identity")((2, 2), "float64").dtype == np.float64
    with pytest.raises(ArgumentError, match=r"Identity makes matrices, .rows, columns., .* shape \(3, 3, 1, 1\)"):
        initializers.Identity()((3, 3, 1, 1))
