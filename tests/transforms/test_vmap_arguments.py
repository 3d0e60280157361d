"""vmap's axes: of arguments and results, of containers and their parts, by keyword; and what wrong ones raise."""

import re
from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import BatchError, DtypeError, ShapeError, grad, jacobian, vmap

rng = np.random.default_rng(0)
X = rng.normal(size=(3, 4))


@given(st.data())
def test_the_axis_of_each_argument_and_result_numbers_the_elements(data: st.DataObject) -> None:
    """Compare with a loop, for any axes, positive or negative, and None."""
    size = data.draw(st.integers(1, 3))
    shapes = data.draw(st.lists(st.lists(st.integers(1, 3), max_size=2), min_size=1, max_size=3))
    in_axes: list[int | None] = [data.draw(st.none() | st.integers(-len(s) - 1, len(s))) for s in shapes]
    in_axes[0] = data.draw(st.integers(-len(shapes[0]) - 1, len(shapes[0])))
    args = [_with_axis(s, axis, size) for s, axis in zip(shapes, in_axes, strict=True)]
    out_axis = data.draw(st.integers(-len(shapes[0]) - 1, len(shapes[0])))
    each = data.draw(st.booleans())

    def function(*xs: Any) -> Any:
        return xs[0] * 2 + sum(np.sum(x) for x in xs), np.sum(xs[0])

    found, total = vmap(function, tuple(in_axes), (out_axis, 0) if each or out_axis else 0)(*args)
    rows = [
        function(*(a if axis is None else np.take(a, i, axis) for a, axis in zip(args, in_axes, strict=True)))
        for i in range(size)
    ]
    assert np.allclose(found, np.stack([row for row, _ in rows], out_axis))
    assert np.allclose(total, [row for _, row in rows])


def _with_axis(shape: list[int], axis: int | None, size: int) -> Any:
    """Return an array with an axis more than an element has, of the size of the batch."""
    if axis is None:
        return rng.normal(size=shape)
    whole = list(shape)
    whole.insert(axis if axis >= 0 else len(shape) + 1 + axis, size)
    return rng.normal(size=whole)


Pair = namedtuple("Pair", "a b")  # a container as programs have them
CONTAINERS = [
    ({"a": X, "b": X[0]}, {"a": 0, "b": None}, lambda p: (p["a"], p["b"])),
    ({"a": X, "b": X}, 0, lambda p: (p["a"], p["b"])),
    ([X, X[:, 0]], 0, tuple),
    ((X, [X.T, 2.0]), (0, [1, None]), lambda p: (p[0], p[1][0] * p[1][1])),
    (({"a": X}, X.T), ({"a": 0}, -1), lambda p: (p[0]["a"], p[1])),
    (Pair(X, X[0]), (0, None), lambda p: (p.a, p.b)),
    ({"a": X, "b": {"c": X, "d": [X]}}, {"a": 0, "b": 0}, lambda p: (p["a"], p["b"]["c"] * p["b"]["d"][0])),
]


def element(tree: Any, axes: Any, i: int) -> Any:
    """Return the part of a tree that is one element's."""
    if axes is None:
        return tree
    if isinstance(tree, dict):
        return {key: element(x, axes[key] if isinstance(axes, dict) else axes, i) for key, x in tree.items()}
    if isinstance(tree, list | tuple):
        each = axes if isinstance(axes, list | tuple) else [axes] * len(tree)
        parts = [element(x, axis, i) for x, axis in zip(tree, each, strict=True)]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return np.take(tree, i, axes)


@pytest.mark.parametrize(("tree", "axes", "leaves"), CONTAINERS)
def test_containers_have_axes_of_their_own(tree: Any, axes: Any, leaves: Any) -> None:
    def product(p: Any) -> Any:
        a, b = leaves(p)
        return np.sum(a * b)

    expected = [product(element(tree, axes, i)) for i in range(3)]
    assert np.allclose(vmap(product, in_axes=(axes,))(tree), expected)
    assert np.allclose(vmap(lambda p, s: product(p) * s, in_axes=(axes, None))(tree, 2.0), 2 * np.array(expected))
    seen = vmap(lambda p: type(p).__name__ == type(tree).__name__, in_axes=(axes,))(tree)
    assert seen.all()
    for slopes in (vmap(grad(product), in_axes=(axes,))(tree), vmap(jacobian(product), in_axes=(axes,))(tree)):
        one = grad(product)(element(tree, axes, 1))
        assert type(slopes) is type(one)
        assert all(
            np.allclose(found, x) for found, x in zip(leaves_of(element(slopes, 0, 1)), leaves_of(one), strict=True)
        )


