"""Unary and binary operations: the hot path.

Each builder takes a `Primitive`, sets its `pull`, and returns the function that users call. Operations of one and two
inputs without further arguments have their own paths, without loops, argument lists or anything else that costs time;
`with_arguments`, `nary` and `multi_output` serve all others.
"""

from __future__ import annotations

import functools
from operator import itemgetter
from typing import Any

import numpy as np

from ..arrays.door import FAILURES
from ..graph.buffer_reuse import sum_gradients
from ..graph.grad_mode import ON, carried, recording
from ..graph.instrumentation import examine
from ..graph.mutation import WHOLE, guard, keep_constant
from ..graph.node import Gradients, Leaf, Node, absent, counter, intern_shape
from ..tensors.dispatch import fronts
from ..tensors.tensor import Tensor, unwrap
from .operands import (
    LOOP,
    NUMBERS,
    as_operand,
    computed,
    handed_over,
    loop,
    numbers,
    recovered,
    recovered_or_refused,
    refuse,
    refuse_objects,
    settled,
)
from .primitive import Function, Primitive

new = object.__new__
ndarray = np.ndarray
asarray = np.asarray
copied = np.array

# What a rule of the fast paths needs: nothing, one value, or several.
NOTHING, X, Y, OUT, SEVERAL = range(5)
# A rule that returns its gradient unchanged; calling it would only cost time.
_IDENTITY = (lambda g: g).__code__.co_code
# A rule that is a single product is replaced by NumPy's function, which saves a call.
_PRODUCT = (lambda g, y: g * y).__code__.co_code
# What an operation shares with its copy for inputs like the output.
_SHARED = [name for name in Primitive.__slots__ if name not in ("apply", "pull")]


def _choice(op: Primitive, index: int) -> int:
    needs = op.needs[index]
    if len(needs) != 1:
        return SEVERAL if needs or op.rules[index].__code__.co_code != _IDENTITY else NOTHING
    return {"out": OUT, op.parameters[-1]: Y, op.parameters[0]: X}.get(needs[0], SEVERAL)


def _picks(op: Primitive, index: int, choice: int) -> Function:
    """Return a function that picks what a rule needs from a `pool`: one value as it is, several as a sequence."""
    return op.getter(index) if choice in (SEVERAL, NOTHING) else itemgetter(op.positions(index)[0])


def _is_uniform(op: Primitive) -> bool:
    """Tell whether the result has the dtype of the inputs, if they share one.

    It does not for `absolute` of complex numbers, for `float_power` and, in half precision, for SciPy's functions.
    """
    return isinstance(op.forward, np.ufunc) and _keeps_dtypes(tuple(op.forward.types), op.forward.nin)


@functools.cache  # many ufuncs have the same loops
def _keeps_dtypes(loops: tuple[str, ...], given: int) -> bool:
    of_one = [loop for loop in loops if loop[0] in "efdgFDG" and loop[:given] == loop[0] * given]
    return f"{'e' * given}->e" in loops and all(loop[0] == loop[given + 2 :] for loop in of_one)


def _elsewhere(op: Primitive, values: tuple[Any, ...]) -> Any:
    """Apply `op` without tensors: to nodes of another kind, or to plain arrays."""
    for value in values:
        front = fronts.get(type(value))
        if front is not None:
            return front(op, *values)
    if not isinstance(op.forward, np.ufunc):  # a ufunc converts lists itself
        values = tuple([v if type(v) is ndarray or type(v) in NUMBERS else numbers(op, v) for v in values])
    return computed(op, *values)


def _aligned(op: Primitive, apply: Function, pull: Function) -> Primitive:
    """Return the same operation for inputs with the shape and dtype of the output, so that `pull` need not check."""
    aligned: Primitive = new(type(op))
    for name in _SHARED:
        setattr(aligned, name, getattr(op, name))
    aligned.apply, aligned.pull = apply, pull
    return aligned


