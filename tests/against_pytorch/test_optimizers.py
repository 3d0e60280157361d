"""Optimizers take PyTorch's steps, and go on from PyTorch's state."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn

from .states import as_numpy

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

Array = np.ndarray[Any, Any]

SHAPES = [(2, 3), (), (4,), (0,), (3, 1, 2)]
rates = st.sampled_from([1e-3, 0.01, 0.1])
decays = st.sampled_from([0, 1e-3, 0.1])
betas = st.tuples(st.sampled_from([0.0, 0.5, 0.9]), st.sampled_from([0.5, 0.9, 0.999]))
common = {"lr": rates, "weight_decay": decays, "maximize": st.booleans()}
adam = common | {"betas": betas, "eps": st.sampled_from([1e-8, 1e-2])}
OPTIONS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "SGD": common | {"momentum": st.sampled_from([0, 0.5, 0.9]), "dampening": st.sampled_from([0, 0.3])},
    "Adam": adam | {"amsgrad": st.booleans(), "decoupled_weight_decay": st.booleans()},
    "AdamW": adam | {"amsgrad": st.booleans()},
    "NAdam": adam | {"momentum_decay": st.sampled_from([0, 4e-3, 0.1]), "decoupled_weight_decay": st.booleans()},
    "RAdam": adam | {"decoupled_weight_decay": st.booleans()},
    "Adamax": adam,
    "Adagrad": common | {"lr_decay": st.sampled_from([0, 0.1]), "initial_accumulator_value": st.sampled_from([0, 0.5])},
    "Adadelta": common | {"rho": st.sampled_from([0.5, 0.9]), "eps": st.sampled_from([1e-6, 1e-2])},
    "RMSprop": common
    | {
        "alpha": st.sampled_from([0.5, 0.9, 0.99]),
        "eps": st.sampled_from([1e-8, 1e-2]),
        "momentum": st.sampled_from([0, 0.9]),
        "centered": st.booleans(),
    },
    "ASGD": common
    | {
        "lambd": st.sampled_from([1e-4, 0.1]),
        "alpha": st.sampled_from([0.5, 0.75]),
        "t0": st.sampled_from([0, 5, 50]),
    },
    "Rprop": {
        "lr": rates,
        "maximize": st.booleans(),
        "etas": st.sampled_from([(0.5, 1.2), (0.25, 2.0)]),
        "step_sizes": st.sampled_from([(1e-6, 50), (0.01, 0.5)]),
    },
    "Adafactor": common
    | {
        "beta2_decay": st.sampled_from([-0.8, -0.3]),
        "eps": st.sampled_from([(None, 1e-3), (1e-2, 0.1)]),
        "d": st.sampled_from([1.0, 2.0]),
    },
}


def cases(names: Any = tuple(OPTIONS)) -> st.SearchStrategy[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Draw an optimizer, options for it, and those of a second group."""

    def options_of(name: str) -> Any:
        # PyTorch takes no notice of a group's own initial_accumulator_value
        own = {option: values for option, values in OPTIONS[name].items() if option != "initial_accumulator_value"}
        options = (st.fixed_dictionaries({}, optional=optional) for optional in (OPTIONS[name], own))
        return st.tuples(st.just(name), *options)

    return st.sampled_from(names).flatmap(options_of)


@pytest.fixture(autouse=True)
def _double_numbers() -> Any:
    # PyTorch keeps products of NAdam's momenta in its default dtype: in float32 they would be less exact than here
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def pairs(draw: np.random.Generator, dtype: Any, shapes: Any = tuple(SHAPES)) -> tuple[list[Any], list[Any]]:
    starts = [np.asarray(draw.standard_normal(shape), dtype) for shape in shapes]
    ours = [nn.Parameter(start, dtype=dtype) for start in starts]
    return ours, [torch.nn.Parameter(torch.tensor(start)) for start in starts]


def optimizer_of(where: Any, name: str, params: list[Any], options: dict[str, Any], other: dict[str, Any]) -> Any:
    groups = [{"params": params[:2]}, {"params": params[2:], **other}]
    return getattr(where, name)(groups, **options)


def set_gradients(draw: np.random.Generator, ours: list[Any], theirs: list[Any], absent: float) -> None:
    for one, two in zip(ours, theirs, strict=True):
        gradient = draw.standard_normal(one.shape).astype(one.dtype)
        gone = draw.random() < absent
        one.grad = None if gone else gradient
        two.grad = None if gone else torch.tensor(gradient)


def shapes_for(name: str) -> list[tuple[int, ...]]:
    return [shape for shape in SHAPES if name != "Adafactor" or 0 not in shape]  # PyTorch divides by the size 0


def assert_near(ours: list[Any], theirs: list[Any], precision: float) -> None:
    for one, two in zip(ours, theirs, strict=True):
        assert one.dtype == two.detach().numpy().dtype
        np.testing.assert_allclose(one.data, two.detach().numpy(), precision, precision)


@given(case=cases(), absent=st.sampled_from([0.0, 0.2]), seed=st.integers(0, 1000))
def test_a_hundred_steps(case: Any, absent: float, seed: int) -> None:
    for dtype, precision in ((np.float64, 1e-9), (np.float32, 2e-3)):
        draw = np.random.default_rng(seed)
        ours, theirs = pairs(draw, dtype, shapes_for(case[0]))
        optimizers = [optimizer_of(where, case[0], params, *case[1:]) for where, params in both(ours, theirs)]
        for _ in range(100):
            set_gradients(draw, ours, theirs, absent)
            for optimizer in optimizers:
                optimizer.step()
        assert_near(ours, theirs, precision)


