"""Initial values: their distributions, seeds and errors."""

import math
from typing import Any, cast

import numpy as np
import pytest

import nn
from nn import init

SHAPE = (300, 200)


def filled(function: Any, *args: Any, **kwargs: Any) -> Any:
    parameter = nn.Parameter(np.full(SHAPE, 9.0))
    array = parameter.data
    assert function(parameter, *args, generator=np.random.default_rng(0), **kwargs) is parameter
    assert parameter.data is array
    assert parameter.requires_grad
    assert array.dtype == np.float32
    return array


def is_uniform(values: Any, bound: Any) -> None:
    assert abs(values).max() <= bound * (1 + 1e-6)
    assert abs(values).max() > 0.99 * bound
    assert values.std() == pytest.approx(bound / math.sqrt(3), rel=0.02)
    assert abs(values.mean()) < 0.02 * bound


def is_normal(values: Any, std: Any) -> None:
    assert values.std() == pytest.approx(std, rel=0.02)
    assert abs(values.mean()) < 0.02 * std
    assert (abs(values) > 2 * std).mean() == pytest.approx(0.0455, abs=0.005)


def test_uniform_and_normal() -> None:
    is_uniform(filled(init.uniform_, -0.5, 0.5), 0.5)
    assert filled(init.uniform_).min() >= 0
    is_normal(filled(init.normal_, std=3), 3)
    assert filled(init.normal_, 5.0, 0.1).mean() == pytest.approx(5, abs=0.01)


def test_xavier() -> None:
    is_uniform(filled(init.xavier_uniform_), math.sqrt(6 / 500))
    is_uniform(filled(init.xavier_uniform_, gain=2), 2 * math.sqrt(6 / 500))
    is_normal(filled(init.xavier_normal_, 3), 3 * math.sqrt(2 / 500))


def test_kaiming() -> None:
    is_uniform(filled(init.kaiming_uniform_), math.sqrt(6 / 200))
    is_uniform(filled(init.kaiming_uniform_, math.sqrt(5)), 1 / math.sqrt(200))
    is_uniform(filled(init.kaiming_uniform_, mode="fan_out", nonlinearity="relu"), math.sqrt(6 / 300))
    is_normal(filled(init.kaiming_normal_, nonlinearity="tanh"), 5 / 3 / math.sqrt(200))


def test_fans_count_the_receptive_field() -> None:
    kernel = nn.Parameter(np.zeros((30, 20, 5, 5)))
    is_normal(init.kaiming_normal_(kernel, nonlinearity="linear").data, 1 / math.sqrt(20 * 25))
    is_normal(init.kaiming_normal_(kernel, mode="fan_out", nonlinearity="linear").data, 1 / math.sqrt(30 * 25))


def test_constants() -> None:
    parameter = nn.Parameter([1.0, 2.0])
    assert (init.constant_(parameter, 3).data == 3).all()
    assert (init.zeros_(parameter).data == 0).all()
    assert (init.ones_(parameter).data == 1).all()
    np.testing.assert_array_equal(init.eye_(nn.Parameter(np.zeros((2, 3)))).data, [[1, 0, 0], [0, 1, 0]])
    with pytest.raises(ValueError, match=r"two axes, not \(2,\)"):
        init.eye_(parameter)


def test_truncated_normal() -> None:
    values = filled(init.trunc_normal_, std=2.0, a=-3.0, b=1.0)
    assert -3 <= values.min() < -2.9
    assert 0.99 < values.max() <= 1
    # the mean of a normal distribution between two bounds, from its density and its cumulative distribution there
    low, high = (math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) for z in (-1.5, 0.5))
    inside = 0.5 * (math.erf(0.5 / math.sqrt(2)) + math.erf(1.5 / math.sqrt(2)))
    assert values.mean() == pytest.approx(2 * (low - high) / inside, abs=0.02)
    with pytest.raises(ValueError, match="no value of the distribution"):
        init.trunc_normal_(nn.Parameter([0.0]), a=1.0, b=1.0)


