"""Writing in place: values are NumPy's, through views too, and gradients those of a program that never writes."""

import gc
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

import nn
from autograd import (
    BatchError,
    DtypeError,
    GraphError,
    ShapeError,
    Tensor,
    checkpoint,
    compile,
    grad,
    gradients,
    jvp,
    no_grad,
    tensor,
    vmap,
)
from autograd.graph.mutation import forget_within
from autograd.testing import TensorMachine, check_operation

from ..thorough import THOROUGH

Instruction = Callable[[list[Any]], Any]
SHAPE = (2, 3)
VIEWS: dict[str, Callable[[Any], Any]] = {
    **TensorMachine.views,
    "real": lambda v: v[..., :2],
    "one element": lambda v: v[(*(0,) * v.ndim, ...)],
    "flipped": np.flip,
    "exchanged": lambda v: np.swapaxes(v, 0, -1),
    "squeezed": np.squeeze,
    "middle": lambda v: np.array_split(v, 2, -1)[1],
    "diagonal": lambda v: np.einsum("ii->i", v[:2, :2]),
    "windows": lambda v: np.lib.stride_tricks.sliding_window_view(v, 2, -1),
    "repeated": lambda v: np.broadcast_to(v, (2, *v.shape)),
    "selected": lambda v: v[v.reshape(-1).cumsum().reshape(v.shape).real > 0.5],
}
# All that is computed stays small, so that no digits are lost to large numbers.
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    **TensorMachine.functions,
    "sums": lambda v: 0.3 * v.cumsum(-1), "tiled": lambda v: np.tile(v, 1), "repeated": lambda v: v.repeat(1, 0),
    "checkpointed": lambda v: checkpoint(lambda u: np.sin(u) * u, v) if isinstance(v, Tensor) else np.sin(v) * v,
    "derivative": lambda v: jvp(np.sin, (v,), (v,))[1] if isinstance(v, Tensor) else np.cos(v) * v,
    "gradient": lambda v: grad(lambda u: np.sum(np.sin(u)))(v) if isinstance(v, Tensor) else np.cos(v),
}  # fmt: skip
IN_PLACE: dict[str, Callable[[Any, Any], Any]] = {
    "+=": lambda v, w: v.__iadd__(np.sin(w)), "-=": lambda v, w: v.__isub__(np.sin(w)),
    "*=": lambda v, w: v.__imul__(np.cos(w)), "out=": lambda v, w: np.multiply(v, np.cos(w), out=v),
    "copyto": np.copyto, "fill": lambda v, w: v.fill(w), "add.at": lambda v, w: np.add.at(v, [0, 0], np.sin(w)),
    "put": lambda v, w: np.put(v, [0, 1], w),
    "putmask": lambda v, w: np.putmask(v, np.arange(v.size).reshape(v.shape) % 2 == 0, w),
    "out= where": lambda v, w: np.multiply(v, np.cos(w), out=v, where=np.arange(v.size).reshape(v.shape) % 2 == 0),
    "out= of a sum": lambda v, w: np.add.reduce(np.sin(w) + 0 * v, 0, out=v[0]),
    "copyto where": lambda v, w: np.copyto(v, w, where=np.arange(v.size).reshape(v.shape) % 2 == 1),
    "subtract.at": lambda v, w: np.subtract.at(v, np.arange(len(v)) > 0, np.sin(w)),
    "place": lambda v, w: np.place(v, np.arange(v.size).reshape(v.shape) % 3 == 0, w.reshape(-1)),
    "fill_diagonal": lambda v, w: np.fill_diagonal(v, w.reshape(-1)[0]),
    "put_along_axis": lambda v, w: np.put_along_axis(v, np.zeros((*v.shape[:-1], 1), int), w.reshape(-1)[0], -1),
}  # fmt: skip


