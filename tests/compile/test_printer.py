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
