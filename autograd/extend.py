"""Extending autograd: the building blocks of layers, losses, optimizers and exports.

A program that trains a model does not need them. `nn` is written with `autograd` and this module alone, so your own
package can do whatever it does.

Operations
    Declare one by its derivative rules with `elementwise`, `linear`, `multilinear` or `general`, or write it as a class
    (`Function`, which is given a `Context`). `composed` and `not_differentiable` make a NumPy function accept tensors.
    These are names of `autograd` too. Rules add up many rows with `accurate_sum`, and choose by `select`.
Memory of parameters
    `borrow` reads the array of a tensor, and `mark_written` says that it was written to. `lend`, `portions` and
    `is_sole_owner` keep many parameters in one flat array; `set_gradient_buffer` does the same for their gradients.
    `same_tensor` makes a tensor of a subclass of another one. `pickled` is for its `__reduce__`. `Widened` says where
    float32 met float64. `overwrite` is what ``inplace=True`` does.
Batches of `vmap`
    Forwards and rules that are plain NumPy compute for a whole batch. `as_array` is `numpy.asarray`, but leaves batched
    arrays what they are; `anywhere` and `everywhere` ask a question about all elements of a batch, and `whole` returns
    the ndarray of all. `innermost` finds the batch of some arrays, `leave_batch` takes an array out of it, for an
    operation that has an axis of its own for it, and `enter_batch` puts the result back; `levels` are those that run.
Layers
    `describe_calls` makes errors name the layer in which something happened; `name_calls` makes drawings show the call
    of a function as one box; `restore_in_checkpoints` makes a layer draw the same random numbers when a checkpoint
    computes it again, and `evaluated_again` lets it leave running statistics as they are then.
Programs of `compile`
    Forwards and rules are recorded as they run, with traced arrays, so they ask ``type(x) in ARRAY_TYPES`` where they
    want an array. `called` notes one call of a function of your own, which `unrecorded` lets compute with real arrays.
    `cached_arrays` keeps arrays of shapes, `is_finite` asks what a program then checks, `drawn` draws random numbers
    anew each time. `outside` and `done_outside` call on real arrays what changes parameters, as methods of
    `outside_types` do. A `Rehearsed` function is compiled without being asked, where nobody can tell the difference.
Loops
    `machine_function` makes machine code of what is written in LLVM's instructions, with a `machine_loop`, for
    `registers` of this processor, and keeps it on disk; `load_llvm` raises where LLVM is not installed. `fusing` tells
    whether the calls that run are recorded for such loops, and `rolling` whether a `scan` of many calls would become
    machine code.
Distributions
    `densities` has functions of standardized variables, such as the quantile of Laplace's distribution, that keep their
    digits in the tails; `densities.special` is `scipy.special`, imported when a function of it is asked for.
Exports
    `trace_operations` lists the operations that ran, each as a `TracedOperation`, and `trace_calls` also NumPy's calls,
    each as a `TracedCall`; `html_page` is the text of a page that loads nothing, as the player's; `replacing` writes a
    file completely or not at all.
Trainings
    `find_mistakes` looks for mistakes in the loss that is computed within a block, `look_for_mistakes` until it is
    ended; `leaves` are what a result depends on; `is_unpacked` tells an object whether it is taken apart.
Names
    `set_module` makes classes say where users import them from; `missing` makes modules and classes say what a name
    from PyTorch or JAX is called here; `lazy_names` loads the names of a module when they are first asked for,
    and `importing` imports what a package loads at once without garbage collections.

Examples
--------
An operation, and an optimizer that uses only the signs of gradients:

>>> import numpy as np
>>> from autograd import tensor
>>> from autograd.extend import borrow, elementwise, mark_written
>>> cube = elementwise(lambda x: x**3, lambda g, x: g * 3 * x**2, name="cube")
>>> class SignDescent:
...     def __init__(self, parameters, lr):
...         self.parameters, self.lr = parameters, lr
...
...     def step(self):
...         for parameter in self.parameters:
...             array = borrow(parameter)
...             array -= self.lr * np.sign(borrow(parameter.grad))
...             mark_written(array)
>>> w = tensor([2.0, -1.0], requires_grad=True)
>>> cube(w).sum().backward()
>>> SignDescent([w], lr=0.5).step()
>>> w
Tensor([ 1.5, -1.5], requires_grad=True)
"""

import typing

