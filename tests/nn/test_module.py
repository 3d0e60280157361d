"""Modules: what they find, what they save and load, and what they say when used wrongly."""

import copy
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import nn
from autograd import DtypeError, Tensor, tensor


class Two(nn.Module):
    """A module with a parameter, a buffer, modules directly and in a list, and a buffer that is not saved."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(np.ones(3))
        self.first = nn.Linear(3, 2)
        self.rest = [nn.Linear(2, 2), nn.ReLU()]
        self.named = {"head": nn.Linear(2, 1, bias=False)}
        self.register_buffer("mean", np.zeros(3))
        self.register_buffer("cache", np.zeros(1), persistent=False)

    def forward(self, x: Any) -> Any:
        x = self.first(x * self.scale - np.float32(self.mean))
        for layer in self.rest:
            x = layer(x)
        return self.named["head"](x)


NAMES = ["scale", "first.weight", "first.bias", "rest.0.weight", "rest.0.bias", "named.head.weight"]


def test_assigned_parameters_and_modules_are_found_in_order() -> None:
    model = Two()
    assert [name for name, _ in model.named_parameters()] == NAMES
    assert [name for name, _ in model.named_parameters(recurse=False)] == ["scale"]
    assert [name for name, _ in model.named_parameters(prefix="model")] == [f"model.{name}" for name in NAMES]
    assert [name for name, _ in model.named_modules()] == ["", "first", "rest.0", "rest.1", "named.head"]
    assert [name for name, _ in model.named_children()] == ["first", "rest.0", "rest.1", "named.head"]
    assert [name for name, _ in model.named_buffers()] == ["mean", "cache"]
    assert list(model.parameters()) == [p for _, p in model.named_parameters()]
    assert list(model.children()) == [model.first, *model.rest, model.named["head"]]
    assert len(list(model.modules())) == 5
    assert len(list(model.buffers())) == 2


def test_a_shared_parameter_is_counted_once_and_saved_under_each_name() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias", "1.bias"]
    assert len(list(model.named_parameters(remove_duplicate=False))) == 4
    state = model.state_dict()
    assert set(state) == {"0.weight", "0.bias", "1.weight", "1.bias"}
    other = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    other.load_state_dict(state)
    assert (other[1].weight.data == model[0].weight.data).all()


def test_a_shared_module_is_counted_once() -> None:
    layer = nn.Linear(2, 2)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    assert len(list(model.parameters())) == 2
    assert len(list(model.children())) == 2
    assert set(model.state_dict()) == {"0.weight", "0.bias", "2.weight", "2.bias"}


def test_a_module_may_hold_the_one_that_it_is_within() -> None:
    outer = nn.Sequential(nn.Linear(1, 1))
    outer[0].parent = outer
    assert len(list(outer.parameters())) == 2
    assert "0.weight" in outer.state_dict()


def test_modules_and_parameters_can_be_replaced_and_deleted() -> None:
    model = Two()
    model.first = nn.Linear(3, 2, bias=False)
    assert "first.bias" not in model.state_dict()
    del model.scale
    assert "scale" not in model.state_dict()
    model.rest[0] = nn.Linear(2, 5)
    assert model.state_dict()["rest.0.weight"].shape == (5, 2)


def test_assignment_before_init_names_the_remedy() -> None:
    class Early(nn.Module):
        def __init__(self) -> None:
            self.weight = nn.Parameter([1.0])
            super().__init__()

    with pytest.raises(
        AttributeError, match=r"'weight' before Early is initialised: call super\(\).__init__\(\) first"
    ):
        Early()

    class EarlyBuffer(nn.Module):
        def __init__(self) -> None:
            self.register_buffer("mean", [1.0])

    with pytest.raises(AttributeError, match=r"super\(\).__init__\(\)"):
        EarlyBuffer()


def test_a_parameter_cannot_be_replaced_by_a_plain_tensor() -> None:
    layer = nn.Linear(2, 1)
    with pytest.raises(TypeError, match=r"Linear.weight is a Parameter and cannot become a Tensor.*data\[...\]"):
        layer.weight = cast(Any, layer.weight - 1)
    layer.bias = None
    assert [name for name, _ in layer.named_parameters()] == ["weight"]


def test_names_that_cannot_be_registered() -> None:
    model = Two()
    with pytest.raises(AttributeError, match="already has an attribute 'scale'"):
        model.register_buffer("scale", [1.0])
    with pytest.raises(AttributeError, match="without a dot"):
        model.register_parameter("a.b", nn.Parameter([1.0]))
    with pytest.raises(TypeError, match=r"'extra' should be an nn.Parameter or None, not ndarray"):
        model.register_parameter("extra", cast(Any, np.ones(2)))
    model.register_parameter("extra", nn.Parameter([1.0]))
    model.register_parameter("absent", None)
    assert [name for name, _ in model.named_parameters(recurse=False)] == ["scale", "extra"]


def test_train_and_eval_reach_all_modules() -> None:
    model = Two()
    assert model.eval() is model
    assert not any(module.training for module in model.modules())
    model.train()
    assert all(module.training for module in model.modules())


def test_zero_grad_and_requires_grad() -> None:
    model = Two()
    model(np.ones((4, 3), np.float32)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad(set_to_none=False)
    assert all((p.grad.data == 0).all() for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())
    model.requires_grad_(False)
    assert not model(np.ones((4, 3), np.float32)).requires_grad
    model.requires_grad_()
    assert model(np.ones((4, 3), np.float32)).requires_grad


def test_apply_calls_inner_modules_first() -> None:
    seen = []
    model = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh())
    assert model.apply(lambda module: seen.append(type(module).__name__)) is model
    assert seen == ["Tanh", "ReLU", "Sequential", "Sequential"]


def test_state_is_a_copy_and_loads_into_the_same_arrays() -> None:
    model, other = Two(), Two()
    arrays = [p.data for p in other.parameters()]
    state = model.state_dict()
    assert list(state) == [NAMES[0], "mean", *NAMES[1:]]
    result = other.load_state_dict(state)
    assert result == ([], [])
    assert all(p.data is array for p, array in zip(other.parameters(), arrays, strict=True))
    for name, array in other.state_dict().items():
        assert (array == state[name]).all()
    model.scale.data[...] = 7
    assert (state["scale"] == 1).all()
    assert (other.scale.data == 1).all()


@pytest.mark.parametrize("convert", [lambda a: Tensor(a), lambda a: a.astype(np.float64), lambda a: a.tolist()])
def test_state_may_be_tensors_or_other_dtypes_or_lists(convert: Any) -> None:
    model, other = Two(), Two()
    other.load_state_dict({name: convert(array) for name, array in model.state_dict().items()})
    for name, array in other.state_dict().items():
        assert array.dtype == model.state_dict()[name].dtype
        assert (array == model.state_dict()[name]).all()


@pytest.mark.parametrize(
    ("counted", "fits"), [(4.0, True), (4.5, False), (np.nan, False), (np.inf, False), (1e30, False)]
)
def test_counts_may_be_floats_that_are_whole(counted: float, fits: bool) -> None:
    model = nn.Sequential(nn.BatchNorm1d(2))
    state = {**model.state_dict(), "0.num_batches_tracked": np.float64(counted)}
    if fits:
        model.load_state_dict(state)
        tracked = model.state_dict()["0.num_batches_tracked"]
        assert tracked == 4
        assert tracked.dtype == np.int64
    else:
        with pytest.raises(RuntimeError, match="num_batches_tracked is int64, the state has float64"):
            model.load_state_dict(state)


def test_all_misfits_are_reported_at_once_and_nothing_is_loaded() -> None:
    model = Two()
    before = model.state_dict()
    state = model.state_dict()
    state["first.weight"] = np.zeros((2, 4))
    state["scale"] = np.zeros(3, complex)
    del state["first.bias"]
    state["extra"] = np.zeros(1)
    state["rest.0.bias"] = np.full(2, 9.0)
    with pytest.raises(RuntimeError) as caught:
        model.load_state_dict(state)
    message = str(caught.value)
    assert "shape: first.weight is (2, 3), the state has (2, 4)" in message
    assert "dtype: scale is float32, the state has complex128" in message
    assert "missing: first.bias (2,)" in message
    assert "unexpected: extra" in message
    for name, array in model.state_dict().items():
        assert (array == before[name]).all()


def test_names_need_not_match_if_not_strict_but_shapes_must() -> None:
    model = Two()
    result = model.load_state_dict({"scale": np.full(3, 5.0), "extra": np.zeros(1)}, strict=False)
    assert result.missing_keys == ["mean", *NAMES[1:]]
    assert result.unexpected_keys == ["extra"]
    assert (model.scale.data == 5).all()
    with pytest.raises(RuntimeError, match="shape: scale"):
        model.load_state_dict({"scale": np.zeros(2)}, strict=False)


def test_a_buffer_that_became_a_number_is_loaded_too() -> None:
    class Counter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("count", np.array(0))

        def forward(self, x: Any) -> Any:
            self.count += 1
            return x

    counter, other = Counter(), Counter()
    counter(1), counter(1), other(1)
    assert counter.state_dict()["count"] == 2
    other.load_state_dict(counter.state_dict())
    assert other.count == 2


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_are_independent_and_complete(duplicate: Any) -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.25), nn.Linear(2, 2, bias=False, dtype=np.float64)).eval()
    model[2].weight.requires_grad_(False)
    twin = duplicate(model)
    assert repr(twin) == repr(model)
    assert [type(p) for p in twin.parameters()] == [nn.Parameter] * 3
    assert [p.dtype for p in twin.parameters()] == [p.dtype for p in model.parameters()]
    assert [p.requires_grad for p in twin.parameters()] == [True, True, False]
    x = np.ones((2, 3), np.float32)
    assert (twin(x).data == model(x).data).all()
    twin[0].weight.data[...] = 0
    assert not (model[0].weight.data == 0).all()


def test_deepcopy_keeps_sharing_and_gradients() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    model(np.ones((1, 2), np.float32)).sum().backward()
    twin = copy.deepcopy(model)
    assert twin[1].weight is twin[0].weight
    assert (twin[0].weight.grad.data == model[0].weight.grad.data).all()
    assert twin[0].weight.grad.data is not model[0].weight.grad.data


def test_a_model_that_holds_a_result_can_be_copied() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    model.last = model(np.ones((1, 2), np.float32))
    assert (copy.deepcopy(model).last.data == model.last.data).all()


def test_repr_shows_the_tree() -> None:
    assert repr(nn.Sequential(nn.Sequential(nn.Linear(2, 3, bias=False)), nn.Softmax(dim=1))) == (
        "Sequential(\n"
        "  (0): Sequential(\n"
        "    (0): Linear(in_features=2, out_features=3, bias=False)\n"
        "  )\n"
        "  (1): Softmax(axis=1)\n"
        ")"
    )


def test_a_module_without_forward() -> None:
    with pytest.raises(NotImplementedError, match=r"Module does not define forward\(\)"):
        nn.Module()(1)


def test_sequential_is_a_sequence() -> None:
    layers = [nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)]
    model = nn.Sequential(*layers)
    assert len(model) == 3
    assert list(model) == layers
    assert model[-1] is layers[2]
    assert list(model[:2]) == layers[:2]
    assert model[1:].load_state_dict(model[1:].state_dict()) == ([], [])
    model[1] = nn.Tanh()
    assert isinstance(model[1], nn.Tanh)
    named = nn.Sequential(OrderedDict(inner=layers[0], act=layers[1]))
    assert [name for name, _ in named.named_parameters()] == ["inner.weight", "inner.bias"]
    with pytest.raises(TypeError, match="holds modules, but 1 is a function"):
        nn.Sequential(nn.ReLU(), cast(Any, lambda x: x))
    with pytest.raises(AttributeError, match="'forward'"):
        nn.Sequential(OrderedDict(forward=nn.ReLU()))


def test_parameters_are_float32_copies_unless_told_otherwise() -> None:
    source = np.ones(2)
    parameter = nn.Parameter(source)
    assert parameter.dtype == np.float32
    assert nn.Parameter(tensor([1.0]), dtype=np.float64).dtype == np.float64
    same = np.ones(2, np.float32)
    nn.Parameter(same).data[0] = 5
    assert same[0] == 1
    assert not nn.Parameter([1.0], requires_grad=False).requires_grad
    assert repr(nn.Parameter([1.0], dtype=float)) == "Parameter([1.], requires_grad=True)"
    assert type(parameter * 2) is Tensor


# Dtypes, and modules by path


def test_a_module_takes_another_dtype() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    model.extra = tensor(np.ones(2, np.float32))
    model.register_buffer("scale", tensor(np.ones(2, np.float32)))
    frozen = model[2].weight.requires_grad_(False)
    x = np.random.default_rng(0).standard_normal((5, 3))
    single = model(x.astype(np.float32))
    single.sum().backward()
    before = {name: value.copy() for name, value in model.state_dict().items()}
    gradient = model[0].weight.grad.data
    assert model.double() is model
    assert {value.dtype for value in model.state_dict().values()} == {np.dtype(np.float64), np.dtype(np.int64)}
    assert isinstance(model.scale, Tensor)
    assert not frozen.requires_grad
    np.testing.assert_array_equal(model[0].weight.grad.data, gradient)
    assert model[0].weight.grad.dtype == model[0].weight.dtype == np.float64
    double = model(x)
    assert double.dtype == np.float64
    np.testing.assert_allclose(double.data, single.data, atol=1e-5)
    model.float()
    for name, value in model.state_dict().items():
        if "running" not in name and "tracked" not in name:
            np.testing.assert_array_equal(value, before[name])
    with pytest.raises(DtypeError, match="floating-point"):
        model.to(int)


def test_gradients_and_steps_after_another_dtype() -> None:
    model = nn.Linear(2, 1)
    early = nn.optim.SGD(model.parameters(), lr=0.5)
    model.double()
    late = nn.optim.SGD(model.parameters(), lr=0.5)
    before = model.weight.data.copy()
    model(np.ones((1, 2))).sum().backward()
    late.step()
    np.testing.assert_array_equal(model.weight.data, before - 0.5)
    early.step()  # its first, for which it follows the dtype
    np.testing.assert_array_equal(model.weight.data, before - 1)
    model.float()
    model(np.ones((1, 2), np.float32)).sum().backward()
    with pytest.raises(ValueError, match="make a new optimizer"):
        early.step()


def test_modules_by_path() -> None:
    model = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.ReLU()))
    assert model.get_submodule("") is model
    inner: Any = model[1]
    assert model.get_submodule("1.0") is inner[0]
    with pytest.raises(AttributeError, match=r"has no module '1\.1'; those it has are 0, 1, 1\.0"):
        model.get_submodule("1.1")
    model.add_module("last", nn.Tanh())
    assert [name for name, _ in model.named_children()] == ["0", "1", "last"]
    with pytest.raises(TypeError, match=r"an nn\.Module or None, not int"):
        model.add_module("next", 3)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(AttributeError, match="already has an attribute 'last'"):
        model.add_module("last", nn.Tanh())


@pytest.mark.one_in(3)
@pytest.mark.parametrize("kind", ["attribute", "list", "Sequential"])
def test_modules_that_are_nested_deeper_than_calls(kind: str, tmp_path: Path) -> None:
    model: Any = nn.Linear(2, 2)
    first = model
    for _ in range(800):
        outer: Any = nn.Sequential(model) if kind == "Sequential" else nn.Module()
        if kind != "Sequential":
            outer.inner = model if kind == "attribute" else [model]
        model = outer
    assert not model.eval().train().eval().training
    assert repr(model).count("(") > 800
    assert sum(1 for _ in model.modules()) == 801
    other = copy.deepcopy(model)
    ((_, weight), _), (own, _) = other.named_parameters(), model.parameters()
    assert weight is not own
    assert (weight.data == first.weight.data).all()
    nn.save(model, tmp_path / "model.safetensors")
    other.load_state_dict(nn.load(tmp_path / "model.safetensors"))
    assert next(copy.copy(model).parameters()) is own
    with pytest.raises(ValueError, match="has modules inside each other, 801 deep, which is too deep for pickle: save"):
        pickle.dumps(model)
    if kind == "Sequential":
        with pytest.raises(ValueError, match=r"summary\(\) calls the model, .* 801 deep, take more than"):
            nn.summary(model, (1, 2))


def test_copies_keep_what_is_shared_and_what_leads_back() -> None:
    shared = nn.Linear(2, 2)
    model: Any = nn.Sequential(nn.Sequential(shared), shared)
    model[0].above = [model]
    found = copy.deepcopy(model)
    assert found[0][0] is found[1]
    assert found[0].above[0] is found
    assert found[1] is not shared
    assert "Sequential(...)" in repr(model)


def test_a_module_that_copies_itself_does_so_inside_others() -> None:
    class Counted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.copies = 0

        def __deepcopy__(self, memo: dict[int, Any]) -> Any:
            made = super().__deepcopy__(memo)
            made.copies = self.copies + 1
            return made

    outer: Any = nn.Sequential(nn.Sequential(Counted()))
    assert copy.deepcopy(outer)[0][0].copies == 1
    assert copy.deepcopy(Counted()).copies == 1


def test_slots_which_would_hide_parameters_are_refused() -> None:
    with pytest.raises(TypeError, match="Slotted has __slots__, which would hide its parameters"):

        class Slotted(nn.Module):
            __slots__ = ("layer",)

    class Plain(nn.Module):
        __slots__ = ()

        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(2, 1)

    assert len(list(Plain().parameters())) == 2
