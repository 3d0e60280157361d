"""Lists and dicts of modules and parameters, rows of layers, and layers that change the shape alone."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, cast

import numpy as np
import pytest

import nn
from autograd import ShapeError, gradcheck, tensor


def names(module: nn.Module) -> list[str]:
    return [name for name, _ in module.named_children()]


def linear(n: int) -> nn.Linear:
    return nn.Linear(n, n, bias=False)


ROWS: list[Callable[..., Any]] = [lambda *modules: nn.ModuleList(modules), nn.Sequential]
every_row = pytest.mark.parametrize("make", ROWS, ids=["ModuleList", "Sequential"])


@every_row
def test_a_row_is_a_list(make: Any) -> None:
    a, b, c, d, e = (linear(n) for n in range(1, 6))
    row, like = make(a, b), [a, b]
    assert row.append(c) is row
    like.append(c)
    assert row.extend([d, e]) is row
    like.extend([d, e])
    assert list(row) == like
    steps: list[Callable[[Any], Any]] = [
        lambda r: r.insert(0, r[3]),
        lambda r: r.pop(),
        lambda r: r.insert(-1, e),
        lambda r: r.pop(2),
        lambda r: r.__setitem__(-1, a),
        lambda r: r.__delitem__(slice(1, 3)),
        lambda r: r.reverse(),
        lambda r: r.insert(10, b),
        lambda r: r.remove(b),
    ]
    for step in steps:
        step(row)
        step(like)
        assert list(row) == like
        assert [module for _, module in row.named_children()] == list(dict.fromkeys(like))
        assert list(row._named()) == [str(i) for i in range(len(like))]
    assert len(row) == len(like)
    assert row[0] is like[0]
    assert row[-1] is like[-1]
    assert a in row
    assert d not in make(a)
    row.clear()
    assert list(row) == []
    assert names(make(a) + make(b)) == ["0", "1"]
    row = make(a)
    row += [b, c]
    assert list(row) == [a, b, c]


@every_row
def test_a_row_holds_modules_alone(make: Any) -> None:
    row = make(linear(1))
    refusals: list[Callable[[], Any]] = [
        lambda: make([linear(1)]),
        lambda: row.append(3),
        lambda: row.insert(0, None),
        lambda: row.__setitem__(0, np.tanh),
    ]
    for refused in refusals:
        with pytest.raises(TypeError, match=r"holds modules, but .* is a"):
            refused()
    assert len(row) == 1
    with pytest.raises(TypeError, match=r"one member at a time, not the slice slice\(0, 1, None\)"):
        row[0:1] = [linear(1)]
    missing: list[Callable[[], Any]] = [lambda: row[1], lambda: row.pop(4), lambda: row.__setitem__(2, linear(1))]
    for call in missing:
        with pytest.raises(IndexError):
            call()


def test_slices() -> None:
    row = nn.Sequential(*(linear(n) for n in range(1, 5)))
    assert names(row[1:3]) == ["1", "2"]
    assert type(row[1:3]) is nn.Sequential
    layers = nn.ModuleList(row)
    assert names(layers[1:3]) == ["0", "1"]
    assert layers[1:3][0] is row[1]
    model = nn.MLP([2, 3, 1])
    assert type(model[:1]) is nn.Sequential
    assert type(model + nn.Sequential(nn.Sigmoid())) is nn.Sequential


def test_names_that_are_no_numbers_stay() -> None:
    row = nn.Sequential({"first": linear(1), "last": linear(2)})
    row.insert(1, nn.Tanh())
    assert names(row) == ["first", "2", "last"]
    del row[1]
    assert names(row) == ["first", "last"]
    part = nn.Sequential(linear(1), linear(2), linear(3))[1:]
    part.append(linear(4))
    assert names(part) == ["1", "2", "3"]


def test_a_row_that_changed_computes_and_is_trained() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    model.insert(1, nn.Tanh())
    x = np.ones((4, 2), np.float32)
    expected = model[2](np.tanh(model[0](x)))
    np.testing.assert_array_equal(model(x).data, expected.data)
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    copied = deepcopy(model)
    np.testing.assert_array_equal(copied(x).data, expected.data)
    assert copied.pop() is not model[2]
    with pytest.raises(NotImplementedError, match=r"ModuleList does not define forward"):
        nn.ModuleList([nn.Tanh()])(x)


def test_a_dict_of_modules() -> None:
    a, b = linear(1), linear(2)
    heads = nn.ModuleDict({"a": a})
    heads["b"] = b
    heads.update({"c": nn.Tanh()})
    assert (list(heads), len(heads)) == (["a", "b", "c"], 3)
    assert list(heads.keys()) == names(heads) == ["a", "b", "c"]
    assert next(iter(heads.values())) is a
    assert dict(heads.items())["b"] is b
    assert "b" in heads
    assert "weight" not in heads
    assert heads.get("z") is None
    heads["a"] = b
    assert list(heads) == ["a", "b", "c"]
    assert heads.pop("c").__class__ is nn.Tanh
    del heads["a"]
    assert list(heads.state_dict()) == ["b.weight"]
    assert nn.ModuleDict([("x", a)])["x"] is a
    assert len({heads, nn.ModuleDict()}) == 2
    assert heads != nn.ModuleDict({"b": b})
    heads.clear()
    assert len(heads) == 0
    for missing in (lambda: heads["b"], lambda: heads.pop("b"), lambda: heads.__delitem__("training")):
        with pytest.raises(KeyError):
            missing()


@pytest.mark.parametrize("key", ["keys", "training", "forward", "", "a.b"])
def test_keys_that_cannot_be_attributes(key: str) -> None:
    with pytest.raises(AttributeError, match=r"already has an attribute|cannot name"):
        nn.ModuleDict()[key] = nn.Tanh()


def test_a_dict_holds_its_kind_alone() -> None:
    with pytest.raises(TypeError, match="a ModuleDict holds modules, but a is a int: 3"):
        nn.ModuleDict({"a": cast(Any, 3)})
    table = nn.ParameterDict({"a": nn.Parameter(np.ones(1))})
    with pytest.raises(TypeError, match="a ParameterDict holds parameters, but a is a ndarray"):
        table["a"] = cast(Any, np.ones(1))
    with pytest.raises(TypeError, match="a ParameterList holds parameters, but 0 is a Tensor"):
        nn.ParameterList([cast(Any, tensor(np.ones(1)))])


def test_parameters_in_lists_and_dicts_are_found() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = nn.ParameterList(nn.Parameter(np.full(n, 2.0)) for n in (1, 2))
            self.scales = nn.ParameterDict({"x": nn.Parameter(np.ones(3))})
            self.layers = nn.ModuleList([nn.ModuleDict({"in": nn.Linear(1, 1)})])

        def forward(self, x: Any) -> Any:
            return sum((x * weight).sum() for weight in self.weights)

    model = Model()
    model.weights.append(nn.Parameter(np.zeros(1)))
    shapes: dict[str, tuple[int, ...]] = {"weights.0": (1,), "weights.1": (2,), "weights.2": (1,), "scales.x": (3,)}
    shapes |= {"layers.0.in.weight": (1, 1), "layers.0.in.bias": (1,)}
    assert {name: value.shape for name, value in model.named_parameters()} == shapes
    assert list(model.state_dict()) == list(shapes)
    model.load_state_dict({name: np.full(shape, 5.0) for name, shape in shapes.items()})
    assert (model.weights[1].data == 5).all()
    model(np.float32(3)).backward()
    assert [p.grad.data.tolist() for p in model.weights if p.grad is not None] == [[3], [3, 3], [3]]
    assert repr(model.weights) == "ParameterList((0): (1,) float32, (1): (2,) float32, (2): (1,) float32)"
    assert list(model.weights[1:].state_dict()) == ["0", "1"]
    model.weights[0] = nn.Parameter(np.zeros(4))
    assert model.weights[0].shape == (4,)
    assert len(list(model.weights + model.weights[:1])) == 4


@pytest.mark.parametrize(
    ("dim", "size", "shape"),
    [(1, (2, 3), (5, 2, 3)), (-1, (3, -1), (5, 3, 2)), (0, (5, 1), (5, 1, 6)), (1, [6], (5, 6)), (-2, (-1,), (5, 6))],
)
def test_unflatten(dim: int, size: Any, shape: tuple[int, ...]) -> None:
    x = np.arange(30.0).reshape(5, 6)
    out = nn.Unflatten(dim, size)(x)
    assert out.shape == shape
    np.testing.assert_array_equal(out.reshape(5, 6), x)
    assert gradcheck(nn.Unflatten(dim, size), [x], fast_mode=True)
    assert repr(nn.Unflatten(1, (2, 3))) == "Unflatten(dim=1, unflattened_size=(2, 3))"


@pytest.mark.parametrize(
    ("dim", "size"), [(1, (2, 2)), (1, (-1, -1)), (2, (2, 3)), (1, (4, -1)), (1, (0, -1)), (1, ())]
)
def test_unflatten_that_does_not_fit(dim: int, size: Any) -> None:
    with pytest.raises(
        ShapeError, match=rf"Unflatten\({dim}, .*\) cannot make these axes of an input of shape \(5, 6\)"
    ):
        nn.Unflatten(dim, size)(np.ones((5, 6)))
