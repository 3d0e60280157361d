"""An optimizer never cuts a parameter from what shares its memory: views, ndarrays, other parameters and optimizers."""

import importlib
import weakref
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import GraphError, Tensor, no_grad, tensor
from autograd.extend import borrow

from ..lists import assert_complete
from .optimizer_programs import COUNT, OPTIONS, TOGETHER, Machine, Ours, Plain, compare, programs


def test_every_optimizer_has_programs() -> None:
    named = {name for name in nn.optim.__all__ if isinstance(getattr(nn.optim, name), type)}
    assert_complete(
        named - {"Optimizer"}, {*OPTIONS, *TOGETHER}, "OPTIONS or TOGETHER in tests/nn/optimizer_programs.py"
    )


@pytest.fixture(params=["counted", "not counted"])
def _references(request: Any, monkeypatch: Any) -> None:
    """Have references counted or not, as in Python without the global interpreter lock."""
    if request.param == "not counted":
        monkeypatch.setattr(importlib.import_module("autograd.tensors.parameter_memory"), "COUNTED", False)
        monkeypatch.setattr(importlib.import_module("nn.optim._flat_parameters"), "_EXACT", False)


@pytest.mark.usefixtures("_references")
@pytest.mark.filterwarnings("ignore:no parameter of this optimizer has a gradient")
def test_programs_give_what_parameters_that_stay_where_they_are_give() -> None:
    for program in programs(range(COUNT)):
        machines: list[Machine] = [Ours(), Plain()]
        compare(program, machines, {"float64": 1e-9, "float32": 2e-3})


def in_one_array(parameters: Any) -> bool:
    """Tell whether the values of parameters lie one behind the other."""
    arrays = [borrow(parameter) for parameter in parameters]
    starts = [array.__array_interface__["data"][0] for array in arrays]
    return bool(np.array_equal(starts, starts[0] + np.cumsum([0, *(array.nbytes for array in arrays[:-1])])))


def take_step(optimizer: Any) -> None:
    for parameter in optimizer.param_groups[0]["params"]:
        parameter.grad = np.ones(parameter.shape)
    optimizer.step()


@pytest.mark.usefixtures("_references")
def test_parameters_of_layers_are_moved_into_one_array() -> None:
    layers = nn.Sequential(nn.MLP([3, 5, 2]), nn.Conv2d(1, 2, 3), nn.LSTM(2, 3), nn.Embedding(3, 2), nn.BatchNorm1d(3))
    parameters = list(layers.parameters())
    optimizer = nn.optim.Adam(parameters)
    assert in_one_array(parameters)
    take_step(optimizer)
    assert in_one_array(parameters)


def test_values_are_moved_when_nobody_holds_them_any_more() -> None:
    parameters = list(nn.MLP([3, 5, 2]).parameters())
    pinned: Any = parameters[2].data
    held = [parameters[0].data, parameters[1][:2], memoryview(pinned), parameters[3].detach()]
    del pinned
    optimizer = nn.optim.Adam(parameters)
    take_step(optimizer)
    assert not in_one_array(parameters)
    assert held[0] is borrow(parameters[0])
    held.clear()
    take_step(optimizer)
    assert in_one_array(parameters)
    another = nn.optim.SGD(parameters[::-1], lr=0.1)
    address = borrow(parameters[0]).__array_interface__["data"][0]
    take_step(another)  # in the memory of the first optimizer, which has the parameters too
    assert borrow(parameters[0]).__array_interface__["data"][0] == address
    del optimizer
    take_step(another)
    assert borrow(parameters[0]).__array_interface__["data"][0] != address
    assert in_one_array(parameters[::-1])


def test_optimizers_of_the_same_parameters_share_the_array_and_take_each_step_in_one_pass() -> None:
    parameters = [nn.Parameter(x) for x in (np.ones((2, 3)), np.ones((3, 2)).T, np.ones(3))]
    optimizers = [nn.optim.Adam(parameters), nn.optim.SGD(parameters, lr=0.1)]
    held = []
    for n in range(4):
        for optimizer in optimizers:
            optimizer.zero_grad()
            sum((parameter**2).sum() for parameter in parameters).backward()  # type: ignore[union-attr]
            assert [run[:2] for run in optimizer._flats[0][0].ready()] == [(0, 15)]
            optimizer.step()
            held.append((parameters[n % 3].grad.data, parameters[n % 3].grad.data.copy()))
    assert in_one_array(parameters)
    assert all(np.array_equal(array, copied) for array, copied in held)


def test_an_optimizer_of_parameters_that_have_become_larger_has_an_array_of_its_own() -> None:
    w = nn.Parameter([1.0, 2.0])
    before = nn.optim.SGD([w], lr=1.0)
    w.data = np.ones(3, np.float32)
    after = nn.optim.SGD([w], lr=1.0)
    take_step(after)
    assert w.data.tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="make a new optimizer"):
        take_step(before)


