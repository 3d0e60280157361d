"""Recorded operations are listed, with the arrays that went in and came out."""

import itertools
import threading
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any

import numpy as np
import pytest

import nn
from autograd import (
    Function,
    Tensor,
    detect_anomaly,
    elementwise,
    enable_grad,
    gradients,
    is_grad_enabled,
    no_grad,
    saved_tensors_hooks,
    tensor,
)
from autograd.extend import TracedOperation, trace_operations
from autograd.graph import instrumentation
from autograd.graph.grad_mode import ON, recording

X = np.array([[1.0, 2.0], [3.0, 5.0]])


def names(operations: list[TracedOperation]) -> list[str]:
    return [operation.name for operation in operations]


def test_every_way_of_applying_an_operation_is_listed() -> None:
    x = tensor(X, requires_grad=True)
    with trace_operations() as operations:
        np.exp(x)  # one input
        x * 2.0  # two
        x.sum(axis=1)  # one, with arguments
        np.clip(x, 0, 4)  # a fixed number
        np.concatenate([x, X], axis=1)  # any number
        np.linalg.svd(x, full_matrices=False)  # several results
    exp, multiply, total, clip, joined, svd = operations
    assert names(operations) == ["exp", "multiply", "sum", "clip", "concatenate", "svd"]
    assert exp.arguments == {"x": x.data}
    assert (multiply.arguments["x"] is x.data, multiply.arguments["y"]) == (True, 2.0)
    assert (total.arguments["axis"], total.arguments["keepdims"]) == (1, False)
    assert list(clip.arguments.values())[1:] == [0, 4]
    assert joined.arguments["arrays"][0] is x.data
    assert joined.arguments["arrays"][1] is X
    assert joined.outputs[0].shape == (2, 4)
    assert [part.shape for part in svd.outputs] == [(2, 2), (2,), (2, 2)]
    assert svd.arguments["full_matrices"] is False


def test_results_are_the_arrays_of_the_tensors() -> None:
    x = tensor(X, requires_grad=True)
    with trace_operations() as operations:
        y: Any = np.exp(x)
        values: Any = np.linalg.svd(y)[1]
        z = y.reshape(4) + values.sum()
    assert operations[0].outputs[0] is y.data
    assert operations[1].outputs[1] is values.data is operations[3].arguments["x"]
    assert operations[-1].outputs[0] is z.data
    assert operations[2].arguments["x"] is y.data
    assert operations[-1].arguments["x"] is operations[2].outputs[0]


CONSTANTS: dict[str, Callable[[Any, Any], Any]] = {
    "two inputs": lambda x, a: x * a,
    "from the left": lambda x, a: a @ x,
    "three inputs": lambda x, a: nn.functional.linear(x, a, None),
    "several results": lambda x, a: np.linalg.solve(a, x),
    "a sequence": lambda x, a: np.linalg.multi_dot([x, a, x]),
    "an argument": lambda x, a: x[a],
    "a function of one's own": lambda x, a: Product.apply(x, a),
}


class Product(Function):
    @staticmethod
    def forward(ctx: Any, x: Any, a: Any) -> Any:
        ctx.save_for_backward(a)
        return x * a

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.saved_tensors[0], None


@pytest.mark.parametrize("wrap", [np.array, Tensor])
@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_is_listed_as_itself_and_not_as_the_copy_that_the_graph_keeps(name: str, wrap: Any) -> None:
    a = wrap(np.array([[0, 1], [1, 1]]))
    x = tensor(X, requires_grad=True)
    with trace_operations() as operations:
        CONSTANTS[name](x, a)
    array = a.data if wrap is Tensor else a
    given = [value for operation in operations for value in operation.arguments.values()]
    given += [part for value in given if isinstance(value, tuple) for part in value]
    assert any(value is array for value in given)


def test_constants_and_what_is_not_recorded_are_absent() -> None:
    x = tensor(X, requires_grad=True)
    with trace_operations() as operations:
        np.exp(tensor(X))
        assert (x > 2).any()
        with no_grad():
            np.exp(x)
    with no_grad(), trace_operations() as others:
        np.exp(x)
    np.exp(x)
    assert operations == others == []


def test_blocks_within_blocks_all_list() -> None:
    x = tensor(X, requires_grad=True)
    with trace_operations() as outer:
        np.exp(x)
        with trace_operations() as inner:
            np.sin(x)
        np.cos(x)
    assert (names(outer), names(inner)) == (["exp", "sin", "cos"], ["sin"])


def test_the_block_ends_with_an_error() -> None:
    x = tensor(X, requires_grad=True)
    with pytest.raises(ValueError, match="combine"), trace_operations() as operations:
        np.exp(x) + np.ones(3)
    np.sin(x)
    assert names(operations) == ["exp"]