class Programs(TensorMachine):
    """Run one program on tensors and on arrays; in the end compare its gradient with a complex step."""

    shape = SHAPE
    functions = FUNCTIONS
    views = VIEWS

    def do(self, instruction: Instruction) -> None:
        """Do something to both, unless it is an error for complex arrays, or in a place in which nothing is shared."""
        try:
            instruction([array.astype(complex) for array in self.arrays])
            instruction([array.copy() for array in self.arrays])
        except (ValueError, IndexError, TypeError):
            return
        super().do(instruction)

    @rule(of=st.integers(0, 5), name=st.sampled_from(sorted(IN_PLACE)), source=st.integers(0, 5), whole=st.booleans())
    def write_in_place(self, of: int, name: str, source: int, whole: bool) -> None:
        if not self.arrays[of % len(self.arrays)].flags.writeable:
            return  # to itself NumPy copies such an array all the same

        def instruction(variables: list[Any]) -> None:
            w = variables[source % len(variables)]
            IN_PLACE[name](variables[of % len(variables)], w if whole and name != "fill" else w.reshape(-1)[0] * 0.5)

        self.do(instruction)

    def check_gradient(self) -> None:
        found = self.gradient()
        expected = np.zeros(SHAPE)
        for place in np.ndindex(SHAPE):
            stepped = self.x.astype(complex)
            stepped[place] += 1e-30j
            expected[place] = self.loss(self.replay(stepped)).imag * 1e30
        scale = 1e-12 * max(1.0, float(np.max(np.abs(expected))))
        assert np.allclose(found, expected, rtol=1e-9, atol=scale), (found, expected)


TestPrograms = Programs.TestCase
TestPrograms.settings = settings(
    max_examples=int(os.environ.get("PLAINGRAD_PROGRAMS", 150 if THOROUGH else 30)),
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


X = np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 4.0]])


def leaf() -> Any:
    return tensor(X, requires_grad=True)


def written(change: Callable[[Any, Any], object]) -> Callable[[Any, Any], Any]:
    """Return the function that copies its first input, and lets `change` write the second to it."""

    def function(x: Any, y: Any) -> Any:
        z = x * 1.0
        change(z, y)
        return z * z

    return function


Y = np.array([5.0, 6.0, 7.0])
COLUMNS: Any = (slice(None), [2, 2])
MASK = np.array([[True, False, True], [True, True, False]])
CHANGES: list[Callable[[Any, Any], object]] = [
    lambda z, y: z.__setitem__(0, y),
    lambda z, y: z.__setitem__((slice(None), 1), y[:2]),
    lambda z, y: z.__setitem__(z.data > 2.25 if isinstance(z, Tensor) else z > 2.25, y[0]),
    lambda z, y: z.__setitem__([1, 1], np.stack([y, 2 * y])),
    lambda z, y: z.__setitem__((Ellipsis, None), y[0]),
    lambda z, y: z.__setitem__(Ellipsis, y[None, None]) if z.ndim > 2 else z.__setitem__(Ellipsis, y[None]),
    lambda z, y: z.T.__setitem__(2, y[1:]),
    lambda z, y: z.__iadd__(y),
    lambda z, y: z.__itruediv__(y),
    lambda z, y: z.__ipow__(2) if y is None else z[1:].__imul__(y),
    lambda z, y: np.subtract(z, y, out=z),
    lambda z, y: np.add(z, y, out=z, where=np.array([True, False, True])),
    lambda z, y: np.copyto(z, y, where=[[True], [False]]),
    lambda z, y: np.copyto(z, y[None, None]),
    lambda z, y: z.fill(y[1]),
    lambda z, y: (z.__setitem__(0, y), z.sort()),
    lambda z, y: np.add.at(z, [0, 0, 1], y),
    lambda z, y: np.subtract.at(z, COLUMNS, y[0]),
    lambda z, y: np.put(z, [0, -1, 2], y),
    lambda z, y: np.put(z, [7, 1], y, mode="wrap"),
    lambda z, y: np.place(z, MASK, y[:2]),
    lambda z, y: np.putmask(z, MASK, y),
    lambda z, y: np.put_along_axis(z, np.array([[0, 2], [1, 0]]), y[:2], 1),
    lambda z, y: np.fill_diagonal(z, y[:2]),
]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("change", CHANGES)
def test_every_way_to_write(change: Callable[[Any, Any], object]) -> None:
    check_operation(written(change), X, Y)
    check_operation(lambda y: written(change)(X * np.ones(()) + 0 * y.sum(), y), Y)


