"""Every argument of every layer comes back from its config: none of them may be forgotten."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from minicnn import layers, ops
from minicnn.layers import Layer, deserialize, serialize
from minicnn.layers.arguments import LayerOptions
from minicnn.registry import knowing

EXPORTED = {name: c for name, c in vars(layers).items() if isinstance(c, type) and issubclass(c, Layer)}
CLASSES = sorted({c for name, c in EXPORTED.items() if name in layers.__all__} - {Layer}, key=lambda c: c.__name__)

# What no default is, argument by argument; where a layer wants another, it says so below.
OTHERS: dict[str, Any] = {
    "activation": "elu",
    "algorithm": "direct",
    "alpha": 0.5,
    "antialias": True,
    "axes": -1,
    "axis": 1,
    "ceil_mode": True,
    "center": False,
    "crop_to_aspect_ratio": True,
    "cropping": 2,
    "depth_multiplier": 3,
    "dilation_rate": 2,
    "epsilon": 0.125,
    "factor": 0.25,
    "fill_mode": "wrap",
    "fill_value": 2.0,
    "filters": 4,
    "groups": 2,
    "height": 3,
    "height_factor": 0.5,
    "input_dim": 5,
    "interpolation": "nearest",
    "invert": True,
    "keepdims": True,
    "kernel_size": 3,
    "max_value": 6.0,
    "mean": 1.0,
    "mode": "vertical",
    "momentum": 0.5,
    "n": 3,
    "negative_slope": 0.5,
    "normalize": True,
    "offset": 2.0,
    "output_dim": 3,
    "output_padding": 1,
    "padding": "same",
    "pool_size": 4,
    "rate": 0.25,
    "scale": 2.0,
    "seed": 7,
    "shared_axes": (1,),
    "size": 3,
    "stddev": 0.5,
    "strides": 3,
    "target_shape": (2, 2),
    "threshold": 0.5,
    "units": 3,
    "use_bias": False,
    "value_range": (0.0, 1.0),
    "variance": 4.0,
    "width": 5,
    "width_factor": 0.5,
}
OF_ITS_OWN: dict[str, dict[str, Any]] = {
    "AveragePooling2D": {"padding": "valid"},
    "BatchNormalization": {"scale": False},
    "Lambda": {"function": ops.elu, "output_shape": (3,), "arguments": {"alpha": 0.5}},
    "InputLayer": {"shape": (3, 2), "dtype": "int32"},
    "MaxPooling2D": {"padding": "valid"},
    "Operation": {"operator": "relu", "arguments": [{"tensor": 0}], "options": {"negative_slope": 0.5}},
    "Permute": {"dims": (2, 1)},
    "Resizing": {"fill_mode": "constant", "pad_to_aspect_ratio": False},
    "UpSampling2D": {"interpolation": "bilinear"},
    "ZeroPadding1D": {"padding": 2},
    "ZeroPadding2D": {"padding": 2},
}

# Arguments that only go without another one, or take one value.
AT_REST = {("Resizing", "fill_mode"), ("Resizing", "pad_to_aspect_ratio")}
AT_REST |= {("AveragePooling2D", "padding"), ("MaxPooling2D", "padding")}
BY_ENDING = {"initializer": "he_normal", "regularizer": "l1", "constraint": "non_neg"}
EVERYWHERE = {"name": "mine", "dtype": "float64", "trainable": False, "activity_regularizer": "l2"}


def own_arguments(cls: type[Layer]) -> dict[str, Any]:
    """The arguments that a layer does not share with all others, each with a value that is not its default."""
    parameters = inspect.signature(cls).parameters.values()
    known = {**OTHERS, **OF_ITS_OWN.get(cls.__name__, {})}
    names = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD and p.name not in LayerOptions.__annotations__]
    return {name: known[name] if name in known else BY_ENDING[name.rsplit("_", 1)[-1]] for name in names}


def takes_options(cls: type[Layer]) -> bool:
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(cls).parameters.values())


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
def test_every_argument_comes_back_from_json(cls: type[Layer]) -> None:
    own = own_arguments(cls)
    for name, p in inspect.signature(cls).parameters.items():
        assert name not in own or (cls.__name__, name) in AT_REST or own[name] != p.default, "a default shows nothing"
    layer = cls(**own, **(EVERYWHERE if takes_options(cls) else {}))
    config = layer.get_config()
    assert set(own) <= set(config), "an argument is not in the config"
    written = json.loads(json.dumps(serialize(layer)))
    with knowing({"elu": ops.elu}):
        again = deserialize(written)
        assert type(again) is cls
        assert json.loads(json.dumps(serialize(again))) == written
        for name in own:
            if (cls.__name__, name) not in AT_REST and name not in required(cls):
                plain = cls(**{n: value for n, value in own.items() if n != name})
                assert plain.get_config()[name] != config[name], f"{name} made no difference"
    if takes_options(cls):
        assert (again.name, again.dtype, again.trainable) == ("mine", "float64", False)
        assert again.activity_regularizer.get_config() == {"l2": 0.01}


def required(cls: type[Layer]) -> set[str]:
    return {name for name, p in inspect.signature(cls).parameters.items() if p.default is p.empty} | {
        "mean",
        "variance",
        "shape",
    }
