"""Looking things up by name: one way for activations, initializers, losses, metrics, optimizers and layers."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, TypeVar

from minicnn.errors import ArgumentError

T = TypeVar("T")


def lookup(kind: str, name: Any, known: Mapping[str, T]) -> T:
    """What `name` stands for. Raises ArgumentError that lists what there is, the nearest name first."""
    if isinstance(name, str) and name in known:
        return known[name]
    near = difflib.get_close_matches(str(name).lower(), known, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ArgumentError(f"there is no {kind} {name!r}{hint} Known: {', '.join(sorted(known))}")


def from_identifier(kind: str, identifier: Any, base: type, known: Mapping[str, Any]) -> Any:
    """An object of class `base`: as it is, or made from its class, its name, or its {"class_name", "config"}."""
    if isinstance(identifier, base):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, base):
        return identifier()
    if isinstance(identifier, Mapping) and set(identifier) == {"class_name", "config"}:
        made = lookup(kind, identifier["class_name"], {c.__name__: c for c in known.values()})
        try:
            return made(**identifier["config"])
        except TypeError as error:
            raise ArgumentError(
                f"{kind} {identifier['class_name']!r} cannot be made from its config: {error}"
            ) from None
    if isinstance(identifier, str):
        return lookup(kind, identifier, {**known, **{c.__name__: c for c in known.values()}})()
    raise ArgumentError(f"{kind} must be a name or a {base.__name__}, got {identifier!r}")


def to_identifier(value: Any) -> dict[str, Any]:
    """The opposite: {"class_name", "config"}, ready for JSON."""
    return {"class_name": type(value).__name__, "config": value.get_config()}
