"""The how-to about batches: what its table says has no answer for a whole batch raises, and what to write works."""

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import BatchError, GraphError, grad, tensor, vmap

Function = Callable[[Any], Any]
PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "batches.md").read_text(encoding="utf-8")
ROWS = [
    row.strip("| ").split(" | ")[0]
    for row in PAGE.partition("| in the function | write instead |\n|---|---|\n")[2].partition("\n\n")[0].splitlines()
]
X = np.array([[1.0, -2.0, 3.0], [-1.0, 5.0, 0.5], [4.0, 4.5, -4.0]])
A = np.array([10.0, 20.0, 30.0])


def branch(x: Any) -> Any:
    if x[0] > 0:
        return x
    return -x


def halved(x: Any) -> Any:
    while abs(x[0]) > 0.3:
        x = x / 2
    return x


def stored(x: Any) -> Any:
    y = np.zeros(3)
    y[:2] = x[:2]
    return y


def stored_alike(x: Any) -> Any:
    y = np.zeros(3, like=x)
    y[:2] = x[:2]
    return y


def counted(x: Any) -> Any:
    return sum(x[i] for i in range(x.argmax()))


# By the row of the table: each function that raises, with those that compute the same.
CASES: dict[str, dict[Function, list[Function]]] = {
    "`if x > 0: ... else: ...`": {branch: [lambda x: np.where(x[0] > 0, x, -x)]},
    "`while error > 1e-9: ...`": {halved: []},
    "`max(x, y)`, `sorted(x)`, `x and y`": {
        lambda x: max(x[0], x[1]): [lambda x: np.maximum(x[0], x[1])],
        lambda x: np.stack(sorted(x)): [np.sort],
        lambda x: x[0] > 0 and x[1] > 0: [lambda x: np.logical_and(x[0] > 0, x[1] > 0)],
    },
    "`float(x)`, `x.item()`, `math.sin(x)`": {
        lambda x: float(x[0]): [lambda x: x[0]],
        lambda x: x[0].item(): [lambda x: x[0]],
        lambda x: math.sin(x[0]): [lambda x: np.sin(x[0])],
    },
    '`f"{x:.3f}"`': {lambda x: f"{x[0]:.3f}": []},
    "`x[x > 0].sum()`": {
        lambda x: x[x > 0].sum(): [lambda x: np.sum(x, where=x > 0), lambda x: np.where(x > 0, x, 0).sum()],
    },
    "`x[:n]`, `range(n)`, where `n` is computed from `x`": {
        lambda x: x[: x.argmax()].sum(): [lambda x: np.where(np.arange(len(x)) < x.argmax(), x, 0).sum()],
        counted: [lambda x: np.where(np.arange(len(x)) < x.argmax(), x, 0).sum()],
    },
    "`a[i]`, where `i` is computed from `x`, but `a` is a plain ndarray or a list": {
        lambda x: A[x.argmax()]: [lambda x: tensor(A)[x.argmax()]],
        lambda x: A.tolist()[x.argmax()]: [lambda x: tensor(A)[x.argmax()]],
    },
    "`np.nonzero(x)`, `np.unique(x)`": {lambda x: np.nonzero(x)[0]: [], np.unique: [np.sort]},
    "`np.array([x[0], x[1]])`": {lambda x: np.array([x[0], x[1]]): [lambda x: np.stack([x[0], x[1]])]},
    "`y = np.zeros(3)`, then `y[0] = x[0]`": {stored: [stored_alike]},
}


def test_the_table_is_that_of_the_page() -> None:
    assert list(CASES) == ROWS


@pytest.mark.parametrize("row", CASES)
def test_what_has_no_answer_raises_and_its_remedy_computes_the_same(row: str) -> None:
    for refused, instead in CASES[row].items():
        with pytest.raises(BatchError):
            vmap(refused)(X)
        for remedy in instead:
            assert np.array_equal(vmap(remedy)(X), [refused(x) for x in X])


@pytest.mark.parametrize("function", [branch, halved])
def test_branches_may_be_split_instead(function: Function) -> None:
    expected = np.stack([function(x) for x in X])
    assert np.array_equal(vmap(function, branches="split")(X), expected)
    slopes = np.stack([grad(lambda x: function(x).sum())(x) for x in X])
    assert np.array_equal(vmap(grad(lambda x: function(x).sum()), branches="split")(X), slopes)


def write_item(y: Any, x: Any) -> None:
    y[0] = x[0]


def write_slice(y: Any, x: Any) -> None:
    y[:] = x


def write_all(y: Any, x: Any) -> None:
    y[...] = x


def write_mask(y: Any, x: Any) -> None:
    y[np.array([True, False, True])] = x[0]


def write_flat(y: Any, x: Any) -> None:
    y.flat[0] = x[0]


def write_list(y: Any, x: Any) -> None:
    y[:2] = [x[0], x[1]]


def write_filling(y: Any, x: Any) -> None:
    y.fill(x[0])


WRITES = [write_item, write_slice, write_all, write_mask, write_flat, write_list, write_filling]


@pytest.mark.parametrize("write", WRITES)
def test_a_tensor_is_not_stored_in_an_array_of_the_batch(write: Callable[[Any, Any], None]) -> None:
    def energy(x: Any, of_array: bool = True) -> Any:
        y = np.zeros_like(x.data if of_array else x)
        write(y, x)
        return np.sum(y * y)

    with pytest.raises(GraphError, match="would cut it from its graph"):
        vmap(grad(energy))(X)
    if write not in (write_flat, write_filling, write_list):  # the last is refused for a tensor too
        slopes = vmap(grad(lambda x: energy(x, of_array=False)))(X)
        assert np.array_equal(slopes, [grad(lambda x: energy(x, of_array=False))(x) for x in X])


@pytest.mark.parametrize("dtype", [float, int, complex])
@pytest.mark.parametrize("make", [np.zeros, lambda shape, dtype: tensor(np.zeros(shape, dtype))])
def test_a_plain_array_has_room_for_one_element_of_the_batch(make: Callable[..., Any], dtype: Any) -> None:
    def first(x: Any) -> Any:
        y = make((3,), dtype)
        y[0] = x[0].astype(dtype)
        return y

    with pytest.raises(BatchError, match=r"in an item of a plain array .*howto.py:\d+.* numpy.zeros_like"):
        vmap(first)(X)


@pytest.mark.parametrize("loops", ["warn", "error", "allow"])
def test_a_loop_warns_at_the_line_of_the_program(loops: str) -> None:
    def line(y: Any) -> Any:
        return np.linalg.lstsq(np.stack([np.arange(3.0), np.ones(3)], 1), y)[0]

    expected = [line(x) for x in X]
    if loops == "error":
        with pytest.raises(BatchError, match=r"'lstsq', at .*test_vmap_howto.py:\d+, is computed in a loop over the 3"):
            vmap(line, loops=loops)(X)
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert np.allclose(vmap(line, loops=loops)(X), expected, rtol=1e-12)
    assert [(Path(w.filename), w.category) for w in caught] == [(Path(__file__), RuntimeWarning)] * (loops == "warn")


def test_numpys_generators_draw_the_same_numbers_for_all_elements() -> None:
    rng = np.random.default_rng(0)
    found = vmap(lambda x: x + rng.normal(size=3))(np.zeros((4, 3)))
    assert np.array_equal(found, np.tile(np.random.default_rng(0).normal(size=3), (4, 1)))
