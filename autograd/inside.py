"""What the annexes know of the engine beyond the public names of `autograd` and `autograd.extend`.

The annexes are `array_api`, `hips`, `scipy`, `testing`, `visualize`, and the back ends of `compile` for scalars and for
loops. Each could be a package of its own: it imports the engine from `autograd`, `autograd.extend` and this module, so
that this page shows all that would break with a change inside. Nothing here is public, and all of it may change. Where
a name of `autograd` or `autograd.extend` will do, use that one, and prefer it to a new line here.
"""
# ruff: noqa: F401  # names for others

from typing import TYPE_CHECKING

from .arrays.batched import Batched
from .arrays.door import Level, batched_at, batches, called, concrete, contents, unrecorded, walks
from .arrays.standin import StandIn
from .calculus import RULES
from .errors import check_argnums, check_callable, check_number, check_option, described
from .graph.backward import Wanted
from .graph.buffer_reuse import writeable
from .graph.grad_mode import ANOMALY, OFF, ON, TRACING, Watch, cut_of, evaluated_as_at, moment, recording, watching
from .graph.instrumentation import Observer, observed, observer, value_observer
from .graph.mutation import kept_arrays, note_written, owner_of, refuse_overwritten
from .graph.name_scope import RunningCall, describe_objects, described_calls, running_calls
from .graph.node import (
    LEAF, Bundle, FreedOperation, Gradients, Hooked, Leaf, Lift, MultiNode, Node, Operation, absent, ancestors,
    by_number, counter,
)  # fmt: skip
from .graph.saved_tensors import Packed, operation_of
from .later import lazy_names
from .ops.index import scatter, selected
from .ops.linalg_common import adjoint, conj, hermitian_part, on_diagonal
from .ops.shape import operand, unbroadcast
from .primitives.multi_output import Output
from .primitives.nary import several_inputs
from .primitives.operands import NUMBERS
from .primitives.primitive import ManyInputs, Primitive
from .source.call_site import called_by, gives_way, users_frame, users_line
from .source.source_info import (
    HasLine, SourceLine, beginning, defined, here, line_in, line_of, place, source_of, text_at, user_frame, warn,
    within_engine, within_file,
)  # fmt: skip
from .tensors.conversions import differentiated
from .tensors.dispatch import declare_special_functions, fronts, is_plain, plain
from .tensors.dispatch import operation_of as replacement_of
from .tensors.tensor import LIFT, Array, Axis, TensorLike, any_live, conjugated, unmasked, unwrap
from .transforms.conventions import BOXES, follows_hips
from .transforms.pytree import flatten, structure

if TYPE_CHECKING:
    from .ops.decompositions import cholesky_rule, eigh_rule, eigvalsh_rule, svd_rule, svdvals_rule
    from .ops.linalg import det_rule
    from .ops.special.bessel import ive_slope
    from .scalar.functions import forward_of, is_arithmetic, slope_of
    from .scalar.value import CallOperation, OutputOperation, value_recorder
    from .tensors.notebook import block_means, heat_map, largest
    from .tensors.types import ArrayOrTensor, NormOrder
    from .transforms.checkpoint import RandomStates, random_states, set_random_states
    from .transforms.compile.compiled_program import CompiledProgram
    from .transforms.compile.program import (
        CONSTANT, HELD, Argument, ArrayOf, Call, Check, Effect, Fixed, Outside, traced_in,
    )  # fmt: skip
    from .transforms.fixed_point import Step, differentiated_at, recorded_since, standing_at
    from .transforms.grad import choose

# Loaded when an annex asks for one of them.
lazy_names(
    globals(),
    others={
        "ops.decompositions": ("cholesky_rule", "eigh_rule", "eigvalsh_rule", "svd_rule", "svdvals_rule"),
        "ops.linalg": ("det_rule",),
        "ops.special.bessel": ("ive_slope",),
        "scalar.functions": ("forward_of", "is_arithmetic", "slope_of"),
        "scalar.value": ("CallOperation", "OutputOperation", "value_recorder"),
        "tensors.notebook": ("block_means", "heat_map", "largest"),
        "tensors.types": ("ArrayOrTensor", "NormOrder"),
        "transforms.checkpoint": ("RandomStates", "random_states", "set_random_states"),
        "transforms.compile.program": (
            "CONSTANT", "HELD", "Argument", "ArrayOf", "Call", "Check", "Effect", "Fixed", "Outside", "traced_in",
        ),
        "transforms.fixed_point": ("Step", "differentiated_at", "recorded_since", "standing_at"),
        "transforms.grad": ("choose",),
    },
)  # fmt: skip
