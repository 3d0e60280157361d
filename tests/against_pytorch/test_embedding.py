"""Embeddings and bilinear maps against PyTorch."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Tensor, tensor
from nn import functional

from ..thorough import draws

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

few = draws(40)


def same(ours: Any, theirs: Any, tolerance: float = 1e-10) -> None:
    ours, theirs = ours.data if isinstance(ours, Tensor) else ours, theirs.detach().numpy()
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@few
@given(data=st.data(), seed=st.integers(0, 2**32 - 1), dtype=st.sampled_from([np.float64, np.float32]))
def test_embedding(data: Any, seed: int, dtype: Any) -> None:
    rng, draw = np.random.default_rng(seed), data.draw
    rows, length = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    options = {
        "padding_idx": draw(st.none() | st.integers(-rows, rows - 1)),
        "max_norm": draw(st.none() | st.just(1.0)),
        "norm_type": draw(st.sampled_from([1.0, 2.0, 3.0])),
        "scale_grad_by_freq": draw(st.booleans()),
    }
    ours: Any = nn.Embedding(rows, length, **options, dtype=dtype)
    theirs = torch.nn.Embedding(rows, length, **options, dtype=torch.float64 if dtype is np.float64 else torch.float32)
    assert ours.padding_idx == theirs.padding_idx
    if ours.padding_idx is not None:
        assert (ours.weight.data[ours.padding_idx] == 0).all()
    theirs.weight.data = torch.from_numpy(rng.standard_normal((rows, length)).astype(dtype))
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    index = rng.integers(0, rows, draw(st.lists(st.integers(0, 3), max_size=2)))
    out, expected = ours(index), theirs(torch.from_numpy(np.asarray(index)))
    tolerance = 1e-10 if dtype is np.float64 else 1e-5
    same(out, expected, 1e-6 if options["max_norm"] else 0)  # it adds 1e-7 to the norm that it divides by
    same(ours.weight, theirs.weight, 1e-6 if options["max_norm"] else 0)
    g = rng.standard_normal(out.shape).astype(dtype)
    out.backward(g)
    expected.backward(torch.from_numpy(np.asarray(g)))
    same(ours.weight.grad, theirs.weight.grad, tolerance)


@draws(100)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1), mode=st.sampled_from(["sum", "mean", "max"]))
def test_embedding_bag(data: Any, seed: int, mode: Any) -> None:
    rng, draw = np.random.default_rng(seed), data.draw
    rows = draw(st.integers(1, 6))
    dtype = draw(st.sampled_from([np.float64, np.float32]))
    options: dict[str, Any] = {
        "padding_idx": draw(st.none() | st.integers(-rows, rows - 1)),
        "max_norm": draw(st.none() | st.just(1.0)),
        "mode": mode,
    }
    if draw(st.booleans()):
        index = rng.integers(0, rows, (draw(st.integers(0, 3)), draw(st.integers(1, 4))))
        offsets = None
    else:
        index = rng.integers(0, rows, draw(st.integers(1, 9)))
        bags = sorted(draw(st.lists(st.integers(0, len(index)), max_size=4)))
        options["include_last_offset"] = draw(st.booleans())
        offsets = np.array([0, *bags, *[len(index)] * options["include_last_offset"]])
    ours: Any = nn.EmbeddingBag(rows, 3, **options, dtype=dtype)
    theirs = torch.nn.EmbeddingBag(rows, 3, **options, dtype=torch.float64 if dtype is np.float64 else torch.float32)
    assert repr(ours) == repr(theirs)
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    factors = rng.standard_normal(index.shape).astype(dtype) if mode == "sum" and draw(st.booleans()) else None
    a: Any = None if factors is None else tensor(factors, requires_grad=True)
    b: Any = None if factors is None else torch.tensor(factors, requires_grad=True)
    out = ours(index, offsets, a)
    expected = theirs(torch.from_numpy(index), None if offsets is None else torch.from_numpy(offsets), b)
    tolerance = 1e-6 if options["max_norm"] else 1e-10 if dtype is np.float64 else 1e-5  # it adds 1e-7 to the norm
    same(out, expected, tolerance)
    g = rng.standard_normal(out.shape).astype(dtype)
    out.backward(g)
    expected.backward(torch.from_numpy(g))
    if not (mode == "max" and options["max_norm"]):  # rows that are made equally long may be equal
        same(ours.weight.grad, theirs.weight.grad, max(tolerance, 1e-5 * (dtype is np.float32)))
    if a is not None and options["padding_idx"] is None:  # PyTorch's gradient of what it skips is not 0
        same(a.grad, b.grad, max(tolerance, 1e-5 * (dtype is np.float32)))


@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_gradients_by_frequency_have_the_counts_of_their_own_rows(mode: Any) -> None:
    """Row 2 occurs once and row 1 twice; PyTorch divides by the count of the index at another position."""
    index = np.array([[2], [1], [1]])
    ours, theirs = tensor(np.zeros((3, 1)), requires_grad=True), torch.zeros((3, 1), requires_grad=True)
    functional.embedding_bag(index, ours, mode=mode, scale_grad_by_freq=True).sum().backward()
    torch.nn.functional.embedding_bag(torch.tensor(index), theirs, mode=mode, scale_grad_by_freq=True).sum().backward()
    assert ours.grad is not None
    assert ours.grad.data.ravel().tolist() == [0, 1, 1]
    assert theirs.grad.ravel().tolist() == [0, 1, 0.5]


@pytest.mark.parametrize("freeze", [True, False])
def test_bags_from_pretrained(freeze: bool) -> None:
    table = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    ours = nn.EmbeddingBag.from_pretrained(table, freeze, mode="sum", padding_idx=1)
    theirs = torch.nn.EmbeddingBag.from_pretrained(torch.from_numpy(table), freeze, mode="sum", padding_idx=1)
    assert ours.weight.requires_grad == theirs.weight.requires_grad == (not freeze)
    same(ours(np.array([[1, 4, 0]])), theirs(torch.tensor([[1, 4, 0]])), 1e-6)


@pytest.mark.parametrize("freeze", [True, False])
def test_from_pretrained(freeze: bool) -> None:
    table = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    ours = nn.Embedding.from_pretrained(table, freeze, padding_idx=1)
    theirs = torch.nn.Embedding.from_pretrained(torch.from_numpy(table), freeze, padding_idx=1)
    assert ours.weight.requires_grad == theirs.weight.requires_grad == (not freeze)
    same(ours(np.array([1, 4])), theirs(torch.tensor([1, 4])), 0)


@few
@given(labels=st.lists(st.integers(0, 6), min_size=1, max_size=6), extra=st.none() | st.integers(0, 2))
def test_one_hot(labels: Any, extra: Any) -> None:
    classes = -1 if extra is None else max(labels) + 1 + extra
    index = np.array(labels)
    same(functional.one_hot(index, classes), torch.nn.functional.one_hot(torch.from_numpy(index), classes), 0)


@few
@given(data=st.data(), seed=st.integers(0, 2**32 - 1), bias=st.booleans())
def test_bilinear(data: Any, seed: int, bias: bool) -> None:
    rng = np.random.default_rng(seed)
    first, second, outputs = (data.draw(st.integers(1, 4)) for _ in range(3))
    leading = data.draw(st.lists(st.integers(1, 3), max_size=2))
    ours: Any = nn.Bilinear(first, second, outputs, bias=bias, dtype=np.float64)
    theirs = torch.nn.Bilinear(first, second, outputs, bias=bias, dtype=torch.float64)
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    values = [rng.standard_normal((*leading, n)) for n in (first, second)]
    a = [tensor(v, requires_grad=True) for v in values]
    b = [torch.from_numpy(v.copy()).requires_grad_() for v in values]
    out, expected = ours(*a), theirs(*b)
    same(out, expected)
    g = rng.standard_normal(out.shape)
    out.backward(g)
    expected.backward(torch.from_numpy(g))
    for mine, other in zip([*a, *ours.parameters()], [*b, *theirs.parameters()], strict=True):
        same(mine.grad, other.grad)


def test_containers_have_pytorchs_names() -> None:
    def build(library: Any) -> list[str]:
        layers = library.ModuleList([library.Linear(1, 2), library.ReLU()])
        layers.append(library.Linear(2, 1))
        layers.insert(0, library.Linear(3, 1))
        layers.extend([library.Linear(1, 1), library.Tanh()])
        del layers[1]
        layers.pop(-1)
        row = library.Sequential(library.Linear(1, 1)) + library.Sequential(library.Linear(1, 1, bias=False))
        row.append(library.Linear(1, 1)).insert(1, library.Tanh())
        heads = library.ModuleDict({"a": library.Linear(1, 1)})
        heads.update({"b": row, "c": layers[1:]})
        heads["a"] = library.Linear(2, 2, bias=False)
        model = library.ModuleList([layers, heads])
        return [f"{name} {tuple(value.shape)}" for name, value in model.state_dict().items()]

    assert build(nn) == build(torch.nn)


def test_containers_of_parameters_have_pytorchs_names() -> None:
    def build(library: Any, ones: Any) -> list[str]:
        def parameter(*shape: int) -> Any:
            return library.Parameter(ones(shape))

        row = library.ParameterList([parameter(1), parameter(2)])
        row.append(parameter(3))
        row.extend([parameter(4), parameter(5)])
        row[1] = parameter(2, 2)
        table = library.ParameterDict({"a": parameter(1), "b": parameter(2)})
        table["c"] = parameter(3)
        table.update({"d": parameter(4), "a": parameter(1, 1)})
        del table["b"]
        model = library.Module()
        model.row, model.table = row, table
        names = [f"{name} {tuple(value.shape)}" for name, value in model.state_dict().items()]
        return [*names, str(len(row)), *(str(tuple(value.shape)) for value in row), *table.keys(), str("b" in table)]

    assert build(nn, np.ones) == build(torch.nn, torch.ones)
