"""Results share memory with inputs where NumPy's do, and then both know of each other."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor, tensor
from autograd.tensors.views import sharing

from ..breaking import arrays_in, quiet
from ..thorough import few
from .samples import Operation
from .test_derivatives import drawn_call, every_operation

# Made of the steps of a fold, which nobody sees.
INTERNAL = {"slices"}


def shares_one_of(result: Any, inputs: list[Any]) -> bool:
    return any(np.shares_memory(result, x) for x in inputs)


@pytest.mark.one_in(6)
@every_operation
@few(2)
@given(data=st.data())
def test_views_are_views_and_copies_are_copies(operation: Operation, data: st.DataObject) -> None:
    call = drawn_call(data, operation)
    arrays, tensors = [np.array(x) for x in call.inputs], [tensor(x) for x in call.inputs]
    with quiet():
        expected = list(arrays_in(call.on(operation.public, arrays)))
        found = list(arrays_in(call.on(operation.public, tensors)))
    for y, t in zip(expected, found, strict=True):
        if not isinstance(t, Tensor) or str(operation) in INTERNAL:
            continue
        shared = [x for x in tensors if np.shares_memory(t.data, x.data)]
        assert bool(shared) == shares_one_of(y, arrays)
        assert all(t is x or any(x is other for other in sharing(t)) for x in shared)
