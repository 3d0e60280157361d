"""vmap: axes, containers, keyword arguments, the kinds of arguments and results, options, loops; against a loop."""

import dataclasses
import inspect
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

import nn
from autograd import BatchError, Tensor, grad, tensor, vmap
from autograd.arrays.door import levels

rng = np.random.default_rng(3)
X = rng.normal(size=(4, 3))


def close(found: Any, expected: Any) -> None:
    found = found.data if isinstance(found, Tensor) else found
    assert isinstance(found, np.ndarray)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


# Axes


@pytest.mark.one_in(3)
@pytest.mark.parametrize("in_axis", range(-3, 3))
@pytest.mark.parametrize("out_axis", range(-3, 3))
@pytest.mark.parametrize("kind", ["array", "constant", "live"])
def test_axes_in_and_out(in_axis: int, out_axis: int, kind: str) -> None:
    x = rng.normal(size=(2, 3, 4))
    given = x if kind == "array" else tensor(x, requires_grad=kind == "live")

    def f(x: Any) -> Any:
        return np.sin(x) * x.shape[0] + x[0]

    found = vmap(f, in_axis, out_axis)(given)
    assert isinstance(found, np.ndarray if kind == "array" else Tensor)
    close(found, np.stack([f(part) for part in np.moveaxis(x, in_axis, 0)], out_axis))


def test_an_axis_for_each_argument() -> None:
    y, z = rng.normal(size=(3, 4)), rng.normal(size=3)

    def f(x: Any, y: Any, z: Any) -> Any:
        return x * y + z, np.dot(x, y), np.outer(x, z)

    found = vmap(f, (0, 1, None), (1, 0, -1))(X, y, z)
    expected = [f(x, column, z) for x, column in zip(X, y.T, strict=True)]
    for part, axis, parts in zip(found, (1, 0, -1), zip(*expected, strict=True), strict=True):
        close(part, np.stack(parts, axis))
    assert type(found) is tuple
    assert [type(part) for part in vmap(f, [0, 1, None])(X, y, z)] == [np.ndarray] * 3


def test_axes_within_containers() -> None:
    tree = {"a": X.T, "b": [X, (rng.normal(size=3), X[:, 0])]}
    axes = {"a": 1, "b": [0, (None, 0)]}

    def f(tree: Any, y: Any) -> Any:
        shared, number = tree["b"][1]
        return {"total": tree["a"] * shared + number, "rest": [tree["b"][0] * y]}

    found = vmap(f, (axes, None), {"total": 1, "rest": [0]})(tree, X[0])
    expected = [f({"a": x, "b": [x, (tree["b"][1][0], x[0])]}, X[0]) for x in X]  # type: ignore[index]  # it is a list
    close(found["total"], np.stack([e["total"] for e in expected], 1))
    close(found["rest"][0], np.stack([e["rest"][0] for e in expected]))


def test_one_axis_for_a_whole_container() -> None:
    found = vmap(lambda t, s: t["a"] * t["b"][0] + s["c"], (1, None))({"a": X.T, "b": [X.T]}, {"c": X[0]})
    close(found, X * X + X[0])
    found = vmap(lambda x: {"a": x, "b": (x, x * 2)}, out_axes={"a": 0, "b": 1})(X)
    close(found["b"][1], X.T * 2)


class Point(NamedTuple):
    x: Any
    y: Any


@dataclasses.dataclass
class State:
    position: Any
    speed: Any
    name: str = dataclasses.field(default="particle", init=False)


def test_kinds_of_containers_come_back() -> None:
    def f(point: Any, state: Any, ordered: Any) -> Any:
        assert point.x.shape == state.position.shape == (3,)
        return State(state.position + state.speed, point.x), Point(point.y, point.x), ordered

    found, point, ordered = vmap(f)(Point(X, X[:, 0]), State(X, X), OrderedDict(b=X, a=X))
    assert type(found) is State
    assert found.name == "particle"
    assert type(point) is Point
    assert list(ordered) == ["b", "a"]
    assert type(ordered) is OrderedDict
    close(found.position, X + X)
    close(point.x, X[:, 0])


