"""`while_loop`: as many steps as a condition on the state asks for, eager and in compiled functions."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from autograd import (
    DtypeError,
    ShapeError,
    Tensor,
    compile,
    grad,
    hessian,
    jvp,
    tensor,
    value_and_grad,
    vmap,
    while_loop,
)
from autograd.transforms.pytree import flatten

STARTS = np.array([2.0, 9.0, 400.0, 1.0])


def root(a: Any) -> Any:
    return while_loop(lambda x: abs(x * x - a) > 1e-12, lambda x: 0.5 * (x + a / x), 1.0)


def root_by_hand(a: Any) -> Any:
    x: Any = 1.0
    while abs(x * x - a) > 1e-12:
        x = 0.5 * (x + a / x)
    return x + 0 * a


def walk(v: Any) -> Any:
    """A state of several arrays, one of them an integer, and a condition on another."""

    def step(s: Any) -> Any:
        return {"z": np.sin(s["z"]) * v + s["z"], "t": s["t"] + 1 + np.floor(np.abs(s["z"][0])), "n": s["n"] + 1}

    end = while_loop(lambda s: s["t"] < 20, step, {"z": 2 * v, "t": 0.0, "n": 0})
    return np.sum(end["z"] ** 2)


AT = [np.array([0.3, 0.4]), np.array([1.3, 2.4]), np.array([0.1, -0.4])]
ORDERS: dict[str, Callable[[Any], Any]] = {
    "value": lambda f: f,
    "value and grad": value_and_grad,
    "jvp": lambda f: lambda x: jvp(f, x, x)[1],
    "hessian": hessian,
}


def test_it_is_the_loop_with_its_derivatives() -> None:
    for a in STARTS:
        assert root(a) == root_by_hand(a)
        for transform in (grad, lambda f: grad(grad(f)), lambda f: lambda x: jvp(f, x, 0.5)[1]):
            np.testing.assert_allclose(transform(root)(a), transform(root_by_hand)(a), rtol=1e-12, atol=1e-14)
    assert while_loop(lambda s: s[0] < 0, lambda s: s, (np.float32(1), None)) == (1, None)
    w = tensor(4.0, requires_grad=True)
    found = root(w)
    assert type(found) is Tensor
    found.backward()
    np.testing.assert_allclose(w.grad.data, 0.25, rtol=1e-12)


def test_elements_of_a_batch_stop_each_for_itself() -> None:
    np.testing.assert_allclose(vmap(root)(STARTS), [root(a) for a in STARTS], rtol=1e-15)
    np.testing.assert_allclose(vmap(grad(root))(STARTS), [grad(root)(a) for a in STARTS], rtol=1e-12, atol=1e-14)
    counted = vmap(lambda a: while_loop(lambda s: s[0] < 10, lambda s: (s[0] * a, s[1] + 1), (1.0, 0))[1])
    assert counted(np.array([2.0, 3.0, 20.0])).tolist() == [4, 3, 1]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("order", ORDERS)
def test_a_program_takes_as_many_steps_as_each_call_needs(order: str, backend: Any) -> None:
    for function, points in ((root, STARTS), (walk, AT)):
        transformed = ORDERS[order](function)
        compiled = compile(transformed, backend=backend)
        for x in (*points, *points[::-1]):
            for found, expected in zip(flatten(compiled(x))[0], flatten(transformed(x))[0], strict=True):
                np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
        assert not compiled.fallbacks
        assert [program.diverged for program in compiled.programs] == [0]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_programs_of_batches(backend: Any) -> None:
    for transformed in (vmap(root), vmap(grad(root))):
        compiled = compile(transformed, backend=backend)
        for x in (STARTS, STARTS[::-1].copy(), np.ones(4), np.full(4, 1e6)):
            np.testing.assert_allclose(compiled(x), transformed(x), rtol=1e-9, atol=1e-12)
        assert not compiled.fallbacks
        assert [program.diverged for program in compiled.programs] == [0]


def test_a_closure_decides() -> None:
    compiled = compile(grad(lambda x, end: while_loop(lambda s: s < end, lambda s: s * x, x)))
    for x, end in ((1.5, 10.0), (1.5, 100.0), (2.0, 1.0)):
        expected = grad(lambda x, end=end: while_loop(lambda s: s < end, lambda s: s * x, x))(x)
        np.testing.assert_allclose(compiled(np.float64(x), end), expected, rtol=1e-12)
    assert len(compiled.programs) == 1
    assert not compiled.fallbacks


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: while_loop(lambda s: s < 1, lambda s: s, np.zeros(2)), ShapeError, r"at .*test_while_loop.py:\d+ "
         r"returned .* to while_loop\(\), which goes on while one number is true: .* numpy.any"),
        (lambda: while_loop(lambda s: None, lambda s: s, 0.0), ShapeError, "returned None to while_loop"),
        (lambda: while_loop(lambda s: s < 1, lambda s: None, 0.0), ShapeError, "loop.*: is a return missing"),
        (lambda: while_loop(lambda s: s < 1, lambda s: np.ones(2), 0.0), ShapeError, r"state of shape \(\), .*\(2,\)"),
        (lambda: while_loop(lambda s: s < 1, lambda s: s + 0.5, 0), DtypeError, "int64, and returned float64 to while"),
        (lambda: while_loop(lambda s: s[0] < 1, lambda s: s[:1], (0.0, 1.0)), ShapeError, "a tuple with 1 arrays"),
        (lambda: while_loop(cast(Any, True), lambda s: s, 0.0), TypeError, "condition"),
        (lambda: while_loop(lambda s: False, cast(Any, 3), 0.0), TypeError, "step"),
        (lambda: cast(Any, while_loop)(cond_fun=bool, body_fun=abs, init_val=0.0), TypeError, "'cond_fun': here it is"),
    ],
)  # fmt: skip
def test_errors_name_what_is_wrong(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
