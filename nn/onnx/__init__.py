"""ONNX export: write models in the ONNX format, for other runtimes."""

import typing

from autograd.extend import set_module as _set_module

if typing.TYPE_CHECKING:
    from ._export import export

__all__ = ["export"]


def __getattr__(name: str) -> typing.Any:
    if name != "export":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ._export import export  # imported on first use: most programs never export

    _set_module(__name__, export)
    globals()[name] = export
    return export
