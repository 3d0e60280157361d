"""SciPy's interpolations: values are SciPy's, derivatives by values, points and knots those of differences."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.interpolate
import scipy.sparse.linalg

from autograd import DomainError, ShapeError, Tensor, UnsupportedError, grad, jvp, tensor, vmap
from autograd.scipy import interpolate
from autograd.testing import check_operation

from .helpers import Draw, check_batches

Array = np.ndarray[Any, Any]
drawn = Draw()
X = np.array([0.0, 1.0, 1.5, 3.0, 4.0])
POINTS = np.array([[0.2, 1.2], [2.9, 3.5]])
BEYOND = np.array([-0.7, 0.0, 1.0, 1.2, 4.0, 5.3])
Y = drawn((5,))


def spline(**keywords: Any) -> Callable[..., Any]:
    return lambda x, y, points: interpolate.CubicSpline(x, y, **keywords)(points)


def closed(y: Any) -> Any:
    """Return values that end as they begin."""
    return np.concatenate([y, y[:1]])


def extended(c: Any, x: Any, more: Any, knots: Any) -> Any:
    made = interpolate.PPoly(c, x)
    made.extend(more, knots)
    return made


CROSSING = np.array([1.0, -0.5, 0.7, -0.3, 0.2])
CASES: dict[str, tuple[Callable[..., Any], tuple[Array, ...]]] = {
    "not-a-knot": (spline(), (X, Y, POINTS)),
    "natural": (spline(bc_type="natural"), (X, Y, POINTS)),
    "clamped": (spline(bc_type=("clamped", "not-a-knot")), (X, Y, POINTS)),
    "periodic": (
        lambda x, y, points: interpolate.CubicSpline(x, closed(y), bc_type="periodic")(points), (X, Y[:4], POINTS + 3),
    ),
    "derivatives at the ends": (
        lambda y, a, b: interpolate.CubicSpline(X, y, bc_type=((1, a), (2, b)))(POINTS[0]), (Y, drawn(()), drawn(())),
    ),
    "two knots": (spline(), (X[:2], Y[:2], POINTS[0])),
    "three knots": (spline(), (X[:3], Y[:3], POINTS[0])),
    "three periodic knots": (
        lambda x, y: interpolate.CubicSpline(x, closed(y), bc_type="periodic")(0.3), (X[:3], Y[:2]),
    ),
    "along an axis": (
        lambda y, points: interpolate.CubicSpline(X, y, axis=1)(points, 1), (drawn((2, 5)), POINTS[0]),
    ),
    "antiderivative": (
        lambda x, y, points: interpolate.CubicSpline(x, y).antiderivative()(points), (X, Y, POINTS[0]),
    ),
    "integral": (
        lambda x, y, a, b: interpolate.CubicSpline(x, y).integrate(a, b), (X, Y, np.array(3.2), np.array(-0.5)),
    ),
    "integral over periods": (
        lambda y, a, b: interpolate.CubicSpline(X, closed(y), bc_type="periodic").integrate(a, b),
        (Y[:4], np.array(-3.3), np.array(9.5)),
    ),
    "hermite": (
        lambda x, y, slopes: interpolate.CubicHermiteSpline(x, y, slopes)(POINTS[0]), (X, Y, drawn((5,))),
    ),
    "polynomials": (
        lambda c, x, points: interpolate.PPoly(c, x)(points, 1), (drawn((3, 2, 2)), X[:3], POINTS[0]),
    ),
    "pchip": (
        lambda x, y, points: interpolate.PchipInterpolator(x, y)(points),
        (X, np.array([0.0, 0.3, 1.0, 0.8, 0.5]), POINTS),
    ),
    "pchip of two": (lambda x, y, points: interpolate.PchipInterpolator(x, y)(points), (X[:2], Y[:2], POINTS[0])),
    "akima": (lambda y, x: interpolate.Akima1DInterpolator(X, y)(x), (CROSSING, POINTS / 2)),
    "makima of knots": (
        lambda y, x: interpolate.Akima1DInterpolator(x, y, 1, method="makima")(POINTS / 4), (drawn((2, 5)), X),
    ),
    "lines": (lambda x, y, points: interpolate.interp1d(x, y)(points), (X, Y, POINTS)),
    "lines along an axis": (
        lambda x, y, points: interpolate.interp1d(x, y, axis=0, fill_value="extrapolate")(points),
        (X, drawn((5, 2)), BEYOND[[0, 3, 5]]),
    ),
    "a fill value": (
        lambda y, f: interpolate.interp1d(X, y, bounds_error=False, fill_value=(f, 2.0))(BEYOND), (Y, drawn(())),
    ),
    "nearest": (lambda y: interpolate.interp1d(X, y, "nearest")(POINTS), (Y,)),
    "quadratic": (lambda y, points: interpolate.interp1d(X, y, "quadratic")(points), (Y, POINTS)),
    "cubic": (lambda y, points: interpolate.interp1d(X, y, "cubic", axis=0)(points), (drawn((5, 2)), POINTS)),
    "extended polynomials": (
        lambda c, x, more, knots, points: extended(c, x, more, knots)(points),
        (drawn((3, 2)), X[:3], drawn((2, 1)), np.array([2.5]), POINTS[0]),
    ),
    "polynomials with others before": (
        lambda c, x, more, knots, points: extended(c, x, more, knots)(points),
        (drawn((2, 2)), X[2:], drawn((3, 1)), np.array([0.2]), POINTS[0]),
    ),
    "roots": (lambda x, y: interpolate.CubicSpline(x, y).roots(), (X, CROSSING)),
    "crossings": (
        lambda y, level: interpolate.PchipInterpolator(X, y).solve(level, extrapolate=False), (CROSSING, np.array(0.1)),
    ),
    "grid": (
        lambda x, y, v, p: interpolate.RegularGridInterpolator((x, y), v)(p), (X, X[:3], drawn((5, 3)), POINTS / 4),
    ),
    "grid of vectors": (
        lambda v, x, y: interpolate.RegularGridInterpolator((X, X[2::-1]), v)((x, y)),
        (drawn((5, 3, 2)), POINTS, POINTS[0] / 4),
    ),
    "nearest on a grid": (
        lambda v: interpolate.RegularGridInterpolator((X, X[:3]), v, "nearest")(POINTS / 4), (drawn((5, 3)),),
    ),
    **{
        f"{method} on a grid": (
            lambda v, p, method=method: interpolate.RegularGridInterpolator((X, X[::-1]), v, method)(p),
            (drawn((5, 5, 2)), POINTS / 4),
        )
        for method in ("slinear", "cubic", "pchip")
    },
    "slopes of a quintic on a grid": (
        lambda v, p: interpolate.RegularGridInterpolator(
            (np.arange(7.0), np.arange(6.0)), v, "quintic", solver=scipy.sparse.linalg.spsolve
        )(p, nu=(1, 0)),
        (drawn((7, 6)), POINTS / 4),
    ),
}  # fmt: skip


# Whose second derivatives are compared too: the others are made of the same operations.
SECOND = {
    "not-a-knot",
    "roots",
    "crossings",
    "hermite",
    "pchip",
    "lines",
    "quadratic",
    "grid",
    "polynomials",
    "derivatives at the ends",
}


@pytest.mark.one_in(6)
@pytest.mark.parametrize("name", CASES)
def test_derivatives_and_batches(name: str) -> None:
    function, inputs = CASES[name]
    check_operation(function, *inputs, order=2 if name in SECOND else 1)
    found = function(*map(tensor, inputs))
    assert isinstance(found, Tensor)
    np.testing.assert_allclose(found.data, function(*inputs), rtol=1e-11, atol=1e-12)
    if name not in ("roots", "crossings"):  # how many there are is another number for each element
        check_batches(function, *inputs)


def made(name: str, live: bool, *args: Any, **keywords: Any) -> Any:
    """Return an interpolator of ours, of tensors or not, or of SciPy."""
    return getattr(interpolate, name)(
        args[0], tensor(args[1], requires_grad=live) if live else args[1], *args[2:], **keywords
    )


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "end", ["not-a-knot", "natural", "clamped", ((1, 0.5), (2, -1.0)), ("natural", (1, 2.0)), "periodic"]
)
def test_values_of_splines_are_scipys(end: Any) -> None:
    for n in (2, 3, 4, 5):
        y = Y[:n].copy()
        y[-1] = y[0] if end == "periodic" else y[-1]
        for extrapolate in (None, True, False, "periodic"):
            scipys = scipy.interpolate.CubicSpline(X[:n], y, bc_type=end, extrapolate=extrapolate)
            for live in (True, False):
                ours = made("CubicSpline", live, X[:n], y, bc_type=end, extrapolate=extrapolate)
                for nu in (0, 1, 2, 3, 4):
                    found = ours(tensor(BEYOND), nu)
                    np.testing.assert_allclose(found.data, scipys(BEYOND, nu), atol=1e-10)
                np.testing.assert_allclose(
                    np.asarray(ours.integrate(0.1, 2.5).item()), scipys.integrate(0.1, 2.5), atol=1e-11
                )
                np.testing.assert_allclose(ours.derivative()(tensor(0.4)).data, scipys.derivative()(0.4), atol=1e-12)


def test_values_of_monotone_interpolation_are_scipys() -> None:
    for y in (
        Y,
        np.array([0.0, 0.0, 1.0, 1.0, 5.0]),
        np.array([1.0, 5.0, 4.0, 4.5, 4.6]),
        np.arange(10.0).reshape(5, 2),
    ):
        scipys = scipy.interpolate.PchipInterpolator(X, y)
        np.testing.assert_allclose(made("PchipInterpolator", True, X, y)(BEYOND).data, scipys(BEYOND), atol=1e-12)
        gradient = grad(lambda y: np.sum(interpolate.PchipInterpolator(X, y)(BEYOND)))(y)
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("method", ["akima", "makima"])
def test_values_of_akimas_curves_are_scipys(method: Any) -> None:
    flat = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    for y, axis, n in ((Y, 0, 5), (flat, 0, 5), (X, 0, 5), (Y, 0, 2), (Y, 0, 3), (drawn((2, 5)), 1, 5), (0 * X, 0, 5)):
        given = X[:n], np.take(y, range(n), axis)
        scipys = scipy.interpolate.Akima1DInterpolator(*given, axis, method=method)
        for live in (True, False):
            ours = made("Akima1DInterpolator", live, *given, axis, method=method)
            np.testing.assert_allclose(ours(tensor(BEYOND)).data, scipys(BEYOND), atol=1e-12)
    with pytest.raises(DomainError, match="real values"):
        interpolate.Akima1DInterpolator(X, tensor(Y) * 1j)
    with pytest.raises(NotImplementedError, match="unsupported"):
        interpolate.Akima1DInterpolator(X, tensor(Y), method="other")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "kind", ["linear", "nearest", "nearest-up", "previous", "next", "zero", "slinear", "quadratic", "cubic", 3]
)
def test_values_of_interp1d_are_scipys(kind: Any) -> None:
    order = np.array([3, 0, 4, 1, 2])  # sorted by the function
    inside = np.array([0.0, 0.5, 1.0, 1.25, 1.26, 2.25, 3.0, 3.9, 4.0])
    for y, axis in ((Y, -1), (drawn((2, 5)), -1), (drawn((5, 2)), 0)):
        x, values = X[order], np.take(y, order, axis)
        for keywords in (
            {},
            {"bounds_error": False},
            {"bounds_error": False, "fill_value": (1.0, 2.0)},
            {"fill_value": "extrapolate"},
        ):
            scipys = scipy.interpolate.interp1d(x, values, kind, axis, **keywords)
            for live in (True, False):
                ours = made("interp1d", live, x, values, kind, axis, **keywords)
                points = BEYOND if keywords else inside
                np.testing.assert_allclose(ours(tensor(points)).data, scipys(points), atol=1e-11)
    np.testing.assert_array_equal(
        made("interp1d", False, X, Y, kind)(inside), scipy.interpolate.interp1d(X, Y, kind)(inside)
    )


def test_values_on_grids_are_scipys() -> None:
    values = drawn((5, 3, 2))
    points = np.array([[0.3, 1.4], [1.0, 0.0], [-1.0, 0.5], [3.0, 1.6]])
    for method, fill in itertools.product(("linear", "nearest"), (None, 7.0)):
        arguments: Any = ((X, X[2::-1]), values, method, False, fill)
        scipys = scipy.interpolate.RegularGridInterpolator(*arguments)
        for ours in (
            interpolate.RegularGridInterpolator(*arguments),
            interpolate.RegularGridInterpolator(arguments[0], tensor(values, requires_grad=True), *arguments[2:]),
        ):
            np.testing.assert_allclose(ours(tensor(points)).data, scipys(points), atol=1e-12)
            assert ours(tensor(points[0])).shape == scipys(points[0]).shape
    curves: list[Any] = ["slinear", "cubic", "pchip"]
    for curve, order in itertools.product(curves, (None, (1, 0), (0, 2))):
        if order is None or curve == "cubic":
            solver = {} if curve == "pchip" else {"solver": scipy.sparse.linalg.spsolve}
            grid, more = (X, np.arange(4.0)[::-1]), drawn((5, 4, 2))
            scipys = scipy.interpolate.RegularGridInterpolator(grid, more, curve, False, None, **solver)
            curved = interpolate.RegularGridInterpolator(grid, tensor(more), curve, False, None)
            np.testing.assert_allclose(curved(points, nu=order).data, scipys(points, nu=order), atol=1e-9)
    line = interpolate.RegularGridInterpolator((X,), tensor(Y))
    np.testing.assert_allclose(line(BEYOND[1:5]).data, np.interp(BEYOND[1:5], X, Y))


def test_further_methods_are_scipys() -> None:
    spline = scipy.interpolate.make_interp_spline(X, Y)
    ours, theirs = interpolate.CubicSpline.from_spline(spline), scipy.interpolate.PPoly.from_spline(spline)
    assert isinstance(ours, interpolate.CubicSpline)
    np.testing.assert_array_equal(ours(BEYOND), theirs(BEYOND))
    np.testing.assert_allclose(ours(tensor(BEYOND)).data, theirs(BEYOND))
    for plain in (True, False):
        y = CROSSING if plain else tensor(CROSSING)
        for options in ({}, {"extrapolate": False}, {"discontinuity": False}):
            found = interpolate.PchipInterpolator(X, y).solve(0.1, **options)
            np.testing.assert_allclose(found, scipy.interpolate.PchipInterpolator(X, CROSSING).solve(0.1, **options))
    assert interpolate.CubicSpline(X, tensor(Y * 0 + 2)).roots().shape == (0,)
    values = np.sin(X[:, None] + X)
    grid = interpolate.RegularGridInterpolator((X, X), values, "cubic")
    expected = scipy.interpolate.RegularGridInterpolator((X, X), values, "cubic")(POINTS, nu=(1, 0))
    np.testing.assert_array_equal(grid(POINTS, nu=(1, 0)), expected)


def test_many_knots_take_little_memory() -> None:
    x = np.linspace(0, 1, 20_000)
    value, slope = jvp(lambda y: interpolate.CubicSpline(x, y).integrate(0, 1), (np.exp(x),), (np.ones_like(x),))
    np.testing.assert_allclose([value, slope], [np.e - 1, 1])


def test_what_elements_of_a_batch_share() -> None:
    curve = interpolate.CubicSpline(X, Y)
    points = np.array([0.3, 2.0])
    np.testing.assert_allclose(vmap(grad(curve))(points), curve(points, 1))
    curve = interpolate.CubicSpline(X, tensor(Y, requires_grad=True))
    np.testing.assert_allclose(vmap(lambda t: curve(t))(points).data, curve(points).data)


def test_what_is_refused_says_what_to_do() -> None:
    t = tensor(Y, requires_grad=True)
    unknown: Any = "none"
    for call, message in (
        (lambda: interpolate.CubicSpline(X[:4], t), "as many values along axis 0"),
        (lambda: interpolate.CubicSpline(X[:1], t[:1]), "at least 2 knots"),
        (lambda: interpolate.interp1d(X[:2], t[:2], "quadratic"), "at least 3 knots"),
        (lambda: interpolate.CubicSpline(X, t, bc_type=((1, Y), "natural")), "its value of shape"),
        (lambda: interpolate.CubicHermiteSpline(X, t, Y[:4]), "as many slopes"),
        (lambda: interpolate.PPoly(t, X), "coefficients"),
        (lambda: extended(t[None], np.arange(6.0), t, X), r"coefficients \(k \+ 1, m, \.\.\.\) and m breakpoints"),
        (lambda: interpolate.CubicSpline(X, np.stack([t, t], 1)).roots(), "the polynomials of one curve"),
        (lambda: interpolate.RegularGridInterpolator((X[:4],), t), "a vector of knots"),
        (lambda: interpolate.RegularGridInterpolator((X,), t)(POINTS), r"points of shape \(..., 1\)"),
    ):
        with pytest.raises(ShapeError, match=message):
            call()
    for call, message in (
        (lambda: interpolate.PPoly(tensor([[1.0], [0.0], [0.0]]), X[:2]).roots(), "the point 0, .*slope there is 0"),
        (lambda: interpolate.PPoly(t[None, :2] * 0 + [-1, 1], X[:3]).roots(), "the point 1, .*discontinuity=False"),
        (lambda: extended(t[None], np.arange(6.0), t[None], X), "PPoly.extend takes knots in strictly increasing"),
        (lambda: interpolate.CubicSpline(X[::-1], t), "strictly increasing order"),
        (lambda: interpolate.CubicSpline(X, t * np.inf), "finite"),
        (lambda: interpolate.CubicSpline(X, t, bc_type="periodic"), "the same value at both ends"),
        (lambda: interpolate.interp1d(X, t)(9.0), "fill_value='extrapolate'"),
        (lambda: interpolate.RegularGridInterpolator((X,), t)([9.0]), "fill_value=None"),
        (lambda: interpolate.RegularGridInterpolator((X * 0,), t), "strict order"),
        (lambda: interpolate.PchipInterpolator(X, t * 1j), "real values"),
    ):
        with pytest.raises(DomainError, match=message):
            call()
    for call in (
        lambda: interpolate.CubicSpline(X, t, bc_type=unknown),
        lambda: interpolate.CubicSpline(X, t, bc_type=("periodic", "natural")),  # type: ignore[arg-type]
        lambda: interpolate.CubicSpline(X, t)(tensor(1.0), -1),
        lambda: interpolate.RegularGridInterpolator((X,), t)(X, nu=(1,)),
        lambda: interpolate.interp1d(X, t, bounds_error=True, fill_value="extrapolate"),
    ):
        with pytest.raises(ValueError, match=r"none|periodic|extrapolate|antiderivative|autograd\.jacobian"):
            call()
    with pytest.raises(UnsupportedError, match="CubicSpline"):
        interpolate.interp1d(tensor(X, requires_grad=True), t, "cubic")
    with pytest.raises(UnsupportedError, match="the knots of a spline"):
        interpolate.RegularGridInterpolator((tensor(X, requires_grad=True),), t, "cubic")(X)
    with pytest.raises(ValueError, match="no method 'none'"):
        interpolate.RegularGridInterpolator((X,), t)(X, unknown)
    with pytest.raises(NotImplementedError, match="none"):
        interpolate.interp1d(X, t, unknown)
