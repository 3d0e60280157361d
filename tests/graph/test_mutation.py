"""Memory that NumPy alone writes to while a graph needs it: copied before or noticed, but never a wrong gradient."""

import gc
import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nn
from autograd import (
    Function,
    GraphError,
    Tensor,
    checkpoint,
    general,
    grad,
    no_grad,
    saved,
    saved_tensors_hooks,
    tensor,
    vmap,
)
from autograd.extend import borrow, lend, mark_written
from autograd.graph import mutation
from autograd.graph.mutation import WHOLE, _exposures, changed, note_written, snapshot

from ..thorough import THOROUGH

OVERWRITTEN = "written to in place afterwards"


def values(*shape: int) -> Any:
    return np.arange(1.0, 1 + np.prod(shape)).reshape(shape)


# Each makes a graph of a leaf and an array, and returns its end and the array to write to.
KEEPS: dict[str, Callable[[Any, Any], Any]] = {
    "multiply": lambda x, a: x * a,
    "multiply from the left": lambda x, a: a * x,
    "divide": lambda x, a: x / a,
    "matmul": lambda x, a: x @ a,
    "power": lambda x, a: x**a,
    "where": lambda x, a: np.where(a > 2, x, 0 * x) * 1.0,
    "linear": lambda x, a: nn.functional.linear(x, a),
    "einsum": lambda x, a: np.einsum("ij,jk->ik", x, a),
    "a tensor that shares it": lambda x, a: x * Tensor(a),
    "a view of such a tensor": lambda x, a: x * Tensor(a).T,
    "a leaf that shares it": lambda x, a: x * Tensor(a, requires_grad=True),
    "a view of such a leaf": lambda x, a: x * Tensor(a, requires_grad=True)[::-1],
    "a view of a view": lambda x, a: np.exp(x) * Tensor(a, requires_grad=True).T[::-1],
    "the leaf alone": lambda x, a: np.sin(Tensor(a, requires_grad=True)),
    "concatenate and multiply": lambda x, a: np.concatenate([x, a]) * np.concatenate([a, a]),
    "out of a function with several outputs": lambda x, a: np.linalg.eigh(Tensor(a + a.T, requires_grad=True))[0],
}
LEAVES = {"a leaf that shares it", "a view of such a leaf", "a view of a view", "the leaf alone"}  # not copied


@pytest.mark.parametrize("name", KEEPS)
@pytest.mark.parametrize("how", ["whole", "element", "order"])
def test_a_kept_array_that_numpy_writes_to_is_a_copy_or_noticed(name: str, how: str) -> None:
    x, a = tensor(values(3, 3), requires_grad=True), values(3, 3)
    expected = tensor(values(3, 3), requires_grad=True)
    KEEPS[name](expected, values(3, 3)).sum().backward()
    y = KEEPS[name](x, a).sum()
    if how == "whole":
        a *= -1
    elif how == "element":
        a[0, 1] += 1e-9
    else:
        a[:] = a[::-1].copy()
    if name in LEAVES:
        with pytest.raises(GraphError, match=OVERWRITTEN):
            y.backward()
    else:
        y.backward()
        assert str(x.grad) == str(expected.grad)