def leaves_of(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [leaf for x in tree.values() for leaf in leaves_of(x)]
    return [leaf for x in tree for leaf in leaves_of(x)] if isinstance(tree, list | tuple) else [tree]


@pytest.mark.parametrize("axes", [((0, None), (None, 0)), ((None, 0), (0, None)), ((0, 0), (0, 0)), ((-1, -1), (0, 1))])
def test_axes_of_nested_calls_are_those_of_what_is_left(axes: Any) -> None:
    inner, outer = axes
    a, b = rng.normal(size=(2, 3, 3))
    found = vmap(vmap(lambda x, y: np.sum(x * y) + np.sum(x), inner), outer)(a, b)

    def chosen(z: Any, axis: Any, i: int) -> Any:
        return z if axis is None else np.take(z, i, axis)

    expected = []
    for i in range(3):
        x, y = chosen(a, outer[0], i), chosen(b, outer[1], i)
        rows = [(chosen(x, inner[0], j), chosen(y, inner[1], j)) for j in range(3)]
        expected.append([np.sum(p * q) + np.sum(p) for p, q in rows])
    assert np.allclose(found, expected)


def test_what_needs_no_axis_may_be_anything() -> None:
    found = vmap(
        lambda x, f, name, flag, nothing: f(x) if name == "f" and flag and nothing is None else x, (0,) + (None,) * 4
    )(X, np.exp, "f", True, None)
    assert np.array_equal(found, np.exp(X))


SHAPE_ERRORS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "argument 1 .*no axis 1.*shape is \\(3,\\)": (vmap(lambda x, y: x, in_axes=(0, 1)), (X, X[:, 0])),
    "no axis 0 .*a number": (vmap(lambda x: x), (1.0,)),
    "no axis -3 .*shape is \\(3, 4\\)": (vmap(lambda x: x, in_axes=-3), (X,)),
    "different lengths.*3: axis 0 of shape \\(3, 4\\); 4: axis 0 of shape \\(4, 3\\)": (vmap(lambda x, y: x), (X, X.T)),
    "is for 2 arguments, but .* called with 1": (vmap(lambda x: x, in_axes=(0, 0)), (X,)),
    "no argument has an axis to map over": (vmap(lambda x: x, in_axes=None), (X,)),
    "have the keys \\['b'\\], but the dict has \\['a'\\]": (vmap(lambda p: p["a"], in_axes=({"b": 0},)), ({"a": X},)),
    "in_axes of argument 0, \\(0, 0\\), do not fit a list of 1$": (vmap(lambda p: p[0], in_axes=((0, 0),)), ([X],)),
    "out_axes, \\(0, 1\\), do not fit one array or number$": (vmap(lambda x: x, out_axes=(0, 1)), (X,)),
}


@pytest.mark.parametrize("message", SHAPE_ERRORS)
def test_axes_that_do_not_fit(message: str) -> None:
    mapped, args = SHAPE_ERRORS[message]
    with pytest.raises(ShapeError, match=f"^vmap: .*{message}"):
        mapped(*args)


def test_other_wrong_arguments() -> None:
    with pytest.raises(TypeError, match=r"an axis of argument 0 should be an integer or None, not 1\.5"):
        vmap(lambda x: x, in_axes=1.5)(X)
    with pytest.raises(
        BatchError, match="argument 1 is str 'a', which has no axis to map over: give it the in_axes None"
    ):
        vmap(lambda x, name: x)(X, "a")
    with pytest.raises(DtypeError, match=r"returned None: is a return missing\?"):
        vmap(lambda x: None)(X)
    with pytest.raises(DtypeError, match="returned str 'a': return arrays"):
        vmap(lambda x: "a")(X)
    with pytest.raises(BatchError, match="out_axes None, which is for what all elements share"):
        vmap(lambda x: x, out_axes=None)(X)
    with pytest.raises(TypeError, match="function should be a function, not"):
        vmap(3)  # type: ignore[arg-type]  # which is what is tested
    for option, known in {"loops": "warn", "branches": "split", "randomness": "same"}.items():
        wrong: dict[str, Any] = {option: "no"}
        with pytest.raises(ValueError, match=re.escape(f"vmap: {option}='no': it is one of ") + f".*'{known}'"):
            vmap(lambda x: x, **wrong)


INTO: dict[str, Any] = {
    "by name, of a composition": lambda x, out: np.einsum("i,i->", x, x, out=out[0, ...]),
    "by name, of an axis": lambda x, out: np.nanmax(x, out=out[0, ...]),
    "by position": lambda x, out: np.cumsum(x, 0, None, out),
    "by position, of a join": lambda x, out: np.concatenate([x[:2], x[:1]], 0, out),
    "by position, of an order": lambda x, out: np.quantile(x, [0.1, 0.5, 0.7], 0, out),
    "by position, of each element": lambda x, out: np.round(x / 3, 1, out),
    "by position, of indices": lambda x, out: np.take(x, [2, 0, 0], 0, out),
}


@pytest.mark.parametrize("name", INTO)
def test_results_are_written_to_batched_arrays(name: str) -> None:
    def written(x: Any) -> Any:
        out = np.zeros_like(x)
        INTO[name](x, out)
        return out

    x = np.array([[1.0, 2.0, 4.0], [0.5, -1.0, 3.0]])
    assert np.array_equal(vmap(written, loops="error")(x), [written(row) for row in x])
