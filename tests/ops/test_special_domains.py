"""Derivatives of SciPy's functions at the ends of their domains and outside: right, infinite or nan."""

import itertools
from typing import Any

import numpy as np
import pytest

import autograd.ops.special  # noqa: F401 - which declares them
from autograd import Tensor, gradients
from autograd.tensors.dispatch import operations

Array = np.ndarray[Any, Any]

# What differences of SciPy's values cannot tell, with the reason.
UNTOLD = {
    "eval_chebyt": "of fractional degrees, SciPy's functions of the second kind have the wrong sign at -1",
    "eval_jacobi": "at a parameter of -1 SciPy gives nan beside 1",
    "gdtr": "of a negative rate, 0 alone has a value",
    "gdtrc": "of a negative rate, 0 alone has a value",
    "hyp2f1": "at a parameter of -1, 0 alone has a value",
    "hyperu": "of parameters such as -1/2 and 0 SciPy gives nan beside 0",
    "kl_div": "at 0 and 0 any number is a subgradient",
    "rel_entr": "at 0 and 0 any number is a subgradient",
    "powm1": "0**0 is 1, and the derivative of x**0 by the exponent 0, as for numpy.power",
}
STEPS = (1e-3, 1e-5, 1e-7)
ENDS = {
    1: [-5.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 5.0],
    2: [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0],
    3: [-1.0, -0.5, 0.0, 0.5, 1.0, 2.0],
    4: [-1.0, 0.0, 0.5, 1.0],
}


def of_parameters_alone(function: np.ufunc) -> range:
    """Return the positions of the inputs that it is differentiable in: the last alone, if not all of them."""
    declared = getattr(operations[function], "operation", None)
    if declared is None:
        return range(function.nin - 1, function.nin)
    return range(len(declared.rules))


FUNCTIONS = [
    function
    for function in operations
    if isinstance(function, np.ufunc) and not hasattr(np, function.__name__) and function.nout == 1
]


def points(function: np.ufunc) -> Array:
    """Return many points, a row for each input."""
    places = ENDS[function.nin]
    grid = np.array(list(itertools.product(places, repeat=function.nin))).T
    if function.__name__.startswith("eval_hermite"):
        return grid[:, (grid[0] >= 0) & (grid[0] % 1 == 0)]
    return grid


def gradient(function: np.ufunc, at: Array, live: int) -> Array:
    x = Tensor(at[live].copy(), requires_grad=True)
    result = function(*[x if i == live else whole(function, row, i) for i, row in enumerate(at)])
    (found,) = gradients(result, [x], [np.ones(at.shape[1])], allow_unused=True)
    assert found is not None
    return found.data


def whole(function: np.ufunc, row: Array, i: int) -> Array:
    """Return integers where SciPy takes nothing else, the degrees of Hermite's polynomials and the branches of W."""
    return row if any(types[i] == "d" for types in function.types) else row.astype(int)


@pytest.mark.one_in(3)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_gradients_at_ends_of_the_domain_and_outside(function: np.ufunc) -> None:
    at = points(function)
    with np.errstate(all="ignore"):
        values = function(*[whole(function, row, i) for i, row in enumerate(at)])
        if values.dtype.kind == "c":
            return  # of real numbers it is no real function
        for live in of_parameters_alone(function):
            found = gradient(function, at, live)
            outside = np.isnan(values)
            assert np.isnan(found[outside]).all(), (
                f"finite outside, by input {live}: {at[:, outside & ~np.isnan(found)].T}"
            )
            if function.__name__ not in UNTOLD:
                wrong = ~agrees_with_a_side(function, at, live, values, found)
                assert not wrong.any(), f"wrong by input {live}: {at[:, wrong].T} {found[wrong]}"


def agrees_with_a_side(function: np.ufunc, at: Array, live: int, values: Array, found: Array) -> Array:
    """Tell where a gradient is that of a side, or the mean of both, to which shorter steps come nearer, or nan."""
    sides = [[slope(function, at, live, values, sign * step) for step in STEPS] for sign in (1, -1)]
    both = [(ahead + behind) / 2 for ahead, behind in zip(*sides, strict=True)]
    good = np.isnan(found) | ~np.isfinite(values)
    for slopes in (*sides, both):
        far, near, nearer = (np.abs(each - found) for each in slopes)
        scale = 1e-4 * (1 + np.abs(found))
        good |= (near < scale) | (nearer < scale) | ((nearer < 0.3 * near) & (near < 0.3 * far))
        grows = (np.abs(slopes[2]) > 1.2 * np.abs(slopes[0])) | np.isinf(slopes[2])
        good |= np.isinf(found) & grows & (np.sign(slopes[2]) == np.sign(found))
    return good


def slope(function: np.ufunc, at: Array, live: int, values: Array, step: float) -> Array:
    moved = at.copy()
    moved[live] += step
    there: Array = function(*[whole(function, row, i) for i, row in enumerate(moved)])
    slopes: Array = (there - values) / (moved[live] - at[live])
    return slopes


@pytest.mark.parametrize("total", [0, 1, 2, 3])
@pytest.mark.parametrize("x", [0.0, -1.0, -2.0, -3.0])
def test_poch_between_poles_is_the_polynomial(x: float, total: int) -> None:
    from scipy import special

    factors = x + np.arange(total)
    expected = sum(np.prod(np.delete(factors, i)) for i in range(total))
    t = Tensor(np.array(x), requires_grad=True)
    (found,) = gradients(special.poch(t, float(total)), [t])
    assert found is not None
    np.testing.assert_allclose(found.data, expected, rtol=1e-13, atol=1e-13)
