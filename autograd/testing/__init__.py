"""The testing kit: `check` finds what is wrong with an operation and its derivatives, by itself.

`check_operation` checks one point, `gradcheck` the gradients at one. The strategies for arrays and `TensorMachine` need
Hypothesis (``pip install hypothesis``), which neither these nor ``import autograd`` load.
"""

from __future__ import annotations

import importlib
import typing

from ..primitives.naming import set_module

if typing.TYPE_CHECKING:
    from ._audit import Audit, Audited, WrongGradient, audit
    from ._check import check
    from ._layouts import Layout
    from ._machine import TensorMachine
    from ._modules import ModuleCheck, check_module
    from ._operation import check_operation
    from ._report import Report
    from ._strategies import (
        arrays,
        broadcastable_arrays,
        layouts,
        shapes,
        special_values,
        tensors,
    )
    from ._training import TrainingCheck, check_training

#: Where each public name is defined.
_HOMES = {
    "Audit": "_audit",
    "Audited": "_audit",
    "TensorMachine": "_machine",
    "TrainingCheck": "_training",
    "WrongGradient": "_audit",
    "audit": "_audit",
    "LAYOUTS": "_layouts",
    "ModuleCheck": "_modules",
    "Report": "_report",
    "arrays": "_strategies",
    "broadcastable_arrays": "_strategies",
    "check": "_check",
    "check_module": "_modules",
    "check_operation": "_operation",
    "check_training": "_training",
    "layouts": "_strategies",
    "shapes": "_strategies",
    "special_values": "_strategies",
    "tensors": "_strategies",
}

__all__ = [
    "LAYOUTS",
    "Audit",
    "Audited",
    "ModuleCheck",
    "Report",
    "TensorMachine",
    "TrainingCheck",
    "WrongGradient",
    "arrays",
    "audit",
    "broadcastable_arrays",
    "check",
    "check_module",
    "check_operation",
    "check_training",
    "layouts",
    "shapes",
    "special_values",
    "tensors",
]

#: Functions that copy an array into another memory layout, with the same values.
LAYOUTS: dict[str, Layout]


def __getattr__(name: str) -> typing.Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    set_module(__name__, value)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
