"""Nothing leaves a graph in silence: each way out is right, or raises with the line and what to write instead."""

import asyncio
import cmath
import copy
import importlib
import itertools
import math
import operator
import pickle
import re
import statistics
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from inspect import isfunction, signature
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.fft
import scipy.integrate
import scipy.linalg
import scipy.spatial
import scipy.special
import scipy.stats
import xarray as xr

import autograd
from autograd import (
    AutogradError,
    GraphError,
    Tensor,
    UnsupportedError,
    Value,
    as_tensor,
    checkpoint,
    elementwise_grad,
    fixed_point,
    ggnvp,
    grad,
    gradcheck,
    gradgradcheck,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    no_grad,
    sparsity,
    tensor,
    value_and_grad,
    vjp,
)
from autograd.tensors.dispatch import operations, plain
from autograd.tensors.remedies import OTHERWISE

from ..lists import assert_listed
from . import conversion_cases as exits

HERE = re.escape(__file__)
AT = 0.73

# Where a library turns a tensor down before it is asked for its value, or puts its own error in the place of ours.
THEIRS = {
    "math: math.sumprod", "numpy: array.flat", "pandas: pd.Timedelta", "python: bytes",
    "python: datetime.fromtimestamp", "python: datetime.timedelta", "python: decimal.Decimal",
    "python: fractions.Fraction", "python: json", "python: memoryview", "python: sqlite3",
    "python: statistics.harmonic_mean", "python: statistics.mean", "python: statistics.pstdev",
    "python: statistics.stdev", "python: statistics.variance", "python: struct.pack", "python: struct.pack_into",
    "scipy: bisect", "scipy: brentq", "scipy: fsolve", "scipy: root", "scipy: root_scalar",
}  # fmt: skip


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that led to it, which a traceback shows above it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def slope(function: Callable[[Any], Any]) -> float:
    """Return the derivative by central differences."""
    step = 1e-5
    there, here = (complex(function(np.float64(AT + side))) for side in (step, -step))
    return (there - here).real / (2 * step)


def test_the_census_is_large_enough() -> None:
    assert len(exits.EXITS) > 500


@pytest.mark.one_in(4)
@pytest.mark.filterwarnings("ignore")  # of libraries, for what they are asked here has no sense to them
@pytest.mark.parametrize("name", exits.EXITS)
def test_no_way_out_is_silent(name: str) -> None:
    leave = exits.EXITS[name]
    expected = slope(leave)
    try:
        found = grad(leave)(AT)
    except Exception as error:  # noqa: BLE001  # whichever the library raises in the place of ours
        ours = [str(e) for e in chain(error) if isinstance(e, AutogradError)]
        well = any(f"{exits.__file__}:" in message for message in ours) or (not ours and name in THEIRS)
        outcome: object = ours or error
    else:
        well = bool(abs(found - expected) <= 1e-4 * (1 + abs(expected)))
        outcome = found, expected
    assert well, outcome


# Every transform, and what a function may and may not do in it


def leaving(x: Any) -> Any:
    return math.sin(x) * x


X = np.array(AT)
TRANSFORMS: dict[str, Callable[[Callable[[Any], Any]], Any]] = {
    "grad": lambda f: grad(f)(X),
    "value_and_grad": lambda f: value_and_grad(f)(X),
    "elementwise_grad": lambda f: elementwise_grad(f)(X),
    "vjp": lambda f: vjp(f, X),
    "jvp": lambda f: jvp(f, X, 1.0),
    "jacobian": lambda f: jacobian(f)(X),
    "jacobian, forward": lambda f: jacobian(f, mode="forward")(X),
    "hessian": lambda f: hessian(f)(X),
    "sparsity": lambda f: sparsity(f)(X),
    "hvp": lambda f: hvp(f, X, 1.0),
    "ggnvp": lambda f: ggnvp(f, X, 1.0, lambda y: y * y),
    "linearize": lambda f: linearize(f, X),
    "gradcheck": lambda f: gradcheck(f, X, fast_mode=True),
    "gradgradcheck": lambda f: gradgradcheck(f, X, fast_mode=True),
    "grad of grad": lambda f: grad(grad(f))(X),
    "grad around grad": lambda f: grad(lambda x: grad(lambda y: y * f(x))(1.0) * x)(X),
    "of a live primal": lambda f: grad(f)(tensor(AT, requires_grad=True)),
    "of a result on the tape": lambda f: vjp(f, tensor(AT, requires_grad=True) * 2),
    "of an element of a dict": lambda f: grad(lambda p: f(p["a"]))({"a": X}),
    "after a write": lambda f: grad(lambda x: f(_written(x)))(X),
    "checkpoint": lambda f: grad(lambda x: checkpoint(f, x))(X),
    "within no_grad outside": lambda f: no_grad()(lambda: grad(f)(X))(),
    "fixed_point": lambda f: grad(lambda a: fixed_point(lambda x, a: 0.5 * x + f(a), 0.0, a))(X),
}


