"""Patterns of Jacobians and Hessians: never an entry missing, and what would lose one is refused."""

import math
import threading
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import autograd
from autograd import (
    DtypeError,
    Function,
    PatternError,
    compile,
    elementwise,
    general,
    grad,
    hessian,
    jacobian,
    sparsity,
    tensor,
    vmap,
)
from autograd.primitives.patterns import sets
from autograd.primitives.patterns.level import PatternLevel

from ..transforms.test_nesting import TRANSFORMS

X = np.array([0.3, 1.7, -2.1, 0.9])


def found(f: Any, x: Any = X, **options: Any) -> Any:
    return sparsity(f, **options)(x).astype(int).toarray().tolist()


def exact(f: Any, x: Any = X) -> Any:
    """Return where the Jacobian, computed in full, is not 0."""
    return (jacobian(f)(x).reshape(-1, x.size) != 0).astype(int).tolist()


def written_after_use(x: Any) -> Any:
    y = x + 0
    z = np.sin(y)
    y[:] = 0.0
    return z


def written_through_views(x: Any) -> Any:
    y = np.repeat(x, 2)
    z = y.reshape(2, 4)[::-1].T
    z[1:3] = x[:2] * x[2]
    return y


def written_part(x: Any) -> Any:
    y = x * (1 + 1j)
    z = np.stack([y.real, y.imag * x[::-1]])
    return z[0] * z[1]


def sparse_in_zeros(x: Any) -> Any:
    a = np.zeros_like(x, shape=(4, 4))
    for i in range(4):
        a[i, i] = x[i]
    return a @ np.cos(x)


def put(x: Any) -> Any:
    y = np.zeros_like(x)
    np.put(y, [2, 0], x[:2])
    np.copyto(y[3:], x[1:2])
    return y


def masked(x: Any) -> Any:
    y = x * x[0]
    np.putmask(y, np.array([True, False, True, False]), np.flip(x))
    return y


def added(x: Any) -> Any:
    y = np.zeros_like(x)
    np.add.at(y, [0, 0, 2], x[1:])
    return y


def looped(x: Any) -> Any:
    y = np.zeros_like(x)
    for i in range(1, 4):
        y[i] = y[i - 1] + x[i] * x[i - 1]
    return y


def branching(x: Any) -> Any:
    return x[1:] * 2 if x[0] > 0 else x[:-1] * x[1:]


EVENLY = np.arange(4.0)
SPARSE = scipy.sparse.csr_array(np.array([[0.0, 2, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]]))
EXACT = {
    "a view written to": lambda x: written_through_views(x),
    "an array written to after use": written_after_use,
    "parts of complex numbers": written_part,
    "a matrix filled in zeros": sparse_in_zeros,
    "put": put,
    "putmask": masked,
    "add at": added,
    "a loop": looped,
    "if": branching,
    "even coordinates of a gradient": lambda x: np.gradient(EVENLY**3, x - X + EVENLY),
    "zeros of a constant matrix": lambda x: np.array([[0.0, 1, 0, 0], [1, 0, 0, 1]]) @ x,
    "zeros of a constant factor": lambda x: np.array([0.0, 1, 0, 2]) * x,
    "zeros of einsum": lambda x: np.einsum("ij,jk,k->ki", x.reshape(2, 2), np.array([[0, 1.0, 0], [1, 0, 0]]), x[:3]),
    "a sparse matrix": lambda x: SPARSE @ x,
    "a sparse matrix of coordinates": lambda x: SPARSE.tocoo() @ x,
    "a sparse matrix at the right": lambda x: x[:3] @ SPARSE,
    "a stack times a sparse matrix": lambda x: np.stack([x, x[::-1]]) @ SPARSE.T,
    "convolution": lambda x: np.convolve(x, [1.0, 0, 2], "same"),
    "convolution with itself": lambda x: np.convolve(x[:2], x),
    "the maximum": lambda x: np.max(x) * np.minimum(x, 0.5),
    "clip": lambda x: np.clip(x, -1.0, 1.0),
    "sort": lambda x: np.sort(x),
    "median": lambda x: np.median(x.reshape(2, 2), axis=1, keepdims=True),
    "quantiles": lambda x: np.quantile(x, [0.1, 0.5, 1.0]),
    "numbers of integers": lambda x: x * np.floor(x + 10),
    "triangles": lambda x: np.triu(x.reshape(2, 2)) + np.pad(x[:1], (0, 1)),
    "complex numbers": lambda x: np.abs(np.exp(1j * x)[1:] + x[:-1]),
    "a constant tensor": lambda x: tensor(np.array([1.0, 0, 2, 3])) * x,
    "a method of tensors": lambda x: x.tanh().flatten()[::2],
    "a composition": lambda x: np.apply_along_axis(lambda row: row * row[0], 1, x.reshape(2, 2)),
    "a gradient": lambda x: grad(lambda y: np.sum(np.sin(y[1:]) * y[:-1]))(x),
    "a Jacobian": lambda x: jacobian(lambda y: y**3 * y[0])(x),
    "a batch": lambda x: vmap(lambda row: row * row[0])(x.reshape(2, 2)),
    "a batch beside it": lambda x: vmap(lambda row: row * x)(x.reshape(4, 1) + 0.0),
    "gradients of a batch": lambda x: vmap(grad(lambda row: np.sum(row**2)))(x.reshape(2, 2)),
    "a compiled function": lambda x: compile(lambda y: y[1:] * y[:-1])(x),
    "a step of scan": lambda x: autograd.scan(lambda s, v: (s * v, s + v), np.ones(()), x)[1],
}


