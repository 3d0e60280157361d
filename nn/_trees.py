"""Pytrees of dicts, lists, numbers and arrays, as arrays by name and JSON for the rest; nothing is pickled."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd.extend import borrow

Array = np.ndarray[Any, Any]


def pack(tree: Mapping[Any, Any]) -> tuple[dict[str, Array], str | None]:
    """Flatten a tree: return its arrays by name, and JSON that holds their positions and everything else.

    A flat dict of arrays keeps its names, and has no JSON.

    Raises
    ------
    TypeError
        If a value is not an array of numbers or text, a number, a string, None, or a dict, list or tuple of them; the
        message names its path.
    ValueError
        If a name cannot be written, or containers are nested too deep.
    """
    arrays_alone = (hasattr(value, "__array__") and not isinstance(value, np.generic) for value in tree.values())
    if all(type(name) is str for name in tree) and all(arrays_alone):
        return {name: _array(name, value) for name, value in tree.items()}, None
    arrays: dict[str, Array] = {}
    try:
        return arrays, json.dumps(_pack(tree, "", arrays))
    except RecursionError as error:
        raise ValueError(
            f"the state has containers inside each other, deeper than Python's limit of {sys.getrecursionlimit()} "
            f"calls in calls: save a flat dict of names and arrays"
        ) from error


def unpack(arrays: dict[str, Array], description: str) -> dict[Any, Any]:
    """Rebuild the tree that `pack` flattened.

    Raises
    ------
    ValueError
        If the arrays do not match the description.
    """
    left = dict(arrays)
    try:
        tree: dict[Any, Any] = _unpack(json.loads(description), left)
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"the description of its content is another's: {error!r}") from error
    if left or type(tree) is not dict:
        raise ValueError(f"the description of its content does not mention {', '.join(left) or 'a dict'}")
    return tree


def _array(name: str, value: Any) -> Array:
    """Return a value as an array in C order and native byte order."""
    if name == "__metadata__" or not name.isprintable():
        raise ValueError(f"{name!r} cannot name an array in a file: choose a name of printable characters")
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name!r} is a masked array, which cannot be saved: fill it, as with filled(0)")
    array = np.asarray(borrow(value))
    if array.dtype.hasobject or array.dtype.kind not in "?biufcSUmM":
        raise TypeError(
            f"{name!r} is {type(value).__name__} (dtype {array.dtype}), which cannot be saved: convert it to one of "
            f"NumPy's own dtypes, such as with astype(np.float32)"
        )
    return np.asarray(array, array.dtype.newbyteorder("="), order="C")


def _pack(value: Any, place: str, arrays: dict[str, Array]) -> Any:
    """Return `value` as JSON types; arrays go to `arrays`, by their path."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Mapping) and all(type(key) in (int, str) for key in value):
        return {"dict": [[key, _pack(item, f"{place}/{key}".strip("/"), arrays)] for key, item in value.items()]}
    if isinstance(value, tuple | list):
        items = [_pack(item, f"{place}/{i}".strip("/"), arrays) for i, item in enumerate(value)]
        return items if isinstance(value, list) else {"tuple": items}
    if hasattr(value, "__array__"):
        array = _array(place, value)
        while place in arrays:  # keys such as 1 and "1" look the same
            place += "_"
        arrays[place] = array
        return {"scalar" if isinstance(value, np.generic) else "array": place}
    raise TypeError(
        f"{place!r} is {type(value).__name__}, which cannot be saved: a state holds numbers, strings, None, arrays and "
        f"dicts, lists and tuples of them, as state_dict() of a model, an optimizer or a scheduler returns it"
    )


def _unpack(packed: Any, arrays: dict[str, Array]) -> Any:
    """Return the value that `_pack` was given, and remove its arrays from `arrays`."""
    if isinstance(packed, list):
        return [_unpack(item, arrays) for item in packed]
    if not isinstance(packed, dict):
        return packed
    ((kind, content),) = packed.items()
    if kind == "dict":
        return {key: _unpack(item, arrays) for key, item in content}
    if kind == "tuple":
        return tuple(_unpack(item, arrays) for item in content)
    array = arrays.pop(content)
    return array[()] if kind == "scalar" else array
