"""Infinities, nan, signed zeros and empty arrays, as the standard lists them function by function."""

from math import inf, nan, pi
from typing import Any

import numpy as np
import pytest

from autograd import array_api as xp
from autograd import tensor

UNARY: dict[str, list[tuple[Any, Any]]] = {
    "abs": [(nan, nan), (-0.0, 0.0), (-inf, inf)],
    "acos": [(nan, nan), (1.5, nan), (-1.5, nan), (1, 0.0)],
    "acosh": [(nan, nan), (0.5, nan), (1, 0.0), (inf, inf)],
    "asin": [(nan, nan), (1.5, nan), (-1.5, nan), (0.0, 0.0), (-0.0, -0.0)],
    "asinh": [(nan, nan), (0.0, 0.0), (-0.0, -0.0), (inf, inf), (-inf, -inf)],
    "atan": [(nan, nan), (0.0, 0.0), (-0.0, -0.0), (inf, pi / 2), (-inf, -pi / 2)],
    "atanh": [(nan, nan), (-2, nan), (2, nan), (-1, -inf), (1, inf), (0.0, 0.0), (-0.0, -0.0)],
    "ceil": [(nan, nan), (inf, inf), (-inf, -inf), (0.0, 0.0), (-0.0, -0.0), (-0.5, -0.0), (3, 3)],
    "cos": [(nan, nan), (0.0, 1), (-0.0, 1), (inf, nan), (-inf, nan)],
    "cosh": [(nan, nan), (0.0, 1), (-0.0, 1), (inf, inf), (-inf, inf)],
    "exp": [(nan, nan), (0.0, 1), (-0.0, 1), (inf, inf), (-inf, 0.0)],
    "expm1": [
        (nan, nan), (0.0, 0.0), (-0.0, -0.0), (inf, inf), (-inf, -1), (complex(inf, 0), complex(inf, 0)),
        (complex(-inf, inf), complex(-1, 0)), (complex(-inf, nan), complex(-1, 0)), (complex(nan, 0), complex(nan, 0)),
        (complex(0, 0), complex(0, 0)), (complex(inf, inf), complex(inf, nan)),
    ],
    "floor": [(nan, nan), (inf, inf), (-inf, -inf), (0.0, 0.0), (-0.0, -0.0), (-0.5, -1), (3, 3)],
    "imag": [(complex(1, -0.0), -0.0), (complex(0, inf), inf)],
    "isfinite": [(nan, False), (inf, False), (-inf, False), (1, True), (complex(1, inf), False)],
    "isinf": [(nan, False), (inf, True), (-inf, True), (1, False), (complex(nan, inf), True)],
    "isnan": [(nan, True), (inf, False), (1, False), (complex(1, nan), True)],
    "log": [(nan, nan), (-1, nan), (0.0, -inf), (-0.0, -inf), (1, 0.0), (inf, inf)],
    "log10": [(nan, nan), (-1, nan), (0.0, -inf), (-0.0, -inf), (1, 0.0), (inf, inf)],
    "log1p": [(nan, nan), (-2, nan), (-1, -inf), (-0.0, -0.0), (0.0, 0.0), (inf, inf)],
    "log2": [(nan, nan), (-1, nan), (0.0, -inf), (-0.0, -inf), (1, 0.0), (inf, inf)],
    "negative": [(0.0, -0.0), (-0.0, 0.0), (inf, -inf)],
    "reciprocal": [(nan, nan), (inf, 0.0), (-inf, -0.0), (0.0, inf), (-0.0, -inf)],
    "round": [(nan, nan), (inf, inf), (-0.0, -0.0), (0.5, 0.0), (1.5, 2), (2.5, 2), (-0.5, -0.0), (0.5 + 1.5j, 2j)],
    "sign": [(nan, nan), (0.0, 0.0), (-3, -1), (inf, 1), (3 - 4j, 0.6 - 0.8j), (0j, 0j)],
    "signbit": [(0.0, False), (-0.0, True), (inf, False), (-inf, True), (-3, True)],
    "sin": [(nan, nan), (0.0, 0.0), (-0.0, -0.0), (inf, nan), (-inf, nan)],
    "sinh": [(nan, nan), (0.0, 0.0), (-0.0, -0.0), (inf, inf), (-inf, -inf)],
    "sqrt": [(nan, nan), (-1, nan), (0.0, 0.0), (-0.0, -0.0), (inf, inf)],
    "tan": [(nan, nan), (0.0, 0.0), (-0.0, -0.0), (inf, nan), (-inf, nan)],
    "tanh": [(nan, nan), (0.0, 0.0), (-0.0, -0.0), (inf, 1), (-inf, -1)],
    "trunc": [(nan, nan), (inf, inf), (-inf, -inf), (0.0, 0.0), (-0.0, -0.0), (-0.5, -0.0), (2.7, 2)],
}  # fmt: skip
BINARY: dict[str, list[tuple[Any, Any, Any]]] = {
    "add": [(nan, 1, nan), (inf, -inf, nan), (inf, inf, inf), (inf, 1, inf), (-0.0, -0.0, -0.0), (-0.0, 0.0, 0.0)],
    "atan2": [
        (nan, 1, nan), (1, 0.0, pi / 2), (0.0, 1, 0.0), (0.0, 0.0, 0.0), (0.0, -0.0, pi), (0.0, -1, pi),
        (-0.0, 1, -0.0), (-0.0, 0.0, -0.0), (-0.0, -0.0, -pi), (-1, 0.0, -pi / 2), (1, inf, 0.0),
        (1, -inf, pi), (-1, inf, -0.0),
        (inf, 1, pi / 2), (inf, inf, pi / 4), (inf, -inf, 3 * pi / 4), (-inf, inf, -pi / 4), (-inf, -inf, -3 * pi / 4),
    ],
    "copysign": [(1, -0.0, -1), (-1, 0.0, 1), (inf, -1, -inf), (0.0, -1, -0.0)],
    "divide": [
        (nan, 1, nan), (inf, inf, nan), (0.0, 0.0, nan), (0.0, 2, 0.0), (-0.0, 2, -0.0), (1, 0.0, inf), (1, -0.0, -inf),
        (-1, 0.0, -inf), (inf, -2, -inf), (1, inf, 0.0), (-1, inf, -0.0),
    ],
    "equal": [(nan, nan, False), (inf, inf, True), (-0.0, 0.0, True)],
    # Where the standard lets Python be followed for infinities, NumPy and so the operator // do.
    "floor_divide": [
        (nan, 1, nan), (inf, inf, nan), (0.0, 0.0, nan), (0.0, 2, 0.0), (-0.0, 2, -0.0), (0.0, -2, -0.0), (1, 0.0, inf),
        (1, -0.0, -inf), (1, inf, 0.0), (-1, -inf, 0.0), (inf, 1, nan), (-inf, -1, nan), (1, -inf, -1), (-1, inf, -1),
    ],
    "hypot": [(inf, nan, inf), (nan, -inf, inf), (nan, 1, nan), (0.0, -3, 3), (-0.0, 0.0, 0.0)],
    "less": [(nan, 1, False), (-inf, inf, True), (-0.0, 0.0, False)],
    "logaddexp": [(nan, 1, nan), (inf, 1, inf), (-inf, 2, 2), (-inf, -inf, -inf)],
    "maximum": [(nan, 1, nan), (1, nan, nan), (inf, 1, inf)],
    "minimum": [(nan, 1, nan), (1, nan, nan), (-inf, 1, -inf)],
    "multiply": [(nan, 1, nan), (inf, 0.0, nan), (-inf, 2, -inf), (-0.0, 2, -0.0), (-0.0, -2, 0.0)],
    "nextafter": [(nan, 1, nan), (1, nan, nan), (-0.0, 0.0, 0.0), (0.0, -0.0, -0.0), (0.0, 1, 5e-324)],
    "not_equal": [(nan, nan, True), (1, 1, False)],
    "pow": [
        (2, nan, nan), (nan, 0.0, 1), (nan, -0.0, 1), (nan, 1, nan), (2, inf, inf), (2, -inf, 0.0), (1, inf, 1),
        (0.5, inf, 0.0), (0.5, -inf, inf), (inf, 2, inf), (inf, -2, 0.0), (-inf, 3, -inf), (-inf, 2, inf),
        (-inf, -3, -0.0), (-inf, -2, 0.0), (0.0, 2, 0.0), (0.0, -2, inf), (-0.0, 3, -0.0),
        (-0.0, 2, 0.0), (-0.0, -3, -inf), (-2, 0.5, nan),
    ],
    "remainder": [
        (nan, 1, nan), (inf, 2, nan), (-inf, inf, nan), (0.0, 0.0, nan), (0.0, 2, 0.0), (-0.0, 2, 0.0), (0.0, -2, -0.0),
        (1, 0.0, nan), (1, inf, 1), (1, -inf, -inf), (-1, inf, inf), (-1, -inf, -1), (-7, 3, 2), (7, -3, -2),
    ],
}  # fmt: skip


