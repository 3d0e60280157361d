"""Recurrent layers and cells against PyTorch: values, states, gradients, and the state that is saved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import tensor

from ..thorough import draws

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

NAMES = ["RNN", "LSTM", "GRU"]
PRECISION = {np.float64: 1e-10, np.float32: 2e-4}


def parts(result: Any) -> list[Any]:
    """Return arrays that may stand in tuples within tuples, one after the other."""
    return [part for each in result for part in parts(each)] if isinstance(result, tuple) else [result]


def compare(ours: Any, theirs: Any, x: Any, states: list[Any], dtype: Any) -> None:
    """Compare what the layers give, and all gradients of a sum of it with random weights."""
    rng, close = np.random.default_rng(1), PRECISION[dtype]
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    assert {k: v.shape for k, v in ours.state_dict().items()} == {
        k: tuple(v.shape) for k, v in theirs.state_dict().items()
    }
    assert list(ours.state_dict()) == list(theirs.state_dict())
    leaves = [tensor(a, requires_grad=True) for a in (x, *states)]
    their_leaves = [torch.tensor(a, requires_grad=True) for a in (x, *states)]
    results, expected = (
        parts(layer(given[0], *([tuple(given[1:])] if len(given) > 2 else given[1:])))
        for layer, given in ((ours, leaves), (theirs, their_leaves))
    )
    total, their_total = tensor(0.0), torch.tensor(0.0)
    for result, same in zip(results, expected, strict=True):
        assert result.shape == tuple(same.shape)
        assert result.dtype == dtype
        np.testing.assert_allclose(result.data, same.detach().numpy(), atol=close, rtol=close)
        weights = rng.standard_normal(result.shape).astype(dtype)
        total, their_total = total + (result * weights).sum(), their_total + (same * torch.tensor(weights)).sum()
    total.backward()
    their_total.backward()
    pairs = zip((*leaves, *ours.parameters()), (*their_leaves, *theirs.parameters()), strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(one.grad.data, other.grad.numpy(), atol=close * 10, rtol=close * 10)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")  # PyTorch about its speed
@draws(25)
@given(data=st.data())
def test_layers(name: str, data: st.DataObject) -> None:
    draw, flags = data.draw, st.booleans()
    features, hidden, layers = draw(st.integers(1, 4)), draw(st.integers(2, 4)), draw(st.integers(1, 3))
    options: dict[str, Any] = {"num_layers": layers, "bias": draw(flags), "batch_first": draw(flags)}
    options["bidirectional"] = draw(flags)
    if name == "RNN":
        options["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    if name == "LSTM":
        options["proj_size"] = draw(st.sampled_from([0, 0, 1]))
    dtype = draw(st.sampled_from([np.float64, np.float32]))
    time, batch, batched = draw(st.integers(1, 6)), draw(st.integers(1, 40)), draw(flags)
    rng, count = np.random.default_rng(draw(st.integers(0, 100))), layers * (1 + options["bidirectional"])
    shape: tuple[int, ...] = (batch, time) if options["batch_first"] else (time, batch)
    x = rng.standard_normal((*(shape if batched else (time,)), features)).astype(dtype)
    sizes = [options.get("proj_size") or hidden, hidden][: 1 + (name == "LSTM")]
    shapes = [(count, batch, size) if batched else (count, size) for size in sizes]
    states = [rng.standard_normal(each).astype(dtype) for each in shapes] if draw(flags) else []
    theirs = getattr(torch.nn, name)(features, hidden, dtype=getattr(torch, dtype.__name__), **options)
    compare(getattr(nn, name)(features, hidden, dtype=dtype, **options), theirs, x, states, dtype)


@pytest.mark.parametrize("name", NAMES)
@draws(15)
@given(
    sizes=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    batch=st.none() | st.integers(1, 5),
    bias=st.booleans(),
    initial=st.booleans(),
    relu=st.booleans(),
    dtype=st.sampled_from([np.float64, np.float32]),
)
def test_cells(
    name: str, sizes: tuple[int, int], batch: int | None, bias: bool, initial: bool, relu: bool, dtype: Any
) -> None:
    options: dict[str, Any] = {"nonlinearity": "relu"} if relu and name == "RNN" else {}
    rng, leading = np.random.default_rng(0), () if batch is None else (batch,)
    x = rng.standard_normal((*leading, sizes[0])).astype(dtype)
    count = (1 + (name == "LSTM")) * initial
    states = [rng.standard_normal((*leading, sizes[1])).astype(dtype) for _ in range(count)]
    theirs = getattr(torch.nn, f"{name}Cell")(*sizes, bias=bias, dtype=getattr(torch, dtype.__name__), **options)
    compare(getattr(nn, f"{name}Cell")(*sizes, bias=bias, dtype=dtype, **options), theirs, x, states, dtype)


@pytest.mark.parametrize("name", NAMES)
def test_arguments_have_pytorchs_order(name: str) -> None:
    arguments = (3, 4, 2, *(("relu",) if name == "RNN" else ()), False, True, 0.25, True)
    ours, theirs = getattr(nn, name)(*arguments), getattr(torch.nn, name)(*arguments)
    for attribute in ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional"):
        assert getattr(ours, attribute) == getattr(theirs, attribute)
    assert list(ours.state_dict()) == list(theirs.state_dict())
