"""Tensors give what NumPy gives: through functions, methods and operators, for special values, whatever the types."""

import operator as python_operators
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd import Tensor, gradients
from autograd.primitives.declare import OPERATORS
from autograd.tensors.dispatch import plain
from autograd.testing import special_values

from ..thorough import few
from .calls import Array, Function
from .samples import OPERATIONS, SAMPLES, Operation

BINARY: dict[str, Function] = {
    "add": python_operators.add, "sub": python_operators.sub, "mul": python_operators.mul,
    "truediv": python_operators.truediv, "pow": python_operators.pow, "mod": python_operators.mod,
    "matmul": python_operators.matmul,
}  # fmt: skip
UNARY: dict[str, Function] = {"neg": python_operators.neg, "pos": python_operators.pos, "abs": abs}

Test = TypeVar("Test", bound=Callable[..., None])

sampled = [operation for operation in OPERATIONS if operation.key in SAMPLES]
# The method is that of numpy's function, where numpy.linalg has another of the same name; what takes a list of arrays,
# or a condition before them, is no method of one array.
with_method = [
    operation
    for operation in sampled
    if callable(getattr(Tensor, operation.public.__name__, None))
    and operation.public not in (np.concatenate, np.stack, np.compress, np.sort)  # the method sorts in place
    and getattr(np, operation.public.__name__, operation.public) is operation.public
]
ufuncs = [operation for operation in sampled if isinstance(operation.public, np.ufunc)]
elementwise = [
    operation for operation in sampled if operation.declared is not None and operation.declared.kind == "elementwise"
]
binary = [operation for operation in ufuncs if operation in elementwise and len(operation.rules) == 2]


def parametrized(operations: list[Operation]) -> Callable[[Test], Test]:
    return pytest.mark.parametrize("operation", operations, ids=str)


def with_operator(names: Iterable[str]) -> Callable[[Test], Test]:
    found = [operation for operation in ufuncs if OPERATORS.get(operation.public.__name__, "") in names]
    assert len(found) == len(list(names))
    return parametrized(found)


def assert_same(result: Any, expected: Any) -> None:
    assert isinstance(result, Tensor)
    assert (result.shape, result.dtype) == (np.shape(expected), np.asarray(expected).dtype)
    assert np.array_equal(result.data, expected, equal_nan=True)


@pytest.mark.one_in(3)
@parametrized(with_method)
@few(3)
@given(data=st.data())
def test_method_is_the_function(operation: Operation, data: st.DataObject) -> None:
    call = data.draw(SAMPLES[operation.key].calls)
    x, *others = (Tensor(array, requires_grad=True) for array in call.inputs)

    def method(tensor: Tensor, *rest: Any, **options: Any) -> Any:
        return getattr(tensor, operation.public.__name__)(*rest, **options)

    by_method = call.on(method, [x, *others])
    by_function = call.on(operation.public, [x, *others])
    results, expected = ([y] if isinstance(y, Tensor) else list(y) for y in (by_method, by_function))
    assert len(results) == len(expected)
    for result, same in zip(results, expected, strict=True):
        if isinstance(same, Tensor):
            assert result.requires_grad
            assert_same(result, same.data)


METHODS: list[tuple[Any, ...]] = [
    ("reshape", 3, 2), ("reshape", (3, 2)), ("reshape", -1), ("transpose",), ("transpose", 1, 0), ("transpose", (1,
    0)), ("swapaxes", 0, 1), ("ravel",), ("flatten",), ("flatten", "F"), ("squeeze",), ("repeat", 2), ("repeat", 2,
    1), ("take", [0, 5]), ("take", [1], 1), ("compress", [True, False, True], 1), ("diagonal",), ("trace",),
    ("sum",), ("sum", 0), ("mean",), ("mean", 1), ("std",), ("var", 0), ("max",), ("max", 1), ("min",), ("prod",),
    ("prod", 0), ("cumsum",), ("cumsum", 1), ("cumprod", 0), ("clip", 0, 1), ("clip", 0.5), ("dot", np.ones(3)),
    ("conj",), ("copy",), ("astype", np.float32), ("argmax",), ("argmin", 1), ("argsort",), ("any",), ("all", 0),
    ("round",), ("round", 1), ("nonzero",), ("tolist",),
]  # fmt: skip


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_methods_are_those_of_arrays(method: tuple[Any, ...]) -> None:
    name, *arguments = method
    x = np.array([[0.25, -1.5, 2.0], [0.5, 0.0, 1.25]])
    result, expected = (getattr(target, name)(*arguments) for target in (tensor(x), x))
    if isinstance(result, Tensor):
        assert_same(result, expected)
    else:
        assert np.array_equal(result, expected)
        assert type(result) is type(expected)


