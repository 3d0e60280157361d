"""Losses of each element: against their definitions, their derivatives of both orders, and their errors."""

import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

import nn
from autograd import DtypeError, ShapeError, Tensor, gradcheck, gradgradcheck, tensor
from autograd.testing import LAYOUTS
from nn import functional

Function = Callable[..., Any]

rng = np.random.default_rng(0)
REAL = rng.standard_normal((3, 4))
OTHER = 2 * rng.standard_normal((3, 4))
P = rng.uniform(0.1, 0.9, (3, 4))
Q = rng.uniform(0.1, 0.9, (3, 4))
LABELS = rng.integers(0, 2, (3, 4)).astype(float)
SIGNS = 2 * LABELS - 1
COUNTS = rng.integers(0, 5, (3, 4)).astype(float)
SCALES = rng.uniform(0.5, 2, (3, 4))


def huber(x: float, y: float, delta: float) -> float:
    d = abs(x - y)
    return d * d / 2 if d < delta else delta * (d - delta / 2)


def stirling(k: float) -> float:
    return k * math.log(k) - k + math.log(2 * math.pi * k) / 2 if k > 1 else 0


def softplus(x: float) -> float:
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


# the module with its options, its inputs, what it computes of the elements of each, which inputs are differentiable
CASES: dict[str, tuple[nn.Module, tuple[Any, ...], Function, tuple[int, ...]]] = {
    "mse": (nn.MSELoss(), (REAL, OTHER), lambda x, y: (x - y) ** 2, (0, 1)),
    "l1": (nn.L1Loss(), (REAL, OTHER), lambda x, y: abs(x - y), (0, 1)),
    "huber": (nn.HuberLoss(), (REAL, OTHER), lambda x, y: huber(x, y, 1), (0, 1)),
    "huber, 0.3": (nn.HuberLoss(delta=0.3), (REAL, OTHER), lambda x, y: huber(x, y, 0.3), (0, 1)),
    "smooth l1": (nn.SmoothL1Loss(), (REAL, OTHER), lambda x, y: huber(x, y, 1), (0, 1)),
    "smooth l1, 0.3": (nn.SmoothL1Loss(beta=0.3), (REAL, OTHER), lambda x, y: huber(x, y, 0.3) / 0.3, (0, 1)),
    "smooth l1, 0": (nn.SmoothL1Loss(beta=0), (REAL, OTHER), lambda x, y: abs(x - y), (0, 1)),
    "bce": (nn.BCELoss(), (P, Q), lambda p, y: -y * math.log(p) - (1 - y) * math.log(1 - p), (0, 1)),
    "bce, weighted": (
        nn.BCELoss(np.array([1.0, 2.0, 3.0, 4.0])),
        (P, Q),
        lambda p, y: -y * math.log(p) - (1 - y) * math.log(1 - p),
        (0, 1),
    ),
    "logits": (nn.BCEWithLogitsLoss(), (REAL, Q), lambda x, y: y * softplus(-x) + (1 - y) * softplus(x), (0, 1)),
    "logits, positive": (
        nn.BCEWithLogitsLoss(pos_weight=np.array(3.0)),
        (REAL, Q),
        lambda x, y: 3 * y * softplus(-x) + (1 - y) * softplus(x),
        (0, 1),
    ),
    "kl": (nn.KLDivLoss(), (REAL, Q), lambda x, y: y * (math.log(y) - x), (0, 1)),
    "kl, logarithms": (nn.KLDivLoss(log_target=True), (REAL, OTHER), lambda x, y: math.exp(y) * (y - x), (0, 1)),
    "poisson": (nn.PoissonNLLLoss(), (REAL, COUNTS), lambda x, k: math.exp(x) - k * x, (0,)),
    "poisson, full": (
        nn.PoissonNLLLoss(full=True), (REAL, COUNTS), lambda x, k: math.exp(x) - k * x + stirling(k), (0,),
    ),
    "poisson, rates": (
        nn.PoissonNLLLoss(log_input=False, eps=1e-3), (SCALES, COUNTS), lambda x, k: x - k * math.log(x + 1e-3), (0,),
    ),
    "gauss": (
        nn.GaussianNLLLoss(), (REAL, OTHER, SCALES), lambda x, y, v: (math.log(v) + (x - y) ** 2 / v) / 2, (0, 1, 2),
    ),
    "gauss, full": (
        nn.GaussianNLLLoss(full=True),
        (REAL, OTHER, SCALES),
        lambda x, y, v: (math.log(2 * math.pi * v) + (x - y) ** 2 / v) / 2,
        (0, 1, 2),
    ),
    "hinge": (
        nn.HingeEmbeddingLoss(0.7), (SCALES, SIGNS), lambda x, y: x if y > 0 else max(0, 0.7 - x), (0,),
    ),
    "soft margin": (nn.SoftMarginLoss(), (REAL, SIGNS), lambda x, y: math.log(1 + math.exp(-y * x)), (0,)),
    "ranking": (
        nn.MarginRankingLoss(0.4), (REAL, OTHER, SIGNS), lambda a, b, y: max(0, -y * (a - b) + 0.4), (0, 1),
    ),
}  # fmt: skip
every_case = pytest.mark.parametrize("name", CASES)


