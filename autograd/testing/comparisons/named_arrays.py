"""Gradients of named arrays, such as the parameters of a model, beside differences of what is computed with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autograd import GradientCheckError

from ..subjects.subject import Array
from .slopes import RELATIVE, SAFETY, Slope, confirmed, gap_between, is_told, slope, slopes_of_many_steps

Arrays = Mapping[str, Array]

ELEMENTS = 40  # of all arrays together: up to here, each is checked; else the slopes along random directions


@dataclass(frozen=True)
class Deviation:
    """A derivative by the graph that differs from the one by differences, or, if not `told`, that cannot be told."""

    name: str
    index: tuple[int, ...] | None
    analytic: float
    numeric: float
    told: bool

    @property
    def label(self) -> str:
        """The name of the array, with the index of its element, as in ``layers.0.weight[2, 1]``."""
        return f"{self.name}[{', '.join(map(str, self.index))}]" if self.index else self.name

    @property
    def distance(self) -> float:
        """How far the two are apart."""
        off = abs(self.analytic - self.numeric)
        return off if np.isfinite(off) else np.inf


def refuse(faults: Iterable[str], checker: str, where: str = "") -> None:
    """Raise with all faults that a checker found, each once, if there are any."""
    lines = list(dict.fromkeys(faults))
    if lines:
        count = "a fault" if len(lines) == 1 else f"{len(lines)} faults"
        raise GradientCheckError(f"{checker} found {count}{where}:\n  " + "\n  ".join(lines))


class Comparison:
    """Some numbers that are computed with named arrays, and the gradients of each.

    `values` returns the numbers for other arrays in the place of those here, with a relative error of `precision`. By
    name, `held` says which elements are not compared. Of many arrays each has so many random `directions`.
    """

    def __init__(
        self,
        values: Callable[[Arrays], Array],
        arrays: Arrays,
        gradients: Sequence[Arrays],
        precision: float,
        held: Arrays | None = None,
        directions: int = 2,
    ) -> None:
        self.values, self.arrays, self.gradients, self.precision = values, arrays, gradients, precision
        self.here, self.held = values(arrays), held or {}
        self.directions, self.compared = directions, 0

    def deviations(self, name: str, narrow: bool = True) -> Iterator[Deviation]:
        """Yield the worst deviation of an array, if there is one; with its index where it can be found, if `narrow`."""
        sizes, random = _sizes(self.arrays[name]), np.random.default_rng(1)
        sizes[self.held.get(name, False)] = 0.0
        if not sizes.any():
            return
        if sum(array.size for array in self.arrays.values()) <= ELEMENTS or np.count_nonzero(sizes) <= self.directions:
            units = np.eye(sizes.size)[np.flatnonzero(sizes)]
            directions = [unit.reshape(sizes.shape) * sizes for unit in units]
        else:
            directions = [sizes * random.choice((-1.0, 1.0), sizes.shape) for _ in range(self.directions)]
        found = [(self._along(name, direction), direction) for direction in directions]
        self.compared += sum(deviation is None for deviation, _ in found)
        wrong = [(deviation, direction) for deviation, direction in found if deviation is not None and deviation.told]
        if wrong:
            worst = max(wrong, key=lambda one: one[0].distance)
            yield self._narrowed(*worst) if narrow else worst[0]
        elif all(deviation is not None for deviation, _ in found):
            yield Deviation(name, None, np.nan, np.nan, told=False)

    def _narrowed(self, deviation: Deviation, direction: Array) -> Deviation:
        """Return the deviation of one element among those that move: halve these while one of the halves is wrong."""
        while np.count_nonzero(direction) > 1:
            positions = np.flatnonzero(direction)
            for half in (positions[: len(positions) // 2], positions[len(positions) // 2 :]):
                part = np.zeros(direction.size)
                part[half] = direction.reshape(-1)[half]
                found = self._along(deviation.name, part.reshape(direction.shape))
                if found is not None and found.told:
                    deviation, direction = found, part.reshape(direction.shape)
                    break
            else:
                return deviation
        return deviation

    def _along(self, name: str, direction: Array) -> Deviation | None:
        """Compare the derivatives of all numbers along a direction of one array; None if they agree."""
        found = slope(self._line(name, direction), self.here, self.precision)
        verdicts = [self._judged(name, direction, number, found) for number in range(self.here.size)]
        wrong = [one for one in verdicts if one is not None and one.told]
        if wrong:
            return max(wrong, key=lambda one: one.distance)
        return None if None in verdicts else verdicts[0]

    def _judged(self, name: str, direction: Array, number: int, found: Slope) -> Deviation | None:
        low, high, error, size = (float(numbers[number]) for numbers in found)
        terms = self.gradients[number][name] * direction
        analytic = float(np.sum(terms))
        steep = max(abs(low), abs(high))
        numeric = min(max(analytic, low), high) if np.isfinite(analytic) else (low + high) / 2
        tolerance = SAFETY * error + RELATIVE * steep + 1e3 * self.precision * float(np.sum(np.abs(terms)))
        tolerance += 10 * self.precision * size  # of a bias before a normalization, rounding is all there is
        told = bool(is_told(error, max(abs(analytic), steep), size))
        if abs(analytic - numeric) <= tolerance and told:
            return None
        # At a kink, the slopes of the two sides need not enclose those that layers within add up.
        is_wrong = low == high and np.isfinite(tolerance) and not abs(analytic - numeric) <= tolerance
        is_wrong = is_wrong and self.is_certain(name, direction, number, analytic, numeric)
        if told and low == high and not is_wrong:
            return None
        if np.count_nonzero(direction) > 1:
            return Deviation(name, None, analytic, numeric, bool(is_wrong))
        index = tuple(map(int, np.unravel_index(int(np.argmax(np.abs(direction))), direction.shape)))
        step = float(direction[index])
        return Deviation(name, index, analytic / step, numeric / step, bool(is_wrong))

    def is_certain(self, name: str, direction: Array, number: int, analytic: float, numeric: float) -> bool:
        """Tell whether three of many steps give `numeric` too, and none that can tell gives something else."""
        steps = slopes_of_many_steps(self._line(name, direction), self.here, self.precision)
        others = ((float(other.middle[number]), float(other.error[number])) for other in steps)
        return confirmed(others, numeric, gap_between(analytic, numeric))

    def _line(self, name: str, direction: Array) -> Callable[[float], Array]:
        """Return the numbers along the line on which one array moves."""
        array = self.arrays[name]
        return lambda t: self.values({**self.arrays, name: array + t * direction})


def _sizes(array: Array) -> Array:
    """Return the length of a step for each element: the power of two next below it, or below its neighbours'."""
    size = np.where(np.isfinite(array), np.abs(array), 0.0)
    typical = float(np.median(size[size > 0])) if np.any(size > 0) else 1.0
    _, exponent = np.frexp(np.where(size > typical / 1024, size, typical))
    steps: Array = np.ldexp(1.0, exponent - 1)
    return steps
