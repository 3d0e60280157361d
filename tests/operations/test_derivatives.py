"""What every registered operation promises, over shapes, broadcasting, dtypes and layouts."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd.testing import check_operation, layouts

from .calls import Call
from .samples import OPERATIONS, SAMPLES, Operation

every_operation = pytest.mark.parametrize(
    "operation", [operation for operation in OPERATIONS if operation.key in SAMPLES], ids=str
)


def drawn_call(data: st.DataObject, operation: Operation) -> Call:
    return data.draw(SAMPLES[operation.key].calls, label="call")


@every_operation
@given(data=st.data())
def test_derivatives(operation: Operation, data: st.DataObject) -> None:
    call = drawn_call(data, operation)
    inputs = [data.draw(layouts(x)) for x in call.inputs]
    check_operation(call.bind(operation.public), *inputs, analytic=SAMPLES[operation.key].analytic)


@every_operation
@settings(max_examples=15)
@given(data=st.data())
def test_float32(operation: Operation, data: st.DataObject) -> None:
    call = drawn_call(data, operation)
    dtypes: Any = st.sampled_from([np.float32, np.float64])
    inputs = [np.asarray(x, np.float32 if i == 0 else data.draw(dtypes)) for i, x in enumerate(call.inputs)]
    check_operation(call.bind(operation.public), *inputs, order=1)