def test_another_thread_is_not_listed() -> None:
    x = tensor(X, requires_grad=True)
    with trace_operations() as operations:
        thread = threading.Thread(target=lambda: np.exp(x))
        thread.start()
        thread.join()
    assert operations == []


def test_other_blocks_go_with_it() -> None:
    x = tensor(X, requires_grad=True)
    packed: list[Any] = []

    def pack(array: Any) -> Any:
        packed.append(array)
        return array

    with detect_anomaly(), trace_operations() as operations, saved_tensors_hooks(pack, lambda array: array):
        y = np.exp(x).sum()
    y.backward()
    assert names(operations) == ["exp", "sum"]
    assert len(packed) == 1
    assert np.allclose(x.grad.data, np.exp(X))


def test_derivatives_that_are_recorded_are_listed() -> None:
    x = tensor(X, requires_grad=True)
    with trace_operations() as operations:
        gradients((x * x * x).sum(), x, create_graph=True)
    assert names(operations)[:3] == ["multiply", "multiply", "sum"]
    assert len(operations) > 3


class Sum(Function):
    """The sum and the difference."""

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Any:
        """Return both."""
        return args[0] + args[1], args[0] - args[1]

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        """Return the gradients."""
        return g[0] + g[1], g[0] - g[1]


def test_operations_of_a_user_and_their_lines() -> None:
    x = tensor(X, requires_grad=True)
    double = elementwise(lambda x: 2 * x, lambda g: 2 * g, name="double")
    with trace_operations() as operations:
        double(x)
        Sum.apply(x, X)
    assert names(operations) == ["double", "Sum"]
    assert operations[1].arguments["0"] is x.data
    assert operations[1].arguments["1"] is X
    assert [part.shape for part in operations[1].outputs] == [(2, 2), (2, 2)]
    first, second = (operation.where.rpartition(":") for operation in operations)
    assert first[0].endswith("test_tracing.py")
    assert int(second[2]) == int(first[2]) + 1


def test_it_decorates_and_its_list_stays() -> None:
    x = tensor(X, requires_grad=True)
    outside = trace_operations()
    with outside as operations:
        y: Any = trace_operations()(np.exp)(x)
    assert names(operations) == ["exp"]
    assert operations[0].outputs[0] is y.data


@pytest.mark.parametrize("ended", [True, False])
def test_thousands_of_observers_that_ended_elsewhere_or_never(ended: bool) -> None:
    def program() -> None:
        x, seen = tensor([1.0], requires_grad=True), []
        ends = []
        for i in range(3000):  # more than Python has frames
            ends.append(instrumentation.observe(lambda node, values, z, i=i: seen.append(i)))  # type: ignore[misc]
            if ended:
                copy_context().run(ends[-1])
        _ = x * 2
        assert seen == ([] if ended else list(range(3000)))
        for end in ends:
            end()
        _ = x * 2
        assert len(seen) == (0 if ended else 3000)

    copy_context().run(program)


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
def test_observers_end_in_any_order(order: tuple[str, ...]) -> None:
    x, seen = tensor([1.0], requires_grad=True), dict.fromkeys("abc", 0)

    def noting(name: str) -> Any:
        def note(node: Any, values: Any, z: Any) -> None:
            seen[name] += 1

        return note

    with no_grad():
        with enable_grad():
            ends = {name: instrumentation.observe(noting(name)) for name in "abc"}
            _ = x * 2
        assert not is_grad_enabled()
        for end in ends.values():
            end()
        assert not is_grad_enabled()
        with enable_grad():
            _ = x * 3
    assert seen == dict.fromkeys("abc", 1)
    assert recording() == ON
    with detect_anomaly():
        ends = {name: instrumentation.observe(noting(name)) for name in "abc"}
        for left, name in enumerate(order):
            _ = x * 2
            ends[name]()
            before = dict(seen)
            _ = x * 2
            assert [n for n in "abc" if seen[n] > before[n]] == sorted(order[left + 1 :])
    _ = x * 2
    assert recording() == ON


def test_an_observer_that_ends_within_a_later_block() -> None:
    x = tensor([1.0], requires_grad=True)
    nodes: list[Any] = []

    def observed() -> None:
        end = instrumentation.observe(lambda node, values, z: nodes.append(node))
        with detect_anomaly():
            _ = x * 2
            end()
            _ = x * 2
        assert len(nodes) == 1
        _ = x * 2  # finds that it is over
        assert recording() == ON
        assert len(nodes) == 1

    Context().run(observed)  # where no training before is watched still
