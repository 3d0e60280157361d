"""The testing kit: `check` finds what is wrong with an operation and its derivatives, by itself.

`check_operation` checks one point, `gradcheck` the gradients at one. The strategies for arrays and `TensorMachine` need
Hypothesis (``pip install hypothesis``), which neither these nor ``import autograd`` load.
"""

from __future__ import annotations

import typing

from autograd.inside import lazy_names

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


__getattr__, __dir__ = lazy_names(
    globals(),
    own={
        "_audit": ("Audit", "Audited", "WrongGradient", "audit"),
        "_check": ("check",),
        "_layouts": ("LAYOUTS",),
        "_machine": ("TensorMachine",),
        "_modules": ("ModuleCheck", "check_module"),
        "_operation": ("check_operation",),
        "_report": ("Report",),
        "_strategies": ("arrays", "broadcastable_arrays", "layouts", "shapes", "special_values", "tensors"),
        "_training": ("TrainingCheck", "check_training"),
    },
)
