"""vmap(f, branches="split"): Python's `if`, `while` and `for` on an element's value do what they do in a loop."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autograd import BatchError, checkpoint, grad, hessian, jacobian, jvp, no_grad, value_and_grad, vmap

Function = Callable[[Any], Any]
NUMBERS = st.floats(-3, 3, width=32).filter(lambda x: abs(x) > 1e-3)


def of_sign(x: Any) -> Any:
    if x.sum() > 0:
        return np.sum(x * x)
    return np.sum(3 * x)


def in_cases(x: Any) -> Any:
    if x[0] > 1:
        y = np.sin(x)
    elif x[0] > 0 and x[1] > 0:
        y = x * x[1]
    elif not x.any():
        y = x
    else:
        y = -x
    return np.sum(y) if y.max() > 0.5 else np.sum(y * y)


def halving(x: Any) -> Any:
    steps = 0
    while abs(x).max() > 0.5:
        x = x / 2
        steps += 1
    return np.sum(x * x) * steps


def counted(x: Any) -> Any:
    total = x[0] * 0
    for i, item in enumerate(x):
        if item > 0:
            total = total + (i + 1) * item * item
    return total


def sorted_by_hand(x: Any) -> Any:
    items = sorted(x)
    return sum(i * item for i, item in enumerate(items)) + max(items) ** 2


def clipped(x: Any) -> Any:
    return np.sum(np.stack([min(max(item, -1.0), 1.0) * item for item in x]))


def of_a_branch_within(x: Any) -> Any:
    return vmap(lambda item: item * item if item > 0 else -item, branches="split")(x).sum()


def compared_in_a_list(x: Any) -> Any:
    return x[0] * 2 if 0.0 in np.maximum(x, 0) else x[1] * 3


PROGRAMS = [
    of_sign, in_cases, halving, counted, sorted_by_hand, clipped, of_a_branch_within, compared_in_a_list,
]  # fmt: skip
TRANSFORMS: dict[str, Callable[[Function], Function]] = {
    "value": lambda f: f,
    "grad": grad,
    "value_and_grad": value_and_grad,
    "jacobian": jacobian,
    "hessian": hessian,
    "jvp": lambda f: lambda x: jvp(f, x, np.ones_like(x))[1],
    "no_grad": lambda f: no_grad()(f),
    "checkpoint": lambda f: grad(lambda x: checkpoint(f, x)),
}


@pytest.mark.parametrize("program", PROGRAMS)
@given(arrays(np.float64, (5, 3), elements=NUMBERS))
def test_branches_are_those_of_a_loop(program: Function, x: Any) -> None:
    assert np.allclose(vmap(program, branches="split")(x), [program(row) for row in x], rtol=1e-12)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_derivatives_of_branches_are_those_of_a_loop(program: Function, transform: str) -> None:
    x = np.random.default_rng(0).normal(size=(6, 3))
    function = TRANSFORMS[transform](program)
    found, alone = vmap(function, branches="split")(x), [function(row) for row in x]
    if isinstance(found, tuple):
        found, alone = np.column_stack(found), [np.hstack(each) for each in alone]
    assert np.allclose(found, alone, rtol=1e-12)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_gradient_of_what_all_elements_share(program: Function) -> None:
    x, w = np.random.default_rng(1).normal(size=(6, 3)), np.array([1.0, -0.5, 2.0])
    found = grad(lambda w: vmap(lambda x: program(w * x), branches="split")(x).sum())(w)
    assert np.allclose(found, grad(lambda w: sum(program(w * row) for row in x))(w), rtol=1e-12)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_batch_within_a_batch(program: Function) -> None:
    x = np.random.default_rng(2).normal(size=(3, 4, 3))
    both = vmap(vmap(grad(program), branches="split"), branches="split")(x)
    assert np.allclose(both, [[grad(program)(row) for row in rows] for rows in x], rtol=1e-12)


def test_a_call_within_has_its_own_way_with_branches() -> None:
    x = np.array([[1.0, -2.0], [3.0, 4.0]])
    with pytest.raises(BatchError, match="branches='split'"):
        vmap(vmap(of_sign), branches="split")(x[:, :, None])


def test_the_function_runs_once_for_each_group_and_once_for_each_division() -> None:
    calls: list[int] = []

    def program(x: Any) -> Any:
        calls.append(1)
        return x * 2 if x > 0 else x * 3

    assert np.array_equal(vmap(program, branches="split")(np.array([1.0, 2.0, 3.0])), [2.0, 4.0, 6.0])
    assert len(calls) == 1
    assert np.array_equal(vmap(program, branches="split")(np.array([1.0, -2.0, 3.0])), [2.0, -6.0, 6.0])
    assert len(calls) == 4


def test_too_many_groups_name_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def program(x: Any) -> Any:
        while x > 0:
            x = x - 1
        return x

    monkeypatch.setattr(import_module("autograd.transforms.vmap"), "_GROUPS", 16)
    with pytest.raises(BatchError, match=r"more than 16 groups, most of them at .*test_vmap_branches.py:\d+: use"):
        vmap(program, branches="split")(np.arange(20.0))
    assert np.array_equal(vmap(program, branches="split")(np.tile(np.arange(10.0), 4)), np.zeros(40))


def test_a_condition_of_shared_values_divides_nothing() -> None:
    calls: list[int] = []

    def program(x: Any, flag: Any) -> Any:
        calls.append(1)
        return x if flag else -x

    assert vmap(program, in_axes=(0, None))(np.ones(3), np.array(True)).tolist() == [1.0, 1.0, 1.0]
    assert vmap(lambda x: x if x.shape == () else -x)(np.ones(3)).tolist() == [1.0, 1.0, 1.0]
    assert len(calls) == 1
