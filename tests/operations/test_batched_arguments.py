"""Arguments without a derivative under vmap: indices, masks, orders and counts that differ between the elements."""

import operator
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from autograd import BatchError, tensor, vmap
from autograd.transforms.pytree import flatten

from ..thorough import THOROUGH
from .calls import Array, Call, Function, Live
from .samples import OPERATIONS, SAMPLES, Operation
from .test_batches import _assert_equal, _batch, _calls, _gradients, _of_batch, _of_loop, _values

# What it is told beside the numbers has to be true of them: in which interval each lies.
CONSISTENT = {"interp"}


def _arrays(value: Any) -> list[Any]:
    """Return the arrays among arguments, `Live` or not."""
    if isinstance(value, Live) or (isinstance(value, np.ndarray) and value.ndim and value.dtype.kind in "biufc"):
        return [value]
    return [array for item in value for array in _arrays(item)] if type(value) in (list, tuple) else []


def _filled(value: Any, rest: Iterator[Any]) -> Any:
    if _arrays(value) and type(value) not in (list, tuple):
        return next(rest)
    return type(value)(_filled(item, rest) for item in value) if type(value) in (list, tuple) else value


def _batched(value: Any, rng: np.random.Generator) -> Array:
    """Return a batch of arrays near a `Live` one, or of the same numbers in other orders."""
    if isinstance(value, Live):
        return _batch(np.asarray(value.array), rng)
    return np.stack([value, value[::-1], np.roll(value, 1, 0)])


def _function(call: Call, public: Function, live: Sequence[int]) -> tuple[Function, Function]:
    """Return functions of all arrays: the values, and the gradients of those that are live."""

    def values(*arrays: Any) -> Any:
        return call.view(public(*_filled(call.args, iter(arrays)), **call.kwargs))

    def gradients(*arrays: Any) -> Any:
        def of_live(*given: Any) -> Any:
            every = list(arrays)
            for i, array in zip(live, given, strict=True):
                every[i] = array
            return values(*every)

        return _gradients(of_live)(*[arrays[i] for i in live])

    return _values(values), gradients


@pytest.mark.one_in(6)
@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.key in SAMPLES and o.key not in CONSISTENT], ids=str)
def test_what_has_no_derivative_may_be_batched(operation: Operation) -> None:
    """It gives what a loop gives; but a mask that is an index may be refused."""
    for call in _calls(operation)[: 2 if THOROUGH else 1]:
        arrays = _arrays(call.args)
        live = [i for i, x in enumerate(arrays) if isinstance(x, Live)]
        if len(live) == len(arrays):
            continue
        rng = np.random.default_rng(0)
        batches = [_batched(x, rng) for x in arrays]
        for function in _function(call, operation.public, live):
            expected = _of_loop(function, batches)
            if expected is None:
                continue
            try:
                found, _ = _of_batch(function, batches)
            except BatchError:
                if operation.public is operator.getitem and any(x.dtype == bool for x in batches):
                    continue
                raise
            for x, y in zip(found, expected, strict=True):
                _assert_equal(x, y, "", 1e-9)


X = np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 4.0]])


@pytest.mark.parametrize(
    "function",
    [
        lambda p: np.polymul(p, p),
        lambda p: np.polymul(tensor(np.ones(2)), p),
        np.trim_zeros,
        np.roots,
        lambda p: np.bincount(p.astype(int)),
        lambda p: np.compress(p > 0, p),
        lambda p: np.repeat(p, p.astype(int)),
    ],
)
def test_elements_whose_results_differ_in_shape_are_refused(function: Function) -> None:
    with pytest.raises(BatchError, match=r"different shapes|give it a minlength"):
        vmap(function, loops="allow")(X)


