"""What layers draw: from the generator of `nn`, and within `vmap` as that says."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F  # noqa: N812 - PyTorch's name
import nn.training._compiled
from autograd import BatchError, checkpoint, grad, hessian, jacobian, scan, vmap
from nn.random import drawing_from

from ..good_calls import fresh
from .dtype_calls import functions, layers

Array = np.ndarray[Any, Any]
Function = Callable[[Any], Any]

X = np.linspace(1, 2, 4 * 2 * 20).reshape(4, 2, 20)
RECURRENT = nn.LSTM(20, 3, 2, dropout=0.5).to(np.float64)
ATTENTION = nn.MultiheadAttention(20, 2, dropout=0.5).to(np.float64)
DRAWING: dict[str, Function] = {
    "dropout": lambda x: F.dropout(x, 0.5),
    "dropout1d": lambda x: F.dropout1d(x.swapaxes(-1, -2)[..., None] * np.ones(3), 0.5),
    "dropout2d": lambda x: F.dropout2d(x.swapaxes(-1, -2)[..., None, None] * np.ones((3, 2)), 0.5),
    "dropout3d": lambda x: F.dropout3d(x.swapaxes(-1, -2)[..., None, None, None] * np.ones((3, 2, 1)), 0.5),
    "alpha_dropout": lambda x: F.alpha_dropout(x, 0.5, training=True),
    "feature_alpha_dropout": lambda x: F.feature_alpha_dropout(x, 0.5, training=True),
    "gumbel_softmax": F.gumbel_softmax,
    "rrelu": lambda x: F.rrelu(-x, training=True),
    "Dropout": nn.Dropout(0.5),
    "LSTM": lambda x: nn.functional_call(RECURRENT, dict(RECURRENT.named_parameters()), x)[0],
    "MultiheadAttention": lambda x: ATTENTION(x, x, x)[0],
    "draw": lambda x: x + nn.random.draw(lambda generator, shape: generator.normal(size=shape), x.shape),
}
drawing = pytest.mark.parametrize("function", DRAWING.values(), ids=DRAWING)


def values(x: Any) -> Array:
    return np.asarray(getattr(x, "data", x) if not isinstance(x, np.ndarray) else x)


def seeded(function: Function, x: Any) -> Array:
    nn.manual_seed(0)
    return values(function(x))


@drawing
def test_numbers_are_different_or_the_same_for_each_element(function: Function) -> None:
    one = np.broadcast_to(X[0], X.shape)
    different, same = (seeded(vmap(function, randomness=kind), one) for kind in ("different", "same"))
    assert all((different[0] != other).any() for other in different[1:])
    assert all(np.array_equal(same[0], other) for other in same)
    np.testing.assert_allclose(same[0], seeded(function, X[0]), rtol=1e-12)


@drawing
def test_without_a_word_drawing_raises(function: Function) -> None:
    with pytest.raises(BatchError, match=r"use vmap\(f, randomness='different'\), or 'same'"):
        vmap(function)(X)


@drawing
def test_what_all_elements_share_has_numbers_for_each(function: Function) -> None:
    found = seeded(vmap(lambda i: function(X[0]) + 0 * i, randomness="different"), np.arange(4.0))
    assert all((found[0] != other).any() for other in found[1:])


CALLS = {call.name: call for call in (*functions(), *layers())}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", CALLS)
def test_whatever_draws_raises_without_a_word(name: str) -> None:
    call = CALLS[name]
    function, args = call.make(), list(map(fresh, call.args))
    state = nn.manual_seed(0).bit_generator.state
    function(*args, **call.options)
    draws = nn.random.default_generator().bit_generator.state != state
    with pytest.raises(BatchError, match="randomness=") if draws else nullcontext():
        vmap(lambda i: values(function(*args, **call.options)) if draws else i)(np.arange(2.0))
    assert draws <= (
        name in DRAWING
        or name in ("Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout", "RReLU")
    )


def test_each_level_has_its_own_word() -> None:
    one = np.ones((3, 4, 50))

    def drawn(outer: str, inner: str) -> Array:
        return seeded(vmap(vmap(F.dropout, randomness=inner), randomness=outer), one)

    found = drawn("different", "different")
    assert len(np.unique(found.reshape(12, 50), axis=0)) == 12
    found = drawn("different", "same")
    assert len(np.unique(found[:, 0], axis=0)) == 3
    assert (found == found[:, :1]).all()
    found = drawn("same", "different")
    assert len(np.unique(found[0], axis=0)) == 4
    assert (found == found[:1]).all()
    assert (drawn("same", "same") == drawn("same", "same")[0, 0]).all()
    for words in (("error", "different"), ("different", "error"), ("error", "error")):
        with pytest.raises(BatchError):
            drawn(*words)


def test_what_draws_nothing_needs_no_word() -> None:
    assert np.array_equal(vmap(lambda x: F.dropout(x, 0.5, training=False))(X), X)
    assert np.array_equal(vmap(lambda x: F.dropout(x, 0.0))(X), X)
    assert not vmap(lambda x: F.dropout(x, 1.0))(X).any()


def test_a_generator_that_is_given() -> None:
    def drawn(x: Any) -> Any:
        return F.dropout(x, 0.5, generator=generator)

    generator = np.random.default_rng(0)
    found = vmap(drawn, randomness="different")(np.ones((3, 40)))
    assert np.array_equal(found, F.dropout(np.ones((3, 40)), 0.5, generator=np.random.default_rng(0)))


def test_parameters_are_drawn_for_all_elements_or_not_at_all() -> None:
    def made(x: Any) -> Any:
        return nn.Linear(20, 2).to(np.float64)(x).detach()

    assert vmap(made, randomness="same")(X).shape == (4, 2, 2)
    with pytest.raises(BatchError, match=r"make modules before, and stack them with nn\.stack_parameters"):
        vmap(made, randomness="different")(X)
    with pytest.raises(BatchError, match="randomness="):
        vmap(made)(X)


def masked(x: Any) -> Any:
    return F.dropout(np.sin(x), 0.5) * x


@pytest.mark.parametrize("kind", ["different", "same"])
def test_a_checkpoint_draws_the_same_again(kind: str) -> None:
    """Within the batch, and outside, where it computes again when the batch has ended."""
    linear = nn.Linear(20, 3).to(np.float64)

    def plain(x: Any) -> Any:
        return linear(masked(x)).sum()

    def saving(x: Any) -> Any:
        return checkpoint(lambda x: linear(masked(x)), x).sum()

    for gradient in (
        lambda f: vmap(grad(f), randomness=kind),
        lambda f: grad(lambda x: np.sum(vmap(f, randomness=kind)(x))),
    ):
        np.testing.assert_allclose(seeded(gradient(saving), X), seeded(gradient(plain), X), rtol=1e-12)


def test_derivatives_are_of_one_draw() -> None:
    """Jacobians and Hessians are computed in batches too, of gradients of what was drawn once."""
    x = np.arange(1.0, 41.0)
    mask = seeded(lambda x: F.dropout(x, 0.5), np.ones(40))
    np.testing.assert_allclose(seeded(jacobian(masked), x), np.diag(mask * (np.sin(x) + x * np.cos(x))), rtol=1e-12)
    found = seeded(hessian(lambda x: (F.dropout(x, 0.5) ** 3).sum()), x)
    np.testing.assert_allclose(found, np.diag(6 * mask**3 * x), rtol=1e-12)
    wide = seeded(jacobian(lambda x: F.dropout(np.outer(x, np.ones(50)).reshape(-1), 0.5)), np.ones(2))
    mask = seeded(lambda x: F.dropout(x, 0.5), np.ones(100))
    np.testing.assert_allclose(wide, np.kron(np.eye(2), np.ones((50, 1))) * mask[:, None])


def test_numbers_that_are_given_parameters() -> None:
    def counts(source: np.random.Generator, shape: tuple[int, ...], rate: Array) -> Array:
        return source.poisson(rate, shape)

    def drawn(rate: Any) -> Any:
        return nn.random.draw_given(counts, (2, 30), [rate])

    rates = np.array([1.0, 1e3, 1.0])
    different, same = (seeded(vmap(drawn, randomness=kind), rates) for kind in ("different", "same"))
    assert (different[0] != different[2]).any()
    assert (same[0] == same[2]).all()
    assert (same[1] > same[0]).all()
    outer = vmap(vmap(drawn, randomness="same"), randomness="different")(np.stack([rates, rates]))
    assert (outer[:, 0] == outer[:, 2]).all()
    assert (outer[0] != outer[1]).any()
    with pytest.raises(BatchError, match="randomness="):
        vmap(drawn)(rates)
    share = nn.random.RowShare(before=0, own=2, total=4, number=1)
    alone = seeded(drawn, rates[1])
    with nn.random.drawing_for_rows(share):
        assert (seeded(drawn, rates[1]) != alone).any()


def ensemble_member(number: int) -> tuple[bytes, list[float]]:
    X = np.random.default_rng(number).normal(size=(64, 3)).astype(np.float32)
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    optimizer = nn.optim.SGD(model.parameters(), lr=0.01)
    history = nn.fit(model, (X, X[:, :1]), nn.MSELoss(), optimizer, epochs=20, batch_size=8, seed=0, verbose=False)
    return model[0].weight.data.tobytes(), list(history["loss"])


def summarized(number: int) -> None:
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 4))
    for _ in range(50):
        nn.summary(model, (3,))


def searched(number: int) -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    X = np.ones((16, 3), np.float32)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.01)
    nn.training.find_learning_rate(model, (X, X[:, :1]), nn.MSELoss(), optimizer, steps=5)


def seeded_elsewhere(number: int) -> None:
    for _ in range(300):
        with drawing_from((7,)):
            assert nn.random.default_generator().random() == np.random.default_rng((7,)).random()


def checkpointed(number: int) -> None:
    layer, dropout, x = nn.Linear(3, 4), nn.Dropout(0.5), np.ones((5, 3), np.float32)
    for _ in range(20):
        checkpoint(layer, x).sum().backward()
        with drawing_from((number,)):
            checkpoint(lambda x: dropout(layer(x)), x).sum().backward()


def scanned(number: int) -> None:
    x, steps = np.ones(3), np.zeros(40)
    for _ in range(5):
        grad(lambda x: scan(lambda c, t: (np.sin(c), None), x, steps, checkpoint=3)[0].sum())(x)
        with drawing_from((number,)):
            slope = grad(lambda x: scan(lambda c, t: (F.dropout(c, 0.5), None), x, steps[:8], checkpoint=3)[0].sum())
            slope(x)


@pytest.mark.filterwarnings("ignore:each step changes:nn.TrainingWarning")  # of weights that are others each time
@pytest.mark.parametrize("work", [ensemble_member, summarized, searched, seeded_elsewhere, checkpointed, scanned])
def test_no_numbers_are_drawn_twice_while_other_threads_draw(
    work: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nn.training._compiled, "pays", lambda batches, seconds: True)
    nn.manual_seed(0)
    drawn: list[int] = []
    ended = threading.Event()

    def draw() -> None:
        while not ended.is_set():
            drawn.append(int(nn.random.default_generator().integers(2**63)))
            if work is not scanned:  # which puts NumPy's own back
                drawn.append(int(np.random.randint(2**62)))

    other = threading.Thread(target=draw)
    other.start()
    try:
        for number in range(3):
            work(number)
    finally:
        ended.set()
        other.join()
    assert len(set(drawn)) == len(drawn) > 0


def test_a_seed_within_a_block_is_that_of_the_block() -> None:
    nn.manual_seed(0)
    expected = np.random.default_rng(0).random()
    with drawing_from((7,)):
        nn.manual_seed(3)
        assert nn.random.default_generator().random() == np.random.default_rng(3).random()
    assert nn.random.default_generator().random() == expected
