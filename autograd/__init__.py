"""NumPy that differentiates: tensors, scalars, and derivatives of any order."""

from . import ops
from .checkpointing import checkpoint, restore_in_checkpoints
from .declare import composed, elementwise, general, linear, multilinear, not_differentiable
from .diagnosis import Explanation, Finding, Saved, explain, lint, saved
from .errors import (
    AnomalyError,
    AutogradError,
    ConvergenceError,
    DeclarationError,
    DerivativeError,
    DomainError,
    DtypeError,
    GradientCheckError,
    GraphError,
    ShapeError,
    UnsupportedError,
)
from .function import Context, Function
from .gradcheck import GradientCheck, gradcheck, gradgradcheck
from .hooks import Handle
from .implicit import fixed_point
from .jacobians import ggnvp, hessian, hvp, jacobian
from .linearization import linearize
from .modes import detect_anomaly, enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .ops.assign import mark_written
from .ops.reduce import logsumexp
from .packing import saved_tensors_hooks
from .tensor import Tensor, as_tensor, set_gradient_buffer, tensor
from .transforms import elementwise_grad, grad, gradients, jvp, value_and_grad, vjp
from .value import Value
from .visualize import draw_graph

__all__ = [
    "AnomalyError",
    "AutogradError",
    "Context",
    "ConvergenceError",
    "DeclarationError",
    "DerivativeError",
    "DomainError",
    "DtypeError",
    "Explanation",
    "Finding",
    "Function",
    "GradientCheck",
    "GradientCheckError",
    "GraphError",
    "Handle",
    "Saved",
    "ShapeError",
    "Tensor",
    "UnsupportedError",
    "Value",
    "as_tensor",
    "checkpoint",
    "composed",
    "detect_anomaly",
    "draw_graph",
    "elementwise",
    "elementwise_grad",
    "enable_grad",
    "explain",
    "fixed_point",
    "general",
    "ggnvp",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "gradients",
    "hessian",
    "hvp",
    "is_grad_enabled",
    "jacobian",
    "jvp",
    "linear",
    "linearize",
    "lint",
    "logsumexp",
    "mark_written",
    "multilinear",
    "no_grad",
    "not_differentiable",
    "ops",
    "restore_in_checkpoints",
    "saved",
    "saved_tensors_hooks",
    "set_grad_enabled",
    "set_gradient_buffer",
    "tensor",
    "value_and_grad",
    "vjp",
]
__version__ = "0.1.0"
