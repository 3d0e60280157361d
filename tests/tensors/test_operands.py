"""Operands that are no ndarrays, or not quite: copied, so that no later change spoils a gradient."""

import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import scipy.special

from autograd import (
    DerivativeError,
    DtypeError,
    Function,
    GraphError,
    Tensor,
    Value,
    elementwise,
    general,
    gradcheck,
    gradients,
    linear,
    tensor,
)
from nn import functional

OVERWRITTEN = "written to in place afterwards"
VALUES = [1.0, 2.0, 3.0]


class Subclass(np.ndarray[Any, Any]):
    """An ndarray that is not only that."""


SHARING: dict[str, Callable[[Path], Any]] = {
    "memory map": lambda folder: np.memmap(folder / "values", float, "w+", shape=3),
    "subclass": lambda _: np.zeros(3).view(Subclass),
    "memoryview": lambda _: memoryview(bytearray(24)).cast("d"),
    "array of the standard library": lambda _: array.array("d", VALUES),
    "column of a table": lambda _: pandas.DataFrame({"a": VALUES})["a"],
    "buffer": lambda _: np.frombuffer(bytearray(24)),
    "view of a view": lambda _: np.zeros((5, 3)).T[:, 1:][:, 2],
    "other byte order": lambda _: np.zeros(3, ">f8"),
    "field of a record": lambda _: np.zeros(3, [("a", float), ("b", int)])["a"],
}
USES: dict[str, Callable[[Any, Any], Any]] = {
    "multiply": lambda x, a: x * a,
    "from the right": lambda x, a: x.__rmul__(a),
    "power": lambda x, a: np.power(x, a),
    "matmul": lambda x, a: x @ a,
    "arctan2": np.arctan2,
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", SHARING)
def test_what_others_can_write_to_is_copied(kind: str, use: str, tmp_path: Path) -> None:
    x, operand = tensor(VALUES, requires_grad=True), SHARING[kind](tmp_path)
    for i, value in enumerate(VALUES):
        operand[i] = value
    expected = tensor(VALUES, requires_grad=True)
    USES[use](expected, np.array(VALUES)).sum().backward()
    USES[use](x, operand).sum().backward()
    np.testing.assert_allclose(x.grad.data, expected.grad.data)
    y = USES[use](x, operand).sum()
    operand[1] = 7.0
    (found,) = gradients(y, x)
    np.testing.assert_allclose(found.data, expected.grad.data)


@pytest.mark.parametrize("use", USES)
def test_a_list_is_copied(use: str) -> None:
    x, operand = tensor(VALUES, requires_grad=True), list(VALUES)
    expected = tensor(VALUES, requires_grad=True)
    USES[use](expected, np.array(VALUES)).sum().backward()
    y = USES[use](x, operand).sum()
    operand[0] = 9.0
    y.backward()
    np.testing.assert_allclose(x.grad.data, expected.grad.data)


def test_a_mask_is_not_dropped() -> None:
    masked = np.ma.masked_array(VALUES, [False, True, False])
    for x in (tensor(VALUES, requires_grad=True), tensor(VALUES)):
        for function in (np.multiply, np.add, np.hypot):
            with pytest.raises(DtypeError, match="no mask"):
                function(x, masked)


@pytest.mark.parametrize("kind", [float, int])
def test_subclasses_of_numbers_promote_as_numpy_promotes_them(kind: Any) -> None:
    number = type("Number", (kind,), {})(2)
    array = np.ones(3, np.float32)
    x = tensor(array, requires_grad=True)
    for function in (np.multiply, np.power, np.maximum):
        for ours, numpys in (
            (function(x, number), function(array, number)),
            (function(number, x), function(number, array)),
        ):
            assert ours.dtype == numpys.dtype
            (found,) = gradients(ours.sum(), x)
            assert found.dtype == np.float32


INDICES: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
    "list": (lambda: [0, 1], lambda key: key.__setitem__(0, 2)),
    "list in a tuple": (lambda: ([0, 1],), lambda key: key[0].__setitem__(0, 2)),
    "array": (lambda: np.array([0, 1]), lambda key: key.__setitem__(0, 2)),
    "array in a tuple": (lambda: (np.array([0, 1]), None), lambda key: key[0].__setitem__(0, 2)),
    "tensor": (lambda: Tensor(np.array([0, 1])), lambda key: key.__setitem__(0, 2)),
    "tensor in a tuple": (lambda: (Tensor(np.array([0, 1])), ...), lambda key: key[0].__setitem__(0, 2)),
    "column of a table": (lambda: pandas.Series([0, 1]), lambda key: key.__setitem__(0, 2)),
    "column in a tuple": (lambda: (pandas.Series([0, 1]), None), lambda key: key[0].__setitem__(0, 2)),
    "mask": (lambda: np.array([True, True, False]), lambda key: key.__setitem__(0, False)),
    "array for a bound": (lambda: slice(np.array(0), np.array(2)), lambda key: key.start.__setitem__((), 1)),
    "bound in a tuple": (lambda: (slice(np.array(0), np.array(2)), None), lambda key: key[0].start.__iadd__(1)),
    "tensor for a bound": (lambda: slice(Tensor(np.array(0)), 2), lambda key: key.start.__iadd__(1)),
}


