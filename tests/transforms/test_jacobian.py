"""Jacobians, Hessians and their products: right in both directions, over containers, at every order, nested."""

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    AnomalyError,
    DerivativeError,
    DtypeError,
    GraphError,
    ShapeError,
    Tensor,
    detect_anomaly,
    elementwise,
    general,
    ggnvp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    tensor,
    vjp,
    vmap,
)
from autograd.arrays.batched import Batched
from autograd.testing import arrays, shapes
from autograd.transforms import units
from autograd.transforms.pytree import flatten

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]
ROOT = Path(__file__).parents[2]
MODES = ["forward", "reverse", None]

SMOOTH: dict[str, Function] = {
    "elementwise": lambda x: np.sin(x) * x,
    "a number": lambda x: np.sum(np.exp(x) * x),
    "mixed": lambda x: np.outer(np.tanh(x), np.cos(x)) + np.sum(x),
    "prod": lambda x: np.prod(x) * x.ravel()[:1],
    "cubes": lambda x: (x**3).sum(axis=0),
    "joined": lambda x: np.concatenate([x.ravel() ** 2, np.exp(x).ravel()]),
}
every_smooth = pytest.mark.parametrize("name", SMOOTH)


def differences(function: Function, x: Array, step: float = 1e-5) -> Array:
    """Return the Jacobian of `function` at `x` from central differences."""
    columns = []
    for place in np.ndindex(x.shape):
        shift = np.zeros(x.shape)
        shift[place] = step
        columns.append((np.asarray(function(x + shift)) - np.asarray(function(x - shift))) / (2 * step))
    shape = np.shape(function(x)) + x.shape
    return np.stack(columns, -1).reshape(shape) if columns else np.zeros(shape)


@every_smooth
@pytest.mark.parametrize("mode", MODES)
@given(data=st.data())
def test_jacobians_are_those_of_differences(name: str, mode: str | None, data: st.DataObject) -> None:
    x = data.draw(arrays(data.draw(shapes(max_dims=2).filter(lambda shape: shape or name != "cubes"))))
    function = SMOOTH[name]
    found = jacobian(function, mode=mode)(x)
    assert found.shape == function(x).shape + x.shape
    assert isinstance(found, np.ndarray | np.float64)
    assert np.allclose(found, differences(function, x), rtol=1e-6, atol=1e-6)


@pytest.mark.one_in(2)
@every_smooth
@given(data=st.data())
def test_second_derivatives(name: str, data: st.DataObject) -> None:
    x = data.draw(arrays(data.draw(shapes(max_dims=2, max_side=2).filter(lambda shape: shape or name != "cubes"))))
    function = SMOOTH[name]
    expected = differences(jacobian(function), x)
    assert np.allclose(hessian(function)(x), expected, rtol=1e-6, atol=1e-6)
    for inner in MODES:
        for outer in MODES:
            assert np.allclose(jacobian(jacobian(function, mode=inner), mode=outer)(x), hessian(function)(x))