@pytest.mark.parametrize("size", [WHOLE // 8, WHOLE // 8 + 1])
@pytest.mark.parametrize("layout", ["rows", "reversed", "every other", "repeated", "shared by a tensor"])
def test_large_constants_are_compared(size: int, layout: str) -> None:
    memory = np.random.default_rng(0).uniform(1, 2, (2 * size, 1))
    a: Any = memory[:size, 0]
    if layout == "reversed":
        a = a[::-1]
    elif layout == "every other":
        a = memory[::2, 0]
    elif layout == "repeated":
        a = np.broadcast_to(memory[7], (size,))
    elif layout == "shared by a tensor":
        a = Tensor(a)
    expected = np.array(a if isinstance(a, np.ndarray) else a.data)
    x = tensor(np.ones(size), requires_grad=True)
    y = (x * a).sum()
    memory *= 2
    if size > WHOLE // 8:
        with pytest.raises(GraphError, match=OVERWRITTEN):
            y.backward()
    else:
        y.backward()
        assert x.grad is not None
        np.testing.assert_array_equal(x.grad.data, expected)


@pytest.mark.parametrize("kind", ["integers", "not finite", "mask"])
def test_large_constants_that_sums_cannot_tell_apart_are_copied(kind: str) -> None:
    size = WHOLE // 4  # of numbers of 8 bytes
    x = tensor(np.ones(size * 4), requires_grad=True)
    if kind == "mask":
        constant = np.random.default_rng(0).integers(0, 2, size * 8).astype(bool)
        y = np.where(constant[: size * 4], x, 0.0).sum()
        expected = constant[: size * 4].astype(float)
    elif kind == "integers":
        constant = np.random.default_rng(0).integers(0, 9, size * 4)
        expected, y = constant.astype(float), (x * constant).sum()
    else:
        constant = np.random.default_rng(0).uniform(1, 2, size * 4)
        constant[3] = np.inf
        expected, y = constant.copy(), (x * constant).sum()
    constant[:] = constant[::-1].copy()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the gradient of a tensor .* has inf", RuntimeWarning)
        y.backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.data, expected)


@pytest.mark.parametrize("name", KEEPS)
def test_a_write_that_changes_nothing_or_comes_after_is_none(name: str) -> None:
    x, a = tensor(values(3, 3), requires_grad=True), values(3, 3)
    y = KEEPS[name](x, a).sum()
    a[...] = a.copy()
    y.backward()
    a[...] = 0


def test_an_argument_may_be_written_to() -> None:
    shifted = general(lambda x, by: x + by.sum(), lambda g: g, name="shifted")
    scaled = general(lambda x, by: x * by.sum(), lambda g, by: g * by.sum(), name="scaled")
    for function, expected in ((shifted, 1.0), (scaled, 3.0)):
        x, by = tensor([1.0, 2.0], requires_grad=True), np.ones(3)
        loss = function(x, by).sum()
        by += 1
        loss.backward()
        np.testing.assert_array_equal(x.grad, [expected, expected])
    logits, labels = tensor(np.eye(3), requires_grad=True), np.array([0, 1, 1])
    loss = nn.functional.cross_entropy(logits, labels)
    labels[:] = 0
    loss.backward()  # where the labels were is kept apart from them
    assert logits.grad is not None
    np.testing.assert_array_equal(logits.grad.data < 0, np.eye(3)[[0, 1, 1]])


def test_a_list_that_changes_is_copied() -> None:
    x, index, row = tensor(values(4), requires_grad=True), [0, 2], [1]
    y = x[index].sum() + x.reshape(2, 2)[row, :].sum()
    index[0], row[0] = 3, 0
    y.backward()
    np.testing.assert_array_equal(x.grad.data, [1, 0, 2, 1])


@pytest.mark.parametrize("handed_out", ["before", "after"])
def test_data_of_a_leaf(handed_out: str) -> None:
    x: Any = tensor(values(3), requires_grad=True)
    if handed_out == "before":
        data = x.data
    y = (x * x).sum()
    if handed_out == "after":
        data = x.data
    data[0] = 7
    with pytest.raises(GraphError, match=OVERWRITTEN):
        y.backward()
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [14, 4, 6])


@pytest.mark.parametrize("view", [lambda t: t, lambda t: t[1:], lambda t: t.detach(), lambda t: t.detach()[1:].T])
def test_data_of_a_result_and_of_what_shares_it(view: Callable[[Any], Any]) -> None:
    x: Any = tensor(values(3), requires_grad=True)
    h: Any = np.exp(x)
    y = (h * h).sum()
    handed_out = view(h)
    line = "test_mutation.py"
    handed_out.numpy()[-1:] = 0
    with pytest.raises(GraphError, match=f"{OVERWRITTEN}, by NumPy alone, through the ndarray handed out at .*{line}"):
        y.backward()


