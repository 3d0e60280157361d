"""A training that was pickled, copied or saved goes on with the same bits: the order of memory is kept."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
import nn.sklearn
from autograd import Tensor

from ..compile.random_trainings import RandomTraining
from ..compile.test_bits import as_it_is

COPIES: dict[str, Callable[[Any], Any]] = {
    f"pickled by protocol {protocol}": lambda x, protocol=protocol: pickle.loads(pickle.dumps(x, protocol))
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
} | {"deepcopy": copy.deepcopy}


def gone_on(training: RandomTraining) -> list[Any]:
    """Take the third step and the fourth; return all numbers of each."""
    nn.manual_seed(1)
    training.batches = training.batches[2:]
    found = training.run(training.model, training.loss_of, as_it_is)
    return [{name: array.tobytes() for name, array in step.items()} for step in found]


def begun(seed: int) -> RandomTraining:
    training = RandomTraining(seed, 4)
    batches, training.batches = training.batches, training.batches[:2]
    training.run(training.model, training.loss_of, as_it_is)
    training.batches = batches
    training.model.zero_grad()  # copies have gradients, pickles have none
    return training


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", COPIES)
def test_a_copied_training(name: str) -> None:
    for seed in range(8):
        training = begun(seed)
        again = COPIES[name](training)
        assert gone_on(training) == gone_on(again), training.name


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_a_saved_training(suffix: str, tmp_path: Path) -> None:
    for seed in range(8):
        training, again = begun(seed), RandomTraining(seed, 4)
        parts = {"model": training.model.state_dict(), "optimizer": training.optimizer.state_dict()}
        nn.save(parts, tmp_path / f"training.{suffix}")
        saved = nn.load(tmp_path / f"training.{suffix}")
        again.model.load_state_dict(saved["model"])
        again.optimizer.load_state_dict(saved["optimizer"])
        assert gone_on(training) == gone_on(again), training.name


@pytest.mark.parametrize("name", COPIES)
def test_the_order_of_memory(name: str) -> None:
    numbers = np.arange(60.0).reshape(3, 4, 5)
    arrays = [numbers, numbers.transpose(1, 2, 0), numbers.transpose(1, 0, 2)[:, ::-1], numbers[0].T]
    for array in arrays:
        for tensor in (Tensor(array), Tensor(array, requires_grad=True), nn.Parameter(array, dtype=np.float64)):
            again = COPIES[name](tensor)
            assert type(again) is type(tensor)
            assert again.requires_grad == tensor.requires_grad
            assert np.array_equal(again.data, array)
            assert np.argsort(again.data.strides).tolist() == np.argsort(array.copy("K").strides).tolist()


@pytest.mark.parametrize("name", COPIES)
def test_an_estimator(name: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((60, 5)), rng.integers(0, 3, 60)
    estimator = nn.sklearn.Classifier(random_state=0).partial_fit(x, y, classes=[0, 1, 2])
    again = COPIES[name](estimator)
    for each in (estimator, again):
        for _ in range(3):
            each.partial_fit(x, y)
    assert estimator.predict_proba(x).tobytes() == again.predict_proba(x).tobytes()