@given(arrays(st.integers(0, 4).map(lambda n: (n,))), st.integers(0, 1000))
def test_products_with_vectors_are_those_of_the_matrices(x: Array, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mix, v = rng.normal(size=(3, x.size)), rng.normal(size=x.size)

    def model(x: Any) -> Any:
        return np.tanh(mix @ x) * np.sum(x)

    def loss(y: Any) -> Any:
        return np.log(np.sum(np.exp(y)))

    def whole(x: Any) -> Any:
        return loss(model(x))

    assert np.allclose(hvp(whole, x, v), hessian(whole)(x) @ v)
    assert np.allclose(vjp(grad(whole), x)[1](v)[0], hvp(whole, x, v))
    slopes, curvature = jacobian(model)(x), hessian(loss)(model(x))
    assert np.allclose(ggnvp(model, x, v, loss), slopes.T @ curvature @ slopes @ v)
    assert np.allclose(ggnvp(model, x, v), slopes.T @ slopes @ v)


def test_closed_forms() -> None:
    rng = np.random.default_rng(0)
    matrix, x = rng.normal(size=(4, 3)), rng.normal(size=3)
    for mode in MODES:
        assert np.allclose(jacobian(lambda x: matrix @ x, mode=mode)(x), matrix)
        assert np.allclose(jacobian(lambda x: x, mode=mode)(x), np.eye(3))
        assert not jacobian(lambda x: np.ones((2, 2)), mode=mode)(x).any()
    square = matrix[:3]
    assert np.allclose(hessian(lambda x: x @ square @ x)(x), square + square.T)
    assert np.allclose(jacobian(hessian(lambda x: np.sum(x**3)))(x)[1, 1], [0, 6, 0])


class Pair(NamedTuple):
    left: Any
    right: Any


@pytest.mark.parametrize("mode", MODES)
def test_containers_nest_inputs_within_outputs(mode: str | None) -> None:
    def function(p: dict[str, Any], q: Any, *, scale: float) -> Any:
        return {"sum": p["a"].sum() * scale + q, "rest": Pair(p["a"] * p["b"][0], [p["b"][0] ** 2])}

    p = {"a": np.array([1.0, 2.0]), "b": (3.0,)}
    found = jacobian(function, argnums=(0, -1), mode=mode)(p, 4.0, scale=5.0)
    assert list(found) == ["sum", "rest"]
    by_p, by_q = found["sum"]
    assert (by_p["a"].tolist(), by_p["b"], by_q) == ([5.0, 5.0], (0.0,), 1.0)
    assert isinstance(found["rest"], Pair)
    by_p, by_q = found["rest"].left
    assert np.array_equal(by_p["a"], 3 * np.eye(2))
    assert np.array_equal(by_p["b"][0], [1.0, 2.0])
    assert np.array_equal(by_q, [0.0, 0.0])
    assert found["rest"].right[0][0]["b"] == (6.0,)
    assert np.array_equal(jacobian(function, mode=mode)(p, 4.0, scale=5.0)["rest"].left["a"], 3 * np.eye(2))


def test_hessians_of_containers_nest_twice() -> None:
    def function(pair: Pair, z: Any) -> Any:
        return np.sum(pair.left**2) * pair.right * z

    left = np.array([1.0, 2.0])
    found = hessian(function, argnums=(0, 1))(Pair(left, 3.0), 4.0)
    by_left, by_right = found[0]
    assert np.array_equal(by_left[0].left, 24 * np.eye(2))
    assert np.array_equal(by_left[0].right, by_right[0].left)
    assert np.array_equal(by_left[1], 6 * left)
    assert np.array_equal(found[1][0].left, 6 * left)
    assert (by_right[1], found[1][0].right, found[1][1]) == (5.0, 5.0, 0.0)


def test_products_are_built_like_the_primals() -> None:
    def function(p: dict[str, Any], z: Any) -> Any:
        return np.sum(p["a"] ** 2) * z

    primals, tangents = ({"a": np.array([1.0, 2.0])}, 3.0), ({"a": np.array([1.0, 0.0])}, 10.0)
    by_p, by_z = hvp(function, primals, tangents)
    assert (by_p["a"].tolist(), by_z) == ([6.0 + 20.0, 40.0], 2.0)
    by_p, by_z = ggnvp(lambda p, z: (p["a"] * z, [z]), primals, tangents, lambda y: np.sum(y[0] ** 2) + y[1][0] ** 3)
    pushed = np.array([1.0 * 3 + 10, 20.0])
    assert np.array_equal(by_p["a"], 2 * pushed * 3)
    assert by_z == 2 * pushed @ primals[0]["a"] + 18 * 10
    assert hvp(function, (*primals[:1], 3.0), tangents)[1] == 2.0
    assert hvp(lambda x: x**3, (2.0,), (1.0,)) == (12.0,)
    assert hvp(lambda x: x[0] ** 3 * x[1], [2.0, 1.0], [1.0, 0.0]) == [12.0, 12.0]


def test_nested_in_every_order() -> None:
    x, v = np.array([0.5, -1.0]), np.array([2.0, 1.0])

    def function(x: Any) -> Any:
        return np.sum(x**4) * x[0]

    def third(x: Any) -> Any:
        return np.einsum("ijk,j->ik", jacobian(hessian(function))(x), v)

    expected = differences(lambda x: hvp(function, x, v), x)
    assert np.allclose(third(x), expected, atol=1e-6)
    assert np.allclose(jacobian(lambda x: hvp(function, x, v))(x), expected, atol=1e-6)
    assert np.allclose(jacobian(lambda x: jvp(grad(function), x, v)[1], mode="forward")(x), expected, atol=1e-6)
    assert np.allclose(grad(lambda x: np.sum(hvp(function, x, v) * v))(x), expected @ v)
    assert np.allclose(grad(lambda v: np.sum(hvp(function, x, v) * v))(v), 2 * hessian(function)(x) @ v)
    assert np.allclose(jacobian(lambda v: hvp(function, x, v))(v), hessian(function)(x))
    assert np.allclose(jacobian(lambda v: ggnvp(np.exp, x, v, function))(v), ggnvp_matrix(np.exp, function, x))
    assert np.allclose(
        jacobian(lambda x: ggnvp(np.exp, x, v, function))(x),
        differences(lambda x: ggnvp(np.exp, x, v, function), x),
        atol=1e-5,
    )
    assert jacobian(lambda x: x * jacobian(lambda y: x * y)(2.0))(3.0) == 6.0
    assert jacobian(lambda x: x * jacobian(lambda y: x * y, mode="forward")(2.0), mode="forward")(3.0) == 6.0
    assert hessian(lambda x: x * hessian(lambda y: x * y**2)(1.0))(3.0) == 4.0


def ggnvp_matrix(function: Function, loss: Function, x: Array) -> Array:
    slopes = jacobian(function)(x)
    matrix: Array = slopes.T @ hessian(loss)(function(x)) @ slopes
    return matrix


@pytest.mark.parametrize("mode", MODES)
def test_what_depends_on_a_tensor_outside_stays_recorded(mode: str | None) -> None:
    w = tensor([2.0, 3.0], requires_grad=True)
    x = np.array([1.0, 4.0])
    with no_grad():
        found = jacobian(lambda x: w * x**2, mode=mode)(x)
        product = hvp(lambda x: np.sum(w * x**3), x, np.ones(2))
        gauss = ggnvp(lambda x: w * x, x, np.ones(2))
    assert all(isinstance(y, Tensor) for y in (found, product, gauss))
    found.sum().backward()
    assert np.array_equal(w.grad.data, 2 * x)
    w.zero_grad()
    product.sum().backward()
    assert np.array_equal(w.grad.data, 6 * x)
    w.zero_grad()
    gauss.sum().backward()
    assert np.array_equal(w.grad.data, 2 * w.data)


def test_inside_no_grad_and_with_a_live_tensor_for_a_primal() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    with no_grad():
        assert np.array_equal(jacobian(np.square)(np.ones(2)), 2 * np.eye(2))
        slopes = jacobian(np.square)(x)
    slopes.sum().backward()
    assert np.array_equal(x.grad.data, [2.0, 2.0])


def counted() -> tuple[Function, Function, dict[str, Any]]:
    """Return a function that notes its evaluations, the sine, and the notes: how many gradients were in each walk."""
    counts: dict[str, Any] = {"function": 0, "rule": []}

    def rule(g: Any, x: Any) -> Any:
        counts["rule"].append(g.level.size if type(g) is Batched else 1)
        return g * np.cos(x)

    sine = elementwise(lambda x: np.sin(x), rule, name="sine")

    def function(x: Any, rows: int) -> Any:
        counts["function"] += 1
        return np.outer(np.ones(rows), sine(x))

    return function, sine, counts


@pytest.mark.parametrize(
    ("inputs", "rows", "mode", "walks"),
    [
        (5, 1, None, [5]),  # as many outputs: reverse; all rows at once
        (5, 2, None, [5]),  # 5 inputs, 10 outputs: forward
        (5, 2, "reverse", [10]),
        (5, 2, "forward", [5]),
        (3, 2, None, [1, 1, 1]),  # a few take one walk each
        (1, 9, None, [1]),
        (1, 9, "reverse", [9]),
    ],
)
def test_the_cheaper_direction_is_taken_and_the_function_evaluated_once(
    inputs: int, rows: int, mode: str | None, walks: list[int]
) -> None:
    function, sine, counts = counted()
    found = jacobian(lambda x: function(x, rows), mode=mode)(np.zeros(inputs))
    assert np.array_equal(found, np.broadcast_to(np.eye(inputs), (rows, inputs, inputs)))
    assert counts == {"function": 1, "rule": walks}
    counts.update(function=0, rule=[])
    assert np.array_equal(jacobian(lambda x: np.sum(sine(x)))(np.zeros(inputs)), np.ones(inputs))
    assert counts["rule"] == [1]  # a gradient


def test_products_cost_no_more_for_longer_vectors() -> None:
    function, _, counts = counted()
    costs = []
    for n in (2, 50):
        counts.update(function=0, rule=[])
        hvp(lambda x: np.sum(function(x, 2) ** 2), np.ones(n), np.ones(n))
        ggnvp(lambda x: function(x, 2), np.ones(n), np.ones(n), lambda y: np.sum(y**4))
        costs.append(dict(counts))
    assert costs[0] == costs[1]
    assert costs[0]["function"] == 2  # once each


def test_the_same_draws_for_the_whole_of_a_random_function() -> None:
    rng = np.random.default_rng(0)
    for mode in MODES:
        found = jacobian(lambda x: np.outer(np.ones(2), x * rng.normal()), mode=mode)(np.ones(3))
        assert np.unique(found[found != 0]).size == 1


@pytest.mark.parametrize("mode", MODES)
def test_empty_and_zero_dimensional(mode: str | None) -> None:
    empty = np.empty((0, 2), np.float32)
    assert jacobian(lambda x: x, mode=mode)(empty).shape == (0, 2, 0, 2)
    assert jacobian(np.sum, mode=mode)(empty).shape == (0, 2)
    assert jacobian(lambda x: np.ones(3) * x.sum(), mode=mode)(empty).shape == (3, 0, 2)
    assert jacobian(lambda x: x * np.ones((2, 0)), mode=mode)(1.0).shape == (2, 0)
    assert jacobian(lambda x: x, mode=mode)(empty).dtype == np.float32
    assert hessian(np.sum)(empty).shape == (0, 2, 0, 2)
    number = jacobian(lambda x: x**2, mode=mode)(3.0)
    assert type(number) is np.float64
    assert number == 6.0
    assert jacobian(list, argnums=(), mode=mode)() == []


@pytest.mark.parametrize("mode", MODES)
def test_dtypes_are_those_of_the_inputs(mode: str | None) -> None:
    x = np.ones(2, np.float32)
    assert jacobian(lambda x: x * np.float64(2.0), mode=mode)(x).dtype == np.float32
    assert jacobian(lambda x: (x * 2).astype(np.float32), mode=mode)(np.ones(3)).dtype == np.float64
    assert hessian(lambda x: np.sum(x**3))(x).dtype == np.float32
    assert hvp(lambda x: np.sum(x**3), x, np.ones(2)).dtype == np.float32
    assert ggnvp(np.square, x, np.ones(2)).dtype == np.float32


@pytest.mark.parametrize("mode", MODES)
def test_complex_numbers(mode: str | None) -> None:
    z, x = np.array([1 + 2j, 3 - 1j]), np.array([1.0, 2.0])
    assert np.allclose(jacobian(lambda z: z**2, mode=mode)(z), np.diag(2 * z))
    assert np.allclose(jacobian(lambda x: np.exp(1j * x), mode=mode)(x), np.diag(1j * np.exp(1j * x)))
    assert np.allclose(jacobian(lambda z: np.abs(z) ** 2, mode=mode)(z), np.diag(2 * z))
    assert np.allclose(jacobian(lambda z: z.real * z.imag, mode=mode)(z), np.diag(z.imag + 1j * z.real))
    assert np.allclose(jacobian(lambda x, z: x * z, (0, 1), mode=mode)(x, z)[1], np.diag(x))
    assert jacobian(lambda x: (x * (1 + 1j)).astype(np.complex64), mode=mode)(np.float32(1)).dtype == np.complex64
    with pytest.raises(DerivativeError, match=r"not holomorphic has no Jacobian \(shape \(2, 2\)\)"):
        jacobian(np.conjugate, mode=mode)(z)


def test_products_of_complex_numbers() -> None:
    z, v = np.array([1 + 2j, 3 - 1j]), np.array([1j, 2.0])
    product = hvp(lambda z: np.sum(np.abs(z) ** 4), z, v)
    assert np.allclose(product, 4 * np.abs(z) ** 2 * v + 8 * (z.conj() * v).real * z)
    assert np.allclose(ggnvp(lambda z: z**2, z, v), np.abs(2 * z) ** 2 * v)


def test_results_have_memory_of_their_own() -> None:
    x, v = np.ones(2), np.ones(2)
    for result in (jacobian(lambda x: x, mode="forward")(x), hvp(lambda x: x @ x, x, v), ggnvp(lambda x: x, x, v)):
        assert not np.shares_memory(result, v)
        assert not np.shares_memory(result, x)
        result += 1
    assert x.tolist() == v.tolist() == [1.0, 1.0]


def test_errors_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="mode='sideways': it is 'forward', 'reverse', or None"):
        jacobian(np.sin, mode="sideways")
    with pytest.raises(IndexError, match="argnums=2, but the function was called with 1"):
        jacobian(np.sin, argnums=2)(1.0)
    with pytest.raises(ValueError, match=r"argnums=\(0, -1\) names one of the 1 arguments twice"):
        hessian(np.sin, argnums=(0, -1))(1.0)
    with pytest.raises(DtypeError, match=r"write 1\.0 for 1"):
        jacobian(np.sin)(2)
    with pytest.raises(DtypeError, match="returned str 'loss', but only floating-point"):
        jacobian(lambda x: (x, "loss"))(2.0)
    with pytest.raises(GraphError, match=r"one number, not shape \(2,\)"):
        hvp(np.sin, np.ones(2), np.ones(2))
    with pytest.raises(GraphError, match=r"one number, not shape \(2,\)"):
        ggnvp(np.sin, np.ones(2), np.ones(2), np.exp)
    with pytest.raises(ShapeError, match=r"tangent of shape \(3,\) for a value of shape \(2,\)"):
        hvp(np.sum, np.ones(2), np.ones(3))
    with pytest.raises(ShapeError, match=r"tangents of shapes \[\(3,\)\] for primals of shapes \[\(2,\)\]"):
        ggnvp(np.sin, np.ones(2), np.ones(3))


