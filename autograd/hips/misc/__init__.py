"""What HIPS autograd has beside derivatives: `flatten`, and modules with optimizers, fixed points and tracers."""

from .flatten import flatten, flatten_func
from .tracers import const_graph, const_graph_unary

__all__ = ["const_graph", "const_graph_unary", "flatten", "flatten_func"]
