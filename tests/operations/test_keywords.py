"""Operations take their arguments by the names that NumPy gives them."""

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor

from ..thorough import few
from .calls import Function
from .samples import OPERATIONS, SAMPLES, Operation


def signature(function: Function) -> inspect.Signature | None:
    """Return the signature of a function; None for a ufunc, whose inputs have no names, and for one that has none."""
    try:
        return None if isinstance(function, np.ufunc) else inspect.signature(function)
    except ValueError:
        return None


NAMED = [
    operation
    for operation in OPERATIONS
    if operation.key in SAMPLES and operation.key is operation.public and signature(operation.public) is not None
]


def by_name(function: Function) -> Function:
    """Return the function that passes to `function` by name whatever may be passed by name."""
    known = signature(function)
    assert known is not None

    def call(*args: Any, **kwargs: Any) -> Any:
        given_args: list[Any] = []
        given_kwargs: dict[str, Any] = {}
        for name, value in known.bind(*args, **kwargs).arguments.items():
            kind = known.parameters[name].kind
            if kind is inspect.Parameter.POSITIONAL_ONLY:
                given_args.append(value)
            elif kind is inspect.Parameter.VAR_POSITIONAL:
                return function(*args, **kwargs)  # what stands before these could not be named
            else:
                given_kwargs |= value if kind is inspect.Parameter.VAR_KEYWORD else {name: value}
        return function(*given_args, **given_kwargs)

    return call


def assert_same(first: Any, second: Any) -> None:
    assert type(first) is type(second)
    if isinstance(first, list | tuple):
        for one, other in zip(first, second, strict=True):
            assert_same(one, other)
    else:
        one, other = (y.data if isinstance(y, Tensor) else y for y in (first, second))
        np.testing.assert_array_equal(one, other)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("operation", NAMED, ids=str)
@few(4)
@given(data=st.data())
def test_arguments_by_name(operation: Operation, data: st.DataObject) -> None:
    call = data.draw(SAMPLES[operation.key].calls)
    by_place, named = (
        call.on(function, [Tensor(x, requires_grad=True) for x in call.inputs])
        for function in (operation.public, by_name(operation.public))
    )
    assert_same(by_place, named)
