"""What the standard forbids is an error, and the message says what would be right."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import array_api as xp
from autograd import tensor

X = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
V = tensor([1.0, 2.0, 3.0])
Z = tensor([1 + 2j])
ERRORS: list[tuple[type[Exception], str, Callable[[], Any]]] = [
    (TypeError, r"take arrays here, not list: make one with asarray", lambda: xp.sum([1.0, 2.0])),  # type: ignore[arg-type]
    (TypeError, r"take arrays here, not float", lambda: xp.sin(1.0)),  # type: ignore[arg-type]
    (TypeError, r"complex128 numbers do not become float64 without a loss", lambda: xp.astype(Z, xp.float64)),
    (TypeError, r"real\(x\), imag\(x\) or abs\(x\)", lambda: xp.astype(Z, xp.int8)),
    (ValueError, r"there is no device 'gpu'", lambda: xp.asarray(1.0, device="gpu")),
    (ValueError, r"there is no device 'gpu'", lambda: xp.astype(X, xp.float32, device="gpu")),
    (ValueError, r"without a copy", lambda: xp.asarray(X, dtype=xp.float32, copy=False)),
    (ValueError, r"copy", lambda: xp.asarray([1.0], copy=False)),
    (ValueError, r"without a copy", lambda: xp.asarray([V, V], copy=False)),
    (ValueError, r"copy", lambda: xp.reshape(X.T, (6,), copy=False)),
    (ValueError, r"reshape", lambda: xp.reshape(X, (4,))),
    (ValueError, r"give axis=", lambda: xp.take(X, tensor([0]))),
    (IndexError, r"out of bounds", lambda: xp.take(X, tensor([5]), axis=0)),
    (IndexError, r"axis 3", lambda: xp.expand_dims(X, axis=3)),
    (IndexError, r"axis", lambda: xp.flip(X, axis=2)),
    (ValueError, r"size not equal to one|axis", lambda: xp.squeeze(X, 0)),
    (ValueError, r"indexing is 'xy' or 'ij', not 'no'", lambda: xp.meshgrid(V, V, indexing="no")),
    (ValueError, r"a triangle is part of a matrix, but the shape is \(3,\)", lambda: xp.tril(V)),
    (ValueError, r"two axes", lambda: xp.matrix_transpose(V)),
    (ValueError, r"axis", lambda: xp.cumulative_sum(X)),
    (ValueError, r"axis", lambda: xp.cumulative_prod(X)),
    (ValueError, r"0-d|zero|scalar", lambda: xp.nonzero(tensor(1.0))),
    (ValueError, r"dimension", lambda: xp.concat([X, V])),
    (ValueError, r"shape", lambda: xp.stack([X, V])),
    (ValueError, r"'matmul' cannot combine", lambda: xp.matmul(X, X)),
    (ValueError, r"'matmul' cannot combine", lambda: xp.matmul(X, tensor(2.0))),
    (ValueError, r"vecdot|mismatch", lambda: xp.vecdot(V, tensor([1.0, 2.0]))),
    (ValueError, r"broadcast", lambda: xp.broadcast_to(X, (2,))),
    (ValueError, r"'add' cannot combine", lambda: xp.add(X, tensor([1.0, 2.0]))),
    (ValueError, r"3", lambda: xp.linalg.cross(tensor([1.0, 2.0]), tensor([1.0, 2.0]))),
    (np.linalg.LinAlgError, r"[Ss]ingular", lambda: xp.linalg.inv(xp.zeros((2, 2)))),
    (np.linalg.LinAlgError, r"[Ss]ingular", lambda: xp.linalg.solve(xp.zeros((2, 2)), tensor([1.0, 2.0]))),
    (np.linalg.LinAlgError, r"positive definite", lambda: xp.linalg.cholesky(-xp.eye(2))),
    (np.linalg.LinAlgError, r"square", lambda: xp.linalg.det(X)),
    (TypeError, r"bitwise_and", lambda: xp.bitwise_and(V, V)),
    (TypeError, r"kind", lambda: xp.isdtype(xp.float32, 3)),  # type: ignore[arg-type]  # 3 is no kind
    (ValueError, r"kind", lambda: xp.isdtype(xp.float32, "float")),
    (TypeError, r"positional", lambda: xp.sum(X, 0)),  # type: ignore[call-arg]  # keywords are keywords
    (TypeError, r"positional-only", lambda: xp.sum(x=X)),  # type: ignore[call-arg]  # places are places
]


@pytest.mark.parametrize(
    ("error", "message", "call"), ERRORS, ids=lambda part: getattr(part, "__name__", str(part))[:40]
)
def test_error(error: type[Exception], message: str, call: Callable[[], Any]) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("live", [False, True])
def test_copies_are_made_where_they_are_asked_for(live: bool) -> None:
    x = tensor([1.0, 2.0], requires_grad=live)
    assert xp.asarray(x) is x
    assert xp.asarray(x, copy=False) is x
    assert xp.astype(x, xp.float64, copy=False) is x
    for copy in (xp.asarray(x, copy=True), xp.astype(x, xp.float64), xp.reshape(x, (2, 1), copy=True)):
        assert not np.shares_memory(copy.data, x.data)
        assert copy.requires_grad is live
    assert np.shares_memory(xp.reshape(x, (2, 1), copy=False).data, x.data)


def test_arrays_of_numpy_share_their_memory_until_a_copy_is_asked_for() -> None:
    array = np.ones(3)
    assert np.shares_memory(xp.asarray(array).data, array)
    assert np.shares_memory(xp.asarray(array, copy=False).data, array)
    assert not np.shares_memory(xp.asarray(array, copy=True).data, array)


def test_copies_of_a_grid_can_be_written_to() -> None:
    first, second = xp.meshgrid(tensor([1.0, 2.0]), tensor([3.0, 4.0]))
    first[0, 0] = 9.0
    np.testing.assert_array_equal(first.data, [[9, 2], [1, 2]])
    np.testing.assert_array_equal(second.data, [[3, 3], [4, 4]])
    assert xp.meshgrid() == ()
    assert xp.broadcast_arrays() == ()