def test_an_array_that_a_parameter_had_before_does_not_change() -> None:
    w = nn.Parameter([1.0, 2.0])
    optimizer = nn.optim.SGD([w], lr=1.0)
    before = w.data
    w.data = np.zeros(2, np.float32)
    take_step(optimizer)
    before[:] += 10
    assert before.tolist() == [11, 12]
    assert w.data.tolist() == [-1, -1]


def test_only_the_memory_that_was_written_to_counts_as_written() -> None:
    parameters: Any = [nn.Parameter([1.0, 2.0]) for _ in range(3)]
    optimizer = nn.optim.SGD(parameters, lr=1.0)
    w, v, still = parameters
    loss, other, kept = (w * w).sum(), (v * v).sum(), (still * still).sum()
    with no_grad():
        w += 1
    other.backward(retain_graph=True)
    optimizer.step()  # of v alone
    kept.backward()
    for written in (loss, other):
        with pytest.raises(GraphError, match="written to in place afterwards"):
            written.backward()


@pytest.mark.parametrize("name", [*OPTIONS, *TOGETHER])
def test_a_graph_recorded_before_the_optimizer_was_made(name: str) -> None:
    w = tensor(np.arange(4.0).reshape(2, 2), requires_grad=True)
    loss = (w**3).sum()
    optimizer = getattr(nn.optim, name)([w], lr=0.1)
    loss.backward(retain_graph=True)
    np.testing.assert_array_equal(w.grad.data, 3 * w.data**2)
    optimizer.step(*([lambda: (w * w).sum()] if name in TOGETHER else []))
    with pytest.raises(GraphError, match="written to in place afterwards"):
        loss.backward()


@pytest.mark.parametrize("name", [*OPTIONS, *TOGETHER])
def test_memory_that_cannot_be_written_to(name: str) -> None:
    fixed, whole = np.ones((2, 2)), np.lib.stride_tricks.as_strided(np.ones(2), (2, 2), (0, 8))
    fixed.flags.writeable = False
    for array, what in ((fixed, "its array is read-only"), (whole, "several of its elements share memory")):
        w = Tensor(array, requires_grad=True)
        optimizer = getattr(nn.optim, name)([w], lr=0.1)
        w.grad = np.ones((2, 2))
        with pytest.raises(ValueError, match=rf"parameter 0 of the optimizer, of shape \(2, 2\), cannot.*{what}"):
            optimizer.step(*([lambda w=w: (w * w).sum()] if name in TOGETHER else []))
        assert array.tolist() == [[1, 1], [1, 1]]


def test_who_owns_memory() -> None:
    whole = np.zeros(4)
    x = tensor([1.0, 2.0], requires_grad=True)
    assert autograd.extend.is_sole_owner(x)
    autograd.extend.lend(x, autograd.extend.portions(whole, [(2,)], ["C"])[0])
    assert autograd.extend.is_sole_owner(x)
    part = x.data[:1]
    assert not autograd.extend.is_sole_owner(x)
    del part
    assert autograd.extend.is_sole_owner(x)
    autograd.extend.lend(x, whole[:2])
    assert not autograd.extend.is_sole_owner(x)
    with pytest.raises(TypeError, match="takes"):
        autograd.extend.is_sole_owner([1.0])  # type: ignore[arg-type]


def test_portions_are_parts_of_one_array_and_bases_of_their_views() -> None:
    whole = np.arange(8.0)
    parts = autograd.extend.portions(whole, [(2, 2), (), (0, 3), (3,)], ["F", "C", "C", "C"])
    assert [part.tolist() for part in parts] == [[[0, 2], [1, 3]], 4, [], [5, 6, 7]]
    assert all(part[...].base is part and part.flags.writeable and part.flags.aligned for part in parts)
    x, y = (tensor(np.zeros(each.shape), requires_grad=True) for each in (parts[0], parts[3]))
    for leaf, part in ((x, parts[0]), (y, parts[3])):
        autograd.extend.lend(leaf, part)
    (x * x).sum().backward()
    graph = (x * x).sum()
    parts[3][0] = 50
    autograd.extend.mark_written(parts[3])
    assert whole[5] == 50
    graph.backward()  # a write to one is no write to another
    graph = (x * x).sum()
    whole += 1
    autograd.extend.mark_written(whole)
    with pytest.raises(GraphError, match="written to"):
        graph.backward()
    reference = weakref.ref(whole)
    del whole
    assert reference() is not None
    assert parts[0].tolist() == [[1, 3], [2, 4]]


@pytest.mark.parametrize(
    ("whole", "message"),
    [
        ([1.0], "takes an ndarray, not list"),
        (np.zeros((2, 2)), "takes an array of one axis"),
        (np.zeros(8)[::2], "without gaps"),
        (np.frombuffer(bytes(32)), "may be written to"),
        (np.zeros(3), "of an array of 3 elements cannot have 4"),
    ],
)
def test_portions_of_what_has_none_are_refused(whole: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        autograd.extend.portions(whole, [(4,)], ["C"])
