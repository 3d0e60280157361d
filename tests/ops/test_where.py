"""Reductions with `where`, which broadcasts along any axes, reduced ones among them."""

import inspect
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import jvp, tensor
from autograd.tensors.dispatch import operations
from autograd.testing import check_operation

X = np.array([[0.5, -1.25, 2.0], [1.5, 0.75, -0.5]])
WHERE: dict[str, Any] = {
    "rows": np.array([[True], [False]]), "columns": np.array([True, False, True]),
    "one row": np.array([[True, True, False]]), "all": True, "none": False, "one": np.array([[True]]),
    "elements": np.array([[True, False, True], [True, True, False]]), "0-d": np.array(True),
}  # fmt: skip
AXES: list[Any] = [None, 0, 1, -1, (0, 1)]
ufunc: Any  # whose methods NumPy's annotations do not know
REDUCTIONS: dict[str, Callable[..., Any]] = {
    "sum": np.sum, "prod": np.prod, "mean": np.mean, "var": np.var, "std": np.std, "max": np.max, "min": np.min,
    "amax": np.amax, "amin": np.amin, "nansum": np.nansum, "nanprod": np.nanprod, "nanmean": np.nanmean,
    "nanvar": np.nanvar, "nanstd": np.nanstd, "nanmax": np.nanmax, "nanmin": np.nanmin,
    "sum method": lambda x, **o: x.sum(**o), "mean method": lambda x, **o: x.mean(**o),
    "var method": lambda x, **o: x.var(**o), "std method": lambda x, **o: x.std(**o),
    "prod method": lambda x, **o: x.prod(**o), "max method": lambda x, **o: x.max(**o),
    "min method": lambda x, **o: x.min(**o),
    **{f"{ufunc.__name__}.reduce": ufunc.reduce for ufunc in (
        np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp, np.logaddexp2, np.hypot,
    )},
}  # fmt: skip
NEED_START = ("max", "min", "amax", "amin", "fmax", "fmin", "logaddexp")  # which have no value where nothing is left


def options_of(name: str, where: Any, axis: Any, keepdims: bool) -> dict[str, Any]:
    start = {"initial": -3.0} if name.removeprefix("nan").startswith(NEED_START) else {}
    return {"axis": axis, "keepdims": keepdims, "where": where, **start}


def test_every_reduction_that_takes_where_is_looked_at() -> None:
    functions = {f for f in operations if getattr(np, getattr(f, "__name__", ""), None) is f}
    taking = {
        f.__name__
        for f in functions
        if not isinstance(f, np.ufunc) and {"axis", "where"} <= inspect.signature(f).parameters.keys()
    }
    assert {"mean", "nanvar", "ptp"} & taking == {"mean", "nanvar"}
    assert taking <= REDUCTIONS.keys()


@pytest.mark.one_in(36)
@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.filterwarnings("ignore:.*(empty slice|Degrees of freedom).*:RuntimeWarning")
def test_where_broadcasts_along_any_axis(name: str, where: str) -> None:
    function = REDUCTIONS[name]
    for axis, keepdims in itertools.product(AXES, [False, True]):
        if isinstance(axis, tuple) and name in ("hypot.reduce", "logaddexp.reduce", "logaddexp2.reduce"):
            continue  # which NumPy reduces along one axis at a time
        options = options_of(name, WHERE[where], axis, keepdims)
        with np.errstate(all="ignore"):
            value = function(X, **options)
            if np.isfinite(value).all():
                check_operation(lambda x, o=options: function(x, **o), X, order=1)
                continue
            leaf = tensor(X, requires_grad=True)
            result = function(leaf, **options)
            np.testing.assert_array_equal(result.data, value)
            result.sum().backward()
            assert leaf.grad.shape == X.shape
            assert not leaf.grad.data[~np.broadcast_to(WHERE[where], X.shape)].any()
            assert jvp(lambda x, o=options: function(x, **o), X, np.ones(X.shape))[1].shape == np.shape(value)