@pytest.mark.parametrize("name", EXACT)
def test_pattern_is_the_smallest(name: Any) -> None:
    assert found(EXACT[name]) == exact(EXACT[name])


@pytest.mark.parametrize("name", TRANSFORMS)
def test_functions_that_use_transforms(name: Any) -> None:
    f = TRANSFORMS[name][0](lambda x: x**4)
    assert found(f, np.array(1.5)) == [[1]]


def test_zeros_of_what_depends_on_inputs_stay() -> None:
    x = np.array([0.0, 1.0, 2.0])
    assert np.all(found(lambda x: np.outer(x, x) @ x, x))
    assert np.all(found(lambda x: np.sign(x) * x[::-1], x)[0][2])  # the sign is another one nearby
    assert np.all(found(lambda x: np.floor(x + 0.5)[0] * x, x)[2][2])


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 0), (1, 1), (2, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_shapes_and_dtypes(shape: Any, dtype: Any) -> None:
    x = (np.arange(np.prod(shape)).reshape(shape) + 1.5).astype(dtype)
    pattern = sparsity(lambda x: [x * x, np.sum(x), x[..., None] + np.ones(2, np.float32)])(x)
    n = x.size
    assert [p.shape for p in pattern] == [(n, n), (1, n), (2 * n, n)]
    assert all(isinstance(p, scipy.sparse.csr_array) and p.dtype == bool for p in pattern)
    assert pattern[0].toarray().tolist() == np.eye(n, dtype=bool).tolist()
    assert pattern[1].nnz == n
    assert pattern[2].toarray().tolist() == np.repeat(np.eye(n, dtype=bool), 2, 0).tolist()


def test_a_pattern_is_in_order_and_has_no_entry_twice() -> None:
    def f(x: Any) -> Any:
        return np.concatenate([x[::-1] + x, np.cumsum(x) + x[3], np.sum(x * x[0])[None]])

    pattern = sparsity(f)(X)
    assert pattern.has_sorted_indices
    assert pattern.has_canonical_format
    again = scipy.sparse.csr_array(pattern.toarray())
    assert np.array_equal(pattern.indices, again.indices)
    assert np.array_equal(pattern.indptr, again.indptr)


def test_containers_nest_as_in_jacobian() -> None:
    x, y = np.ones(2), np.ones((1, 3))
    pattern = sparsity(lambda p, k: {"sum": p["x"][0] + p["y"], "x": p["x"] * k}, argnums=0)({"x": x, "y": y}, 2.0)
    assert pattern["sum"]["x"].toarray().astype(int).tolist() == [[1, 0]] * 3
    assert pattern["sum"]["y"].toarray().astype(int).tolist() == np.eye(3).astype(int).tolist()
    assert pattern["x"]["y"].shape == (2, 3)
    assert pattern["x"]["y"].nnz == 0
    both = sparsity(lambda x, y, scale=1.0: x * np.sum(y) * scale, argnums=(0, 1))(x, y, scale=2.0)
    assert [p.shape for p in both] == [(2, 2), (2, 3)]
    second = sparsity(lambda x, y: np.sum(x[0] * y), argnums=(0, 1), order=2)(x, y)
    assert [[p.nnz for p in row] for row in second] == [[0, 3], [3, 0]]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(x[1:] ** 2 * x[:-1]),
        lambda x: np.sum(np.sin(x)) + x[0] * x[3] + 5 * x[1],
        lambda x: np.prod(x[:2]) + np.max(x) ** 2,
        lambda x: np.sum((SPARSE @ x) ** 2),
        lambda x: x[0] * np.sum(written_after_use(x)),
    ],
)
def test_hessians(f: Any) -> None:
    assert found(f, order=2) == (hessian(f)(X) != 0).astype(int).tolist()


