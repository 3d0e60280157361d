"""What every registered operation promises, over shapes, broadcasting, dtypes and layouts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.testing import arrays, check_operation, layouts

from ..thorough import few
from .calls import Array, Call
from .samples import OPERATIONS, SAMPLES, Operation

every_operation = pytest.mark.parametrize(
    "operation", [operation for operation in OPERATIONS if operation.key in SAMPLES], ids=str
)


def drawn_call(data: st.DataObject, operation: Operation) -> Call:
    return data.draw(SAMPLES[operation.key].calls, label="call")


@every_operation
@few(1)
@given(data=st.data())
def test_derivatives(operation: Operation, data: st.DataObject) -> None:
    check(operation, data, order=1)


@pytest.mark.one_in(6)
@every_operation
@few(1)
@given(data=st.data())
def test_derivatives_of_both_orders(operation: Operation, data: st.DataObject) -> None:
    check(operation, data, order=2)


def check(operation: Operation, data: st.DataObject, order: int) -> None:
    call = drawn_call(data, operation)
    inputs = [data.draw(layouts(x)) for x in call.inputs]
    check_operation(call.afresh(operation.public), *inputs, order=order, analytic=SAMPLES[operation.key].analytic)


@pytest.mark.one_in(6)
@every_operation
@few(1)
@given(data=st.data())
def test_float32(operation: Operation, data: st.DataObject) -> None:
    call = drawn_call(data, operation)
    narrow = [data.draw(st.booleans()) or i == 0 for i in range(len(call.inputs))]
    inputs = [single(x) if is_narrow else x for x, is_narrow in zip(call.inputs, narrow, strict=True)]
    check_operation(call.afresh(operation.public), *inputs, order=1)


def single(x: Array) -> Array:
    return np.asarray(x, np.complex64 if x.dtype.kind == "c" else np.float32)


analytic_operations = pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.key in SAMPLES and SAMPLES[operation.key].analytic],
    ids=str,
)


@pytest.mark.one_in(2)
@analytic_operations
@few(1)
@given(data=st.data())
def test_complex(operation: Operation, data: st.DataObject) -> None:
    """What NumPy also computes with complex numbers is differentiated with them: some of its inputs, or all."""
    call = drawn_call(data, operation)
    imaginary = [data.draw(arrays(x.shape, between=(-1.0, 1.0)) | st.none()) for x in call.inputs]
    inputs = [x if y is None else x + 1j * y for x, y in zip(call.inputs, imaginary, strict=True)]
    check_operation(call.afresh(operation.public), *inputs)
