"""Functions of pytrees: nested dicts, lists, tuples, dataclasses and registered classes, with numbers as leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

from ..errors import DtypeError, ShapeError, check_callable
from ..tensors.tensor import Tensor, plain_array
from ..tensors.types import ArrayOrTensor
from .pytree import REGISTERED, field_names, flatten, without_none

T = TypeVar("T")


def tree_flatten(tree: object) -> tuple[list[Any], Callable[[Iterable[Any]], Any]]:
    """Return the leaves of a pytree, and a function that builds one like it from other leaves.

    A pytree is a dict, a list, a tuple, a subclass of these, a dataclass, or an object of a class that
    `register_pytree_node` was told of, with any of these or with leaves in it. Everything else is a leaf: arrays,
    tensors and numbers. None holds no leaf, and stays where it is.

    Parameters
    ----------
    tree
        A pytree. Dicts keep their order: it is not that of the sorted keys, as in JAX.

    Returns
    -------
    list, callable
        The leaves, and ``rebuild``: ``rebuild(leaves)`` is the tree.

    Examples
    --------
    >>> from autograd import tree_flatten
    >>> leaves, rebuild = tree_flatten({"layers": [(1.0, 2.0), (3.0, None)], "scale": 4.0})
    >>> leaves
    [1.0, 2.0, 3.0, 4.0]
    >>> rebuild([leaf * 10 for leaf in leaves])
    {'layers': [(10.0, 20.0), (30.0, None)], 'scale': 40.0}
    """
    leaves, rebuild = without_none(*flatten(tree))

    def checked(others: Iterable[Any]) -> Any:
        given = list(others)
        if len(given) != len(leaves):
            raise ValueError(f"the tree has {len(leaves)} leaves, but {len(given)} were given")
        return rebuild(given)

    return leaves, checked


def tree_leaves(tree: object) -> list[Any]:
    """Return the leaves of a pytree, in order: see `tree_flatten`.

    Examples
    --------
    >>> from autograd import tree_leaves
    >>> sum(x**2 for x in tree_leaves({"a": 3.0, "b": [4.0]}))
    25.0
    """
    return tree_flatten(tree)[0]


def tree_map(function: Callable[..., object], tree: object, *rest: object) -> Any:
    """Apply a function to each leaf of a pytree, and to what is in the same place of others.

    Parameters
    ----------
    function
        Of a leaf of `tree`, and of what each tree of `rest` has in its place.
    tree
        The pytree that decides what is a leaf: see `tree_flatten`. The function is not called for None, which stays.
    *rest
        Pytrees with the same containers; dicts may have another order. In the place of a leaf they may have anything.

    Returns
    -------
    pytree
        Like `tree`, with the results.

    Raises
    ------
    ValueError
        If a container of `rest` is another one than that of `tree`. The message names its place.

    Examples
    --------
    A step of gradient descent:

    >>> import numpy as np
    >>> from autograd import grad, tree_map
    >>> parameters = {"w": np.array([1.0, 2.0]), "b": 3.0}
    >>> slopes = grad(lambda p: np.sum(p["w"] ** 2) + p["b"])(parameters)
    >>> tree_map(lambda p, g: p - 0.1 * g, parameters, slopes)
    {'w': array([0.8, 1.6]), 'b': np.float64(2.9)}
    """
    check_callable("function", function)
    leaves, rebuild = tree_flatten(tree)
    columns = [leaves_along(tree, other) for other in rest]
    return rebuild([function(*together) for together in zip(leaves, *columns, strict=True)])


def ravel_pytree(tree: object) -> tuple[Any, Callable[[Any], Any]]:
    """Return one vector of all leaves of a pytree, and the function that makes a tree of such a vector.

    It makes functions of containers functions of a vector, as `scipy.optimize`, samplers and linear algebra want them.
    Both take part in derivatives, `vmap` and `compile`.

    Parameters
    ----------
    tree
        A pytree of arrays, tensors and numbers: see `tree_flatten`.

    Returns
    -------
    array or Tensor
        The elements of all leaves in C order, in the dtype that NumPy gives them together.
    callable
        ``unravel``: it returns a tree like `tree` of a vector of that length, each leaf in its own shape and dtype.

    Raises
    ------
    DtypeError
        If leaves are not all real, all complex, or all integers and booleans: what is added to the vector would be cut
        off from some of them. Or if a leaf is not a number.
    ShapeError
        Of ``unravel``, if the vector has another length.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad, ravel_pytree
    >>> parameters = {"w": np.array([[1.0, 2.0]]), "b": 3.0}
    >>> vector, unravel = ravel_pytree(parameters)
    >>> vector
    array([1., 2., 3.])
    >>> unravel(vector + 1)
    {'w': array([[2., 3.]]), 'b': array(4.)}
    >>> grad(lambda v: np.sum(unravel(v)["w"]) * unravel(v)["b"])(vector)
    array([3., 3., 3.])
    """
    leaves, rebuild = tree_flatten(tree)
    arrays = [_plain(leaf) for leaf in leaves]
    dtypes = [np.dtype(array.dtype) for array in arrays]
    _check_dtypes(dtypes)
    whole = np.result_type(*dtypes) if dtypes else np.dtype(float)
    shapes, sizes = [array.shape for array in arrays], [int(array.size) for array in arrays]
    stops = np.cumsum([0, *sizes]).tolist()

    def unravel(vector: ArrayOrTensor) -> Any:
        flat = _plain(vector)
        if flat.shape != (stops[-1],):
            raise ShapeError(f"unravel() takes a vector of shape ({stops[-1]},), not {flat.shape}")
        parts = [
            flat[start:stop].reshape(shape).astype(dtype if dtype != whole else flat.dtype)
            for start, stop, shape, dtype in zip(stops, stops[1:], shapes, dtypes, strict=False)
        ]
        return rebuild(parts)

    if not arrays:
        return np.zeros(0), unravel
    return np.concatenate([array.reshape(-1).astype(whole) for array in arrays]), unravel


def register_pytree_node(
    kind: type[T], flatten: Callable[[T], tuple[Iterable[Any], Any]], unflatten: Callable[[Any, tuple[Any, ...]], T]
) -> type[T]:
    """Let objects of a class be containers in all transforms: `grad`, `vmap`, `compile`, `tree_map` and the others.

    Dataclasses, named tuples, and subclasses of dict, list and tuple are containers without it. `register_dataclass`
    says which fields of a dataclass are none of its parts.

    Parameters
    ----------
    kind
        The class. Subclasses are registered each on their own.
    flatten
        Takes an object apart: it returns its parts, which are leaves or containers, and the rest, which says what else
        there is. The rest can be hashed and compared: a program of `compile` is that of one rest.
    unflatten
        Makes an object of a rest and a tuple of parts. The parts may be anything, tensors or None for example: it
        should not look at them.

    Returns
    -------
    type
        The class.

    Raises
    ------
    ValueError
        If the class has a meaning already: it is registered, a container of Python's, an array, a tensor or a number.

    Examples
    --------
    >>> from autograd import grad, register_pytree_node
    >>> class Interval:
    ...     def __init__(self, low, high, name=""):
    ...         self.low, self.high, self.name = low, high, name
    >>> register_pytree_node(
    ...     Interval, lambda i: ((i.low, i.high), i.name), lambda name, parts: Interval(*parts, name)
    ... )
    <class 'autograd.transforms.trees.Interval'>
    >>> slope = grad(lambda i: (i.high - i.low) ** 2)(Interval(1.0, 4.0, "time"))
    >>> slope.name, slope.low, slope.high
    ('time', np.float64(-6.0), np.float64(6.0))
    """
    check_callable("flatten", flatten)
    check_callable("unflatten", unflatten)
    if not isinstance(kind, type):
        raise TypeError(f"register_pytree_node() takes a class, not {kind!r}")
    if kind in REGISTERED:
        raise ValueError(f"{kind.__qualname__} is registered already")
    if kind in (dict, list, tuple) or issubclass(kind, Tensor | np.ndarray | np.generic | float | int | complex | str):
        raise ValueError(f"{kind.__qualname__} has a meaning already, and cannot be registered")

    def parts_of(tree: Any) -> tuple[list[Any], Any]:
        made = flatten(tree)
        if not isinstance(made, tuple) or len(made) != 2:
            raise TypeError(
                f"the function that flattens {kind.__qualname__} returns its parts and the rest, as in "
                f"`return (tree.a, tree.b), None`, not {made!r}"
            )
        return list(made[0]), made[1]

    REGISTERED[kind] = parts_of, unflatten
    return kind


def register_dataclass(
    kind: type[T],
    data_fields: Iterable[str] | None = None,
    meta_fields: Iterable[str] | None = None,
    drop_fields: Iterable[str] = (),
) -> type[T]:
    """Let some fields of a dataclass be what it holds, and others what describes it, such as a name or a setting.

    A dataclass of numbers and arrays is a container without it. Fields that describe are no variables of `grad`, and a
    program of `compile` is that of their values. It can decorate the class.

    Parameters
    ----------
    kind
        The dataclass. Subclasses are registered each on their own.
    data_fields
        The names of the fields that hold leaves or containers; by default those that are not described as static.
    meta_fields
        The names of the others, whose values can be hashed and compared; by default those with
        ``field(metadata={"static": True})``. Give both or none.
    drop_fields
        The names of fields that are left out, and have their defaults in what is made.

    Returns
    -------
    type
        The class.

    Raises
    ------
    ValueError
        If the fields named are not all that the constructor takes, or the class is registered already.

    Examples
    --------
    >>> from dataclasses import dataclass, field
    >>> from autograd import grad, register_dataclass
    >>> @register_dataclass
    ... @dataclass
    ... class Layer:
    ...     weight: float
    ...     name: str = field(default="", metadata={"static": True})
    >>> slope = grad(lambda layer: layer.weight**2)(Layer(3.0, "first"))
    >>> slope.name, slope.weight
    ('first', np.float64(6.0))
    """
    fields = getattr(kind, "__dataclass_fields__", None)
    if not isinstance(kind, type) or fields is None:
        raise TypeError(f"register_dataclass() takes a dataclass, not {getattr(kind, '__qualname__', kind)!r}")
    if (data_fields is None) != (meta_fields is None):
        raise ValueError("register_dataclass() takes data_fields and meta_fields together, or neither of them")
    known = set(field_names(kind))
    drop = set(drop_fields)
    if data_fields is None or meta_fields is None:
        meta = [name for name in fields if name in known - drop and fields[name].metadata.get("static")]
        data = [name for name in fields if name in known - drop and name not in meta]
    else:
        data, meta = list(data_fields), list(meta_fields)
    named = [*data, *meta, *drop]
    wrong = sorted(known ^ set(named)) or [name for name in named if named.count(name) > 1]
    if wrong:
        raise ValueError(
            f"register_dataclass(): data_fields, meta_fields and drop_fields together name each argument of "
            f"{kind.__qualname__} once, but not {', '.join(map(repr, wrong))}"
        )

    def apart(tree: Any) -> tuple[list[Any], Any]:
        return [getattr(tree, name) for name in data], tuple([getattr(tree, name) for name in meta])

    def together(rest: Any, parts: tuple[Any, ...]) -> T:
        return kind(**dict(zip((*data, *meta), (*parts, *rest), strict=True)))

    return register_pytree_node(kind, apart, together)


def _plain(leaf: Any) -> Any:
    return leaf if isinstance(leaf, Tensor) else plain_array(leaf)


def _check_dtypes(dtypes: list[np.dtype[Any]]) -> None:
    groups = {_GROUPS.get(dtype.kind): dtype for dtype in dtypes}
    if None in groups:
        raise DtypeError(f"ravel_pytree() takes a tree of numbers; one of its leaves has dtype {groups[None]}")
    if len(groups) > 1:
        kinds, examples = " and ".join(map(str, groups)), " and ".join(map(str, groups.values()))
        raise DtypeError(
            f"ravel_pytree() has {kinds} in the tree ({examples}): unravel() would cut what is added to the vector. "
            f"Write 1.0 for 1, or keep one kind out of the tree"
        )


_GROUPS = {"f": "real numbers", "c": "complex numbers", "i": "integers", "u": "integers", "b": "integers"}


def leaves_along(tree: Any, other: Any, name: str = "tree_map") -> list[Any]:
    """Return what `other` has in the places of the leaves of `tree`."""
    found: list[Any] = []
    pending: list[tuple[Any, Any, Any]] = [(tree, other, None)]  # a place is a key and the place around it
    while pending:
        tree, other, place = pending.pop()
        if tree is None:
            continue
        parts, others = _parts(tree), _parts(other)
        if parts is None:
            found.append(other)
            continue
        if type(other) is not type(tree) or others is None or parts.keys() != others.keys():
            raise ValueError(
                f"{name}: the trees differ at tree{_written(place)}: the first has {_described(tree, parts)}, "
                f"another {_described(other, others)}"
            )
        pending += [(parts[key], others[key], (key, place)) for key in reversed(parts)]
    return found


def _written(place: Any) -> str:
    keys = []
    while place is not None:
        key, place = place
        keys.append(f"[{key!r}]")
    return "".join(reversed(keys))


def _parts(tree: Any) -> dict[Any, Any] | None:
    """Return the parts of a container by their keys, names or positions; None for a leaf."""
    if type(tree) in REGISTERED:
        return dict(enumerate(REGISTERED[type(tree)][0](tree)[0]))
    if isinstance(tree, dict):
        return tree
    if hasattr(type(tree), "__dataclass_fields__"):
        return {name: getattr(tree, name) for name in field_names(tree)}
    return dict(enumerate(tree)) if isinstance(tree, tuple | list) else None


def _described(tree: Any, parts: dict[Any, Any] | None) -> str:
    kind = type(tree).__name__
    if parts is None:
        return "None" if tree is None else f"a leaf, {kind}"
    return (
        f"a {kind} of {len(parts)}"
        if isinstance(tree, tuple | list)
        else f"a {kind} with {', '.join(map(repr, parts))}"
    )