def test_counts_go_to_no_other_element() -> None:
    numbers = np.array([[0, 1, 1, 3], [2, 2, 2, 0]])
    assert np.array_equal(
        vmap(lambda n: np.bincount(n, minlength=4))(numbers), [np.bincount(n, minlength=4) for n in numbers]
    )
    with pytest.raises(ValueError, match="negative"):
        vmap(lambda n: np.bincount(n, minlength=4))(numbers - 1)


@pytest.mark.parametrize("side", ["left", "right"])
def test_each_element_searches_its_own_sorted_array(side: Any) -> None:
    rng = np.random.default_rng(0)
    a, v = np.sort(rng.integers(0, 6, (5, 8)) * 1.0), rng.integers(-1, 7, (5, 4, 3)) * 1.0
    a[0, -1] = v[1, 0, 0] = np.nan
    found = vmap(lambda a, v: np.searchsorted(a, v, side))(a, v)
    assert np.array_equal(found, [np.searchsorted(x, y, side) for x, y in zip(a, v, strict=True)])


@pytest.mark.parametrize(("shift", "axis"), [(3, None), (-2, 1), (1, 0), ((1, 2), (0, 1)), ((1, 2), (1, 1))])
def test_elements_are_rolled(shift: Any, axis: Any) -> None:
    x = np.arange(24.0).reshape(3, 2, 4)
    assert np.array_equal(vmap(lambda x: np.roll(x, shift, axis))(x), [np.roll(each, shift, axis) for each in x])


QUANTILES: list[Any] = [np.quantile, np.percentile, np.nanquantile, np.nanpercentile]


@pytest.mark.filterwarnings("ignore:All-NaN slice:RuntimeWarning")
@pytest.mark.parametrize("weights", [None, "of all", "of an axis"])
@pytest.mark.parametrize("function", QUANTILES)
def test_each_element_has_its_own_quantiles(function: Any, weights: str | None) -> None:
    rng = np.random.default_rng(0)
    a, most = np.round(rng.standard_normal((3, 4, 5)), 1), 100 if "percentile" in function.__name__ else 1
    a[0, 1, 2] = a[1, 0, : 5 if weights is None else 2] = np.nan
    q = rng.uniform(0, most, (3, 2))
    q[0, 0], q[1, 1] = 0, most
    methods = ["linear", "lower", "midpoint", "median_unbiased"] if weights is None else ["inverted_cdf"]
    share = {None: None, "of all": rng.integers(0, 4, (4, 5)), "of an axis": rng.integers(1, 4, 5)}[weights]
    axes: tuple[Any, ...] = (-1,) if weights == "of an axis" else (None, 0, -1, (0, 1))
    if weights is not None and function.__name__.startswith("nan"):
        axes, share = (None,), rng.integers(0, 4, (4, 5))  # NumPy fails with others
    for method in methods:
        for axis in axes:
            for keepdims in (False, True):
                for quantiles in (q, q[:, 0]):
                    options = {"axis": axis, "method": method, "keepdims": keepdims, "weights": share}
                    expected = [function(x, y, **options) for x, y in zip(a, quantiles, strict=True)]
                    found = vmap(lambda x, y, o=options: function(x, y, **o))(a, quantiles)
                    np.testing.assert_allclose(found, np.stack(expected), rtol=1e-12)
                    shared = vmap(lambda y, o=options: function(a[2], y, **o))(quantiles)
                    np.testing.assert_allclose(shared, [function(a[2], y, **options) for y in quantiles], rtol=1e-12)
                    same = vmap(lambda x, o=options, y=quantiles[0]: function(x, y, **o))(a)
                    np.testing.assert_array_equal(same, [function(x, quantiles[0], **options) for x in a])


def test_a_value_of_each_element_is_not_written_to_a_view_of_what_all_share() -> None:
    def write(shared: Any, x: Any) -> Any:
        y = tensor(shared, requires_grad=True) * 1
        y[1:][0] = x[0]
        return flatten(y)[0][0]

    with pytest.raises(BatchError, match="has views, which all elements share"):
        vmap(write, in_axes=(None, 0))(X[0], X)