def _written(x: Any) -> Any:
    y = x * 1.0
    y += 1.0
    return y


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_transform_refuses(name: str) -> None:
    with pytest.raises(AutogradError) as caught:
        TRANSFORMS[name](leaving)
    assert any(re.search(rf"math\.sin\(\) .*{HERE}:[0-9]+.*numpy\.sin", str(e)) for e in chain(caught.value))
    x = tensor(AT, requires_grad=True)
    assert float(x) == AT
    assert float(x * 2) == AT * 2  # the tape is as it was


@pytest.mark.parametrize("name", TRANSFORMS)
def test_what_asks_for_a_value_by_name_or_compares_is_allowed(name: str) -> None:
    seen: list[Any] = []

    def asks(x: Any) -> Any:
        y = x * x
        seen.append(f"{y:.3f} {y} {y!r}")
        if isinstance(y, Tensor):
            seen.append([y.item(), y.tolist(), y.data, y.numpy(), y.detach()])
            assert float(y.detach()) >= 0
            with no_grad():
                assert float(y) == y.item()
                assert float(y + 1) == (y + 1).item()
        assert "%.3f" % y == f"{y:.3f}"  # noqa: UP031  # which is what is tested
        assert y
        assert y > -1
        assert max(y, -1.0) is y
        assert not math.isnan(y)
        assert list(range(9))[int(y)] == list(range(9))[math.floor(y)] == math.trunc(y) == math.ceil(y) - 1
        return y

    TRANSFORMS[name](asks)
    assert seen


VALUES: dict[str, Callable[[Any], Any]] = {
    "item": lambda x: (x * x).item(),
    "of the input": lambda x: x.item() * 2.0,
    "tolist": lambda x: sum((x * np.ones(2)).tolist()),
    "data": lambda x: (x * np.ones(2)).data.sum(),
    "numpy": lambda x: np.sin((x * 2).numpy())[()],
    "in a helper": lambda x: VALUES["item"](x + 1) + 1.0,
}
DERIVATIVES = [
    "grad", "value_and_grad", "elementwise_grad", "vjp", "jvp", "jacobian", "jacobian, forward", "hessian", "ggnvp",
    "linearize", "hvp", "of a live primal", "of an element of a dict",
]  # fmt: skip


@pytest.mark.parametrize("taken", VALUES)
@pytest.mark.parametrize("name", DERIVATIVES)
def test_a_constant_made_of_a_value_is_warned_of(name: str, taken: str) -> None:
    with pytest.warns(
        UserWarning, match=rf"returned a constant, whose derivatives are zero.*{HERE}:\d+: use the tensor"
    ):
        TRANSFORMS[name](VALUES[taken])


@pytest.mark.parametrize("name", DERIVATIVES)
@pytest.mark.filterwarnings("error")
def test_other_constants_and_values_are_not_warned_of(name: str) -> None:
    functions: list[Callable[[Any], Any]] = [
        lambda x: 3.0,
        lambda x: (x.detach() * 2) * 1.0,
        lambda x: x * 2.0 + 0 * min(x.item(), 0),  # linear: what `grad` returns is a constant
        lambda x: x * x.item(),
    ]
    for function in functions:
        TRANSFORMS[name](function)
        assert np.all(grad(lambda x: 3.0)(X) == 0)


@pytest.mark.filterwarnings("error")
def test_values_that_a_function_took_before_it_failed_are_none_of_another() -> None:
    def fails(x: Any) -> Any:
        return x.item() / 0

    givens: list[Any] = [{}, X]
    for given in givens:
        with pytest.raises(ZeroDivisionError):
            grad(fails)(X)
        grad(lambda x: 3.0)(given)


def test_what_does_not_depend_on_an_input_is_left_alone() -> None:
    weight = tensor([1.0, 2.0], requires_grad=True)

    def mixed(x: Any) -> Any:
        return x * float(weight.sum()) + math.exp(tensor(1.0)) * 0

    assert grad(mixed)(2.0) == 3.0


