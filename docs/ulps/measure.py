"""The worst error of each result of each function, in each precision and library."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .functions import Function
from .libraries import LIBRARIES
from .places import places
from .reductions import LENGTHS, LONG, Reduction, vectors
from .reference import References

__all__ = ["ORDERS", "PRECISIONS", "measured", "measured_reduction"]

Array = np.ndarray[Any, Any]
ORDERS = ("value", "gradient", "second")
PRECISIONS = ("float32", "float64")
OURS = "plaingrad"
ROWS = 60  # of which it is asked how ill-conditioned they are
CLOSE = 4.0  # ulps: below, nobody asks whether the place is near a zero
Entry = dict[str, Any]


def measured(function: Function) -> dict[str, Any]:
    """Return the worst errors of a function by library, precision and order, each with its place."""
    table: dict[str, Any] = {name: {} for name in LIBRARIES}
    known = []
    for precision in PRECISIONS:
        at = places(function, precision)
        true = References(function, at)
        known.append(int(np.sum(~np.isnan(true.results[:, 0, 0]))))
        for name, library in LIBRARIES.items():
            results = library(function, at)
            if results is not None:
                table[name][precision] = _worst(results, true, at, name == "JAX", name == OURS)
        true.save()
    return {name: errors for name, errors in table.items() if errors} | {"places": sum(known)}


def measured_reduction(reduction: Reduction) -> dict[str, Any]:
    """Return the worst errors of a reduction, each with the length of the vector and what it holds."""
    table: dict[str, Any] = {name: {} for name in LIBRARIES}
    known = 0
    for precision in PRECISIONS:
        for length in (*LENGTHS, LONG) if reduction.long else LENGTHS:
            kinds, at = vectors(reduction, precision, length)
            true = References(reduction, list(at.T), 0 if length == LONG else 2)
            known += int(np.sum(~np.isnan(true.results[:, 0, 0])))
            for name, library in LIBRARIES.items():
                results = library(reduction, [at])
                if results is None:
                    continue
                columns = _columns(results, length != LONG)
                worst = table[name].setdefault(precision, {})
                floors = _floors(reduction, at) if length == LONG else None
                for order, entry in _worst(columns, true, list(at.T), name == "JAX", name == OURS, floors).items():
                    if order not in worst or entry["error"] > worst[order]["error"]:
                        worst[order] = {"error": entry["error"], "at": f"{length} {kinds[entry['row']]}"}
            true.save()
    return {name: errors for name, errors in table.items() if errors} | {"places": known}


def _floors(reduction: Reduction, at: Array) -> Array:
    """Return what an ulp of each element makes, in proportion: of long vectors by the gradient in float64."""
    gradient = LIBRARIES[OURS](reduction, [at.astype(float)])[1]  # type: ignore[index]  # it has one
    floors: Array = np.sum(np.abs(at * gradient), -1)
    return floors


def _columns(results: list[Array | None], derivatives: bool) -> list[Array | None]:
    """Return the value and, element by element, gradient and second derivative."""
    value, *rest = results
    if not derivatives:
        return [value]
    length = next(array.shape[-1] for array in rest if array is not None)
    return [value, *(None if array is None else array[:, i] for array in rest for i in range(length))]


def _worst(
    results: list[Array | None],
    true: References,
    at: list[Array],
    flushes: bool,
    beyond: bool,
    floors: Array | None = None,
) -> dict[str, Entry]:
    """Return the worst error of each order, which has a result for each variable or pair of them.

    `flushes` leaves out places that are subnormal; `beyond` adds, under names with a star, the worst errors in units of
    what an ulp of the place makes.
    """
    worst: dict[str, Entry] = {}
    for column, (quantity, computed) in enumerate(zip(true.quantities, results[: len(true.quantities)], strict=True)):
        if computed is None:
            continue
        errors = _Errors(np.asarray(computed), true, column, at, flushes, floors)
        order = ORDERS[len(quantity)]
        found = {order: errors.worst(all_variables=False)}
        if beyond:
            found[order + "*"] = errors.worst(all_variables=True)
        for name, (error, row) in found.items():
            if name not in worst or not error <= worst[name]["error"]:
                worst[name] = {"error": float(f"{error:.2g}"), "at": [float(x[row]) for x in at], "row": row}
    return worst


class _Errors:
    """The errors of one result at all places."""

    def __init__(
        self, computed: Array, true: References, column: int, at: list[Array], flushes: bool, floors: Array | None
    ) -> None:
        self.true, self.column, self.info, self.floors = true, column, np.finfo(at[0].dtype), floors
        self.size, rest = np.abs(true.results[:, column, 0]), true.results[:, column, 1]
        with np.errstate(all="ignore"):
            self.difference = np.abs((computed.astype(float) - true.results[:, column, 0]) - rest)
            self.difference[np.isnan(self.difference)] = math.inf
            self.difference[np.isinf(computed) & np.isfinite(self.size)] = math.inf
            subnormal = (self.size > 0) & (self.size < float(self.info.tiny))
            unknown = np.isnan(self.size) | (self.size > float(self.info.max))
            if flushes:
                subnormal |= np.logical_or.reduce([(np.abs(x) < self.info.tiny) & (x != 0) for x in at])
            singular = getattr(true.function, "singular", ())
            if singular == "integers":
                unknown |= (at[0] <= 0) & (at[0] == np.rint(at[0]))
            elif len(at) == 1 and singular != "kinks":
                unknown |= np.isin(at[0], [point for point in singular if not isinstance(point, complex)])
            self.ulps = np.where(subnormal | unknown, -1, self.difference / _ulp(self.size, self.info))

    def worst(self, all_variables: bool) -> tuple[float, int]:
        """Return the worst error and its row, in units that are larger near zeros, or at all ill-conditioned places."""
        worst, where, rows = 0.0, 0, 0
        for row in np.argsort(-self.ulps).tolist():
            error = float(self.ulps[row])
            if error <= worst or rows > ROWS:
                break
            if error > CLOSE and math.isfinite(self.difference[row]):
                rows += 1
                least = self._least(row, all_variables)
                if least is None:
                    continue
                if least > self.size[row]:
                    error = float(self.difference[row] / _ulp(np.array(least), self.info))
            if error > worst:
                worst, where = error, row
        return worst, where

    def _least(self, row: int, all_variables: bool) -> float | None:
        """Return the least size of the unit at a place; None where it cannot be told."""
        if self.floors is not None:
            return float(self.floors[row])
        sensitivity = self.true.sensitivity(row, self.column)
        return None if sensitivity is None else sensitivity[all_variables]


def _ulp(size: Array, info: np.finfo[Any]) -> Array:
    """Return the distance from a number of this size to the next one of the dtype."""
    with np.errstate(all="ignore"):
        rounded = np.minimum(size, float(info.max)).astype(info.dtype)
        distance: Array = np.spacing(np.maximum(rounded, info.tiny)).astype(float)
    return distance