def test_results_that_all_elements_share() -> None:
    constant = X[0] * 2
    close(vmap(lambda x: constant)(X), np.stack([constant] * 4))
    close(vmap(lambda x: constant, out_axes=1)(X), np.stack([constant] * 4, 1))
    close(vmap(lambda x: 3)(X), np.array([3] * 4))
    assert vmap(lambda x: constant, out_axes=None)(X) is constant
    _, c = vmap(lambda x: (x, 2.5), out_axes=(0, None))(X)
    assert c == 2.5


def test_gradients_of_results_that_all_elements_share() -> None:
    for f in (lambda w: w, lambda w: w * 2, lambda w: np.sum(w), lambda w: w[0] * w):
        found = grad(lambda w, f=f: np.sum(vmap(lambda x: f(w))(X) ** 2))(X[0])
        close(found, grad(lambda w, f=f: sum(np.sum(f(w) ** 2) for _ in X))(X[0]))
        found = grad(lambda w, f=f: np.sum(vmap(lambda x: f(w), out_axes=None)(X) ** 2))(X[0])
        close(found, grad(lambda w, f=f: np.sum(f(w) ** 2))(X[0]))


# Arguments


def test_keyword_arguments_are_mapped_over_their_first_axis() -> None:
    def f(x: Any, *, scale: Any, shift: Any = 1.0) -> Any:
        return x * scale + shift

    close(vmap(f)(X, scale=X[:, 0]), X * X[:, :1] + 1)
    close(vmap(f, (1,))(X.T, scale=X[:, 0], shift=X), X * X[:, :1] + X)
    close(vmap(f, 1)(X.T, scale=X[:, 0], shift=X), X * X[:, :1] + X)
    close(vmap(lambda *, x: x * 2)(x=X), X * 2)


def test_kinds_of_arguments() -> None:
    close(vmap(lambda x: x * 2)(np.array([1, 2, 3])), [2, 4, 6])
    assert vmap(lambda x: x + 1)(np.array([1, 2])).dtype == np.int64
    assert vmap(lambda x: x > 1)(np.array([1, 2])).dtype == bool
    assert vmap(lambda x: x * np.float32(2))(np.ones(2, np.float32)).dtype == np.float32
    assert vmap(lambda x: x * 2.0)(np.ones(2, np.float32)).dtype == np.float32
    assert vmap(lambda x: x * 1j)(np.ones(2)).dtype == complex
    table = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    close(vmap(lambda a, b: a * b)(table["a"], table["b"]), [3.0, 8.0])
    close(vmap(lambda row: row[0] - row[1])(table), [-2.0, -2.0])
    close(vmap(lambda x, y: x * y, (0, None))(X, 3.0), X * 3)
    close(vmap(lambda x, pair: x * pair[0] + pair[1], (0, None))(X, [2.0, 1]), X * 2 + 1)
    close(vmap(lambda x, name: x if name == "same" else -x, (0, None))(X, "same"), X)
    close(vmap(lambda x, nothing: x, (0, None))(X, None), X)
    close(vmap(lambda x, nothing: x)(X, None), X)
    close(vmap(lambda x, options: x * options["power"], (0, None))(X, {"power": 2, "kind": "of"}), X * 2)


def test_modules_as_arguments() -> None:
    layer = nn.Linear(3, 2, dtype=np.float64) if "dtype" in inspect.signature(nn.Linear).parameters else nn.Linear(3, 2)
    close(vmap(lambda model, x: model(x), (None, 0))(layer, X), np.stack([layer(x).data for x in X]))
    vmap(lambda x: layer(x))(X).sum().backward()
    found = {name: parameter.grad.data for name, parameter in layer.named_parameters()}
    layer.zero_grad()
    layer(X).sum().backward()
    for name, parameter in layer.named_parameters():
        np.testing.assert_allclose(found[name], parameter.grad.data, rtol=1e-6)


def test_a_decorator_with_and_without_arguments() -> None:
    @vmap
    def double(x: Any) -> Any:
        """Double it."""
        return x * 2

    @vmap(in_axes=(0, None), out_axes=1)
    def scaled(x: Any, by: Any) -> Any:
        return x * by

    close(double(X), X * 2)
    close(scaled(X, 3.0), X.T * 3)
    assert (double.__name__, double.__doc__) == ("double", "Double it.")

    class Model:
        scale = 2.0

        def all(self, xs: Any) -> Any:
            return vmap(self.one)(xs)

        def one(self, x: Any) -> Any:
            return x * self.scale

    close(Model().all(X), X * 2)
    close(vmap(np.dot)(X, X), np.sum(X * X, 1))
    close(vmap(sum)(X), X.sum(1))