def with_reduction(loss: nn.Module, reduction: str) -> Any:
    loss.reduction = reduction
    return loss


@every_case
def test_values_are_those_of_the_definition(name: str) -> None:
    loss, inputs, definition, _ = CASES[name]
    each = np.vectorize(definition, otypes=[float])(*inputs)
    each = each * getattr(loss, "weight", 1) if getattr(loss, "weight", None) is not None else each
    for reduction, expected in {"none": each, "mean": each.mean(), "sum": each.sum()}.items():
        found = with_reduction(loss, reduction)(*inputs)
        np.testing.assert_allclose(found, expected, rtol=1e-13)
        assert not isinstance(found, Tensor)
        on_tensors = loss(*(tensor(x, requires_grad=True) for x in inputs))
        np.testing.assert_array_equal(on_tensors.data, found)


@pytest.mark.one_in(3)
@every_case
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_derivatives_of_both_orders(name: str, reduction: str) -> None:
    loss, inputs, _, live = CASES[name]
    loss = with_reduction(loss, reduction)

    def run(*parts: Any) -> Any:
        filled = list(inputs)
        for place, part in zip(live, parts, strict=True):
            filled[place] = part
        return loss(*filled)

    assert gradcheck(run, [inputs[i] for i in live], fast_mode=True)
    assert gradgradcheck(run, [inputs[i] for i in live], fast_mode=True)


@every_case
def test_single_precision_stays(name: str) -> None:
    loss, inputs, _, _ = CASES[name]
    narrow = [tensor(x.astype(np.float32), requires_grad=True) for x in inputs]
    for reduction in ("mean", "sum", "none"):
        found = with_reduction(loss, reduction)(*narrow)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found.data, loss(*inputs), rtol=1e-4, atol=1e-5)
        found.sum().backward()
        assert narrow[0].grad.dtype == np.float32


@every_case
def test_integers_and_lists_do_not_widen(name: str) -> None:
    loss, inputs, _, _ = CASES[name]
    whole = [np.rint(np.abs(x)) for x in inputs[1:]]
    if loss.__class__ in (nn.BCELoss, nn.BCEWithLogitsLoss):
        whole = [np.minimum(x, 1) for x in whole]
    if isinstance(loss, nn.SoftMarginLoss | nn.HingeEmbeddingLoss | nn.MarginRankingLoss):
        whole[-1] = inputs[-1]
    if isinstance(loss, nn.KLDivLoss | nn.GaussianNLLLoss):
        whole = [x + 1 for x in whole]
    narrow = inputs[0].astype(np.float32)
    expected = loss(narrow, *(x.astype(np.float32) for x in whole))
    for same in ([x.astype(np.int64) for x in whole], [x.tolist() for x in whole]):
        found = loss(narrow, *same)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected)


@every_case
def test_every_layout_and_size(name: str) -> None:
    loss, inputs, _, _ = CASES[name]
    for layout in LAYOUTS.values():
        with_reduction(loss, "none")
        np.testing.assert_allclose(loss(*map(layout, inputs)), loss(*inputs), rtol=1e-14)
    if getattr(loss, "weight", None) is None:
        for shape in ((0,), (3, 0), ()):
            some = [tensor(np.resize(x.ravel()[:1], shape), requires_grad=True) for x in inputs]
            assert with_reduction(loss, "none")(*some).shape == shape
            for reduction in ("mean", "sum"):
                total = with_reduction(loss, reduction)(*some)
                total.backward()
                assert total.shape == ()
                assert np.isfinite(total.data)
                assert total.item() == 0 or shape == ()


@every_case
def test_shapes_that_would_broadcast_raise(name: str) -> None:
    loss, inputs, _, _ = CASES[name]
    column, row = (x[:, :1] for x in inputs), [x[:, 0] for x in inputs]
    first, *_ = column
    with pytest.raises(ShapeError, match=r"shape \(3, 1\) and \w+ of shape \(3,\).*reshape\(\(3,\)\)"):
        loss(first, *row[1:])
    with pytest.raises(ShapeError, match="give both the same shape"):
        loss(inputs[0], *(np.float64(x[0, 0]) for x in inputs[1:]))


