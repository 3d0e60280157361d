"""The text of compiled programs: what NumPy would warn of is not in it."""

from types import FunctionType
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


def test_the_text_has_the_name_of_the_function_and_of_its_options() -> None:
    def energy(x: Array) -> Any:
        return x[: np.argmax(x)].sum(), x.max(axis=0, keepdims=True)

    functions: dict[str, Any] = {"energy": energy, "function": FunctionType(energy.__code__, globals(), "slice")}
    for name, function in functions.items():
        compiled = compile(function)
        for x in (np.array([1.0, 3.0, 2.0]), np.array([4.0, 5.0, 6.0]), np.array([1.0, 3.0, 2.0])):
            np.testing.assert_equal(compiled(x), energy(x))
        assert f"def {name}(leaves):" in compiled.source()
        assert any("keepdims=True" in line.partition("#")[0] for line in compiled.source().splitlines())


def test_what_is_written_to_stands_among_other_options() -> None:
    def function(x: Array) -> Any:
        y, z = x * 2, np.empty_like(x)
        np.add(x, y, out=y, where=x > 0)
        np.add(x, 1, out=z, dtype=x.dtype)
        return y + z + np.add.outer(x, x).sum()

    compiled = compile(function)
    for seed in range(3):
        x = np.random.default_rng(seed).standard_normal(4)
        np.testing.assert_array_equal(compiled(x), function(x))
