"""Prepared derivatives: a larger pattern is noticed, other arguments are refused, they work within transforms."""

import pickle
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from autograd import DerivativeError, ShapeError, compile, grad, hessian, jacobian, tensor, vmap
from autograd.transforms.sparse import derivatives, pattern

Array = np.ndarray[Any, Any]
x = np.random.default_rng(0).normal(size=6)
every_way = pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])


def coupled(x: Any, scale: Any = 1.0) -> Any:
    return np.sin(scale * x[1:]) * x[:-1]


def switched(x: Any, switches: Any, weight: float = 1.0) -> Any:
    """Depend on a neighbour, with a weight, where a switch is on."""
    return x**2 + np.where(switches, weight * np.roll(x, 1), 0.0)


def drifting(x: Any) -> Any:
    """Depend on what is upwind, which the sign of each element decides."""
    return np.where(x > 0, x - np.roll(x, 1), np.roll(x, -1) - x)


@every_way
@pytest.mark.parametrize("mode", ["forward", "reverse"])
@settings(max_examples=20)
@given(place=st.integers(0, 5), size=st.sampled_from([1.0, 1e-3, 1e-8, 1e8]))
def test_an_entry_that_comes_later_is_noticed(mode: str, place: int, size: float, compiled: bool) -> None:
    off, on = np.zeros(6, bool), np.arange(6) == place
    J = jacobian(switched, mode=mode, sparse=True).prepare(x, off, size, compile=compiled)
    J(x, off, size)
    with pytest.raises(
        DerivativeError, match=rf"switched\(\) at .*has none: 1, the first at \[{place}, {(place - 1) % 6}"
    ):
        J(x, on, size)
    np.testing.assert_array_equal(J(x, off, size).toarray(), np.diag(2 * x))
    anew = jacobian(switched, mode=mode, sparse=True).prepare(x, on, size)
    for switches in (on, off):
        np.testing.assert_allclose(anew(x, switches, size).toarray(), jacobian(switched)(x, switches, size), 1e-12)


@every_way
def test_all_branches_are_joined_if_asked_for(compiled: bool) -> None:
    J = jacobian(drifting, sparse=True).prepare(np.abs(x), compile=compiled)
    with pytest.raises(DerivativeError, match="everywhere=True"):
        J(x)
    joined = jacobian(drifting, sparse=True).prepare(np.abs(x), everywhere=True, compile=compiled)
    for point in (x, -x, np.abs(x)):
        np.testing.assert_allclose(joined(point).toarray(), jacobian(drifting)(point), 1e-12)


def test_a_hessian_that_grows_is_noticed() -> None:
    H = hessian(lambda x, on: np.sum(np.where(on, x * np.roll(x, 1), x) ** 2), sparse=True)
    here = H.prepare(x, np.zeros(6, bool))
    with pytest.raises(DerivativeError, match="sparse Hessian"):
        here(x, np.arange(6) == 2)


def test_entries_that_only_a_faulty_pattern_lacks_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    full = pattern.pattern_of

    def faulty(*args: Any) -> Any:
        found, record = full(*args)
        found = found.tolil()
        found[3, 3] = False
        return csr_array(found), record

    monkeypatch.setattr(derivatives, "pattern_of", faulty)
    for mode, line in (("forward", "row"), ("reverse", "column")):
        with pytest.raises(DerivativeError, match=f"entries in {line} 3 which its pattern lacks: that is a fault"):
            jacobian(lambda x: x**2 + np.roll(x, 1), mode=mode, sparse=True)(x)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_rounding_is_no_missing_entry(mode: str) -> None:
    """Of numbers that cancel, such as the derivative of sin² + cos², nothing but rounding is left."""

    def function(x: Any) -> Any:
        mixed = np.exp(x + np.roll(x, 1))
        return np.sin(mixed) ** 2 + np.cos(mixed) ** 2 + (mixed * 1e9 - np.roll(x, 1)) - mixed * 1e9

    with np.errstate(all="raise"):
        found = jacobian(function, mode=mode, sparse=True)(x).toarray()
    np.testing.assert_allclose(found, jacobian(function)(x), 1e-4, 1e-4)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_numbers_that_are_not_finite_are_shown(mode: str) -> None:
    J = jacobian(lambda x: np.sqrt(x), mode=mode, sparse=True).prepare(np.abs(x))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of nan, which is an argument
        found = J(np.array([0.0, 1, 4, np.nan, 9, np.inf]))
    np.testing.assert_allclose(found.diagonal(), [np.inf, 0.5, 0.25, np.nan, 1 / 6, 0])


@every_way
@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((x[:4],), r"prepared for \(float64\[6\],\), not for \(float64\[4\],\)"),
        ((x.astype(np.float32),), r"not for \(float32\[6\],\)"),
        ((x + 0j,), r"not for \(complex128\[6\],\)"),
        (([x],), r"not for \(\[float64\[6\]\],\)"),
        ((x, np.ones((2, 5))), r"results float64\[5\], not for float64\[2, 5\]"),
        ((x, 1j), r"results float64\[5\], not for complex128\[5\]"),
    ],
)
def test_other_arguments_are_refused(args: Any, message: str, compiled: bool) -> None:
    J = jacobian(coupled, sparse=True).prepare(x, compile=compiled)
    with pytest.raises(ShapeError, match=message):
        J(*args)


