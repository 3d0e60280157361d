"""Optimizers: against their formulas in plain NumPy, in float64, and what is saved and loaded."""

import copy
import pickle
import warnings
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Tensor, tensor

from .optimizer_formulas import CASES, REFERENCES, Array, adam


def walk(optimizer: Any, parameter: Tensor, gradients: list[Array]) -> None:
    for gradient in gradients:
        optimizer.zero_grad()
        parameter.grad = gradient
        optimizer.step()


def make(name: str, params: Any, **options: Any) -> Any:
    return getattr(nn.optim, name)(params, **options)


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize(("dtype", "precision"), [(np.float64, 1e-12), (np.float32, 2e-5)])
def test_steps_equal_the_formula(name: str, options: dict[str, Any], dtype: Any, precision: float) -> None:
    draw = np.random.default_rng(0)
    start, gradients = draw.standard_normal((4, 3)), list(draw.standard_normal((130, 4, 3)))
    parameter = nn.Parameter(start, dtype=dtype)
    walk(make(name, [parameter], **options), parameter, gradients)
    assert parameter.dtype == dtype
    np.testing.assert_allclose(parameter.data, REFERENCES[name](start, gradients, **options), precision, precision)


@given(
    case=st.sampled_from(CASES),
    absent=st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=6),
    seed=st.integers(0, 100),
)
def test_parameters_without_a_gradient_do_not_take_part(case: Any, absent: list[list[bool]], seed: int) -> None:
    name, options = case
    draw = np.random.default_rng(seed)
    starts = [draw.standard_normal(shape) for shape in ((2, 3), (), (4,))]
    parameters = [nn.Parameter(start, dtype=float) for start in starts]
    optimizer = make(name, parameters, **options)
    taken: list[list[Array]] = [[], [], []]
    for missing in absent:
        optimizer.zero_grad()
        for parameter, gone, gradients in zip(parameters, missing, taken, strict=True):
            if not gone:
                gradients.append(draw.standard_normal(parameter.shape))
                parameter.grad = gradients[-1]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", nn.TrainingWarning)  # of a first step without any gradient
            optimizer.step()
    for parameter, start, gradients in zip(parameters, starts, taken, strict=True):
        np.testing.assert_allclose(parameter.data, REFERENCES[name](start, gradients, **options), 1e-10, 1e-10)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", REFERENCES)
def test_large_parameters_go_through_in_chunks(name: str) -> None:
    draw = np.random.default_rng(0)
    start, gradients = draw.standard_normal(300_001), list(draw.standard_normal((3, 300_001)))
    parameter = nn.Parameter(start, dtype=float)
    walk(make(name, [parameter], lr=0.1), parameter, gradients)
    np.testing.assert_allclose(parameter.data, REFERENCES[name](start, gradients, lr=0.1), 1e-9, 1e-9)


def test_groups_have_options_of_their_own() -> None:
    slow, fast, late = (nn.Parameter([1.0], dtype=float) for _ in range(3))
    optimizer = nn.optim.SGD([{"params": [slow]}, {"params": fast, "lr": 1.0}], lr=0.1)
    optimizer.add_param_group({"params": [late], "lr": 10.0})
    for parameter in (slow, fast, late):
        parameter.grad = [1.0]
    optimizer.step()
    np.testing.assert_allclose([slow.item(), fast.item(), late.item()], [0.9, 0.0, -9.0])
    optimizer.param_groups[0]["lr"] = 0.5
    optimizer.step()
    np.testing.assert_allclose(slow.item(), 0.4)
    assert "group 1: 1 parameters of 1 elements, lr=1.0" in repr(optimizer)


def test_options_that_change_between_steps() -> None:
    gradients = list(np.random.default_rng(0).standard_normal((4, 3)))
    parameter = nn.Parameter(np.zeros(3), dtype=float)
    optimizer = nn.optim.Adam([parameter], lr=0.1)
    walk(optimizer, parameter, gradients[:2])
    before = optimizer.state_dict()["state"][0]
    optimizer.param_groups[0].update(betas=(0.5, 0.7), lr=0.0)
    walk(optimizer, parameter, gradients[2:3])
    after = optimizer.state_dict()["state"][0]
    np.testing.assert_allclose(after["exp_avg"], 0.5 * before["exp_avg"] + 0.5 * gradients[2])
    np.testing.assert_allclose(after["exp_avg_sq"], 0.7 * before["exp_avg_sq"] + 0.3 * gradients[2] ** 2)


