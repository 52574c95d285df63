"""Looking things up by name: one way for activations, initializers, losses, metrics, optimizers and layers."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from minicnn.errors import ArgumentError

T = TypeVar("T")

_besides: ContextVar[Mapping[str, Any]] = ContextVar("besides", default={})  # noqa: B039 (nobody writes to it)


@contextmanager
def knowing(custom_objects: Mapping[str, Any] | None) -> Iterator[None]:
    """Within it, configs may name these classes and functions, too. Raises ArgumentError for what is none."""
    if custom_objects is not None and not (
        isinstance(custom_objects, Mapping) and all(callable(thing) for thing in custom_objects.values())
    ):
        raise ArgumentError(f"custom_objects must map names to classes or functions, got {custom_objects!r:.100}")
    before = _besides.set({**_besides.get(), **(custom_objects or {})})
    try:
        yield
    finally:
        _besides.reset(before)


def custom_object(name: Any) -> Any:
    """What the caller passed in under this name, or None."""
    return _besides.get().get(name) if isinstance(name, str) else None


def lookup(kind: str, name: Any, known: Mapping[str, T]) -> T:
    """What `name` stands for. Raises ArgumentError that lists what there is, the nearest name first."""
    if isinstance(name, str) and name in known:
        return known[name]
    near = difflib.get_close_matches(str(name)[:80].lower(), known, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ArgumentError(f"there is no {kind} {name!r:.80}{hint} Known: {', '.join(sorted(known))}")


def from_identifier(kind: str, identifier: Any, base: type, known: Mapping[str, Any]) -> Any:
    """An object of class `base`: as it is, or made from its class, its name, or its {"class_name", "config"}."""
    if isinstance(identifier, base):
        return identifier
    classes = {cls.__name__: cls for cls in known.values()}
    config: Any = {}
    if isinstance(identifier, type) and issubclass(identifier, base):
        cls = identifier
    elif isinstance(identifier, Mapping) and set(identifier) == {"class_name", "config"}:
        cls, config = lookup(kind, identifier["class_name"], classes), identifier["config"]
    elif isinstance(identifier, str):
        cls = lookup(kind, identifier, {**known, **classes})
    else:
        raise ArgumentError(f"{kind} must be a name or a {base.__name__}, got {identifier!r:.200}")
    try:
        return cls(**config)
    except TypeError as error:
        raise ArgumentError(f"{kind} {cls.__name__!r} cannot be made from {config!r:.200}: {error}") from None


def to_identifier(kind: str, value: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    """The opposite: {"class_name", "config"}, ready for JSON. Raises ArgumentError for what could not come back."""
    if type(value) not in known.values():
        raise ArgumentError(f"the {kind} {value!r:.80} is of a class of your own: it cannot be saved by name")
    return {"class_name": type(value).__name__, "config": value.get_config()}


def unknown_argument(cls: type, name: str) -> str:
    """What to say of an argument that a class does not have: the nearest that it has, or all of them."""
    bases = [vars(base)["__init__"] for base in cls.__mro__ if "__init__" in vars(base) and base is not object]
    known = [
        p.name for init in bases for p in inspect.signature(init).parameters.values() if p.kind is not p.VAR_KEYWORD
    ]
    known = [argument for argument in dict.fromkeys(known) if argument != "self"]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"{cls.__name__} has no argument {name!r}; " + (
        f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
    )


def snake_case(name: str) -> str:
    """Conv2D -> conv2d, MaxPooling2D -> max_pooling2d: the names that Keras gives to objects of a class."""
    out = ""
    for i, c in enumerate(name):
        after_lower = i > 0 and name[i - 1].islower()
        before_lower = 0 < i < len(name) - 1 and name[i - 1].isupper() and name[i + 1].islower()
        out += "_" + c if c.isupper() and (after_lower or before_lower) else c
    return out.lower()
