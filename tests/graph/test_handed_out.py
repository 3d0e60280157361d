"""Memory that the engine hands out: what NumPy writes to it is noticed, or it was not that of the graph."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import GraphError, Tensor, checkpoint, gradients, jvp, linearize, no_grad, tensor, vjp

OVERWRITTEN = "written to in place afterwards"
VALUES = [1.0, 2.0, 3.0]


def leaf() -> Any:
    return tensor(VALUES, requires_grad=True)


def out_of_band(x: Any) -> Any:
    buffers: list[pickle.PickleBuffer] = []
    pickle.dumps(x, protocol=5, buffer_callback=buffers.append)
    return np.frombuffer(buffers[0].raw())


WAYS: dict[str, Callable[[Any], Any]] = {
    "data": lambda x: x.data,
    "data of a constant": lambda x: x.detach().data,
    "data of a view": lambda x: x[:].data,
    "numpy()": lambda x: x.numpy(),
    "numpy.asarray": lambda x: np.asarray(x.detach()),
    "numpy.array without a copy": lambda x: np.array(x.detach(), copy=None),
    "dlpack": lambda x: np.from_dlpack(x.detach()),
    "buffer": lambda x: np.asarray(memoryview(x.data)),
    "leaf that shares it": lambda x: Tensor(x, requires_grad=True).data,
    "tensor that shares it": lambda x: Tensor(x).data,
    "pickle": lambda x: out_of_band(x),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("of", ["leaf", "result"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_is_written_to_through_it_is_noticed(way: str, of: str, when: str) -> None:
    x = leaf()
    h = x if of == "leaf" else np.exp(x)
    memory = WAYS[way](h) if when == "before" else None
    y = (h * h).sum()
    if memory is None:
        memory = WAYS[way](h)
    if not memory.flags.writeable:
        memory.flags.writeable = True
    memory[0] = 9.0
    with pytest.raises(GraphError, match=OVERWRITTEN):
        y.backward()


def test_a_value_that_is_put_back_too_early() -> None:
    x = leaf()
    h = x + 0
    memory = h.data
    memory[0] = 5.0
    y = (h * h).sum()  # with 5
    memory[0] = 1.0
    with pytest.raises(GraphError, match=OVERWRITTEN):
        y.backward()


def test_a_write_through_the_tensor_does_not_hide_later_ones() -> None:
    x = leaf()
    h = x + 0
    memory = h.data
    with no_grad():
        h[0] = 1.0
    y = (h * h).sum()
    memory[1] = 9.0
    with pytest.raises(GraphError, match=OVERWRITTEN):
        y.backward()


def test_reading_another_tensor_does_not_hide_a_write() -> None:
    x = leaf()
    h = np.exp(x)
    y = (h * h).sum()
    memory = h.data
    other = Tensor(h, requires_grad=True)
    memory[0] = 9.0
    assert other.data[0] == 9.0
    with pytest.raises(GraphError, match=OVERWRITTEN):
        y.backward()


def test_copies_are_copies() -> None:
    x: Any = leaf()
    x.grad = VALUES
    y = (x * x).sum()
    copied = copy.copy(x)
    copied.data[0] = 9.0
    assert (x.tolist(), copied.grad.tolist(), copied.requires_grad) == (VALUES, VALUES, True)
    y.backward()
    assert x.grad.tolist() == [3.0, 6.0, 9.0]


def test_what_transforms_return_is_not_what_the_graph_needs() -> None:
    x = np.array(VALUES)
    expected = np.exp(x)
    value, pull = vjp(np.exp, x)
    value *= 0
    np.testing.assert_array_equal(pull(np.ones(3))[0], expected)
    value, push = linearize(np.exp, x)
    value *= 0
    np.testing.assert_array_equal(push(np.ones(3)), expected)
    direction = np.ones(3)
    _, tangent = jvp(lambda x: x + 1, x, direction)
    tangent *= 5
    np.testing.assert_array_equal(direction, np.ones(3))


def test_what_was_written_to_before_a_derivative_is_asked_for() -> None:
    x = np.array(VALUES)
    _, pull = vjp(np.sin, x)
    _, push = linearize(np.sin, x)
    x[0] = 9.0
    for derivative in (pull, push):
        with pytest.raises(GraphError, match=OVERWRITTEN):
            derivative(np.ones(3))


def test_recorded_gradients_share_no_memory() -> None:
    x, y, seed = leaf(), leaf(), np.ones(3)
    (x + y).backward(seed, create_graph=True)
    first, second = gradients((x + y).sum(), [x, y], create_graph=True)
    first *= 5.0
    seed *= 7.0
    with no_grad():
        x.grad *= 5.0
    assert (x.grad.tolist(), y.grad.tolist(), second.tolist()) == ([5.0] * 3, [1.0] * 3, [1.0] * 3)
    weight = leaf()
    (own,) = gradients(x * 1.0, x, weight, create_graph=True)
    assert own is not weight
    assert not np.shares_memory(own.data, weight.data)
    (back,) = gradients(own.sum(), weight)
    assert back.tolist() == [1.0] * 3


@pytest.mark.parametrize("write", [lambda w: w.__iadd__(1e-6), lambda w: w.data.__iadd__(1e-6)])
@pytest.mark.parametrize("function", [lambda x, w: np.exp(x * w), lambda x, w: np.exp(x + w)])
@pytest.mark.parametrize("known", [True, False])
def test_checkpoint_notices_small_writes(
    write: Callable[[Any], Any], function: Callable[[Any, Any], Any], known: bool
) -> None:
    x, w = leaf(), leaf()
    y = (checkpoint(lambda x: function(x, w), x) if known else checkpoint(function, x, w)).sum()
    with no_grad():
        write(w)
    with pytest.raises(GraphError, match=f"other values|{OVERWRITTEN}"):
        y.backward()


def test_checkpoint_computes_again_with_arguments_as_they_were() -> None:
    def function(h: Any) -> Any:
        h += 1.0
        return h * h

    x = leaf()
    h = x * 1.0
    y = checkpoint(function, h)
    h[0] = 0.0
    y.sum().backward()
    assert h.tolist() == [0.0, 3.0, 4.0]
    assert x.grad.tolist() == [4.0, 6.0, 8.0]
