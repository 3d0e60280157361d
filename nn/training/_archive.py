"""Trees of numbers, strings and arrays in one file: NumPy's archive, with their structure as JSON; no pickle."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .._files import replacing

__all__ = ["read_tree", "write_tree"]

Array = np.ndarray[Any, Any]

_STRUCTURE = "structure.json"


def write_tree(tree: Any, path: Path) -> None:
    """Write a tree to `path`, whole or not at all.

    Raises
    ------
    TypeError
        If something in it is neither a number, a string, None, an array of numbers, nor a dict, list or tuple; it
        names the place.
    """
    arrays: dict[str, Array] = {}
    structure = json.dumps(_pack(tree, "", arrays))
    arrays[_STRUCTURE] = np.frombuffer(structure.encode(), np.uint8)
    with replacing(path) as partial, partial.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def read_tree(path: Path) -> Any:
    """Return the tree that `write_tree` wrote to `path`.

    Raises
    ------
    ValueError
        If the file is another, or damaged.
    """
    try:
        # opened here: np.load leaves a file that is no archive open
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = dict(archive)
        return _unpack(json.loads(arrays.pop(_STRUCTURE).tobytes()), arrays)
    except (ValueError, KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: is not a checkpoint of a training, or is damaged ({error})") from error


def _pack(value: Any, place: str, arrays: dict[str, Array]) -> Any:
    """Return `value` as what JSON has; arrays go to `arrays`, under the place where they stand."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufcSU":
        while place in arrays:  # keys such as 1 and "1" look the same
            place += "_"
        arrays[place] = np.asarray(value)
        return {"scalar" if isinstance(value, np.generic) else "array": place}
    if isinstance(value, dict) and all(type(key) in (int, str) for key in value):
        return {"dict": [[key, _pack(item, f"{place}/{key}".strip("/"), arrays)] for key, item in value.items()]}
    if isinstance(value, tuple | list):
        items = [_pack(item, f"{place}/{i}".strip("/"), arrays) for i, item in enumerate(value)]
        return items if isinstance(value, list) else {"tuple": items}
    raise TypeError(
        f"{place} of the checkpoint is a {type(value).__name__}, which cannot be saved: a state_dict() should hold "
        f"numbers, strings, arrays, and dicts, lists and tuples of them"
    )


def _unpack(packed: Any, arrays: dict[str, Array]) -> Any:
    if isinstance(packed, list):
        return [_unpack(item, arrays) for item in packed]
    if not isinstance(packed, dict):
        return packed
    ((kind, content),) = packed.items()
    if kind == "dict":
        return {key: _unpack(item, arrays) for key, item in content}
    if kind == "tuple":
        return tuple(_unpack(item, arrays) for item in content)
    return arrays[content][()] if kind == "scalar" else arrays[content]