@every_case
def test_what_is_no_real_number_raises(name: str) -> None:
    loss, inputs, _, _ = CASES[name]
    for wrong in (inputs[0] * 1j, inputs[0].astype(str), inputs[0].astype(object)):
        with pytest.raises(DtypeError, match=r"computes with real numbers, but .* has dtype"):
            loss(wrong, *inputs[1:])
        with pytest.raises(DtypeError, match=r"computes with real numbers, but .* has dtype"):
            loss(*inputs[:-1], wrong)


@every_case
def test_unknown_reductions_raise(name: str) -> None:
    loss, inputs, _, _ = CASES[name]
    with pytest.raises(ValueError, match='reduction should be "mean", "sum" or "none", not \'average\''):
        with_reduction(loss, "average")(*inputs)
    with pytest.raises(ValueError, match="not 'average'"):
        cast(Any, type(loss))(reduction="average")
    with_reduction(loss, "mean")


@pytest.mark.parametrize("function", [functional.mse_loss, functional.l1_loss])
def test_the_mean_of_weighted_errors_is_divided_by_the_weights(function: Function) -> None:
    each = function(REAL, OTHER, reduction="none")
    found = function(REAL, OTHER, weight=SCALES)
    np.testing.assert_allclose(found, (each * SCALES).sum() / SCALES.sum())
    np.testing.assert_allclose(function(REAL, OTHER, "sum", SCALES), (each * SCALES).sum())
    np.testing.assert_allclose(function(REAL, OTHER, "none", SCALES), each * SCALES)
    assert gradcheck(lambda x, y, w: function(x, y, weight=w), [REAL, OTHER, SCALES], fast_mode=True)
    assert function(REAL, OTHER, weight=np.zeros((3, 4))) == 0
    with pytest.raises(ShapeError, match="weight"):
        function(REAL, OTHER, weight=SCALES[0])


def test_the_mean_of_weighted_huber_losses_is_divided_by_their_number() -> None:
    each = functional.huber_loss(REAL, OTHER, reduction="none")
    np.testing.assert_allclose(functional.huber_loss(REAL, OTHER, weight=SCALES), (each * SCALES).mean())
    with pytest.raises(ShapeError, match="weight"):
        functional.huber_loss(REAL, OTHER, weight=SCALES[0])
    with pytest.raises(ValueError, match="huber_loss needs delta above 0, not 0"):
        functional.huber_loss(REAL, OTHER, delta=0)
    with pytest.raises(ValueError, match="smooth_l1_loss needs beta of at least 0, not -1"):
        functional.smooth_l1_loss(REAL, OTHER, beta=-1)


def test_huber_is_a_clipped_line_by_its_derivative() -> None:
    x = tensor(np.array([-3.0, -0.5, 0.0, 0.5, 3.0]), requires_grad=True)
    functional.huber_loss(x, np.zeros(5), "sum", 2.0).backward()
    np.testing.assert_array_equal(x.grad.data, [-2, -0.5, 0, 0.5, 2])


@pytest.mark.parametrize(
    ("wrong", "place"), [(1.0000001, r"input\[1, 2\] is 1.0000001"), (-0.1, "is -0.1"), (math.nan, "is nan")]
)
def test_probabilities_are_from_0_to_1(wrong: float, place: str) -> None:
    p = P.copy()
    p[1, 2] = wrong
    with pytest.raises(ValueError, match=place + r".*binary_cross_entropy_with_logits"):
        functional.binary_cross_entropy(p, Q)
    with pytest.raises(ValueError, match=r"target\[1, 2\] is"):
        functional.binary_cross_entropy(Q, tensor(p))
    with pytest.raises(ValueError, match=r"target\[1, 2\] is"):
        functional.binary_cross_entropy_with_logits(REAL, p)


