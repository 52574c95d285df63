from __future__ import annotations

import pytest

from minicnn import initializers, losses, metrics, optimizers
from minicnn.errors import ArgumentError
from minicnn.optimizers import Optimizer, schedules
from minicnn.registry import lookup, snake_case


def test_an_unknown_name_is_told_its_nearest_and_all_there_are() -> None:
    with pytest.raises(ArgumentError, match=r"there is no colour 'Rde'; did you mean 'red'\? Known: blue, red"):
        lookup("colour", "Rde", {"red": 1, "blue": 2})
    assert lookup("colour", "red", {"red": 1, "blue": 2}) == 1


@pytest.mark.parametrize("name", [["red"], None, 5, "x" * 10**6])
def test_strange_names_are_told_briefly(name: object) -> None:
    with pytest.raises(ArgumentError, match="there is no colour") as caught:
        lookup("colour", name, {"red": 1})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("get", "name"),
    [
        (initializers.get, "he_uniform"),
        (losses.get, "mse"),
        (metrics.get, "mae"),
        (optimizers.get, "adam"),
    ],
)
def test_names_classes_objects_and_configs(get, name: str) -> None:
    made = get(name)
    cls = type(made)
    assert get(made) is made
    assert type(get(cls)) is type(get(cls.__name__)) is cls
    assert type(get({"class_name": cls.__name__, "config": {}})) is cls
    for wrong in (5, None, {"class_name": cls.__name__}, {"class_name": "Nothing", "config": {}}, f"{name}x"):
        with pytest.raises(ArgumentError):
            get(wrong)
    for config in ({"nothing": 1}, 5, [1]):
        with pytest.raises(ArgumentError, match="cannot be made from"):
            get({"class_name": cls.__name__, "config": config})


def test_a_base_class_is_nothing_to_make() -> None:
    with pytest.raises(ArgumentError, match="optimizer 'Optimizer' cannot be made"):
        optimizers.get(Optimizer)


def test_ones_own_classes_cannot_be_saved_by_name() -> None:
    class Sgd(optimizers.SGD):
        pass

    class Flat(schedules.LearningRateSchedule):
        def __call__(self, step: int) -> float:
            return 0.1

    with pytest.raises(ArgumentError, match=r"the optimizer .* is of a class of your own"):
        optimizers.serialize(Sgd())
    with pytest.raises(ArgumentError, match=r"the learning-rate schedule .* is of a class of your own"):
        optimizers.serialize(optimizers.SGD(Flat()))


@pytest.mark.parametrize(
    ("class_name", "snake"),
    [
        ("Conv2D", "conv2d"),
        ("Conv2DTranspose", "conv2d_transpose"),
        ("DepthwiseConv2D", "depthwise_conv2d"),
        ("MaxPooling2D", "max_pooling2d"),
        ("BatchNormalization", "batch_normalization"),
        ("UpSampling2D", "up_sampling2d"),
        ("ZeroPadding2D", "zero_padding2d"),
        ("SparseCategoricalAccuracy", "sparse_categorical_accuracy"),
        ("GlobalAveragePooling2D", "global_average_pooling2d"),
    ],
)
def test_names_are_those_that_keras_gives(class_name: str, snake: str) -> None:
    assert snake_case(class_name) == snake
