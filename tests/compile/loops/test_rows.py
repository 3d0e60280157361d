"""Loops that write to rows of an array and read what they wrote become loops of a program, as their gradients do."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import compile, grad, tensor, value_and_grad, vmap
from autograd.transforms.compile import session
from autograd.transforms.compile.loops import roll

from .random_loops import difference, run_by_python

pytest.importorskip("llvmlite")

X = np.array([0.3, 0.5, 0.2])
STEPS = 12


@pytest.fixture(autouse=True)
def without_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Roll short loops, too, and run by Python what could be machine code, which takes long to make."""
    monkeypatch.setitem(session.FEWEST_CALLS, "auto", 0)
    run_by_python(monkeypatch.setattr)


def table(x: Any, *shape: int) -> Any:
    return tensor(np.zeros(shape, like=x))


def rows(x: Any) -> Any:
    u = table(x, STEPS + 1, 3)
    u[0] = x
    for t in range(STEPS):
        u[t + 1] = u[t] + 0.1 * np.sin(u[t])
    return np.sum(u * u)


def last_row(x: Any) -> Any:
    u = table(x, STEPS + 1, 3)
    u[0] = x
    for t in range(STEPS):
        u[t + 1] = u[t] + 0.1 * np.sin(u[t])
    return np.sum(u[STEPS])


def columns(x: Any) -> Any:
    u = table(x, 3, STEPS + 1)
    u[:, 0] = x
    for t in range(STEPS):
        u[:, t + 1] = u[:, t] + 0.1 * np.sin(u[::-1, t])
    return np.sum(u * u)


def two_rows_before(x: Any) -> Any:
    u = table(x, STEPS + 2, 3)
    u[0], u[1] = x, 0.5 * x
    for t in range(STEPS):
        u[t + 2] = 0.9 * u[t + 1] + 0.1 * np.sin(u[t])
    return np.sum(u * u)


def numbers(x: Any) -> Any:
    u = table(x, STEPS + 1)
    u[0] = x[0]
    for t in range(STEPS):
        u[t + 1] = u[t] + 0.1 * np.sin(u[t]) * x[1]
    return np.sum(u * u)


def elements(x: Any) -> Any:
    u = table(x, STEPS + 1, 2)
    u[0] = x[:2]
    for t in range(STEPS):
        u[t + 1, 0] = u[t, 0] + 0.1 * u[t, 1]
        u[t + 1, 1] = u[t, 1] - 0.1 * np.sin(u[t, 0])
    return np.sum(u * u)


def two_tables(x: Any) -> Any:
    q, v = table(x, STEPS + 1, 3), table(x, STEPS + 1, 3)
    q[0], v[0] = x, 1 - x
    for t in range(STEPS):
        v[t + 1] = v[t] - 0.1 * np.sin(q[t])
        q[t + 1] = q[t] + 0.1 * v[t + 1]
    return np.sum(q * v)


def stencil(x: Any) -> Any:
    u = table(x, STEPS + 1, 9)
    u[0, 2:5] = x
    for t in range(STEPS):
        u[t + 1, 1:-1] = u[t, 1:-1] + 0.1 * (u[t, 2:] - 2 * u[t, 1:-1] + u[t, :-2])
    return np.sum(u * u)


def added_in_place(x: Any) -> Any:
    u = np.zeros((STEPS + 1, 3), like=x)
    u[0] = x
    for t in range(STEPS):
        u[t + 1] += u[t] * 0.9
        u[t + 1] *= 0.9
    return np.sum(u * u)


def collected(x: Any) -> Any:
    out = []
    for t in range(STEPS):
        x = np.tanh(x) + 0.01 * t
        out.append(x)
    return np.sum(np.stack(out) ** 2)


TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "value": lambda f: f,
    "gradient": value_and_grad,
    "second order": lambda f: grad(lambda x: np.sum(np.sin(grad(f)(x)))),
    "vmap": lambda f: lambda x: vmap(grad(f))(np.stack([x, 2 * x])),
}
LOOPS = {"value": 1, "gradient": 2, "second order": 2, "vmap": 2}
FORMS = (rows, last_row, columns, two_rows_before, numbers, elements, two_tables, stencil, collected)


@pytest.mark.parametrize(
    ("form", "transform"),
    [
        (form, transform)
        for form in FORMS
        for transform in TRANSFORMS
        if transform in ("value", "gradient") or form is rows
    ]
    + [(elements, "vmap"), (stencil, "second order")],
)
def test_forms(form: Callable[[Any], Any], transform: str) -> None:
    function = TRANSFORMS[transform](form)
    compiled = compile(function)
    for x in (X, X, 0.7 * X):
        assert difference(compiled(x), function(x)) <= 1e-12
    (program,) = compiled.programs
    assert not compiled.fallbacks
    assert len(program.program.loops) >= LOOPS[transform], program.notes


