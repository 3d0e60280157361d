"""Primitive operations: a NumPy function and one derivative rule for each differentiable input.

A rule's parameters say what it needs, and so what a node saves:

=================  ==================================================================================
``g``              the gradient of the output; always first
``out``            the output
``x``, ``axis``    the input or argument of that name
``x_shape``        the shape of the input ``x``
``index``          which of a sequence of inputs the gradient is for, in a variadic operation
``into``           an array that the result may be written to, or None; it is None where ``g`` or anything that
                   the rule needs has another dtype than the input
=================  ==================================================================================
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from operator import itemgetter
from types import MethodType
from typing import Any

import numpy as np

from ..arrays.door import FAILURES, as_array, innermost_level
from ..arrays.standin import StandIn
from ..errors import DeclarationError, DerivativeError
from ..graph.buffer_reuse import sum_gradients
from ..graph.nan_safety import absorb_by_comparison, absorb_by_position
from ..graph.node import Bundle, FreedOperation, Gradient, Gradients, Lift, MultiNode, Node, absent, recorded
from ..graph.widening import Widened
from .accurate_sum import accurate_sum
from .read_only import array_returned, guarded_forward, guarded_rule

Function = Callable[..., Any]
Rule = Callable[..., Any]

# Passed to a rule when it is called, and so not kept: `shared` is for what rules of one node leave for each other.
AT_CALL = ("into", "index", "shared")
_NOTHING = itemgetter(slice(0))
_OUT = -1  # among the origins of what a rule keeps

# Tests make sure that functions and rules of these packages write only to their results.
_OWN = {__name__.partition(".")[0]}
LIBRARIES = frozenset({*_OWN, "nn"})


class Primitive:
    """An operation: its function, its derivative rules, and how a gradient is pulled back through it.

    Attributes
    ----------
    name
        Its name in drawings and messages.
    kind
        ``"elementwise"``, ``"linear"``, ``"multilinear"`` or ``"general"``: how forward mode differentiates it.
    function
        The function that it differentiates, by which NumPy's protocols find it.
    forward
        The function that computes the result from arrays; its parameters are those of the operation.
    variadic
        Whether the first parameter is a sequence of inputs, all with the same rule.
    shaped
        The positions of the parameters whose shape a rule names.
    computed, applied
        The functions called for the result and for gradients: `forward` and the rules, wrapped where they are a user's,
        so that they cannot write to their arguments.
    rules, needs, at_call, origins
        One derivative rule for each differentiable input; the names of the values that it keeps, and of those passed
        when it is called; which input each kept value is, `_OUT` for the output, None for what has no gradient.
    apply
        The function that users call.
    pull
        Carries the gradient of one node to its inputs: see `graph.Operation`.
    push, pushes
        Carries tangents of the inputs of one node to its output, by forward rules and the names of what they take; None
        where forward mode makes do with the derivative rules.
    """

    # Backward passes read `pull` and `freed` for each node. Python reads a slot three times as fast as the dictionary
    # that a copy of an operation, as `unary_binary` makes it, would have.
    __slots__ = (
        "applied", "apply", "at_call", "computed", "defaults", "forward", "freed", "function", "kind", "name", "needs",
        "origins", "ours", "parameters", "passed", "pull", "push", "pushes", "rules", "shaped", "trusted", "variadic",
    )  # fmt: skip

    links = False  # whether results that are views of inputs are recognized
    apply: Function
    pull: Callable[[Node, Any, Gradients], None]

    def __init__(
        self,
        kind: str,
        function: Function,
        rules: tuple[Rule, ...],
        *,
        forward: Function | None = None,
        name: str | None = None,
        variadic: bool = False,
        jvp: tuple[Rule, ...] = (),
    ) -> None:
        self.kind, self.function, self.rules, self.variadic = kind, function, rules, variadic
        self.forward = forward or function
        self.name = name or function.__name__
        self.parameters, self.defaults = parameters_of(self.forward, len(rules))
        self.passed = frozenset(AT_CALL) - frozenset(self.parameters)  # which may have these names themselves
        named = self._named(rules)
        self.pushes = tuple(zip(jvp, self._named(jvp, "t"), strict=True)) if jvp else ()
        self.push = self._push if jvp else None
        dropped = [0] * len(rules)
        for i, (_, names) in enumerate(self.pushes):
            further = tuple([name for name in names if name not in named[i]])
            named[i], dropped[i] = (*further, *named[i]), len(further)
        self.needs = tuple([tuple([name for name in names if name not in self.passed]) for names in named])
        self.at_call = tuple([tuple([name for name in names if name in self.passed]) for names in named])
        sources = {name: i for i, name in enumerate(self.parameters[: len(rules)])} | {"out": _OUT}
        self.origins = tuple([tuple([sources.get(name) for name in names]) for names in self.needs])
        wanted = {name for names in named for name in names} - set(self.parameters)
        self.shaped = tuple([i for i, name in enumerate(self.parameters) if f"{name}_shape" in wanted])
        # The shapes and dtypes of this package's rules are checked by its tests, those of other rules when they are
        # used. So are those of SciPy's ufuncs, which give double precision for a Python number where NumPy's do not.
        homes = {(rule.__module__ or "").partition(".")[0] for rule in rules}
        self.trusted = homes <= _OWN
        if isinstance(self.forward, np.ufunc):
            self.trusted &= hasattr(np, self.forward.__name__)
        self.ours = homes <= LIBRARIES
        if not self.ours and "out" in self.parameters and any("out" in names for names in self.needs):
            raise DeclarationError(f"rules of '{self.name}' take out as the output: give its parameter another name")
        plain = self.ours or isinstance(self.forward, np.ufunc)
        self.computed = self.forward if plain else guarded_forward(self.forward, self.links)
        self.applied = (
            rules
            if self.ours
            else tuple(guarded_rule(self.name, *each) for each in zip(rules, map(len, self.needs), strict=True))
        )
        if jvp:
            self.applied = tuple(map(_without_first, self.applied, dropped))
        self.freed = FreedOperation(self)

    def __repr__(self) -> str:
        return f"<{self.kind} operation {self.name}>"

    def _named(self, rules: tuple[Rule, ...], first: str = "g") -> list[tuple[str, ...]]:
        """Return the names of what each rule needs beside the gradient, or the tangent."""
        known, named = _known(self.parameters, self.variadic), []
        for names in map(argument_names, rules):
            if not names or names[0] != first or not known.issuperset(names[1:]):
                what = "g, the gradient of the output" if first == "g" else "t, the tangent of its input"
                raise DeclarationError(
                    f"a derivative rule of '{self.name}' takes ({', '.join(names)}); it should take {what}, and then "
                    f"any of {', '.join(sorted(known))}"
                )
            at_call = [name in self.passed for name in names[1:]]
            if at_call != sorted(at_call):
                raise DeclarationError(f"a rule of '{self.name}' takes index and into after all that it keeps")
            named.append(names[1:])
        return named

    def positions(self, index: int) -> list[int]:
        """Return the positions of what a rule needs among the parameters' values, the output and the named shapes."""
        positions = _positions(self.parameters, self.shaped)
        return [positions[name] for name in self.needs[index]]

    def arguments_kept(self, first: int) -> list[int]:
        """Return the positions of the arguments, from `first` on, that rules name; all of them if it is linear."""
        named = {position for index in range(len(self.rules)) for position in self.positions(index)}
        return [i for i in range(first, len(self.parameters)) if self.kind == "linear" or i in named]

    def getter(self, index: int) -> Callable[[Any], Any]:
        """Return a function that picks what a rule needs from a `pool`, as a sequence; it calls no Python code."""
        wanted = self.positions(index)
        if len(wanted) > 1:
            return itemgetter(*wanted)
        return itemgetter(slice(wanted[0], wanted[0] + 1)) if wanted else _NOTHING

    def pool(self, values: tuple[Any, ...], out: Any) -> tuple[Any, ...]:
        """Return all that a rule of this operation can need: the parameters' values, the output, the named shapes."""
        if not self.shaped:
            return (*values, out)
        of = [tuple(map(_shape, values[i])) if self.variadic and i == 0 else _shape(values[i]) for i in self.shaped]
        return (*values, out, *of)

    def inputs(self, node: Node) -> tuple[Node | None, ...]:
        """Return the node of each differentiable input, None for one that needs no gradient."""
        return (node.x, node.y)[: len(self.rules)]

    def kept(self, node: Node, index: int) -> tuple[Any, ...]:
        """Return what `node` kept for the rule of one input, in the order in which the rule names it."""
        kept = node.kept_y if index else node.kept
        needs = self.needs[index]
        if not needs:
            return ()
        several: tuple[Any, ...] = kept
        return (kept,) if len(needs) == 1 and needs[0] in ("out", *self.parameters) else several

    def derivative(
        self, node: Node, index: int, g: Gradient, lift: Lift | None = None, replace: Callable[[Any], Any] | None = None
    ) -> Any:
        """Apply the rule of one input to `g`; with `lift`, to tensors instead of the arrays that `node` kept.

        `replace` is applied to each kept value.
        """
        of_rule = 0 if self.variadic else index
        kept = self.kept(node, index) if lift is None else self.lifted(node, index, lift)
        if replace is not None:
            kept = tuple(map(replace, kept))
        names = self.at_call[of_rule]
        given = {name: {"index": index, "shared": {}}.get(name) for name in names} if names else {}
        rule = self.applied[of_rule if len(self.applied) > 1 else 0]
        try:
            return rule(g, *kept, **given)
        except FAILURES:
            level: Any = innermost_level(g, kept)
            if level is None:
                raise
        values = (g, *kept, *given.values())
        if self.kind == "elementwise" and lift is None:
            return level.elementwise(rule, values)
        return level.loop(f"the derivative of {self.name}", rule, values)

    def lifted(self, node: Node, index: int, lift: Lift) -> tuple[Any, ...]:
        """Return the same as `kept`, with tensors instead of the arrays that came from live inputs."""
        inputs, lifted = self.inputs(node), []
        for origin, value in zip(self.origins[0 if self.variadic else index], self.kept(node, index)):  # noqa: B905 - hot
            if origin == _OUT:
                value = self._lifted_out(value, node, lift)
            elif origin is not None and self.variadic:
                value = [a if x is None else lift.wrap(a, x) for a, x in zip(value, inputs, strict=True)]
            elif origin is not None and (source := inputs[origin]) is not None:
                value = lift.wrap(value, source)
            lifted.append(value)
        return tuple(lifted)

    def _lifted_out(self, value: Any, node: Node, lift: Lift) -> Any:
        return lift.wrap(value, node)

    def statics(self, node: Node) -> tuple[Any, ...] | None:
        """Return the further arguments of a linear operation of one input, None for any other operation."""
        return () if self.kind == "linear" else None

    def pull_carefully(self, node: Node, g: Gradient, gradients: Gradients, lift: Lift | None, absorb: bool) -> None:
        """Pull `g` back for one node; see `graph.Operation`."""
        for index, x in enumerate(self.inputs(node)):
            held = gradients[x]
            if x is None or held is absent:
                continue
            gx = self.derivative(node, index, g, lift)
            if absorb:
                gx = self._absorb(gx, node, index, g, lift)
            alike = getattr(gx, "shape", None) == x.shape and gx.dtype is x.dtype
            gx = gx if alike else self.conform(gx, x, node)
            gradients[x] = gx if held is None else sum_gradients(held, gx)

    def _push(self, node: Node, tangents: Sequence[Any], lift: Lift | None) -> Any:
        """Return the tangent of the output, or a tuple of them, from those of the inputs; None for one without."""
        total: Any = None
        for index, ((rule, names), tangent) in enumerate(zip(self.pushes, tangents, strict=True)):
            if tangent is None:
                continue
            kept = self.kept(node, index) if lift is None else self.lifted(node, index, lift)
            values = dict(zip(self.needs[index], kept, strict=True))
            part = rule(tangent, *[values[name] for name in names])
            if isinstance(node, MultiNode):
                part = tuple(map(self._tangent, part, node.shapes, node.dtypes))
                total = part if total is None else tuple(a + b for a, b in zip(total, part, strict=True))
            else:
                part = self._tangent(part, node.shape, node.dtype)
                total = part if total is None else total + part
        return total

    def _tangent(self, tangent: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        if tangent is None:
            raise DerivativeError(f"a forward rule of '{self.name}' returned None: is a return missing?")
        tangent = array_returned(tangent)
        if tangent.shape != shape or tangent.dtype.kind not in "fc":
            raise DerivativeError(
                f"a forward rule of '{self.name}' returned {tangent.dtype} values of shape {tangent.shape} for an "
                f"output of shape {shape}; a tangent has the shape and dtype of the output"
            )
        return tangent if tangent.dtype == dtype else tangent.astype(dtype)

    def _absorb(self, gx: Any, node: Node, index: int, g: Any, lift: Lift | None) -> Any:
        unwrap = as_array if lift is None else lift.unwrap
        if self.kind == "elementwise":
            return absorb_by_position(gx, unwrap(g), unwrap)
        again = functools.partial(self.derivative, node, index, g, lift)
        return absorb_by_comparison(gx, unwrap(g), unwrap, again)

    def conform(self, gx: Any, x: Node, node: Node) -> Any:
        """Give the gradient `gx` the shape and dtype of the input `x`: undo broadcasting and promotion."""
        gx = array_returned(gx)
        if gx.dtype.kind not in "fc":
            self._refuse(f"returned {gx.dtype} values", x, node)
        shape = x.shape
        if gx.shape != shape:
            extra = gx.ndim - len(shape)
            if self.kind in ("elementwise", "multilinear") and extra >= 0:
                if extra:
                    gx = accurate_sum(gx, tuple(range(extra)))
                axes = tuple(i for i, n in enumerate(shape) if n == 1 != gx.shape[i])
                if axes:
                    gx = accurate_sum(gx, axes, keepdims=True)
            if gx.shape != shape:
                self._refuse(f"returned shape {gx.shape}", x, node)
        if gx.dtype != x.dtype:
            if Widened.watching and not isinstance(self, OneInput):  # which is told the dtype, as astype is
                Widened.note(self.name, node, x)
            gx = (gx.real if gx.dtype.kind == "c" != x.dtype.kind else gx).astype(x.dtype)
        return gx

    def _refuse(self, what: str, x: Node, node: Node) -> None:
        raise DerivativeError(
            f"a derivative rule of '{self.name}'{recorded(node)} {what} for an input of shape {x.shape} and dtype "
            f"{x.dtype}; a gradient has the shape and dtype of its input"
        )


class OneInput(Primitive):
    """An operation of one input with further arguments, which its nodes keep for forward mode if it is linear."""

    links = True

    def statics(self, node: Node) -> tuple[Any, ...] | None:
        statics: tuple[Any, ...] | None = node.kept_y
        return statics

    def inputs(self, node: Node) -> tuple[Node | None, ...]:
        return (node.x,)

    def kept(self, node: Node, index: int) -> tuple[Any, ...]:
        kept: tuple[Any, ...] = node.kept
        return kept


class ManyInputs(Primitive):
    """An operation of any number of inputs, or of several with further arguments.

    Its nodes keep a tuple with what each rule named, the input nodes and, where forward mode can use them, the other
    arguments.
    """

    def statics(self, node: Node) -> tuple[Any, ...] | None:
        statics: tuple[Any, ...] | None = node.kept_y[1]
        return statics

    def inputs(self, node: Node) -> tuple[Node | None, ...]:
        return node.kept_y[0] if node.kept_y is not None else unbundled(node)

    def kept(self, node: Node, index: int) -> tuple[Any, ...]:
        kept: tuple[Any, ...] = node.kept[0 if self.variadic else index]
        return kept


def unbundled(node: Node) -> tuple[Node | None, ...]:
    """Return the live inputs of a node, as they hang in a chain; of one that was freed, too."""
    inputs = [node.x]
    y = node.y
    while isinstance(y, Bundle):
        inputs.append(y.x)
        y = y.y
    return (*inputs, y) if y is not None else tuple(inputs)


def _without_first(rule: Rule, count: int) -> Rule:
    """Return a rule that is given `count` values, which its forward rule needs, before those that it takes itself."""
    return (lambda g, *kept, **given: rule(g, *kept[count:], **given)) if count else rule


def _shape(value: Any) -> tuple[int, ...]:
    has_shape = type(value) is np.ndarray or isinstance(value, StandIn)
    return value.shape if has_shape else np.shape(value)


@functools.cache  # many operations have parameters of the same names
def _known(parameters: tuple[str, ...], variadic: bool) -> frozenset[str]:
    """Return the names of all that a rule can take beside its first argument."""
    shapes = [f"{name}_shape" for name in parameters]
    return frozenset(("out", "into", "shared", *parameters, *shapes, *(("index",) if variadic else ())))


@functools.cache
def _positions(parameters: tuple[str, ...], shaped: tuple[int, ...]) -> dict[str, int]:
    """Return where a `pool` has the values, the output and the shapes of these names."""
    positions = {name: position for position, name in enumerate(parameters)}
    positions["out"] = len(parameters)  # the output, even if a parameter is named `out` as in NumPy
    for number, i in enumerate(shaped):
        positions[f"{parameters[i]}_shape"] = len(parameters) + 1 + number
    return positions


def argument_names(function: Function) -> tuple[str, ...]:
    """Return the names of the parameters of a Python function; those that can only be named are left out."""
    code = getattr(function, "__code__", None)
    if code is None:
        raise DeclarationError(f"{function!r} should be a Python function: the names of its parameters matter")
    return tuple(code.co_varnames[isinstance(function, MethodType) : code.co_argcount])


def parameters_of(forward: Function, inputs: int) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Return the names of all parameters of `forward`, and the defaults of the last of them."""
    if isinstance(forward, np.ufunc):
        return ("x", "y")[: forward.nin], ()
    names = argument_names(forward)
    if len(names) < inputs:
        raise DeclarationError(f"{inputs} derivative rules for the {len(names)} parameters of {forward!r}")
    return names, forward.__defaults__ or ()