def test_what_is_kept_after_the_function_has_been_evaluated_is_free() -> None:
    kept: list[Any] = []

    def keeps(x: Any) -> Any:
        kept.append(x * 2)
        return x * x

    grad(keeps)(2.0)
    assert float(kept.pop()) == 4.0
    _, pull = vjp(keeps, 3.0)
    assert float(kept.pop()) == 6.0
    assert pull(1.0) == (6.0,)


def test_an_exception_ends_it() -> None:
    kept: list[Any] = []

    def fails(x: Any) -> Any:
        kept.append(x)
        raise KeyError

    for transform in (
        lambda: grad(fails)(1.0),
        lambda: jvp(fails, 1.0, 1.0),
        lambda: gradcheck(fails, 1.0, fast_mode=True),
    ):
        with pytest.raises(KeyError):
            transform()
        assert float(kept.pop()) == 1.0


def test_threads_on_the_tape_do_not_notice() -> None:
    inside, outside = threading.Event(), threading.Event()
    found: list[float] = []

    def train() -> None:
        assert inside.wait(60)
        loss = tensor(3.0, requires_grad=True) * 2
        found.append(float(loss))
        outside.set()

    def waits(x: Any) -> Any:
        inside.set()
        assert outside.wait(60)
        return x * x

    thread = threading.Thread(target=train)
    thread.start()
    assert grad(waits)(2.0) == 4.0
    thread.join()
    assert found == [6.0]


def test_transforms_side_by_side_in_coroutines() -> None:
    async def one(x: float) -> Any:
        await asyncio.sleep(0)
        with pytest.raises(GraphError, match=r"math\.sin"):
            grad(leaving)(x)
        return grad(lambda y: y * y)(x)

    async def all_of_them() -> Any:
        return await asyncio.gather(*[one(float(x)) for x in range(5)])

    assert asyncio.run(all_of_them()) == [0.0, 2.0, 4.0, 6.0, 8.0]


def test_a_generator_that_outlives_the_function() -> None:
    def halves(x: Any) -> Iterator[Any]:
        while True:
            yield float(x)

    kept: list[Iterator[Any]] = []

    def makes(x: Any) -> Any:
        kept.append(halves(x))
        return x

    grad(makes)(2.0)
    assert next(kept[0]) == 2.0
    with pytest.raises(GraphError, match="float"):
        grad(lambda x: x * next(halves(x)))(2.0)


def test_copies_within_a_function_are_recorded_and_pickles_refused() -> None:
    assert grad(lambda x: copy.copy(x) * x)(3.0) == 6.0
    assert grad(lambda p: copy.deepcopy(p)["a"] ** 2)({"a": 3.0}) == {"a": 6.0}
    shared = grad(lambda x: operator.mul(*copy.deepcopy([x, x])))(3.0)
    assert shared == 6.0
    with pytest.raises(GraphError, match=rf"pickle\.dumps\(\) .*{HERE}"):
        grad(lambda x: pickle.loads(pickle.dumps(x)) * x)(3.0)
    for make in (Tensor, tensor):
        with pytest.raises(GraphError, match="would cut it"):
            grad(lambda x, make=make: make(x) * x)(3.0)
    assert grad(lambda x: as_tensor(x) * x)(3.0) == 6.0
    x = tensor(3.0, requires_grad=True)
    assert not copy.copy(x * 2).requires_grad  # on the tape copies are values
    assert not Tensor(x).requires_grad


# Values


def test_math_takes_no_value() -> None:
    a = Value(0.5)
    functions: list[Any] = [math.exp, cmath.exp, math.hypot]
    for function in functions:
        with pytest.raises(GraphError, match=rf"function\(\) on this value, at {HERE}.*numpy\.(exp|hypot) instead"):
            a * function(a)
    with pytest.raises(GraphError, match=r"math\.sin\(\) on this value"):
        math.sin(a)
    assert (math.isnan(a), math.floor(a), math.ceil(a), math.trunc(a), int(a)) == (False, 0, 1, 0, 0)
    assert float(a) == 0.5
    assert "%.1f %s" % (a, f"{a:.1f}") == "0.5 0.5"  # noqa: UP031  # which is what is tested
    with no_grad():
        assert math.exp(a) == math.exp(0.5)


