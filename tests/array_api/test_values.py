"""Every function of the standard gives what the consortium's strict implementation gives: values, dtypes, shapes."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor, array_api, tensor

from ..lists import assert_complete
from ..thorough import few
from .extension_samples import CALLS as EXTENSIONS
from .samples import CALLS as FUNCTIONS
from .standard import SIGNATURES

strict = pytest.importorskip("array_api_strict")
CALLS = {**FUNCTIONS, **EXTENSIONS}
# What has no arrays to compare: tested by itself.
BY_ITSELF = {
    "__array_namespace_info__", "broadcast_shapes", "can_cast", "empty", "empty_like", "finfo", "from_dlpack", "iinfo",
    "isdtype", "result_type",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _version_of_the_standard() -> Iterator[None]:
    with strict.ArrayAPIStrictFlags(api_version="2025.12"):
        yield


def function(namespace: Any, name: str) -> Any:
    for part in name.split("."):
        namespace = getattr(namespace, part)
    return namespace


def call(namespace: Any, name: str, arguments: Any, make: Any) -> Any:
    """Call a function with the arrays and dtypes of its namespace."""

    def translated(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return make(value)
        if isinstance(value, np.dtype):
            return getattr(namespace, value.name)
        return [make(x) if isinstance(x, np.ndarray) else x for x in value] if isinstance(value, list) else value

    args, options = arguments
    options = {k: np.dtype(v) if k == "dtype" and v is not None else v for k, v in options.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return function(namespace, name)(*map(translated, args), **{k: translated(v) for k, v in options.items()})


def results(found: Any) -> list[Any]:
    return list(found) if isinstance(found, tuple | list) else [found]


def values(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else x._array


def test_every_function_is_sampled() -> None:
    assert_complete(SIGNATURES, CALLS.keys() | BY_ITSELF, "tests/array_api/samples.py")
    assert not CALLS.keys() & BY_ITSELF


@pytest.mark.one_in(6)
@pytest.mark.parametrize("name", CALLS)
@given(data=st.data())
def test_function_gives_what_the_strict_one_gives(name: str, data: st.DataObject) -> None:
    arguments = data.draw(CALLS[name])
    found = call(array_api, name, arguments, tensor)
    wanted = call(strict, name, arguments, strict.asarray)
    assert type(found).__name__ == type(wanted).__name__ or not isinstance(wanted, tuple) or hasattr(found, "_fields")
    assert getattr(found, "_fields", None) == getattr(wanted, "_fields", None)
    for ours, theirs in zip(results(found), results(wanted), strict=True):
        assert isinstance(ours, Tensor)
        assert not ours.requires_grad
        assert ours.dtype == theirs._array.dtype
        assert ours.shape == theirs.shape
        precise = np.finfo(ours.dtype).eps if ours.dtype.kind in "fc" else 0
        np.testing.assert_allclose(values(ours), values(theirs), rtol=8 * precise, atol=100 * precise, equal_nan=True)


@pytest.mark.one_in(6)
@pytest.mark.parametrize("name", CALLS)
@few(4)
@given(data=st.data())
def test_function_gives_the_same_where_a_gradient_is_required(name: str, data: st.DataObject) -> None:
    arguments = data.draw(CALLS[name])
    live = [False]

    def leaf(x: Any) -> Tensor:
        live[0] |= x.dtype.kind in "fc"
        return tensor(x, requires_grad=x.dtype.kind in "fc")

    found = call(array_api, name, arguments, leaf)
    for ours, theirs in zip(results(found), results(call(array_api, name, arguments, tensor)), strict=True):
        assert isinstance(ours, Tensor)
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        np.testing.assert_array_equal(values(ours), values(theirs))
        assert live[0] or not ours.requires_grad
