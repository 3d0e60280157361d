"""Compares what a compiled function gives with what the function itself gives: bit by bit, or to rounding if fused.

With the environment variable PLAINGRAD_BACKEND=numba, the tests of this folder compile with fused loops. A number may
then differ by `UNITS` units in the last place of the largest number of its array, or, where the function itself is more
sensitive, by `UNITS` times what the array differs by if each argument is changed by a few units in its last place.
"""

import dataclasses
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd import Tensor, compile

__all__ = ["assert_same", "compiled", "differs", "disagreement", "is_fused", "shifted"]

BACKEND: Any = os.environ.get("PLAINGRAD_BACKEND", "numpy")
UNITS, SHIFTS = 4, 4

Array = np.ndarray[Any, Any]


def compiled(function: Callable[..., Any], **options: Any) -> Any:
    """Compile a function with the backend that is tested."""
    return compile(function, backend=BACKEND, **options)


def is_fused() -> bool:
    """Tell whether results may differ by rounding."""
    return bool(BACKEND == "numba")


def differs(expected: Any, found: Any, near: Sequence[Any] = ()) -> str:
    """Say in what two results differ; nothing if they are of the same types and numbers.

    `near` has the results for arguments that are changed a little.
    """
    if type(expected) is not type(found):
        return f"{type(found).__name__} in place of {type(expected).__name__}"
    if isinstance(expected, dict):
        if list(expected) != list(found):
            return f"keys {list(found)} in place of {list(expected)}"
        expected, found = list(expected.values()), list(found.values())
        near = [list(other.values()) for other in near]
    elif dataclasses.is_dataclass(expected):
        return differs(vars(expected), vars(found), [vars(other) for other in near])
    if isinstance(expected, list | tuple):
        if len(expected) != len(found):
            return f"{len(found)} parts in place of {len(expected)}"
        for i, (x, y) in enumerate(zip(expected, found, strict=True)):
            if said := differs(x, y, [other[i] for other in near if i < len(other)]):
                return f"[{i}]: {said}"
        return ""
    if isinstance(expected, Tensor):
        if expected.requires_grad != found.requires_grad:
            return f"requires_grad={found.requires_grad}"
        expected, found = expected.data, found.data
        near = [other.data for other in near]
    x, y = np.asarray(expected), np.asarray(found)
    if (x.shape, x.dtype) != (y.shape, y.dtype):
        return f"shape {y.shape} and dtype {y.dtype} in place of {x.shape} and {x.dtype}"
    if x.tobytes() == y.tobytes():
        return ""
    units = _units(x, y, near) if is_fused() and x.dtype.kind in "fc" else np.inf
    return "" if units <= UNITS else f"{found} in place of {expected}, {units:.3g} units"


def _units(x: Array, y: Array, near: Sequence[Any]) -> float:
    """Return by how many units a number differs at most; a unit is no less than what other arguments change."""
    with np.errstate(all="ignore"):
        unit = np.spacing(np.abs(x[np.isfinite(x)]).max(initial=0))
        for other in near:
            if np.shape(other) == x.shape:
                change = np.abs(other - x)
                unit = max(unit, change[np.isfinite(change)].max(initial=0))
        units = np.where((x == y) | (np.isnan(x) & np.isnan(y)), 0, np.abs(x - y) / unit)
    return float(np.nan_to_num(units, nan=np.inf, posinf=np.inf).max(initial=0))


def shifted(x: Any, which: int) -> Any:
    """Return an array, each number of which was changed by some units in the last place, equal ones alike.

    Integers stay what they are: they may be labels, or at an edge of what a function takes.
    """
    if not isinstance(x, np.ndarray | np.generic) or x.dtype.kind not in "fc":
        return x.copy() if isinstance(x, np.ndarray) else x
    with np.errstate(all="ignore"):
        up = np.sin(1e4 * (which + 1) * np.abs(x).astype(float)) > 0
        change = (1 + which) * np.finfo(x.dtype).eps
        other = x * np.where(up, 1 + change, 1 - change)
        changed: Any = np.where((x == np.round(x)) | ~np.isfinite(x), x, other).astype(x.dtype)
    return changed


def disagreement(function: Callable[..., Any], args: Sequence[Any], expected: Any, found: Any) -> str:
    """Say in what a result of a compiled function differs from that of the function itself."""
    said = differs(expected, found)
    if not said or not is_fused():
        return said
    near = [function(*[shifted(x, which) for x in args]) for which in range(SHIFTS)]
    return differs(expected, found, near)


def assert_same(function: Callable[..., Any], *values: tuple[Any, ...], programs: int = 1, replays: bool = True) -> Any:
    """Compare a compiled function with the function itself: at its first values recorded, at the others replayed.

    The results are compared once more at the end: what was returned must not change in later calls.
    """
    recorded = compiled(function)
    found, expected = [], []
    for args in values:
        found.append(recorded(*args))
        expected.append(function(*args))
        said = disagreement(function, args, expected[-1], found[-1])
        assert not said, f"call {len(found)}: {said}\n\n{recorded.source() if recorded.programs[0]._printed else ''}"
    assert len(recorded.programs) == programs
    assert not replays or not any(program.diverged for program in recorded.programs)
    for args, x, y in zip(values, expected, found, strict=True):
        assert not disagreement(function, args, x, y)
    return recorded
