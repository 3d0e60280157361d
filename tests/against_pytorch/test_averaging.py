"""Clipping and averaging do what PyTorch's do."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")


def pair_of_models() -> tuple[Any, Any]:
    ours, theirs = (
        where.Sequential(where.Linear(3, 4), where.BatchNorm1d(4), where.Linear(4, 1)) for where in (nn, torch.nn)
    )
    return ours, theirs


def move_alike(draw: np.random.Generator, ours: Any, theirs: Any) -> None:
    state = {
        name: value if value.dtype.kind == "i" else draw.random(value.shape).astype(np.float32)
        for name, value in ours.state_dict().items()
    }
    ours.load_state_dict(state)
    theirs.load_state_dict({name: torch.tensor(value) for name, value in state.items()})


def assert_same_state(ours: Any, theirs: Any) -> None:
    state = {name: value.numpy() for name, value in theirs.state_dict().items()}
    own = ours.state_dict()
    assert set(own) == set(state)
    for name, value in own.items():
        np.testing.assert_allclose(value, state[name], 1e-5, 1e-6, err_msg=name)


@given(
    kind=st.sampled_from(["default", "mean", "moving", "function"]),
    use_buffers=st.booleans(),
    decay=st.sampled_from([0.0, 0.3, 0.999, 1.0]),
    updates=st.integers(0, 4),
)
def test_averages(kind: str, use_buffers: bool, decay: float, updates: int) -> None:
    # PyTorch's means raise an error for the numbers of batches, which are whole
    use_buffers = use_buffers and kind in ("moving", "function")
    draw = np.random.default_rng(0)
    ours, theirs = pair_of_models()
    averages = []
    for where, model in ((nn, ours), (torch, theirs)):
        utils = where.optim.swa_utils
        options: dict[str, Any] = {
            "default": {},
            "mean": {"multi_avg_fn": utils.get_swa_multi_avg_fn()},
            "moving": {"multi_avg_fn": utils.get_ema_multi_avg_fn(decay)},
            "function": {"avg_fn": lambda average, value, count: average + (value - average) / (count + 2)},
        }[kind]
        averages.append(utils.AveragedModel(model, use_buffers=use_buffers, **options))
    move_alike(draw, averages[0].module, averages[1].module)
    for _ in range(updates):
        move_alike(draw, ours, theirs)
        for average, model in zip(averages, (ours, theirs), strict=True):
            average.update_parameters(model)
    assert_same_state(*averages)
    batches = draw.standard_normal((3, 6, 3)).astype(np.float32)
    nn.optim.swa_utils.update_bn(batches, averages[0])
    torch.optim.swa_utils.update_bn(torch.tensor(batches), averages[1])
    assert_same_state(*averages)


@given(
    largest=st.sampled_from([0.0, 0.5, 100.0]),
    order=st.sampled_from([1, 2.0, 3, float("inf"), "inf"]),
    by_value=st.booleans(),
    seed=st.integers(0, 100),
)
def test_clipping(largest: float, order: Any, by_value: bool, seed: int) -> None:
    draw = np.random.default_rng(seed)
    ours, theirs = pair_of_models()
    for one, two in zip(list(ours.parameters())[1:], list(theirs.parameters())[1:], strict=True):
        gradient = draw.standard_normal(one.shape).astype(np.float32)
        one.grad, two.grad = gradient, torch.tensor(gradient)
    if by_value:
        nn.utils.clip_grad_value_(ours.parameters(), largest)
        torch.nn.utils.clip_grad_value_(theirs.parameters(), largest)
    else:
        norm = nn.utils.clip_grad_norm_(ours.parameters(), largest, order)
        peer = torch.nn.utils.clip_grad_norm_(theirs.parameters(), largest, order)
        np.testing.assert_allclose(float(norm), float(peer), 1e-5)
        gradients = [[p.grad for p in model.parameters() if p.grad is not None] for model in (ours, theirs)]
        found, wanted = nn.utils.get_total_norm(gradients[0], order), torch.nn.utils.get_total_norm(gradients[1], order)
        np.testing.assert_allclose(float(found), float(wanted), 1e-5)
        assert norm.shape == ()
        assert norm.dtype == np.float32
    for one, two in zip(ours.parameters(), theirs.parameters(), strict=True):
        if two.grad is None:
            assert one.grad is None
        else:
            np.testing.assert_allclose(one.grad.data, two.grad.numpy(), 1e-5, 1e-7)


def test_vectors() -> None:
    ours, theirs = pair_of_models()
    move_alike(np.random.default_rng(0), ours, theirs)
    vector = nn.utils.parameters_to_vector(ours.parameters())
    peer = torch.nn.utils.parameters_to_vector(theirs.parameters())
    np.testing.assert_array_equal(vector.data, peer.detach().numpy())
    nn.utils.vector_to_parameters(vector.data[::-1], ours.parameters())
    torch.nn.utils.vector_to_parameters(peer.flip(0), theirs.parameters())
    assert_same_state(ours, theirs)