def test_results_in_other_containers_are_refused() -> None:
    J = jacobian(lambda x, swap: {"b": x, "a": x**2} if swap else {"a": x, "b": x**2}, sparse=True).prepare(x, False)
    assert list(J(x, False)) == ["a", "b"]
    with pytest.raises(ShapeError, match=r"results \{a:"):
        J(x, True)


@every_way
def test_the_numbers_within_other_transforms(compiled: bool) -> None:
    J = jacobian(coupled, sparse=True).prepare(x, 2.0, compile=compiled)
    scales, points = np.array([0.5, 1.0, 2.0]), np.stack([x, 2 * x])

    def total(x: Any, scale: Any) -> Any:
        return np.sum(J.values(x, scale) ** 2)

    def in_full(x: Any, scale: Any) -> Any:
        return np.sum(jacobian(coupled)(x, scale) ** 2)

    np.testing.assert_array_equal(J.values(x, 2.0), J(x, 2.0).data)
    for scale, found in zip(scales, vmap(J.values, (None, 0))(x, scales), strict=True):
        np.testing.assert_allclose(found, J(x, scale).data, 1e-12)
    for point, found in zip(points, vmap(J.values, (0, None))(points, 2.0), strict=True):
        np.testing.assert_allclose(found, J(point, 2.0).data, 1e-12)
    for order in (grad(total, (0, 1)), compile(grad(total, (0, 1)))):
        for _ in range(2):
            for found, expected in zip(order(x, 2.0), grad(in_full, (0, 1))(x, 2.0), strict=True):
                np.testing.assert_allclose(found, expected, 1e-12)
    together = compile(lambda x, scale: J.values(x, scale))
    for scale in (2.0, 3.0, 2.0):
        np.testing.assert_allclose(together(x, scale), J(x, scale).data, 1e-12)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("around", [compile, lambda f: lambda *xs: vmap(f)(*[a[None] for a in xs])[0]])
def test_where_no_error_can_be_raised_a_larger_pattern_gives_nan(mode: str, around: Callable[..., Any]) -> None:
    off, on = np.zeros(6, bool), np.arange(6) == 2
    J = jacobian(switched, mode=mode, sparse=True).prepare(x, off)
    values = around(lambda x, switches: J.values(x, switches))
    np.testing.assert_allclose(values(x, off), 2 * x, 1e-12)
    assert np.isnan(values(x, on)).tolist() == [i == (2 if mode == "forward" else 1) for i in range(6)]
    empty = jacobian(lambda x, on: np.where(on, x, 1.0), mode=mode, sparse=True).prepare(x, np.arange(6) < 3)
    assert np.isnan(around(lambda x, on: empty.values(x, on))(x, np.arange(6) < 4)).all()


@every_way
@pytest.mark.parametrize(
    "within",
    [
        lambda J: vmap(lambda scale: J(x, scale))(x),
        lambda J: vmap(lambda x: J(x, 1.0))(np.stack([x, x])),
        lambda J: grad(lambda x: np.sum(J(x, 1.0).data))(x),
        lambda J: compile(lambda x: J(x, 1.0).data)(x),
        lambda J: J(tensor(x, requires_grad=True), 1.0),
    ],
    ids=["vmap", "vmap of points", "grad", "compile", "tensor"],
)  # fmt: skip
def test_a_matrix_within_other_transforms_is_refused(within: Callable[[Any], Any], compiled: bool) -> None:
    derivative = jacobian(coupled, sparse=True)
    for J in (derivative, derivative.prepare(x, 1.0, compile=compiled)):
        with pytest.raises(DerivativeError, match=r"coupled\(\) at .*values"):
            within(J)


@every_way
def test_what_the_function_reads_may_change(compiled: bool) -> None:
    factor = 2.0
    J = jacobian(lambda x: x * factor, sparse=True).prepare(x, compile=compiled)
    within = compile(J.values) if compiled else J.values
    for factor in (2.0, 2.0, 5.0, 7.0):
        np.testing.assert_array_equal(J(x).data, np.full(6, factor))
        np.testing.assert_array_equal(within(x), np.full(6, factor))


def test_what_cannot_be_compiled_runs_as_it_is() -> None:
    def branching(x: Any) -> Any:
        return x * x[0] if np.sum(x) > 0 else x**2

    J = jacobian(branching, sparse=True).prepare(np.abs(x), compile=True)
    with pytest.warns(RuntimeWarning, match="bool"):
        found = J(np.abs(x))
    np.testing.assert_allclose(found.toarray(), jacobian(branching)(np.abs(x)), 1e-12)
    np.testing.assert_allclose(J(-np.abs(x)).toarray(), jacobian(branching)(-np.abs(x)), 1e-12)