def test_values_only() -> None:
    t, array = Tensor(X.copy()), X.copy()
    pair: list[Any] = [t, array]
    for z in pair:
        z[0] = 5
        z[:, 1] += 2
        z.T[0] *= 3
        np.add.at(z, [0, 0], 1.0)
        np.multiply(z, 2, out=z)
    assert np.array_equal(t.data, array)
    assert not t.requires_grad


def test_a_plain_array_that_is_shared_sees_what_is_not_recorded() -> None:
    array = X.copy()
    t = Tensor(array)
    t[0] = 9
    assert np.array_equal(array[0], [9, 9, 9])


def test_a_constant_that_something_recorded_is_written_to_is_recorded() -> None:
    x, t = leaf(), Tensor(np.zeros(3))
    view = t[1:]
    t[:2] = x[0, :2] * 2
    assert t.requires_grad
    assert view.requires_grad
    view.sum().backward()
    assert np.array_equal(x.grad.data, [[0, 2, 0], [0, 0, 0]])


def test_what_was_computed_before_stays_as_it_was() -> None:
    x = leaf()
    y = np.exp(x)
    z = y * y
    y[0] = 0
    z.sum().backward()
    assert np.allclose(x.grad.data, 2 * np.exp(X) ** 2)


def test_leaves_are_not_written_to_while_recording() -> None:
    x = leaf()
    changes: list[Callable[[], object]] = [
        lambda: x.__setitem__(0, 1.0), lambda: x.__iadd__(1), lambda: x[0].fill(1), lambda: x.T.sort(),
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(GraphError, match="leaf that requires a gradient"):
            change()
    assert np.array_equal(x.data, X)
    with no_grad():
        x -= 1
        x[0] = 0
        x.T[1] *= 2
    assert x.tolist() == [[0, 0, 0], [-0.5, -4, 3]]
    assert x.is_leaf


def test_what_a_graph_kept_cannot_be_changed_unnoticed() -> None:
    x, factor = leaf(), Tensor(np.ones(3))
    y = x * factor
    factor[0] = 2
    y.sum().backward()
    (x * factor).sum().backward()
    assert np.array_equal(x.grad.data, [[3, 2, 2], [3, 2, 2]])
    w = leaf()
    z = w * w
    with no_grad():
        w -= 1
    with pytest.raises(GraphError, match=r"'multiply' needs an array .* written to .*test_writing.py:\d+"):
        z.sum().backward()


def test_an_optimizer_that_took_a_step_is_noticed() -> None:
    layer = nn.Linear(3, 2)
    optimizer = nn.optim.SGD(layer.parameters(), lr=0.1)
    first = layer(nn.functional.tanh(layer.weight @ np.ones((3, 3), np.float32))).sum()
    first.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(GraphError, match=r"written to in place afterwards, at .*test_writing.py"):
        first.backward()


def test_a_detached_tensor_shares_memory_and_nothing_else() -> None:
    y = leaf() * 1.0
    seen = y.detach()
    seen[0] = 0
    assert np.array_equal(y.data[0], [0, 0, 0])
    (g,) = gradients(y.sum(), y)
    assert np.array_equal(g.data, np.ones(SHAPE))


@pytest.mark.parametrize("change", CHANGES)
def test_a_detached_tensor_cuts_only_what_is_written_to_it(change: Callable[[Any, Any], object]) -> None:
    start, unwritten = np.array([[1.0, 2.0, 3.0], [0.5, 4.0, -1.0]]), np.ones(SHAPE, bool)
    for y in np.random.default_rng(0).normal(size=(6, 3)):  # what stays as it is, whatever is written
        z = start.copy()
        change(z, y)
        unwritten &= z == start
    hidden: list[Callable[[Any], Any]] = [lambda y: y.detach(), lambda y: no_grad()(lambda: y[:])()]
    for alias in hidden:

        def loss(x: Any, alias: Any = alias) -> Any:
            y = x * 1.0
            change(alias(y), Y)
            return (y * y).sum()

        expected = np.where(unwritten, 2 * start, 0)
        assert np.array_equal(grad(loss)(start), expected)
        assert np.array_equal(compile(grad(loss), fallback="eager")(start), expected)
        if change is CHANGES[2]:
            with pytest.raises(BatchError, match="depends on values"):
                vmap(grad(loss))(start[None])
        else:
            assert np.array_equal(vmap(grad(loss))(start[None])[0], expected)


def test_errors() -> None:
    y = leaf() * 1.0
    with pytest.raises(ValueError, match="could not be broadcast"):
        y[0] = np.ones(4)
    with pytest.raises(IndexError):
        y[5] = 1.0
    with pytest.raises(DtypeError, match="complex"):
        y[0] = 1j
    with pytest.raises(ShapeError, match=r"shape \(2, 2, 3\) cannot be written to a tensor of shape \(2, 3\)"):
        y += np.ones((2, 2, 3))
    with pytest.raises(ValueError, match="read-only"):
        np.broadcast_to(y, (2, 2, 3))[0] = 1.0
    to_arrays: list[Callable[[Any], object]] = [
        lambda z: np.copyto(z, y), lambda z: np.put(z, [0], y[0]), lambda z: np.putmask(z, MASK, y),
        lambda z: np.put_along_axis(z, np.array([[0]]), y[:1, :1], 1),
    ]  # fmt: skip
    for write in to_arrays:
        with pytest.raises(GraphError, match=r"to an ndarray, at .*, would cut"):
            write(np.zeros(SHAPE))
    assert np.array_equal(y.data, X)


@pytest.mark.parametrize("order", ["C", "F"])
def test_what_is_written_to_keeps_its_layout(order: Any) -> None:
    z = (leaf() * 1.0).copy(order)
    strides = z.data.strides
    for write in (lambda: np.copyto(z, X), lambda: z.__iadd__(X), lambda: np.put(z, [0], 5.0), lambda: z.fill(2.0)):
        write()
        assert z.data.strides == strides


def test_views_that_cannot_be_written_to_stay_so() -> None:
    z = leaf() * 1.0
    view = np.broadcast_to(z, (2, *SHAPE))
    z *= 2.0
    assert np.array_equal(view.data[1], 2 * X)
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1.0


def test_an_older_write_does_not_matter_where_a_younger_one_is_elsewhere() -> None:
    first, second = leaf(), leaf()
    with no_grad():
        first += 1
    y = (first * first).sum()
    with no_grad():
        second += 1
    y.backward()
    assert np.array_equal(first.grad.data, 2 * (X + 1))


def test_writes_of_several_results_and_by_functions_without_derivatives() -> None:
    numpy: Any = np  # whose annotations know no tensors
    first, second = leaf(), leaf()
    y = (first * second).sum()
    with no_grad():
        results = numpy.modf(X, out=(first, second))
    assert results[0] is first
    assert results[1] is second
    with pytest.raises(GraphError, match="written to in place"):
        y.backward()
    recorded = leaf() * 1.0
    with pytest.raises(GraphError, match="memory outside the graph"):
        numpy.modf(X, out=(recorded, Tensor(np.zeros(SHAPE))))
    places = Tensor(np.zeros(3, int))
    assert numpy.argmax(leaf(), 0, places) is places
    assert places.tolist() == np.argmax(X, 0).tolist()
    kept = Tensor(X.copy())
    y = (first * kept).sum()
    numpy.round(X, out=kept.detach())
    y.backward()
    assert np.array_equal(first.grad.data, X)


def test_garbage_that_is_collected_during_a_write_disturbs_nothing() -> None:
    class Holder:
        """Part of a cycle, which only the collector frees."""

    def hold() -> None:
        holder: Any = Holder()
        holder.itself, holder.x = holder, leaf() * 1.0
        holder.y = holder.x * holder.x
        holder.array = holder.x.data  # handed out

    thresholds = gc.get_threshold()
    try:
        for later in (100, 400, 1000):
            gc.disable()
            gc.collect()
            for _ in range(4000):  # more than Python keeps pairs for reuse, which do not count as new
                hold()
            gc.set_threshold(gc.get_count()[0] + later)  # so many containers from now it collects
            gc.enable()
            forget_within(X)
    finally:
        gc.set_threshold(*thresholds)
        gc.enable()