def test_data_of_a_view_within_no_grad() -> None:
    x: Any = tensor(values(3), requires_grad=True)
    h: Any = np.exp(x)
    with no_grad():
        part = h[1:]
    data = part.data
    data[0] = 0
    with pytest.raises(GraphError, match=OVERWRITTEN):
        h.sum().backward()


def test_reading_data_is_free_of_errors() -> None:
    x: Any = tensor(values(3), requires_grad=True)
    h: Any = np.exp(x)
    assert h.data.sum() > x.data.sum() > h.detach().numpy()[0]
    (h * x).sum().backward()


def test_steps_through_data_between_backward_passes() -> None:
    x: Any = tensor(values(3), requires_grad=True)
    for _ in range(3):
        loss = (x * x).sum()
        loss.backward()
        x.data -= 0.25 * x.grad.data
        x.grad = None
    np.testing.assert_allclose(x.data, values(3) / 8)


def test_a_graph_that_was_left_does_not_matter() -> None:
    x: Any = tensor(values(3), requires_grad=True)
    left = (x * x).sum()
    x.data[...] = 1
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [2, 2, 2])
    with pytest.raises(GraphError, match=OVERWRITTEN):
        left.backward()


def test_forgotten_exposures_go_with_their_memory() -> None:
    gc.disable()
    try:
        before = len(_exposures)
        for _ in range(5):
            x: Any = tensor(values(3), requires_grad=True)
            h: Any = np.exp(x)
            assert h.data.size
            y = (x * h).sum()
            assert x.data.size
            assert len(_exposures) > before
            y.backward()
        del x, h, y
        assert len(_exposures) == before
    finally:
        gc.enable()


def test_parameters_and_optimizers_are_compared_only_after_data() -> None:
    layer: Any = nn.Linear(3, 2)
    optimizer = nn.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        loss = (layer(np.ones((4, 3), np.float32)) ** 2).sum()
        loss.backward()
        optimizer.step()
    assert not layer.weight._node.shared
    x: Any = tensor(np.ones((4, 3), np.float32), requires_grad=True)
    loss = layer(x).sum()
    layer.weight.data[0] = 0
    with pytest.raises(GraphError, match=OVERWRITTEN):
        loss.backward()
    assert layer.weight._node.shared


def test_borrowed_memory_is_not_compared_but_marked() -> None:
    x: Any = tensor(values(3), requires_grad=True)
    memory = borrow(x)
    y = (x * x).sum()
    memory[0] = 5
    mark_written(memory)
    with pytest.raises(GraphError, match=OVERWRITTEN):
        y.backward()
    with pytest.raises(GraphError, match="leaf"):
        lend(x * 2, values(3))
    with pytest.raises(ValueError, match="shape"):
        lend(x, values(2))


