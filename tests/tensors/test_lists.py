"""Lists of tensors in the place of arrays: they are taken as what numpy.stack makes of them, or refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import GraphError, Tensor, grad, tensor
from autograd.tensors.dispatch import writers

from ..operations.samples import OPERATIONS, Operation
from ..transforms.test_vmap_leaving import arrays_in, put
from .test_bad_input import filled, good_calls
from .test_masked import INNER, LEFT_ALONE


def listed(x: Any) -> Any:
    """Return an array or a tensor as nested lists of its elements."""
    return [listed(part) for part in x] if x.ndim else x


def slope(function: Callable[[Any], Any], at: Any) -> Any:
    """Return the gradient of the sum of what a function returns."""

    def total(x: Any) -> Any:
        found = function(x)
        parts = found if isinstance(found, list | tuple) else [found]
        return sum(np.sum(part * (1 + np.arange(np.size(part)).reshape(np.shape(part)))) for part in parts)

    return grad(total)(at)


@pytest.mark.one_in(8)
@pytest.mark.filterwarnings("ignore")  # of NumPy, for values at which there is no derivative
@pytest.mark.parametrize("operation", [o for o in OPERATIONS if str(o) not in INNER | LEFT_ALONE], ids=str)
def test_no_operation_loses_the_gradient_of_tensors_in_a_list(operation: Operation) -> None:
    for call in good_calls(operation):
        names = [*range(len(call.args)), *call.kwargs]
        args = filled([*call.args, *call.kwargs.values()], lambda x: x)
        for path, array in arrays_in(args):
            if array.dtype.kind != "f" or not 0 < array.size < 20 or not array.ndim:
                continue

            def of(x: Any, path: Any = path, names: list[Any] = names, args: Any = args) -> Any:
                given = dict(zip(names, put(args, path, x), strict=True))
                positional = [value for name, value in given.items() if isinstance(name, int)]
                return operation.public(*positional, **{n: v for n, v in given.items() if isinstance(n, str)})

            def of_list(x: Any, of: Callable[[Any], Any] = of) -> Any:
                return of(listed(x))

            try:
                expected = slope(of, array)
            except Exception:  # noqa: BLE001  # whatever has no derivative
                continue
            try:
                found = slope(of_list, array)
            except Exception:  # noqa: BLE001  # refused by the operation, or by NumPy
                continue
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def setitem(y: Any, x: Any) -> None:
    y[:2] = [x[0], x[1]]


def setitem_of_tuple(y: Any, x: Any) -> None:
    y[[0, 2]] = (x[0], 2.0)


def add_to(y: Any, x: Any) -> None:
    y += [x[0], x[1], 1.0]


def multiply_by(y: Any, x: Any) -> None:
    y *= (x[0], x[1], 1.0)


def write_out(y: Any, x: Any) -> None:
    np.add([x[0], x[1], 1.0], 2.0, out=y)


WRITES: dict[Any, Callable[[Any, Any], Any]] = {
    setitem: setitem,
    setitem_of_tuple: setitem_of_tuple,
    add_to: add_to,
    multiply_by: multiply_by,
    write_out: write_out,
    Tensor.fill: lambda y, x: y.fill([x[0]]),
    np.add.at: lambda y, x: np.add.at(y, [0, 1], [x[0], x[1]]),
    np.copyto: lambda y, x: np.copyto(y, [x[0], x[1], x[2]]),
    np.put: lambda y, x: np.put(y, [0, 1], [x[0], x[1]]),
    np.place: lambda y, x: np.place(y, np.array([True, True, False]), [x[0], x[1]]),
    np.putmask: lambda y, x: np.putmask(y, np.array([True, True, False]), [x[0], x[1], 1.0]),
    np.put_along_axis: lambda y, x: np.put_along_axis(y, np.array([0, 1]), [x[0], x[1]], 0),
    np.fill_diagonal: lambda y, x: np.fill_diagonal(y.reshape(1, 3), [x[0]]),
}


def test_all_that_writes_is_here() -> None:
    assert writers.keys() <= WRITES.keys()


@pytest.mark.parametrize("write", WRITES.values(), ids=[getattr(w, "__name__", str(w)) for w in WRITES])
def test_no_write_loses_the_gradient_of_tensors_in_a_list(write: Callable[[Any, Any], Any]) -> None:
    def f(x: Any) -> Any:
        y = tensor(np.ones(3))
        write(y, x)
        return np.sum(y * y)

    with pytest.raises(GraphError, match=r"test_lists.py:\d+, would cut it from its graph .*numpy.stack"):
        grad(f)(np.array([1.0, 2.0, 3.0]))
    y = tensor(np.ones(3))
    write(y, np.array([1.0, 2.0, 3.0]))
    assert not y.requires_grad
