"""A function recorded at one point: its derivative there, applied in both directions as often as one likes, or whole.

The Jacobian is read from the graph a row at a time by walking back, or a column at a time by walking forward. A
derivative between complex numbers is known by its values in the directions 1 and i, so that these take two walks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import numpy as np

from ..errors import DerivativeError, ShapeError, check_callable, check_numeric
from ..graph.grad_mode import enable_grad
from ..graph.node import Node, ancestors
from ..tensors.tensor import LIFT, Tensor, plain_array, unwrap
from .forward_mode import push_forward
from .pytree import flatten
from .recording import apart, floating
from .vjp_jvp import vjp

__all__ = ["Linearization", "linearize"]


def linearize(function: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """Return ``function(*primals)`` and the function that multiplies its Jacobian there with tangents.

    Like `jvp`, but the function is evaluated once for any number of tangents.

    Parameters
    ----------
    function
        Takes as many arrays, or containers of them, as there are `primals`.
    *primals
        Where to differentiate.

    Returns
    -------
    value, push
        ``push(*tangents)``, with a tangent of the shape of each primal, returns the change of the value.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import linearize
    >>> value, push = linearize(lambda x: x**2, np.array([1.0, 3.0]))
    >>> value, push(np.array([1.0, 0.0])), push(np.array([0.0, 1.0]))
    (array([1., 9.]), array([2., 0.]), array([0., 6.]))
    """
    record = Linearization(function, primals)

    def push(*tangents: Any) -> Any:
        with enable_grad():
            return record.rebuild_outputs(list(map(apart, record.push(tangents))))

    return record.value, push


class Linearization:
    """A function, evaluated and recorded at one point, and its derivative there.

    Attributes
    ----------
    value, pull
        What `vjp` returns.
    inputs, outputs
        The arrays that the function took and returned: tensors with a place in its graph, as far as they depend on it.
    rebuild_inputs, rebuild_outputs
        Put arrays in the places of these, in the containers that the function took and returned.
    """

    def __init__(self, function: Callable[..., Any], primals: tuple[Any, ...]) -> None:
        check_callable("function", function)
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []

        @wraps(function)
        def observed(*tracked: Any) -> Any:
            self.inputs, self.rebuild_inputs = flatten(tracked)
            self._places: list[Any] = [x._node for x in self.inputs]
            value = function(*tracked)
            self.outputs, self.rebuild_outputs = flatten(value)
            self._ends: list[Any] = [y._node if isinstance(y, Tensor) else None for y in self.outputs]
            return value

        self.value, self.pull = vjp(observed, *primals)
        self._order = ancestors([node for node in self._ends if node is not None])
        # What depends on somebody else's tensors, `vjp` returns as tensors.
        self._lifted = any(isinstance(y, Tensor) for y in flatten(self.value)[0])

    def push(self, tangents: tuple[Any, ...]) -> list[Any]:
        """Return the derivative of each output in the direction `tangents`."""
        given = flatten(tangents)[0]
        shapes, wanted = [np.shape(t) for t in given], [x.shape for x in self.inputs]
        if shapes != wanted:
            raise ShapeError(f"tangents of shapes {shapes} for primals of shapes {wanted}")
        for t in given:
            check_numeric("a tangent", t.dtype if isinstance(t, Tensor) else plain_array(t).dtype)
        return self._push(dict(zip(self._places, given, strict=True)))

    def rows(self) -> list[list[Any]]:
        """Return the Jacobian of each output with respect to each input, walking back from each element."""
        return [self._rows(place, y) for place, y in enumerate(self.outputs)]

    def _rows(self, place: int, y: Any) -> list[Any]:
        straight = self._pulled(place, y, 1)
        turned = self._pulled(place, y, 1j) if _is_complex(y) else None
        row = []
        for i, x in enumerate(self.inputs):
            block = _stacked([pulled[i] for pulled in straight], 0, y, x)
            if turned is not None:
                other = _stacked([pulled[i] for pulled in turned], 0, y, x)
                block = np.conjugate(_holomorphic(block, other)) if _is_complex(x) else block + 1j * other
            row.append(_conformed(block, y, x))
        return row

    def _pulled(self, place: int, y: Any, value: complex) -> list[list[Any]]:
        """Return what each element of one output gives each input, with `value` for its cotangent."""
        cotangents: list[Any] = [np.zeros(np.shape(output)) for output in self.outputs]
        pulled = []
        for unit in _units(np.shape(y), value):
            cotangents[place] = unit
            pulled.append(flatten(self.pull(self.rebuild_outputs(cotangents)))[0])
        return pulled

    def columns(self) -> list[list[Any]]:
        """Return what `rows` does, walking forward from each element of each input."""
        columns = [self._columns(node, x) for node, x in zip(self._places, self.inputs, strict=True)]
        return [[column[place] for column in columns] for place in range(len(self.outputs))]

    def _columns(self, node: Node, x: Tensor) -> list[Any]:
        straight = [self._push({node: unit}) for unit in _units(x.shape, 1)]
        turned = [self._push({node: unit}) for unit in _units(x.shape, 1j)] if _is_complex(x) else None
        column = []
        for place, y in enumerate(self.outputs):
            block = _stacked([pushed[place] for pushed in straight], -1, y, x)
            if turned is not None:
                other = _stacked([pushed[place] for pushed in turned], -1, y, x)
                block = _holomorphic(block, other) if _is_complex(y) else block + 1j * other
            column.append(_conformed(block, y, x))
        return column

    def _push(self, tangents: dict[Node, Any]) -> list[Any]:
        """Return the derivative of each output in a direction of some of the inputs."""
        lifted = self._lifted or any(isinstance(t, Tensor) and t.requires_grad for t in tangents.values())
        seeds = {}
        for node, given in tangents.items():
            t: Any = given if isinstance(given, Tensor) else np.asarray(given)
            t = t.real if t.dtype.kind == "c" != node.dtype.kind else t
            t = t if t.dtype == node.dtype else t.astype(node.dtype)
            seeds[node] = (t if isinstance(t, Tensor) else Tensor(t)) if lifted else unwrap(t)
        pushed = push_forward(seeds, self._order, LIFT if lifted else None)
        ends = zip(self.outputs, self._ends, strict=True)
        return [pushed[node] if node in pushed else np.zeros(np.shape(y), floating(y)) for y, node in ends]


def _is_complex(x: Any) -> bool:
    return (x.dtype if isinstance(x, Tensor) else np.asarray(x).dtype).kind == "c"


def _units(shape: tuple[int, ...], value: complex) -> Iterator[Any]:
    """Yield for each element of an array of this shape the array that has `value` there and 0 elsewhere."""
    for place in np.ndindex(shape):
        unit = np.zeros(shape, type(value))
        unit[place] = value
        yield unit


def _stacked(parts: list[Any], axis: int, y: Any, x: Tensor) -> Any:
    """Return rows, or columns, as one Jacobian of an output and an input."""
    shape = np.shape(y) + x.shape
    return np.stack(parts, axis).reshape(shape) if parts else np.zeros(shape, x.dtype)


def _holomorphic(straight: Any, turned: Any) -> Any:
    """Return the derivative in the direction 1 if that in the direction i is i times as much, as it must be."""
    here, there = unwrap(straight) * 1j, unwrap(turned)
    if not np.allclose(here, there, rtol=1e-3, atol=1e-4 * float(np.max(np.abs(here), initial=0)), equal_nan=True):
        raise DerivativeError(
            f"a complex function of complex numbers that is not holomorphic has no Jacobian (shape {here.shape}): "
            f"differentiate its real and its imaginary part, or with respect to them"
        )
    return straight


def _conformed(block: Any, y: Any, x: Tensor) -> Any:
    """Give a Jacobian the dtype of its input, complex where the output is."""
    dtype = np.result_type(x.dtype, np.complex64) if _is_complex(y) else x.dtype
    block = block if block.dtype == dtype else block.astype(dtype)
    return block if isinstance(block, Tensor) else block[()]