def test_what_a_function_of_ones_own_saved() -> None:
    class Product(Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, y = ctx.saved_tensors
            return g * y, g * x

    x, a = tensor(values(3), requires_grad=True), values(3)
    y = Product.apply(x, a).sum()
    a[0] = 9
    y.backward()
    np.testing.assert_array_equal(x.grad.data, values(3))
    x = Tensor(a, requires_grad=True)
    y = Product.apply(x, values(3)).sum()
    a[0] = 8
    with pytest.raises(GraphError, match=OVERWRITTEN):
        y.backward()


def test_what_checkpoint_computes_again() -> None:
    x, a = tensor(values(3), requires_grad=True), values(3)
    y = checkpoint(lambda x: np.exp(x * a) * a, x).sum()
    a *= 2
    with pytest.raises(GraphError, match="other values when it was computed again"):
        y.backward()


def test_hooks_that_pack_take_care_themselves() -> None:
    x, a = tensor(values(3), requires_grad=True), values(3)
    with saved_tensors_hooks(np.copy, lambda array: array):
        y = (x * a).sum()
    a *= 2
    y.backward()
    np.testing.assert_array_equal(x.grad.data, values(3))


def test_transforms_copy_and_compare_too() -> None:
    a = values(3)

    def rewritten(x: Any) -> Any:
        y = (x * a).sum()
        a[0] += 1
        return y

    np.testing.assert_array_equal(grad(rewritten)(values(3)), values(3))
    a[...] = values(3)
    np.testing.assert_array_equal(vmap(grad(rewritten))(values(2, 3)), [values(3)] * 2)
    shared = Tensor(values(3), requires_grad=True)

    def spoilt(x: Any) -> Any:
        y = (x * shared).sum()
        shared.data[0] += 1
        return y

    with pytest.raises(GraphError, match=OVERWRITTEN):
        grad(spoilt)(values(3))


def test_within_vmap_a_batched_constant_may_be_written_to() -> None:
    def rewritten(x: Any, factor: Any) -> Any:
        memory = factor.copy()

        def product(x: Any) -> Any:
            y = (x * memory).sum()
            memory[...] = 0
            return y

        return grad(product)(x)

    factors = values(2, 3)
    np.testing.assert_array_equal(vmap(rewritten)(np.ones((2, 3)), factors), factors)


def test_results_need_no_comparison() -> None:
    x: Any = tensor(values(3), requires_grad=True)
    h: Any = np.exp(x)
    y: Any = h * h
    results: list[Any] = [y, x * x, x[1:] * x[1:]]
    for result in results:  # nobody but the engine has the copy that `tensor` made
        assert result._node.guard is None
    assert saved(y.sum()).nbytes == 2 * x.nbytes - x.nbytes


@given(
    hnp.arrays(
        np.float32,
        elements=st.floats(-1e6, 1e6, width=32),
        shape=st.sampled_from([(600, 512), (300_001,), (2, 150_013)]),
    ),
    st.data(),
    st.booleans(),
)
def test_snapshots_of_large_arrays(array: Any, data: Any, spread: bool) -> None:
    if spread:
        array = np.random.default_rng(0).standard_normal(array.shape).astype(np.float32)
    before = snapshot(array)
    assert not changed(array, before)
    place = data.draw(st.integers(0, array.size - 1))
    flat = array.reshape(-1)
    flat[place] = 0 if abs(flat[place]) > 1e-3 * np.abs(flat).max() else 1 + 2 * np.ptp(flat)
    assert changed(array, before)
    flat[place] = np.nan
    assert changed(array, before)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128, np.int64, bool, np.float16])
@pytest.mark.parametrize("order", ["C", "F"])
def test_snapshots_see_order_sign_and_one_element(dtype: Any, order: Any) -> None:
    array = np.asarray(np.random.default_rng(0).integers(0, 9, (700, 513)), dtype, order=order)
    for write in (lambda a: a[::-1].copy(), lambda a: np.roll(a, 512), lambda a: np.where(a == a[3, 4], 0, a)):
        before, copy = snapshot(array), array.copy()
        array[...] = write(array)
        assert changed(array, before)
        array[...] = copy
        assert not changed(array, before)


def test_snapshots_of_nan_hold_everything() -> None:
    array = np.full(400_000, np.nan)
    before = snapshot(array)
    assert not changed(array, before)
    array[7] = 0
    assert changed(array, before)


# Random programs: views of leaves, constants and results, and writes by NumPy in between and at the end. A program
# gives the gradient of a complex step of itself, in which a write changes the value alone, or is refused.