def same(found: Any, expected: Any) -> bool:
    """Compare two numbers with their signs; an angle or a quotient may be rounded."""
    if isinstance(expected, complex):
        return same(found.real, expected.real) and same(found.imag, expected.imag)
    if expected != expected or expected in (inf, -inf, 0):
        return np.array_equal(found, expected, equal_nan=True) and (
            expected != 0 or np.signbit(found) == np.signbit(expected)
        )
    return bool(np.isclose(found, expected, rtol=1e-15))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "x", "expected"), [(name, *case) for name, cases in UNARY.items() for case in cases])
def test_function_of_one_array(name: str, x: Any, expected: Any) -> None:
    x = x if isinstance(x, complex) else float(x)
    for live in (False, isinstance(x, float)):
        found = getattr(xp, name)(tensor([x], requires_grad=live)).data[0]
        assert same(found, expected), found


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("name", "x1", "x2", "expected"), [(name, *case) for name, cases in BINARY.items() for case in cases]
)
def test_function_of_two_arrays(name: str, x1: Any, x2: Any, expected: Any) -> None:
    first, second = tensor([float(x1)]), tensor([float(x2)], requires_grad=True)
    for arguments in ((first, second), (first, float(x2)), (float(x1), second)):
        found = getattr(xp, name)(*arguments).data[0]
        assert same(found, expected), found


