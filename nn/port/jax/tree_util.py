"""`jax.tree_util`, and with shorter names `jax.tree`: pytrees, whose dicts are in the order of their keys."""

from __future__ import annotations

import functools
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import autograd

from ._array import Tree

Kind = TypeVar("Kind", bound=type)
Partial = functools.partial
_registered: dict[type, Callable[[Any], tuple[Any, Any]]] = {}
_makers: dict[type, Callable[[Any, Any], Any]] = {}


@dataclass(frozen=True)
class PyTreeDef:
    """How a pytree is built; two are equal if their containers are."""

    known: Any  # the class of a container, and what tells it from others of the class; None for a leaf
    children: list[PyTreeDef]
    make: Callable[[list[Any]], Any] | None = field(compare=False, repr=False)

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """Return the pytree with these leaves."""
        rest = iter(leaves)

        def filled(part: PyTreeDef) -> Any:
            return next(rest) if part.make is None else part.make([filled(each) for each in part.children])

        return filled(self)

    def flatten_up_to(self, tree: Tree) -> list[Any]:
        """Return what another pytree has where this has leaves."""
        if self.make is None:
            return [tree]
        known, children, _ = _opened(tree) or (None, [], None)
        if known != self.known or len(children) != len(self.children):
            raise ValueError(f"a pytree is built otherwise than the first: {self.known[0].__name__} is not {tree!r}")
        pairs = zip(self.children, children, strict=True)
        return [leaf for part, child in pairs for leaf in part.flatten_up_to(child)]


def _opened(tree: Any) -> tuple[Any, list[Any], Callable[[list[Any]], Any]] | None:
    """Return what tells a container from others, its children, and how it is made of others; None for a leaf."""
    kind = type(tree)
    if tree is None:
        return (kind, None), [], lambda _: None
    if kind in _registered:
        children, aux = _registered[kind](tree)
        return (kind, aux), [*children], lambda new: _makers[kind](aux, tuple(new))
    if kind in (dict, OrderedDict, defaultdict):
        keys = [*tree] if kind is OrderedDict else sorted(tree)
        return (kind, keys), [tree[key] for key in keys], lambda new: _filled(tree, keys, new)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return (kind, None), [*tree], lambda new: kind(*new)
    return ((kind, None), [*tree], kind) if kind in (list, tuple) else None


def _filled(tree: Any, keys: list[Any], values: list[Any]) -> Any:
    """Return a dict of the kind of another, with its default."""
    made = tree.copy()
    made.clear()
    made.update(zip(keys, values, strict=True))
    return made


def tree_flatten(tree: Tree, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], PyTreeDef]:
    """Return the leaves of a pytree, and how it is built."""
    leaves: list[Any] = []

    def built(tree: Tree) -> PyTreeDef:
        node = None if is_leaf is not None and is_leaf(tree) else _opened(tree)
        if node is None:
            leaves.append(tree)
            return PyTreeDef(None, [], None)
        known, children, make = node
        return PyTreeDef(known, [built(each) for each in children], make)

    treedef = built(tree)
    return leaves, treedef


def tree_leaves(tree: Tree, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """Return the leaves of a pytree."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: Tree, is_leaf: Callable[[Any], bool] | None = None) -> PyTreeDef:
    """Return how a pytree is built."""
    return tree_flatten(tree, is_leaf)[1]


def tree_unflatten(treedef: PyTreeDef, leaves: Iterable[Any]) -> Any:
    """Return the pytree that is built so, with these leaves."""
    return treedef.unflatten(leaves)


def tree_map(f: Callable[..., Any], tree: Tree, *rest: Tree, is_leaf: Callable[[Any], bool] | None = None) -> Any:
    """Return a pytree with what a function makes of each leaf, and of what the others have at its place."""
    leaves, treedef = tree_flatten(tree, is_leaf)
    return treedef.unflatten(map(f, leaves, *(treedef.flatten_up_to(each) for each in rest)))


def tree_reduce(function: Callable[[Any, Any], Any], tree: Tree, *initializer: Tree) -> Any:
    """Return what a function of two makes of all leaves, one after the other."""
    return functools.reduce(function, tree_leaves(tree), *initializer)


def tree_all(tree: Tree) -> bool:
    """Tell whether all leaves are true."""
    return all(tree_leaves(tree))


def register_pytree_node(
    nodetype: Kind, flatten_func: Callable[[Any], tuple[Any, Any]], unflatten_func: Callable[[Any, Any], Any]
) -> Kind:
    """Have pytrees contain objects of a class; see `autograd.register_pytree_node`."""
    autograd.register_pytree_node(nodetype, flatten_func, unflatten_func)
    _registered[nodetype], _makers[nodetype] = flatten_func, unflatten_func
    return nodetype


def register_pytree_node_class(cls: Kind) -> Kind:
    """Have pytrees contain objects of a class with methods `tree_flatten` and `tree_unflatten`."""
    made: Any = cls
    return register_pytree_node(cls, lambda tree: tree.tree_flatten(), made.tree_unflatten)


def register_dataclass(nodetype: Kind, data_fields: Iterable[str], meta_fields: Iterable[str]) -> Kind:
    """Have pytrees contain objects of a dataclass: some of its fields are children, the others what describes it."""
    data, meta = [*data_fields], [*meta_fields]

    def opened(tree: Tree) -> tuple[Any, Any]:
        return [getattr(tree, name) for name in data], tuple(getattr(tree, name) for name in meta)

    def made(aux: tuple[Any, ...], children: list[Any]) -> Any:
        return nodetype(**dict(zip([*data, *meta], [*children, *aux], strict=True)))

    return register_pytree_node(nodetype, opened, made)


def __getattr__(name: str) -> Any:
    if name in ("tree_flatten_with_path", "tree_map_with_path", "keystr"):
        raise NotImplementedError(f"{__name__}.{name}: here it is tree_flatten() and names of your own")
    raise AttributeError(f"{__name__} has no {name}: see docs/howto/from-jax.md", name=name)
