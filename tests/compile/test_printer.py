"""The text of compiled programs: what NumPy would warn of is not in it."""

from typing import Any

import numpy as np

from autograd.transforms.compile.compiled import compile

Array = np.ndarray[Any, Any]


def test_a_maximum_names_the_array_that_it_writes_to() -> None:
    """Of two arrays, NumPy takes no third argument by its place."""

    def extremes(x: Array, y: Array) -> Any:
        a, b = np.maximum(x, y), x * 1
        np.minimum(b, y, out=b)
        return a + b

    compiled = compile(extremes)
    for seed in range(3):
        x, y = np.random.default_rng(seed).standard_normal((2, 5))
        np.testing.assert_array_equal(compiled(x, y), extremes(x, y))


def test_a_view_that_is_made_anew_each_time_is_written_over() -> None:
    def function(z: Array) -> Any:
        halves = np.array_split(np.tanh(z), 2)[0]
        return np.float_power(1.5 + np.sin(z.sum()), halves * 1.0)

    compiled = compile(function)
    for seed in range(3):
        z = np.random.default_rng(seed).normal(size=(1, 4))
        assert np.array_equal(compiled(z), function(z))