@pytest.mark.filterwarnings("ignore:vmap. .* is computed in a loop:RuntimeWarning")
@pytest.mark.parametrize("size", [0, 1, 2])
def test_sizes(size: int) -> None:
    def f(x: Any) -> Any:
        return np.sum(np.tanh(x) * x[::-1]) + np.max(x), np.sort(x), x @ np.outer(x, x)

    x = X[:size]
    for part, parts in zip(vmap(f)(x), zip(*[f(one) for one in X], strict=True), strict=True):
        close(part, np.stack(parts)[:size])
    found = vmap(grad(lambda x: f(x)[0]))(x)
    close(found, np.stack([grad(lambda x: f(x)[0])(one) for one in X])[:size])


# What a batched array looks like


def test_an_element_looks_like_an_array() -> None:
    def look(x: Any) -> Any:
        one = X[0]
        assert (x.shape, x.ndim, x.size, x.dtype, len(x)) == (one.shape, one.ndim, one.size, one.dtype, len(one))
        assert (x.itemsize, x.nbytes, np.shape(x), np.ndim(x), np.size(x)) == (8, 24, (3,), 1, 3)
        assert repr(x) == f"{x}" == str(x) == "Batched(4 of shape (3,), float64)"
        assert not isinstance(x, np.ndarray)
        first, *rest = x
        assert first.shape == ()
        assert len(rest) == 2
        with pytest.raises(TypeError, match=r"len\(\) of unsized"):
            len(first)
        with pytest.raises(TypeError, match="unhashable"):
            {x: 1}  # noqa: B018 - it raises
        with pytest.raises(ValueError, match="truth of an array with 3 elements is ambiguous"):
            bool(x)
        with pytest.raises(AttributeError, match="'nonsense'"):
            x.nonsense  # noqa: B018 - it raises
        assert levels()
        return x

    vmap(look)(X)
    assert not levels()