@pytest.mark.parametrize("name", INDICES)
def test_an_index_that_changes_later(name: str) -> None:
    make, change = INDICES[name]
    for write in (False, True):
        x, key = tensor(VALUES, requires_grad=True), make()
        if write:
            z = x * 1.0
            z[key if type(key) is not tuple else key[0]] = 0.0
            y, expected = z.sum(), [0.0, 0.0, 1.0]
        else:
            y, expected = x[key].sum(), [1.0, 1.0, 0.0]
        change(key)
        y.backward()
        assert x.grad.tolist() == expected


@pytest.mark.parametrize("dtype", [np.float32, np.complex64, int])
def test_elements_of_ndarrays_do_not_take_recorded_tensors(dtype: Any) -> None:
    x, kept = tensor(VALUES, requires_grad=True), np.zeros(3, dtype)
    # NumPy takes a tensor for a sequence when an element of some dtypes cannot be made of it, and says so.
    with pytest.raises((GraphError, ValueError), match=r"storing this tensor in an element|setting an array element"):
        kept[0] = x.sum()
    assert not kept.any()
    kept[0] = float(x.sum())
    kept[1] = x.sum().item()
    kept[2] = x.detach().sum()
    assert kept.tolist() == [6, 6, 6]


# Operations that users declare, and what they must not do to the arrays they are given


def test_results_that_are_arguments_are_the_engines_own() -> None:
    reverse = elementwise(lambda x: x, lambda g: -g, name="reverse")
    first = elementwise(lambda x, y: x, lambda g: g, lambda g: g * 0, name="first")
    halves = general(lambda x: (x[:1], x[1:]), lambda g: np.concatenate(g), name="halves", outputs=True)
    functions: list[tuple[Callable[[Any], Any], list[float]]] = [
        (reverse, [-2.0, -4.0, -6.0]), (lambda x: first(x, 2.0), [2.0, 4.0, 6.0]), (lambda x: halves(x)[1], [0, 4, 6]),
    ]  # fmt: skip
    for function, expected in functions:
        memory = np.array(VALUES)
        x = Tensor(memory, requires_grad=True)
        y = function(x)
        z = (y * y).sum()
        memory[1] = 9.0
        z.backward()
        assert x.grad.tolist() == expected


def test_views_that_a_declared_operation_makes_are_views() -> None:
    every_other = linear(lambda x: x[::2], lambda g, x_shape: np.insert(g, 1, 0.0), name="every_other")
    x = tensor(VALUES, requires_grad=True)
    z = x * 1.0
    view = every_other(z)
    view *= 2.0
    (z * z).sum().backward()
    assert x.grad.tolist() == [8.0, 4.0, 24.0]


