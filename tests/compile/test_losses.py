"""Every loss with every option and reduction, compiled against eager: values and gradients, other data each time."""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F  # noqa: N812
from autograd import Tensor, tensor

from ..lists import assert_complete, plain_losses
from .agreement import compiled, differs

N, CLASSES = 6, 5
Arrays = tuple[Any, ...]
random = np.random.default_rng(0)
WEIGHT = random.uniform(0.5, 2, CLASSES)


def scores(k: int, dtype: Any) -> Arrays:
    return (np.random.default_rng(k).standard_normal((N, CLASSES)).astype(dtype),)


def labels(k: int, ignored: int | None = None) -> Any:
    """Return labels, of which 2, 1 and none are ignored at the calls 0, 1 and 2."""
    found = np.random.default_rng(100 + k).integers(0, CLASSES, N)
    if ignored is not None:
        found = np.where(found == ignored, 4, found)
        found[: max(2 - k, 0)] = ignored
    return found


def probabilities(k: int, dtype: Any) -> Any:
    p = np.random.default_rng(200 + k).uniform(0.1, 1, (N, CLASSES))
    return (p / p.sum(1, keepdims=True)).astype(dtype)


def signs(k: int, dtype: Any, shape: Any = (N, CLASSES)) -> Any:
    return np.random.default_rng(300 + k).choice([-1, 1], shape).astype(dtype)


def several(k: int, count: int, dtype: Any) -> Arrays:
    return tuple(np.random.default_rng(400 + k).standard_normal((count, N, CLASSES)).astype(dtype))


def multilabels(k: int) -> Any:
    rows = [np.random.default_rng(500 + 10 * k + i).permutation(CLASSES) for i in range(N)]
    return np.array([np.where(np.arange(CLASSES) < 1 + (i + k) % 3, row, -1) for i, row in enumerate(rows)])


def ctc(k: int, dtype: Any) -> Arrays:
    logits = np.random.default_rng(600 + k).standard_normal((8, 3, CLASSES)).astype(dtype)
    return F.log_softmax(logits, 2), np.random.default_rng(k).integers(1, CLASSES, (3, 2)), [8, 8, 8], [2, 2, 2]


class_options: list[dict[str, Any]] = [{}, {"weight": WEIGHT}, {"ignore_index": 1}, {"ignore_index": -100}]
class_options += [{"weight": WEIGHT, "ignore_index": 1}]
smoothed = [{**options, "label_smoothing": 0.1} for options in class_options]
of_margins = [{"margin": 0.5}]

