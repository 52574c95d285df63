"""Nested lists, tuples and dicts: what models with several inputs or outputs take and give.

Everything else is a leaf, an array as well as None. Dicts keep the order in which they were written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def is_nested(tree: Any) -> bool:
    """Whether it holds leaves, rather than being one."""
    return isinstance(tree, (list, tuple, dict))


def leaves(tree: Any) -> list[Any]:
    """The leaves from left to right; a leaf by itself is the only one of it."""
    if not isinstance(tree, (list, tuple, dict)):
        return [tree]
    branches = tree.values() if isinstance(tree, dict) else tree
    return [leaf for branch in branches for leaf in leaves(branch)]


def mapped(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """The same structure with function(leaf) for each leaf; with others of that structure, function(leaf, other, ...).

    Tuples become lists: what comes out is data, and no type of somebody's own is made.
    """
    if isinstance(tree, dict):
        return {key: mapped(function, branch, *(o[key] for o in others)) for key, branch in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [mapped(function, *branches) for branches in zip(tree, *others, strict=True)]
    return function(tree, *others)


def packed(like: Any, flat: list[Any]) -> Any:
    """The structure of `like` with the leaves `flat`."""
    rest: Iterator[Any] = iter(flat)
    return mapped(lambda _: next(rest), like)


def same(tree: Any, other: Any) -> bool:
    """Whether both have one structure; lists and tuples are alike, dicts need the same keys, in any order."""
    if isinstance(tree, dict):
        return isinstance(other, dict) and set(tree) == set(other) and all(same(tree[key], other[key]) for key in tree)
    if isinstance(tree, (list, tuple)):
        alike = isinstance(other, (list, tuple)) and len(tree) == len(other)
        return alike and all(same(a, b) for a, b in zip(tree, other, strict=True))
    return not is_nested(other)
