"""The functions of fused loops: over all float32 numbers, over float64 numbers by mpmath, at edges, beside NumPy's.

By default every 4,093rd float32 number is looked at. With PLAINGRAD_ALL_FLOATS=1 all are, which takes some minutes.
"""

import math
import os
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from llvmlite import ir

from autograd.transforms.compile.fused.bits import Number
from autograd.transforms.compile.fused.loops import machine_function, machine_loop
from autograd.transforms.compile.fused.mathematics import WRITTEN

from ..thorough import few

Array = np.ndarray[Any, Any]
NAMES = sorted({name for name, _ in WRITTEN})
STEP = 1 if os.environ.get("PLAINGRAD_ALL_FLOATS") else 4093

# By how many units in the last place a result may differ from the exact one, in float32 and float64; with processors
# that round a multiplication and an addition once, and with those that round twice.
LIMITS = {
    "cosh": (1.6, 1.6),
    "erf": (1.2, 1.2),
    "exp": (1.1, 1.1),
    "expm1": (1.6, 2.0),
    "log": (0.9, 0.9),
    "cos": (0.6, 0.8),
    "log1p": (0.9, 0.9),
    "sin": (0.6, 0.8),
    "tanh": (2.6, 2.7),
}


WIDER: dict[str, Callable[[Array], Array]] = {"erf": scipy.special.erf}  # the others are NumPy's


def loop_of(name: str, dtype: Any) -> Callable[[Array], Array]:
    def write(builder: Any, args: Any) -> Any:
        source, target, count = args
        kind = (ir.FloatType() if dtype is np.float32 else ir.DoubleType()).as_pointer()
        x, out = (builder.inttoptr(address, kind) for address in (source, target))
        with machine_loop(builder, count) as i:
            result = WRITTEN[name, dtype](Number(builder, builder.load(builder.gep(x, [i]))))
            builder.store(result.value, builder.gep(out, [i]))
        return ir.IntType(1)(1)

    function = machine_function(f"{name} {np.dtype(dtype)}", 2, 1, write)

    def apply(x: Array) -> Array:
        out = np.empty_like(x)
        function(id(x), id(out), x.size)
        return out

    return apply


@pytest.fixture(scope="module")
def loops() -> dict[Any, Callable[[Array], Array]]:
    return {key: loop_of(*key) for key in WRITTEN}


def test_each_function_has_a_limit_and_both_formats() -> None:
    assert LIMITS.keys() == {*NAMES}
    assert WRITTEN.keys() == {(name, dtype) for name in NAMES for dtype in (np.float32, np.float64)}


def all_float32(step: int) -> Iterator[Array]:
    """Yield float32 numbers in chunks: every `step`-th of all bit patterns."""
    for start in range(0, 1 << 32, step << 20):
        stop = min(start + (step << 20), 1 << 32)
        yield np.arange(start, stop, step, dtype=np.uint64).astype(np.uint32).view(np.float32)


def units(found: Array, exact: Array) -> Array:
    """Return by how many units in the last place float32 numbers differ from exact float64 ones; 0 for the same nan."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(np.float32)
        unit = np.spacing(np.abs(np.where(np.isfinite(rounded), rounded, 1)))
        difference = np.abs(found - exact) / unit
    same = np.where(np.isnan(rounded), np.isnan(found), found == rounded)
    return np.where(same & ~np.isfinite(rounded), 0, np.where(np.isnan(difference), np.inf, difference))


@pytest.mark.one_in(6)
@pytest.mark.parametrize("name", NAMES)
def test_float32(name: str, loops: Any) -> None:
    wide, worst, peer = WIDER.get(name) or getattr(np, name), 0.0, 0.0
    for x in all_float32(STEP):
        with np.errstate(all="ignore"):
            exact, numpy_own = wide(x.astype(float)), (WIDER.get(name) or getattr(np, name))(x)
        found = loops[name, np.float32](x)
        zero = exact == 0
        assert np.array_equal(np.signbit(found[zero]), np.signbit(exact[zero]))
        worst, peer = max(worst, units(found, exact).max()), max(peer, units(numpy_own, exact).max())
    print(f"{name}: {worst:.2f} units, NumPy {peer:.2f}")
    assert worst <= LIMITS[name][0]


def edges(dtype: Any) -> Array:
    info = np.finfo(dtype)
    sizes = [
        0.0,
        info.smallest_subnormal,
        info.tiny / 8,
        info.tiny,
        info.eps,
        0.5,
        1.0,
        2.0,
        10.0,
        1e4,
        info.max,
        np.inf,
    ]
    # where exp overflows, becomes subnormal, and 0
    turns = [math.log(float(info.max)), -math.log(float(info.tiny)), -math.log(float(info.smallest_subnormal))]
    around = [np.nextafter(dtype(turn), dtype(way)) for turn in (*turns, 1.0) for way in (0, np.inf)]
    positive = np.array([*sizes, *turns, *around], dtype)
    return np.array([*positive, *-positive, np.nan], dtype)


@pytest.mark.one_in(6)
@pytest.mark.parametrize(("name", "dtype"), WRITTEN)
def test_edges_are_numpys(name: str, dtype: Any, loops: Any) -> None:
    x = edges(dtype)
    with np.errstate(all="ignore"):
        expected = (WIDER.get(name) or getattr(np, name))(x)
    found = loops[name, dtype](x)
    special = ~np.isfinite(expected) | (expected == 0)
    np.testing.assert_array_equal(found[special], expected[special])
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found)[numbers], np.signbit(expected)[numbers])
    ordinary = ~special
    unit = np.spacing(np.abs(expected[ordinary]))
    assert (np.abs(found[ordinary] - expected[ordinary]) <= 3 * unit).all()


def float64(name: str) -> st.SearchStrategy[float]:
    any_size = st.floats(allow_nan=False, allow_infinity=False)
    usual = st.floats(-40, 40)
    return (
        (st.floats(-745 if name == "exp" else -709.7, 709.7) | usual)
        if name in ("cosh", "exp", "expm1")
        else any_size | usual
    )


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", NAMES)
@few(60)
@given(data=st.data())
def test_float64(name: str, data: Any, loops: Any) -> None:
    x = data.draw(float64(name))
    if x <= {"log": 0, "log1p": -1}.get(name, -np.inf):
        x = abs(x) or 1.0
    found = float(loops[name, np.float64](np.array([x]))[0])
    with mpmath.workdps(60):
        exact = getattr(mpmath, name)(mpmath.mpf(x))
        error = abs(mpmath.mpf(found) - exact) / mpmath.mpf(float(np.spacing(abs(float(exact)))))
    assert error <= LIMITS[name][1], (x, found)
