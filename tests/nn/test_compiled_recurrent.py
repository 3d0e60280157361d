"""Recurrent layers in compiled functions: their steps are loops of machine code where that is faster, and agree."""

from typing import Any

import numpy as np
import pytest

import nn
from autograd import compile, no_grad, tensor, vmap
from autograd.transforms.compile import session

pytest.importorskip("llvmlite")

STEPS = 12


def made(kind: str, **options: Any) -> Any:
    nn.manual_seed(0)
    return getattr(nn, kind)(3, 4, **options)


def numbers(*shape: int, dtype: Any = np.float32) -> Any:
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(dtype)


def close(found: Any, expected: Any) -> None:
    for one, other in zip(found, expected, strict=True):
        other = np.asarray(other)
        assert one.dtype == other.dtype
        error = 100 * np.finfo(other.dtype).eps * max(1, np.abs(other).max())
        np.testing.assert_allclose(np.asarray(one), other, rtol=0, atol=error)


@pytest.mark.parametrize(
    ("kind", "options", "dtype"),
    [
        ("RNN", {}, np.float32),
        ("RNN", {"nonlinearity": "relu", "bias": False}, np.float64),
        ("GRU", {"bidirectional": True}, np.float64),
        ("GRU", {"bias": False, "batch_first": True}, np.float32),
        ("LSTM", {"num_layers": 2}, np.float32),
        ("LSTM", {"bidirectional": True, "bias": False}, np.float64),
    ],
)
def test_training_and_inference(kind: str, options: Any, dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients of all parameters, of the input and of the first states, through outputs and last states."""
    monkeypatch.setitem(session.FEWEST_CALLS, "auto", 0)
    model = made(kind, dtype=dtype, **options)
    layers = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))
    count = 2 if kind == "LSTM" else 1
    shape = (2, STEPS, 3) if options.get("batch_first") else (STEPS, 2, 3)
    leaves = [
        nn.Parameter(numbers(*shape, dtype=dtype)),
        *(nn.Parameter(numbers(layers, 2, 4, dtype=dtype)) for _ in range(count)),
    ]

    def step(factor: Any) -> Any:
        for leaf in (*leaves, *model.parameters()):
            leaf.grad = None
        x, *states = (leaf * factor for leaf in leaves)
        out, last = model(x, tuple(states) if count == 2 else states[0])
        loss = (out * out).sum() + sum((state * state * 0.5).sum() for state in (last if count == 2 else (last,)))
        loss.backward()
        return loss.detach()

    def results(function: Any, factor: float) -> list[Any]:
        return [function(np.asarray(factor, dtype)), *(p.grad.data.copy() for p in (*leaves, *model.parameters()))]

    compiled = compile(step)
    for factor in (1, 1, 0.5):
        close(results(compiled, factor), results(step, factor))
    (program,) = compiled.programs
    directions = layers
    assert program.source.count("which runs as machine code") >= min(2, directions)
    assert not program.notes
    assert not compiled.fallbacks

    def infer(x: Any) -> Any:
        with no_grad():
            return model(x)[0]

    compiled = compile(infer)
    for factor in (1, 1, 0.5):
        x = tensor(leaves[0].data * dtype(factor))
        close([compiled(x).data], [infer(x).data])
    assert "which runs as machine code" in compiled.programs[0].source


def test_numpy_has_the_bits_of_the_layer() -> None:
    model = made("GRU")
    x = numbers(STEPS, 2, 3)
    compiled = compile(lambda x: model(x)[0].detach(), backend="numpy")
    for _ in range(2):
        assert np.array_equal(compiled(x), model(x)[0].detach())


def test_a_batch_of_vmap_is_one_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(session.FEWEST_CALLS, "auto", 0)
    model = made("LSTM").requires_grad_(False)
    function = vmap(lambda x: model(x)[0])
    x, compiled = numbers(5, STEPS, 2, 3), compile(function)
    for _ in range(2):
        close([compiled(x)], [np.asarray(function(x))])
    assert compiled.programs[0].source.count("\nfor j in range") + compiled.programs[0].source.startswith("# loop") >= 1


@pytest.mark.parametrize(
    ("steps", "batch", "hidden"), [(3, 16, 4), (STEPS, 700, 48)], ids=["few steps", "large matrices"]
)
def test_what_is_as_fast_by_numpy_is_left_to_it(steps: int, batch: int, hidden: int) -> None:
    model = nn.LSTM(3, hidden)
    x = numbers(steps, batch, 3)
    compiled = compile(lambda x: model(x)[0].detach())
    for _ in range(2):
        assert np.array_equal(compiled(x), model(x)[0].detach())
    assert not compiled.programs[0].program.loops
