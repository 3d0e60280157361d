"""Losses give what PyTorch's give: values and gradients, whatever the options, shapes and reductions."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Tensor, tensor
from autograd.extend import borrow
from nn import functional

from ..thorough import draws

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

Array = np.ndarray[Any, Any]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]


def real(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(2 * random.standard_normal(shape))


def probability(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(random.uniform(0.01, 0.99, shape))


def positive(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(random.uniform(0.1, 3, shape))


def sign(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(random.choice([-1.0, 1.0], shape))


def count(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(random.integers(0, 5, shape), float)


@dataclass(frozen=True)
class Case:
    """A loss: how to draw its inputs, how many of them are differentiable, and its options."""

    name: str
    draws: tuple[Draw, ...]
    live: int = 2
    options: dict[str, st.SearchStrategy[Any]] = field(default_factory=dict)
    weights: tuple[str, ...] = ()
    reductions: tuple[str, ...] = ("mean", "sum", "none")


flag, margin = st.booleans(), st.sampled_from([0.1, 0.5, 1.0])
CASES = [
    Case("MSELoss", (real, real)),
    Case("L1Loss", (real, real)),
    Case("HuberLoss", (real, real), options={"delta": st.sampled_from([0.5, 1.0, 3.0])}),
    Case("SmoothL1Loss", (real, real), options={"beta": st.sampled_from([0.0, 0.5, 1.0])}),
    Case("BCELoss", (probability, probability), weights=("weight",)),
    Case("BCEWithLogitsLoss", (real, probability), weights=("weight", "pos_weight")),
    Case(
        "KLDivLoss", (real, probability), 2, {"log_target": flag}, reductions=("mean", "sum", "none", "batchmean"),
    ),
    Case("PoissonNLLLoss", (real, count), 1, {"full": flag}),
    Case("PoissonNLLLoss", (positive, count), 1, {"log_input": st.just(False), "eps": st.sampled_from([1e-8, 0.1])}),
    Case("GaussianNLLLoss", (real, real, positive), 3, {"full": flag, "eps": st.sampled_from([1e-6, 1.0])}),
    Case("HingeEmbeddingLoss", (positive, sign), 1, {"margin": margin}),
    Case("SoftMarginLoss", (real, sign), 1),
    Case("MarginRankingLoss", (real, real, sign), 2, {"margin": margin}),
    Case("MultiLabelSoftMarginLoss", (real, probability), 1),
]  # fmt: skip


def compare(
    ours: Any, theirs: Any, arrays: list[Array], live: int, dtype: Any = np.float64, tolerance: float = 1e-10
) -> None:
    """Compare values, and the gradients of the sum of random multiples of them."""
    mine = [tensor(x.astype(dtype) if x.dtype.kind == "f" else x, requires_grad=i < live) for i, x in enumerate(arrays)]
    other = [torch.tensor(t.data) for t in mine]
    for t in other[:live]:
        t.requires_grad_()
    found, wanted = ours(*mine), theirs(*other)
    assert found.shape == tuple(wanted.shape)
    assert str(found.dtype) == str(wanted.dtype).removeprefix("torch.")
    np.testing.assert_allclose(found.data, wanted.detach().numpy(), rtol=tolerance, atol=tolerance)
    g = np.asarray(np.random.default_rng(0).standard_normal(found.shape), dtype)
    found.backward(g)
    wanted.backward(torch.tensor(g))
    for t, u in zip(mine[:live], other[:live], strict=True):
        np.testing.assert_allclose(t.grad.data, u.grad.numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.filterwarnings("ignore:reduction:UserWarning")  # PyTorch's, about its own default for KLDivLoss
@given(data=st.data())
def test_losses_of_elements(case: Case, data: Any) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    shape = data.draw(st.sampled_from([(3,), (4, 3), (2, 3, 2), (1, 1), (5, 1)]))
    options = {name: data.draw(strategy) for name, strategy in case.options.items()}
    options["reduction"] = data.draw(st.sampled_from(case.reductions))
    weights = {name: positive(random, shape[-1:]) for name in case.weights if data.draw(flag)}
    arrays = [draw(random, shape) for draw in case.draws]
    if options.get("log_target"):
        arrays[1] = np.log(arrays[1])
    dtype, tolerance = data.draw(st.sampled_from([(np.float64, 1e-10), (np.float32, 2e-4)]))
    ours = getattr(nn, case.name)(**options, **{k: w.astype(dtype) for k, w in weights.items()})
    theirs = getattr(torch.nn, case.name)(**options, **{k: torch.tensor(w.astype(dtype)) for k, w in weights.items()})
    assert {k: v.shape for k, v in ours.state_dict().items()} == {k: v.shape for k, v in theirs.state_dict().items()}
    compare(ours, theirs, arrays, case.live, dtype, tolerance)


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_weighted_errors(name: str, reduction: str) -> None:
    random = np.random.default_rng(3)
    arrays = [real(random, (4, 3)), real(random, (4, 3)), positive(random, (4, 3))]
    if "weight" not in torch.nn.functional.huber_loss.__code__.co_varnames:
        pytest.skip("this PyTorch has no weights for losses of elements")
    compare(
        lambda x, y, w: getattr(functional, name)(x, y, reduction=reduction, weight=w),
        lambda x, y, w: getattr(torch.nn.functional, name)(x, y, reduction=reduction, weight=w),
        arrays,
        3,
    )


@given(data=st.data())
def test_losses_of_classes_with_margins(data: Any) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    n, classes = data.draw(st.integers(1, 4)), data.draw(st.integers(2, 5))
    scores, labels = real(random, (n, classes)), random.integers(0, classes, n)
    reduction = data.draw(st.sampled_from(["mean", "sum", "none"]))
    options = {"p": data.draw(st.sampled_from([1, 2])), "margin": data.draw(margin), "reduction": reduction}
    weight = positive(random, (classes,)) if data.draw(flag) else None
    theirs = torch.nn.MultiMarginLoss(**options, weight=None if weight is None else torch.tensor(weight))
    compare(nn.MultiMarginLoss(**options, weight=weight), theirs, [scores, labels], 1)
    compare(nn.MultiMarginLoss(**options, weight=weight), theirs, [scores[0], labels[0]], 1)
    several = random.integers(-1, classes, (n, classes))
    several = np.array([[*dict.fromkeys(row), *[-1] * classes][:classes] for row in several.tolist()])
    compare(
        nn.MultiLabelMarginLoss(reduction), torch.nn.MultiLabelMarginLoss(reduction=reduction), [scores, several], 1
    )
    probabilities = random.uniform(0, 1, (n, classes))
    theirs = torch.nn.MultiLabelSoftMarginLoss(None if weight is None else torch.tensor(weight), reduction=reduction)
    compare(nn.MultiLabelSoftMarginLoss(weight, reduction), theirs, [scores, probabilities], 1)


@given(data=st.data())
def test_losses_of_vectors(data: Any) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    n, d = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 5))
    a, b, c = real(random, (3, n, d))
    reduction: Any = data.draw(st.sampled_from(["mean", "sum", "none"]))
    p, swap = data.draw(st.sampled_from([1.0, 1.5, 2.0, math.inf])), data.draw(flag)
    options = {"margin": data.draw(margin), "swap": swap, "reduction": reduction}
    compare(
        nn.TripletMarginLoss(**options, p=p),
        torch.nn.TripletMarginLoss(**options, p=p),
        [a, b, c],
        3,
    )
    compare(
        nn.TripletMarginWithDistanceLoss(**options),
        torch.nn.TripletMarginWithDistanceLoss(**options),
        [a, b, c],
        3,
    )
    between = data.draw(st.sampled_from([-0.3, 0.0, 0.4]))
    signs = sign(random, (n,))
    theirs = torch.nn.CosineEmbeddingLoss(between, reduction=reduction)
    compare(nn.CosineEmbeddingLoss(between, reduction), theirs, [a, b, signs], 2, tolerance=1e-9)
    keep, dim = data.draw(flag), data.draw(st.sampled_from([0, 1, -1]))
    compare(nn.PairwiseDistance(p, 1e-3, keep), torch.nn.PairwiseDistance(p, 1e-3, keep), [a, b], 2)
    compare(nn.CosineSimilarity(dim), torch.nn.CosineSimilarity(dim), [a, b], 2)  # fmt: skip


def test_where_pytorch_broadcasts_with_a_warning_there_is_an_error() -> None:
    column, row = np.ones((3, 1)), np.zeros(3)
    with pytest.warns(UserWarning, match="different to the input size"):
        assert torch.nn.functional.mse_loss(torch.tensor(column), torch.tensor(row)) == 1
    with pytest.raises(ValueError, match="broadcast"):
        functional.mse_loss(column, row)


def test_the_slope_near_certainty_is_exact_where_pytorch_has_a_tenth() -> None:
    p = np.array([1e-13])
    mine, other = tensor(p, requires_grad=True), torch.tensor(p, requires_grad=True)
    functional.binary_cross_entropy(mine, np.zeros(1)).backward()
    torch.nn.functional.binary_cross_entropy(other, torch.zeros(1, dtype=torch.float64)).backward()
    np.testing.assert_allclose(mine.grad.data, 1)
    np.testing.assert_allclose(other.grad.numpy(), 0.1)


def test_targets_of_probability_0_that_are_nan_in_pytorch() -> None:
    x, y = np.array([-math.inf, -1.0]), np.array([0.0, 1.0])
    assert math.isnan(torch.nn.functional.kl_div(torch.tensor(x), torch.tensor(y), reduction="sum"))
    assert functional.kl_div(x, y, reduction="sum") == 1


def test_labels_0_and_1_are_silent_in_pytorch_where_signs_are_meant() -> None:
    scores, labels = np.array([1.0, -1.0]), np.array([1.0, 0.0])
    assert math.isfinite(torch.nn.functional.soft_margin_loss(torch.tensor(scores), torch.tensor(labels)))
    with pytest.raises(ValueError, match=r"2 \* target - 1"):
        functional.soft_margin_loss(scores, labels)


def test_the_mean_of_nothing_is_0_where_pytorch_has_nan() -> None:
    empty = np.zeros((0, 2))
    assert math.isnan(torch.nn.functional.mse_loss(torch.tensor(empty), torch.tensor(empty)))
    assert functional.mse_loss(empty, empty) == 0


@draws(20)
@given(data=st.data())
def test_cross_entropy_and_nll(data: Any) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    shape = data.draw(st.sampled_from([(4, 3), (2, 3, 2), (3,), (2, 3, 1, 2)]))
    classes = shape[0] if len(shape) == 1 else shape[1]
    logits = real(random, shape)
    labels = np.asarray(random.integers(0, classes, shape[:1] + shape[2:] if len(shape) > 1 else ()))
    options: dict[str, Any] = {
        "reduction": data.draw(st.sampled_from(["mean", "sum", "none"])),
        "ignore_index": data.draw(st.sampled_from([-100, 0])),
    }
    if (labels == 0).all():
        options["ignore_index"] = -100  # all ignored is nan in PyTorch, and 0 here
    weight = positive(random, (classes,)) if data.draw(flag) else None
    other = None if weight is None else torch.tensor(weight)
    smoothing = data.draw(st.sampled_from([0.0, 0.2]))
    ours = nn.CrossEntropyLoss(weight, label_smoothing=smoothing, **options)
    compare(ours, torch.nn.CrossEntropyLoss(other, label_smoothing=smoothing, **options), [logits, labels], 1)
    compare(nn.NLLLoss(weight, **options), torch.nn.NLLLoss(other, **options), [logits, labels], 1)
    if options["ignore_index"] < 0:
        soft: Any = functional.softmax(real(random, shape), 0 if len(shape) == 1 else 1)
        compare(ours, torch.nn.CrossEntropyLoss(other, label_smoothing=smoothing, **options), [logits, soft], 2)


@draws(60)
@given(data=st.data())
def test_cross_entropy_with_classes_of_weight_0(data: Any) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    dtype, tolerance = data.draw(st.sampled_from([(np.float64, 1e-10), (np.float32, 1e-4), (np.float16, 2e-2)]))
    classes = data.draw(st.integers(1, 4))
    shape = (data.draw(st.integers(1, 5)), classes, *data.draw(st.sampled_from([(), (2,)])))
    logits, rows = real(random, shape).astype(dtype), shape[:1] + shape[2:]
    weight = np.where(random.random(classes) < 0.4, 0, positive(random, (classes,))).astype(dtype)
    options: dict[str, Any] = {
        "reduction": data.draw(st.sampled_from(["mean", "sum", "none"])),
        "label_smoothing": data.draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])),
    }
    if data.draw(flag):
        target: Any = functional.softmax(real(random, shape), 1).astype(dtype)
    else:
        target = random.integers(0, classes, rows)
        options["ignore_index"] = data.draw(st.sampled_from([-100, 0, classes - 1]))
        target[random.random(rows) < 0.3] = options["ignore_index"]
        counted = np.where(target == options["ignore_index"], 0, weight[np.maximum(target, 0)])
        if options["reduction"] == "mean" and not counted.any():
            return  # PyTorch has nan
    x, y = tensor(logits, requires_grad=True), torch.tensor(logits, requires_grad=True)
    found = functional.cross_entropy(x, target, weight, **options)
    wanted = torch.nn.functional.cross_entropy(y, torch.tensor(target), torch.tensor(weight), **options)
    found.backward(np.ones(found.shape, dtype))
    wanted.backward(torch.ones_like(wanted))
    np.testing.assert_allclose(found.data, wanted.detach().numpy(), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(borrow(x.grad), y.grad.numpy(), rtol=tolerance, atol=tolerance)


def test_there_is_no_mean_over_rows_without_weight_that_have_a_smoothed_part() -> None:
    x = tensor([[1.0, 2.0]], requires_grad=True)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        loss = functional.cross_entropy(x, np.array([0]), np.array([0.0, 1.0]), label_smoothing=0.5)
    assert np.isinf(loss.data)
    assert functional.cross_entropy(x, np.array([0]), np.array([0.0, 1.0])).data == 0


def test_results_are_tensors() -> None:
    assert isinstance(nn.MSELoss()(tensor([1.0], requires_grad=True), [2.0]), Tensor)
