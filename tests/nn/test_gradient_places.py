"""Gradients are written into the optimizer's own array, unless somebody could see that."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, tensor


def setup(*sizes: int) -> tuple[Any, Any, Any, Any]:
    nn.manual_seed(0)
    model = nn.MLP(sizes or (4, 6, 3))
    draw = np.random.default_rng(0)
    x, y = draw.standard_normal((5, 4)).astype(np.float32), draw.integers(0, 3, 5)
    return model, nn.optim.Adam(model.parameters(), lr=0.1), x, y


def step(model: Any, optimizer: Any, x: Any, y: Any) -> None:
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()


def memory(array: Any) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def test_gradients_of_linear_layers_are_written_in_place() -> None:
    model, optimizer, x, y = setup()
    step(model, optimizer, x, y)
    addresses = [memory(p.grad.data) for p in model.parameters()]
    step(model, optimizer, x, y)
    assert [memory(p.grad.data) for p in model.parameters()] == addresses
    lengths = [p.grad.data.nbytes for p in model.parameters()]
    assert addresses == [addresses[0] + sum(lengths[:i]) for i in range(len(lengths))]


@pytest.mark.parametrize(
    "hold",
    [
        lambda p: p.grad,
        lambda p: p.grad.data,
        lambda p: p.grad.data[:1],
        lambda p: p.grad.data.T.reshape(-1)[:2],
        lambda p: memoryview(p.grad.data),
        lambda p: Tensor(p.grad.data),
        lambda p: p.grad.detach(),
    ],
)
def test_a_held_gradient_is_never_overwritten(hold: Any) -> None:
    model, optimizer, x, y = setup()
    step(model, optimizer, x, y)
    for parameter in model.parameters():
        held = hold(parameter)
        value = np.array(held.data if isinstance(held, Tensor) else held)
        step(model, optimizer, x, y)
        optimizer.zero_grad(set_to_none=False)
        nn.functional.cross_entropy(model(x), y).backward()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        np.testing.assert_array_equal(held.data if isinstance(held, Tensor) else held, value)
        assert not np.array_equal(np.array(parameter.grad.data).ravel()[: value.size], value.ravel())


def test_all_gradients_of_all_steps_can_be_held() -> None:
    model, optimizer, x, y = setup()
    twin, twin_optimizer, _, _ = setup()
    history = []
    for _ in range(4):
        step(model, optimizer, x, y)
        step(twin, twin_optimizer, x, y)
        history.append(
            [(p.grad, q.grad.data.copy()) for p, q in zip(model.parameters(), twin.parameters(), strict=True)]
        )
    # to rounding, which on some processors depends on where the memory of a product starts
    for gradients in history:
        for held, copied in gradients:
            np.testing.assert_allclose(held.data, copied, rtol=1e-4, atol=1e-6)
    for one, two in zip(model.parameters(), twin.parameters(), strict=True):
        np.testing.assert_allclose(one.data, two.data, rtol=1e-4, atol=1e-6)


def test_a_held_gradient_does_not_grow_when_another_is_added() -> None:
    model, optimizer, x, y = setup()
    step(model, optimizer, x, y)
    weight = model[0].weight
    held, value = weight.grad, weight.grad.data.copy()
    nn.functional.cross_entropy(model(x), y).backward()
    np.testing.assert_array_equal(held.data, value)
    assert weight.grad is not held


def test_gradients_accumulate_over_batches() -> None:
    model, optimizer, x, y = setup()
    step(model, optimizer, x, y)
    optimizer.zero_grad()
    parts = []
    for rows in (slice(0, 2), slice(2, 4), slice(4, 5)):
        nn.functional.cross_entropy(model(x[rows]), y[rows], reduction="sum").backward()
        parts.append(model[0].weight.grad.data.copy())
    other, _, _, _ = setup()
    other.load_state_dict(model.state_dict())
    nn.functional.cross_entropy(other(x), y, reduction="sum").backward()
    for one, two in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(one.grad.data, two.grad.data, atol=1e-6)
    assert not np.allclose(parts[0], parts[1])


def reference(values: Any, gradients: Any) -> Any:
    return [value - 0.1 * gradient for value, gradient in zip(values, gradients, strict=True)]


def test_values_and_gradients_that_the_user_replaces_count() -> None:
    w, v = nn.Parameter([1.0, 2.0]), nn.Parameter([3.0])
    optimizer = nn.optim.SGD([w, v], lr=0.1)
    w.grad, v.grad = [1.0, 1.0], [1.0]
    optimizer.step()
    w.data = np.array([10.0, 20.0], np.float32)
    assert w.data.tolist() == [10, 20]
    w.grad = np.array([5.0, 5.0])
    v.grad = v.grad * 3
    optimizer.step()
    np.testing.assert_allclose(w.data, [9.5, 19.5])
    np.testing.assert_allclose(v.data, [3 - 0.1 - 0.3], rtol=1e-6)
    w.data -= 1
    gradient: Any = w.grad
    gradient.data[...] *= 2
    optimizer.step()
    np.testing.assert_allclose(w.data, [7.5, 17.5])


def test_a_parameter_that_changes_shape_or_dtype_needs_a_new_optimizer() -> None:
    w = nn.Parameter([1.0, 2.0])
    optimizer = nn.optim.SGD([w], lr=0.1)
    w.data = np.ones(3, np.float32)
    w.grad = np.ones(3)
    with pytest.raises(ValueError, match=r"parameter 0 has become \(3,\) float32, but.*\(2,\) float32: make a new"):
        optimizer.step()
    w.data = np.ones(2)
    w.grad = np.ones(2)
    optimizer.step()  # the first, before which a dtype may change
    assert w.data.tolist() == [0.9, 0.9]
    w.data = np.ones(2, np.float32)
    w.grad = np.ones(2, np.float32)
    with pytest.raises(ValueError, match=r"become \(2,\) float32"):
        optimizer.step()


def test_two_optimizers_of_one_parameter() -> None:
    w = nn.Parameter(np.ones((2, 2)), dtype=float)
    first, second = nn.optim.SGD([w], lr=0.1), nn.optim.SGD([w, nn.Parameter([1.0])], lr=1.0)
    expected = np.ones((2, 2))
    for _ in range(3):
        first.zero_grad()
        second.zero_grad()
        (w * w).sum().backward()
        g = 2 * expected
        np.testing.assert_allclose(w.grad.data, g)
        first.step()
        second.step()
        expected = expected - 0.1 * g - 1.0 * g
        np.testing.assert_allclose(w.data, expected)


def test_a_shared_weight_has_the_sum_of_its_gradients() -> None:
    layer = nn.Linear(3, 3, dtype=np.float64)
    optimizer = nn.optim.SGD(layer.parameters(), lr=0.1)
    x = np.random.default_rng(0).standard_normal((4, 3))
    plain = nn.Linear(3, 3, dtype=np.float64)
    for _ in range(3):
        plain.load_state_dict(layer.state_dict())
        plain.zero_grad()
        optimizer.zero_grad()
        for model in (layer, plain):
            (model(model(x)) ** 2).sum().backward()
        for one, two in zip(layer.parameters(), plain.parameters(), strict=True):
            np.testing.assert_allclose(one.grad.data, two.grad.data)
        optimizer.step()


def test_parameters_frozen_and_thawed_between_steps() -> None:
    model, optimizer, x, y = setup()
    step(model, optimizer, x, y)
    model[0].requires_grad_(False)
    frozen = model[0].weight.data.copy()
    step(model, optimizer, x, y)
    np.testing.assert_array_equal(model[0].weight.data, frozen)
    model[0].requires_grad_()
    step(model, optimizer, x, y)
    assert not np.array_equal(model[0].weight.data, frozen)
    step(model, optimizer, x, y)
    address = memory(model[0].weight.grad.data)
    step(model, optimizer, x, y)
    assert memory(model[0].weight.grad.data) == address


def test_an_optimizer_of_frozen_parameters() -> None:
    w = nn.Parameter([1.0], requires_grad=False)
    optimizer = nn.optim.SGD([w], lr=1.0)
    optimizer.zero_grad()
    with pytest.warns(nn.TrainingWarning, match="no parameter of this optimizer has a gradient"):
        optimizer.step()
    optimizer.step()  # which says nothing again
    assert w.item() == 1
    w.requires_grad_()
    w.grad = [0.25]
    optimizer.step()
    assert w.item() == 0.75


def test_gradients_that_record_can_be_stepped_along() -> None:
    w = nn.Parameter([2.0], dtype=float)
    optimizer = nn.optim.SGD([w], lr=0.5)
    (w**3).sum().backward(create_graph=True)
    penalty = (w.grad**2).sum()
    optimizer.zero_grad()
    penalty.backward()
    np.testing.assert_allclose(w.grad.data, 2 * 3 * 4 * 6 * 2)
    optimizer.step()
    np.testing.assert_allclose(w.data, 2 - 0.5 * 288)


def test_a_parameter_outlives_its_optimizer() -> None:
    model, optimizer, x, y = setup()
    step(model, optimizer, x, y)
    held, value = model[0].weight.grad.data, model[0].weight.grad.data.copy()
    reference = weakref.ref(optimizer)
    del optimizer
    assert reference() is None
    model.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    np.testing.assert_array_equal(held, value)
    step(model, nn.optim.SGD(model.parameters(), lr=1.0), x, y)
    np.testing.assert_array_equal(held, value)


def test_training_leaves_no_cycles_to_collect() -> None:
    model, optimizer, x, y = setup()
    step(model, optimizer, x, y)
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            step(model, optimizer, x, y)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_values_loaded_into_a_model_reach_its_optimizer() -> None:
    model, optimizer, x, y = setup()
    state = model.state_dict()
    for _ in range(3):
        step(model, optimizer, x, y)
    model.load_state_dict(state)
    optimizer.zero_grad()
    model[2].bias.grad = np.zeros(3)
    with pytest.warns(nn.TrainingWarning, match="no parameter of this optimizer has a gradient"):
        nn.optim.SGD([tensor([1.0], requires_grad=True)]).step()
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, state[name])
    step(model, optimizer, x, y)
    assert not np.array_equal(model[0].weight.data, state["0.weight"])
