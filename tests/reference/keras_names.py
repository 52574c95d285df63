"""What Keras calls things, and which arguments they take."""

from __future__ import annotations

import inspect
from typing import Any

# Arguments that nothing here has: computing in half precision, and gradients gathered over several steps.
EVERYWHERE = {"dtype", "loss_scale_factor", "gradient_accumulation_steps"}


def public(module: Any) -> set[str]:
    """The public names of a module of Keras, without modules in it."""
    return {name for name in dir(module) if not name.startswith("_") and not inspect.ismodule(getattr(module, name))}


def arguments(thing: Any) -> dict[str, str]:
    """Name -> default of what a class or function takes, in their order, but for those of EVERYWHERE.

    Options that a class hands on to its parent are counted, a default name is not: it says nothing.
    """
    found: dict[str, Any] = {}
    for owner in thing.__mro__ if inspect.isclass(thing) else [thing]:
        function = vars(owner).get("__init__") if inspect.isclass(owner) else owner
        parameters = inspect.signature(function).parameters.values() if inspect.isfunction(function) else ()
        for p in parameters:
            if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) and p.name != "self":
                found.setdefault(p.name, "" if p.name == "name" else repr(p.default))
        if parameters and not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return {name: default for name, default in sorted(found.items()) if name not in EVERYWHERE}


def own_arguments(layer: Any) -> dict[str, str]:
    """Name -> default of what a layer takes besides the options that all layers take; channels come last here."""
    parameters = inspect.signature(layer.__init__ if inspect.isclass(layer) else layer).parameters.values()
    everywhere = {
        "self",
        "name",
        "dtype",
        "trainable",
        "autocast",
        "input_shape",
        "activity_regularizer",
        "data_format",
    }
    kept = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) and p.name not in everywhere]
    return {p.name: "" if p.default is p.empty else repr(p.default).lower() for p in kept}