METHODS: dict[str, Any] = {
    "reshape": lambda x: x.reshape(3, 2), "reshape of a tuple": lambda x: x.reshape((-1, 3)),
    "reshape in Fortran's order": lambda x: x.reshape(6, order="F"), "T": lambda x: x.T, "mT": lambda x: x.mT,
    "transpose": lambda x: x.transpose(1, 0), "swapaxes": lambda x: x.swapaxes(0, 1), "sum": lambda x: x.sum(0),
    "astype": lambda x: x.astype(np.float32), "copy": lambda x: x.copy(), "ravel": lambda x: x.ravel(),
    "ravel in Fortran's order": lambda x: x.ravel("F"), "flatten": lambda x: x.flatten(), "flat": lambda x: x.flat,
    "real": lambda x: x.real, "imag": lambda x: x.imag, "conj": lambda x: x.conj(), "mean": lambda x: x.mean(),
    "std": lambda x: x.std(0), "var": lambda x: x.var(), "max": lambda x: x.max(1), "min": lambda x: x.min(),
    "argmax": lambda x: x.argmax(), "argsort": lambda x: x.argsort(), "cumsum": lambda x: x.cumsum(),
    "prod": lambda x: x.prod(1), "clip": lambda x: x.clip(0, 1), "round": lambda x: x.round(2),
    "dot": lambda x: x.dot(x.T), "take": lambda x: x.take([0, 1], 1), "diagonal": lambda x: x.diagonal(),
    "trace": lambda x: x.trace(), "squeeze": lambda x: x[None].squeeze(), "any": lambda x: x.any(0),
    "all": lambda x: x.all(), "repeat": lambda x: x.repeat(2, 0), "view": lambda x: x.view(), "abs": abs,
    "round()": lambda x: round(x[0, 0], 1), "negative": lambda x: -x, "divmod": lambda x: divmod(x, 0.3)[1],
    "power": lambda x: 2.0**x, "matmul": lambda x: x @ x.T, "compress": lambda x: x.compress([True, False], 0),
    "searchsorted": lambda x: np.sort(x[0]).searchsorted(0.1), "invert": lambda x: ~(x > 0), "in": lambda x: x != x,
    "choose": lambda x: (x > 0).astype(int).choose([1.0, 2.0]), "iteration": lambda x: sum(row[0] for row in x),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:vmap. .* is computed in a loop:RuntimeWarning")
@pytest.mark.parametrize("name", METHODS)
def test_methods_and_operators(name: str) -> None:
    x, method = rng.normal(size=(4, 2, 3)), METHODS[name]
    found, expected = vmap(method)(x), np.stack([method(one) if name != "flat" else one.ravel() for one in x])
    close(found, expected)
    assert found.dtype == expected.dtype


# Loops


def looping(x: Any) -> Any:
    return np.histogram(x, bins=2, range=(-3, 3))[0]


def test_a_loop_warns_once_for_each_line() -> None:
    def program(x: Any) -> Any:
        for _ in range(3):
            a = np.histogram(x, bins=2, range=(-3, 3))[0]
        b = np.histogram(x, bins=3, range=(-3, 3))[0]
        return np.concatenate([a, b])

    first = inspect.getsourcelines(program)[1]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        found = vmap(program)(X)
    close(found, np.stack([program(x) for x in X]))
    assert [(Path(w.filename).name, w.lineno) for w in caught] == [
        ("test_vmap.py", first + 2),
        ("test_vmap.py", first + 3),
    ]
    for warning in caught:
        assert warning.category is RuntimeWarning
        assert "'histogram'" in str(warning.message)
        assert "a loop over the 4 elements of the batch" in str(warning.message)
        assert "loops='allow'" in str(warning.message)


def test_loops_are_an_error_or_allowed() -> None:
    with pytest.raises(BatchError, match=rf"'histogram', at {__file__}:\d+, .*4 elements of the batch.*loops='warn'"):
        vmap(looping, loops="error")(X)
    close(vmap(looping, loops="allow")(X), np.stack([looping(x) for x in X]))
    with pytest.warns(RuntimeWarning, match="is computed in a loop"):
        vmap(looping)(X)
    nested = vmap(vmap(looping, loops="allow"), loops="allow")
    close(nested(X.reshape(2, 2, 3)), np.stack([[looping(x) for x in pair] for pair in X.reshape(2, 2, 3)]))


def test_a_loop_over_an_empty_batch_has_the_shape_of_an_element() -> None:
    assert vmap(looping, loops="allow")(X[:0]).shape == (0, 2)


def test_a_condition_that_is_a_constant_tensor() -> None:
    w = tensor(X[0], requires_grad=True)
    close(vmap(lambda x: np.sum(x, where=w > 0))(X), np.stack([np.sum(x, where=X[0] > 0) for x in X]))
    close(vmap(lambda x: np.max(x, initial=-9, where=(w > 0, w > 0)[0]))(X), np.max(X, 1, initial=-9, where=X[0] > 0))
    close(vmap(lambda x: np.mean(x, where=tensor([True, False, True])))(X), X[:, ::2].mean(1))


def test_new_arrays_have_room_for_all_batches() -> None:
    def f(x: Any, y: Any) -> Any:
        a = np.full_like(x, y[0])
        a[0] += np.full(2, y[1] + x[0], like=y)[1]
        b = np.zeros_like(x * y[0])
        b[1:] = y[1:]
        return a + b

    found = vmap(lambda x: vmap(lambda y: f(x, y))(X))(X)
    close(found, np.stack([np.stack([f(x, y) for y in X]) for x in X]))


@pytest.mark.parametrize("make", [np.zeros, np.ones, np.empty])
def test_arrays_that_are_made_like_a_tensor_have_room_for_all_batches(make: Any) -> None:
    """Also with views, into which a write would show, so that the tensor cannot become another array."""

    def f(x: Any, y: Any) -> Any:
        table = tensor(make((4, 3), like=x * y[0]))
        table[0] = x
        last = table[-1]
        for k in range(3):
            table[k + 1] = np.sin(table[k]) + y
        return np.sum(table * last)

    both = grad(f, argnums=(0, 1))
    found = vmap(lambda x: vmap(lambda y: both(x, y))(X))(X)
    for i in range(2):
        close(found[i], np.stack([np.stack([both(x, y)[i] for y in X]) for x in X]))
