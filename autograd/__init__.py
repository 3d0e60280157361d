"""NumPy that differentiates: tensors, scalars, and derivatives of any order."""

import os as _os
import sys as _sys
import typing

from . import later as _later

with _later.importing():
    from .errors import (
        AnomalyError, AutogradError, BatchError, CompileError, ConvergenceError, DeclarationError, DerivativeError,
        DomainError, DtypeError, GradientCheckError, GraphError, NotReproducibleError, PatternError, ShapeError,
        UnsupportedError,
    )  # fmt: skip
    from .foreign import missing as _missing
    from .graph.grad_mode import detect_anomaly, enable_grad, is_grad_enabled, no_grad, set_grad_enabled
    from .graph.saved_tensors import saved_tensors_hooks
    from .ops.reduce import logsumexp
    from .primitives.declare import composed, elementwise, general, linear, multilinear, not_differentiable
    from .source import warning_source as _blame  # noqa: F401  # from here on warnings name the lines of programs
    from .tensors.tensor import Tensor, as_tensor, tensor

if typing.TYPE_CHECKING:
    from . import extend
    from .diagnosis import Explanation, Finding, Saved, explain, lint, saved
    from .hips.builtins import dict as dict, isinstance as isinstance, list as list, tuple as tuple, type as type
    from .hips.definitions import primitive as primitive
    from .hips.differential_operators import (
        deriv as deriv, grad_and_aux as grad_and_aux, grad_named as grad_named,
        hessian_tensor_product as hessian_tensor_product, hessian_vector_product as hessian_vector_product,
        holomorphic_grad as holomorphic_grad, make_ggnvp as make_ggnvp, make_hvp as make_hvp, make_jvp as make_jvp,
        make_vjp as make_vjp, multigrad_dict as multigrad_dict, tensor_jacobian_product as tensor_jacobian_product,
        vector_jacobian_product as vector_jacobian_product,
    )  # fmt: skip
    from .primitives.function import Context, Function
    from .scalar.value import Value
    from .tensors.hooks import Handle
    from .testing._gradcheck import GradientCheck, gradcheck, gradgradcheck
    from .transforms.checkpoint import checkpoint
    from .transforms.compile.compiled import compile
    from .transforms.conventions import compatibility
    from .transforms.custom_rules import custom_jvp, custom_vjp
    from .transforms.fixed_point import fixed_point
    from .transforms.grad import elementwise_grad, grad, value_and_grad
    from .transforms.gradients import gradients
    from .transforms.jacobian import hessian, jacobian
    from .transforms.products import ggnvp, hvp, jvp, linearize, vjp
    from .transforms.scan import scan, while_loop
    from .transforms.sparse.pattern import sparsity
    from .transforms.trees import (
        ravel_pytree, register_dataclass, register_pytree_node, tree_flatten, tree_leaves, tree_map,
    )  # fmt: skip
    from .transforms.vmap import vmap
    from .visualize import draw_graph, watch_calls
    from .visualize.difference import GraphDifference, GraphDifferences, RecordedRun, diff_graphs, record_run
    from .visualize.player import player

__all__ = [
    "AnomalyError", "AutogradError", "BatchError", "CompileError", "Context", "ConvergenceError", "DeclarationError",
    "DerivativeError", "DomainError", "DtypeError", "Explanation", "Finding", "Function", "GradientCheck",
    "GradientCheckError", "GraphDifference", "GraphDifferences", "GraphError", "Handle", "NotReproducibleError",
    "PatternError", "RecordedRun", "Saved", "ShapeError", "Tensor", "UnsupportedError", "Value", "as_tensor",
    "checkpoint", "compatibility", "compile", "composed", "custom_jvp", "custom_vjp", "detect_anomaly", "diff_graphs",
    "draw_graph", "elementwise", "elementwise_grad", "enable_grad", "explain", "extend", "fixed_point", "general",
    "ggnvp", "grad", "gradcheck", "gradgradcheck", "gradients", "hessian", "hvp", "is_grad_enabled", "jacobian", "jvp",
    "linear", "linearize", "lint", "logsumexp", "multilinear", "no_grad", "not_differentiable", "ops", "player",
    "ravel_pytree", "record_run", "register_dataclass", "register_pytree_node", "saved", "saved_tensors_hooks", "scan",
    "set_grad_enabled", "sparsity", "tensor", "tree_flatten", "tree_leaves", "tree_map", "value_and_grad", "vjp",
    "vmap", "watch_calls", "while_loop",
]  # fmt: skip
__version__ = "0.1.0"

