"""What is special to sorting: ties, nan, ranks, and what only tells places."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd import Tensor, grad, tensor

TIED = np.array([[2.0, 1.0, 2.0, 1.0], [np.nan, 0.0, -np.inf, 0.0]])
KINDS = [{}, {"kind": "quicksort"}, {"kind": "mergesort"}, {"kind": "heapsort"}, {"stable": True}, {"stable": False}]


@pytest.mark.parametrize("options", KINDS, ids=str)
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_sort_is_numpys(options: dict[str, Any], axis: int | None) -> None:
    for x in (TIED, TIED.astype(np.float32), TIED > 1):
        found: Any = np.sort(tensor(x), axis, **options)
        assert isinstance(found, Tensor)
        np.testing.assert_array_equal(found.data, np.sort(x, axis, **options), strict=True)


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_sort_moves_gradients_with_their_elements(axis: int | None) -> None:
    x = np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]])
    weights = np.arange(6.0).reshape(np.sort(x, axis).shape)
    found = grad(lambda x: (np.sort(x, axis) * weights).sum())(x)
    assert np.sum(found * x) == np.sum(np.sort(x, axis) * weights)


def test_equal_elements_keep_their_order() -> None:
    x = np.repeat([2.0, 1.0], 40)
    found = grad(lambda x: (np.sort(x) * np.arange(80)).sum())(x)
    np.testing.assert_array_equal(found, [*range(40, 80), *range(40)])


@given(st.data())
def test_partition_is_numpys(data: st.DataObject) -> None:
    x = data.draw(numpy_strategies.arrays(np.float64, st.integers(1, 60), elements=st.floats(width=16)))
    rank = st.integers(-x.size, x.size - 1)
    kth = data.draw(rank | st.lists(rank, min_size=1, max_size=3))
    t: Any = tensor(x, requires_grad=True)
    parted: Any = np.partition(t, kth)
    np.testing.assert_array_equal(parted.data, np.partition(x, kth), strict=True)
    weights = np.arange(float(x.size))
    parted.backward(weights)
    np.testing.assert_array_equal(np.sort(t.grad.data), weights)


def test_what_is_no_sort_is_an_error() -> None:
    zero: Any = tensor(1.0)
    functions: list[Any] = [np.sort, np.sort_complex, lambda x: np.partition(x, 0)]
    for function in functions:
        with pytest.raises(np.exceptions.AxisError):
            function(zero)
    with pytest.raises(np.exceptions.AxisError):
        np.sort(tensor([1.0]), 1)
    with pytest.raises(ValueError, match="fields"):
        np.sort(tensor([1.0]), order="x")
    with pytest.raises(ValueError, match="out of bounds"):
        np.partition(tensor([1.0]), 2)
    wrong: Any = {"direction": "up"}
    with pytest.raises(TypeError):
        np.sort(tensor([1.0]), **wrong)
    assert np.sort(zero, None).tolist() == [1]


@pytest.mark.skipif("descending" not in (np.sort.__doc__ or ""), reason="this NumPy sorts upwards only")
def test_descending() -> None:
    options: Any = {"descending": True}
    np.testing.assert_array_equal(np.sort(tensor(TIED), **options).data, np.sort(TIED, **options))
    np.testing.assert_array_equal(grad(lambda x: np.sort(x, **options)[0])(np.array([1.0, 3.0, 2.0])), [0, 1, 0])


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.float32, np.float64, np.longdouble, np.complex64])
def test_sort_complex_has_numpys_dtype(dtype: Any) -> None:
    x = np.array([[3, 1], [2, 4]], dtype)
    np.testing.assert_array_equal(np.sort_complex(tensor(x)).data, np.sort_complex(x), strict=True)


def test_what_changes_arrays_in_place_is_no_method_that_does_not() -> None:
    """An array's method partitions in place; one that did not would be misread."""
    for name in ("partition", "resize"):
        assert not hasattr(tensor([1.0]), name)


PLAIN: list[Any] = [
    np.argsort, np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.unique_values, np.unique_all, np.unique_counts,
    np.unique_inverse, lambda x: np.argpartition(x, 2), lambda x: x.argpartition(2), lambda x: np.lexsort((x, x)),
    lambda x: np.searchsorted(np.arange(3.0), x), lambda x: np.digitize(x, [0.0, 1.0]), lambda x: np.isin(x, [0.0]),
    lambda x: np.union1d(x, [9.0]), np.diag_indices_from, np.tril_indices_from, lambda x: np.triu_indices_from(x, 1),
]  # fmt: skip


@pytest.mark.parametrize("function", PLAIN)
def test_places_are_plain(function: Any) -> None:
    x = np.array([[3.0, 0.0, 1.0], [0.0, 2.0, 5.0], [1.0, 1.0, 0.0]])
    found, expected = function(tensor(x, requires_grad=True)), function(x)
    for ours, numpys in zip(found, expected, strict=True):
        assert not isinstance(ours, Tensor)
        np.testing.assert_array_equal(ours, numpys)