# For each loss: its options, and its arguments at call k.
CASES: dict[str, tuple[list[dict[str, Any]], Callable[[int, Any, dict[str, Any]], Arrays]]] = {
    "cross_entropy": (class_options + smoothed, lambda k, t, o: (*scores(k, t), labels(k, o.get("ignore_index")))),
    "nll_loss": (class_options, lambda k, t, o: (*scores(k, t), labels(k, o.get("ignore_index")))),
    "multi_margin_loss": ([{}, {"p": 2}, {"weight": WEIGHT}, *of_margins], lambda k, t, o: (*scores(k, t), labels(k))),
    "multilabel_margin_loss": ([{}], lambda k, t, o: (*scores(k, t), multilabels(k))),
    "multilabel_soft_margin_loss": (
        [{}, {"weight": WEIGHT}], lambda k, t, o: (*scores(k, t), (probabilities(k, t) > 0.2) * 1),
    ),
    "binary_cross_entropy": ([{}, {"weight": WEIGHT}], lambda k, t, o: (probabilities(k, t), probabilities(k + 9, t))),
    "binary_cross_entropy_with_logits": (
        [{}, {"weight": WEIGHT}, {"pos_weight": WEIGHT}], lambda k, t, o: (*scores(k, t), probabilities(k, t)),
    ),
    "kl_div": (
        [{}, {"log_target": True}, {"reduction": "batchmean"}],
        lambda k, t, o: (*scores(k, t), np.log(probabilities(k, t)) if "log_target" in o else probabilities(k, t)),
    ),
    "poisson_nll_loss": (
        [{}, {"full": True}, {"log_input": False}],
        lambda k, t, o: (probabilities(k, t), np.random.default_rng(k).integers(0, 5, (N, CLASSES))),
    ),
    "gaussian_nll_loss": ([{}, {"full": True}], lambda k, t, o: (*several(k, 2, t), probabilities(k, t))),
    "hinge_embedding_loss": ([{}, *of_margins], lambda k, t, o: (*scores(k, t), signs(k, t))),
    "margin_ranking_loss": ([{}, *of_margins], lambda k, t, o: (*several(k, 2, t), signs(k, t))),
    "soft_margin_loss": ([{}], lambda k, t, o: (*scores(k, t), signs(k, t))),
    "cosine_embedding_loss": ([{}, *of_margins], lambda k, t, o: (*several(k, 2, t), signs(k, t, (N,)))),
    "triplet_margin_loss": (
        [{}, {"swap": True}, {"p": 1.0}, {"eps": 1e-3}, *of_margins], lambda k, t, o: several(k, 3, t),
    ),
    "triplet_margin_with_distance_loss": ([{}, {"swap": True}, *of_margins], lambda k, t, o: several(k, 3, t)),
    "smooth_l1_loss": ([{}, {"beta": 0.5}], lambda k, t, o: several(k, 2, t)),
    "huber_loss": ([{}, {"delta": 0.5}], lambda k, t, o: several(k, 2, t)),
    "ctc_loss": ([{}, {"zero_infinity": True}], lambda k, t, o: ctc(k, t)),
}  # fmt: skip
CASES |= {name: ([{}], lambda k, t, o: several(k, 2, t)) for name in plain_losses(CASES)}
MODULES = {
    "cross_entropy": "CrossEntropyLoss", "nll_loss": "NLLLoss", "kl_div": "KLDivLoss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss", "poisson_nll_loss": "PoissonNLLLoss",
    "gaussian_nll_loss": "GaussianNLLLoss", "multilabel_margin_loss": "MultiLabelMarginLoss",
    "multilabel_soft_margin_loss": "MultiLabelSoftMarginLoss", "l1_loss": "L1Loss", "mse_loss": "MSELoss",
    "smooth_l1_loss": "SmoothL1Loss", "ctc_loss": "CTCLoss",
}  # fmt: skip


def test_every_loss_has_a_case() -> None:
    functions = {name: getattr(F, name) for name in F.__all__ if not isinstance(getattr(F, name), np.ufunc)}
    losses = {name for name, function in functions.items() if "reduction" in inspect.signature(function).parameters}
    assert_complete(losses, CASES, "CASES in tests/compile/test_losses.py")


def cases() -> Iterator[Any]:
    for name, (several_options, _) in CASES.items():
        for options in several_options:
            for reduction in [options["reduction"]] if "reduction" in options else ("mean", "sum", "none"):
                yield pytest.param(name, {**options, "reduction": reduction}, id=f"{name}-{[*options]}-{reduction}")


def same_at_three_calls(loss: Callable[..., Any], arguments: Callable[[int], Arrays]) -> None:
    def step(first: Any, *rest: Any) -> Any:
        x = tensor(first, requires_grad=True)
        value = loss(x, *rest)
        (value * np.arange(1.0, value.size + 1).reshape(value.shape)).sum().backward()
        return value.detach(), x.grad

    recorded = compiled(step)
    for k in range(3):
        given = arguments(k)
        assert not differs(step(*given), recorded(*given)), k
    (program,) = recorded.programs
    assert not program.diverged


@pytest.mark.one_in(6)
@pytest.mark.parametrize(("name", "options"), list(cases()))
def test_a_loss_is_recorded(name: str, options: dict[str, Any]) -> None:
    """The program of the first call, with two ignored labels, serves the others, with one and none."""
    make = CASES[name][1]
    function = getattr(F, name)
    same_at_three_calls(lambda *given: function(*given, **options), lambda k: make(k, "float64", options))


def _made(make: Callable[..., Arrays], options: dict[str, Any], k: int) -> Arrays:
    return make(k, "float32", options)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", CASES)
def test_so_is_its_module(name: str) -> None:
    several_options, make = CASES[name]
    kind: Any = getattr(nn, MODULES.get(name) or "".join(map(str.title, name.split("_"))))
    for options in several_options:
        given = {key: Tensor(x) if isinstance(x, np.ndarray) else x for key, x in options.items()}
        same_at_three_calls(kind(**given), functools.partial(_made, make, options))
