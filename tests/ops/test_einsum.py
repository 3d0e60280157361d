"""Einstein's summation, against NumPy's and against sums written out."""

from typing import Any

import numpy as np
import pytest

from autograd import GraphError, ShapeError, grad, tensor
from autograd.ops import einsum as einsum_module

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


LISTS: list[tuple[Any, ...]] = [
    ((2, 3), [0, 1], (3, 4), [1, 2]),
    ((2, 3), [0, 1], (3, 4), [1, 2], [2, 0]),
    ((2, 3), [5, 3], (3, 4), [3, 1]),
    ((2, 3), [30, 1], (3, 4), [1, 2]),  # an implied output sorts labels as numbers
    ((3, 3), [0, 0]),
    ((3, 3), (0, 0), (0,)),
    ((5, 2, 3), [..., 0, 1], (3, 4), [1, 2], [..., 0, 2]),
    ((5, 2, 3), [..., 0, 1], (3, 4), [1, 2]),
    ((2, 3), [0, 1], (3, 4), [1, 2], (4, 2), [2, 0], []),
]


@pytest.mark.parametrize("call", LISTS, ids=str)
def test_labels_as_lists(call: tuple[Any, ...]) -> None:
    places = range(0, len(call) - len(call) % 2, 2)
    arrays = [RANDOM.normal(size=part) if i in places else part for i, part in enumerate(call)]
    expected = np.einsum(*arrays)
    operands = [tensor(a, requires_grad=True) if i in places else a for i, a in enumerate(arrays)]
    result = np.einsum(*operands)
    np.testing.assert_allclose(result.data, expected, rtol=1e-12, atol=1e-14, strict=True)
    result.sum().backward()
    for i in places:
        exact = np.sum(np.einsum(*arrays[:i], arrays[i] / arrays[i].size, *arrays[i + 1 :]))
        np.testing.assert_allclose(np.mean(operands[i].grad.data * arrays[i]), exact)


@pytest.mark.parametrize("labels", [[0, 52], [0, -1], [0, 1.5]])
def test_wrong_labels_are_refused(labels: list[Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        np.einsum(tensor(np.ones((2, 2)), requires_grad=True), labels)


def test_complex_operands() -> None:
    x, y = (RANDOM.normal(size=(3, 3)) + 1j * RANDOM.normal(size=(3, 3)) for _ in range(2))
    found = grad(lambda x: abs(np.einsum("ij,ji->", x, y)))(x)
    total = np.sum(x * y.T)
    np.testing.assert_allclose(found, (total / abs(total)) * np.conj(y.T))


def test_options() -> None:
    x = tensor(RANDOM.normal(size=(2, 3)).astype(np.float32), requires_grad=True)
    result = np.einsum("ij,kj->ik", x, x, dtype=np.float64, order="F")
    assert result.dtype == np.float64
    assert result.data.flags.f_contiguous
    result.sum().backward()
    assert x.grad.dtype == np.float32
    with pytest.raises(TypeError, match="cannot cast float32 to float16"):
        np.einsum("ij->i", x, dtype=np.float16)
    with pytest.raises(GraphError, match="out="):
        np.einsum("ij->i", x, out=np.zeros(2))


def test_products_of_many_operands_are_taken_in_a_good_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the right, a chain of matrices on a vector takes no product of matrices."""
    products = []
    contract = einsum_module.contract

    def watched(*args: Any) -> Any:
        products.append(contract(*args))
        return products[-1]

    monkeypatch.setattr(einsum_module, "contract", watched)
    x = tensor(np.ones(20), requires_grad=True)
    y = np.einsum("ab,bc,cd,d->a", *[np.full((20, 20), 1 / 20) for _ in range(3)], x)
    y.sum().backward()
    assert [product.shape for product in products] == [(20,)] * 6
    np.testing.assert_allclose(x.grad.data, np.ones(20))


def test_the_path_is_numpys() -> None:
    factors = [np.ones((2, 3)), np.ones((3, 4)), np.ones((4, 2))]
    path, _ = np.einsum_path("ij,jk,kl->il", *[tensor(x, requires_grad=True) for x in factors])
    assert path == np.einsum_path("ij,jk,kl->il", *factors)[0]
    assert np.einsum("ij,jk,kl->il", *map(tensor, factors), optimize=path).shape == (2, 2)


def test_what_is_kept_of_a_call_is_of_its_subscripts_and_shapes() -> None:
    shapes = [
        ((2, 3), (3, 4)),
        ((1, 3), (3, 4)),
        ((2, 1), (3, 4)),
        ((2, 3), (1, 4)),
        ((3, 3), (3, 1)),
        ((0, 3), (3, 4)),
    ]
    for one, other in [*shapes, *reversed(shapes)]:
        x, y = np.arange(np.prod(one)).reshape(one) + 1.0, np.arange(np.prod(other)).reshape(other) + 1.0
        for subscripts in ("ij,jk->ik", "ij,jk->ki", "ij,jk->k", "ij,jk"):
            np.testing.assert_array_equal(np.einsum(subscripts, tensor(x), y), np.einsum(subscripts, x, y))
    for _ in range(2):
        with pytest.raises(ShapeError, match=r"'j' is 3 and 2 long in shapes \(2, 3\), \(2, 4\)"):
            np.einsum("ij,jk->ik", tensor(np.ones((2, 3))), np.ones((2, 4)))
