"""Hooks at tensors."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import GraphError, ShapeError, Tensor, gradients, jvp, tensor
from autograd.testing import check_operation

X = np.array([1.0, 2.0])


def leaf() -> Tensor:
    return tensor(X, requires_grad=True)


def test_a_hook_at_a_result_sees_the_whole_gradient_once() -> None:
    x, seen = leaf(), []
    y = x * x
    y.register_hook(lambda g: seen.append(g.data.copy()))
    (y * 2 + y * 3).sum().backward()
    assert len(seen) == 1
    assert np.array_equal(seen[0], [5.0, 5.0])
    assert np.array_equal(x.grad.data, 10 * X)


def test_what_a_hook_returns_goes_on() -> None:
    x = leaf()
    y = x * x
    y.register_hook(lambda g: g * 0 + 1)
    y.register_hook(lambda g: [4, 8])
    y.retain_grad()
    (7 * y).sum().backward()
    assert np.array_equal(x.grad.data, np.array([4, 8]) * 2 * X)
    assert np.array_equal(y.grad.data, [4.0, 8.0])


def test_hooks_at_a_leaf_come_before_and_after_it_accumulates() -> None:
    x, sums = leaf(), []
    x.register_hook(lambda g: g * 10)
    x.register_post_accumulate_grad_hook(lambda leaf: sums.append(leaf.grad.data.copy()))
    for _ in range(2):
        x.sum().backward()
    assert np.array_equal(sums, [[10, 10], [20, 20]])
    (g,) = gradients(x.sum(), x)
    assert np.array_equal(g.data, [10.0, 10.0])


def test_a_step_may_be_taken_while_gradients_arrive() -> None:
    x = leaf()

    def step(parameter: Tensor) -> None:
        parameter.data -= 0.5 * parameter.grad.data
        parameter.grad = None

    x.register_post_accumulate_grad_hook(step)
    x.sum().backward()
    assert np.array_equal(x.data, X - 0.5)
    assert x.grad is None


def test_a_removed_hook_is_not_called() -> None:
    x, calls = leaf(), []
    y = x * 2
    handles = [t.register_hook(lambda g: calls.append(g)) for t in (x, y)]
    with handles[0], handles[1]:
        y.sum().backward(retain_graph=True)
    y.sum().backward()
    handles[0].remove()
    assert len(calls) == 2


def test_a_hook_cannot_write_to_the_gradient() -> None:
    x = leaf()
    x.register_hook(lambda g: g.data.fill(0))
    with pytest.raises(ValueError, match="read-only"):
        (x * 2).sum().backward()


def test_a_hook_may_keep_the_gradient() -> None:
    x, kept = leaf(), list[Tensor]()
    y = x * np.ones((3000, 2))
    y.register_hook(kept.append)
    (y.sum() + (y * 2).sum()).backward()
    assert np.array_equal(kept[0].data, np.full((3000, 2), 3.0))


def test_hooks_are_called_once_also_where_a_walk_has_to_be_repeated() -> None:
    x, calls = tensor([-1.0, 4.0], requires_grad=True), []
    y = x * 1
    y.register_hook(lambda g: calls.append(g))
    with np.errstate(invalid="ignore"):
        np.where(y.data > 0, np.sqrt(y), 0).sum().backward()
    assert np.array_equal(x.grad.data, [0, 0.25])
    assert len(calls) == 1


def test_a_hook_sees_what_an_inner_tensor_is_differentiated_to() -> None:
    x = leaf()
    y = x * x
    y.register_hook(lambda g: g * 3)
    of_y, of_x = gradients(y.sum(), [y, x])
    assert np.array_equal(of_y.data, [3.0, 3.0])
    assert np.array_equal(of_x.data, 6 * X)


def test_hooks_record_where_the_walk_does() -> None:
    x = leaf()
    y = x * x
    y.register_hook(lambda g: g * x)
    (first,) = gradients(y.sum(), x, create_graph=True)
    (second,) = gradients(first.sum(), x)
    assert np.array_equal(first.data, 2 * X * X)
    assert np.array_equal(second.data, 4 * X)


def test_hooks_leave_forward_mode_alone() -> None:
    def function(x: Any) -> Any:
        y = np.sin(x)
        if isinstance(y, Tensor) and y.requires_grad:
            y.register_hook(lambda g: None)
        return y * y

    check_operation(function, X)
    assert np.allclose(jvp(function, X, np.ones(2))[1], np.sin(2 * X))


def test_complex_gradients_are_seen_as_grad_shows_them() -> None:
    z, seen = tensor(X + 1j, requires_grad=True), []
    w = z * 2
    for t in (z, w):
        t.register_hook(lambda g: seen.append(g.data.copy()))
    w.imag.sum().backward()
    assert np.array_equal(seen[0], [1j, 1j])
    assert np.array_equal(seen[1], z.grad.data)


def test_errors_name_the_remedy() -> None:
    with pytest.raises(GraphError, match="does not require a gradient"):
        tensor(X).register_hook(print)
    with pytest.raises(GraphError, match=r"use register_hook\(\) for a result"):
        (leaf() * 2).register_post_accumulate_grad_hook(print)
    x = leaf()
    y = x * 2
    y.register_hook(lambda g: np.ones(3))
    with pytest.raises(ShapeError, match=r"a hook at 'multiply' returned a gradient of shape \(3,\)"):
        y.sum().backward()


def test_hooks_make_no_cycles() -> None:
    gc.disable()
    try:
        x = leaf()
        y = x * x
        y.register_hook(lambda g: g)
        y.retain_grad()
        x.register_post_accumulate_grad_hook(lambda leaf: None)
        y.sum().backward()
        gone = [weakref.ref(t) for t in (x, y)]
        del x, y
        assert [ref() for ref in gone] == [None, None]
    finally:
        gc.enable()


def test_handles_are_public() -> None:
    assert isinstance(leaf().register_hook(print), autograd.Handle)


def test_a_hook_at_a_number() -> None:
    x, seen = tensor(2.0, requires_grad=True), []
    y: Any = np.sin(x)
    y.register_hook(lambda g: seen.append(g.item()))
    (y * y).backward()
    assert seen == [2 * np.sin(2.0)]
    assert x.grad.item() == pytest.approx(np.sin(4.0))
