"""`nn.summary` of a model in one thread, and calls of it in others."""

import sys
from collections.abc import Iterator
from threading import Thread
from typing import Any

import numpy as np
import pytest

import nn


@pytest.fixture(autouse=True)
def _switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_a_summary_counts_its_own_calls_alone_and_other_threads_see_none_of_it() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    x, stop = np.ones((5, 4), np.float32), False
    expected, alone = model(x).data, str(nn.summary(model, (5, 4)))
    wrong: list[Any] = []

    def call() -> None:
        while not stop and not wrong:
            try:
                wrong.extend([] if np.array_equal(model(x).data, expected) else ["other numbers"])
            except Exception as error:  # noqa: BLE001  # of another thread
                wrong.append(error)

    threads = [Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    found = [str(nn.summary(model, (5, 4))) for _ in range(60)]
    stop = True
    for thread in threads:
        thread.join()
    assert not wrong
    assert set(found) == {alone}


def test_a_first_hook_may_be_registered_while_a_model_runs_or_is_listed() -> None:
    class Registers(nn.Module):
        def forward(self, x: Any) -> Any:
            model.register_forward_hook(lambda *given: None).remove()
            return x

    model = nn.Sequential(nn.Linear(4, 3), Registers(), nn.Tanh())
    assert model(np.ones((2, 4), np.float32)).shape == (2, 3)
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    names = []
    for name, _ in model.named_parameters():
        names.append(name)
        model.register_forward_hook(lambda *given: None)
    assert names == ["0.weight", "0.bias", "1.weight", "1.bias"]
