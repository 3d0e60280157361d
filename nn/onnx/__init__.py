"""ONNX: write models for other runtimes, and load models from elsewhere to train them on."""

import typing

from autograd.extend import lazy_names as _lazy_names

if typing.TYPE_CHECKING:
    from ._export import export
    from ._load import load

__all__ = ["export", "load"]

_OWN = {"_export": ("export",), "_load": ("load",)}  # most programs need neither
_lazy_names(globals(), own=_OWN)
