"""Gradients of recorded tensors: `gradients` is called like `torch.autograd.grad`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, overload

import numpy as np

from ..errors import GraphError, ShapeError
from ..graph.backward import pull_back
from ..graph.grad_mode import enable_grad, reason
from ..graph.node import Node, ancestors, leading_to
from ..tensors.tensor import LIFT, Tensor, TensorLike, conjugated, plain_array
from .pytree import flatten
from .recording import owned_gradient
from .units import batched_walk, is_hooked


@overload
def gradients(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: TensorLike | Sequence[Any] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    *,
    allow_unused: Literal[True],
    is_grads_batched: bool = False,
) -> tuple[Tensor | None, ...]: ...
@overload
def gradients(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: TensorLike | Sequence[Any] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: Literal[False] = False,
    is_grads_batched: bool = False,
) -> tuple[Tensor, ...]: ...
def gradients(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: TensorLike | Sequence[Any] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
    is_grads_batched: bool = False,
) -> tuple[Any, ...]:
    """Return the gradients of `outputs` with respect to `inputs`, without touching any ``.grad``.

    Parameters
    ----------
    outputs
        The tensors to differentiate; if there are several, their gradients are summed.
    inputs
        Leaves or intermediate results to differentiate with respect to.
    grad_outputs
        A gradient for each output, of its shape; not needed for outputs of one element.
    retain_graph
        Keep the graph for another walk. By default as `create_graph`.
    create_graph
        Record the derivatives, so that they can be differentiated.
    allow_unused
        Return None for an input that no output depends on, instead of raising.
    is_grads_batched
        Take several `grad_outputs` at once, each with one axis more, the first, and return as many gradients along a
        first axis: rows of a Jacobian, for example, in one walk.

    Returns
    -------
    tuple of Tensor
        One for each input, of its shape and dtype, with `is_grads_batched` behind the axis of the `grad_outputs`; None
        for an unused one.

    Raises
    ------
    GraphError
        If an output is not recorded, an input is unused, or the graph was freed.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import gradients, tensor
    >>> x = tensor(2.0, requires_grad=True)
    >>> (first,) = gradients(x**3, x, create_graph=True)
    >>> gradients(first, x)
    (Tensor(12.),)
    >>> w = tensor([1.0, 2.0], requires_grad=True)
    >>> gradients(w**2, w, np.eye(2), is_grads_batched=True)
    (Tensor([[2., 0.],
            [0., 4.]]),)
    """
    outputs, inputs = _tensors("outputs", outputs), _tensors("inputs", inputs)
    given = [None] * len(outputs) if grad_outputs is None else flatten(grad_outputs)[0]
    if len(given) != len(outputs):
        raise ShapeError(f"{len(given)} grad_outputs for {len(outputs)} outputs")
    retain = create_graph if retain_graph is None else retain_graph
    del grad_outputs
    results = (_of_batch if is_grads_batched else _found)(outputs, inputs, given, retain, create_graph)
    for place, gradient in enumerate(results):
        if gradient is None and not allow_unused:
            shape = inputs[place].shape
            raise GraphError(f"no output depends on input {place}, of shape {shape}: allow_unused=True gives None")
    return tuple(results)


def _found(
    outputs: list[Tensor], inputs: list[Tensor], given: list[Any], retain: bool, create_graph: bool
) -> list[Tensor | None]:
    """Return the gradient of each input, None for an unused one; `given` has that of each output."""
    seeds: dict[Node, Any] = {}
    seed: Any = None
    for y, g in zip(outputs, given, strict=True):
        if y._node is None:
            raise GraphError(f"an output does not require a gradient: {reason(y._cut)}")
        seed = conjugated(g) if create_graph and isinstance(g, Tensor) else y._seed(g)
        seed = seed if isinstance(seed, Tensor) or not create_graph else Tensor(seed)
        seeds[y._node] = seeds[y._node] + seed if y._node in seeds else seed
    targets = [x._node for x in inputs if x._node is not None]
    order = leading_to(targets, ancestors(seeds))
    lift = LIFT if create_graph else None
    with enable_grad():
        found = pull_back(seeds, order, targets, partial=True, lift=lift, free=not retain)
    del seeds, seed, given
    results: list[Tensor | None] = []
    for x in inputs:
        gradient = owned_gradient(x._node, found) if x._node in found else None
        results.append(gradient if gradient is None or isinstance(gradient, Tensor) else Tensor(gradient))
    return results


def _of_batch(
    outputs: list[Tensor], inputs: list[Tensor], given: list[Any], retain: bool, create_graph: bool
) -> list[Tensor | None]:
    """Return what `_found` does for gradients along the first axes of those in `given`, along first axes too."""
    given = [g if isinstance(g, Tensor) else plain_array(g) for g in given]
    lengths = {g.shape[:1] for g in given}
    if len(lengths) != 1 or any(g.shape[1:] != y.shape or not g.ndim for y, g in zip(outputs, given, strict=True)):
        shapes, wanted = ([x.shape for x in some] for some in (given, outputs))
        raise ShapeError(
            f"is_grads_batched=True needs a gradient for each output with one axis more, the first and of the same "
            f"length in all: they have shapes {shapes}, for outputs of shapes {wanted}"
        )
    nodes = [x._node for x in (*outputs, *inputs) if x._node is not None]
    if not is_hooked(ancestors(nodes)):
        found = batched_walk(lambda *seeds: _found(outputs, inputs, list(seeds), retain, create_graph), *given)
        if found is not None:
            return [g if g is None or g._array.flags.writeable else g.copy() for g in found]
    ((size,),) = lengths
    each: list[list[Any]] = []
    for i in range(size or 1):  # of an empty batch, zeros tell which inputs are used
        seeds = [g[i] if size else np.zeros(g.shape[1:], g.dtype) for g in given]
        each.append(_found(outputs, inputs, seeds, retain or i < size - 1, create_graph))
    joined: list[Any] = [None if parts[0] is None else np.stack(parts)[:size] for parts in zip(*each, strict=True)]
    return joined


def _tensors(name: str, given: Any) -> list[Tensor]:
    """Return what `gradients` was given as a list of tensors."""
    found = list(given) if isinstance(given, Iterable) and not isinstance(given, Tensor) else [given]
    for x in found:
        if not isinstance(x, Tensor):
            raise TypeError(f"gradients() takes tensors as {name}, not {type(x).__name__}: for functions, use grad()")
    return found
