"""A sample of the tests of `compile` with fused loops: PLAINGRAD_BACKEND=numba lets tests/compile run them all."""

from typing import Any

import numpy as np
import pytest

from ..compile import agreement, test_functions, test_operations, test_programs, test_training, test_training_layers
from ..nn.dtype_calls import Call, functions
from ..operations.samples import Operation

Array = np.ndarray[Any, Any]
OPERATIONS = [*test_operations.every_operation.args[1]]
FUNCTIONS = {call.name: call for call in functions()}


@pytest.fixture(autouse=True)
def _fused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "BACKEND", "numba")


@pytest.mark.parametrize("operation", OPERATIONS[::60], ids=str)
def test_operations_agree(operation: Operation) -> None:
    test_operations.test_an_operation_is_replayed_bit_by_bit(operation)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in [*FUNCTIONS.items()][::20]])
def test_functions_of_nn_agree(call: Call, dtype: Any) -> None:
    test_functions.test_a_function_is_replayed_bit_by_bit(call, dtype)


@pytest.mark.parametrize("name", [*test_training_layers.LAYERS][::24])
def test_layers_agree(name: str) -> None:
    test_training_layers.test_each_layer(name)


@pytest.mark.parametrize(("name", "options"), test_training.ALL[::16])
def test_optimizers_agree(name: str, options: dict[str, Any]) -> None:
    test_training.test_each_optimizer(name, options)


def test_the_model_of_an_example_agrees() -> None:
    test_training_layers.test_the_model_of_each_example("autoencoder")


@pytest.mark.one_in(4)
@pytest.mark.parametrize("seed", range(3, 5))
def test_random_programs_agree(seed: int) -> None:
    fault = test_programs.Counts().examine(seed)
    assert not fault, fault


# What the comparison finds


def far(x: Array) -> Array:
    """Return an array whose last number is one unit too far away."""
    found = x.copy()
    found[-1] += (agreement.UNITS + 1) * np.spacing(np.abs(x).max())
    return found


def test_a_difference_beyond_rounding_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.array([0.3, 0.5, 0.7])
    y, exact = np.nextafter(x, 1), np.sin(x)
    assert not agreement.differs(x, y)
    assert "5 units" in agreement.differs(x, far(x))
    assert agreement.disagreement(np.sin, (x,), exact, far(exact) * (1 + 1e-14))
    assert agreement.differs(x, np.array([0.3, 0.5, np.nan]))
    assert agreement.differs(np.zeros(3), np.full(3, 1e-300))
    assert agreement.differs(np.arange(3), np.arange(3) + 1)
    monkeypatch.setattr(agreement, "BACKEND", "numpy")
    assert agreement.differs(x, y)


def test_a_function_may_differ_by_what_its_arguments_change_it() -> None:
    def steep(x: Array) -> Array:
        return np.sin(1e6 * x)

    x = np.array([0.3, 0.5, 0.7])
    found = steep(np.nextafter(x, 1))
    assert agreement.differs(steep(x), found)
    assert not agreement.disagreement(steep, (x,), steep(x), found)
    assert agreement.disagreement(steep, (x,), steep(x), steep(x * (1 + 1e-12)))
