"""Rules may compute with columns of a table, added by position, not by index, and with tensors that are constants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from autograd import (
    Function,
    Tensor,
    compile,
    custom_jvp,
    custom_vjp,
    elementwise,
    general,
    grad,
    jacobian,
    jvp,
    linear,
    multilinear,
    vmap,
)

COLUMNS = pd.Series([1.0, 2.0, 3.0], index=[2, 1, 0]), pd.Series([10.0, 20.0, 30.0], index=[0, 1, 2])
ONES = np.ones(3)


def by_function(column: Any) -> Any:
    class Scaled(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * column

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * column

    return Scaled.apply


def by_several(column: Any) -> Any:
    scaled = general(lambda x, y: x * y, lambda g, y: g * column, lambda g, x: g * x, name="scaled")
    return lambda x: scaled(x, column.to_numpy())


def by_custom_vjp(column: Any) -> Any:
    scaled = custom_vjp(lambda x: x * column)
    scaled.defvjp(lambda x: (scaled(x), column), lambda kept, g: (g * kept,))
    return scaled


def by_custom_jvp(column: Any) -> Any:
    scaled = custom_jvp(lambda x: x * column.to_numpy())
    scaled.defjvps(lambda t, result, x: t * column)
    return scaled


DECLARED: dict[str, Any] = {
    "elementwise": lambda column: elementwise(lambda x: x * column, lambda g: g * column, name="scaled"),
    "general": lambda column: general(lambda x: x * column, lambda g: g * column, name="scaled"),
    "linear": lambda column: linear(lambda x: x * column, lambda g: g * column, name="scaled"),
    "multilinear": lambda column: multilinear(lambda x: x * column, lambda g: g * column, name="scaled"),
    "two inputs": by_several,
    "Function": by_function,
    "custom_vjp": by_custom_vjp,
    "custom_jvp": by_custom_jvp,
}


@pytest.mark.parametrize("name", DECLARED)
def test_columns_are_added_by_position(name: str) -> None:
    one, two = map(DECLARED[name], COLUMNS)
    expected = sum(column.to_numpy() for column in COLUMNS)
    slopes = grad(lambda x: np.sum(one(x) + two(x)))(ONES)
    assert type(slopes) is np.ndarray
    np.testing.assert_array_equal(slopes, expected)
    np.testing.assert_array_equal(jvp(lambda x: one(x) + two(x), (ONES,), (ONES,))[1], expected)
    product = 2 * np.diag(COLUMNS[0].to_numpy() * COLUMNS[1].to_numpy())
    np.testing.assert_array_equal(jacobian(lambda x: one(x) * two(x))(ONES), product)
    batch = vmap(grad(lambda x: np.sum(one(x) + two(x))), loops="allow")(np.ones((2, 3)))
    np.testing.assert_array_equal(batch, [expected] * 2)


class Constant(Tensor):
    """A tensor that the declarations above take for a column."""

    def to_numpy(self) -> Any:
        return self.data


@pytest.mark.parametrize("name", DECLARED)
def test_constant_tensors_in_rules_make_no_tensors_of_gradients(name: str) -> None:
    values = np.array([1.0, 2.0, 3.0])
    scaled = DECLARED[name](Constant(values))
    slope = grad(lambda x: np.sum(scaled(x) ** 2))
    compiled, points = compile(slope), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    for x in points:
        assert type(slope(x)) is type(compiled(x)) is np.ndarray
        np.testing.assert_array_equal(slope(x), 2 * values**2 * x)
        np.testing.assert_array_equal(compiled(x), 2 * values**2 * x)
    np.testing.assert_array_equal(vmap(slope, loops="allow")(points), 2 * values**2 * points)
    np.testing.assert_array_equal(jacobian(slope)(ONES), 2 * np.diag(values**2))
    tangent = jvp(scaled, (ONES,), (ONES,))[1]
    assert type(tangent) is np.ndarray
    np.testing.assert_array_equal(tangent, values)
