"""Recording: a function, evaluated and recorded at one point, with the products of vectors and its Jacobian there.

`grad`, `vjp`, `jvp`, `linearize`, `jacobian` and `ggnvp` each make one, and differ in what they ask it for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..arrays.door import ARRAY_TYPES, as_array
from ..errors import DtypeError, ShapeError, check_numeric, described
from ..foreign.missing import explain
from ..graph.backward import pull_back
from ..graph.buffer_reuse import held_once
from ..graph.grad_mode import moment
from ..graph.node import Leaf, Lift, Node, ancestors, counter, leading_to
from ..source.source_info import defined
from ..tensors.conversions import asked, differentiating, unfinished, warn_of_values
from ..tensors.dataframes import warn_of_labels
from ..tensors.tensor import LIFT, Tensor, conjugated, in_own_memory, plain_array, seen_at
from .conventions import BOXES, follows_hips
from .pytree import Rebuild, flatten, without_none

Function = Callable[..., Any]


class Recording:
    """A function, evaluated and recorded at one point.

    Make it, and call its methods, within `enable_grad`.

    Parameters
    ----------
    function
        Takes the `inputs`, put together by `rebuild_inputs`, as its arguments.
    inputs, rebuild_inputs
        What `track` returned for the arguments.

    Attributes
    ----------
    input_nodes
        The nodes of the inputs, at which walks end.
    outputs, output_nodes, output_types
        The arrays that the function returned; their nodes, or None for a constant; their shapes and dtypes.
    rebuild_outputs
        Puts other arrays into the containers that the function returned.
    order
        The nodes between inputs and outputs, each before all that depend on it.
    create_graph
        Whether derivatives are recorded tensors: they are if the function also depends on somebody else's leaf, such
        as an input of a transform around this one.
    """

    def __init__(self, function: Function, inputs: list[Tensor], rebuild_inputs: Rebuild) -> None:
        nodes: list[Any] = [x._node for x in inputs]  # now: a write to an input gives it another node
        around = differentiating.get()
        try:  # no block: before its `__exit__` does anything, Ctrl-C may come
            unfinished.update(nodes)
            differentiating.set(True)
            returned = function(*rebuild_inputs(inputs))
            self.outputs, self.rebuild_outputs = flatten(returned)
            if returned is not None:
                self.outputs, self.rebuild_outputs = without_none(self.outputs, self.rebuild_outputs)
        except BaseException as error:
            explain(error)
            raise
        finally:
            differentiating.set(around)
            unfinished.difference_update(nodes)
        for node in nodes:
            if type(node) is Leaf:
                node.finished = next(counter)
        self.output_types = check_outputs(function, self.outputs)
        self.input_nodes, self.rebuild_inputs = nodes, rebuild_inputs
        self.output_nodes = [y._node if isinstance(y, Tensor) else None for y in self.outputs]
        order = ancestors(filter(None, self.output_nodes))
        self.create_graph = reaches_others(order, nodes)
        self.order = leading_to(nodes, order)
        if asked:
            warn_of_values(function, nodes, self.order)
        self._partial = len(self.order) < len(order)  # outputs depend on what no input leads to

    def value(self) -> Any:
        """Return what the function returned, as arrays unless derivatives are tensors."""
        return self.rebuild_outputs([value_of(y, self.create_graph) for y in self.outputs])

    def pull_back(self, seeds: dict[Node, Any], order: list[Node] | None = None) -> dict[Node, Any]:
        """Return the gradients of the inputs that the cotangents `seeds` reach, by their nodes.

        Pass an `order` of their own for cotangents of only some of the outputs.
        """
        seeds, lift = self._lifted(seeds)
        if order is None:
            return pull_back(seeds, self.order, self.input_nodes, partial=self._partial, lift=lift)
        return pull_back(seeds, order, self.input_nodes, partial=True, lift=lift)

    def push_forward(self, seeds: dict[Node, Any]) -> list[Any]:
        """Return the tangent of each output, from tangents `seeds` of some of the inputs."""
        from .forward_mode import push_forward  # many programs never use forward mode

        seeds, lift = self._lifted(seeds)
        pushed = push_forward(seeds, self.order, lift)
        return [
            pushed[node] if node in pushed else np.zeros(shape, _tangent_dtype(dtype))
            for node, (shape, dtype) in zip(self.output_nodes, self.output_types, strict=True)
        ]

    def _lifted(self, seeds: dict[Node, Any]) -> tuple[dict[Node, Any], Lift | None]:
        """Return `seeds` and None; or as tensors, with what makes walks record, if derivatives are to be recorded."""
        if not self.create_graph and not any_live(seeds.values()):
            return seeds, None
        return {node: g if isinstance(g, Tensor) else Tensor(g) for node, g in seeds.items()}, LIFT

    def vjp(self, cotangent: Any) -> Any:
        """Return the product of a cotangent, built like what the function returned, and the Jacobian."""
        contents, _ = flatten(cotangent)
        if len(contents) != len(self.outputs):
            contents = [g for g in contents if g is not None]
        if len(contents) != len(self.outputs):
            raise ShapeError(f"a cotangent of {len(contents)} arrays for a function that returned {len(self.outputs)}")
        seeds: dict[Node, Any] = {}
        g = seed = None
        for node, (shape, dtype), g in zip(self.output_nodes, self.output_types, contents, strict=True):
            seed = matched("a cotangent", g, shape, _tangent_dtype(dtype))
            seed = seed if follows_hips() else conjugated(seed)
            if node is not None:
                seeds[node] = seeds[node] + seed if node in seeds else seed
        found = self.pull_back(seeds)
        del seeds, seed, g, contents, cotangent  # a gradient that nothing else refers to is given back without a copy
        return self.gradients(found)

    def gradients(self, found: dict[Node, Any]) -> Any:
        """Return the gradients found, in the containers of the inputs; zero for an input that nothing depends on."""
        nodes = self.input_nodes
        return self.rebuild_inputs(
            [_plain(owned_gradient(x, found) if x in found else np.zeros(x.shape, x.dtype)) for x in nodes]
        )

    def jvp(self, tangents: tuple[Any, ...]) -> list[Any]:
        """Return the tangent of each output, from tangents built like the inputs."""
        leaves, _ = without_none(*flatten(tangents))
        shapes = [t._array.shape if isinstance(t, Tensor) else np.shape(t) for t in leaves]
        wanted = [node.shape for node in self.input_nodes]
        if shapes != wanted:
            raise ShapeError(f"tangents of shapes {shapes} for primals of shapes {wanted}")
        nodes = self.input_nodes
        return self.push_forward(
            {x: matched("a tangent", t, x.shape, x.dtype) for x, t in zip(nodes, leaves, strict=True)}
        )


def track(primals: tuple[Any, ...]) -> tuple[list[Tensor], Rebuild]:
    """Return a tensor for each array in `primals`, with a node at which walks end, and how to put them together.

    None in a container, such as a bias that a layer does not have, stays what it is.
    """
    contents, rebuild = flatten(primals)
    if not any(primal is None for primal in primals):
        contents, rebuild = without_none(contents, rebuild)
    inputs = []
    for x in contents:
        if isinstance(x, Tensor) and x._node is not None:
            inputs.append(+x)  # a node of our own above the caller's
            continue
        if type(x) in BOXES:
            BOXES[type(x)](x)
        if not isinstance(x, np.ndarray | Tensor):
            warn_of_labels(x)
        if follows_hips() and isinstance(x, np.ndarray | np.integer) and x.dtype.kind in "iu":
            x = np.asarray(x, float)
        try:
            inputs.append(Tensor(x, requires_grad=True))
        except DtypeError as error:
            remedy = ""
            if isinstance(x, str | bytes):
                remedy = ": pass it as an argument of its own, or name it among the meta_fields of register_dataclass()"
            raise DtypeError(f"cannot differentiate with respect to {x!r}: {error}{remedy}") from None
    return inputs, rebuild


def check_outputs(
    function: Callable[..., object], outputs: Sequence[object]
) -> list[tuple[tuple[int, ...], np.dtype[Any]]]:
    """Return the shapes and dtypes of what a function returned, or raise unless it can be differentiated.

    Integers and bools may stand beside floating-point numbers, such as the edges of bins beside their contents.
    """
    types, kinds = [], ""
    for y in outputs:
        array = y._array if isinstance(y, Tensor) else as_array(y)
        types.append((array.shape, array.dtype))
        kinds += array.dtype.kind
    if kinds.strip("fc") and not (follows_hips() and not kinds.strip("fcbiu")):  # something else is among them
        _check_dtypes(function, outputs, [dtype for _, dtype in types])
    return types


def _check_dtypes(function: Function, outputs: Sequence[Any], dtypes: list[np.dtype[Any]]) -> None:
    differentiable = any(dtype.kind in "fc" for dtype in dtypes)
    for y, dtype in zip(outputs, dtypes, strict=True):
        if dtype.kind in "fc" or (differentiable and dtype.kind in "biu"):
            continue
        what = described(y) if dtype.kind not in "biu" or isinstance(y, int) else f"{dtype} values"
        remedy = ": is a return missing?" if y is None else ": write 1.0 for 1" if dtype.kind in "iu" else ""
        raise DtypeError(
            f"{defined(function)} returned {what}, but only floating-point numbers have derivatives{remedy}"
        )


def reaches_others(order: list[Node], own: Iterable[Node]) -> bool:
    """Tell whether a graph depends on a leaf that somebody else may differentiate with respect to."""
    own = set(own)
    return any(not _is_finished(node) for node in order if type(node) is Leaf and node not in own)


def _is_finished(leaf: Leaf) -> bool:
    """Tell whether the transform that made a leaf had evaluated its function, at the moment that counts."""
    now = moment()
    return leaf.finished < (now if leaf.number < now else math.inf)


def any_live(arrays: Iterable[object]) -> bool:
    """Tell whether one of several tangents or cotangents is a tensor that requires a gradient."""
    return any(x._node is not None for x in arrays if isinstance(x, Tensor))


def matched(what: str, g: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """Return a cotangent or tangent in the dtype of its array; raise if it has another shape or holds no numbers."""
    if not isinstance(g, Tensor) or g._node is None:
        g = plain_array(g._array if isinstance(g, Tensor) else g)
    if g.shape != shape:
        raise ShapeError(f"{what} of shape {g.shape} for a value of shape {shape}")
    check_numeric(what, g.dtype)
    if g.dtype.kind == "c" and dtype.kind == "f":
        g = g.real
    return g if g.dtype == dtype else g.astype(dtype)


def _tangent_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype of tangents of an array: its own, but double precision for integers."""
    return dtype if dtype.kind in "fc" else np.dtype(float)


def value_of(y: Any, create_graph: bool) -> Any:
    """Return the array of a tensor, in memory that the graph does not need; with `create_graph` the tensor."""
    return y if create_graph or not isinstance(y, Tensor) else _plain(y._array.copy("K"))


def _plain(array: Any) -> Any:
    return array[()] if type(array) in ARRAY_TYPES else array


def owned_tangent(tangent: Any) -> Any:
    """Return a tangent in memory that nobody else can see, which one that was handed on is not."""
    return in_own_memory(tangent) if isinstance(tangent, Tensor) else _plain(tangent.copy("K"))


def owned_gradient(node: Node, found: dict[Node, Any]) -> Any:
    """Return the gradient found for `node`, a tensor or an array, in memory that nobody else can see."""
    if node.dtype.kind == "c" or (type(node) is Leaf and node.hooks is not None):
        seen = seen_at(node, found[node])
        found = {node: conjugated(seen) if follows_hips() else seen}
        del seen
    if isinstance(found[node], Tensor):
        return in_own_memory(found[node])
    return found[node] if held_once(found, node) else as_array(found[node]).copy("K")
