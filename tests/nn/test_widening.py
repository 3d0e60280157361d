"""Float32 parameters that meet float64 values: one warning, at the first step, with the line and the remedy."""

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nn
from autograd import Tensor, compile, lint, tensor
from autograd.extend import Widened

RNG = np.random.default_rng(0)
X64 = RNG.standard_normal((4, 3))
X = X64.astype(np.float32)


@pytest.fixture(autouse=True)
def not_told() -> Iterator[None]:
    Widened.told = False
    yield
    Widened.told = True


def line_here(text: str) -> int:
    with open(__file__, encoding="utf-8") as lines:
        return next(number for number, line in enumerate(lines, 1) if text in line)


def train(model: nn.Module, loss: Callable[[Any], Any], wrap: Callable[[Any], Any] = lambda step: step) -> list[str]:
    optimizer = nn.optim.SGD(model.parameters(), lr=0.01)

    def step() -> None:
        optimizer.zero_grad()
        loss(model).backward()
        optimizer.step()

    step = wrap(step)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            step()
    return [str(record.message) for record in caught]


def written(m: nn.Module) -> Tensor:
    rows = tensor(np.zeros((4, 2)))
    rows[:] = m(X)
    return rows.sum()


MIXED: dict[str, tuple[Callable[[], nn.Module], Callable[[Any], Any]]] = {
    "linear": (lambda: nn.Linear(3, 2), lambda m: m(X64).sum()),
    "add": (lambda: nn.Linear(3, 2), lambda m: (m(X) + np.zeros((4, 2))).sum()),
    "multiply": (lambda: nn.Linear(3, 2), lambda m: (m(X) * np.arange(2)).sum()),
    "subtract": (lambda: nn.Linear(3, 2), lambda m: nn.functional.mse_loss(m(X), X64[:, :2])),
    "convolution": (lambda: nn.Conv1d(4, 2, 2), lambda m: m(X64[None]).sum()),
    "_LSTM": (lambda: nn.LSTM(3, 2), lambda m: m(X64[None])[0].sum()),
    "matmul": (lambda: nn.Embedding(4, 3), lambda m: (m(np.arange(2)) @ X64.T).sum()),
    "where": (lambda: nn.Linear(3, 3), lambda m: np.where(X > 0, m(X), np.zeros((4, 3))).sum()),
    "concatenate": (lambda: nn.Linear(3, 2), lambda m: np.concatenate([m(X), np.zeros((4, 2))]).sum()),
    "setitem": (lambda: nn.Linear(3, 2), written),
}
ALIKE: dict[str, tuple[Callable[[], nn.Module], Callable[[Any], Any]]] = {
    "float32": (lambda: nn.Linear(3, 2), lambda m: nn.functional.mse_loss(m(X), X[:, :2])),
    "float64": (lambda: nn.Linear(3, 2).double(), lambda m: m(X64).sum()),
    "double": (lambda: nn.Linear(3, 2).double(), lambda m: m(X).sum()),
    "a number": (lambda: nn.Linear(3, 2), lambda m: np.sqrt(2.0) * m(X).sum() / np.int64(4)),
    "astype": (lambda: nn.Linear(3, 2), lambda m: m(X).astype(np.float64).sum()),
    "dtype": (lambda: nn.Linear(3, 2), lambda m: m(X).sum(0, dtype=np.float64).sum()),
    "a mask": (lambda: nn.Linear(3, 2), lambda m: (m(X) * (X64[:, :2] > 0)).sum()),
}


@pytest.mark.parametrize("wrap", [lambda step: step, compile], ids=["eager", "compiled"])
@pytest.mark.parametrize("operation", MIXED)
def test_the_first_step_warns_and_no_other(operation: str, wrap: Callable[[Any], Any]) -> None:
    make, loss = MIXED[operation]
    (found,) = train(make(), loss, wrap)
    assert re.search(rf"'{operation}', recorded (at|after) .*test_widening\.py:\d+", found)
    assert all(remedy in found for remedy in (".astype(np.float32)", "np.zeros(shape, np.float32)", "model.double()"))
    assert not train(make(), loss)


@pytest.mark.parametrize("case", ALIKE)
def test_what_is_meant_does_not_warn(case: str) -> None:
    make, loss = ALIKE[case]
    assert not train(make(), loss)
    assert not [each for each in lint(loss(make())) if each.form == "float32 with float64"]


def test_what_was_mixed_before_the_optimizer_was_made_does_not_warn() -> None:
    model = nn.Linear(3, 2)
    Widened.watch()
    model(X64).sum().backward()
    assert not train(model, lambda m: m(X).sum())


class Masked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, x: NDArray[Any]) -> Any:
        return np.stack([self.linear(x), np.zeros((len(x), 2))])[0]  # the line in question


@pytest.mark.parametrize("compiled", [False, True])
def test_fit_warns_once_and_names_the_line_of_the_model(compiled: bool) -> None:
    model = Masked()
    optimizer = nn.optim.SGD(model.parameters(), lr=0.01)
    with pytest.warns(UserWarning, match=f":{line_here('# the line in question')},") as caught:
        nn.fit(model, (X, X[:, :2]), nn.MSELoss(), optimizer, epochs=2, compile=compiled, verbose=False)
    assert len(caught) == 1


@pytest.mark.parametrize("operation", sorted(MIXED.keys() - {"setitem", "_LSTM"}))
def test_lint_says_it_too(operation: str) -> None:
    make, loss = MIXED[operation]
    found = next(each for each in lint(loss(make())) if each.form == "float32 with float64")
    assert "np.zeros(shape, np.float32)" in found.remedy
    assert "test_widening.py" in found.where


@pytest.mark.parametrize("value", [-1e9, np.float64(-1e9), np.full(4, -1e9), np.full((), -1e9)])
def test_numbers_that_are_written_into_results_are_told_of_by_none(value: Any) -> None:
    def loss(model: Any) -> Any:
        scores = model(X)
        scores[scores.data > 0] = value if np.ndim(value) == 0 else value[: (scores.data > 0).sum()].sum()
        scores[:, 0] = value
        return nn.functional.softmax(scores, axis=-1).sum()

    assert not train(nn.Linear(3, 2), loss)