def unary(op: Primitive) -> Function:
    """Build the function that applies an operation of one input, and the function that pulls a gradient back."""
    forward, rule = op.computed, op.applied[0]
    choice, needs = _choice(op, 0), op.getter(0)
    passes, single = choice == NOTHING, choice in (X, OUT)
    keeps_x, keeps_out = choice == X, choice == OUT
    guarded = op.parameters[0] in op.needs[0]
    uniform = _is_uniform(op)

    def apply(x: Any) -> Any:
        if type(x) is not Tensor and not isinstance(x, Tensor):
            return _elsewhere(op, (x,))
        a = x._array
        try:
            z = forward(a)
        except (TypeError, ValueError, AttributeError) as error:
            z = recovered(op, a)
            if z is None:
                if isinstance(error, TypeError):
                    refuse(op, error, a)
                raise
        if type(z) is not ndarray:
            z = asarray(z) if type(z) in NUMBERS else settled((z,))[0][0]
            if z.dtype.kind == "O":
                refuse_objects(op.name, a)
        out = new(Tensor)
        out._array = z
        t, x = x, x._node
        if x is None:
            out._node = None
            out._cut = t._cut
            return out
        mode = recording()
        if not mode:
            out._node = None
            out._cut = op, mode
            return out
        out._node = node = Node()
        node.x = x
        node.y = node.kept_y = None
        node.guard = guard(x, a) if guarded and type(x) is not Node and (type(x) is not Leaf or x.shared) else None
        if keeps_out:
            node.kept = z
        elif keeps_x:
            node.kept = a
        elif passes:
            node.kept = None
        else:
            node.kept = needs(op.pool((a,), z))
        if uniform or z.dtype is x.dtype:
            node.op = aligned
            node.shape = x.shape
            node.dtype = x.dtype
        else:
            node.op = op
            node.shape = intern_shape(z.shape)
            node.dtype = z.dtype
        node.number = next(counter)
        if mode > ON:
            examine(node, (a,), z)
        return out

    def pull_aligned(node: Node, g: Any, gradients: Gradients) -> None:
        x: Any = node.x
        held = gradients[x]
        if held is not absent:
            gx = rule(g, node.kept) if single else g if passes else rule(g, *node.kept)
            gradients[x] = gx if held is None else held + gx if type(x.shape) is tuple else sum_gradients(held, gx)

    def pull(node: Node, g: Any, gradients: Gradients) -> None:
        x: Any = node.x
        held = gradients[x]
        if held is not absent:
            gx = rule(g, node.kept) if single else g if passes else rule(g, *node.kept)
            if gx.shape != x.shape or gx.dtype is not x.dtype:
                gx = op.conform(gx, x, node)
            gradients[x] = gx if held is None else sum_gradients(held, gx)

    op.pull = pull
    aligned = _aligned(op, apply, pull_aligned) if op.trusted else op
    return apply


