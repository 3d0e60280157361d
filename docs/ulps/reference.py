"""Values and derivatives of a function from its definition, with mpmath.

Derivatives are central differences with so many digits that nothing is lost: a difference of step h = 10**-k has a
relative error of about 10**-2k, and with twice as many digits and some more, rounding adds less. A second difference of
twice the step has to agree to 20 digits; where it does not, digits are added and the step is made smaller.
"""

from __future__ import annotations

import hashlib
import json
import math
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np

from .functions import Function
from .reductions import WEIGHTS, Reduction

__all__ = ["References", "limited"]

ALL = -1  # the direction in which the variables of a reduction grow by their weights
AGREEMENT = 20
LEVELS = ((14, 60), (25, 160), (100, 500), (400, 1500))  # digits of the step's inverse, and digits in all
SECONDS, ALL_SECONDS = 0.2, 1.2  # of the processor, for one place and for all of them
CACHE = Path(tempfile.gettempdir()) / "plaingrad-accuracy"


class References:
    """The true results of a function at places, as sums of two floats, which hold 32 digits.

    Attributes
    ----------
    results
        An array (places, quantities, 2): value, gradient in each variable, and second derivatives. These are those in
        each pair of variables, but of a reduction those of the weighted sum of the gradient.
    """

    def __init__(self, function: Function | Reduction, places: list[np.ndarray[Any, Any]], orders: int = 2) -> None:
        self.function, self.places = function, places
        self._scale_free = isinstance(function, Reduction) and not function.exponential
        self._values: dict[tuple[Any, ...], Any] = {}
        self._spent = 0.0
        self.quantities: list[tuple[int, ...]] = [()]
        if orders == 2:
            each = range(len(places))
            pairs = combinations_with_replacement(each, 2)
            seconds = pairs if isinstance(function, Function) else ((ALL, i) for i in each)
            self.quantities += [*((i,) for i in each), *seconds]
        self._define()
        singular = getattr(function, "singular", ())
        direction = () if isinstance(self.function, Function) else WEIGHTS
        key = repr((function.definition, singular, self.quantities, LEVELS, *direction)).encode()
        digest = hashlib.sha256(key + b"".join(column.astype(float).tobytes() for column in places)).hexdigest()
        self._file = CACHE / f"{digest[:32]}.npy"
        self.results = np.load(self._file) if self._file.exists() else self._computed()
        known = self._file.with_suffix(".json")
        self._sensitivities = (
            {tuple(key): tuple(value) for key, value in json.loads(known.read_text())} if known.exists() else {}
        )

    def _define(self) -> None:
        import mpmath

        from . import definitions

        self._mp = mpmath.mp
        names = {**vars(mpmath), **vars(definitions)}
        variables = ", ".join("xyz"[: len(self.places)]) if isinstance(self.function, Function) else "*x"
        self._f = eval(f"lambda {variables}: {self.function.definition}", names)

    def _computed(self) -> np.ndarray[Any, Any]:
        results = np.full((len(self.places[0]), len(self.quantities), 2), np.nan)
        order, start = np.random.default_rng(0).permutation(len(results)), time.process_time()
        for row in order.tolist():
            if time.process_time() - start > ALL_SECONDS:
                break
            with limited(SECONDS):
                self._at(results[row], [self._mp.mpf(float(column[row])) for column in self.places])
        CACHE.mkdir(exist_ok=True)
        np.save(self._file, results)
        return results

    def _at(self, row: np.ndarray[Any, Any], place: list[Any]) -> None:
        self._values.clear()
        for column, quantity in enumerate(self.quantities):
            true = self._derivative(place, quantity)
            if true is not None:
                row[column] = self._split(true)

    def _split(self, true: Any) -> tuple[float, float]:
        """Return a number as the sum of two floats; beyond the largest it is infinite."""
        head = float(true)
        if math.isinf(head) or abs(true) > np.finfo(float).max:
            return math.copysign(math.inf, head), 0.0
        with self._mp.workdps(60):
            return head, float(true - head)

    def _derivative(self, place: list[Any], quantity: tuple[int, ...]) -> Any:
        """Return a derivative, or None where it cannot be told."""
        for digits, precision in LEVELS:
            with self._mp.workdps(precision):
                found = self._differences(place, quantity, digits)
            if found is None:
                continue
            one, other = found
            told = one or digits == LEVELS[-1][0] or self._scale_free
            if told and abs(one - other) <= abs(one) * self._mp.mpf(10) ** -AGREEMENT:
                return one
        return None

    def _differences(self, place: list[Any], quantity: tuple[int, ...], digits: int) -> Any:
        """Return two differences, of one step and of the double; of a value, that with fewer digits and with more."""
        small = self._mp.mpf(10) ** -digits
        steps = [self._scale(x) * small for x in place]
        try:
            if not quantity:
                one = self._value(place)
                with self._mp.workdps(2 * self._mp.dps):
                    return one, self._value(place)
            one, other = (self._difference(place, quantity, steps, factor) for factor in (1, 2))
        except (ValueError, ZeroDivisionError, ArithmeticError, NotImplementedError):  # beyond a pole or an end
            return None
        return None if one is None or other is None else (one, other)

    def _difference(self, place: list[Any], quantity: tuple[int, ...], steps: list[Any], factor: int) -> Any:
        """Return a difference quotient, or None where most digits of the values cancel."""
        first, last = quantity[0], quantity[-1]
        h, k = factor * (min(steps) if first == ALL else steps[first]), factor * steps[last]
        moves: list[tuple[int, dict[int, Any]]]
        if len(quantity) == 1:
            moves, divisor = [(1, {first: h}), (-1, {first: -h})], 2 * h
        elif first == last:
            moves, divisor = [(1, {first: h}), (-2, {}), (1, {first: -h})], h * h
        else:
            signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
            both = range(len(place)) if first == ALL else (first, last)
            weights = WEIGHTS if first == ALL else dict.fromkeys(both, 1)
            moves = [
                (a * b, {i: a * h * weights[i] * (first in (i, ALL)) + b * k * (i == last) for i in both})
                for a, b in signs
            ]
            divisor = 4 * h * k
        terms = [weight * self._value(place, moved) for weight, moved in moves]
        total = sum(terms)
        if total and abs(total) < max(map(abs, terms)) * self._mp.eps * self._mp.mpf(10) ** AGREEMENT:
            return None
        return total / divisor

    def _value(self, place: list[Any], moved: dict[int, Any] | None = None) -> Any:
        arguments = tuple(x + moved[i] if moved and i in moved else x for i, x in enumerate(place))
        key = (*arguments, self._mp.prec)
        if key not in self._values:
            self._values[key] = self._evaluated(arguments)
        return self._values[key]

    def _evaluated(self, arguments: tuple[Any, ...]) -> Any:
        value = self._f(*arguments)
        if isinstance(value, self._mp.mpc):
            if value.imag != 0:
                raise ValueError("not real")
            value = value.real
        if not self._mp.isfinite(value):
            raise ValueError("not finite")
        return +value

    def _scale(self, x: Any) -> Any:
        """Return about how far a series about `x` converges."""
        singular = (0,) if self._scale_free else getattr(self.function, "singular", ())
        if singular == "kinks":
            return (abs(x) or 1) * self._mp.mpf(10) ** -20
        if singular == "integers":
            distance = abs(x - self._mp.nint(x))
            return distance if x < 0.5 and distance else abs(x) or 1
        if not singular:
            return self._mp.sqrt(1 + x * x)
        return min(abs(x - self._mp.mpmathify(point)) for point in singular) or 1

    def sensitivity(self, row: int, column: int) -> tuple[float, float] | None:
        """Return how much a result changes by itself, in proportion, when the place does; None after too long a time.

        The first number counts only variables in which a zero of the result is near, the second all of them.
        """
        if (row, column) not in self._sensitivities:
            if self._spent > ALL_SECONDS:
                return None
            start = time.process_time()
            self._sensitivities[row, column] = self._sensitivity(row, self.quantities[column])
            self._spent += time.process_time() - start
        return self._sensitivities[row, column]

    def save(self) -> None:
        """Keep what `sensitivity` was asked for."""
        self._file.with_suffix(".json").write_text(json.dumps(list(self._sensitivities.items())))

    def _sensitivity(self, row: int, quantity: tuple[int, ...]) -> tuple[float, float]:
        place, near, total = [self._mp.mpf(float(column[row])) for column in self.places], 0.0, 0.0
        step = self._mp.mpf(10) ** -8
        with limited(4 * SECONDS):
            self._values.clear()
            here = self._derivative(place, quantity)
            for i, x in enumerate(place):
                up, down = (
                    self._derivative([*place[:i], x * (1 + sign * step), *place[i + 1 :]], quantity) for sign in (1, -1)
                )
                if here is None or up is None or down is None:
                    continue
                slope, curve = (up - down) / (2 * step), (up - 2 * here + down) / step**2
                total += float(abs(slope))
                if isinstance(self.function, Reduction) or abs(here * curve) < slope * slope / 2:
                    near += float(abs(slope))
        return near, total


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Give up after some time: a few places take mpmath minutes."""

    def stop(*_: object) -> None:
        raise TimeoutError

    previous = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    except TimeoutError:
        return
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
