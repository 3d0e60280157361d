"""Inspection: the capabilities, devices and dtypes of the namespace."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import data_types
from ._arrays import CPU, check_device

_KINDS = {
    "bool": ["bool"],
    "signed integer": ["int8", "int16", "int32", "int64"],
    "unsigned integer": ["uint8", "uint16", "uint32", "uint64"],
    "real floating": ["float32", "float64"],
    "complex floating": ["complex64", "complex128"],
}
_KINDS["integral"] = _KINDS["signed integer"] + _KINDS["unsigned integer"]
_KINDS["numeric"] = _KINDS["integral"] + _KINDS["real floating"] + _KINDS["complex floating"]


class Info:
    """The capabilities, dtypes and devices of the namespace, and their defaults."""

    def capabilities(self) -> dict[str, Any]:
        """Return the optional behaviour: all of it is supported, for arrays of up to 64 axes."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """Return the device of new arrays."""
        return CPU

    def default_dtypes(self, *, device: str | None = None) -> dict[str, np.dtype[Any]]:
        """Return the dtypes of arrays made from Python numbers."""
        check_device(device)
        return {
            "real floating": data_types.float64,
            "complex floating": data_types.complex128,
            "integral": np.dtype(np.int_),
            "indexing": np.dtype(np.intp),
        }

    def devices(self) -> tuple[str, ...]:
        """Return all the devices."""
        return (CPU,)

    def dtypes(
        self, *, device: str | None = None, kind: str | tuple[str, ...] | None = None
    ) -> dict[str, np.dtype[Any]]:
        """Return the dtypes of one kind, of several kinds, or of all, by their names."""
        check_device(device)
        kinds = ("bool", "numeric") if kind is None else (kind,) if isinstance(kind, str) else kind
        unknown = [one for one in kinds if one not in _KINDS]
        if unknown:
            raise ValueError(f"there is no kind {unknown[0]!r} of dtype: there are {', '.join(map(repr, _KINDS))}")
        return {name: np.dtype(name) for one in kinds for name in _KINDS[one]}


def __array_namespace_info__() -> Info:  # noqa: N807  # the standard's name
    """Return an object that tells the capabilities, devices and dtypes of the namespace."""
    return Info()
