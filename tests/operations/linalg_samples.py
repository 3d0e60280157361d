"""Where linear algebra is tested: on stacks of matrices, real and complex, whose values are well apart.

Hermitian matrices and those of low rank are made within the function that is tested, so that differences don't leave
their kind. What is free in signs or phases is looked at through functions that don't depend on them.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays

from .calls import Array, Call, Function, Live, Samples, call
from .reduce_samples import axes, one_axis

RANDOM = np.random.default_rng(0)
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Prepared(Call):
    """A call whose positional arguments are computed from the inputs within the function that is tested."""

    prepare: Function = lambda *args: args

    def on(self, function: Function, inputs: Sequence[Any]) -> Any:
        def prepared(*args: Any, **kwargs: Any) -> Any:
            return function(*self.prepare(*args), **kwargs)

        return super().on(prepared, inputs)


def adjoint(x: Any) -> Any:
    return np.conjugate(x.mT)


def hermitian(x: Any, *rest: Any) -> tuple[Any, ...]:
    return ((x + adjoint(x)) / 2, *rest)


def of_rank_one(x: Any, y: Any, *rest: Any) -> tuple[Any, ...]:
    return (x[..., :, None] * y[..., None, :], *rest)


def rotation(n: int, is_complex: bool) -> Array:
    x = RANDOM.normal(size=(n, n)) + (1j * RANDOM.normal(size=(n, n)) if is_complex else 0)
    return np.linalg.qr(x)[0]


ROTATIONS = {(n, c): (rotation(n, c), rotation(n, c)) for n in range(5) for c in (False, True)}
batches = st.sampled_from([(), (), (2,), (1, 2), (0,)])


@st.composite
def numbers(draw: st.DrawFn, /, shape: Any, **options: Any) -> Array:
    """Draw an array that is real or complex."""
    x = draw(arrays(shape, **options))
    return x + 1j * draw(arrays(x.shape, **options)) if draw(st.booleans()) else x


@st.composite
def matrices(draw: st.DrawFn, rows: Any, columns: Any = None, batch: Any = batches) -> Array:
    """Draw matrices whose singular values are near 2, 4, ..."""
    m = draw(rows)
    n = m if columns is None else draw(columns)
    small = draw(numbers((*draw(batch), m, n))) * 0.1
    is_complex = small.dtype.kind == "c"
    middle = np.eye(m, n) * (2.0 + 2 * np.arange(n))
    return np.asarray(small + ROTATIONS[m, is_complex][0] @ middle @ ROTATIONS[n, is_complex][1])


@st.composite
def hermitian_matrices(draw: st.DrawFn, indefinite: bool = False) -> Array:
    """Draw matrices of which the Hermitian part has eigenvalues near 2, 4, ..., with changing signs if `indefinite`."""
    n = draw(sides)
    small = draw(numbers((*draw(batches), n, n))) * 0.1
    left = ROTATIONS[n, small.dtype.kind == "c"][0]
    w = (2.0 + 2 * np.arange(n)) * ((-1) ** np.arange(n) if indefinite else 1)
    return np.asarray(small + (left * w) @ adjoint(left))


sides = st.integers(0, 3)
some = st.integers(1, 3)


def on_matrix(strategy: st.SearchStrategy[Array], prepare: Function | None = None, **options: Any) -> Any:
    """Draw a call on a matrix with keywords that are drawn too."""
    keywords = st.fixed_dictionaries({}, optional=options)
    if prepare is None:
        return st.builds(lambda x, kwargs: Call((Live(x),), kwargs), strategy, keywords)
    return st.builds(lambda x, kwargs: Prepared((Live(x),), kwargs, prepare=prepare), strategy, keywords)


# Views of what is determined


def weights(n: int, k: int) -> Array:
    """Return different numbers for the first `k` vectors; the others are one space, and so have one number."""
    return np.minimum(np.arange(n), k) * 0.7 + 1.0


def of_vectors(v: Any, k: int) -> Any:
    return (v * weights(v.shape[-1], k).astype(v.real.dtype)) @ adjoint(v)


def view_eigh(result: Any) -> Any:
    w, v = result
    return [w, of_vectors(v, v.shape[-1])]


def view_eig(result: Any) -> Any:
    w, v = result
    scale = weights(w.shape[-1], w.shape[-1]).astype(v.real.dtype)
    return [w, v, (v * scale) @ np.linalg.inv(v)]


def view_svd(result: Any) -> Any:
    if not isinstance(result, tuple):
        return result
    u, s, vh = result
    k = s.shape[-1]
    scale = weights(k, k).astype(s.dtype)
    together = (u[..., :k] * scale) @ vh[..., :k, :]
    return [s, together, of_vectors(u, k), of_vectors(adjoint(vh), k)]


def view_qr(result: Any) -> Any:
    if not isinstance(result, tuple):
        return of_vectors(adjoint(result), result.shape[-2])
    q, r = result
    k = min(q.shape[-2], r.shape[-1])
    return [
        of_vectors(q, k),
        of_vectors(adjoint(r), k),
        (q[..., :k] * weights(k, k).astype(q.real.dtype)) @ r[..., :k, :],
    ]


# Systems of equations


@st.composite
def systems(draw: st.DrawFn) -> Call:
    a = draw(matrices(sides))
    if draw(st.booleans()):
        return call(Live(a), Live(draw(numbers(a.shape[-1:]))))
    batch = draw(st.sampled_from([a.shape[:-2], (1,) * (a.ndim - 2), ()]))
    return call(Live(a), Live(draw(numbers((*batch, a.shape[-1], draw(sides))))))


@st.composite
def least_squares(draw: st.DrawFn) -> Call:
    a = draw(matrices(some, some, batch=st.just(())))
    b = draw(numbers((a.shape[0], *draw(st.sampled_from([(), (1,), (2,)])))))
    return Call((Live(a), Live(b)), {}, view=lambda result: [result[0], result[1], result[3]])


@st.composite
def least_squares_of_rank_one(draw: st.DrawFn) -> Call:
    m, n = draw(some), draw(some)
    x, y = draw(numbers((m,), between=(0.5, 2.0))), draw(numbers((n,), between=(0.5, 2.0)))
    b = draw(numbers((m, *draw(st.sampled_from([(), (2,)])))))
    parts = (Live(x), Live(y), Live(b))
    return Prepared(parts, {"rcond": 1e-3}, lambda result: [result[0], result[3][:1]], prepare=of_rank_one)


@st.composite
def inverses_of_rank_one(draw: st.DrawFn) -> Call:
    batch = draw(batches)
    x, y = (draw(numbers((*batch, draw(some)), between=(0.5, 2.0))) for _ in range(2))
    return Prepared((Live(x), Live(y)), {"rtol": 1e-3}, prepare=of_rank_one)


@st.composite
def tensor_systems(draw: st.DrawFn) -> Call:
    a = draw(matrices(st.just(4), batch=st.just(())))
    shape, axes, b_shape = draw(
        st.sampled_from(
            [((2, 2, 4), None, (2, 2)), ((4, 2, 2), None, (4,)), ((2, 4, 2), (0,), (4,)), ((4, 4), None, (4,))]
        )
    )
    return call(Live(a.reshape(shape)), Live(draw(numbers(b_shape))), axes=axes)


tensor_inverses = st.builds(
    lambda a, form: call(Live(a.reshape(form[0])), **form[1]),
    matrices(st.just(4), batch=st.just(())),
    st.sampled_from([((4, 2, 2), {"ind": 1}), ((2, 2, 4), {}), ((2, 2, 2, 2), {"ind": 2})]),
)


@st.composite
def chains(draw: st.DrawFn) -> Call:
    lengths = draw(st.lists(some, min_size=3, max_size=6))
    factors = [draw(arrays(pair)) for pair in itertools.pairwise(lengths)]
    if draw(st.booleans()):
        factors[0] = factors[0][0]
    if draw(st.booleans()):
        factors[-1] = factors[-1][:, 0]
    return call([Live(factor) for factor in factors])


@st.composite
def matrices_without_ties(draw: st.DrawFn) -> Call:
    """Draw matrices for norms and condition numbers: no two sums of rows or columns are equal."""
    order = draw(st.sampled_from([None, 1, -1, 2, -2, np.inf, -np.inf, "fro", "nuc"]))
    square = order in (1, -1, np.inf, -np.inf, "fro", "nuc")
    x = draw(matrices(some, None if square else some, batch=st.sampled_from([(), (2,)])))
    return call(Live(x), order)


# Norms


@st.composite
def vector_norms(draw: st.DrawFn, *, flattens: bool) -> Call:
    """Draw norms of vectors along an axis or several, without an order only of all elements."""
    x = draw(numbers(st.sampled_from([(3,), (2, 3), (2, 1, 3)]), offset=0.25, distinct=True))
    order = draw(st.sampled_from([1, 2, 3, 2.5, -1, np.inf, -np.inf, 0]))
    if flattens:
        return call(Live(x), ord=order, axis=draw(axes(x)), keepdims=draw(st.booleans()))
    axis = draw(one_axis(x))
    return call(Live(x), order, axis, draw(st.booleans()))


@st.composite
def element_norms(draw: st.DrawFn) -> Call:
    """Draw norms of all elements, as vectors or as matrices."""
    x = draw(numbers(st.sampled_from([(), (3,), (2, 3), (2, 1, 3)]), offset=0.25, distinct=True))
    pair = (-1, -2) if x.ndim > 1 else None
    order, axis = draw(st.sampled_from([(None, None), (None, pair), ("fro", pair)] if pair else [(None, None)]))
    return call(Live(x), order, axis, draw(st.booleans()))


@st.composite
def matrix_norms(draw: st.DrawFn) -> Call:
    x = draw(matrices(some, some, batch=st.sampled_from([(), (2,), (0,)])))
    order = draw(st.sampled_from(["nuc", 1, -1, 2, -2, np.inf, -np.inf]))
    front = x.ndim == 3 and draw(st.booleans())
    x, axis = (np.moveaxis(x, 0, 1), (0, -1)) if front else (x, (-2, -1))
    axis = draw(st.sampled_from([axis, axis[::-1]]))
    return call(Live(x), ord=order, axis=axis, keepdims=draw(st.booleans()))


@st.composite
def last_matrix_norms(draw: st.DrawFn) -> Call:
    x = draw(matrices(some, some, batch=st.sampled_from([(), (2,)])))
    return call(Live(x), keepdims=draw(st.booleans()), ord=draw(st.sampled_from(["fro", "nuc", 1, 2, -2, np.inf])))


triangle = st.sampled_from("LU")
norms = vector_norms(flattens=False) | element_norms()

SAMPLES: dict[Function | str, Samples] = {
    np.linalg.inv: Samples(on_matrix(matrices(sides))),
    np.linalg.solve: Samples(systems()),
    np.linalg.tensorsolve: Samples(tensor_systems()),
    np.linalg.tensorinv: Samples(tensor_inverses),
    np.linalg.pinv: Samples(
        on_matrix(matrices(sides, sides), rcond=st.sampled_from([1e-6, np.array(1e-6)]))
        | on_matrix(matrices(some, some), rtol=st.sampled_from([None, 1e-6]))
        | on_matrix(hermitian_matrices(indefinite=True), hermitian, hermitian=st.just(True))
        | inverses_of_rank_one()
    ),
    np.linalg.lstsq: Samples(least_squares() | least_squares_of_rank_one()),
    np.linalg.det: Samples(
        on_matrix(st.tuples(batches, sides).flatmap(lambda drawn: arrays((*drawn[0], drawn[1], drawn[1])))),
        analytic=True,
    ),
    np.linalg.slogdet: Samples(on_matrix(matrices(sides))),
    np.linalg.matrix_power: Samples(
        st.builds(lambda a, n: call(Live(a * 0.25), n), matrices(sides), st.integers(-4, 7))
    ),
    np.linalg.multi_dot: Samples(chains(), analytic=True),
    np.linalg.cond: Samples(matrices_without_ties()),
    np.linalg.cholesky: Samples(on_matrix(hermitian_matrices(), hermitian, upper=st.booleans())),
    np.linalg.eigh: Samples(on_matrix(hermitian_matrices(indefinite=True), hermitian, UPLO=triangle), view=view_eigh),
    np.linalg.eigvalsh: Samples(on_matrix(hermitian_matrices(indefinite=True), hermitian, UPLO=triangle)),
    np.linalg.eig: Samples(on_matrix(matrices(sides)), view=view_eig),
    np.linalg.eigvals: Samples(on_matrix(matrices(sides))),
    np.linalg.svd: Samples(
        on_matrix(matrices(sides, sides), full_matrices=st.booleans(), compute_uv=st.booleans())
        | on_matrix(hermitian_matrices(indefinite=True), hermitian, hermitian=st.just(True), compute_uv=st.booleans()),
        view=view_svd,
    ),
    "svd": Samples(
        st.builds(lambda a, full: call(Live(a), full), matrices(sides, sides), st.booleans()), view=view_svd
    ),
    np.linalg.svdvals: Samples(on_matrix(matrices(sides, sides))),
    np.linalg.qr: Samples(
        on_matrix(matrices(sides, sides), mode=st.sampled_from(["reduced", "complete", "r"])), view=view_qr
    ),
    "qr": Samples(
        st.builds(lambda a, m: call(Live(a), m), matrices(sides, sides), st.sampled_from(["reduced", "complete"])),
        view=view_qr,
    ),
    np.linalg.norm: Samples(norms | matrix_norms()),
    "norm": Samples(norms),
    np.linalg.vector_norm: Samples(vector_norms(flattens=True)),
    np.linalg.matrix_norm: Samples(last_matrix_norms()),
}
