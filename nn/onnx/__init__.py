"""ONNX: write models for other runtimes, and load models from elsewhere to train them on."""

import importlib
import typing

from autograd.extend import set_module as _set_module

if typing.TYPE_CHECKING:
    from ._export import export
    from ._load import load

__all__ = ["export", "load"]

_HOMES = {"export": "_export", "load": "_load"}


def __getattr__(name: str) -> typing.Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)  # most programs need neither
    _set_module(__name__, found)
    globals()[name] = found
    return found