def both(ours: list[Any], theirs: list[Any]) -> list[tuple[Any, list[Any]]]:
    return [(nn.optim, ours), (torch.optim, theirs)]


@given(case=cases(), seed=st.integers(0, 1000))
def test_a_state_of_pytorch_is_gone_on_from(case: Any, seed: int) -> None:
    draw = np.random.default_rng(seed)
    ours, theirs = pairs(draw, np.float64, shapes_for(case[0]))
    peer = optimizer_of(torch.optim, case[0], theirs, *case[1:])
    for _ in range(10):
        set_gradients(draw, ours, theirs, 0.3)
        peer.step()
    for one, two in zip(ours, theirs, strict=True):
        one.data[...] = two.detach().numpy()
    state = as_numpy(peer.state_dict())
    fresh = getattr(nn.optim, case[0])([{"params": ours[:2]}, {"params": ours[2:]}])
    fresh.load_state_dict(state)
    ours_state = fresh.state_dict()["state"]
    for number, kept in ours_state.items():
        names = {name for name in kept if not name.endswith("_rounding")}  # what keeps float64 exact is ours alone
        assert names - {"step"} == set(state["state"][number]) - {"step"}
        for name, value in kept.items():
            np.testing.assert_allclose(value, state["state"][number].get(name, value), 1e-12)
            assert np.shape(value) == np.shape(state["state"][number].get(name, value))
    for _ in range(10):
        set_gradients(draw, ours, theirs, 0.3)
        fresh.step()
        peer.step()
    assert_near(ours, theirs, 1e-9)


@given(case=cases(), seed=st.integers(0, 1000))
def test_options_that_change_between_steps(case: Any, seed: int) -> None:
    """As schedulers change them: parameters that have another past then differ in NAdam's momenta."""
    draw = np.random.default_rng(seed)
    ours, theirs = pairs(draw, np.float64, shapes_for(case[0]))
    optimizers = [optimizer_of(where, case[0], params, *case[1:]) for where, params in both(ours, theirs)]
    for _ in range(20):
        change: dict[str, Any] = {"lr": draw.random()}
        if "betas" in optimizers[0].defaults:
            change["betas"] = (draw.random() * 0.9, 0.9)
        set_gradients(draw, ours, theirs, 0.3)
        for optimizer in optimizers:
            optimizer.param_groups[1].update(change)
            optimizer.step()
    assert_near(ours, theirs, 1e-9)


def test_defaults_are_the_same() -> None:
    parameter, peer = nn.Parameter(np.zeros((2, 2))), torch.nn.Parameter(torch.zeros(2, 2))
    for name in (*OPTIONS, "Muon", "LBFGS"):
        ours, theirs = (
            getattr(where, name)([w]).param_groups[0] for where, w in ((nn.optim, parameter), (torch.optim, peer))
        )
        missing = set(theirs) - set(ours)
        assert missing <= {"foreach", "fused", "capturable", "differentiable"}, name
        assert {k: v for k, v in ours.items() if k != "params"} == {
            k: v for k, v in theirs.items() if k in ours and k != "params"
        }, name


def test_a_variance_that_rounding_makes_negative() -> None:
    """PyTorch takes the root of a negative number for gradients that are always the same, and goes on with nan."""
    ours, theirs = nn.Parameter([1.0, 1.0]), torch.nn.Parameter(torch.ones(2, dtype=torch.float32))
    optimizers = [
        where.RMSprop([w], alpha=0.5, centered=True) for where, w in ((nn.optim, ours), (torch.optim, theirs))
    ]
    for _ in range(100):
        ours.grad, theirs.grad = np.array([0.1, 0.3], np.float32), torch.tensor([0.1, 0.3], dtype=torch.float32)
        for optimizer in optimizers:
            optimizer.step()
    assert np.isfinite(ours.data).all()
    assert torch.isnan(theirs).any()


@given(
    options=st.fixed_dictionaries(
        {},
        optional={
            "lr": rates,
            "weight_decay": decays,
            "momentum": st.sampled_from([0, 0.9]),
            "nesterov": st.booleans(),
            "ns_steps": st.integers(0, 6),
            "ns_coefficients": st.just((2.0, -1.5, 0.5)),
            "adjust_lr_fn": st.sampled_from([None, "original", "match_rms_adamw"]),
        },
    ),
    seed=st.integers(0, 1000),
)
def test_muon(options: dict[str, Any], seed: int) -> None:
    """PyTorch rounds matrices to bfloat16 before it makes them orthogonal; without that the steps are the same."""
    results = []
    rounded: Callable[[Any], Any] = torch.Tensor.bfloat16
    for method, precision in ((torch.Tensor.clone, 1e-8), (rounded, 0.3 * options.get("lr", 1e-3))):
        draw = np.random.default_rng(seed)
        ours, theirs = pairs(draw, np.float64, ((2, 3), (4, 2), (3, 3)))
        optimizers = [where.Muon(params, **options) for where, params in both(ours, theirs)]
        for _ in range(5):
            set_gradients(draw, ours, theirs, 0.2)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(torch.Tensor, "bfloat16", method)
                for optimizer in optimizers:
                    optimizer.step()
        assert_near(ours, theirs, precision)
        results.append(ours)
    np.testing.assert_array_equal(results[0][0].data, results[1][0].data)
