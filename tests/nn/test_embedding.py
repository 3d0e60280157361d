"""Embeddings, bags of them, one-hot rows and bilinear maps: values, gradients, options and errors."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import DtypeError, GraphError, ShapeError, Tensor, compile, gradcheck, gradgradcheck, tensor, vmap
from nn import functional

from ..thorough import draws

rng = np.random.default_rng(0)


@draws(30)
@given(rows=st.integers(1, 5), length=st.integers(1, 3), shape=st.lists(st.integers(0, 3), max_size=3))
def test_rows_by_number(rows: int, length: int, shape: list[int]) -> None:
    layer = nn.Embedding(rows, length, dtype=np.float64)
    index = np.asarray(rng.integers(0, rows, shape))
    out = layer(index)
    np.testing.assert_array_equal(out.data, layer.weight.data[index])
    g = rng.standard_normal(out.shape)
    out.backward(g)
    expected = np.zeros((rows, length))
    np.add.at(expected, index, g)
    assert layer.weight.grad is not None
    np.testing.assert_allclose(layer.weight.grad.data, expected, atol=1e-14)


def test_gradients_are_those_of_sparse_ones() -> None:
    layers = [kind(4, 2, sparse=True) for kind in (nn.Embedding, nn.EmbeddingBag)]  # type: ignore[call-arg]
    layers[0](np.array([1, 1])).sum().backward()
    assert layers[0].weight.grad is not None
    np.testing.assert_array_equal(layers[0].weight.grad.data.sum(1), [0, 4, 0, 0])
    with pytest.raises(TypeError, match="Linear: it has no argument 'sparse'"):
        nn.Linear(2, 2, sparse=True)  # type: ignore[call-arg]


def test_derivatives_of_both_orders() -> None:
    index = np.array([[0, 2], [2, 1]])
    for check in (gradcheck, gradgradcheck):
        assert check(lambda w: functional.embedding(index, w) ** 2, [rng.standard_normal((3, 2))])


def test_starts_normal_with_zeros_for_the_padding() -> None:
    nn.manual_seed(0)
    layer = nn.Embedding(500, 40, padding_idx=-1)
    assert layer.padding_idx == 499
    assert layer.weight.dtype == np.float32
    assert abs(layer.weight.data.mean()) < 0.02
    assert abs(layer.weight.data.std() - 1) < 0.02
    assert (layer.weight.data[499] == 0).all()
    assert repr(layer) == "Embedding(500, 40, padding_idx=499)"
    assert repr(nn.Embedding(3, 2)) == "Embedding(3, 2)"


@pytest.mark.parametrize("by_frequency", [False, True])
@pytest.mark.parametrize("padding", [None, 1, -2])
def test_gradients_without_the_padding_and_by_frequency(by_frequency: bool, padding: int | None) -> None:
    weight, index = tensor(rng.standard_normal((3, 2)), requires_grad=True), np.array([1, 0, 1, 2, 1])
    out = functional.embedding(index, weight, padding, scale_grad_by_freq=by_frequency)
    np.testing.assert_array_equal(out.data, weight.data[index])
    out.sum().backward()
    counts = np.array([1.0, 1.0 if by_frequency else 3.0, 1.0])
    if padding is not None:
        counts[1] = 0
    assert weight.grad is not None
    np.testing.assert_allclose(weight.grad.data, np.stack([counts] * 2, 1))


@pytest.mark.parametrize("order", [1.0, 2.0, np.inf])
def test_long_rows_are_shortened_where_they_are_asked_for(order: float) -> None:
    layer = nn.Embedding(3, 4, max_norm=0.5, norm_type=order, dtype=np.float64)
    layer.weight.data[...] = [[3, 0, 0, 0], [0.1, 0.1, 0, 0], [2, 2, 2, 2]]
    out = layer(np.array([0, 1, 0]))
    np.testing.assert_allclose(np.linalg.norm(out.data[0], order), 0.5)
    expected = np.array([[0.5, 0.0, 0.0, 0.0], [0.1, 0.1, 0.0, 0.0], [2.0, 2.0, 2.0, 2.0]])
    np.testing.assert_allclose(layer.weight.data, expected)


def test_shortening_rows_that_a_graph_needs_is_an_error() -> None:
    layer = nn.Embedding(3, 2, max_norm=0.5)
    layer.weight.data[...] = 3
    y = (layer.weight * layer.weight).sum()
    layer(np.array([0]))
    with pytest.raises(GraphError):
        y.backward()


def test_from_pretrained() -> None:
    table = rng.standard_normal((4, 3))
    layer = nn.Embedding.from_pretrained(table, padding_idx=1)
    np.testing.assert_array_equal(layer.weight.data, table)  # the padding too
    assert layer.weight.dtype == table.dtype
    assert not layer.weight.requires_grad
    layer.weight.data[0] = 7
    assert not (table == 7).any()
    assert nn.Embedding.from_pretrained(tensor(table), freeze=False)(np.array([0])).requires_grad


def test_indices_of_any_kind() -> None:
    layer = nn.Embedding(300, 2)
    index = np.array([3, 250])
    expected = layer(index).data
    for same in (index.astype(np.uint8), tensor(index), [3, 250], index.astype(np.int32)):
        np.testing.assert_array_equal(layer(same).data, expected)
    assert layer([]).shape == (0, 2)
    assert layer(3).shape == (2,)
    table = rng.standard_normal((3, 2))
    embed: Any = functional.embedding
    assert type(embed([0], table)) is np.ndarray


@draws(40)
@given(data=st.data(), mode=st.sampled_from(["sum", "mean", "max"]), by_frequency=st.booleans())
def test_bags_are_sums_means_and_maxima_of_their_rows(data: Any, mode: str, by_frequency: bool) -> None:
    lengths = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    index = rng.integers(0, 5, sum(lengths))
    offsets = np.cumsum([0, *lengths])
    padding = data.draw(st.none() | st.integers(-5, 4))
    table = tensor(rng.standard_normal((5, 2)), requires_grad=True)
    plain = tensor(table.data, requires_grad=True)
    rows = []
    for first, last in itertools.pairwise(offsets):
        bag = [i for i in index[first:last] if padding is None or i != padding % 5]
        rows.append(getattr(plain[np.array(bag)], mode)(axis=0) if bag else np.zeros(2))
    expected: Any = np.stack(rows)
    options: dict[str, Any] = {"mode": mode, "padding_idx": padding}
    options["scale_grad_by_freq"] = by_frequency and mode != "max"
    out: Any = functional.embedding_bag(index, table, offsets[:-1], **options)
    with_end = functional.embedding_bag(index, table, offsets, include_last_offset=True, **options)
    np.testing.assert_allclose(out.data, expected.data if isinstance(expected, Tensor) else expected, atol=1e-14)
    np.testing.assert_array_equal(out.data, with_end.data)
    if not isinstance(expected, Tensor):
        return
    g = rng.standard_normal(out.shape)
    out.backward(g)
    expected.backward(g)
    assert table.grad is not None
    assert plain.grad is not None
    counts = np.maximum(np.bincount(index, minlength=5), 1)[:, None] if options["scale_grad_by_freq"] else 1
    np.testing.assert_allclose(table.grad.data, plain.grad.data / counts, atol=1e-14)


def test_equal_maxima_of_a_bag_share_the_gradient() -> None:
    table = tensor(np.ones((3, 1)), requires_grad=True)
    functional.embedding_bag([[0, 2], [1, 1]], table, mode="max").sum().backward()
    assert table.grad is not None
    assert table.grad.data.ravel().tolist() == [0.5, 1, 0.5]


def test_bags_of_other_lengths_in_programs_and_batches() -> None:
    index, table = np.array([0, 2, 1, 1]), rng.standard_normal((3, 2))
    for mode in ("sum", "mean", "max"):
        options: dict[str, Any] = {"mode": mode, "padding_idx": 1}
        program = compile(lambda offsets, options=options: functional.embedding_bag(index, table, offsets, **options))
        offsets = np.array([[0, 2], [0, 0], [0, 3], [0, 4]])
        expected = [functional.embedding_bag(index, table, each, **options) for each in offsets]
        for each, wanted in zip(offsets, expected, strict=True):
            np.testing.assert_allclose(program(each), wanted)
        batched = vmap(lambda each, options=options: functional.embedding_bag(index, table, each, **options))(offsets)
        np.testing.assert_allclose(batched, expected)


def test_derivatives_of_bags_of_both_orders() -> None:
    index, offsets = np.array([0, 2, 1, 2]), np.array([0, 0, 3])
    table, factors = rng.standard_normal((3, 2)), rng.standard_normal(4)
    for check in (gradcheck, gradgradcheck):
        assert check(
            lambda w, f: functional.embedding_bag(index, w, offsets, mode="sum", per_sample_weights=f) ** 2,
            [table, factors],
        )
        for mode in ("mean", "max"):
            assert check(lambda w, mode=mode: functional.embedding_bag(index, w, offsets, mode=mode) ** 2, [table])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_bags_keep_the_dtype_and_do_not_overflow(dtype: Any) -> None:
    table = np.full((2, 1), 400, dtype)
    for index, offsets in ((np.zeros((2, 500), int), None), (np.zeros(1000, int), np.array([0, 500]))):
        out = functional.embedding_bag(index, table, offsets)
        assert out.dtype == dtype
        np.testing.assert_array_equal(out, [[400], [400]])


def test_one_hot() -> None:
    labels = np.array([[0, 2], [1, 1]])
    out = functional.one_hot(labels)
    assert out.dtype == np.int64
    np.testing.assert_array_equal(out, np.eye(3)[labels])
    assert functional.one_hot(tensor(labels), 5).shape == (2, 2, 5)
    assert functional.one_hot(np.zeros(0, int), 3).shape == (0, 3)
    np.testing.assert_array_equal(functional.one_hot(2), [0, 0, 1])


def test_bilinear() -> None:
    layer: Any = nn.Bilinear(3, 4, 2, dtype=np.float64)
    x1, x2 = rng.standard_normal((5, 2, 3)), rng.standard_normal((5, 2, 4))
    expected = np.einsum("abi,oij,abj->abo", x1, layer.weight.data, x2) + layer.bias.data
    np.testing.assert_allclose(layer(x1, x2).data, expected)
    weight, bias = layer.weight.data.copy(), layer.bias.data.copy()
    for check in (gradcheck, gradgradcheck):
        assert check(functional.bilinear, [x1[:, 0], x2[:, 0], weight, bias])
    np.testing.assert_allclose(functional.bilinear(x1, x2, weight), expected - bias)
    assert layer(x1[0, 0], x2[0, 0]).shape == (2,)
    assert layer(x1[:0], x2[:0]).shape == (0, 2, 2)


def test_bilinear_starts_as_pytorchs_does() -> None:
    nn.manual_seed(0)
    layer: Any = nn.Bilinear(25, 30, 8)
    assert layer.weight.shape == (8, 25, 30)
    for parameter in layer.parameters():
        assert parameter.dtype == np.float32
        assert 0.1 < abs(parameter.data).max() <= 0.2
    assert nn.Bilinear(1, 1, 1, bias=False).bias is None
    assert repr(layer) == "Bilinear(in1_features=25, in2_features=30, out_features=8, bias=True)"


def test_identity() -> None:
    x = tensor(np.ones(3))
    assert nn.Identity(54, unused=True)(x) is x
    assert nn.Identity().state_dict() == {}


TABLE = rng.standard_normal((3, 2))
ERRORS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: functional.embedding(np.array([[0, 1], [3, 0]]), TABLE), IndexError,
     r"embedding was given the index 3 at \(1, 0\), but there are 3 rows.*0 to 2 \(1 of 4 are not\)"),
    (lambda: functional.embedding(np.array([-1]), TABLE), IndexError, r"the index -1 at \(0,\)"),
    (lambda: functional.embedding(np.array([2**63], np.uint64), TABLE), IndexError, "the index 9223372036854775808"),
    (lambda: functional.embedding(np.array([1.0]), TABLE), DtypeError, "dtype float64: use astype"),
    (lambda: functional.embedding(np.array([True]), TABLE), DtypeError, "dtype bool"),
    (lambda: functional.embedding(np.array([0]), TABLE[0]), ShapeError, r"\(rows, features\), not \(2,\)"),
    (lambda: functional.embedding(np.array([0]), TABLE, padding_idx=3), ValueError, "from -3 to 2.*not 3"),
    (lambda: nn.Embedding(3, 2, padding_idx=-4), ValueError, "padding_idx=-4 is none of the 3 rows"),
    (lambda: nn.Embedding(0, 2), ValueError, "num_embeddings should be an integer of 1 or more, not 0"),
    (lambda: nn.Embedding.from_pretrained(TABLE[0]), ShapeError, r"not \(2,\)"),
    (lambda: nn.Embedding.from_pretrained(np.ones((2, 2), int)), DtypeError, "dtype int64"),
    (lambda: functional.embedding_bag(np.array([[0, 3]]), TABLE), IndexError, r"the index 3 at \(0, 1\), but"),
    (lambda: functional.embedding_bag(np.array([0, 1]), TABLE), ShapeError, r"shape \(2,\) needs offsets"),
    (lambda: functional.embedding_bag(np.array([[0]]), TABLE, [0]), ShapeError, "leave out the offsets"),
    (lambda: functional.embedding_bag(np.zeros((1, 1, 1), int), TABLE), ShapeError, r"\(bags, length\) or \(ind"),
    (lambda: functional.embedding_bag([0, 1], TABLE, [1]), ValueError, r"begin with 0, .* at most 2, .* not \[1 2\]"),
    (lambda: functional.embedding_bag([0, 1], TABLE, [0, 3]), ValueError, r"not \[0 3 2\]"),
    (lambda: functional.embedding_bag([0, 1], TABLE, [0, 2, 1]), ValueError, r"not \[0 2 1 2\]"),
    (lambda: functional.embedding_bag([0, 1], TABLE, [[0]]), ShapeError, r"offsets should have the shape \(bags,\)"),
    (lambda: functional.embedding_bag([0], TABLE, [], include_last_offset=True), ShapeError, r"\(bags,\), not"),
    (lambda: functional.embedding_bag([0, 1], TABLE, [0.0]), DtypeError, "needs integers for offsets, not dtype"),
    (lambda: functional.embedding_bag([[0, 1]], TABLE, mode="min"), ValueError, "mode should be one of sum, mean, max"),
    (lambda: functional.embedding_bag([[0]], TABLE, mode="max", scale_grad_by_freq=True), ValueError, "not for maxima"),
    (lambda: functional.embedding_bag([[0]], TABLE, per_sample_weights=[[1.0]]), ValueError, 'not for mode="mean"'),
    (lambda: functional.embedding_bag([[0]], TABLE, mode="sum", per_sample_weights=[1.0]), ShapeError,
     r"per_sample_weights should have the shape of the input, \(1, 1\), not \(1,\)"),
    (lambda: nn.EmbeddingBag(3, 2, mode="min"), ValueError, 'mode should be "sum" or "mean" or "max", not'),  # type: ignore[arg-type]  # is tested
    (lambda: nn.EmbeddingBag(3, 2, padding_idx=3), ValueError, "padding_idx=3 is none of the 3 rows"),
    (lambda: nn.EmbeddingBag.from_pretrained(TABLE[0]), ShapeError, r"not \(2,\)"),
    (lambda: functional.one_hot(np.array([0, 5]), 3), IndexError, r"one_hot was given the index 5 at \(1,\)"),
    (lambda: functional.one_hot(np.array([-1, 5])), IndexError, r"the index -1 at \(0,\)"),
    (lambda: functional.one_hot(np.zeros(0, int)), ValueError, "needs num_classes"),
    (lambda: functional.one_hot(np.array([0]), 0), ValueError, "at least one class, not num_classes=0"),
    (lambda: functional.one_hot(np.array([0.5]), 2), DtypeError, "one_hot needs integers"),
    (lambda: nn.Bilinear(3, 4, 2)(np.ones((5, 3)), np.ones((4, 4))), ShapeError, r"\(5, 3\) and \(4, 4\)"),
    (lambda: nn.Bilinear(3, 4, 2)(np.ones((5, 4)), np.ones((5, 3))), ShapeError, r"weight of shape \(2, 3, 4\)"),
    (lambda: nn.Bilinear(3, 0, 2), ValueError, "in2_features should be an integer of 1 or more, not 0"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors_name_what_was_given(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