@pytest.mark.parametrize("order", [1, 2])
def test_an_argument_that_the_function_has_as_well_is_compiled(order: int) -> None:
    held = x.copy()

    def function(x: Any) -> Any:
        found = x[1:] ** 2 * x[:-1] * held[0]
        return found if order == 1 else np.sum(found)

    transform: Any = jacobian if order == 1 else hessian
    J = transform(function, sparse=True).prepare(held, compile=True)
    for start in (1.0, 2.0, 3.0):
        held[0] = start
        np.testing.assert_allclose(J(held).toarray(), transform(function)(held.copy()), 1e-12)
    assert J._plan.products.fallbacks == []


@every_way
def test_in_many_threads(compiled: bool) -> None:
    J = jacobian(coupled, sparse=True).prepare(x, 1.0, compile=compiled)
    points = np.random.default_rng(1).normal(size=(8, 6))
    found: dict[int, list[Array]] = {}

    def work(number: int) -> None:
        found[number] = [J(point, 2.0).toarray() for point in points for _ in range(3)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = [jacobian(coupled)(point, 2.0) for point in points for _ in range(3)]
    for number in range(6):
        np.testing.assert_allclose(found[number], expected, 1e-12)


@every_way
def test_pickles(compiled: bool) -> None:
    for J in (
        jacobian(coupled, sparse=True).prepare(x, 1.0, compile=compiled),
        jacobian(coupled, sparse=True),
        hessian(_energy, sparse=True).prepare(x, compile=compiled),
    ):
        args = (x, 1.0) if J.__wrapped__ is coupled else (x,)  # type: ignore[union-attr]  # of each, by wraps()
        other = pickle.loads(pickle.dumps(J))
        assert vars(other).get("_compiled") == vars(J).get("_compiled")
        np.testing.assert_array_equal(other(*args).toarray(), J(*args).toarray())


def _energy(x: Any) -> Any:
    return np.sum(x[1:] ** 2 * x[:-1])


def test_what_it_says_of_itself() -> None:
    J = jacobian(coupled, mode="forward", sparse=True).prepare(np.ones(2000))
    assert repr(J) == "<sparse Jacobian: 1,999 x 2,000, 3,998 entries, 2 colors forward>"
    assert J.direction == "forward"
    assert J.colors.tolist() == [0, 1] * 1000
    assert J.pattern.dtype == bool
    assert (J.pattern.toarray() == np.eye(1999, 2000).astype(bool) | np.eye(1999, 2000, 1).astype(bool)).all()
    assert repr(hessian(np.sum, sparse=True).prepare(x)) == "<sparse Hessian: 6 x 6, 0 entries, 0 colors reverse>"
    assert "1 color " in repr(jacobian(np.sin, sparse=True).prepare(x))


@every_way
def test_long_rows_and_columns_are_walked_the_other_way(compiled: bool) -> None:
    def bordered(x: Any, on: Any = False) -> Any:
        inner = x[1:] * x[:-1] * x[0] + np.where(on, x[50], 0.0) * (np.arange(199) == 3)
        return {"inner": inner, "sums": np.stack([np.sum(x**2), np.prod(np.cos(x))])}

    x = np.random.default_rng(0).normal(size=200)
    J = jacobian(bordered, sparse=True).prepare(x, compile=compiled)
    assert repr(J).endswith("3 colors reverse, 1 color forward>") or repr(J).endswith("forward, 2 colors reverse>")
    assert J.direction == "both"
    for _ in range(2):
        for name, block in J(x).items():
            np.testing.assert_allclose(block.toarray(), jacobian(bordered)(x)[name], 1e-12)
    np.testing.assert_allclose(
        grad(lambda x: np.sum(J.values(x)["inner"] ** 2))(x),
        grad(lambda x: np.sum(jacobian(lambda x: bordered(x)["inner"])(x) ** 2))(x),
        1e-10,
    )
    with pytest.raises(DerivativeError, match=r"has none: 1, the first at \[3, 50\]"):
        J(x, True)
    assert np.isnan(compile(lambda x: J.values(x, True)["inner"])(x)).any()
    columns, rows = J.colors
    assert (columns.shape, rows.shape) == ((200,), (201,))
    assert (columns < 0).any() != (rows < 0).any()


def test_few_products_are_computed() -> None:
    """Three walks for the colours of a tridiagonal matrix, and one that checks: not one for each column."""
    seen = []
    J = jacobian(lambda x: x * np.roll(x, 1), mode="forward", sparse=True).prepare(np.ones(3000))
    products = J._plan.products

    def counted(*args: Any) -> Any:
        seen.append(products(*args))
        return seen[-1]

    object.__setattr__(J._plan, "products", counted)
    J(np.ones(3000))
    ((data, product),), _ = seen[0]
    assert (data.shape, product.shape) == ((6000,), (3000,))
    assert [way.many for way in J._plan.ways] == [2]
