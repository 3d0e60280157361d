"""Every operation, compiled: the recorded call and later ones give what the operation gives, bit by bit."""

import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from autograd import CompileError, Tensor
from docs import refused

from ..operations.calls import Array, Call, Function
from ..operations.samples import OPERATIONS, SAMPLES, Operation
from ..operations.test_batches import _batch, _calls, _gradients, _mixed, _second, _values
from ..operations.test_derivatives import single
from ..thorough import THOROUGH, turn
from .agreement import compiled, differs, disagreement

CALLS = int(os.environ.get("PLAINGRAD_CALLS", "1"))  # of each operation
# Parts of functions of nn, which hand them an object that keeps what the derivative needs: made anew for each call, it
# is recorded with the function, and changed by an operation alone, it is refused as any other change is.
KEEPING = {"ctc_loss", "standardize"}
# Operations whose derivatives take a tenth of a second: values and gradients of them suffice.
SLOW = {
    "betainc", "betainc_shape", "betaincc", "betainccinv", "betaincinv", "fdtr", "fdtrc", "gammainc", "gammainc_shape",
    "gammainccinv", "gammaincinv", "stdtrit",
}  # fmt: skip

every_operation = pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.key in SAMPLES], ids=str)
Sets = Sequence[Sequence[Array]]


def _strided(x: Array) -> Array:
    """Return the same numbers in another layout."""
    return np.asfortranarray(x) if x.ndim > 1 else np.repeat(x, 2)[::2] if x.ndim else x


def _turned(x: Array) -> Any:
    return x + 0.25j * np.sin(np.arange(x.size) + 1.0).reshape(x.shape)


def _near(inputs: Sequence[Array], rng: np.random.Generator) -> Sets:
    """Return arrays, and others close to them, within their domain."""
    return list(zip(*[[np.array(part) for part in _batch(np.asarray(x), rng)] for x in inputs], strict=True))


def _apart(inputs: Sequence[Array], rng: np.random.Generator) -> Sets:
    """Return arrays for which forwards and rules take different ways: with zeros, ties and nan."""
    mixed = [_mixed(np.asarray(x), rng) for x in inputs]
    return [[np.array(x[which][i]) for x in mixed] for which, i in ((0, 0), (0, 1), (1, 1), (0, 2))]


def _compare(function: Function, sets: Sets) -> str:
    """Compare a compiled function with the function itself; return why it was refused, or nothing."""
    recorded = compiled(function)
    calls: list[Any] = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for inputs in sets:
            try:
                expected = function(*inputs)
            except (ValueError, ArithmeticError):
                continue  # nothing is to be compared
            before = [x.copy() for x in inputs]
            try:
                found = recorded(*inputs)
            except CompileError as error:
                return str(error)
            said = disagreement(function, inputs, expected, found)
            assert not said, f"call {len(calls) + 1}: {said}"
            assert not differs(before, list(inputs)), "an argument was changed"
            calls.append((inputs, expected, found))
        assert not any(disagreement(function, *call) for call in calls), "a result was changed by a later call"
    assert len(recorded.programs) <= 1
    return ""


def _computed(operation: Operation, call: Call) -> list[tuple[Callable[[Function], Function], Sets]]:
    """Return what is computed of an operation, and for which inputs; by default one of the variations of it."""
    rng, inputs = np.random.default_rng(0), call.inputs
    near = _near(inputs, rng)
    cases: list[tuple[Callable[[Function], Function], Sets]] = [(_values, near), (_gradients, near)]
    variations: list[tuple[Callable[[Function], Function], Sets]] = [
        (_second, near),
        (_gradients, [[single(x) for x in given] for given in near]),
        (_gradients, [[_strided(x) for x in given] for given in near]),
        (_values, _apart(inputs, rng)),
        (_gradients, _apart(inputs, rng)),
    ]
    if str(operation) in SLOW:
        return cases
    if SAMPLES[operation.key].analytic:
        variations.append((_gradients, [[_turned(x) for x in given] for given in near]))
    if THOROUGH or str(operation) in refused.OPERATIONS:
        return cases + variations
    return [*cases, variations[turn(str(operation), len(variations))]]


@pytest.mark.one_in(16)
@every_operation
def test_an_operation_is_replayed_bit_by_bit(operation: Operation) -> None:
    """Values and gradients, and one variation for each operation, with the thorough profile all.

    These are gradients of gradients, and gradients in single precision, of complex numbers, of other strides, and where
    rules take different ways.
    """
    said = []
    for call in _calls(operation)[:CALLS]:
        f = call.bind(operation.public)
        said += [_compare(compute(f), sets) for compute, sets in _computed(operation, call)]
    if str(operation) in KEEPING:
        assert all("a change of self.args" in why for why in said)
    elif str(operation) in refused.OPERATIONS:
        assert any(said), f"{operation} is no longer refused: take it from docs/refused.py"
        assert all(".py:" in why for why in said if why)
    else:
        assert not any(said)