@with_operator(BINARY)
@given(data=st.data())
def test_binary_operator(operation: Operation, data: st.DataObject) -> None:
    operate = BINARY[OPERATORS[operation.public.__name__]]
    x, y = data.draw(SAMPLES[operation.key].calls).inputs
    expected = operate(x, y)
    for left, right in [(tensor(x), tensor(y)), (tensor(x), y), (x, tensor(y))]:
        result = operate(left, right)
        assert result.requires_grad
        assert_same(result, expected)
        assert_same(operation.public(left, right), expected)


@with_operator(UNARY)
@given(data=st.data())
def test_unary_operator(operation: Operation, data: st.DataObject) -> None:
    operate = UNARY[OPERATORS[operation.public.__name__]]
    (x,) = data.draw(SAMPLES[operation.key].calls).inputs
    assert_same(operate(tensor(x)), operate(x))


WITHOUT_DERIVATIVE = sorted((f for f in plain if isinstance(f, np.ufunc)), key=lambda function: function.__name__)


@pytest.mark.parametrize("function", WITHOUT_DERIVATIVE, ids=lambda function: function.__name__)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_function_without_a_derivative_gives_arrays(function: np.ufunc) -> None:
    takes_floats = any(types.startswith("d" * function.nin + "->") for types in function.types)
    x = np.array([-2, -0.5, 0, 0.5, 2, np.inf, np.nan] if takes_floats else [0, 1, 2, 3, 4, 5, 6])
    inputs = [x, x[::-1]][: function.nin]
    expected = function(*inputs)
    result = function(*(Tensor(a, requires_grad=takes_floats) for a in inputs))
    assert type(result) is np.ndarray
    assert result.dtype == expected.dtype
    assert np.array_equal(result, expected, equal_nan=takes_floats)


@pytest.mark.one_in(8)
@parametrized(binary)
@pytest.mark.parametrize("other", [2, 2.0, np.float32(2), np.float64(2), np.array(2), np.ones(3, np.float16)], ids=repr)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.filterwarnings("ignore:the gradient of a tensor:RuntimeWarning")  # some are not probabilities, say
def test_types_combine_as_in_numpy(operation: Operation, other: Any, dtype: Any) -> None:
    x = np.array([0.5, 1.5, 2.5], dtype)
    for arguments in [(x, other), (other, x)]:
        tensors = [tensor(x) if argument is x else argument for argument in arguments]
        result = operation.public(*tensors)
        assert_same(result, operation.public(*arguments))
        (leaf,) = (argument for argument in tensors if isinstance(argument, Tensor))
        (gradient,) = gradients(result, leaf, np.ones(3))
        assert gradient is not None
        assert (gradient.dtype, gradient.shape) == (x.dtype, x.shape)


@pytest.mark.one_in(3)
@parametrized(elementwise)
@few(4)
@given(data=st.data())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_special_values(operation: Operation, data: st.DataObject) -> None:
    """Where a function overflows or has no value it does what NumPy does, and a zero cotangent stays zero."""
    call = data.draw(SAMPLES[operation.key].calls)
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    inputs = [data.draw(special_array(x.shape, dtype)) for x in call.inputs]
    leaves = [tensor(x) for x in inputs]
    result = call.on(operation.public, leaves)
    assert_same(result, call.on(operation.public, inputs))
    found = gradients(result, leaves, np.zeros(result.shape))
    for gradient, x in zip(found, inputs, strict=True):
        assert gradient is not None
        assert np.array_equal(gradient.data, np.zeros(x.shape))


def special_array(shape: tuple[int, ...], dtype: Any) -> st.SearchStrategy[Array]:
    return numpy_strategies.arrays(dtype, shape, elements=special_values(dtype))


def tensor(x: Array) -> Tensor:
    return Tensor(x, requires_grad=True)