def test_parameters_of_several_dtypes_and_orders() -> None:
    draw = np.random.default_rng(0)
    by_columns = draw.standard_normal((4, 3)).T
    parameters: list[Tensor] = [
        nn.Parameter(by_columns, dtype=np.float64),
        nn.Parameter(by_columns, dtype=np.float32),
        nn.Parameter(draw.standard_normal((2, 2)), dtype=np.float64),
        tensor(np.float64(3.0), requires_grad=True),
        nn.Parameter(np.zeros((0, 2))),
    ]
    starts = [parameter.data.copy() for parameter in parameters]
    optimizer = nn.optim.Adam(parameters, lr=0.1)
    gradients = [draw.standard_normal(parameter.shape) for parameter in parameters]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    optimizer.step()
    assert parameters[0].data.flags.f_contiguous
    for parameter, start, gradient in zip(parameters, starts, gradients, strict=True):
        assert parameter.dtype == start.dtype
        np.testing.assert_allclose(parameter.data, adam(start, [gradient], lr=0.1), 1e-5)


def test_names_may_come_with_parameters() -> None:
    model = nn.MLP([2, 3, 1])
    optimizer = nn.optim.SGD(model.named_parameters(), lr=1.0)
    assert [id(p) for p in optimizer.param_groups[0]["params"]] == [id(p) for p in model.parameters()]


def test_closure_computes_with_gradients() -> None:
    from autograd import no_grad

    w = nn.Parameter([3.0])
    optimizer = nn.optim.SGD([w], lr=0.5)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with no_grad():
        assert optimizer.step(closure).item() == 9
    assert w.item() == 0
    assert optimizer.step() is None


