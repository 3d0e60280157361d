"""Whatever operand a rule needs beside the tensors, its array may be overwritten once the operation is recorded."""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Tensor, gradients

from ..breaking import quiet
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
    return gradients(recorded, x, seeds, allow_unused=True)[0] if recorded else None


@every_operation
@settings(max_examples=2)
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
        if expected is None:
            assert found is None
        else:
            np.testing.assert_array_equal(found, expected)
