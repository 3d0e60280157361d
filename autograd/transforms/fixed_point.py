"""Implicit differentiation: `fixed_point` solves an equation, and differentiates its solution and not the iteration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.door import TRACED_TYPES, Array, Used, as_array, batched_at, batches, everywhere, holds, recorder, whole
from ..errors import ConvergenceError, GraphError, ShapeError, check_callable, check_number
from ..graph.backward import pull_back
from ..graph.grad_mode import cut_of, enable_grad, evaluated_as_at, moment, no_grad, recording
from ..graph.node import Leaf, Lift, Node, by_number, counter, leading_to
from ..later import load
from ..primitives.function import Function
from ..source.source_info import defined
from ..tensors.conversions import differentiated
from ..tensors.tensor import LIFT, Tensor, unwrap
from .checkpoint import arguments_now
from .gmres import gmres
from .pytree import REGISTERED, flatten
from .recording import check_outputs
from .scan import Steps
from .trees import ravel_pytree, tree_map


def fixed_point(
    function: Callable[..., object], start: object, *args: Any, tolerance: float = 1e-12, max_iterations: int = 10_000
) -> Any:
    """Return the x for which ``x == function(x, *args)``, by applying the function again and again.

    The implicit function theorem gives the derivatives of the solution with respect to `args`. With J the derivative of
    the function with respect to x, a gradient g becomes the w for which ``w == g + J' w``, a fixed point too, which is
    then carried back through one application of the function: the only one whose graph is kept. Derivatives of any
    order and forward mode follow from it. Other tensors that the function computes with, such as the parameters of a
    layer, have derivatives too.

    Parameters
    ----------
    function
        Takes x and `args`, and returns an array of the shape of x. It must contract: bring any two x near the solution
        closer together.
    start
        Where to start; the solution does not depend on it. Or a dict, a dataclass, a named tuple or an object of a
        registered class with arrays in it, for a function that takes and returns one like it. Lists and tuples are
        arrays.
    *args
        The other arguments of the function, arrays or containers of them.
    tolerance
        How much the last step may change x, relative to 1 + the largest absolute value of x; never less than a few
        units in the last place of its dtype.
    max_iterations
        The number of steps after which to give up.

    Raises
    ------
    ConvergenceError
        If it has not converged by then, in the forward pass or, for the derivative, in the backward pass.

    References
    ----------
    Christianson, "Reverse accumulation and attractive fixed points", Optimization Methods and Software 3 (1994).

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import fixed_point, grad
    >>> def root(a):
    ...     return fixed_point(lambda x, a: 0.5 * (x + a / x), 1.0, a)
    >>> round(float(root(2.0)), 6), round(float(grad(root)(2.0) - 0.5 / np.sqrt(2)), 6)
    (1.414214, 0.0)
    """
    check_callable("function", function)
    check_number("tolerance", tolerance)
    if not isinstance(max_iterations, int) or max_iterations < 1:
        raise ValueError(f"max_iterations should be an integer above 0, not {max_iterations!r}")
    is_named_tuple = isinstance(start, tuple) and hasattr(start, "_fields")
    is_object = type(start) in REGISTERED or hasattr(type(start), "__dataclass_fields__")
    if is_named_tuple or is_object or isinstance(start, dict):
        return _of_container(function, start, args, tolerance, max_iterations)
    return _solution(function, start, args, tolerance, max_iterations)


def _of_container(
    function: Callable[..., Any], start: Any, args: tuple[Any, ...], tolerance: float, max_iterations: int
) -> Any:
    """Return the container that a function of containers gives again: the fixed point of one of vectors."""
    vector, unravel = ravel_pytree(start)

    def of_vector(x: Any, *args: Any) -> Any:
        return ravel_pytree(tree_map(_like, start, function(unravel(x), *args)))[0]

    solution = unravel(_solution(of_vector, vector, args, tolerance, max_iterations))
    return tree_map(lambda x: x if isinstance(x, Tensor) else x[()], solution)


def _like(x: Any, result: Any) -> Any:
    if np.shape(as_array(unwrap(x))) != np.shape(as_array(unwrap(result))):
        raise ShapeError(
            f"fixed_point() has an array of shape {np.shape(x)} in x, where the function makes shape {np.shape(result)}"
        )
    return result


def _solution(
    function: Callable[..., Any], start: Any, args: tuple[Any, ...], tolerance: float, max_iterations: int
) -> Any:
    leaves, rebuild = flatten(args)
    with no_grad():
        given = rebuild([unwrap(leaf) for leaf in leaves])
        solution = _iterate(function, as_array(unwrap(start)), given, tolerance, max_iterations)
    return differentiated_at(function, solution, args, "fixed_point()", tolerance, max_iterations)


def differentiated_at(
    function: Callable[..., Any],
    solution: Any,
    args: tuple[Any, ...],
    name: str,
    tolerance: float = 1e-12,
    max_iterations: int = 100,
) -> Any:
    """Return a solution of ``x == function(x, *args)``, found by whatever means, with its derivatives.

    It is a tensor if it depends on one that requires a gradient, or if one of `args` is a tensor.
    """
    if recording():
        step = Step(function, solution, args)
        if step.known:
            return _FixedPoint.apply(solution, step, (tolerance, max_iterations), *step.known)
    if not any(isinstance(a, Tensor) for a in args):
        return solution[()]
    result = Tensor(solution)
    result._cut = cut_of(name, args, recording())
    return result


class Step:
    """One application of the function, recorded at a solution.

    Attributes
    ----------
    known
        Tensors for the nodes that it depends on beside x: arguments, and what the function closes over. Only their
        nodes are used: their values are never read.
    value
        What the function returned.
    """

    def __init__(self, function: Callable[..., Any], x: Any, args: tuple[Any, ...]) -> None:
        self.function, self.args = function, arguments_now(args)
        begun = next(counter)
        self._moment = min(begun, moment())
        with enable_grad():
            x = +x if isinstance(x, Tensor) else Tensor(x, requires_grad=True)
            self._x: Any = x._node
            given = [a._node for a in flatten(args)[0] if isinstance(a, Tensor) and a._node is not None]
            with differentiated([self._x, *given]):
                y = self.value = function(x, *args)
        if type(self._x) is Leaf:
            self._x.finished = begun  # nobody else can ask for a derivative with respect to it
        self._y: Any = y._node if isinstance(y, Tensor) else None
        within, ends = recorded_since(begun, self._y, self._x)
        self.known = [standing_at(node, x._array) for node in ends]
        self._order = leading_to([self._x, *ends], within)

    @property
    def known_nodes(self) -> list[Any]:
        """The nodes of `known`."""
        return [x._node for x in self.known]

    def pull(self, w: Any, lift: Lift | None = None) -> tuple[Any, list[Any]]:
        """Return the gradient of x and those of `known`, from that of the result."""
        found = pull_back({self._y: w}, self._order, [self._x, *self.known_nodes], partial=True, lift=lift)
        return found.get(self._x), [found.get(node) for node in self.known_nodes]

    def again(self, x: Any) -> Step:
        """Return the step recorded anew at the solution, which now is the tensor `x`."""
        with evaluated_as_at(self._moment):
            step = Step(self.function, x, self.args)
        if step.known_nodes != self.known_nodes:
            raise GraphError(
                f"{defined(self.function)} computes with something else than when the solution was found: a "
                f"tensor that it closes over was written to in between. Compute derivatives before that"
            )
        return step


def recorded_since(begun: int, root: Node | None, x: Node | None) -> tuple[list[Node], list[Node]]:
    """Return the nodes that `root` depends on, both in order: those recorded since `begun`, and the last before it."""
    within: set[Node] = set()
    ends: set[Node] = set()
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if node is None or node is x or node in within or node in ends:
            continue
        if node.number < begun:
            ends.add(node)
        else:
            within.add(node)
            nodes += [node.x, node.y]
    return sorted(within, key=by_number), sorted(ends, key=by_number)


def standing_at(node: Node, solution: Any) -> Tensor:
    """Return a tensor at a node, without its values, and batched like the solution: the step sums what it shares."""
    sizes = [level.size for level in reversed(batches(solution))]
    zeros = np.broadcast_to(np.zeros((), node.dtype), (*sizes, *node.shape))
    return LIFT.wrap(batched_at(zeros, batches(solution)), node)  # type: ignore[no-any-return]


class _FixedPoint(Function):
    """A solution, and its derivatives with respect to what the function depends on."""

    @staticmethod
    def forward(ctx: Any, *given: Any) -> Any:
        solution, ctx.step, ctx.options, *_ = given
        ctx.save_for_backward(solution)
        return solution

    @staticmethod
    def backward(ctx: Any, *given: Any) -> Any:
        (x,), (g,), step = ctx.saved_tensors, given, ctx.step
        if isinstance(x, Tensor):
            step = step.again(x)
        lift = LIFT if isinstance(x, Tensor) or isinstance(g, Tensor) else None

        def product(w: Any) -> Any:
            pulled, _ = step.pull(w, lift)
            return 0 if pulled is None else pulled

        with no_grad():
            start = as_array(unwrap(g))
            if type(whole(start)) in TRACED_TYPES:  # what a program does is to depend on few numbers
                size = np.max(np.abs(start), initial=0)
                unit = np.where(size > 0, size, 1)  # as `tolerance` is meant
                w = unit * _iterate(lambda w: start / unit + unwrap(product(w)), start / unit, (), *ctx.options)
            else:
                w = gmres(lambda w: unwrap(product(w)), start, *ctx.options)
        if lift:
            w = differentiated_at(lambda w, g: g + product(w), w, (g,), "fixed_point()", *ctx.options)
        return None, None, None, *step.pull(w, lift)[1]


def _iterate(
    function: Callable[..., Any], x: Array, args: tuple[Any, ...], tolerance: float, max_iterations: int
) -> Array:
    def step(x: Array) -> tuple[Array, Any, Any]:
        result = function(x, *args)
        new = as_array(unwrap(result))
        if new.dtype.kind not in "fc":
            check_outputs(function, [result])
        if new.shape != x.shape:
            raise ShapeError(f"fixed_point() has x of shape {x.shape}, of which the function makes shape {new.shape}")
        change, size = abs(new - x), abs(new)
        if new.ndim:
            change, size = np.max(change, initial=0), np.max(size, initial=0)
        near = change <= max(tolerance, 8 * float(np.finfo(new.dtype).eps)) * (1 + size)
        return new, near & (change < np.inf), change

    def iterated(state: tuple[Array, Any, Any]) -> tuple[Array, Any, Any]:
        for _ in range(1, max_iterations):
            if everywhere(state[1]):
                break
            state = step(state[0])
        return state

    first, records = step(x), recorder.get() if Used.compile else None
    if (
        records is not None
        and records.loops
        and records.records()
        and not batches(first[1])
        and first[0].dtype == x.dtype
    ):
        x, near, change = _in_program(step, first, max_iterations, records, lambda: iterated(first))
    else:
        x, near, change = iterated(first)
    if holds(whole(near).all()):
        return x
    raise ConvergenceError(
        f"fixed_point() has not converged after {max_iterations} iterations (shape {x.shape}): the last changed x by "
        f"{np.max(whole(change)):.3g}. Raise max_iterations or tolerance, or damp the function, as in "
        f"0.5 * (x + function(x))"
    )


def _in_program(step: Callable[[Array], Any], state: Any, most: int, records: Any, unrolled: Callable[[], Any]) -> Any:
    """Return the last state as a loop of the program, which takes as many steps as a call needs, if that can be."""

    def goes_on(state: Any) -> Any:
        (_, near, _), count = state
        return np.logical_and(np.logical_not(near), count < most)

    steps = Steps(lambda state, _: ((step(state[0][0]), state[1] + 1), None), (state, 1), None, 0, False, of=step)
    found = load("rolled loops").rolled_while(goes_on, steps, records, lambda: (unrolled(), 0))[0]
    return as_array(found[0]), *found[1:]
