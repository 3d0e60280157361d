"""Derivatives of functions: they take functions of arrays and return functions of arrays, and nest.

A function may take and return arrays, numbers, and dicts, lists and tuples of them. Where it also depends on a tensor
that requires a gradient, the derivative is a tensor too, recorded so that it can be differentiated with respect to
that tensor: this is what makes derivatives of derivatives right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from ..errors import DtypeError, GraphError, ShapeError, check_argnums, check_callable, check_numeric, described
from ..graph.backward import pull_back
from ..graph.buffer_reuse import held_once
from ..graph.detachment import reason
from ..graph.grad_mode import enable_grad, moment
from ..graph.node import Leaf, Node, ancestors, counter, leading_to
from ..graph.source_info import defined
from ..tensors.conversions import differentiated
from ..tensors.tensor import LIFT, Tensor, conjugated, in_own_memory, plain_array, seen_at
from .forward_mode import push_forward
from .pytree import flatten

__all__ = [
    "apart", "check_outputs", "choose", "elementwise_grad", "floating", "grad", "gradients", "jvp", "value_and_grad",
    "vjp",
]  # fmt: skip

Function = Callable[..., Any]


def grad(function: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Function:
    """Return the function that computes the gradient of `function`, which returns one number.

    Parameters
    ----------
    function
        Takes arrays, or containers of them, and returns a single number.
    argnums
        Which positional argument to differentiate with respect to; a tuple gives a tuple of gradients.
    has_aux
        `function` returns a pair, the number and anything else, which is handed through beside the gradient.

    Returns
    -------
    callable
        Takes what `function` takes and returns the gradient, of the shape of that argument; with `has_aux` a pair.

    Raises
    ------
    GraphError
        When called, if `function` returns more than one number.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> grad(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([ 3., 12.])
    >>> float(grad(grad(np.sin))(0.5) + np.sin(0.5))
    0.0
    """
    both = value_and_grad(function, argnums, has_aux)

    @wraps(function)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def value_and_grad(function: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Function:
    """Return the function that computes both `function` and its gradient; see `grad`.

    With `has_aux` the value is the pair that `function` returns.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import value_and_grad
    >>> value, gradient = value_and_grad(lambda w: np.sum(w["a"] * w["b"]))({"a": 2.0, "b": np.array([1.0, 3.0])})
    >>> float(value), gradient
    (8.0, {'a': np.float64(4.0), 'b': array([2., 2.])})
    """
    check_callable("function", function)
    check_argnums(argnums)

    @wraps(function)
    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        of_chosen, primals = choose(function, argnums, args, kwargs)
        beside: list[Any] = []

        @wraps(function)
        def differentiated(*chosen: Any) -> Any:
            result = of_chosen(*chosen)
            if has_aux:
                result, aux = _pair(result)
                beside.append(aux)
            return result

        value, pull = vjp(differentiated, *primals)
        if np.size(value) != 1 or isinstance(value, dict | list | tuple):
            what = type(value).__name__ if isinstance(value, dict | list | tuple) else f"shape {np.shape(value)}"
            raise GraphError(f"grad() needs a function that returns one number, not {what}: sum it, or use vjp()")
        data = value._array if isinstance(value, Tensor) else plain_array(value)
        if data.dtype.kind == "c":
            raise GraphError(
                "grad() needs a function that returns a real number, but this one returned a complex one: take its "
                "real part or its absolute value, or use vjp()"
            )
        gradient = pull(np.ones(data.shape, data.dtype if data.dtype.kind == "f" else float))
        if has_aux:
            contents, rebuild = flatten(beside[0])
            value = value, rebuild([_value(y, isinstance(value, Tensor) or _is_others(y)) for y in contents])
        return value, gradient[0] if isinstance(argnums, int) else gradient

    return both


def choose(
    function: Function, argnums: int | tuple[int, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Function, tuple[Any, ...]]:
    """Return the function of the chosen arguments alone, and their values."""
    places = (argnums,) if isinstance(argnums, int) else argnums
    if not all(-len(args) <= place < len(args) for place in places):
        raise IndexError(f"argnums={argnums}, but the function was called with {len(args)} arguments")
    if len({place % len(args) for place in places}) < len(places):
        raise ValueError(f"argnums={argnums} names one of the {len(args)} arguments twice")

    @wraps(function)
    def of_chosen(*chosen: Any) -> Any:
        full = list(args)
        for place, value in zip(places, chosen, strict=True):
            full[place] = value
        return function(*full, **kwargs)

    return of_chosen, tuple(args[place] for place in places)


def _pair(result: Any) -> Any:
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(f"with has_aux=True the function returns a number and something beside it, not {result!r}")
    return result


def elementwise_grad(function: Function, argnums: int = 0) -> Function:
    """Return the function that computes the derivative of each element of the result by the same element of the input.

    Strictly it sums the derivatives of all elements of the result, which is the same for a function that acts on each
    element by itself.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import elementwise_grad
    >>> elementwise_grad(np.tanh)(np.array([0.0, 1.0])).round(4)
    array([1.  , 0.42])
    """
    check_callable("function", function)

    @wraps(function)
    def summed(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        check_outputs(function, [result])
        return np.sum(result)

    return grad(summed, argnums)


def vjp(function: Function, *primals: Any) -> tuple[Any, Function]:
    """Return ``function(*primals)`` and the function that multiplies a cotangent with its Jacobian.

    Parameters
    ----------
    function
        Takes as many arrays, or containers of them, as there are `primals`.
    *primals
        Where to differentiate.

    Returns
    -------
    value, pull
        ``pull(cotangent)``, with a cotangent of the shape of the value, returns a tuple with a gradient for each
        primal. It may be called any number of times.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import vjp
    >>> value, pull = vjp(lambda x, y: x * y, np.array([1.0, 2.0]), 3.0)
    >>> value, pull(np.array([1.0, 10.0]))
    (array([3., 6.]), (array([ 3., 30.]), np.float64(21.0)))
    """
    check_callable("function", function)
    with enable_grad():
        inputs, rebuild_inputs = _track(primals)
        cuts = _nodes(inputs)
        with differentiated(cuts):
            outputs, rebuild_outputs = flatten(function(*rebuild_inputs(inputs)))
    _finish(cuts)
    check_outputs(function, outputs)
    places = _nodes(outputs)
    order = ancestors([node for node in places if node is not None])
    lifted = _reaches_others(order, cuts)
    order = leading_to([cut for cut in cuts if cut is not None], order)

    def pull(cotangent: Any) -> tuple[Any, ...]:
        contents, _ = flatten(cotangent)
        if len(contents) != len(outputs):
            raise ShapeError(f"a cotangent of {len(contents)} arrays for a function that returned {len(outputs)}")
        seeds: dict[Node, Any] = {}
        for y, node, g in zip(outputs, places, contents, strict=True):
            seed = conjugated(_cotangent(g, y))
            if node is not None:
                seeds[node] = seeds[node] + seed if node in seeds else seed
        lift = LIFT if lifted or any(isinstance(g, Tensor) and g.requires_grad for g in contents) else None
        if lift is not None:
            seeds = {node: g if isinstance(g, Tensor) else Tensor(g) for node, g in seeds.items()}
        with enable_grad():
            found = pull_back(seeds, order, cuts, partial=True, lift=lift)  # type: ignore[arg-type]  # inputs are live
        del seeds, seed, contents, cotangent
        result: tuple[Any, ...] = rebuild_inputs([_given_back(node, found) for node in cuts])
        return result

    return rebuild_outputs([_value(y, lifted) for y in outputs]), pull


def jvp(function: Function, primals: Any, tangents: Any) -> tuple[Any, Any]:
    """Return ``function(*primals)`` and the product of its Jacobian with `tangents`: the directional derivative.

    Parameters
    ----------
    function
        Takes as many arrays, or containers of them, as there are `primals`.
    primals
        A tuple of the arguments; anything else is the only argument.
    tangents
        The direction, built like `primals`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import jvp
    >>> jvp(lambda x: x**2, np.array([1.0, 3.0]), np.array([1.0, 0.5]))
    (array([1., 9.]), array([2., 3.]))
    """
    check_callable("function", function)
    primals, tangents = (p if isinstance(p, tuple) else (p,) for p in (primals, tangents))
    with enable_grad():
        inputs, rebuild_inputs = _track(primals)
        directions, _ = flatten(tangents)
        if len(directions) != len(inputs):
            raise ShapeError(f"{len(directions)} tangents for {len(inputs)} primals")
        directions = [_cotangent(t, x, "tangent") for t, x in zip(directions, inputs, strict=True)]
        cuts: list[Any] = _nodes(inputs)
        with differentiated(cuts):
            outputs, rebuild_outputs = flatten(function(*rebuild_inputs(inputs)))
        _finish(cuts)
        check_outputs(function, outputs)
        order = ancestors([node for node in _nodes(outputs) if node is not None])
        lifted = _reaches_others(order, cuts) or any(isinstance(t, Tensor) and t.requires_grad for t in directions)
        if lifted:
            directions = [t if isinstance(t, Tensor) else Tensor(t) for t in directions]
        pushed = push_forward(dict(zip(cuts, directions, strict=True)), order, LIFT if lifted else None)
    results = []
    for y in outputs:
        tangent = pushed.get(y._node) if isinstance(y, Tensor) and y._node is not None else None
        results.append(apart(np.zeros(np.shape(y), floating(y)) if tangent is None else tangent))
    return rebuild_outputs([_value(y, lifted) for y in outputs]), rebuild_outputs(results)


def gradients(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """Return the gradients of `outputs` with respect to `inputs`, without touching any ``.grad``.

    Parameters
    ----------
    outputs
        What to differentiate: recorded tensors, whose gradients are summed.
    inputs
        Leaves or intermediate results to differentiate with respect to.
    grad_outputs
        A gradient for each output, of its shape; may be left out for outputs of one element.
    retain_graph
        Keep the graph for another walk. By default as `create_graph`.
    create_graph
        Record the derivatives, so that they can be differentiated.
    allow_unused
        Return None for an input that no output depends on, instead of raising.

    Returns
    -------
    tuple of Tensor
        One for each input, of its shape and dtype; None for an unused one.

    Raises
    ------
    GraphError
        If an output is not recorded, an input is unused, or the graph was freed.

    Examples
    --------
    >>> from autograd import gradients, tensor
    >>> x = tensor(2.0, requires_grad=True)
    >>> (first,) = gradients(x**3, x, create_graph=True)
    >>> gradients(first, x)
    (Tensor(12.),)
    """
    outputs, inputs = _tensors("outputs", outputs), _tensors("inputs", inputs)
    given = [None] * len(outputs) if grad_outputs is None else flatten(grad_outputs)[0]
    if len(given) != len(outputs):
        raise ShapeError(f"{len(given)} grad_outputs for {len(outputs)} outputs")
    seeds: dict[Node, Any] = {}
    seed: Any = None
    for y, g in zip(outputs, given, strict=True):
        if y._node is None:
            raise GraphError(f"an output does not require a gradient: {reason(y._cut)}")
        seed = conjugated(g) if create_graph and isinstance(g, Tensor) else y._seed(g)
        seed = seed if isinstance(seed, Tensor) or not create_graph else Tensor(seed)
        seeds[y._node] = seeds[y._node] + seed if y._node in seeds else seed
    wanted = [x._node for x in inputs]
    targets = [node for node in wanted if node is not None]
    order = leading_to(targets, ancestors(seeds))
    retain = create_graph if retain_graph is None else retain_graph
    lift = LIFT if create_graph else None
    with enable_grad():
        found = pull_back(seeds, order, targets, partial=True, lift=lift, free=not retain)
    del seeds, seed, given, grad_outputs
    results: list[Tensor | None] = []
    for place, node in enumerate(wanted):
        if node is None or node not in found:
            if not allow_unused:
                shape = inputs[place].shape
                raise GraphError(f"no output depends on input {place}, of shape {shape}: allow_unused=True gives None")
            results.append(None)
        else:
            results.append(_own(node, found))
    return tuple(results)


def _tensors(name: str, given: Any) -> list[Tensor]:
    """Return what `gradients` was given as a list of tensors."""
    found = list(given) if isinstance(given, Iterable) and not isinstance(given, Tensor) else [given]
    for x in found:
        if not isinstance(x, Tensor):
            raise TypeError(f"gradients() takes tensors as {name}, not {type(x).__name__}: for functions, use grad()")
    return found


def _track(primals: tuple[Any, ...]) -> tuple[list[Tensor], Callable[[Sequence[Any]], Any]]:
    """Return a tensor for each array in `primals`, whose node marks where differentiation ends."""
    contents, rebuild = flatten(primals)
    inputs = []
    for x in contents:
        if isinstance(x, Tensor) and x.requires_grad:
            inputs.append(+x)  # a node of our own on top of somebody else's
            continue
        try:
            inputs.append(Tensor(x, requires_grad=True))
        except DtypeError as error:
            raise DtypeError(f"cannot differentiate with respect to {x!r}: {error}") from None
    return inputs, rebuild


def check_outputs(function: Function, outputs: Sequence[Any]) -> None:
    """Raise unless a function that is to be differentiated returned floating-point numbers.

    Integers and bools may stand beside them, as the edges of bins do beside what is in them.
    """
    dtypes = [y.dtype if isinstance(y, Tensor) else np.asarray(y).dtype for y in outputs]
    differentiable = any(dtype.kind in "fc" for dtype in dtypes)
    for y, dtype in zip(outputs, dtypes, strict=True):
        if dtype.kind in "fc" or (differentiable and dtype.kind in "biu"):
            continue
        what = described(y) if dtype.kind not in "biu" or isinstance(y, int) else f"{dtype} values"
        remedy = ": is a return missing?" if y is None else ": write 1.0 for 1" if dtype.kind in "iu" else ""
        raise DtypeError(
            f"{defined(function)} returned {what}, but only floating-point numbers have derivatives{remedy}"
        )


def _reaches_others(order: list[Node], cuts: Sequence[Node | None]) -> bool:
    """Tell whether the graph depends on a leaf that somebody else may differentiate with respect to."""
    own = set(cuts)
    return any(type(node) is Leaf and node not in own and not _is_finished(node) for node in order)


def _is_finished(leaf: Leaf) -> bool:
    """Tell whether the transform that made a leaf had evaluated its function, at the moment that counts."""
    now = moment()
    return leaf.finished < (now if leaf.number < now else math.inf)


def _is_others(y: Any) -> bool:
    """Tell whether somebody else may differentiate what was returned beside a number."""
    return isinstance(y, Tensor) and y._node is not None and _reaches_others(ancestors([y._node]), ())


def _nodes(contents: Sequence[Any]) -> list[Node | None]:
    """Return where arrays stand in a graph now: a tensor that is written to later stands elsewhere."""
    return [x._node if isinstance(x, Tensor) else None for x in contents]


def _finish(cuts: list[Node | None]) -> None:
    """Note at the nodes of tracked inputs that the function has been evaluated."""
    for node in cuts:
        if type(node) is Leaf:
            node.finished = next(counter)


def _cotangent(g: Any, y: Any, what: str = "cotangent") -> Any:
    shape, dtype = np.shape(y), floating(y)
    if not isinstance(g, Tensor):
        g = plain_array(g)
    if g.shape != shape:
        raise ShapeError(f"a {what} of shape {g.shape} for a value of shape {shape}")
    check_numeric(f"a {what}", g.dtype)
    if g.dtype.kind == "c" and dtype.kind == "f":
        g = g.real
    return g if g.dtype == dtype else g.astype(dtype)


def floating(y: Any) -> np.dtype[Any]:
    """Return the dtype of tangents of `y`: its own, but double precision for integers."""
    dtype = y.dtype if isinstance(y, Tensor) else np.asarray(y).dtype
    return dtype if dtype.kind in "fc" else np.dtype(float)


def _value(y: Any, lifted: bool) -> Any:
    """Return what a function returned as the caller knows arrays, in memory that the graph does not need."""
    return y if lifted or not isinstance(y, Tensor) else _plain(np.array(y._array))


def apart(tangent: Any) -> Any:
    """Return a tangent that shares no memory with another one, such as that which was given and handed on."""
    return in_own_memory(tangent) if isinstance(tangent, Tensor) else _plain(np.array(tangent))


def _plain(array: Any) -> Any:
    return array[()] if type(array) is np.ndarray else array


def _own(node: Node, found: dict[Node, Any]) -> Tensor:
    """Return the gradient found for `node` as a tensor whose memory nobody else can see."""
    if node.dtype.kind == "c" or (type(node) is Leaf and node.hooks is not None):
        found = {node: seen_at(node, found[node])}
    if isinstance(found[node], Tensor):
        return in_own_memory(found[node])
    return Tensor(found[node] if held_once(found, node) else np.array(found[node]))


def _given_back(node: Any, found: dict[Node, Any]) -> Any:
    """Return the gradient of a tracked input as the caller knows arrays, zero where nothing depends on it."""
    if node not in found:
        return _plain(np.zeros(node.shape, node.dtype))
    owned = _own(node, found)
    return owned if isinstance(found[node], Tensor) else _plain(owned._array)