READS: dict[str, Callable[[Any, int], Any]] = {
    "a row": lambda x, t: x[t],
    "rows backwards": lambda x, t: x[-1 - t],
    "two rows": lambda x, t: x[t + 1] * x[t],
    "rows of a window": lambda x, t: np.sum(x[t : t + 3], axis=0),
    "a row and a window": lambda x, t: x[t] + np.sum(x[t : t + 2], axis=0),
    "a row and its number": lambda x, t: x[t] * x[t, 0],
    "a row and the first": lambda x, t: x[t] * x[0],
    "each row twice": lambda x, t: x[t // 2],
    "always the same": lambda x, t: x[0] * x[3, 1],
    "always the same rows": lambda x, t: x[:2, 0] @ x[1:3],
    "a row and part of a column": lambda x, t: x[t] + x[2:5, 1],
}


@pytest.mark.parametrize("read", READS)
def test_gradients_of_parts_are_added_after_the_loop_in_the_order_of_the_function(read: str) -> None:
    def function(x: Any) -> Any:
        h = np.zeros(3)
        for t in range(2 * STEPS):
            h = np.tanh(0.5 * h + READS[read](x, t))
        return np.sum(h)

    compiled, x = compile(value_and_grad(function)), np.random.default_rng(3).normal(size=(30, 3)) * 0.3
    for factor in (1, 1, 0.7):
        found, expected = compiled(factor * x), value_and_grad(function)(factor * x)
        # the sum of what is read of a column is added to the rows at last
        assert difference(found, expected) <= (1e-15 if read == "a row and part of a column" else 0)
    (program,) = compiled.programs
    assert len(program.program.loops) == 2, program.notes
    assert len(program.program.calls) < 40


def test_parts_that_are_written_to_twice_have_what_was_written_last() -> None:
    def function(x: Any, first: int) -> Any:
        u = np.zeros((STEPS + 3, 3), like=x)
        for t in range(STEPS):
            x = np.tanh(x) + 0.1
            u[t : t + 2] = x
            u[t + first, 0] = x[1]
        return u

    for first in (0, 1, 2):
        compiled = compile(lambda x, first=first: function(x, first))
        for x in (X, X, 0.7 * X):
            assert difference(compiled(x), function(x, first)) == 0


def test_sums_in_place() -> None:
    compiled = compile(added_in_place)
    for x in (X, X, 0.7 * X):
        assert difference(compiled(x), added_in_place(x)) <= 1e-12
    assert len(compiled.programs[0].program.loops) == 1


def test_what_is_written_to_between_is_read_anew() -> None:
    """A view shows what is written to its part later, and a copy does not."""

    def function(x: Any) -> Any:
        u = np.zeros((STEPS + 1, 3), like=x)
        u[0] = x
        found = []
        for t in range(STEPS):
            view, copied = u[t], u[t].copy()
            u[t] = 0.5 * u[t] + 0.1
            found.append(view * 2 + copied)
            u[t + 1] = np.sin(found[-1])
            x += u[t]
        return np.stack(found), u, x

    compiled = compile(function)
    for x in (X, X, 0.7 * X):
        assert difference(compiled(x.copy()), function(x.copy())) <= 1e-12
    assert not compiled.fallbacks


def test_parts_that_overlap_and_other_writes() -> None:
    """What is not known of a row is read from the array: other values, other dtypes, masks and places that vary."""

    def function(x: Any) -> Any:
        u, places = np.ones((STEPS + 2, 3), np.float32), np.arange(3)
        for t in range(STEPS):
            u[t + 1] = x * u[t]  # rounded to single precision
            u[t + 1, 1:] = 0.25
            u[t + 1, places[:2]] *= 0.5
            u[t : t + 2] -= 0.01
            x = x + 0.1 * u[t + 1] + u[t, 0]
            u[t][u[t] > 1e3] = 0
        return u, x

    compiled = compile(function)
    for x in (X, X, 0.7 * X):
        assert difference(compiled(x), function(x)) <= 1e-6
    assert not compiled.fallbacks


def test_a_view_that_is_returned_is_alone() -> None:
    """The results are arrays of their own, or views of one, as without `compile`."""

    def function(x: Any) -> Any:
        u = np.zeros((STEPS + 1, 3), like=x)
        u[0] = x
        for t in range(STEPS):
            u[t + 1] = u[t] * 0.9
        return u[STEPS], u[2:4], u

    compiled = compile(function)
    for _ in range(3):
        last, some, whole = compiled(X)
        whole[-1] = 7
        whole[2] = 5
        assert (last == 7).all()
        assert (some[0] == 5).all()
        assert X[0] == 0.3


def test_a_program_that_does_not_become_shorter_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def function(x: Any) -> Any:
        u = np.zeros((STEPS, 4, 3), like=x)
        for t in range(1, STEPS):
            u[t, 0] = x * t
            for k in range(1, 1 + t % 3):  # another number of times in each step
                u[t, k] = u[t, k - 1] + np.sum(u[:t])
        return np.sum(u * u)

    compiled = compile(function)
    for x in (X, X, 0.7 * X):
        assert difference(compiled(x), function(x)) <= 1e-12
    assert not compiled.programs[0].program.loops
    calls = compiled.programs[0].calls
    monkeypatch.setattr(roll, "forward", lambda program, fewest: False)
    again = compile(function)
    again(X), again(X)
    assert again.programs[0].calls == calls
