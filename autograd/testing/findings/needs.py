"""Variants of a failing example: which shapes, keyword arguments and dtypes the error needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..points.cases import Case, Shapes

Keywords = tuple[tuple[str, object], ...]
Fails = Callable[[Case], bool | None]  # None: the function does not take it

FEW_SHAPES, MOST_SHAPES = 4, 16


def needed(case: Case, shapes: Sequence[Shapes], keywords: Sequence[Keywords], fails: Fails) -> str:
    """Return in words what the error of `case` needs; nothing if no other example was found to be right."""
    found = [_of_dtypes(case, fails), _of_keywords(case, keywords, fails), _of_shapes(case, shapes, fails)]
    return ", ".join(filter(None, found))


def _of_dtypes(case: Case, fails: Fails) -> str:
    double = replace(case, dtypes=("float64",) * len(case.dtypes))
    if case.dtypes == double.dtypes or fails(double) is not False:
        return ""
    if all(np.dtype(dtype).kind == "c" for dtype in case.dtypes):
        return "only for complex numbers"
    return "only where " + " and ".join(f"input {i} is {d}" for i, d in enumerate(case.dtypes) if d != "float64")


def _of_keywords(case: Case, keywords: Sequence[Keywords], fails: Fails) -> str:
    if len(keywords) < 2:
        return ""
    outcomes = [(dict(each), fails(replace(case, keywords=each))) for each in keywords]
    for name, value in case.keywords:
        holds = [(known.get(name) is value, bad) for known, bad in outcomes if bad is not None]
        if all(same == bad for same, bad in holds) and not all(bad for _, bad in holds):
            return f"only with {name}={value!r}"
        for other in {repr(known.get(name)): known.get(name) for known, _ in outcomes}.values():
            holds = [(known.get(name) is not other, bad) for known, bad in outcomes if bad is not None]
            if all(same == bad for same, bad in holds) and not all(bad for _, bad in holds):
                return f"only if {name} is not {other!r}"
    return ""


def _of_shapes(case: Case, shapes: Sequence[Shapes], fails: Fails) -> str:
    outcomes = {case.shapes: True}
    for each in [s for s in shapes if s != case.shapes and (_is_empty(case.shapes) or not _is_empty(s))]:
        bad = fails(replace(case, shapes=each))
        if bad is not None:
            outcomes[each] = bad
        if len(outcomes) > MOST_SHAPES or (len(outcomes) > FEW_SHAPES and all(outcomes.values())):
            break
    if all(outcomes.values()):
        return ""
    for text, holds in _traits(list(outcomes), case.shapes):
        if holds == list(outcomes.values()):
            return text
    largest = {each: max(map(_count, each)) for each in outcomes}
    right = max(largest[each] for each, bad in outcomes.items() if not bad)
    if right < min(largest[each] for each, bad in outcomes.items() if bad):
        smaller = smallest_side(case, fails)
        return f"only for arrays of {max(map(_count, smaller.shapes))} elements and more"
    return ""


def _is_empty(shapes: Shapes) -> bool:
    return any(0 in shape for shape in shapes)


def _count(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape))


def _traits(tried: Sequence[Shapes], failed: Shapes) -> Iterator[tuple[str, list[bool]]]:
    yield "only for arrays without elements", [any(0 in s for s in each) for each in tried]
    yield "only for 0-d arrays", [all(s == () for s in each) for each in tried]
    yield "only if an input is 0-d", [any(s == () for s in each) for each in tried]
    yield "only where inputs broadcast", [len(set(each)) > 1 for each in tried]
    yield "only where inputs have the same shape", [len(set(each)) == 1 for each in tried]
    for axes in sorted({len(s) for s in failed}):
        yield f"only for arrays of {axes} axes", [any(len(s) == axes for s in each) for each in tried]
        if axes > 1:
            yield f"only for arrays of {axes} axes and more", [any(len(s) >= axes for s in each) for each in tried]
    yield "only for one element", [all(_count(s) == 1 for s in each) for each in tried]
    yield "only where an axis has size 1", [any(1 in s for s in each) for each in tried]


def smallest_side(case: Case, fails: Fails) -> Case:
    """Return the case with its largest sides as short as the error allows."""
    for side in sorted({side for shape in case.shapes for side in shape}, reverse=True):
        low, high = 0, side
        while high - low > 1:
            middle = (low + high) // 2
            if fails(_with_side(case, side, middle)):
                high = middle
            else:
                low = middle
        if high < side:
            case = _with_side(case, side, high)
    return case


def _with_side(case: Case, side: int, to: int) -> Case:
    return replace(case, shapes=tuple(tuple(to if n == side else n for n in shape) for shape in case.shapes))