def test_numbers_that_are_equal_by_chance_choose_nothing() -> None:
    x = np.array([0.0, 1.0])
    assert found(lambda x: np.where(x == 0, 1.0, np.sin(x) / (1 + x)), x) == [[1, 0], [0, 1]]
    assert found(lambda x: np.where(x != 0, x[::-1], x), x) == [[1, 1], [1, 0]]
    assert np.all(found(np.roots, np.array([-1.5, 0.0])))


def test_linear_parts_do_not_interact() -> None:
    assert sparsity(lambda x: np.sum(np.cumsum(x)) + x[0], order=2)(X).nnz == 0


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.where(x > 0, x, x[::-1]),
        lambda x: np.maximum(x, x[::-1]),
        lambda x: np.clip(x, -1.0, x[::-1] ** 2),
        lambda x: np.select([x > 1, x > 0], [x, x[::-1]], np.roll(x, 1)),
        lambda x: np.piecewise(x, [x < 0], [lambda t: t * t, lambda t: -t]),
        lambda x: np.sort(x),
        lambda x: np.max(x) * x[:1],
        lambda x: np.interp(x[0], EVENLY, x),
        lambda x: np.interp(x, EVENLY, EVENLY**2),
        lambda x: np.median(x),
        lambda x: np.take(x, np.argsort(x)),
        lambda x: x[:2] * (np.floor(x[2:]) > 0),
        lambda x: np.where(np.maximum(x, 0.0) > 0, np.flip(x), 0.0),
        lambda x: grad(lambda y: np.sum(np.maximum(y, y[::-1]) ** 2))(x),
        lambda x: put_at(x),
        lambda x: np.choose((x > 0).astype(int), [x, x[::-1]]),
    ],
)
def test_everywhere_has_the_entries_of_all_points(f: Any) -> None:
    pattern = sparsity(f, everywhere=True)(X).toarray()
    union = np.zeros(pattern.shape, bool)
    for seed in range(60):
        union |= jacobian(f)(np.random.default_rng(seed).normal(size=4) * 2).reshape(pattern.shape) != 0
    assert not (union & ~pattern).any()
    here = sparsity(f)(X).toarray()
    assert not (here & ~pattern).any()


def test_everywhere_joins_choices_elementwise() -> None:
    assert found(lambda x: np.maximum(x, 0.0), everywhere=True) == np.eye(4).astype(int).tolist()
    assert found(lambda x: np.piecewise(x, [x < 0], [lambda t: t * t, 1.0]), everywhere=True) == np.eye(4).tolist()
    assert found(lambda x: np.interp(x, EVENLY, EVENLY**2), everywhere=True) == np.eye(4).tolist()


def written_through(x: Any) -> Any:
    y = x * 1.0
    constant = y.detach()
    constant[:] = x[::-1]
    return constant * x + y


DETACHED: dict[str, Any] = {
    "float": lambda x: x / float(np.max(x.detach())),
    "int": lambda x: x * int(np.sum(x.detach() + 5)),
    "item": lambda x: x[1:] * x.detach()[0].item() ** 2,
    "bool": lambda x: x * (2.0 if x.detach()[0] > -9 else x[::-1]),
    "tolist": lambda x: x * np.array((x * 2).detach().tolist()),
    "a norm": lambda x: x / float(np.linalg.norm(x.detach())),
    "int of a live one": lambda x: int(x[0] + 5) * x,
    "item of a live one": lambda x: x * x[0].item(),
    "no input": lambda x: x * float(np.ones_like(x)[1]),
    "mixed": lambda x: x[1:] * x.detach()[:-1],
    "written": written_through,
}


@pytest.mark.parametrize("name", DETACHED)
def test_detached_arrays_have_values_and_no_derivative(name: str) -> None:
    assert found(DETACHED[name]) == exact(DETACHED[name])


def test_zeros_of_detached_arrays_stay() -> None:
    for everywhere in (False, True):
        assert found(lambda x: x * x.detach(), np.zeros(4), everywhere=everywhere) == np.eye(4).tolist()
    assert found(lambda x: np.sum(x * x.detach()), order=2) == np.zeros((4, 4)).tolist()


@pytest.mark.parametrize(
    "name", ["float", "int", "item", "bool", "tolist", "a norm", "int of a live one", "item of a live one"]
)
def test_numbers_of_detached_arrays_are_those_of_a_point(name: str) -> None:
    with pytest.raises(PatternError, match=r"everywhere=True.*depends on the inputs.*test_pattern.py"):
        sparsity(DETACHED[name], everywhere=True)(X)