def test_certain_and_wrong_costs_a_hundred() -> None:
    p = tensor(np.array([0.0, 1.0, 0.0, 1.0, 1e-10, 1e-300]), requires_grad=True)
    with np.errstate(all="raise", under="ignore"):
        losses = functional.binary_cross_entropy(p, np.array([0, 1, 1, 0, 1, 0]), reduction="none")
        losses.sum().backward()
    np.testing.assert_allclose(losses.data, [0, 0, 100, 100, -math.log(1e-10), 0], atol=1e-15)
    np.testing.assert_allclose(p.grad.data, [1, -1, -1e12, 1e12, -1e10, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_any_size(dtype: Any) -> None:
    x = tensor(np.array([-1e4, -50, -1, 0, 1, 50, 1e4], dtype), requires_grad=True)
    for y in (0, 1, 0.25):
        x.zero_grad()
        with np.errstate(all="raise", under="ignore"):
            losses = functional.binary_cross_entropy_with_logits(x, np.full(7, y, dtype), reduction="none")
            losses.sum().backward()
        exact = [y * softplus(-z) + (1 - y) * softplus(z) for z in x.data.tolist()]
        np.testing.assert_allclose(losses.data, exact, rtol=1e-6 if dtype == np.float32 else 1e-15)
        np.testing.assert_allclose(x.grad.data, functional.sigmoid(x.data) - dtype(y), rtol=1e-6)


def test_logits_agree_with_probabilities() -> None:
    weight, positive = SCALES[:, :1], SCALES[0]
    found = functional.binary_cross_entropy_with_logits(REAL, LABELS, weight, "none", positive)
    p = functional.sigmoid(REAL)
    expected = -weight * (positive * LABELS * np.log(p) + (1 - LABELS) * np.log(1 - p))
    np.testing.assert_allclose(found, expected)
    assert gradcheck(
        lambda x, w, q: functional.binary_cross_entropy_with_logits(x, LABELS, w, "sum", q),
        [REAL, weight, positive],
        fast_mode=True,
    )


@pytest.mark.parametrize("name", ["weight", "pos_weight"])
def test_weights_have_to_fit(name: str) -> None:
    for wrong in (np.ones(3), np.ones((2, 3, 4))):
        with pytest.raises(ShapeError, match=rf"has {name} of shape .* not broadcast to the shape \(3, 4\) of input"):
            functional.binary_cross_entropy_with_logits(REAL, LABELS, **cast(Any, {name: wrong}))
    with pytest.raises(ShapeError, match="has weight of shape"):
        functional.binary_cross_entropy(P, LABELS, np.ones(3))
    narrow = functional.binary_cross_entropy_with_logits(
        REAL.astype(np.float32), LABELS.astype(np.float32), **cast(Any, {name: np.ones(4)})
    )
    assert narrow.dtype == np.float32


def test_the_divergence_of_rows() -> None:
    p, q = functional.softmax(REAL), functional.softmax(OTHER)
    expected = (q * np.log(q / p)).sum(axis=1).mean()
    loss = nn.KLDivLoss("batchmean")
    np.testing.assert_allclose(loss(np.log(p), q), expected)
    np.testing.assert_allclose(nn.KLDivLoss("batchmean", log_target=True)(np.log(p), np.log(q)), expected)
    np.testing.assert_allclose(loss(np.log(q), q), 0, atol=1e-15)
    assert repr(loss) == "KLDivLoss(reduction='batchmean', log_target=False)"
    assert loss(np.zeros((0, 3)), np.zeros((0, 3))) == 0
    with pytest.raises(ShapeError, match="first axis"):
        functional.kl_div(np.float64(0), np.float64(1), reduction="batchmean")
    with pytest.raises(ValueError, match=r"the least is -.*log_target=True"):
        functional.kl_div(np.log(p), np.log(q))


def test_what_has_probability_0_costs_nothing() -> None:
    for target, log_target in (([0.0, 1.0], False), ([-math.inf, 0.0], True)):
        x = tensor(np.array([-math.inf, -1.0]), requires_grad=True)
        y = tensor(np.array(target), requires_grad=True)
        with np.errstate(all="raise"):
            terms = functional.kl_div(x, y, reduction="none", log_target=log_target)
            terms.sum().backward()
        np.testing.assert_array_equal(terms.data, [0, 1])
        np.testing.assert_array_equal(x.grad.data, [0, -1])
        np.testing.assert_array_equal(y.grad.data, [0, 2])


def test_counts_and_rates_are_not_negative() -> None:
    with pytest.raises(ValueError, match=r"target with the negative number -1.0, but counts"):
        functional.poisson_nll_loss(REAL, COUNTS - 1)
    with pytest.raises(ValueError, match=r"input with the negative number .* log_input=True"):
        functional.poisson_nll_loss(REAL, COUNTS, log_input=False)
    with pytest.raises(ValueError, match="needs eps of at least 0, not -1"):
        functional.poisson_nll_loss(REAL, COUNTS, eps=-1)
    assert functional.poisson_nll_loss(np.zeros(1), np.zeros(1), log_input=False) == 0


@pytest.mark.parametrize("shape", [(3, 4), (3,), (3, 1), (1, 4), ()])
def test_variances_of_every_shape_that_fits(shape: tuple[int, ...]) -> None:
    var = rng.uniform(0.5, 2, shape)
    wide = np.broadcast_to(var[:, None] if shape == (3,) else var, (3, 4))
    np.testing.assert_allclose(
        functional.gaussian_nll_loss(REAL, OTHER, var), functional.gaussian_nll_loss(REAL, OTHER, wide)
    )
    assert gradcheck(
        lambda x, y, v: functional.gaussian_nll_loss(x, y, v, reduction="none"), [REAL, OTHER, var], fast_mode=True
    )


def test_variances_that_do_not_fit() -> None:
    for shape in ((4,), (1, 1), (2, 3, 4)):
        with pytest.raises(ShapeError, match=r"var of shape .*: give var the shape of input"):
            functional.gaussian_nll_loss(REAL, OTHER, np.ones(shape))
    with pytest.raises(ValueError, match=r"var with the negative number -1.0"):
        functional.gaussian_nll_loss(REAL, OTHER, -np.ones(3))
    with pytest.raises(ValueError, match="needs eps above 0"):
        functional.gaussian_nll_loss(REAL, OTHER, SCALES, eps=0)
    np.testing.assert_allclose(
        functional.gaussian_nll_loss(REAL, OTHER, 2.0), functional.gaussian_nll_loss(REAL, OTHER, np.full((3, 4), 2))
    )


def test_a_variance_below_eps_counts_as_eps_and_has_its_gradient() -> None:
    v = tensor(np.array([0.0, 0.01]), requires_grad=True)
    loss = functional.gaussian_nll_loss(np.zeros(2), np.ones(2), v, eps=0.1, reduction="sum")
    np.testing.assert_allclose(loss.data, np.log(0.1) + 10)
    loss.backward()
    np.testing.assert_allclose(v.grad.data, 0.5 * (1 / 0.1 - 1 / 0.01))


@pytest.mark.parametrize("function", [functional.hinge_embedding_loss, functional.soft_margin_loss])
def test_targets_are_signs(function: Function) -> None:
    with pytest.raises(ValueError, match=r"1 or -1, but target\[.*\] is 0.0; for labels 0 and 1 use 2 \* target - 1"):
        function(REAL, LABELS)
    with pytest.raises(ValueError, match=r"target\[0, 0\] is 2.0$"):
        function(REAL, 2 * np.ones((3, 4)))
    with pytest.raises(ValueError, match="1 or -1"):
        functional.margin_ranking_loss(REAL, OTHER, np.full((3, 4), math.nan))


def test_one_sign_may_be_that_of_all_pairs() -> None:
    each = functional.margin_ranking_loss(REAL, OTHER, -np.ones((3, 4)), reduction="none")
    np.testing.assert_array_equal(functional.margin_ranking_loss(REAL, OTHER, [-1], reduction="none"), each)


def test_modules_hold_their_options() -> None:
    assert repr(nn.HuberLoss()) == "HuberLoss(delta=1.0, reduction='mean')"
    assert repr(nn.L1Loss("sum")) == "L1Loss(reduction='sum')"
    assert repr(nn.PoissonNLLLoss()) == "PoissonNLLLoss(log_input=True, full=False, eps=1e-08, reduction='mean')"
    assert repr(nn.GaussianNLLLoss(eps=1e-3)) == "GaussianNLLLoss(full=False, eps=0.001, reduction='mean')"
    loss = nn.BCEWithLogitsLoss(np.ones(2), pos_weight=np.ones(2))
    assert set(loss.state_dict()) == {"weight", "pos_weight"}
    assert list(loss.parameters()) == []


@pytest.mark.parametrize("shapes", [((5,), (1,), (1,)), ((1,), (5,), (5,)), ((3, 4), (1, 1), (3, 1))])
def test_one_mean_for_all_that_was_observed(shapes: Any) -> None:
    rng = np.random.default_rng(0)
    x, y, v = (rng.uniform(0.5, 2, shape) for shape in shapes)
    alike = [np.broadcast_to(array, np.broadcast_shapes(*shapes)) for array in (x, y, v)]
    whole = functional.gaussian_nll_loss(alike[0], alike[1], alike[2])
    np.testing.assert_allclose(functional.gaussian_nll_loss(x, y, v), whole, 1e-12)
    assert gradcheck(functional.gaussian_nll_loss, [x, y, v], fast_mode=True)
    assert gradgradcheck(functional.gaussian_nll_loss, [x, y, v], fast_mode=True)