def test_nan_bounds_are_the_result_of_clip() -> None:
    x = tensor([1.0, nan, 3.0])
    np.testing.assert_array_equal(xp.clip(x, nan).data, [nan] * 3)
    np.testing.assert_array_equal(xp.clip(x, 0.0, tensor([nan, 1.0, 2.0])).data, [nan, nan, 2])


@pytest.mark.parametrize(
    "name", ["sum", "prod", "mean", "max", "min", "std", "var", "cumulative_sum", "cumulative_prod"]
)
def test_nan_goes_through_a_reduction(name: str) -> None:
    assert np.isnan(getattr(xp, name)(tensor([1.0, nan, 2.0], requires_grad=True)).data).any()


def test_reductions_of_nothing() -> None:
    nothing = xp.zeros((0,))
    assert xp.sum(nothing).item() == 0
    assert xp.prod(nothing).item() == 1
    assert xp.all(nothing).item() is True
    assert xp.any(nothing).item() is False
    assert xp.count_nonzero(nothing).item() == 0
    for function in (xp.max, xp.min, xp.argmax):
        with pytest.raises(ValueError, match=r"empty|zero-size"):
            function(nothing)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("function", [xp.mean, xp.std, xp.var])
def test_mean_of_nothing_is_nan(function: Any) -> None:
    assert np.isnan(function(xp.zeros((0,))).item())


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_correction_that_leaves_no_freedom_is_no_number() -> None:
    assert not np.isfinite(xp.var(tensor([1.0, 2.0]), correction=2).item())


def test_every_nan_is_another_element_of_a_set() -> None:
    x = tensor([nan, 1.0, nan, 1.0])
    found = xp.unique_all(x)
    np.testing.assert_array_equal(found.values.data, [1, nan, nan])
    np.testing.assert_array_equal(found.counts.data, [2, 1, 1])
    np.testing.assert_array_equal(found.values.data[found.inverse_indices.data], x.data)
