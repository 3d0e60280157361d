"""What is special to changes of shape: spellings, views, axes that do not exist."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, UnsupportedError, compile, grad, tensor, vmap

Array = np.ndarray[Any, Any]

X = np.arange(24.0).reshape(2, 3, 4)

# Each says the same of arrays and of tensors.
SPELLINGS: dict[str, Callable[[Any], Any]] = {
    "reshape of several": lambda x: x.reshape(4, 6),
    "reshape of a tuple": lambda x: x.reshape((4, -1)),
    "reshape of one": lambda x: x.reshape(-1),
    "reshape in Fortran's order": lambda x: x.reshape(4, 6, order="F"),
    "function reshape": lambda x: np.reshape(x, (6, 4), order="F"),
    "ravel": lambda x: x.ravel(),
    "function ravel": lambda x: np.ravel(x, order="F"),
    "flatten": lambda x: x.flatten(),
    "flatten in Fortran's order": lambda x: x.flatten("F"),
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "transpose": lambda x: x.transpose(),
    "transpose of None": lambda x: x.transpose(None),
    "transpose of several": lambda x: x.transpose(1, -1, 0),
    "transpose of a tuple": lambda x: x.transpose((2, 0, 1)),
    "function transpose": lambda x: np.transpose(x, [2, 0, 1]),
    "permute_dims": lambda x: np.permute_dims(x, (1, 0, 2)),
    "matrix_transpose": lambda x: np.matrix_transpose(x),
    "linalg.matrix_transpose": lambda x: np.linalg.matrix_transpose(x),
    "swapaxes": lambda x: x.swapaxes(0, -1),
    "moveaxis": lambda x: np.moveaxis(x, 0, -1),
    "moveaxis of several": lambda x: np.moveaxis(x, [0, 1], [-1, 0]),
    "squeeze": lambda x: x[:, :1].squeeze(),
    "squeeze of an axis": lambda x: np.squeeze(x[:, :1], axis=1),
    "expand_dims": lambda x: np.expand_dims(x, (0, -1)),
    "broadcast_to": lambda x: np.broadcast_to(x[:, :1], (5, 2, 3, 4)),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x[0], x)[0],
    "atleast_1d": lambda x: np.atleast_1d(x[0, 0, 0]),
    "atleast_2d": lambda x: np.atleast_2d(x[0, 0]),
    "atleast_3d of a vector": lambda x: np.atleast_3d(x[0, 0]),
    "atleast_3d of a matrix": lambda x: np.atleast_3d(x[0]),
    "copy": lambda x: x.copy(),
    "function copy": lambda x: np.copy(x),
    "flip": lambda x: np.flip(x),
    "flip of axes": lambda x: np.flip(x, (0, -1)),
    "fliplr": lambda x: np.fliplr(x),
    "flipud": lambda x: np.flipud(x),
    "roll": lambda x: np.roll(x, 5),
    "roll of an axis": lambda x: np.roll(x, -1, 1),
    "roll of axes": lambda x: np.roll(x, (1, 2), (0, -1)),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_values_are_numpys_and_gradients_go_back_to_their_places(spelling: str) -> None:
    function = SPELLINGS[spelling]
    for x in (X, np.asfortranarray(X), X[:, ::-1], X.astype(np.float32)):
        expected = function(x)
        t = tensor(x, requires_grad=True)
        result = function(t)
        assert isinstance(result, Tensor)
        np.testing.assert_array_equal(result.data, expected, strict=True)
        # What each element is multiplied with returns to it: a scalar product is its own test of a transpose.
        weights = np.arange(1.0, expected.size + 1).reshape(expected.shape).astype(x.dtype)
        (result * weights).sum().backward()
        assert t.grad.dtype == x.dtype
        np.testing.assert_array_equal((t.grad.data * x).sum(), (expected * weights).sum())


def test_copy_and_flatten_do_not_share_memory() -> None:
    t = tensor(X)
    for function in (lambda t: t.copy(), lambda t: t.flatten(), np.copy):
        assert not np.shares_memory(function(t).data, t.data)
    assert np.shares_memory(t.ravel().data, t.data)


LAYOUTS = [
    X, np.asfortranarray(X), X.transpose(1, 2, 0), X[:, ::-1], X[::2, ::-1].transpose(2, 0, 1), X[:, None], X[0, 0],
    np.array(5.0), X[:0],
]  # fmt: skip


@pytest.mark.parametrize("order", ["C", "F", "A", "K"])
@pytest.mark.parametrize("x", LAYOUTS, ids=lambda x: f"{x.shape} {x.strides}")
def test_orders_of_memory_are_those_of_the_data(x: Array, order: Any) -> None:
    functions: list[Callable[[Any], Any]] = [
        lambda x: np.ravel(x, order), lambda x: x.ravel(order=order), lambda x: x.flatten(order)
    ]  # fmt: skip
    if order != "K":
        functions += [lambda x: np.reshape(x, (1, x.size), order), lambda x: x.reshape(x.size, order=order)]
    for function in functions:
        t = Tensor(x, requires_grad=True)
        result, expected = function(t), function(x)
        np.testing.assert_array_equal(result.data, expected, strict=True)
        weights = np.arange(1.0, x.size + 1).reshape(expected.shape)
        (result * weights).sum().backward()
        np.testing.assert_array_equal((t.grad.data * x).sum(), (expected * weights).sum())


def test_order_of_what_lies_in_one_place_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="give 'C' or 'F'"):
        np.ravel(Tensor(np.broadcast_to(X, (2, 2, 3, 4))), "K")


def test_reshape_copies_if_asked() -> None:
    t = tensor(X, requires_grad=True)
    for function in (lambda **options: np.reshape(t, (4, 6), **options), lambda **options: t.reshape(4, 6, **options)):
        assert not np.shares_memory(function(copy=True).data, t.data)
        assert np.shares_memory(function(copy=False).data, t.data)
    with pytest.raises(ValueError, match="copy"):
        t.transpose(2, 0, 1).reshape(-1, copy=False)


def test_shape_that_does_not_fit_names_both() -> None:
    with pytest.raises(ValueError, match=r"'reshape' of a tensor of shape \(2, 3, 4\) .* shape \(5,5\)"):
        tensor(X).reshape(5, 5)
    with pytest.raises(ValueError, match=r"'squeeze' of a tensor of shape \(2, 3, 4\)"):
        tensor(X).squeeze(1)
    with pytest.raises(ValueError, match="two axes at least"):
        _ = tensor([1.0]).mT


def test_broadcast_to_gathers_what_was_repeated() -> None:
    np.testing.assert_array_equal(grad(lambda x: np.broadcast_to(x, (4, 3)).sum())(np.ones(3)), [4, 4, 4])
    np.testing.assert_array_equal(grad(lambda x: np.broadcast_to(x, (2, 5)).sum())(np.ones((2, 1))), [[5], [5]])
    assert grad(lambda x: np.broadcast_to(x, (2, 0)).sum())(np.ones((2, 1))).shape == (2, 1)


def test_several_arrays_reach_their_axes_together() -> None:
    scalar, row = np.atleast_2d(tensor(1.0), tensor([1.0, 2.0]))
    assert (scalar.shape, row.shape) == ((1, 1), (1, 2))


@pytest.mark.parametrize("function", [np.shape, np.ndim, np.size])
def test_what_describes_a_tensor_is_plain(function: Any) -> None:
    result = function(tensor(X, requires_grad=True))
    assert not isinstance(result, Tensor)
    np.testing.assert_array_equal(result, function(X))


def test_comparisons_of_whole_arrays_are_plain() -> None:
    t = tensor(X, requires_grad=True)
    assert np.array_equal(t, X) is True
    assert np.allclose(t, X + 1e-12) is True
    assert np.isclose(t, X).all()
    assert np.result_type(t, np.float32) == np.float64
    assert np.may_share_memory(t, t.data) is True
    assert np.iscomplexobj(t) is False
    np.testing.assert_allclose(t.data, X)


NUMPY: Any = np
MAKERS: list[Any] = [np.zeros_like, np.ones_like, np.empty_like, lambda x, **options: NUMPY.full_like(x, 2, **options)]


@pytest.mark.parametrize("make", MAKERS)
def test_an_array_like_a_tensor_is_a_tensor_to_write_to(make: Any) -> None:
    def f(x: Any) -> Any:
        y = make(x)
        for i in range(len(x)):
            y[i] = x[i] ** 2 * x[0]
        return y.sum()

    assert np.array_equal(grad(f)(np.array([1.0, 2.0])), [7, 4])
    assert np.array_equal(vmap(grad(f))(np.array([[1.0, 2.0], [1.0, 2.0]])), [[7, 4], [7, 4]])
    compiled = compile(grad(f))
    assert np.array_equal([compiled(np.array([1.0, 2.0])), compiled(np.array([2.0, 4.0]))], [[7, 4], [28, 16]])
    t = tensor(X)
    assert not make(t).requires_grad
    assert make(t, dtype=np.float32, shape=(3,)).shape == (3,)
    assert make(t, dtype=int).dtype == int
    assert type(make(t, subok=False)) is np.ndarray
    assert type(make(X)) is np.ndarray


def test_what_is_no_number_is_broadcast_beside_a_tensor() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    options: tuple[Any, ...] = (x, 3.0, None, "/")  # as matplotlib does, of bars and of how they are drawn
    wide, three, nothing, hatch = np.broadcast_arrays(*options)
    assert (three.shape, nothing.tolist(), hatch.tolist()) == ((2,), [None, None], ["/", "/"])
    (wide * three).sum().backward()
    assert x.grad is not None
    assert x.grad.data.tolist() == [3.0, 3.0]
