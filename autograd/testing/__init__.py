"""The testing kit: `check` finds what is wrong with an operation and its derivatives, by itself.

`check_operation` checks one point, `gradcheck` the gradients at one. The strategies for arrays and `TensorMachine` need
Hypothesis (``pip install hypothesis``), which neither these nor ``import autograd`` load.

How a check is made is read from `_check_operation.check_at`: a subject (`subjects/`, what is checked) at a point
(`points/`, where it is tried) has its derivatives compared with differences (`comparisons/`), and keeps conditions
(`conditions/`, what rules promise besides). What is wrong is raised as a `GradientCheckError`, whose message says in
what way and where (`findings/`). `_check_run` goes through the points that `points.cases` plans.
"""

from __future__ import annotations

import typing

from autograd.inside import lazy_names

if typing.TYPE_CHECKING:
    from ._audit import Audit, Audited, WrongGradient, audit
    from ._check import check
    from ._check_module import ModuleCheck, check_module
    from ._check_operation import check_operation
    from ._check_training import TrainingCheck, check_training
    from ._machine import TensorMachine
    from .findings.report import Report
    from .points.layouts import Layout
    from .points.strategies import (
        arrays, axes, broadcastable_arrays, keywords, layouts, shapes, special_values, tensors,
    )  # fmt: skip

__all__ = [
    "LAYOUTS", "Audit", "Audited", "ModuleCheck", "Report", "TensorMachine", "TrainingCheck", "WrongGradient", "arrays",
    "audit", "axes", "broadcastable_arrays", "check", "check_module", "check_operation", "check_training", "keywords",
    "layouts", "shapes", "special_values", "tensors",
]  # fmt: skip

#: Functions that copy an array into another memory layout, with the same values.
LAYOUTS: dict[str, Layout]


lazy_names(
    globals(),
    own={
        "_audit": ("Audit", "Audited", "WrongGradient", "audit"),
        "_check": ("check",),
        "_check_module": ("ModuleCheck", "check_module"),
        "_check_operation": ("check_operation",),
        "_check_training": ("TrainingCheck", "check_training"),
        "_machine": ("TensorMachine",),
        "findings.report": ("Report",),
        "points.layouts": ("LAYOUTS",),
        "points.strategies": (
            "arrays", "axes", "broadcastable_arrays", "keywords", "layouts", "shapes", "special_values", "tensors",
        ),
    },
)  # fmt: skip