@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (5, 5), (3, 4, 5)])
def test_orthogonal(shape: Any) -> None:
    parameter = init.orthogonal_(nn.Parameter(np.zeros(shape), dtype=float), gain=2, generator=np.random.default_rng(0))
    rows = parameter.data.reshape(shape[0], -1)
    product = rows @ rows.T if rows.shape[0] <= rows.shape[1] else rows.T @ rows
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_the_default_generator_is_seeded() -> None:
    first, second = nn.Parameter(np.zeros(5)), nn.Parameter(np.zeros(5))
    nn.manual_seed(1)
    init.normal_(first)
    nn.manual_seed(1)
    init.normal_(second)
    np.testing.assert_array_equal(first.data, second.data)
    assert not np.array_equal(init.normal_(second).data, first.data)


def test_values_do_not_depend_on_the_memory_order() -> None:
    by_rows, by_columns = nn.Parameter(np.zeros((3, 4))), nn.Parameter(np.zeros((4, 3)).T)
    for parameter in (by_rows, by_columns):
        init.uniform_(parameter, generator=np.random.default_rng(0))
    np.testing.assert_array_equal(by_rows.data, by_columns.data)


def test_gains() -> None:
    assert init.calculate_gain("linear") == 1
    assert init.calculate_gain("tanh") == 5 / 3
    assert init.calculate_gain("leaky_relu") == math.sqrt(2 / (1 + 0.01**2))
    assert init.calculate_gain("leaky_relu", 1.0) == 1
    with pytest.raises(ValueError, match="no gain is known for 'swish', only for linear, "):
        init.calculate_gain("swish")


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match=r"need a weight of shape \(out, in, \.\.\.\), not \(2,\)"):
        init.xavier_uniform_(nn.Parameter([1.0, 2.0]))
    with pytest.raises(ValueError, match='"fan_in" or "fan_out", not \'fan_sum\''):
        init.kaiming_normal_(nn.Parameter(np.zeros((2, 2))), mode=cast(Any, "fan_sum"))
    with pytest.raises(ValueError, match=r"\(out, in, \*window\) with 3 to 5 axes, not \(2, 2\)"):
        init.dirac_(nn.Parameter(np.zeros((2, 2))))
    for groups in (0, 2, -3):
        with pytest.raises(ValueError, match=f"groups={groups} does not divide the 3 outputs"):
            init.dirac_(nn.Parameter(np.zeros((3, 1, 2))), groups)
    with pytest.raises(ValueError, match=r"sparse_ needs two axes, not \(2,\)"):
        init.sparse_(nn.Parameter([1.0, 2.0]), 0.5)
    with pytest.raises(ValueError, match=r"sparsity should be from 0 to 1, not 1\.5"):
        init.sparse_(nn.Parameter(np.zeros((2, 2))), 1.5)


def test_a_convolution_with_a_delta_returns_its_input() -> None:
    for groups in (1, 2):
        layer = nn.Conv2d(4, 4, 3, padding=1, groups=groups, bias=False)
        init.dirac_(layer.weight, groups)
        x = np.random.default_rng(0).standard_normal((1, 4, 5, 6)).astype(np.float32)
        np.testing.assert_array_equal(layer(x).data, x)


@pytest.mark.parametrize(
    ("mean", "std", "a", "b"), [(7.0, 1.0, -2.0, 2.0), (0.0, 1e308, -2.0, 2.0), (0.0, 1.0, -1e300, 1e300)]
)
def test_truncated_values_far_from_the_mean_come_soon(mean: float, std: float, a: float, b: float) -> None:
    values = nn.init.trunc_normal_(nn.Parameter(np.zeros(5000), dtype=np.float64), mean, std, a, b).data
    assert (values >= a).all()
    assert (values <= b).all()
    # a tail at a distance of 5 falls off as exp(-5.2 x); an even distribution; a whole normal one
    expected = {7.0: 2 - 0.1866, 0.0: 0.0}[mean]
    assert abs(values.mean() - expected) < 0.08


def test_arrays_are_filled_in_place_as_parameters_are() -> None:
    given = np.zeros((2, 3), np.float32)
    assert init.normal_(given) is given  # type: ignore[type-var]  # which is said of parameters
    assert (given != 0).all()
    with pytest.raises(TypeError, match="same_kind"):
        init.normal_(np.zeros(3, int))  # type: ignore[type-var]


def test_what_is_no_tensor_is_left_as_it_is() -> None:
    given: Any = {"a": 1.0}
    with pytest.raises(TypeError, match="fills a Parameter or an array in place, not what has the type dict"):
        init.zeros_(given)
    assert given == {"a": 1.0}
