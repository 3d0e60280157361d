"""Hooks at modules."""

import copy
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, gradients, no_grad, tensor

X = np.array([[1.0, -2.0], [0.5, 3.0]])


class Both(nn.Module):
    """The sum of two inputs and their product."""

    def forward(self, x: Any, y: Any) -> Any:
        """Return both."""
        return x + y, x * y


def test_what_goes_in_and_comes_out_can_be_replaced() -> None:
    layer = nn.Linear(2, 2, dtype=float)
    plain, doubled = layer(X), layer(2 * X)
    with layer.register_forward_pre_hook(lambda module, args: 2 * args[0]):
        assert np.array_equal(layer(X).data, doubled.data)
    with layer.register_forward_hook(lambda module, args, output: output * 3):
        assert np.array_equal(layer(X).data, 3 * plain.data)
    assert np.array_equal(layer(X).data, plain.data)


def test_hooks_see_the_module_and_its_arguments_in_order() -> None:
    layer, seen = nn.ReLU(), list[Any]()
    layer.register_forward_pre_hook(lambda module, args: seen.append(("before", module, args)))
    layer.register_forward_hook(lambda module, args, output: seen.append(("after", args, output.shape)))
    layer.register_forward_hook(lambda module, args, output: seen.append("last"))
    layer(tensor(X))
    assert seen[0][:2] == ("before", layer)
    assert seen[1][0] == "after"
    assert seen[1][2] == (2, 2)
    assert seen[2] == "last"


def test_backward_hooks_see_both_sides() -> None:
    layer, seen = nn.Linear(2, 3, dtype=float), list[Any]()
    layer.register_full_backward_hook(lambda module, of_inputs, of_outputs: seen.append((of_inputs, of_outputs)))
    x = tensor(X, requires_grad=True)
    layer(x).sum().backward()
    ((of_inputs, of_outputs),) = seen
    assert np.array_equal(of_outputs[0].data, np.ones((2, 3)))
    assert np.allclose(of_inputs[0].data, np.ones((2, 3)) @ layer.weight.data)
    assert np.array_equal(x.grad.data, of_inputs[0].data)
    layer(X).sum().backward()
    assert seen[1][0] == (None,)


def test_the_gradient_of_inputs_can_be_replaced() -> None:
    module = Both()
    module.register_full_backward_hook(lambda module, of_inputs, of_outputs: (of_inputs[0] * 10, None))
    x, y = (tensor(X, requires_grad=True) for _ in range(2))
    total, product = module(x, y)
    (total + product).sum().backward()
    assert np.array_equal(x.grad.data, 10 * (1 + X))
    assert y.grad is None
    with module.register_full_backward_hook(lambda *given: given[1][0]), pytest.raises(Exception, match="2 inputs"):
        module(x, y)[0].sum().backward()


def test_an_output_that_was_not_used_has_zeros() -> None:
    module, seen = Both(), list[Any]()
    module.register_full_backward_hook(lambda module, of_inputs, of_outputs: seen.append(of_outputs))
    x = tensor(X, requires_grad=True)
    module(x, X)[1].sum().backward()
    assert np.array_equal(seen[0][0].data, np.zeros((2, 2)))
    assert np.array_equal(x.grad.data, X)


def test_second_derivatives_pass_through() -> None:
    module = nn.Tanh()
    module.register_full_backward_hook(lambda module, of_inputs, of_outputs: None)
    x = tensor(X, requires_grad=True)
    (first,) = gradients(module(x).sum(), x, create_graph=True)
    (second,) = gradients(first.sum(), x)
    t = np.tanh(X)
    assert np.allclose(second.data, -2 * t * (1 - t * t))


def test_hooks_within_a_model_and_without_a_graph() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    shapes: list[Any] = []
    for module in model.modules():
        module.register_forward_hook(lambda module, args, output: shapes.append((type(module).__name__, output.shape)))
    model[0].register_full_backward_hook(lambda *given: None)
    with no_grad():
        assert isinstance(model(X.astype(np.float32)), Tensor)
    assert [name for name, _ in shapes] == ["Linear", "ReLU", "Sequential"]


def test_hooks_are_no_part_of_the_state_and_go_with_copies() -> None:
    layer, seen = nn.Linear(2, 2), list[int]()
    layer.register_forward_hook(lambda module, args, output: seen.append(1))
    assert set(layer.state_dict()) == {"weight", "bias"}
    copy.deepcopy(layer)(X.astype(np.float32))
    assert seen == [1]