class Spoils(Function):
    """Writes to what it is given: forward to its input, or backward to its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Any, forward: bool) -> Any:
        return np.multiply(x, 2.0, out=x) if forward else x * 2.0

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        g *= 2.0
        return g, None


def test_what_is_handed_to_functions_of_users_cannot_be_written_to() -> None:
    doubled = elementwise(lambda x: np.multiply(x, 2.0, out=x), lambda g: 2.0 * g, name="doubled")
    rule = elementwise(lambda x: x * 2.0, lambda g: np.multiply(g, 2.0, out=g), name="rule")
    of_kept = elementwise(lambda x: x * x, lambda g, x: np.multiply(g, x, out=x) * 2.0, name="of_kept")
    centred = general(lambda x, axis=0: np.subtract(x, x.mean(axis), out=x), lambda g: g - g.mean(), name="centred")
    functions: list[Callable[[Any], Any]] = [doubled, centred, lambda x: Spoils.apply(x, True)]
    for function in functions:
        x = tensor(VALUES, requires_grad=True)
        with pytest.raises(ValueError, match="read-only"):
            function(x)
        assert x.tolist() == VALUES
    functions = [rule, of_kept, lambda x: Spoils.apply(x, False)]
    for function in functions:
        x = tensor(VALUES, requires_grad=True)
        h = x * 1.0
        with pytest.raises(DerivativeError, match="read-only"):
            (function(h) + h).sum().backward()


class Scaled(Function):
    """Keeps its factor as an attribute, and a part of its input."""

    @staticmethod
    def forward(ctx: Any, x: Any, factor: Any) -> Any:
        ctx.factor = factor
        ctx.save_for_backward(x[1:])
        return x * factor

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.factor + 0 * ctx.saved_tensors[0].sum(), None


def test_what_the_context_of_a_function_holds_is_copied_or_compared() -> None:
    x, factor = tensor(VALUES, requires_grad=True), np.array(VALUES)
    y = Scaled.apply(x, factor).sum()
    factor[0] = 9.0
    y.backward()
    assert x.grad.tolist() == VALUES
    memory, of_list = np.array(VALUES), list(VALUES)
    x = Tensor(memory, requires_grad=True)
    y = Scaled.apply(x, of_list).sum()
    of_list[0] = 9.0
    y.backward()
    assert x.grad.tolist() == VALUES
    y = Scaled.apply(x, of_list).sum()
    memory[2] = 0.0
    with pytest.raises(GraphError, match=OVERWRITTEN):
        y.backward()


def test_a_function_may_say_that_nothing_reaches_an_input() -> None:
    class Cut(Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            return x + y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return None, g

    x, y = tensor(VALUES, requires_grad=True), tensor(VALUES, requires_grad=True)
    Cut.apply(np.exp(x), np.exp(y)).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(y.grad.data, np.exp(VALUES))


CONSTANTS: list[Any] = [
    True, 2, 2.0, 2j, np.array([True] * 3), np.array([2, 1, 3], np.int8), np.array([2, 1, 3]),
    np.array([2.0, 1.0, 3.0], np.float16), np.array([2.0, 1.0, 3.0]), np.array([2j, 1.0, 3.0]), np.float32(2),
    np.bool_(True),
]  # fmt: skip
BINARY = [
    np.add, np.subtract, np.multiply, np.divide, np.power, np.float_power, np.maximum, np.fmin, np.hypot, np.arctan2,
    np.logaddexp, np.remainder, np.fmod, np.copysign, np.heaviside, np.ldexp,
]  # fmt: skip


@pytest.mark.one_in(4)
@pytest.mark.parametrize("ufunc", BINARY, ids=lambda ufunc: ufunc.__name__)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128])
def test_gradients_have_the_dtype_of_the_leaf_beside_any_constant(ufunc: Any, dtype: Any) -> None:
    array = np.array([1.0, 2.0, 4.0]).astype(dtype)
    for constant in CONSTANTS:
        for of_first in (True, False):
            x = tensor(array, requires_grad=True)
            try:
                expected = ufunc(array, constant) if of_first else ufunc(constant, array)
            except TypeError:
                continue  # which NumPy does not compute
            y = ufunc(x, constant) if of_first else ufunc(constant, x)
            assert y.dtype == expected.dtype
            if isinstance(y, Tensor) and y.requires_grad:
                (found,) = gradients(y, x, np.ones(y.shape, y.dtype), create_graph=True)
                assert found.dtype == dtype
                y.backward(np.ones(y.shape, y.dtype))
                assert x.grad.dtype == dtype


def test_a_complex_number_to_the_power_of_a_tensor() -> None:
    x = np.array([0.5, 1.0 + 1j])
    gradcheck(lambda x: 2j**x, x, fast_mode=True)


def odd(value: Any) -> Any:
    """Return the value, which a type checker would refuse."""
    return value


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda t: t * {1.0}, "'multiply' cannot compute with float64 and set"),
        (lambda t: None + t, "'add' cannot compute with NoneType and float64"),
        (lambda t: t @ "abc", "'matmul' cannot compute with float64 and str"),
        (lambda t: np.arctan2(t, odd(object())), "'arctan2' cannot compute with float64 and object"),
        (lambda t: np.floor(t * 1j), "'floor' cannot compute with complex128"),
        (lambda t: t.sum(axis="rows"), "'sum' of a tensor of shape .*: 'str' object cannot be"),
        (lambda t: functional.elu(t, odd(None)), "'elu' of a tensor of shape"),
        (lambda t: functional.elu(t, odd(Value(2.0))), "'elu' is not defined for a Value: pass its number"),
        (lambda t: functional.threshold(t.detach(), 0.5, odd(len)), "'threshold' takes numbers and arrays of numbers"),
        (lambda t: np.atleast_1d(t, odd(Value(2.0))), "a Value takes part in no function of arrays"),
        (lambda t: scipy.special.zeta(Value(2.0), t), "zeta.* is not defined for a Value"),
        (lambda t: scipy.special.ellipkinc(t, Value(0.5)), "'ellipkinc' is not defined for a Value"),
        (lambda t: np.logical_and(t, odd(len)), "'logical_and' takes numbers and arrays of numbers"),
        (lambda t: t.logical_xor(slice(None)), "'logical_xor' takes numbers and arrays of numbers"),
        (lambda t: tensor(VALUES).__setitem__(0, odd(object())), "a tensor of shape .* is not written to so"),
    ],
)
def test_what_is_no_number_is_named(compute: Callable[[Tensor], Any], message: str) -> None:
    """With the operation, not by an error of NumPy's that is about something else, and never as an array of objects."""
    with pytest.raises((TypeError, NotImplementedError), match=message):
        compute(tensor([0.5, 1.5, 2.5], requires_grad=True))
