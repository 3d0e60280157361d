"""What a step computes that its reverse pass reads, and that is better kept than computed again from the state."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..program import Call, Traced, traced_in

MOST = 32_000_000  # bytes: memory for more is a new one in each call, which takes longer to get than to compute again
# functions that take about as long as to keep a number and to read it again
_SHORT = frozenset((
    np.add, np.subtract, np.multiply, np.negative, np.positive, np.absolute, np.square, np.conjugate, np.maximum,
    np.minimum, np.fmax, np.fmin, np.sign, np.equal, np.not_equal, np.less, np.less_equal, np.greater,
    np.greater_equal, np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.isfinite, np.isnan, np.isinf,
))  # fmt: skip
_LONG = frozenset((
    operator.truediv, operator.pow, operator.matmul, pow, np.dot, np.ndarray.dot, np.linalg.solve, np.linalg.inv,
    np.linalg.cholesky, np.linalg.det,
))  # fmt: skip


def kept(step: Sequence[Call], both: Sequence[Call], later: Iterable[Any]) -> tuple[list[Any], list[Call]]:
    """Return the values to keep, and the calls that make them and that the step does not have.

    Parameters
    ----------
    step
        The calls of a step.
    both
        Those of the step and of its reverse pass.
    later
        The variables that the step does not know, such as gradients.
    """
    own = set(map(id, step))
    unknown = {id(x) for x in later}
    written = {id(call.writes) for call in both if call.writes is not None}
    makers: dict[int, Call] = {}
    long: dict[int, set[int]] = {}  # by variable: the calls it comes from that take long
    wanted: dict[int, Any] = {}
    for call in both:
        reads, made = call.reads(), traced_in(call.result)
        if (id(call) not in own and call.writes is not None) or any(
            id(x) in unknown or id(x.memory) in unknown for x in reads
        ):
            unknown.update(map(id, (*made, *(() if call.writes is None else (call.writes,)))))
            wanted.update((id(x), x) for x in reads if id(x) not in unknown and long.get(id(x)))
            continue
        calls = set[int]().union(*(long.get(id(x), ()) for x in reads))
        if _takes_long(call):
            calls.add(id(call))
        for x in made:
            makers[id(x)], long[id(x)] = call, calls
    values = [x for x in wanted.values() if _suits(x, written)]
    needed = _leading_to(values, makers)
    again = {key for x in wanted.values() if not _suits(x, written) for key in long[id(x)]}
    saved = [traced_in(call.result) for call in needed if _takes_long(call) and id(call) not in again]
    if sum(x.size for made in saved for x in made) < sum(x.size for x in values):
        return [], []
    return values, [call for call in both if call in needed and id(call) not in own]


def _takes_long(call: Call) -> bool:
    return (isinstance(call.function, np.ufunc) and call.function not in _SHORT) or call.function in _LONG


def _suits(x: Any, written: set[int]) -> bool:
    return isinstance(x, Traced) and x.dtype.kind == "f" and id(x.memory) not in written


def _leading_to(values: list[Any], makers: dict[int, Call]) -> set[Call]:
    pending, found = list(values), set[Call]()
    while pending:
        call = makers.get(id(pending.pop()))
        if call is not None and call not in found:
            found.add(call)
            pending += call.reads()
    return found