def binary(op: Primitive) -> Function:
    """Build the same pair of functions for an operation of two inputs."""
    forward = op.computed
    rule_x, rule_y = [np.multiply if rule.__code__.co_code == _PRODUCT else rule for rule in op.applied]
    choice_x, choice_y = _choice(op, 0), _choice(op, 1)
    needs_x, needs_y = _picks(op, 0, choice_x), _picks(op, 1, choice_y)
    single_x, single_y = (choice in (X, Y, OUT) for choice in (choice_x, choice_y))
    passes_x, passes_y = choice_x == NOTHING, choice_y == NOTHING
    other_x, other_y = choice_x == Y, choice_y == X
    # whether the derivative with respect to x, or to y, needs the values of a, or of b
    (a_for_x, b_for_x), (a_for_y, b_for_y) = ([name in needs for name in op.parameters[:2]] for needs in op.needs)
    elementwise = op.kind == "elementwise"
    uniform = elementwise and _is_uniform(op)

    def apply(x: Any, y: Any) -> Any:
        # the tensors s and t, or constants; their arrays a and b; their nodes x and y, None for a constant
        s, t = x, y
        if type(x) is Tensor or isinstance(x, Tensor):
            a, x = x._array, x._node
            if type(y) is Tensor or isinstance(y, Tensor):
                b, y = y._array, y._node
            else:
                b, y = y, None
        elif isinstance(y, Tensor):
            a, x = x, None
            b, y = y._array, y._node
        else:
            return _elsewhere(op, (x, y))
        try:
            z = forward(a, b)
        except FAILURES as error:
            if getattr(type(b), "__array_ufunc__", ndarray) is None:
                return NotImplemented  # its class has operators of its own
            z = recovered_or_refused(op, error, (a, b))
            if z is LOOP:
                return loop(op, s, t)
        if type(z) is not ndarray:
            if type(z) in NUMBERS:
                z = asarray(z)
            elif (handed := handed_over(op, z, s, t)) is not NotImplemented:
                return handed
            else:
                (z,), (x, y) = settled((z,), (x, y), (a, b))
        out = new(Tensor)
        out._array = z
        # a constant remembers why it is one
        mode = None if x is None and y is None else recording()
        if not mode:
            if z.dtype.kind == "O":
                refuse_objects(op.name, a, b)
            out._node = None
            if mode is None:
                out._cut = s._cut or t._cut if type(s) is type(t) is Tensor else carried(s, t)
            else:
                out._cut = op, mode
            return out
        out._node = node = Node()
        node.x, node.y, node.guard = x, y, None
        # the values of results are the engine's own; those of leaves are, unless shared; those of constants are not
        if x is None:
            if a_for_y:
                if type(a) is ndarray and a.nbytes <= WHOLE:
                    a = copied(a)
                elif type(a) not in NUMBERS:
                    if (array := as_operand(a)) is not a:
                        return apply(array, t)
                    a, node.guard = keep_constant(a)
        elif type(x) is not Node and (type(x) is not Leaf or x.shared) and (a_for_x or (a_for_y and y is not None)):
            node.guard = guard(x, a)
        if y is None:
            if b_for_x:
                if type(b) is ndarray and b.nbytes <= WHOLE:
                    b = copied(b)
                elif type(b) not in NUMBERS:
                    if (array := as_operand(b)) is not b:
                        return apply(s, array)
                    b, node.guard = keep_constant(b, node.guard)
        elif type(y) is not Node and (type(y) is not Leaf or y.shared) and (b_for_y or (b_for_x and x is not None)):
            node.guard = guard(y, b, node.guard)
        # what each rule needs, and nothing else
        node.kept = None if passes_x or x is None else b if other_x else needs_x(op.pool((a, b), z))
        node.kept_y = None if passes_y or y is None else a if other_y else needs_y(op.pool((a, b), z))
        # inputs with the shape and dtype of the output spare the pull its checks
        live = y if x is None else x
        if (
            uniform and x.shape is y.shape and x.dtype is y.dtype
            if x is not None and y is not None
            else live.dtype is z.dtype and live.shape == z.shape
        ):
            node.op, node.shape, node.dtype = aligned, live.shape, live.dtype
        else:
            node.op, node.shape, node.dtype = op, intern_shape(z.shape), z.dtype
            if z.dtype.kind == "O":
                refuse_objects(op.name, a, b)
        node.number = next(counter)
        if mode > ON:
            examine(node, unwrap((s, t)), z)
        return out

    def pull_aligned(node: Node, g: Any, gradients: Gradients) -> None:
        x: Any = node.x
        held = gradients[x]
        if held is not absent:
            gx = rule_x(g, node.kept) if single_x else g if passes_x else rule_x(g, *node.kept)
            gradients[x] = gx if held is None else held + gx if type(x.shape) is tuple else sum_gradients(held, gx)
        x = node.y
        held = gradients[x]
        if held is not absent:
            gx = rule_y(g, node.kept_y) if single_y else g if passes_y else rule_y(g, *node.kept_y)
            gradients[x] = gx if held is None else held + gx if type(x.shape) is tuple else sum_gradients(held, gx)

    def pull(node: Node, g: Any, gradients: Gradients) -> None:
        kept: Any = node.kept
        for x, single, passes, rule in ((node.x, single_x, passes_x, rule_x), (node.y, single_y, passes_y, rule_y)):
            held = gradients[x]
            if x is not None and held is not absent:
                gx = rule(g, kept) if single else g if passes else rule(g, *kept)
                if gx.shape != x.shape or gx.dtype is not x.dtype:
                    gx = op.conform(gx, x, node)
                gradients[x] = gx if held is None else sum_gradients(held, gx)
            kept = node.kept_y

    op.pull = pull
    aligned = _aligned(op, apply, pull_aligned) if op.trusted and elementwise else op
    return apply
