"""How long graphs live: as long as somebody holds a result of them, and not a moment longer, without the collector."""

import copy
import gc
import pickle
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import nn
from autograd import GraphError, Tensor, gradients, hessian, tensor


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.freeze()  # what earlier tests left, so that the next collection has little to look at
    gc.disable()
    yield
    gc.enable()


def leaf() -> Tensor:
    return tensor([1.0, 2.0], requires_grad=True)


def with_create_graph(x: Tensor) -> Any:
    y = x * x
    (y * y).sum().backward(create_graph=True)
    return x.grad.data.copy(), y


def with_retained_gradients(x: Tensor) -> Any:
    y = x * x
    y.retain_grad()
    (y * y).sum().backward(create_graph=True)
    assert np.array_equal(y.grad.data, 2 * y.data)
    return y


def with_inner_inputs(x: Tensor) -> Any:
    y = x * x
    (y * y).sum().backward(inputs=[y, x], create_graph=True)
    assert np.array_equal(y.grad.data, 2 * y.data)
    return y


def with_gradients(x: Tensor) -> Any:
    return gradients(np.exp(x).sum(), x, create_graph=True)


def with_several_outputs(x: Tensor) -> Any:
    pair: Any = np.linalg.eigh(np.diag(x) + 0.5)
    values, vectors = pair
    (values * vectors**2).sum().backward(create_graph=True)
    return values


def with_an_error(x: Tensor) -> Any:
    with pytest.raises(GraphError):
        (x * x).backward()


def with_transforms(x: Tensor) -> Any:
    return hessian(lambda y: np.sum(y**3 * x.data))(x.data)


WAYS: list[Callable[[Tensor], Any]] = [
    with_create_graph, with_retained_gradients, with_inner_inputs, with_gradients, with_several_outputs, with_an_error,
    with_transforms,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_nothing_is_left(way: Callable[[Tensor], Any]) -> None:
    x = leaf()
    assert gc.collect() >= 0
    kept = way(x)
    gone = weakref.ref(x), weakref.ref(x.data)
    del x, kept
    assert [ref() for ref in gone] == [None, None]
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        ours = [thing for thing in gc.garbage if type(thing).__module__.partition(".")[0] == "autograd"]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert not ours


def test_a_gradient_that_can_be_differentiated_again_stays_so() -> None:
    x = leaf()
    (x * x * x).sum().backward(create_graph=True)
    first = x.grad
    x.zero_grad()
    first.sum().backward()
    assert np.array_equal(x.grad.data, 6 * x.data)


def test_the_gradient_of_a_leaf_that_nobody_holds_is_nobodys() -> None:
    x = leaf()
    y = (x * 2).sum()
    del x
    y.backward()


def test_results_are_used_again_in_later_walks() -> None:
    x = leaf()
    y: Any = np.exp(x)
    y.sum().backward(retain_graph=True)
    (y * y).sum().backward(retain_graph=True)
    assert np.allclose(x.grad.data, y.data + 2 * y.data**2)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_copies(copied: Callable[[Any], Any]) -> None:
    x = leaf()
    y = x * x
    of_leaf, of_result = copied(x), copied(y)
    assert of_leaf.requires_grad
    assert of_leaf.is_leaf
    assert not of_result.requires_grad
    assert np.array_equal(of_result.data, y.data)
    of_leaf.sum().backward()
    assert x.grad is None


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_copies_of_modules_that_hold_activations(copied: Callable[[Any], Any]) -> None:
    layer = nn.Linear(2, 3)
    layer.last = layer(np.ones((1, 2), np.float32))
    twin = copied(layer)
    assert np.array_equal(twin.last.data, layer.last.data)
    assert not twin.last.requires_grad
    twin(np.ones((1, 2), np.float32)).sum().backward()
    assert twin.weight.grad is not None
    assert layer.weight.grad is None


def test_detach_in_place() -> None:
    x = leaf()
    y = x * x
    same = y.detach_()
    assert same is y
    assert y.is_leaf
    assert not y.requires_grad
    y.requires_grad_()
    (y * 3).sum().backward()
    assert np.array_equal(y.grad.data, [3.0, 3.0])
    assert x.grad is None


def test_a_walk_forgets_what_it_compared() -> None:
    x, factor = tensor([1.0, 2.0], requires_grad=True), np.array([3.0, 4.0])
    y = (x * factor).sum()
    y.backward()
    gone = weakref.ref(factor)
    factor[0] = 9.0
    with pytest.raises(GraphError, match="freed the graph"):
        y.backward()
    del factor
    assert gone() is None
