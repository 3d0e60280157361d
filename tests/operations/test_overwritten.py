"""Whatever a rule needs beside the tensors, arrays or lists, may be overwritten once the operation is recorded."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Tensor, elementwise, general, gradients, linear

from ..breaking import DOCUMENTED, quiet
from ..thorough import few
from .calls import Call, Live
from .samples import Operation
from .test_derivatives import drawn_call, every_operation


def arguments_of(call: Call) -> Iterator[Any]:
    """Yield the ndarrays among the arguments without a derivative."""
    pending: list[Any] = [*call.args, *call.kwargs.values()]
    while pending:
        value = pending.pop()
        if type(value) in (list, tuple):
            pending.extend(value)
        elif type(value) is np.ndarray and not isinstance(value, Live):
            yield value


def overwrite(array: Any) -> None:
    """Give every element another value, one that is no valid label or index either."""
    if array.dtype.kind == "b":
        array[...] = ~array
    else:
        array[...] = 97 - 2 * array


def in_lists(value: Any) -> Any:
    """Return an argument with a list in the place of each tuple, and of each array that holds no inputs."""
    if isinstance(value, Live) or hasattr(value, "_fields"):
        return value
    if type(value) in (list, tuple):
        return [in_lists(item) for item in value]
    if type(value) is dict:
        return {key: in_lists(item) for key, item in value.items()}
    return value.tolist() if type(value) is np.ndarray and value.ndim else value


def each_in_lists(call: Call) -> Iterator[Call]:
    """Yield the call with each argument that can be a list given as one, also within a tuple."""
    for i, value in enumerate(call.args):
        for changed in spellings(value):
            yield replace(call, args=(*call.args[:i], changed, *call.args[i + 1 :]))
    for name, value in call.kwargs.items():
        for changed in spellings(value):
            yield replace(call, kwargs={**call.kwargs, name: changed})


def spellings(value: Any) -> Iterator[Any]:
    """Yield an argument with lists in the place of tuples and arrays: everywhere, or only within its own tuple."""
    outer = in_lists(value)
    if type(outer) is list and not isinstance(value, Live):
        yield outer
        if any(type(item) is list for item in outer):
            yield tuple(outer)


def lists_of(call: Call) -> Iterator[list[Any]]:
    """Yield the lists among the arguments, the inner ones first."""

    def within(value: Any) -> Iterator[list[Any]]:
        if type(value) in (list, tuple, dict):
            for item in value.values() if type(value) is dict else value:
                yield from within(item)
        if type(value) is list:
            yield value

    for value in (*call.args, *call.kwargs.values()):
        yield from within(value)


def spoil(given: list[Any]) -> None:
    """Give a list other items, and one more."""
    given[:] = [
        97 - 2 * item if type(item) in (int, float) else not item if type(item) is bool else None for item in given
    ]
    given.append(None)


def gradient(call: Call, operation: Operation, live: int, wrapped: bool, written: bool) -> Any:
    """Return the gradient for one input, where the others are constants, overwritten before the walk or not."""
    call = copy.deepcopy(call)
    constants = [np.array(x) for x in call.inputs]
    operands: list[Any] = [Tensor(x) for x in constants] if wrapped else list(constants)
    x = operands[live] = Tensor(call.inputs[live], requires_grad=True)
    del constants[live]
    result = call.on(operation.public, operands)
    parts = [part for part in (result if isinstance(result, tuple | list) else [result]) if isinstance(part, Tensor)]
    recorded = [part for part in parts if part.requires_grad]
    seeds = [np.linspace(1.0, 2.0, part.size).reshape(part.shape).astype(part.dtype) for part in recorded]
    for array in (*constants, *arguments_of(call)) if written else ():
        overwrite(array)
    for items in list(lists_of(call)) if written else ():
        spoil(items)
    return gradients(recorded, x, seeds, allow_unused=True)[0] if recorded else None


@pytest.mark.one_in(6)
@every_operation
@few(2)
@given(data=st.data())
def test_operands_may_be_overwritten_after_the_call(operation: Operation, data: st.DataObject) -> None:
    call = drawn_call(data, operation)
    # NumPy's other functions do not look for a tensor in every place, such as the default of `select`.
    looks_everywhere = isinstance(operation.key, np.ufunc) or operation.library == nn.__name__
    wrapped = not looks_everywhere or data.draw(st.booleans(), label="constants are tensors")
    for live in range(len(call.inputs)):
        with quiet():
            expected = gradient(call, operation, live, wrapped, written=False)
            found = gradient(call, operation, live, wrapped, written=True)
        assert_same(found, expected)


@pytest.mark.one_in(6)
@every_operation
@few(2)
@given(data=st.data())
def test_lists_may_be_changed_after_the_call(operation: Operation, data: st.DataObject) -> None:
    call = drawn_call(data, operation)
    for spelt in each_in_lists(call):
        for live in range(len(call.inputs)):
            if takes(spelt, operation, live):
                with quiet():
                    # of the lists themselves: x[[0, 0]] is not x[(0, 0)]
                    expected = gradient(spelt, operation, live, False, written=False)
                    found = gradient(spelt, operation, live, False, written=True)
                assert_same(found, expected)


def assert_same(found: Any, expected: Any) -> None:
    """Assert that two gradients are equal, or that there is none either time."""
    if expected is None:
        assert found is None
    else:
        np.testing.assert_array_equal(found, expected)


def takes(call: Call, operation: Operation, live: int) -> bool:
    """Tell whether the operation accepts the arguments: some of NumPy's take a tuple or an array, and no list.

    The parts that the library makes operations of, which have no function of NumPy's, are given what it makes of lists.
    """
    operands: list[Any] = list(map(np.array, call.inputs))
    operands[live] = Tensor(operands[live], requires_grad=True)
    with quiet():
        try:
            if type(operation.key) is str:
                gradient(call, operation, live, False, written=False)
            copy.deepcopy(call).on(operation.public, operands)
        except (*DOCUMENTED, AttributeError):
            return False
    return True


def scaled(x: Any, options: Any) -> Any:
    """Use an argument that is a dict, or lists within a tuple."""
    return x * (options["factors"] if isinstance(options, dict) else options[0])[-1]


WAYS: dict[str, Callable[[], Any]] = {
    "one input": lambda: general(
        lambda x, options: scaled(x, options), lambda g, options: scaled(g, options), name="scaled"
    ),
    "linear": lambda: linear(
        lambda x, options: scaled(x, options), lambda g, options: scaled(g, options), name="scaled"
    ),
    "elementwise": lambda: elementwise(
        lambda x, options: scaled(x, options), lambda g, options: scaled(g, options), name="scaled"
    ),
    "several inputs": lambda: general(
        lambda x, y, options: scaled(x * y, options),
        lambda g, y, options: scaled(g, options) * y,
        lambda g, x, options: scaled(g, options) * x,
        name="scaled",
    ),
    "several outputs": lambda: general(
        lambda x, options: (scaled(x, options), x + 0),
        lambda g, options: scaled(g[0], options) + g[1],
        outputs=True,
        name="scaled",
    ),
    "a sequence of inputs": lambda: general(
        lambda parts, options: scaled(sum(parts), options),
        lambda g, options, index: scaled(g, options),
        variadic=True,
        name="scaled",
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("options", [{"factors": [2.0, 3.0]}, ([2.0, 3.0],)], ids=["dict", "tuple"])
def test_arguments_of_operations_of_a_user_may_be_changed_after_the_call(way: str, options: Any) -> None:
    function = WAYS[way]()
    x, given = Tensor(np.array([1.0, 2.0]), requires_grad=True), copy.deepcopy(options)
    operands: dict[str, Any] = {"several inputs": (x, np.ones(2)), "a sequence of inputs": ([x, np.ones(2)],)}
    result = function(*operands.get(way, (x,)), given)
    y = result[0] if way == "several outputs" else result
    spoil(given["factors"] if isinstance(given, dict) else given[0])
    np.testing.assert_array_equal(gradients(y.sum(), x), [np.array([3.0, 3.0])])