def train(model: Any, optimizer: Any, steps: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    for _ in range(steps):
        x, y = draw.standard_normal((8, 3)).astype(np.float32), draw.integers(0, 2, 8)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()


@pytest.mark.one_in(4)
@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_run_that_is_continued_equals_one_that_never_stopped(name: str, options: dict[str, Any]) -> None:
    nn.manual_seed(0)
    model = nn.MLP([3, 5, 2])
    optimizer = make(name, model.parameters(), **options)
    train(model, optimizer, 5, seed=1)
    saved = pickle.loads(pickle.dumps((model.state_dict(), optimizer.state_dict())))
    train(model, optimizer, 70, seed=2)
    other = nn.MLP([3, 5, 2])
    other_optimizer = make(name, other.parameters())
    other.load_state_dict(saved[0])
    other_optimizer.load_state_dict(saved[1])
    train(other, other_optimizer, 70, seed=2)
    for one, two in zip(model.parameters(), other.parameters(), strict=True):
        # to rounding, which on some processors depends on where the memory of a product starts
        np.testing.assert_allclose(one.data, two.data, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
@pytest.mark.parametrize("name", REFERENCES)
def test_copies_of_a_model_and_its_optimizer_go_on_alike(name: str, duplicate: Any) -> None:
    model = nn.MLP([3, 5, 2])
    optimizer = make(name, model.parameters(), lr=0.1)
    train(model, optimizer, 3, seed=1)
    twin, twin_optimizer = duplicate((model, optimizer))
    train(model, optimizer, 3, seed=2)
    before = [parameter.data.copy() for parameter in twin.parameters()]
    train(twin, twin_optimizer, 3, seed=2)
    for one, two, old in zip(model.parameters(), twin.parameters(), before, strict=True):
        np.testing.assert_allclose(one.data, two.data, rtol=1e-4, atol=1e-5)  # as above
        assert not np.array_equal(old, two.data)


def test_the_form_of_the_state() -> None:
    parameters = [nn.Parameter([1.0, 2.0]), nn.Parameter([3.0]), nn.Parameter([4.0])]
    optimizer = nn.optim.Adam([{"params": parameters[:2]}, {"params": parameters[2:], "lr": 0.5}])
    parameters[0].grad, parameters[2].grad = [1.0, -1.0], [2.0]
    optimizer.step()
    state = optimizer.state_dict()
    assert [group["params"] for group in state["param_groups"]] == [[0, 1], [2]]
    assert state["param_groups"][1]["lr"] == 0.5
    assert set(state["state"]) == {0, 2}
    assert state["state"][0]["step"] == 1
    np.testing.assert_allclose(state["state"][0]["exp_avg"], [0.1, -0.1], rtol=1e-6)
    np.testing.assert_allclose(state["state"][2]["exp_avg_sq"], [4e-3], rtol=1e-6)
    momentum = nn.optim.SGD([parameters[1]], momentum=0.5)
    parameters[1].grad = [5.0]
    momentum.step()
    assert momentum.state_dict()["state"][0]["momentum_buffer"].tolist() == [5.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["Adam", "RMSprop", "Adadelta", "NAdam"])
def test_a_state_gives_back_the_same_numbers(name: str, dtype: Any) -> None:
    """Moments are stored by other numbers than they are kept by, of which the last digit must not be lost."""
    gradients = np.random.default_rng(0).standard_normal((5, 1000)).astype(dtype)
    parameters = [nn.Parameter(np.zeros(1000), dtype=dtype) for _ in range(2)]
    whole, resumed = (getattr(nn.optim, name)([parameter], lr=0.1) for parameter in parameters)
    walk(whole, parameters[0], list(gradients[:3]))
    parameters[1].data[...] = parameters[0].data
    resumed.load_state_dict(whole.state_dict())
    for optimizer, parameter in zip((whole, resumed), parameters, strict=True):
        walk(optimizer, parameter, list(gradients[3:]))
    assert np.array_equal(parameters[0].data, parameters[1].data)


def test_the_state_of_moments_that_overflowed_or_vanish() -> None:
    parameters = [nn.Parameter(np.zeros(3), dtype=float) for _ in range(2)]
    whole, resumed = (nn.optim.Adam([parameter], lr=0.1) for parameter in parameters)
    with np.errstate(over="ignore"):
        walk(whole, parameters[0], [np.array([1e200, 1e-160, 1e-308])])
        parameters[1].data[...] = parameters[0].data
        resumed.load_state_dict(whole.state_dict())
        for optimizer, parameter in zip((whole, resumed), parameters, strict=True):
            walk(optimizer, parameter, [np.ones(3)])
    assert np.array_equal(parameters[0].data, parameters[1].data)
    assert np.isfinite(parameters[0].data).all()


def test_a_state_of_pytorch_has_no_steps_for_sgd() -> None:
    w = nn.Parameter([1.0], dtype=float)
    optimizer = nn.optim.SGD([w], lr=1.0, momentum=0.5)
    state = optimizer.state_dict() | {"state": {0: {"momentum_buffer": np.array([4.0])}}}
    optimizer.load_state_dict(state)
    w.grad = [1.0]
    optimizer.step()
    assert w.item() == 1 - (0.5 * 4 + 1)
    optimizer.load_state_dict(optimizer.state_dict() | {"state": {}})
    w.grad = [1.0]
    optimizer.step()
    assert w.item() == -2 - 1


def test_a_state_that_does_not_fit() -> None:
    optimizer = nn.optim.Adam([nn.Parameter([1.0, 2.0])])
    with pytest.raises(ValueError, match=r"groups with \[2\] parameters, this optimizer has \[1\]"):
        optimizer.load_state_dict(nn.optim.Adam([nn.Parameter([1.0]), nn.Parameter([1.0])]).state_dict())
    state = optimizer.state_dict() | {"state": {0: {"step": 1, "exp_avg": np.zeros(3)}}}
    with pytest.raises(ValueError, match=r"exp_avg of a parameter has shape \(3,\), but the parameter has \(2,\)"):
        optimizer.load_state_dict(state)


def every_kind() -> dict[str, Any]:
    """Return an optimizer of each kind, made of a matrix."""
    kinds = {name: getattr(nn.optim, name) for name in nn.optim.__all__ if isinstance(getattr(nn.optim, name), type)}
    return {
        name: kind([nn.Parameter(np.eye(2))], lr=0.5) for name, kind in kinds.items() if kind is not nn.optim.Optimizer
    }


def plain(state: Any) -> Any:
    """Return a state with lists in the place of ndarrays, which can be compared."""
    if isinstance(state, dict):
        return {name: plain(value) for name, value in state.items()}
    return [plain(item) for item in state] if isinstance(state, list | np.ndarray) else state


@pytest.mark.parametrize("steps", [0, 2])
def test_the_state_of_another_kind_is_refused(steps: int) -> None:
    optimizers = every_kind()
    for optimizer in optimizers.values():
        parameter = optimizer.param_groups[0]["params"][0]
        for _ in range(steps):

            def closure(optimizer: Any = optimizer, parameter: Any = parameter) -> Any:
                optimizer.zero_grad()
                loss = ((parameter - 3) ** 4).sum()
                loss.backward()
                return loss

            optimizer.step(closure)
    for name, optimizer in optimizers.items():
        before = plain(optimizer.state_dict())
        for other, giver in optimizers.items():
            if name == other:
                optimizer.load_state_dict(giver.state_dict())
            elif (name, other) == ("Adam", "AdamW"):
                pass  # an Adam with decoupled_weight_decay=True, which there is
            elif (name, other) == ("RAdam", "Adamax") and not steps:
                pass  # of an earlier version an RAdam has the same options
            else:
                with pytest.raises(ValueError, match=f"another kind of optimizer|not that of {name}|as those of Adam"):
                    optimizer.load_state_dict(giver.state_dict())
            assert plain(optimizer.state_dict()) == before
    message = (
        "of RMSprop by its options, and this is Adam: it has no amsgrad, no betas, alpha, centered, momentum. Load"
    )
    with pytest.raises(ValueError, match=message):
        optimizers["Adam"].load_state_dict(optimizers["RMSprop"].state_dict())


def test_a_state_that_is_refused_changes_nothing() -> None:
    parameters = [nn.Parameter([1.0, 2.0]), nn.Parameter([1.0])]
    optimizer = nn.optim.Adam(parameters)
    walk(optimizer, parameters[0], [np.ones(2)])
    before, good = plain(optimizer.state_dict()), optimizer.state_dict()
    moments = good["state"][0]
    group = {**good["param_groups"][0], "lr": 9.0}
    for state, message in (
        ({**good, "param_groups": [group], "state": {0: moments, 1: {**moments, "step": 3}}}, "exp_avg of a parameter"),
        ({**good, "param_groups": [{**group, "lr": -1.0}]}, "lr should be 0 or more, not -1"),
        ({**good, "param_groups": [group], "state": {"0": moments}}, r"entries for \['0'\].*JSON made text of them"),
        ({**good, "param_groups": [group], "state": {7: moments}}, r"entries for \[7\], but.* \[0, 1\]"),
        (
            {**good, "param_groups": [group], "state": {0: {"step": 1}}},
            "parameter 0 has no exp_avg and no exp_avg_sq, but",
        ),
        ({"weight": np.ones(2)}, r"a dict with state and param_groups, not \['weight'\]"),
        ("optimizer.npz", "a dict with state and param_groups, not str"),
    ):
        with pytest.raises(ValueError, match=message):
            optimizer.load_state_dict(cast(Any, state))
        assert plain(optimizer.state_dict()) == before


def test_wrong_parameters() -> None:
    w = nn.Parameter([1.0])
    with pytest.raises(TypeError, match="not Parameter: put a single one in a list"):
        nn.optim.SGD(cast(Any, w))
    unordered: Any
    for unordered in ({w}, [{"params": {w}}], frozenset([w])):
        with pytest.raises(TypeError, match="a set has none: give a list"):
            nn.optim.SGD(unordered)
    with pytest.raises(ValueError, match="no parameters to optimize"):
        nn.optim.SGD([])
    with pytest.raises(ValueError, match=r"parameter 1 of the group, of shape \(1,\), is given twice"):
        nn.optim.SGD([w, w])
    with pytest.raises(ValueError, match="given twice"):
        nn.optim.SGD([{"params": [w]}, {"params": [w]}])
    with pytest.raises(TypeError, match="params should be tensors, not ndarray"):
        nn.optim.SGD(cast(Any, [np.ones(1)]))
    with pytest.raises(ValueError, match=r"updates leaves, but one of shape \(1,\) is a result of"):
        nn.optim.SGD([w * 2])
    with pytest.raises(TypeError, match="floating-point tensors, but one of shape"):
        nn.optim.SGD([tensor([1])])
    with pytest.raises(ValueError, match=r"unknown options \['rate'\]: a group of SGD has \["):
        nn.optim.SGD([{"params": [w], "rate": 1}])


def test_options_out_of_range() -> None:
    w = nn.Parameter([1.0])
    for name in ("lr", "momentum", "weight_decay"):
        with pytest.raises(ValueError, match=f"{name} should be 0 or more, not -1"):
            make("SGD", [w], **{name: -1})
    for name in ("lr", "eps", "weight_decay"):
        with pytest.raises(ValueError, match=f"{name} should be 0 or more, not nan"):
            make("AdamW", [w], **{name: np.nan})
    with pytest.raises(ValueError, match="two numbers from 0 to below 1"):
        nn.optim.Adam([w], betas=(0.9, 1.0))
    with pytest.raises(ValueError, match="Nesterov's variant needs a momentum above 0"):
        nn.optim.SGD([w], nesterov=True)


def test_momentum_does_not_get_stuck_among_the_subnormal_numbers() -> None:
    moments = [("Adam", "exp_avg"), ("NAdam", "exp_avg"), ("RAdam", "exp_avg"), ("Adamax", "exp_avg")]
    for name, moment in (*moments, ("SGD", "momentum_buffer"), ("RMSprop", "momentum_buffer"), ("RMSprop", "grad_avg")):
        options: dict[str, Any] = {"momentum": 0.9} if moment == "momentum_buffer" else {}
        options |= {"centered": True, "alpha": 0.9} if moment == "grad_avg" else {}
        w = nn.Parameter(np.ones(3))
        optimizer = make(name, [w], **options)
        walk(optimizer, w, [np.ones(3)] + [np.array([0.0, 1e-3, np.nan])] * 1100)
        value = optimizer.state_dict()["state"][0][moment]
        assert value[0] == 0
        assert value[1] > 1e-4
        assert np.isnan(value[2])


class Momentum(nn.optim.Optimizer):
    """An optimizer as PyTorch's users write them: with a step of its own, and moments in a dict."""

    def __init__(self, params: Any, lr: float = 0.1) -> None:
        super().__init__(params, {"lr": lr, "mu": 0.5})
        self.moments: dict[Any, Any] = {}

    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                self.moments[p] = group["mu"] * self.moments.get(p, 0) + p.grad.data
                p.data -= group["lr"] * self.moments[p]


def test_a_subclass_may_have_a_step_of_its_own() -> None:
    p, q = nn.Parameter(np.ones(3)), nn.Parameter(np.ones(3))
    optimizers = Momentum([p]), nn.optim.SGD([q], lr=0.1, momentum=0.5)
    schedules = [nn.optim.lr_scheduler.StepLR(optimizer, 1, 0.5) for optimizer in optimizers]
    for _ in range(3):
        for x, optimizer, schedule in zip((p, q), optimizers, schedules, strict=True):
            optimizer.zero_grad()
            (x**2).sum().backward()
            optimizer.step()
            schedule.step()
    np.testing.assert_allclose(p.data, q.data)
    with pytest.raises(AttributeError, match=r"no attribute 'state': here it is state_dict\(\); in a subclass"):
        optimizers[0].state  # type: ignore[attr-defined]  # noqa: B018


def test_a_subclass_without_an_update_says_what_is_missing() -> None:
    class Nothing(nn.optim.Optimizer):
        pass

    p = nn.Parameter(np.ones(3))
    optimizer = Nothing([p], {"lr": 0.1})
    p.sum().backward()
    with pytest.raises(NotImplementedError, match="Nothing defines neither update"):
        optimizer.step()


class Counting(nn.optim.Adam):
    """An optimizer of a user, with attributes of its own, one of them keyed by parameters as in PyTorch."""

    def __init__(self, params: Any, every: int, **options: Any) -> None:
        super().__init__(params, **options)
        self.every, self.count, self.state = every, 0, {p: np.zeros(p.shape) for p in self.param_groups[0]["params"]}

    def step(self, closure: Any = None) -> Any:
        self.count += 1
        return super().step(closure)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_copies_of_optimizers_keep_the_attributes_of_subclasses(duplicate: Any) -> None:
    model = nn.Linear(3, 1)
    optimizer = Counting(model.parameters(), every=3, lr=0.1)
    x = np.ones((2, 3), np.float32)
    model(x).sum().backward()
    optimizer.step()
    twin_model, twin = duplicate((model, optimizer))
    assert (type(twin), twin.every, twin.count, twin.stepped) == (Counting, 3, 1, True)
    for pair in ((model, optimizer), (twin_model, twin)):
        pair[1].zero_grad()
        pair[0](x).sum().backward()
        pair[1].step()
    assert np.array_equal(model.weight.data, twin_model.weight.data)
    assert (optimizer.count, twin.count) == (2, 2)