class Program:
    """A program on one kind of numbers: tensors, or complex arrays."""

    def __init__(self, engine: bool, step: int | None = None) -> None:
        self.arrays = [np.linspace(0.2, 0.9, 4) + i for i in range(4)]
        self.engine = engine
        if engine:
            self.leaf: Any = tensor(self.arrays[0], requires_grad=True)
            self.values: list[Any] = [
                self.leaf,
                Tensor(self.arrays[1], requires_grad=True),
                Tensor(self.arrays[2]),
                self.arrays[3],
            ]
        else:
            self.values = [array.astype(complex) for array in self.arrays]
            self.values[0][step] += 1e-30j

    def compute(self, name: str, i: int, j: int) -> None:
        x, y = self.values[i % len(self.values)], self.values[j % len(self.values)]
        self.values.append(OPERATIONS[name](x, y))

    def write(self, i: int, place: int, value: float, detached: bool) -> None:
        array = self.values[i % len(self.values)]
        if isinstance(array, Tensor):
            array = (array.detach() if detached else array).data
        array[place] = value if array.dtype.kind != "c" else value + 1j * array[place].imag


OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "multiply": lambda x, y: x * y,
    "add": lambda x, y: x + y,
    "sine": lambda x, y: np.sin(x),
    "square": lambda x, y: x * x,
    "reversed": lambda x, y: x[::-1],
    "folded": lambda x, y: x.reshape(2, 2).T.reshape(4) * y,
    "same": lambda x, y: x.reshape(4),
    "gathered": lambda x, y: np.concatenate([x[2:], y[:2]]),
}
INSTRUCTIONS = st.one_of(
    st.tuples(st.just("compute"), st.sampled_from(sorted(OPERATIONS)), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(
        st.just("write"), st.integers(0, 9), st.integers(0, 3), st.sampled_from([0.25, 1.5, -2.0]), st.booleans()
    ),
)
PROGRAMS = int(os.environ.get("PLAINGRAD_PROGRAMS", 200 if THOROUGH else 40))


@settings(max_examples=PROGRAMS, deadline=None)
@given(st.lists(INSTRUCTIONS, min_size=2, max_size=10), st.integers(0, 9))
def test_random_programs_with_writes_by_numpy(instructions: Any, end: int) -> None:
    def run(program: Program) -> Any:
        for what, *arguments in instructions:
            getattr(program, what)(*arguments)
        return (program.values[-1] * program.values[end % len(program.values)]).sum()

    def written_afterwards(program: Program) -> Any:
        loss = run(program)
        for i, value in enumerate(program.values[: len(instructions) % 5]):
            if not isinstance(value, Tensor) or value.is_leaf:
                program.write(i, 0, 0.5, True)
        return loss

    program = Program(True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        loss = written_afterwards(program)
        if not isinstance(loss, Tensor) or not loss.requires_grad:
            return
        try:
            loss.backward()
        except GraphError as error:
            event("refused" if OVERWRITTEN in str(error) else "another error")
            return
        event("differentiated")
        expected = [run(Program(False, step)).imag / 1e-30 for step in range(4)]
    found = np.zeros(4) if program.leaf.grad is None else program.leaf.grad.data
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_nodes_that_keep_one_large_constant_at_different_times_are_told_apart() -> None:
    constant, x = np.ones(1 << 17), tensor(2.0, requires_grad=True)
    first = x * constant
    constant[5] = 3.0
    second = x * constant
    (x * constant + second).sum().backward()
    with pytest.raises(GraphError, match="written to"):
        (first + x * constant).sum().backward()


class _Marks(dict[int, Any]):
    """The marks of writes, and how many were looked at to find those of arrays that are gone."""

    looked_at = 0

    def copy(self) -> dict[int, Any]:
        self.looked_at += len(self)
        return dict(self)


def test_writes_to_very_many_arrays_take_time_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = _Marks()
    monkeypatch.setattr(mutation, "_written", marks)
    monkeypatch.setattr(mutation, "_many", 1000)
    arrays = [np.empty(1) for _ in range(5_000)]
    for array in arrays:
        note_written(array)
    assert len(marks) == 5_000
    assert marks.looked_at < 10_000
    last = arrays.pop()
    del array
    arrays.clear()
    monkeypatch.setattr(mutation, "_many", 1000)
    note_written(last)
    assert len(marks) == 1  # those of arrays that are gone are dropped
    assert mutation._many == 1000