def test_a_value_that_is_checked_is_no_number() -> None:
    assert gradcheck(lambda a: a * np.exp(a), Value(0.5), fast_mode=True)
    for leave in (lambda a: a * float(a), lambda a: a * math.exp(a), lambda a: a * np.float64(a)):
        with pytest.raises(GraphError, match=f"on this value, at {HERE}"):
            gradcheck(leave, Value(0.5), fast_mode=True)
    with pytest.raises(GraphError, match=r"copy\.copy\(\) on this value"):
        gradcheck(lambda a: a * copy.copy(a), Value(0.5), fast_mode=True)


# What the errors say

MESSAGES: list[tuple[Callable[[Any], Any], str]] = [
    (lambda x: math.atan2(x, x), r"math\.atan2\(\) on this tensor, at .*numpy\.arctan2 instead.*t\.detach\(\)"),
    (lambda x: math.erf(x), r"math\.erf\(\).*scipy\.special\.erf instead"),
    (lambda x: cmath.phase(x), r"cmath\.phase\(\).*numpy\.angle instead"),
    (lambda x: float(x), r"float\(\) on this tensor.*leave float\(\) away"),
    (lambda x: complex(x), r"complex\(\) on this tensor.*leave complex\(\) away"),
    (lambda x: statistics.fmean([x, x]), r"statistics\.fmean\(\).*numpy\.mean of numpy\.stack"),
    (lambda x: np.array([x, x]), r"np\.array\(\) on this tensor.*numpy\.stack\(\[\.\.\.\]\) makes one tensor"),
    (lambda x: np.mean([x, x]), r"np\.mean\(\).*numpy\.stack\(\[\.\.\.\]\)\. Where .*t\.item\(\)"),
    (lambda x: np.random.default_rng(0).normal(x), r"would cut it from its graph.*t\.detach\(\)"),
    (lambda x: np.ma.log(x * np.ones(2)), r"np\.ma\.log\(\).*use numpy\.log: a tensor has no mask: fill"),
    (lambda x: np.ma.array([1.0], mask=[False]) * x, "a tensor has no mask: fill the masked array"),
    (lambda x: x * np.ma.array([1.0], mask=[False]), "a tensor has no mask: fill the masked array"),
    (lambda x: pd.Series([1.0]) @ (x * np.ones(1)), "pandas takes values.*put the tensor first.*t.detach"),
    (lambda x: pd.DataFrame({"a": x * np.ones(2)}), r"pd\.DataFrame\(\) on this tensor.*pandas takes values"),
    (lambda x: scipy.linalg.expm(x * np.eye(2)), r"scipy\.linalg\.expm has no .*: autograd\.scipy\.linalg\.expm has"),
    (lambda x: scipy.linalg.schur(x * np.eye(2)), r"\.schur has no .*: .*, expm, .*of autograd\.scipy\.linalg"),
    (lambda x: scipy.linalg.pinv(x * np.eye(2)), r"scipy\.linalg\.pinv has no .* here: numpy\.linalg\.pinv has"),
    (lambda x: scipy.fft.dct(x * np.ones(2)), r"scipy\.fft\.dct has no derivative here: autograd\.scipy\.fft\.dct has"),
    (lambda x: scipy.linalg.circulant(x * np.ones(2)), r"scipy\.linalg\.circulant has no .*, toeplitz of autograd"),
    (lambda x: scipy.stats.norm.pdf(x), r"norm\.pdf has no derivative here: .*autograd\.scipy\.stats"),
    (lambda x: scipy.spatial.distance.cdist(x * [[1.0]], [[1.0]]), r"autograd\.scipy\.spatial\.distance\.c"),
    (lambda x: scipy.special.agm(x, 2.0), r"scipy\.special\.agm has no .*autograd\.general\(scipy\.special\.agm,"),
    (lambda x: xr.DataArray(x * np.ones(2), {"x": [1, 2]}, "x").interp(x=[1.5]), "xarray takes values: .*apply_u"),
    (lambda x: scipy.sparse.csr_array([[1.0]]).multiply(x), r"scipy\.sparse.* has no .*A @ t and t @ A of a sparse"),
    (lambda x: scipy.integrate.quad(lambda t: x * t, 0, 1), r"\.quad has no .*: autograd\.scipy\.integrate\.quad has"),
    (lambda x: scipy.special.softmax(x * np.ones(2)), r"scipy\.special\.softmax has no.*autograd\.special\.softmax"),
    (lambda x: np.unique(x * np.ones(2)), r"np\.unique\(\) on this tensor.*return_index"),
    (lambda x: np.histogram(x * np.ones(2)), r"np\.histogram\(\) on this tensor.*pass edges as bins="),
    (lambda x: np.from_dlpack(x * np.ones(2)), r"np\.from_dlpack\(\) on this tensor, at .*t\.detach\(\)"),
    (lambda x: np.array([[x, 0.0], [0.0, x]]), r"np\.array\(\) on this tensor.*numpy\.block\("),
    (lambda x: np.c_[x * np.ones(2), np.ones(2)], "numpy.column_stack take tensors"),
    (lambda x: np.add(x, 1.0, out=np.zeros(())), "out=.*at .*leave out= away"),
    (lambda x: np.copyto(np.zeros(3), x), "copyto.*at .*make the ndarray a tensor"),
    (lambda x: Tensor(x), r"Tensor\(\) on this tensor"),
]  # fmt: skip