# What a program may never use is loaded when it is first asked for: a quarter of the time that the import would take.
_OWN = {
    "diagnosis": ("Explanation", "Finding", "Saved", "explain", "lint", "saved"),
    "primitives.function": ("Context", "Function"),
    "scalar.value": ("Value",),
    "tensors.hooks": ("Handle",),
    "testing._gradcheck": ("GradientCheck", "gradcheck", "gradgradcheck"),
    "transforms.checkpoint": ("checkpoint",),
    "transforms.conventions": ("compatibility",),
    "transforms.compile.compiled": ("compile",),
    "transforms.custom_rules": ("custom_jvp", "custom_vjp"),
    "transforms.fixed_point": ("fixed_point",),
    "transforms.grad": ("elementwise_grad", "grad", "value_and_grad"),
    "transforms.gradients": ("gradients",),
    "transforms.jacobian": ("hessian", "jacobian"),
    "transforms.trees": (
        "ravel_pytree", "register_dataclass", "register_pytree_node", "tree_flatten", "tree_leaves", "tree_map",
    ),
    "transforms.products": ("ggnvp", "hvp", "jvp", "linearize", "vjp"),
    "transforms.scan": ("scan", "while_loop"),
    "transforms.sparse.pattern": ("sparsity",),
    "transforms.vmap": ("vmap",),
    "visualize": ("draw_graph", "watch_calls"),
    "visualize.difference": ("GraphDifference", "GraphDifferences", "RecordedRun", "diff_graphs", "record_run"),
    "visualize.player": ("player",),
}  # fmt: skip
_later.set_module(__name__, *(globals().get(name) for name in __all__))

# Where the modules are that lower floors ask for.
_later.homes.update(
    {
        "SciPy's functions with derivatives": "autograd.scipy",
        "compile of scalars": "autograd.transforms.compile.scalars.compiled",
        "functions of SciPy's special": "autograd.special",
        "functions without derivatives": "autograd.ops.undifferentiated",
        "fused loops": "autograd.transforms.compile.fused.fuse",
        "hooks": "autograd.tensors.hooks",
        "loops that keep few states": "autograd.transforms.revolve",
        "machine code of loops": "autograd.transforms.compile.fused.loop_machine",
        "numba": "autograd.transforms.compile.fused.loops",
        "rolled loops": "autograd.transforms.compile.loops.rolled",
        "sparse derivatives": "autograd.transforms.sparse.derivatives",
        "sparse products": "autograd.scipy.sparse",
        "special functions": "autograd.ops.special",
        "the array API": "autograd.array_api",
        "triangular systems": "autograd.scipy.linalg.systems",
    }
)

# HIPS autograd has the same import name. Installed beside this package, its files are in the same folder.
if _os.path.exists(_os.path.join(__path__[0], "core.py")):
    raise ImportError(
        f"two packages named autograd are installed in one folder, {__path__[0]}: plaingrad and HIPS autograd, whose "
        f"files would be mixed. Remove both, pip uninstall -y autograd plaingrad, then pip install -e . in plaingrad's "
        f"folder: programs written for HIPS autograd run on it"
    )

# Its modules, and the names that it has here: see `hips`.
__path__.append(_os.path.join(__path__[0], "hips"))
_OF_HIPS = {
    "builtins": ("dict", "isinstance", "list", "tuple", "type"),
    "definitions": ("primitive",),
    "differential_operators": (
        "deriv", "grad_and_aux", "grad_named", "hessian_tensor_product", "hessian_vector_product", "holomorphic_grad",
        "make_ggnvp", "make_hvp", "make_jvp", "make_vjp", "multigrad_dict", "tensor_jacobian_product",
        "vector_jacobian_product",
    ),
}  # fmt: skip
_MODULES = (
    "builtins", "core", "differential_operators", "extend", "misc", "numpy", "scipy", "test_util", "tracer", "util",
    "wrap_util",
)  # fmt: skip


# Libraries that choose a method by types look for its Box among the modules that are loaded.
_sys.modules.setdefault(f"{__name__}.tracer", _later.Announced(f"{__name__}.tracer"))
_later.lazy_names(
    globals(),
    own=_OWN,
    others=_OF_HIPS,
    modules=_MODULES,
    otherwise=_missing.lookup(__name__, f"{__name__}.extend", "numpy"),
)