# Many walks as a batch, in chunks


def one_by_one(function: Callable[[], Any]) -> Any:
    """Return what a function returns where walks are taken one after another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(units, "_FEW", np.inf)
        return function()


def net(x: Any) -> Any:
    mix = np.linspace(-1, 1, x.size * 7).reshape(x.size, 7)
    hidden = np.tanh(x.reshape(-1) @ mix)
    return {"hidden": hidden, "rest": (np.where(hidden > 0, hidden, 0) ** 2, [np.log(np.sum(np.exp(hidden)))])}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("numbers", [1, 60, 200, 1 << 19])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_batches_of_any_size_are_walks_one_by_one(
    mode: str | None, numbers: int, dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = np.linspace(0.5, 1.5, 6, dtype=dtype).reshape(2, 3), np.linspace(-1, 1, 5, dtype=dtype)
    x = x + 0.25j * x if dtype is np.complex128 else x

    def function(x: Any, y: Any) -> Any:
        found = net(x) if x.dtype.kind == "f" else {"hidden": np.sin(x)}
        return [found, x * y[0], y**2, np.ones(4), y]

    def whole() -> Any:
        return jacobian(function, (0, 1), mode)(x, y)

    expected = one_by_one(whole)
    monkeypatch.setattr(units, "_NUMBERS", numbers)
    parts, others = flatten(whole())[0], flatten(expected)[0]
    for found, other in zip(parts, others, strict=True):
        assert found.dtype == other.dtype
        assert found.shape == other.shape
        assert np.allclose(found, other, rtol=1e-5 if dtype is np.float32 else 1e-12, atol=1e-7)
        found += 1  # writable, and in memory of its own
    assert not any(np.shares_memory(a, b) for i, a in enumerate(parts) for b in parts[:i])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("numbers", [60, 1 << 19])
def test_products_with_unit_vectors_are_rows_of_the_matrix(
    mode: str | None, numbers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "_NUMBERS", numbers)
    matrix = np.random.default_rng(0).standard_normal((5, 5))
    functions: list[Callable[[Any], Any]] = [
        lambda x: matrix @ x, lambda x: x @ matrix.T, lambda x: matrix @ np.sin(x), lambda x: np.sin(x) @ matrix.T,
    ]  # fmt: skip
    for function in functions:
        assert np.allclose(jacobian(function, 0, mode)(np.zeros(5)), matrix, rtol=1e-15, atol=0)


def test_hessians_of_batches_are_walks_one_by_one() -> None:
    x = np.linspace(-1, 1, 6)

    def loss(x: Any) -> Any:
        found = net(x)
        return np.sum(found["hidden"] ** 3) + found["rest"][1][0] * np.prod(x)

    assert np.allclose(hessian(loss)(x), one_by_one(lambda: hessian(loss)(x)), rtol=1e-12, atol=1e-12)
    vector = hessian(lambda x: net(x)["rest"][0])(x)  # batched rows, through which batched columns are pushed
    expected = one_by_one(lambda: hessian(lambda x: net(x)["rest"][0])(x))
    assert np.allclose(vector, expected, rtol=1e-12, atol=1e-12)
    third = jacobian(hessian(loss))(x)
    assert np.allclose(third, one_by_one(lambda: jacobian(hessian(loss))(x)), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("mode", MODES)
def test_jacobians_within_vmap_and_around_it(mode: str | None) -> None:
    xs = np.random.default_rng(0).normal(size=(3, 5))

    def function(x: Any) -> Any:
        return net(x)["hidden"]

    each = jacobian(function, mode=mode)
    assert np.allclose(vmap(each)(xs), [each(x) for x in xs], rtol=1e-12, atol=1e-13)
    around = jacobian(vmap(function), mode=mode)(xs)
    assert around.shape == (3, 7, 3, 5)
    for i, j in np.ndindex(3, 3):
        assert np.allclose(around[i, :, j], each(xs[i]) if i == j else 0, rtol=1e-12, atol=1e-13)
    curved = hessian(lambda x: np.sum(function(x) ** 2))
    assert np.allclose(vmap(curved)(xs), [curved(x) for x in xs], rtol=1e-11, atol=1e-12)
    mixed = vmap(grad(lambda x: np.sum(each(x) ** 2)))(xs)
    assert np.allclose(mixed, [grad(lambda x: np.sum(each(x) ** 2))(x) for x in xs], rtol=1e-11, atol=1e-12)


def test_complex_jacobians_within_vmap_are_checked_for_each_element() -> None:
    scales = np.array([1.0, 1e9])
    z = np.linspace(1, 2, 5) + 1j
    found = vmap(lambda s: jacobian(lambda z: s * z**2)(z))(scales)
    assert np.allclose(found, scales[:, None, None] * np.diag(2 * z))
    with pytest.raises(DerivativeError, match="not holomorphic"):  # for the first element, small beside the second
        vmap(lambda s: jacobian(lambda z: np.where(s < 2, np.conjugate(z), s * z))(z))(scales)


@pytest.mark.parametrize("mode", MODES)
def test_derivatives_of_a_tensor_outside_through_batches(mode: str | None) -> None:
    x = np.linspace(0.5, 1.5, 5)
    found = []
    for whole in (lambda f: f(), one_by_one):
        w = tensor(np.linspace(1, 2, 5), requires_grad=True)

        def slopes(w: Tensor = w) -> Any:
            return jacobian(lambda x: np.outer(np.sin(w * x), x)[0] * np.sum(w), mode=mode)(x)

        jac = whole(slopes)
        assert isinstance(jac, Tensor)
        np.sum(jac**2).backward()
        found.append((jac.data, w.grad.data))
    for one, other in zip(*found, strict=True):
        assert np.allclose(one, other, rtol=1e-12)


def test_gauss_newton_products_of_several_vectors() -> None:
    x, vectors = np.linspace(-1, 1, 5), np.random.default_rng(0).normal(size=(4, 5))

    def product(v: Any) -> Any:
        return ggnvp(lambda x: net(x)["hidden"], x, v, lambda y: np.sum(y**4))

    assert np.allclose(vmap(product)(vectors), [product(v) for v in vectors], rtol=1e-12)


@pytest.mark.parametrize("mode", MODES)
def test_a_rule_that_takes_no_batch_is_walked_one_by_one(mode: str | None) -> None:
    """It neither warns nor raises, whatever it does with the numbers in a gradient."""
    cosines: dict[str, Function] = {
        "float()": lambda g, x: np.array([float(part) * np.cos(other) for part, other in zip(g, x, strict=True)]),
        "a plain array": lambda g, x: np.multiply(g, np.cos(x), out=np.empty(5)),
        "a branch": lambda g, x: g * np.cos(x) if (g == 0).any() else np.cos(x) * g,
    }
    for what, rule in cosines.items():
        sine = general(lambda x: np.sin(x), rule, name="sine")
        x = np.linspace(0, 1, 5)
        if mode == "forward" and what != "a branch":
            continue  # the rule of an operation without a kind is differentiated there, and these take no tensor
        assert np.allclose(jacobian(sine, mode=mode)(x), np.diag(np.cos(x)))


def test_errors_of_a_rule_are_those_of_one_walk() -> None:
    def rule(g: Any) -> Any:
        raise ValueError("no derivative today")

    broken = elementwise(lambda x: np.sin(x), rule, name="broken")
    with pytest.raises(DerivativeError, match="the derivative of 'broken' failed: ValueError: no derivative today"):
        jacobian(broken)(np.ones(5))
    with pytest.raises(AnomalyError, match=r"gave a gradient with nan or inf \(shape \(5,\)"), detect_anomaly():
        jacobian(np.sqrt)(np.array([1.0, 2.0, 0.0, 1.0, 1.0]))


@pytest.mark.parametrize("mode", ["reverse", None])
def test_hooks_see_each_gradient_by_itself(mode: str | None) -> None:
    seen = []

    def function(x: Any) -> Any:
        y = np.sin(x)
        y.register_hook(lambda g: seen.append(g.copy()))
        x.register_hook(lambda g: 2 * g)
        return y * 3

    x = np.linspace(0, 1, 5)
    assert np.allclose(jacobian(function, mode=mode)(x), np.diag(6 * np.cos(x)))
    assert np.array_equal(seen, 3 * np.eye(5))


def test_zeros_absorb_nan_in_each_row() -> None:
    x = np.array([-1.0, 0.0, 2.0, 4.0, -3.0])
    for mode in MODES:
        found = jacobian(lambda x: np.where(x > 0, np.sqrt(x), 0) + np.sum(x), mode=mode)
        with np.errstate(invalid="ignore", divide="ignore"):
            assert np.allclose(found(x), one_by_one(partial(found, x)))
            assert np.isfinite(found(x)).all()


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_memory_is_bounded_for_any_number_of_walks(mode: str) -> None:
    x = np.ones(400)

    def wide(x: Any) -> Any:
        return np.sin(np.outer(x, np.ones(100))).reshape(100, 400).sum(0)

    derivatives = jacobian(wide, mode=mode)
    derivatives(x)
    tracemalloc.start()
    try:
        derivatives(x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2.5 * 400 * 400 * 8 + 4 * (units._NUMBERS * 8)  # a gradient of each walk would take 128 MB


def test_batches_are_not_loaded_before_they_are_needed() -> None:
    program = """
import sys, numpy as np, autograd
autograd.jacobian(np.sin)(np.ones(2))
autograd.hessian(lambda x: x**2)(1.0)
print([name for name in sys.modules if "batching" in name])
"""
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(("size", "is_row"), [(2, True), (100, False)])
def test_rules_of_users_are_not_walked_back_for_few_rows(size: int, is_row: bool) -> None:
    pulled: list[Any] = []

    def rule(g: Any) -> Any:
        pulled.append(type(g))
        return np.sum(g)

    spread = general(lambda x: np.full(size, x), rule, name="spread")
    np.testing.assert_array_equal(jacobian(spread)(2.0), np.ones(size))
    assert (Tensor not in pulled) == is_row  # what is walked back is a tensor
