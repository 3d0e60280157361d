"""Calls of the functions of the standard's extensions, drawn by Hypothesis."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .samples import (
    COMPLEX,
    KINDS,
    REAL,
    Arguments,
    Draw,
    array,
    arrays,
    contracted,
    dtypes,
    multiplied,
    shapes,
    vector_products,
)


@st.composite
def matrices(draw: Draw, *, square: bool = False, regular: bool = False, symmetric: bool = False) -> Any:
    """Draw stacks of matrices, if asked regular ones, or symmetric ones with different eigenvalues."""
    dtype = draw(dtypes("floating"))
    rows = draw(st.integers(1, 4))
    columns = rows if square or symmetric else draw(st.integers(1, 4))
    x = draw(arrays(dtype, (*draw(shapes(0, 1)), rows, columns))).astype(dtype)
    if regular:
        x += (100 * np.eye(rows, columns)).astype(dtype)
    if symmetric:
        x = (x + np.conj(x.swapaxes(-1, -2)) + 100 * np.diag(np.arange(1.0, rows + 1))).astype(dtype)
    return x


def of(strategy: st.SearchStrategy[Any], **options: st.SearchStrategy[Any]) -> st.SearchStrategy[Arguments]:
    return st.tuples(st.tuples(strategy), st.fixed_dictionaries(options))


@st.composite
def crossed(draw: Draw) -> Arguments:
    group = draw(st.sampled_from(KINDS["numeric"]))
    shape = list(draw(shapes(1, 3, 1)))
    axis = draw(st.integers(-len(shape), -1))
    shape[axis] = 3
    return tuple(draw(arrays(draw(st.sampled_from(group)), tuple(shape))) for _ in range(2)), {"axis": axis}


@st.composite
def solved(draw: Draw) -> Arguments:
    x1 = draw(matrices(square=True, regular=True))
    n = x1.shape[-1]
    shape = draw(st.sampled_from([(n,), (n, 2), (*x1.shape[:-2], n, 3)]))
    group = COMPLEX if x1.dtype.kind == "c" else REAL
    return (x1, draw(arrays(draw(st.sampled_from(group)), shape))), {}


@st.composite
def outer(draw: Draw) -> Arguments:
    group = draw(st.sampled_from(KINDS["numeric"]))
    return tuple(draw(arrays(draw(st.sampled_from(group)), draw(st.integers(0, 4)))) for _ in range(2)), {}


@st.composite
def vector_norms(draw: Draw) -> Arguments:
    x = draw(array("floating", side=1))
    axes: st.SearchStrategy[Any] = st.none()
    if x.ndim:
        several = st.lists(st.integers(0, x.ndim - 1), unique=True, min_size=1, max_size=x.ndim).map(tuple)
        axes = axes | st.integers(-x.ndim, x.ndim - 1) | several
    orders = st.sampled_from([1, 2, 3, 0.5, 2.5, 0, float("inf"), float("-inf")])
    return (x,), {"axis": draw(axes), "keepdims": draw(st.booleans()), "ord": draw(orders)}


norms = st.sampled_from(["backward", "ortho", "forward"])


@st.composite
def transformed(draw: Draw, kind: str) -> Arguments:
    x = draw(array(kind, least=1, side=2))
    length = draw(st.none() | st.integers(2, 5))
    return (x,), {"n": length, "axis": draw(st.integers(-x.ndim, x.ndim - 1)), "norm": draw(norms)}


@st.composite
def transformed_along_several(draw: Draw, kind: str) -> Arguments:
    x = draw(array(kind, least=1, side=2))
    axes = draw(st.none() | st.lists(st.integers(0, x.ndim - 1), unique=True, min_size=1).map(tuple))
    lengths = None if axes is None else draw(st.none() | st.tuples(*[st.integers(2, 5)] * len(axes)))
    return (x,), {"s": lengths, "axes": axes, "norm": draw(norms)}


@st.composite
def shifted(draw: Draw) -> Arguments:
    x = draw(array("floating", least=1))
    return (x,), {"axes": draw(st.none() | st.integers(-x.ndim, x.ndim - 1) | st.just(tuple(range(x.ndim))))}


frequencies = st.tuples(
    st.tuples(st.integers(1, 8)),
    st.fixed_dictionaries({"d": st.sampled_from([1.0, 0.25]), "dtype": st.none() | dtypes("real floating")}),
)
matrix_orders = st.sampled_from(["fro", "nuc", 1, -1, 2, -2, float("inf"), float("-inf")])
CALLS: dict[str, st.SearchStrategy[Arguments]] = {
    "linalg.cholesky": of(matrices(symmetric=True), upper=st.booleans()),
    "linalg.cross": crossed(),
    "linalg.det": of(matrices(square=True)),
    "linalg.diagonal": of(array("any", 2), offset=st.integers(-3, 3)),
    "linalg.eig": of(matrices(square=True)),
    "linalg.eigh": of(matrices(symmetric=True)),
    "linalg.eigvals": of(matrices(square=True)),
    "linalg.eigvalsh": of(matrices(symmetric=True)),
    "linalg.inv": of(matrices(square=True, regular=True)),
    "linalg.matmul": multiplied(),
    "linalg.matrix_norm": of(matrices(), keepdims=st.booleans(), ord=matrix_orders),
    "linalg.matrix_power": st.tuples(st.tuples(matrices(square=True, regular=True), st.integers(-3, 4)), st.just({})),
    "linalg.matrix_rank": of(matrices(), rtol=st.none() | st.just(0.01)),
    "linalg.matrix_transpose": of(array("any", 2)),
    "linalg.outer": outer(),
    "linalg.pinv": of(matrices(regular=True), rtol=st.none() | st.just(0.01)),
    "linalg.qr": of(matrices(), mode=st.sampled_from(["reduced", "complete"])),
    "linalg.slogdet": of(matrices(square=True)),
    "linalg.solve": solved(),
    "linalg.svd": of(matrices(), full_matrices=st.booleans()),
    "linalg.svdvals": of(matrices()),
    "linalg.tensordot": contracted(),
    "linalg.trace": of(array("numeric", 2), offset=st.integers(-3, 3)),
    "linalg.vecdot": vector_products(),
    "linalg.vector_norm": vector_norms(),
    "fft.fft": transformed("complex"),
    "fft.ifft": transformed("complex"),
    "fft.rfft": transformed("real floating"),
    "fft.irfft": transformed("complex"),
    "fft.hfft": transformed("complex"),
    "fft.ihfft": transformed("real floating"),
    "fft.fftn": transformed_along_several("complex"),
    "fft.ifftn": transformed_along_several("complex"),
    "fft.rfftn": transformed_along_several("real floating"),
    "fft.irfftn": transformed_along_several("complex"),
    "fft.fftfreq": frequencies,
    "fft.rfftfreq": frequencies,
    "fft.fftshift": shifted(),
    "fft.ifftshift": shifted(),
}