from .arrays.door import (
    ARRAY_TYPES, anywhere, as_array, cached_arrays, called, done_outside, drawn, everywhere, fusing, innermost, is_copy,
    is_finite, levels, outside, outside_types, rolling, unrecorded, whole,
)  # fmt: skip
from .arrays.select import select
from .foreign import missing
from .graph.buffer_reuse import portions
from .graph.grad_mode import evaluated_again
from .graph.name_scope import describe_calls, name_calls
from .graph.widening import Widened
from .later import importing, lazy_names
from .later import set_module
from .ops import densities
from .primitives.accurate_sum import accurate_sum
from .primitives.declare import composed, elementwise, general, linear, multilinear, not_differentiable
from .source.call_site import is_unpacked

if typing.TYPE_CHECKING:
    from .diagnosis.mistakes import find_mistakes, look_for_mistakes
    from .diagnosis.nodes import leaves
    from .diagnosis.traced_calls import TracedCall, trace_calls
    from .diagnosis.tracing import TracedOperation, trace_operations
    from .files import replacing
    from .hips.definitions import (
        defjvp as defjvp, defjvp_argnum as defjvp_argnum, defjvp_argnums as defjvp_argnums, defvjp as defvjp,
        defvjp_argnum as defvjp_argnum, defvjp_argnums as defvjp_argnums, notrace_primitive as notrace_primitive,
        primitive as primitive,
    )  # fmt: skip
    from .hips.vector_spaces import VSpace as VSpace
    from .hips.vector_spaces import vspace as vspace
    from .ops.setitem import mark_written, overwrite
    from .primitives.batching.level import enter as enter_batch
    from .primitives.batching.level import leave as leave_batch
    from .primitives.function import Context, Function
    from .tensors.parameter_memory import borrow, is_sole_owner, lend, same_tensor, set_gradient_buffer
    from .tensors.tensor import pickled
    from .transforms.checkpoint import restore_in_checkpoints
    from .transforms.compile.fused.loops import load_llvm, machine_function, machine_loop, registers
    from .transforms.compile.rehearsed import Rehearsed
    from .visualize.page import html_page

__all__ = [
    "ARRAY_TYPES", "Context", "Function", "Rehearsed", "TracedCall", "TracedOperation", "Widened", "accurate_sum",
    "anywhere", "as_array", "borrow", "cached_arrays", "called", "composed", "densities",
    "describe_calls", "done_outside", "drawn", "elementwise", "enter_batch", "evaluated_again", "everywhere",
    "find_mistakes", "fusing", "general", "html_page", "importing", "innermost", "is_copy", "is_finite",
    "is_sole_owner", "is_unpacked", "lazy_names", "leave_batch", "leaves", "lend", "levels", "linear", "load_llvm",
    "look_for_mistakes", "machine_function", "machine_loop", "mark_written", "missing", "multilinear", "name_calls",
    "not_differentiable", "outside", "outside_types", "overwrite", "pickled", "portions", "registers", "replacing",
    "restore_in_checkpoints", "rolling", "same_tensor", "select", "set_gradient_buffer", "set_module", "trace_calls",
    "trace_operations", "unrecorded", "whole",
]  # fmt: skip

# Loaded on first use, like the names of `autograd` that a program may never use.
_OWN = {
    "diagnosis.mistakes": ("find_mistakes", "look_for_mistakes"),
    "diagnosis.nodes": ("leaves",),
    "diagnosis.traced_calls": ("TracedCall", "trace_calls"),
    "diagnosis.tracing": ("TracedOperation", "trace_operations"),
    "files": ("replacing",),
    "ops.setitem": ("mark_written", "overwrite"),
    "primitives.batching.level": ("enter as enter_batch", "leave as leave_batch"),
    "tensors.parameter_memory": ("borrow", "is_sole_owner", "lend", "same_tensor", "set_gradient_buffer"),
    "tensors.tensor": ("pickled",),
    "transforms.checkpoint": ("restore_in_checkpoints",),
    "transforms.compile.fused.loops": ("load_llvm", "machine_function", "machine_loop", "registers"),
    "transforms.compile.rehearsed": ("Rehearsed",),
    "visualize.page": ("html_page",),
}  # fmt: skip
# Names of `autograd` too, and of HIPS autograd: see `autograd.core`.
_OTHERS = {
    "": ("Context", "Function"),
    "core": (
        "Box", "JVPNode", "SparseObject", "VJPNode", "VSpace", "backward_pass", "def_linear", "defjvp", "defjvp_argnum",
        "defjvp_argnums", "defvjp", "defvjp_argnum", "defvjp_argnums", "notrace_primitive", "primitive",
        "register_notrace", "vspace",
    ),
}  # fmt: skip

_loaded = [each for each in map(globals().get, __all__) if getattr(each, "__module__", None) != __package__]
set_module(__name__, *_loaded)  # the others are names of `autograd` too

lazy_names(globals(), own=_OWN, others=_OTHERS, otherwise=missing.lookup(__name__))
