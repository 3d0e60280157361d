"""The search for a learning rate: it finds one that trains, and leaves everything as it was."""

from typing import Any

import numpy as np
import pytest

import nn
from datasets import DataLoader, TensorDataset, make_moons

X, Y = make_moons(200)
LOSS = nn.CrossEntropyLoss()


def parts(lr: float = 0.01) -> tuple[Any, Any]:
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 2))
    return model, nn.optim.Adam(model.parameters(), lr=lr)


def trained(search: bool, data: Any) -> Any:
    model, optimizer = parts()
    nn.fit(model, data, LOSS, optimizer, epochs=1, verbose=False)
    if search:
        model[3].eval()
        nn.training.find_learning_rate(model, data, LOSS, optimizer, steps=30)
        assert (model.training, model[3].training, optimizer.param_groups[0]["lr"]) == (True, False, 0.01)
        model[3].train()
    nn.fit(model, data, LOSS, optimizer, epochs=1, verbose=False)
    return np.concatenate([np.ravel(value) for value in model.state_dict().values()])


@pytest.mark.parametrize("data", [
    lambda: (X, Y), lambda: DataLoader(TensorDataset(X, Y), 32, shuffle=True, generator=0), lambda: [(X, Y)],
])  # fmt: skip
def test_it_leaves_everything_as_it_was(data: Any) -> None:
    np.testing.assert_allclose(trained(True, data()), trained(False, data()), rtol=1e-4, atol=1e-6)


def test_the_loss_falls_and_then_grows_and_the_suggestion_lies_between() -> None:
    model, optimizer = parts()
    found = nn.training.find_learning_rate(model, (X, Y), LOSS, optimizer, highest=1000.0, seed=0)
    least = int(np.argmin(found.losses))
    assert 0 < least < len(found.losses) - 1 < 99  # it ends where the loss has grown
    assert found.suggestion == pytest.approx(found.rates[least] / 10)
    assert found.rates[1] / found.rates[0] == pytest.approx(found.rates[9] / found.rates[8])
    model, optimizer = parts(lr=found.suggestion)
    history = nn.fit(model, (X, Y), LOSS, optimizer, epochs=12, verbose=False)
    assert history["loss"].iloc[-1] < 0.5 * history["loss"].iloc[0]


@pytest.mark.parametrize(("options", "message"), [
    ({"lowest": 0.0}, "lowest=0.0"), ({"lowest": 1.0, "highest": 0.1}, "highest=0.1"), ({"steps": 1}, "at least 2"),
    ({"data": [(X * np.nan, Y)]}, "nan in the first step"), ({"data": []}, "not one batch"),
])  # fmt: skip
def test_what_cannot_be(options: dict[str, Any], message: str) -> None:
    model, optimizer = parts()
    with pytest.raises(ValueError, match=message):
        nn.training.find_learning_rate(model, options.pop("data", (X, Y)), LOSS, optimizer, **options)


def test_the_picture() -> None:
    pytest.importorskip("matplotlib")
    search = nn.training.LearningRateSearch([0.1, 1.0, 10.0], [1.0, 0.5, 9.0], 0.1)
    ax = nn.plots.learning_rate_search(search)
    assert ax.lines[1].get_xdata() == [0.1, 0.1]
    assert ax.get_ylim()[1] == 2.0
    with pytest.raises(TypeError, match="find_learning_rate returns, not a list"):
        nn.plots.learning_rate_search([1])  # type: ignore[arg-type]
