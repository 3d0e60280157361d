"""Where products of vectors, matrices and tensors are tested."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd.testing import arrays, shapes

from .calls import Array, Call, Function, Live, Samples, call


@st.composite
def numbers(draw: st.DrawFn, shape: tuple[int, ...]) -> Array:
    """Draw an array that is real or complex."""
    x = draw(arrays(shape))
    return x + 1j * draw(arrays(shape)) if draw(st.booleans()) else x


@st.composite
def by_signature(draw: st.DrawFn, signature: str, elements: Function = arrays) -> Call:
    """Draw factors whose last axes fit `signature` and whose first axes broadcast."""
    drawn = draw(
        numpy_strategies.mutually_broadcastable_shapes(signature=signature, max_dims=2, min_side=0, max_side=3)
    )
    return call(*(Live(draw(elements(shape))) for shape in drawn.input_shapes))


@st.composite
def along_an_axis(draw: st.DrawFn, length: int | None = None) -> Call:
    """Draw vectors along one axis of arrays that broadcast."""
    n = draw(st.integers(0, 3)) if length is None else length
    axis = draw(st.integers(-3, -1))
    shapes = draw(st.sampled_from([((2,), (2,)), ((2,), (1,)), ((1, 2), (3, 1)), ((0,), (0,)), ((2, 2), (2, 2))]))
    if any(len(shape) < -1 - axis for shape in shapes):
        axis = -1
    with_vectors = [[*shape[: len(shape) + axis + 1], n, *shape[len(shape) + axis + 1 :]] for shape in shapes]
    return Call(tuple(Live(draw(numbers(tuple(shape)))) for shape in with_vectors), {"axis": axis})


@st.composite
def crosses(draw: st.DrawFn) -> Call:
    """Draw vectors along axes of their own."""
    x, y = draw(numbers((2, 3))), draw(numbers((3, 2)) | numbers((3, 1)) | numbers((3,)))
    return Call((Live(x), Live(y)), {"axisb": 0, "axisc": draw(st.sampled_from([-1, 0, 1]))})


def of_shapes(*pairs: tuple[tuple[int, ...], tuple[int, ...]], **options: Any) -> st.SearchStrategy[Call]:
    """Draw two factors of one of the pairs of shapes."""
    return st.sampled_from(pairs).flatmap(
        lambda pair: st.builds(lambda x, y: call(Live(x), Live(y), **options), *map(arrays, pair))
    )


@st.composite
def any_pair(draw: st.DrawFn) -> Call:
    return call(*(Live(draw(arrays(shapes(max_dims=2)))) for _ in range(2)))


@st.composite
def vectors(draw: st.DrawFn) -> Call:
    return call(*(Live(draw(arrays((draw(st.integers(0, 3)),)))) for _ in range(2)))


@st.composite
def complex_vectors(draw: st.DrawFn) -> Call:
    """Draw arrays with as many elements."""
    pair = draw(st.sampled_from([((), ()), ((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (6,)), ((0,), (0,))]))
    return call(*(Live(draw(numbers(shape))) for shape in pair))


@st.composite
def tensordots(draw: st.DrawFn) -> Call:
    summed = draw(shapes(max_dims=2, max_side=2))
    left, right = (draw(shapes(max_dims=2, max_side=2)) for _ in range(2))
    n = len(summed)
    x, y = draw(arrays(left + summed)), draw(arrays(summed + right))
    pairs: list[Any] = [n, (tuple(range(-n, 0)), tuple(range(n)))]
    if n == 1:
        pairs.append((-1, 0))
    return call(Live(x), Live(y), axes=draw(st.sampled_from(pairs)))


# One of each form: products, traces, diagonals, sums, broadcasting, ellipses, an implied output.
SUBSCRIPTS = [
    "ij,jk->ik", "ij,jk", "bij,bjk->bik", "ij,jk,kl->il", "i,j->ji", "i,i", "i,i->i", "ij,ij->", "ij->ji", "ij->j",
    "ij->", "ii->i", "ii", "iij->ij", "iji->j", "ij,j->i", "ij,i->", "a,b,c->abc", "...ij,...jk->...ik", "...i->...",
    "i...,i...->...", "ij,kl->", ",i->i", "ab,bc,ca->",
]  # fmt: skip


@st.composite
def sums_of_products(draw: st.DrawFn) -> Call:
    subscripts = draw(st.sampled_from(SUBSCRIPTS))
    sides = {label: draw(st.integers(0, 3)) for label in sorted(set(subscripts) - set(",.->"))}
    hidden = draw(shapes(max_dims=2, max_side=2))
    operands = []
    for labels in subscripts.partition("->")[0].split(","):
        shape: tuple[int, ...] = ()
        for part in labels.replace("...", "."):
            shape += hidden if part == "." else (sides[part],)
        operands.append(Live(draw(arrays(shape))))
    return call(subscripts, *operands)


@st.composite
def contractions(draw: st.DrawFn) -> Call:
    """Draw what einsum brings its calls to: every label stands in two places at least."""
    labels = draw(st.sampled_from([("ij", "jk", "ik"), ("bi", "bj", "bij"), ("ij", "ij", ""), ("bij", "jb", "bi")]))
    sides = {label: draw(st.integers(0, 3)) for label in "bijk"}
    operands = [Live(draw(arrays(tuple(sides[label] for label in operand)))) for operand in labels[:2]]
    return call(*operands, *labels)


@st.composite
def sums_by_lists(draw: st.DrawFn) -> Call:
    """Draw the form that has labels after each operand."""
    x, y = draw(arrays((2, 3))), draw(arrays((3, 2)))
    output: list[Any] = draw(st.sampled_from([[], [[0, 30]], [[30, 0]], [[]], [[..., 30]]]))
    return call(Live(x), [0, 1], Live(y), [1, 30] if output != [[..., 30]] else [..., 30], *output)


SAMPLES: dict[Function | str, Samples] = {
    np.matmul: Samples(by_signature(np.matmul.signature), analytic=True),
    "matmul": Samples(of_shapes(((2, 3, 2), (2, 3)), ((1, 2, 1, 3), (3, 1)), ((0, 2, 3), (3, 2))), analytic=True),
    np.linalg.matmul: Samples(by_signature("(m,n),(n,p)->(m,p)"), analytic=True),
    np.vecdot: Samples(by_signature(np.vecdot.signature, numbers)),
    np.linalg.vecdot: Samples(along_an_axis()),
    np.tensordot: Samples(tensordots(), analytic=True),
    np.linalg.tensordot: Samples(tensordots(), analytic=True),
    np.dot: Samples(
        of_shapes(
            ((), (2,)),
            ((2, 3), ()),
            ((3,), (3,)),
            ((0,), (0,)),
            ((2, 3), (3,)),
            ((3,), (2, 3, 2)),
            ((2, 3), (3, 2)),
            ((2, 3), (2, 3, 2)),
        ),
        analytic=True,
    ),
    np.inner: Samples(
        of_shapes(((), (2,)), ((2, 3), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1, 3), (2, 3))),
        analytic=True,
    ),
    np.vdot: Samples(complex_vectors()),
    np.outer: Samples(any_pair(), analytic=True),
    np.linalg.outer: Samples(vectors(), analytic=True),
    np.cross: Samples(crosses() | along_an_axis(3)),
    np.linalg.cross: Samples(along_an_axis(3)),
    "cross": Samples(by_signature("(3),(3)->(3)"), analytic=True),
    np.kron: Samples(any_pair(), analytic=True),
    np.einsum: Samples(sums_of_products() | sums_by_lists(), analytic=True),
    "einsum": Samples(contractions(), analytic=True),
}
if hasattr(np, "matvec"):  # since NumPy 2.2
    SAMPLES |= {
        np.matvec: Samples(by_signature(np.matvec.signature), analytic=True),
        np.vecmat: Samples(by_signature(np.vecmat.signature, numbers)),
    }