@pytest.mark.parametrize("code", refused.PROGRAMS)
def test_what_is_refused_says_where(code: str) -> None:
    function = eval(compile(f"lambda x: {code}", __file__, "eval"), {"np": np, **_modules()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(CompileError, match=r"test_operations\.py:\d+.* cannot be recorded"):
            compiled(function)(np.linspace(-1, 1, 5))


def _modules() -> dict[str, Any]:
    import math
    import pickle

    return {"math": math, "pickle": pickle}


def test_every_operation_that_is_refused_exists() -> None:
    assert {*refused.OPERATIONS, *KEEPING} <= {str(operation) for operation in OPERATIONS}


# Programs of plain NumPy: views, writes, constants, and what is handed out.


def _accumulated(x: Array) -> Array:
    z = np.zeros(5)
    for i in range(3):
        z[i:] += x[i:]
    return z


def _written_through_a_view(x: Array) -> Array:
    z = np.zeros(5)
    w = z[1:]
    z += x
    w *= 2
    return w


def _written_after_it_was_read(x: Array) -> tuple[Array, Array]:
    z = np.arange(5.0)
    z[1] = 3
    y = z + x
    z[2] = 4
    return y, z


def _overlapping(x: Array) -> Array:
    y = x.copy()
    y[1:3] += y[2:4]
    y[::2] = y[::2][::-1]
    return y


def _argument_written(x: Array) -> Array:
    np.add(x[:-1], x[1:], out=x[1:])
    x[0] = x[-1]
    return x


def _flat(x: Any) -> tuple[Array, Any]:
    x.T.reshape(1, -1).flat[1:3] = x[3]
    taken = x.flat[1:]
    x.flat = 3.0
    return x, taken


def _added_at(x: Array) -> Array:
    y = np.zeros_like(x)
    np.add.at(y, [0, 0, 1], x[:3])
    return y


def _broadcast_arrays(x: Array) -> Any:
    a, b = np.broadcast_arrays(x, np.float64(2))
    return a * b, a


def _parts(x: Array) -> Any:
    return [x * 2, {"a": x + 1, "b": (x.sum(), None, "text")}]


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "the argument": lambda x: x,
    "a view": lambda x: (x[1:], x[:2], x.T, x.reshape(5, 1), x.squeeze(), np.atleast_2d(x), x.real, np.asarray(x)),
    "a copy": lambda x: (x.copy(), np.array(x), x.flatten(), x.astype(np.float64), x.imag),
    "the same twice": lambda x: (lambda y: (y, y, y[1:]))(x * 2),
    "equal results": lambda x: (x * 2, x * 2),
    "constants": lambda x: (lambda z: (z, z[1:], np.arange(3.0), np.zeros(2)))(np.arange(3.0)),
    "a read-only constant": lambda x: np.broadcast_to(np.zeros(5), (2, 5)),
    "numbers": lambda x: (3, None, len(x), x.shape, x.dtype),
    "containers": _parts,
    "accumulated": _accumulated,
    "written through a view": _written_through_a_view,
    "written after it was read": _written_after_it_was_read,
    "overlapping": _overlapping,
    "argument written": _argument_written,
    "flat": _flat,
    "added at": _added_at,
    "broadcast arrays": _broadcast_arrays,
    "several results": lambda x: (np.divmod(x, 0.3), np.modf(x), divmod(x, 0.3), np.split(x, [2]), np.unstack(x)),
    "named results": lambda x: (np.linalg.svd(np.outer(x, x)), np.unique_all(x), np.linalg.slogdet(np.outer(x, x))),
    "out by position": lambda x: (x.sum(0, None, None, True), np.mean(x, 0, None, None, True), x.take([0], 0, None)),
    "out given": lambda x: (lambda z: (np.sum(x, 0, None, z, True), np.add(x, 1, out=(x,)), z))(np.zeros(1)),
    "index of a value": lambda x: (x[x.argmax()], x[np.argsort(x)], np.where(x > 0, x, 0), np.take(x, x.argmin())),
    "shape of values": lambda x: (x[x > 0], np.nonzero(x > 0), np.unique(x > 0)),
    "index arrays": lambda x: np.outer(x, x)[np.ix_([0, 1], [2])] + np.outer(x, x)[np.tril_indices(2)].sum(),
    "empty": lambda x: (x[:0] * 2, x[:0].sum(), np.zeros((0, 3)), np.concatenate([x[:0], x])),
    "iteration": lambda x: [y * 2 for y in x] + [sum(x)],
}  # fmt: skip


def _leaves(result: Any) -> list[Any]:
    if isinstance(result, np.ndarray):
        return [result]
    parts = result.values() if isinstance(result, dict) else result if isinstance(result, tuple | list) else []
    return [leaf for part in parts for leaf in _leaves(part)]


def _memory(result: Any, argument: Array) -> list[Any]:
    """Return which arrays share memory with each other and the argument, and which are read-only."""
    arrays = [argument, *_leaves(result)]
    shares = [[np.shares_memory(a, b) for a in arrays] for b in arrays]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy.broadcast_arrays asks not to write to what it returns
        return [shares, [a.flags.writeable for a in arrays], [a.strides for a in arrays]]


@pytest.mark.parametrize("name", PROGRAMS)
def test_results_share_memory_as_without_compile(name: str) -> None:
    """What the user does with a result is seen where it would be, and nowhere else: later calls return the same."""
    rng, function = np.random.default_rng(0), PROGRAMS[name]
    recorded, kept = compiled(function), []
    for _ in range(3):
        x = rng.normal(size=5)
        y = x.copy()
        expected, found = function(x), recorded(y)
        assert not differs([expected, x], [found, y])
        assert _memory(found, y) == _memory(expected, x)
        for a, b in zip(_leaves(expected), _leaves(found), strict=True):
            if a.dtype == float and _memory(a, a)[1][0] and 0 not in a.strides:
                a[...] = b[...] = 7
        assert not differs([expected, x], [found, y])
        kept.append((expected, found))
        assert not any(differs(*pair) for pair in kept)
    assert len(recorded.programs) == 1


KINDS: dict[str, list[Any]] = {
    "0-d": [np.array(float(i)) for i in range(3)],
    "scalar": [np.float64(i) for i in range(3)],
    "float32": [np.float32(i) for i in range(3)],
    "int": [np.arange(4) + i for i in range(3)],
    "int8": [np.int8(i + 60) for i in range(3)],
    "bool": [np.arange(4) > i for i in range(3)],
    "complex": [np.arange(4) * (i + 1j) for i in range(3)],
    "float16": [np.arange(4, dtype=np.float16) + i for i in range(3)],
    "empty": [np.zeros((0, 2)) for i in range(3)],
    "one": [np.full((1, 1), i + 0.5) for i in range(3)],
    "reversed": [np.arange(4.0)[::-1] + i for i in range(3)],
    "negative strides": [(np.arange(4.0) + i)[::-1] for i in range(3)],
    "broadcast": [np.broadcast_to(np.float64(i), (2, 2)) for i in range(3)],
    "Python number": [0.5, 0.5, 0.5],
    "list": [[0.5, 1.5]] * 3,
    "dict": [{"a": np.arange(4.0) + i} for i in range(3)],
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_arguments(kind: str) -> None:
    def function(x: Any) -> Any:
        x = x["a"] if isinstance(x, dict) else x
        y = np.array(x) * 2
        return (
            y,
            y + y,
            np.sum(y),
            y.T,
            y[()],
            np.multiply(y, y),
            np.ones_like(y),
            -y,
        )

    recorded = compiled(function)
    with np.errstate(all="ignore"):
        for x in KINDS[kind]:
            assert not differs(function(x), recorded(x))
    assert len(recorded.programs) == 1


def test_arguments_that_are_the_same_or_overlap() -> None:
    def function(x: Array, y: Array) -> Array:
        x += 1
        return x * y

    rng, recorded = np.random.default_rng(0), compiled(function)
    kinds: list[Any] = [lambda x: (x, x[::-1].copy()), lambda x: (x, x), lambda x: (x[1:], x[:-1]), lambda x: (x, x)]
    for given in kinds * 2:
        x = rng.normal(size=6)
        y = x.copy()
        assert not differs([function(*given(x)), x], [recorded(*given(y)), y])


def test_a_dict_that_the_function_changes_is_refused() -> None:
    def function(given: dict[str, Any]) -> Any:
        given["b"] = given["a"] * 2
        return given["b"]

    with pytest.raises(CompileError, match="a change of a list or dict"):
        compiled(function)({"a": np.ones(3)})


def test_an_error_that_the_function_catches_is_raised_all_the_same() -> None:
    def function(x: Array) -> Any:
        try:
            return x * float(x.sum())
        except RuntimeError:
            return x

    with pytest.raises(CompileError, match="float"):
        compiled(function)(np.ones(3))


def test_tensors_of_arrays_and_their_data() -> None:
    def function(x: Array) -> Any:
        y = Tensor(x) * 2
        return y, y.data, y.numpy()

    recorded, rng = compiled(function), np.random.default_rng(0)
    for _ in range(3):
        x = rng.normal(size=3)
        assert not differs(function(x), recorded(x))