@pytest.mark.parametrize(("leave", "words"), MESSAGES)
def test_what_is_said(leave: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(AutogradError) as caught:
        grad(leave)(AT)
    message = str(caught.value)
    assert re.search(words, message), message
    assert re.search(rf"at {HERE}:[0-9]+", message)


OF_NUMPY = {
    **{f"np.{name}": getattr(np, name) for name in np.__all__ if callable(getattr(np, name))},
    **{f"np.random.{name}": getattr(np.random, name) for name in np.random.__all__},
    **{f"rng.{name}": getattr(np.random.default_rng(0), name) for name in dir(np.random.Generator)},
    **{f"np.{part}.{name}": getattr(getattr(np, part), name) for part in ("linalg", "fft")
       for name in getattr(np, part).__all__},
    **{f"np.lib.stride_tricks.{name}": getattr(np.lib.stride_tricks, name)
       for name in ("as_strided", "sliding_window_view")},
    **{f"np.polynomial.{name}": getattr(np.polynomial, name) for name in np.polynomial.__all__},
    **{f"np.add.{name}": getattr(np.add, name) for name in ("reduce", "accumulate", "at", "outer", "reduceat")},
    "np.c_[x]": np.c_.__getitem__, "np.r_[x, x]": np.r_.__getitem__,
    "np.vectorize": np.vectorize(lambda x: x * x),
}  # fmt: skip
# What gives no numbers that depend on those it is given; of these the value alone is meant.
_ONLY_VALUES = {
    "bartlett", "blackman", "datetime_as_string", "diag_indices", "hamming", "hanning", "info", "is_busday", "isnat",
    "kaiser", "min_scalar_type", "mintypecode", "packbits", "show_config", "show_runtime", "test", "unpackbits",
    "poly1d", "format_float_positional", "format_float_scientific",
    *(("ndindex", "trapz") if np.lib.NumpyVersion(np.__version__) < "2.4.0" else ()),  # which call others there
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
def test_every_function_of_numpy_that_takes_values_alone_is_told_what_has_a_gradient() -> None:
    told, bare = 0, []
    calls = (lambda f, x: f(x), lambda f, x: f([x, x]), lambda f, x: f(x, x), lambda f, x: f(x, (2, 2)))
    for (name, function), call in itertools.product(OF_NUMPY.items(), calls):
        is_type = isinstance(function, type) and issubclass(function, np.generic)
        if is_type and not issubclass(function, np.inexact):
            continue
        last = name.rpartition(".")[2]
        if function in plain or last in _ONLY_VALUES or last.startswith(("__", "set")):
            continue
        with suppress(Exception):
            try:
                grad(lambda x, function=function, call=call: call(function, x * 1.0))(np.array([0.3, 0.6]))
            except GraphError as error:
                if "would cut it" in str(error):
                    told += 1
                    if ". Where the value alone" not in str(error):
                        bare.append(name)
    assert not bare
    assert told > 100


def test_what_matplotlib_masks_is_no_masked_array_of_the_user() -> None:
    axes = pytest.importorskip("matplotlib.figure").Figure().subplots()
    with pytest.raises(GraphError, match=rf"axes\.scatter\(\) on this tensor, at {HERE}.*: matplotlib takes values"):
        grad(lambda x: axes.scatter(x, x))(np.ones(2))


def test_a_store_in_an_ndarray_says_so() -> None:
    stored: Any = np.zeros(3)
    with pytest.raises((GraphError, ValueError)) as caught:
        grad(lambda x: stored.__setitem__(0, x))(AT)
    assert any("would cut it" in str(e) for e in chain(caught.value))

    def stores(x: Any) -> Any:
        kept = np.zeros(3, complex)
        kept[0] = x
        return kept[0].real

    with pytest.raises(GraphError, match=rf"storing this tensor in an element of an ndarray, at {HERE}.*numpy\.stack"):
        grad(stores)(AT)


def test_calls_are_known_however_they_are_written_and_however_often_they_run() -> None:
    from math import cos as cosine

    functions = {"sin": math.sin}

    def local(sine: Any, x: Any) -> Any:
        return x * sine(x)

    ways: dict[str, Callable[[Any], Any]] = {
        r"math\.sin\(\)": lambda x: math.sin(x),
        r"cosine\(\)": lambda x: cosine(x),
        r"converting this tensor to a number": lambda x: functions["sin"](x),
        r"math\.pow\(\)": lambda x: math.pow(*[x, 2.0]),
        r"math\.log\(\)": lambda x: math.log(
            x,
            2.0,
        ),
        r"math\.tan\(\)": lambda x: sum([math.tan(y) for y in [x]]),
        r"sine\(\)": lambda x: local(math.sin, x),
        r"math\.exp\(\)": lambda x: math.exp(x) + math.sin(x),
    }
    for words, leave in ways.items():
        for _ in range(40):  # after some runs Python specialises its instructions
            leave(AT)
            with pytest.raises(GraphError, match=f"^{words}.*{HERE}"):
                grad(leave)(AT)


def test_there_is_something_in_place_of_everything_in_math() -> None:
    of_integers = {"factorial", "gcd", "isqrt", "lcm", "perm"}
    constant = {"ceil", "floor", "trunc", *(name for name in dir(math) if name.startswith("is"))}
    recorded = {"prod"}  # it multiplies
    for module in (math, cmath):
        for name in dir(module):
            if name.startswith("_") or not callable(getattr(module, name)) or name in of_integers | constant | recorded:
                continue
            remedy = OTHERWISE.get(name, f"numpy.{name}")
            if re.fullmatch(r"(numpy|scipy\.special)(\.\w+)+", remedy):
                place, _, attribute = remedy.rpartition(".")
                function = getattr(importlib.import_module(place), attribute)
                assert function in operations or function in plain or place == "scipy.special"


def test_other_ways_out_that_raise_errors_of_their_own() -> None:
    with pytest.raises(struct.error):
        grad(lambda x: struct.unpack("d", struct.pack("d", x))[0])(AT)


def test_numpy_functions_without_a_derivative_name_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    function: Any = np.rot90
    monkeypatch.delitem(operations, function)
    with pytest.raises(UnsupportedError, match=rf"numpy\.rot90 has no derivative here.*at {HERE}.*take no account"):
        grad(lambda x: np.rot90(x * np.ones((2, 2))).sum())(AT)


def test_edges_and_sets_of_values_are_plain_on_the_tape() -> None:
    x = tensor([1.0, 2.0, 2.0], requires_grad=True)
    assert np.unique(x).tolist() == [1.0, 2.0]
    assert np.histogram(x, 2)[1].tolist() == [1.0, 1.5, 2.0]
    counts: Any = grad(lambda y: (np.histogram(y, [0.0, 1.5, 3.0])[0] * y[:2]).sum())
    assert counts(np.array([1.0, 2.0, 2.0])).tolist() == [1.0, 2.0, 0.0]
    taken: Any = grad(lambda y: y[np.unique(y.detach(), return_index=True)[1]].sum())
    assert taken(np.array([1.0, 2.0, 2.0])).tolist() == [1.0, 1.0, 0.0]


def test_every_public_transform_is_looked_at() -> None:
    """What takes a function first differentiates it, but for what declares operations, decorates and computes again.

    `vmap` has a test of its own, `test_vmap_leaving`; what `compile` records has tests/compile/test_refusals.py.
    """
    declare = {
        "vmap",
        "compile",
        "cached_arrays",
        "called",
        "layout_alone",
        "unrecorded",
        "outside",
        "composed",
        "elementwise",
        "general",
        "linear",
        "multilinear",
        "not_differentiable",
        "tree_map",
    }
    functions = {name: getattr(module, name) for module in (autograd, autograd.extend) for name in module.__all__}
    first = {name: next(iter(signature(f).parameters), "") for name, f in functions.items() if isfunction(f)}
    of_functions = {name for name, parameter in first.items() if parameter in ("function", "fn")}
    assert_listed(of_functions - declare, TRANSFORMS, "TRANSFORMS in tests/tensors/test_conversions.py")
