"""Memory within vmap: where NumPy returns a view of one element, a batch returns a view of all."""

from typing import Any

import numpy as np
import pytest

from autograd import UnsupportedError, compile, grad, jacobian, tensor, vmap
from nn.functional import multi_margin_loss


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1])
def test_views_of_results_are_views_wherever_the_batch_lay(axis: int) -> None:
    def written(x: Any) -> Any:
        y = x * 2
        y.reshape(-1)[0] = 5
        z = np.sin(y).T
        z.ravel("K")[:2] = [7, 8]
        z.ravel()[-1] = 9  # a copy
        return z

    x = np.arange(120.0).reshape(2, 3, 4, 5)
    expected = [written(np.take(x, i, axis)) for i in range(x.shape[axis])]
    assert np.array_equal(vmap(written, in_axes=axis)(x), expected)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4)])
def test_ravel_in_the_order_of_memory(shape: tuple[int, ...]) -> None:
    x = np.arange(float(np.prod((2, *shape)))).reshape(2, *shape)
    for axes in ([], [1, 0], [2, 0, 1]):
        if len(axes) in (0, len(shape)):
            order = axes or list(range(len(shape)))
            found = vmap(lambda x, order=order: (x.transpose(order) * 2).ravel("K"))(x)
            assert np.array_equal(found, [(e.transpose(order) * 2).ravel("K") for e in x])


@pytest.mark.parametrize("read", [
    lambda x: x.ravel("A"), lambda x: np.ravel(x, "A"), lambda x: x.flatten("A"), lambda x: x.reshape(2, -1, order="A"),
    lambda x: np.reshape(x, (2, -1), order="A"),
])  # fmt: skip
def test_an_order_that_depends_on_memory_is_that_of_an_element(read: Any) -> None:
    x, weights = np.arange(48.0).reshape(2, 2, 3, 4), np.arange(12.0) ** 2
    taken: list[Any] = [lambda x: x, lambda x: x.T, lambda x: x.T * 2, lambda x: x[1]]
    for first in taken:
        expected = np.array([[read(first(e)) for e in part] for part in x])
        assert np.array_equal(vmap(vmap(lambda x, first=first: read(first(x))))(x), expected)
    slope = vmap(vmap(grad(lambda x: np.sum(read(x.T).ravel() * weights))))(x)
    one = grad(lambda x: np.sum(read(x.T).ravel() * weights))(x[0, 0])
    assert np.array_equal(slope, np.broadcast_to(one, x.shape))
    for apart in (x[0], tensor(x[0], requires_grad=True)):
        with pytest.raises(UnsupportedError, match=r"order='A' .* lie apart, at .*: give 'C' or 'F'"):
            vmap(lambda y: read(y.T[::2]))(apart)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_write_to_an_argument_raises(axis: int) -> None:
    def shifted(x: Any) -> Any:
        x += 1
        return x

    x = np.zeros((2, 3))
    for given in (x, tensor(x), tensor(x, requires_grad=True)):
        with pytest.raises(ValueError, match="read-only"):
            vmap(shifted, in_axes=axis)(given)
    assert not x.any()
    x = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(grad(lambda x: np.sum(vmap(np.square, in_axes=axis)(x)))(x), 2 * x)


def test_a_rule_that_writes_by_the_order_of_memory() -> None:
    """Rows of few classes lie in column-major order, and the rule writes to the labelled places of all of them."""
    scores, labels = np.array([[-1.0, -1.5], [0.25, 0.5], [1.0, 1.0]]), np.array([0, 0, 1])
    found = jacobian(lambda s: multi_margin_loss(s, labels, reduction="none"))
    expected = [grad(lambda s, i=i: multi_margin_loss(s, labels, reduction="none")[i])(scores) for i in range(3)]
    assert np.allclose(found(scores), expected)
    wide = np.concatenate([scores, scores[::-1]])
    labels = np.array([0, 0, 1, 1, 0, 1])
    expected = [grad(lambda s, i=i: multi_margin_loss(s, labels, reduction="none")[i])(wide) for i in range(6)]
    assert np.allclose(found(wide), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.int32])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    "sizes", [(300, 8, 8), (2000, 3, 3), (700, 5, 64), (700, 64, 1), (90, 5, 65), (4, 3, 2), (0, 3, 2)]
)
def test_products_of_the_vectors_of_a_batch_are_those_of_each_to_the_bit(sizes: Any, axis: int, dtype: Any) -> None:
    n, rows, length = sizes
    random = np.random.default_rng(0)
    x, y = (random.standard_normal(shape) * 10.0 ** random.integers(-3, 4, shape) for shape in ((n, rows), (n, length)))
    if np.issubdtype(dtype, np.floating):
        for array in (x, y):
            odd = array.reshape(-1)[::7]
            odd[...] = random.choice([0.0, -0.0, np.inf, -np.inf, np.nan], odd.shape)
    x, y = (array.astype(dtype) for array in (x, y))
    given = [array if axis == 0 else array.T.copy() for array in (x, y)]
    with np.errstate(invalid="ignore"):
        expected = x[:, :, None] * y[:, None]
        found = vmap(lambda x, y: x[:, None] * y, in_axes=axis)(*given)
        compiled = compile(vmap(lambda x, y: x[:, None] * y, in_axes=axis))
        again = [compiled(*given) for _ in range(3)]
    for product in (found, *again):
        np.testing.assert_array_equal(product, expected, strict=True)
        if dtype in (np.float32, np.float64):
            finite = ~np.isnan(expected)
            np.testing.assert_array_equal(np.signbit(product[finite]), np.signbit(expected[finite]))
    assert len(compiled.programs) == 1


def test_gradients_of_each_element_are_those_of_a_loop() -> None:
    random = np.random.default_rng(1)
    w, v, xs = (random.standard_normal(shape) for shape in ((8, 6), (6,), (400, 8)))

    def loss(w: Any, x: Any) -> Any:
        return (np.tanh(x @ w) @ v) ** 2 + np.sum(np.tanh(w.T @ x) ** 2)

    one_by_one = np.stack([grad(loss)(w, x) for x in xs])
    each = vmap(grad(loss), (None, 0))
    np.testing.assert_allclose(each(w, xs), one_by_one, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(compile(each)(w, xs), one_by_one, rtol=1e-12, atol=1e-12)
    second = grad(lambda w: (each(w, xs) ** 2).sum())(w)
    expected = sum(grad(lambda w, x=x: (grad(loss)(w, x) ** 2).sum())(w) for x in xs)
    np.testing.assert_allclose(second, expected, rtol=1e-10)
