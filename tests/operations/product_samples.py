"""Where products of vectors, matrices and tensors are tested."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd.testing import arrays, shapes

from .calls import Call, Function, Live, Samples, call


@st.composite
def by_signature(draw: st.DrawFn, signature: str) -> Call:
    """Draw factors whose last axes fit `signature` and whose first axes broadcast."""
    drawn = draw(
        numpy_strategies.mutually_broadcastable_shapes(signature=signature, max_dims=2, min_side=0, max_side=3)
    )
    return call(*(Live(draw(arrays(shape))) for shape in drawn.input_shapes))


def of_shapes(*pairs: tuple[tuple[int, ...], tuple[int, ...]], **options: Any) -> st.SearchStrategy[Call]:
    """Draw two factors of one of the pairs of shapes."""
    return st.sampled_from(pairs).flatmap(
        lambda pair: st.builds(lambda x, y: call(Live(x), Live(y), **options), *map(arrays, pair))
    )


@st.composite
def any_pair(draw: st.DrawFn) -> Call:
    return call(*(Live(draw(arrays(shapes(max_dims=2)))) for _ in range(2)))


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
    inputs, output = draw(
        st.sampled_from([(("ij", "jk"), "ik"), (("ij",), "ji"), (("bi", "bj"), "bij"), (("ij", "jk", "k"), "i")])
    )
    sides = {label: draw(st.integers(0, 3)) for label in "bijk"}
    operands = [Live(draw(arrays(tuple(sides[label] for label in labels)))) for labels in inputs]
    return call(operands, inputs, output)


SAMPLES: dict[Function | str, Samples] = {
    np.matmul: Samples(by_signature(np.matmul.signature), analytic=True),
    "matmul": Samples(of_shapes(((2, 3, 2), (2, 3)), ((1, 2, 1, 3), (3, 1)), ((0, 2, 3), (3, 2))), analytic=True),
    np.linalg.matmul: Samples(by_signature("(m,n),(n,p)->(m,p)"), analytic=True),
    np.vecdot: Samples(by_signature(np.vecdot.signature)),
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
    np.vdot: Samples(of_shapes(((), ()), ((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (6,)), ((0,), (0,)))),
    np.outer: Samples(any_pair(), analytic=True),
    np.kron: Samples(any_pair(), analytic=True),
    np.einsum: Samples(sums_of_products(), analytic=True),
    "einsum": Samples(contractions(), analytic=True),
}
if hasattr(np, "matvec"):  # since NumPy 2.2
    SAMPLES |= {
        np.matvec: Samples(by_signature(np.matvec.signature)),
        np.vecmat: Samples(by_signature(np.vecmat.signature)),
    }
