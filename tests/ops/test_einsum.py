"""Einstein's summation, against NumPy's and against sums written out."""

from typing import Any

import numpy as np
import pytest

from autograd import ShapeError, grad, tensor

RANDOM = np.random.default_rng(0)

CALLS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    (" i j , j k -> k i ", (2, 3), (3, 4)),
    ("ji", (2, 3)),
    ("ba->ab", (2, 3)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("iii->i", (3, 3, 3)),
    ("ijij->ji", (2, 3, 2, 3)),
    ("ij->", (2, 3)),
    ("ij->j", (2, 3)),
    ("i,i", (3,), (3,)),
    ("i,j", (3,), (4,)),
    ("ij,ij->ij", (2, 3), (2, 3)),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
    ("...ij,...jk->...ik", (2, 3, 4), (4, 5)),
    ("...ij,jk", (2, 1, 3, 4), (4, 5)),
    ("...i,...i->...", (5, 1, 3), (2, 3)),
    ("i...->...", (2, 3, 4)),
    ("...", (2, 3)),
    ("i...j,j...->i...", (2, 3, 4), (4, 3)),
    ("iij,jk->k", (2, 2, 3), (3, 4)),
    ("ij,kl->ik", (2, 3), (4, 5)),
    ("ij,ij->i", (1, 3), (2, 3)),
    ("ij,ij", (1, 3), (2, 3)),
    ("ij,i->", (2, 3), (1,)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("ij,jk,ki", (2, 3), (3, 4), (4, 2)),
    ("a,b,c->cab", (2,), (3,), (2,)),
    ("ij,,j->i", (2, 3), (), (3,)),
    ("bhqd,bhkd->bhqk", (1, 2, 3, 2), (1, 2, 4, 2)),
    (",", (), ()),
    ("ij,jk->ik", (0, 3), (3, 4)),
    ("ij,jk->ik", (2, 0), (0, 4)),
]


@pytest.mark.parametrize(("subscripts", "shapes"), [(s, shapes) for s, *shapes in CALLS])
def test_value_and_gradients(subscripts: str, shapes: list[tuple[int, ...]]) -> None:
    arrays = [RANDOM.normal(size=shape) for shape in shapes]
    expected = np.einsum(subscripts, *arrays)
    operands = [tensor(a, requires_grad=True) for a in arrays]
    result = np.einsum(subscripts, *operands)
    np.testing.assert_allclose(result.data, expected, rtol=1e-12, atol=1e-14, strict=True)
    weights = RANDOM.normal(size=expected.shape)
    (result * weights).sum().backward()
    for i, operand in enumerate(operands):
        # A sum of products is linear in each operand: one element at a time finds its gradient exactly.
        units = np.eye(operand.size).reshape(operand.size, *operand.shape)
        exact = [np.sum(np.einsum(subscripts, *arrays[:i], e, *arrays[i + 1 :]) * weights) for e in units]
        np.testing.assert_allclose(operand.grad.data.ravel(), exact, rtol=1e-12, atol=1e-12)


def test_one_array_in_two_places() -> None:
    x = RANDOM.normal(size=(3, 3))
    found = grad(lambda x: np.einsum("ij,jk->", x, x))(x)
    np.testing.assert_allclose(found, x.sum(1)[None, :] + x.sum(0)[:, None])


def test_second_derivative_of_a_quadratic_form() -> None:
    a, x = RANDOM.normal(size=(3, 3)), RANDOM.normal(size=3)
    found = grad(lambda x: grad(lambda x: np.einsum("i,ij,j", x, a, x))(x)[0])(x)
    np.testing.assert_allclose(found, (a + a.T)[0])


def test_float32_and_optimize() -> None:
    x = tensor(np.ones((2, 2)), dtype="float32", requires_grad=True)
    result = np.einsum("ij,jk->ik", x, x, optimize="greedy")
    result.sum().backward()
    assert result.dtype == x.grad.dtype == np.float32


@pytest.mark.parametrize(
    ("subscripts", "shapes", "message"),
    [
        ("ij,jk", [(2, 3), (4, 5)], r"'j' is 3 and 4 long in shapes \(2, 3\), \(4, 5\)"),
        ("ij", [(2,)], r"'ij' does not fit an operand of shape \(2,\)"),
        ("i->j", [(2,)], "every label of the output"),
        ("i->ii", [(2,)], "every label of the output"),
        ("...i->i", [(2, 3)], "no place for the axes"),
        ("ij,j", [(2, 3)], "is for 2 operands, but was given 1"),
        ("i1->i", [(2, 3)], "labels are letters"),
        ("i.j->ij", [(2, 3)], "labels are letters"),
    ],
)
def test_wrong_subscripts_are_explained(subscripts: str, shapes: list[Any], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        np.einsum(subscripts, *[tensor(np.ones(shape), requires_grad=True) for shape in shapes])


def test_lists_of_axes_are_refused() -> None:
    with pytest.raises(TypeError, match="as a string"):
        np.einsum(tensor([1.0], requires_grad=True), [0], [0])