# What would lose an entry is refused, or dense


def store(x: Any) -> Any:
    y = np.zeros(4)
    y[0] = x[0]
    return y


def in_place(x: Any) -> Any:
    y = np.ones(4)
    y += x
    return y


REFUSED = {
    "float": (lambda x: float(x[0]) * x, "float"),
    "math": (lambda x: math.sin(x[0]) * x, "numpy.sin"),
    "array": (lambda x: np.array([x[0], x[1]]), "numpy.stack"),
    "store": (store, "numpy.stack"),
    "in place": (in_place, "y = y \\+ x"),
    "out": (lambda x: np.add(x, 1.0, out=np.ones(4)), "y = y \\+ x"),
    "put": (lambda x: np.put(np.zeros(4), [0], x[:1]), "zeros_like|no derivative|tensor"),
    "sparsity": (lambda x: sparsity(lambda y: y)(x).toarray() * x, "before"),
    "vmap": (lambda x: vmap(lambda y: sparsity(lambda z: z)(y).toarray() * y)(x[None] + 0), "before"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_name_the_line_and_the_remedy(name: Any) -> None:
    f, remedy = REFUSED[name]
    with pytest.raises(autograd.AutogradError, match=remedy) as caught:
        sparsity(f)(X)
    assert name in ("sparsity", "vmap") or "test_pattern.py" in str(caught.value)


@pytest.mark.parametrize("f", [lambda x: x if x[0] > 0 else -x, lambda x: x[x > 0], lambda x: x[: int((x > 0).sum())]])
def test_everywhere_refuses_what_another_point_decides(f: Any) -> None:
    with pytest.raises(PatternError, match=r"everywhere=True.*test_pattern.py"):
        sparsity(f, everywhere=True)(X)


def put_at(x: Any) -> Any:
    y = x + 0
    y[x > 0] = 1.0
    return y


def through_python(x: Any) -> Any:
    return np.array([t * t for t in np.asarray(x).tolist()])


def test_an_operation_that_knows_no_patterns_is_dense_and_says_so() -> None:
    opaque = general(through_python, lambda g, x: 2 * g * x, name="opaque")
    with pytest.warns(RuntimeWarning, match="opaque.*test_pattern.py"):
        assert np.all(found(opaque))
    with pytest.warns(RuntimeWarning, match="opaque"):
        assert np.all(found(lambda x: np.sum(opaque(x)), order=2))
    assert found(general(lambda x: x[::-1] ** 2, lambda g, x: 2 * (g * x[::-1])[::-1], name="known")) == (
        np.eye(4)[::-1].astype(int).tolist()
    )
    declared = elementwise(through_python, lambda g, x: 2 * g * x, name="declared")
    assert found(declared) == np.eye(4).astype(int).tolist()


def test_an_operation_of_a_class_is_dense() -> None:
    class Doubled(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return np.array(x.tolist()) * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return 2 * g

    with pytest.warns(RuntimeWarning, match="Doubled"):
        assert np.all(found(Doubled.apply))
    with pytest.warns(RuntimeWarning, match="Doubled"):
        assert np.all(found(lambda x: np.sum(Doubled.apply(x) ** 2), order=2))


@pytest.mark.filterwarnings("ignore:sparsity:RuntimeWarning")
def test_what_is_dense_is_refused_with_its_place(monkeypatch: Any) -> None:
    monkeypatch.setattr(PatternLevel, "most", 1000)
    wide = general(lambda x: np.sort(x.tolist()), lambda g: g, name="wide")
    x = np.ones(40)
    with pytest.raises(PatternError, match=r"'wide', at .*test_pattern.py.*1,600 entries.*dense=True"):
        sparsity(wide)(x)
    with pytest.raises(PatternError, match=r"is dense: more than 1,000 entries .*dense=True"):
        sparsity(lambda x: np.cumsum(x) * 2)(np.ones(50))
    assert sparsity(lambda x: np.cumsum(x) * 2, dense=True)(np.ones(50)).nnz == 50 * 51 // 2
    assert sparsity(lambda x: x[1:] * x[:-1])(np.ones(2000)).nnz == 2 * 1999  # as many, but sparse


def test_what_is_dense_is_refused_before_it_is_written_out(monkeypatch: Any) -> None:
    monkeypatch.setattr(PatternLevel, "most", 1000)
    monkeypatch.setattr(sets, "_AT_ONCE", 1000)
    with pytest.raises(PatternError, match="is dense"):
        sparsity(lambda x: np.cumsum(x))(np.ones(300))


def test_two_threads_at_once() -> None:
    results = {}

    def work(n: Any) -> None:
        results[n] = [sparsity(lambda x: np.cumsum(x)[1:] * x[:-1])(np.ones(n)).nnz for _ in range(20)]

    threads = [threading.Thread(target=work, args=(n,)) for n in (5, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: [(n - 1) * (n + 2) // 2] * 20 for n in (5, 9)}


def test_arguments() -> None:
    with pytest.raises(ValueError, match="order=3"):
        sparsity(lambda x: x, order=3)
    with pytest.raises(TypeError, match="function"):
        sparsity(3)  # type: ignore[arg-type]  # what is refused
    with pytest.raises(autograd.DtypeError, match="floating"):
        sparsity(lambda x: x * 1.0)(np.arange(3))
    y = tensor(X, requires_grad=True)
    assert np.array_equal(sparsity(lambda x: x * 2)(y).toarray(), np.eye(4))
    assert y.grad is None


def test_the_input_is_not_changed() -> None:
    x = X.copy()

    def f(x: Any) -> Any:
        y = x.copy()
        y[:] = 0.0
        return y + x

    sparsity(f)(x)
    assert np.array_equal(x, X)


def test_results_are_written_to_arrays_given_for_them() -> None:
    """Operations of a program's own may write to dependent arrays by `out`, which tensors refuse."""

    def forward(x: Any) -> Any:
        y, z, w = np.zeros_like(x), np.empty_like(x[:1]), np.zeros_like(x)
        np.round(x, 3, y)
        np.add(x[:2], x[2:], out=y[:2])
        np.sum(x[1:3], axis=0, keepdims=True, out=z)
        np.dot(np.ones((4, 4)) * np.eye(4), x, out=w)
        np.take(x, [3], out=w[:1])
        np.median(x[1:], out=(m := np.zeros_like(x, shape=())))
        return np.concatenate([y[:2], z, w, m[None]])

    f = general(forward, lambda g, x: g[:4], name="forward")
    assert found(f)[:7] == [
        [1, 0, 1, 0],
        [0, 1, 0, 1],
        [0, 1, 1, 0],
        [0, 0, 0, 1],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
    ]
    assert sum(found(f)[7]) == 1


def test_arrays_in_operations_of_a_program_have_the_patterns_of_compositions() -> None:
    def forward(x: Any) -> Any:
        points, step = np.linspace(x[0], x[1], 3, retstep=True)
        chosen = np.select([x > 1.5, x > 0], [x, 2 * x[::-1]], 0.0)
        inserted = np.insert(x[:2], 1, x[3])
        product = np.einsum("ij,j->i", x.reshape(2, 2) * np.eye(2), x[2:])
        return np.concatenate([points, step[None], chosen, inserted, product, np.interp(x[:1], [0.0, 9.0], x[2:])])

    f = general(forward, lambda g, x: g[:4], name="forward")
    x = np.array([1.0, 2.0, 3.0, 4.0])
    of_x = sparsity(f)(x).toarray().astype(int).tolist()
    assert of_x == [
        *[[1, 1, 0, 0]] * 4,
        *[[0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
        *[[1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0]],
        *[[1, 0, 1, 0], [0, 0, 0, 1], [1, 0, 1, 1]],
    ]


def test_integers_are_refused_by_what_the_program_wrote() -> None:
    for find in (sparsity(np.square), jacobian(np.square, sparse=True)):
        with pytest.raises(DtypeError, match=r"respect to array\(\[0, 1, 2\]\)"):
            find(np.arange(3))


@pytest.mark.parametrize(
    "choose",
    [
        lambda x: np.compress(x > 1, x),
        lambda x: np.extract(x > 1, x),
        lambda x: x[np.nonzero(x > 1)],
        lambda x: np.take(x, np.flatnonzero(x > 1)),
        lambda x: x[np.argwhere(x > 1)[:, 0]],
        lambda x: x[np.where(x > 1)],
    ],
)
@pytest.mark.parametrize("of_tensors", [True, False])
def test_shapes_that_depend_on_the_point_have_no_pattern_for_all_points(choose: Any, of_tensors: bool) -> None:
    f = choose if of_tensors else general(choose, lambda g, x: x * 0, name="choose")
    x = np.array([1.0, 2.0, 3.0])
    assert sparsity(f)(x).toarray().astype(int).tolist() == [[0, 1, 0], [0, 0, 1]]
    with pytest.raises(PatternError, match="with everywhere=True, an index or a mask depends on the inputs"):
        sparsity(f, everywhere=True)(x)
