"""Cases: the shapes, numbers and dtypes at which `check` tries a function, all kinds of them, each at least once.

They are planned, not drawn: what goes wrong in one of some forty ways should be tried in each, whatever the seed. The
seed chooses the numbers.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..subjects.subject import Array
from .domains import Domain

Shape = tuple[int, ...]
Shapes = tuple[Shape, ...]  # one for each input
Keywords = tuple[tuple[str, Any], ...]

FEW = 12  # in arrays of more elements, functions of ranks have more kinks at ties than differences can tell
MANY = 1000  # the elements of an array in which a function that computes elementwise is given all kinds of numbers
SECOND = 40  # the elements up to which second derivatives are checked
LONG = 1000  # an axis that is longer is tried with all keyword arguments
LARGE = 64  # an array of more elements is not compared element by element


@dataclass(frozen=True)
class Case:
    """One example: its arrays follow from it, so that it can be made anew with other shapes."""

    numbers: str  # the kind of numbers, a key of `NUMBERS` or `FURTHER`
    shapes: Shapes  # those of each input
    dtypes: tuple[str, ...]  # the same
    keywords: Keywords = ()  # keyword arguments of the function
    seed: int = 0  # chooses the numbers

    def arrays(self, domains: Sequence[Domain]) -> list[Array]:
        """Return the inputs."""
        random = np.random.default_rng([self.seed, *(side for shape in self.shapes for side in (len(shape), *shape))])
        numbers = ALL_NUMBERS[self.numbers]
        made = []
        for i, (shape, dtype, domain) in enumerate(zip(self.shapes, self.dtypes, domains, strict=True)):
            draw = Draw(domain, math.prod(shape), random, (i + 0.5) / len(self.shapes), self.seed)
            real = numbers(draw).reshape(shape)
            keeps = self.numbers == "symmetric" or domain.contains(np.asarray(0.0))
            if self.numbers in FORMS and real.ndim > 1 and keeps:
                real = FORMS[self.numbers](real)
            if np.dtype(dtype).kind == "c" and self.numbers != "real":
                form = numbers if self.numbers in OF_BOTH_PARTS else Draw.ordinary
                beside = draw._replace(domain=EVERYWHERE if form is numbers else NEAR, offset=0.5)
                real = real + 1j * form(beside).reshape(shape)
            made.append(np.asarray(real, dtype))
        return made

    @property
    def size(self) -> int:
        """How many elements there are."""
        return sum(math.prod(shape) for shape in self.shapes)

    def __str__(self) -> str:
        shapes = ", ".join(f"{dtype}{list(shape)}" for shape, dtype in zip(self.shapes, self.dtypes, strict=True))
        keywords = "".join(f", {name}={value!r}" for name, value in self.keywords)
        return f"{self.numbers}, {shapes}{keywords}"


class Draw(NamedTuple):
    """What some numbers are drawn from; `offset`, from 0 to 1, is another one for each input."""

    domain: Domain
    size: int
    random: np.random.Generator
    offset: float
    seed: int

    def ordinary(self) -> Array:
        """Return different numbers up to 3, none of them near another."""
        lattice, step = _lattice(self.domain, max(64, 2 * self.size))
        chosen = self.random.choice(lattice.size, self.size, replace=self.size > lattice.size)
        return lattice[chosen] + (self.offset - 0.5) * 0.9 * step

    def inside(self, numbers: Array) -> Array:
        """Replace the numbers outside of the domain by ordinary ones."""
        return np.where(self.domain.contains(numbers), numbers, self._replace(offset=0.25).ordinary())

    def of_sizes(self, low: float, high: float) -> Array:
        """Return numbers of both signs whose sizes lie between two powers of ten."""
        numbers = 10.0 ** self.random.uniform(low, high, self.size) * self.random.choice([-1.0, 1.0], self.size)
        return self.inside(np.where(self.domain.contains(numbers), numbers, -numbers))

    def shuffled(self, *numbers: float) -> Array:
        """Return all of these numbers, where there is room."""
        return np.asarray(self.random.permutation(np.resize(numbers, self.size)))

    def among(self, *choices: float) -> Array:
        """Return those of some numbers that are in the domain; ordinary ones if none is."""
        inside = [c for c in choices if self.domain.contains(np.asarray(c))]
        return self.shuffled(*inside) if inside else self.ordinary()

    def some_of(self, *choices: float) -> Array:
        """Return some of these numbers, others with each seed."""
        return self.among(*self.random.permutation(choices))


Numbers = Callable[[Draw], Array]


@lru_cache(32)
def _lattice(domain: Domain, count: int) -> tuple[Array, float]:
    """Return evenly spaced numbers up to 3, and the least distance of two."""
    lattice = domain.within(-3.0, 3.0).lattice(count)
    return lattice, float(np.min(np.diff(lattice))) if lattice.size > 1 else 0.0


def _with_zeros(draw: Draw) -> Array:
    numbers = draw.ordinary()
    if draw.domain.contains(np.asarray(0.0)):
        numbers[draw.random.permutation(draw.size)[: (draw.size + 1) // 2]] = 0.0
        numbers[::3] = np.where(numbers[::3] == 0, -0.0, numbers[::3])
    return numbers


def _tied(draw: Draw) -> Array:
    """Return three different numbers, the same ones for each input."""
    return draw.shuffled(*draw.domain.within(-3.0, 3.0).lattice(16)[[3, -4, 9]])


def _neighbouring(draw: Draw) -> Array:
    """Return one number and the next ones above and below it."""
    one = float(draw.domain.within(-3.0, 3.0).lattice(16)[5])
    return draw.shuffled(one, np.nextafter(one, np.inf), np.nextafter(one, -np.inf))


def _at_ends(draw: Draw) -> Array:
    """Return numbers near the ends of the domain, or of its parts."""
    ends = [end for interval in draw.domain.intervals for end in interval if abs(end) <= 1e3]
    near = [end + sign * max(1.0, abs(end)) * away for end in ends for sign in (1, -1) for away in (1e-9, 1e-3, 0.03)]
    return draw.among(*near)


def _end(number: int) -> Numbers:
    """Return what puts the lower or the upper end of the domain among few ordinary numbers, if the end is near."""

    def among(draw: Draw) -> Array:
        numbers = np.resize(draw._replace(size=min(draw.size, 32)).ordinary(), draw.size)  # none of them small
        end = draw.domain.intervals[-number][number]
        if abs(end) <= 1e3:
            numbers[: (draw.size + 1) // 2] = end
        return numbers

    return among


def _near_one(draw: Draw) -> Array:
    """Return numbers next to 1 and to -1, and these themselves."""
    random, size = draw.random, draw.size
    away = 10.0 ** random.uniform(-14, -1, size) * random.choice([-1.0, 0.0, 1.0], size, p=[0.45, 0.1, 0.45])
    return draw.inside((1 + away) * random.choice([-1.0, 1.0], size))


def _spread(draw: Draw) -> Array:
    """Return numbers up to 40, no two of them near each other."""
    lattice = draw.domain.within(-40.0, 40.0).lattice(max(160, draw.size))
    return np.asarray(draw.random.choice(lattice, draw.size, replace=draw.size > lattice.size))


def _up_to_85(draw: Draw) -> Array:
    """Return numbers of which exp is finite in float32."""
    low, high = draw.domain.within(-85.0, 85.0).intervals[0]
    if low >= 85.0 or high <= -85.0:
        return draw.ordinary()
    return draw.inside(draw.random.uniform(max(low, -85.0), min(high, 85.0), draw.size))


def _walking(draw: Draw) -> Array:
    """Return numbers up to 3, so that seeds that follow each other leave no gap between them."""
    lattice = draw.domain.within(-3.0, 3.0).lattice(499)
    return lattice[((draw.seed * draw.size + np.arange(draw.size)) * 191 + int(300 * draw.offset)) % lattice.size]


def _equal(draw: Draw) -> Array:
    one = draw._replace(size=1, random=np.random.default_rng(draw.size), offset=0.25)
    return np.full(draw.size, one.ordinary()[0])


def _opposite(draw: Draw) -> Array:
    """Return three different numbers, for the first inputs, and for the last ones their opposites."""
    numbers = np.abs(_tied(draw._replace(domain=Domain(((0.0, 3.0),)))))
    return draw.inside(numbers if draw.offset < 0.5 else -numbers)


def _sized(low: float, high: float) -> Numbers:
    return lambda draw: draw.of_sizes(low, high)


#: Powers of ten between which sizes lie. In bands: beside far larger numbers, nothing can be told of smaller ones.
BANDS = {
    "tiny": (-12, -3), "large": (1, 3), "huge": (3, 12), "all sizes": (-12, 12), "under 1e-12": (-20, -12),
    "minute": (-40, -25), "tiniest": (-170, -155), "subnormal": (-315, -309), "over 1e12": (12, 20), "vast": (30, 40),
    "beyond": (155, 165),
}  # fmt: skip
#: The kinds of numbers.
NUMBERS: dict[str, Numbers] = {
    "ordinary": Draw.ordinary,
    "zeros": _with_zeros,
    "ties": _tied,
    "integers": lambda draw: draw.among(1.0, 0.0, -1.0, 2.0, -2.0, 3.0),
    "neighbours": _neighbouring,
    **{kind: _sized(*BANDS[kind]) for kind in ("tiny", "large", "huge", "all sizes")},
    "near the ends": _at_ends,
}
#: Further kinds, which are only looked at swiftly.
FURTHER: dict[str, Numbers] = {
    "halves": lambda draw: draw.some_of(0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 0.25),
    "whole numbers": lambda draw: draw.some_of(
        4.0, 8.0, 10.0, -4.0, 5.0, 7.0, 12.0, 16.0, -10.0, 32.0, 64.0, 100.0, 128.0, 1000.0
    ),
    "parts of a turn": lambda draw: draw.some_of(*(np.pi * k for k in (0.5, -0.5, 1.0, 0.25, 2.0, -1.0, 1 / 3))),
    "near one": _near_one,
    "up to 40": _spread,
    "up to 85": _up_to_85,
    "anywhere": _walking,
    "thousands": _sized(3, 3.6),  # among huger ones, waves as short tell nothing
    "far from 0": lambda draw: draw.inside(2e4 + draw.ordinary()),  # and near each other beside that
    "equal": _equal,
    "sorted": lambda draw: np.sort(draw.ordinary()),
    "opposite": _opposite,
    **{kind: _sized(*band) for kind, band in BANDS.items() if kind not in NUMBERS},
    **dict.fromkeys(("real", "symmetric", "triangular", "diagonal"), Draw.ordinary),  # real: also as complex numbers
    "lower end": _end(0),
    "upper end": _end(1),
    "all zeros": lambda draw: np.zeros(draw.size) if draw.domain.contains(np.asarray(0.0)) else draw.ordinary(),
}
ALL_NUMBERS = {**NUMBERS, **FURTHER}
OTHERS = [kind for kind in NUMBERS if kind != "ordinary"] + ["all zeros"]
#: Those of which second derivatives are compared also where the others are looked at swiftly.
TWICE = ["zeros", "ties", "integers", "tiny", "all zeros"]
#: Those of which the imaginary parts of complex numbers are, too; else these are up to 1.
OF_BOTH_PARTS = {"tiny", "all sizes"}
#: Those with equal numbers, and ranks that change by roundings.
WITH_TIES = {
    "zeros", "all zeros", "ties", "integers", "neighbours", "halves", "whole numbers", "parts of a turn", "equal",
    "opposite", "lower end", "upper end",
}  # fmt: skip
#: Those that are looked at in single precision and as complex numbers also where a function is not elementwise.
OF_ANY_FUNCTION = {"ordinary", "real", "tiny"}
#: Those of which differences tell nothing where a function is not elementwise.
UNDER = {"under 1e-12", "minute", "tiniest", "subnormal"}
#: Those that are outside of what float32 can hold, or their squares.
BEYOND_SINGLE = {"under 1e-12", "over 1e12", "tiniest", "subnormal", "beyond", "vast", "minute"}
EVERYWHERE, NEAR = Domain(((-1e15, 1e15),)), Domain(((-1.0, 1.0),))


#: What is made of matrices, of the last two only where 0 is in the domain.
FORMS: dict[str, Callable[[Array], Array]] = {
    "symmetric": lambda x: np.where(np.tri(*x.shape[-2:]) == 1, x, x.mT) if x.shape[-1] == x.shape[-2] else x,
    "triangular": np.tril,
    "diagonal": lambda x: np.tril(np.triu(x)),
}

ONE_INPUT: tuple[Shapes, ...] = (
    ((3,),), ((2, 3),), ((),), ((3, 3),), ((1,),), ((2, 1, 3),), ((3, 1),), ((1, 4),), ((0,),), ((2, 0),), ((2, 2, 2),),
    ((70,),), ((40, 30),),
)  # fmt: skip
TWO_INPUTS: tuple[Shapes, ...] = (
    ((3,), (3,)), ((2, 3), (3,)), ((2, 3), (2, 3)), ((2, 1), (1, 3)), ((), ()), ((), (2, 3)), ((3, 3), (3, 3)),
    ((3, 3), (3,)), ((3, 1), (3, 3)), ((1,), (4,)), ((3, 1), ()), ((2, 1, 3), (2, 1)), ((0,), (1,)), ((2, 0), (1, 1)),
    ((70,), (70,)), ((40, 30), (30,)), ((), (1100,)),
)  # fmt: skip
#: Shapes beside these, which are only looked at swiftly.
MORE_OF_ONE: tuple[Shapes, ...] = (
    ((2,),), ((4,),), ((5,),), ((6,),), ((7,),), ((8,),), ((9,),), ((16,),), ((17,),), ((32,),), ((64,),), ((65,),),
    ((128,),), ((256,),), ((1000,),), ((5000,),), ((70000,),), ((1, 1),), ((1, 3),), ((4, 2),), ((5, 6),), ((8, 8),),
    ((17, 3),), ((3, 20),), ((2, 3, 4),), ((3, 3, 3),), ((1, 1, 3),), ((2, 3, 1),), ((2, 1, 3, 2),),
    ((1, 2, 1, 2, 3),), ((0, 3),), ((2, 0, 3),),
)  # fmt: skip
MORE_OF_TWO: tuple[Shapes, ...] = (
    ((2,), (2,)), ((4,), (4,)), ((5,), (5,)), ((6,), (6,)), ((8,), (8,)), ((16,), (16,)), ((64,), (64,)),
    ((128,), (128,)), ((1000,), (1000,)), ((5000,), (5000,)), ((1, 1), (1, 1)), ((1, 3), (1, 3)), ((3, 1), (1, 4)),
    ((4, 2), (4, 2)), ((5, 1), (5, 6)), ((8, 8), (8, 8)), ((2, 3, 4), (2, 3, 4)), ((2, 3, 4), (4,)),
    ((2, 1, 1), (2, 3, 4)), ((2, 3, 4), (2, 1, 1)), ((2, 1, 3, 2), (2, 1, 3, 2)), ((1, 2, 3), (4, 1, 3)), ((1,), ()),
    ((2, 3), ()), ((1, 1), (3,)), ((3,), (0, 3)), ((0, 3), (3,)), ((0, 3), (0, 3)), ((3,), (2, 3, 3)),
    ((40, 1), (40, 30)), ((17, 3), (17, 3)),
)  # fmt: skip
TEMPLATES = {1: ("(n,n)", "(m,n)", "(n)"), 2: ("(m,n),(n,p)", "(n,n),(n)", "(n,n),(n,m)", "(n),(n)", "(m,n),(n)")}
SIDES = (
    (2, 3, 4, 5), (3, 3, 3, 3), (1, 2, 3, 1), (4, 2, 1, 3), (1, 1, 1, 1), (0, 2, 3, 2), (2, 0, 2, 0),
    (9, 11, 7, 8), (40, 33, 36, 30),
)  # fmt: skip
MORE_SIDES = (
    (2, 2, 2, 2), (8, 8, 8, 8), (5, 7, 6, 8), (6, 5, 8, 7), (16, 3, 17, 4), (1, 5, 1, 2), (6, 1, 1, 6),
    (20, 20, 20, 20), (4, 2, 3, 2), (2, 4, 2, 3), (1, 2, 1, 3), (1100, 2, 3, 2), (2, 1100, 2, 3), (3, 2, 1100, 2),
)  # fmt: skip
MOST_ELEMENTS = 20_000  # of the arrays of a signature: with a side twice, one may be too long


def shapes_of_signature(signature: str, all_sides: Sequence[tuple[int, ...]] = SIDES) -> tuple[list[Shapes], int]:
    """Return shapes that fit a signature such as ``(m,n),(n,p)->(m,p)``, and how many inputs it has.

    ``...`` in front of the names stands for axes of a batch. `all_sides` are the lengths of the axes.
    """
    inputs = signature.replace(" ", "").partition("->")[0]
    groups = re.findall(r"\(([^()]*)\)", inputs)
    if not groups or re.sub(r"\([^()]*\)", "", inputs).strip(","):
        raise ValueError(f"the signature {signature!r} is not of the form (m,n),(n,p)->(m,p)")
    names = [[name for name in group.split(",") if name] for group in groups]
    distinct = list(dict.fromkeys(name for group in names for name in group if name != "..." and not name.isdigit()))
    found = []
    for sides in all_sides:
        side = {name: (n,) for name, n in zip(distinct, itertools.cycle(sides), strict=False)}
        batches: Sequence[Shape] = ((), (2,), (3, 2)) if sides in SIDES[:2] else ((), (2,))
        for batch in batches if any("..." in group for group in names) else ((),):
            known = {**side, "...": batch}
            axes = ([(int(n),) if n.isdigit() else known[n] for n in group] for group in names)
            found.append(tuple(tuple(itertools.chain(*each)) for each in axes))
    fitting = [each for each in dict.fromkeys(found) if sum(map(math.prod, each)) <= MOST_ELEMENTS]
    return fitting, len(names)


def shapes_for(count: int) -> list[Shapes]:
    """Return shapes to try, for so many inputs of a function of unknown signature: first those that most take."""
    general = list(ONE_INPUT) if count == 1 else [pair + (pair[1],) * (count - 2) for pair in TWO_INPUTS]
    templates = [shapes for text in TEMPLATES.get(count, ()) for shapes in shapes_of_signature(text)[0]]
    return list(dict.fromkeys([*general, *templates]))


def further_shapes(count: int, signature: str | None) -> list[Shapes]:
    """Return shapes to look at swiftly, those that fit the signature, or of a function that takes any shape."""
    if signature is not None:
        return shapes_of_signature(signature, MORE_SIDES)[0]
    return list(MORE_OF_ONE) if count == 1 else [pair + (pair[1],) * (count - 2) for pair in MORE_OF_TWO]


def sweep(
    shapes: Sequence[Shapes],
    further: Sequence[Shapes],
    keywords: Sequence[Keywords],
    seed: int,
    rounds: int,
    by_element: bool = False,
) -> Iterator[Case]:
    """Yield cases to look at swiftly: all kinds of numbers in large and small arrays, further shapes, many numbers.

    `by_element` says that the function computes elementwise: ties are nothing special to it.
    """
    some = [each for each in shapes if min(math.prod(s) for s in each) >= 1] or list(shapes)
    several = [each for each in some if 2 <= max(math.prod(s) for s in each) <= LARGE] or some
    few = [each for each in several if max(math.prod(s) for s in each) <= FEW] or several
    square = [each for each in several if any(len(s) > 1 and s[-1] == s[-2] > 1 for s in each)]
    options, count = itertools.cycle(keywords), len(shapes[0])
    largest = max(some, key=lambda each: min(sum(math.prod(s) for s in each), 3000))
    if by_element:
        largest = ((MANY,),) * count  # as many numbers of each input
    smallest = min(math.prod(s) for s in largest)
    for turn in range(rounds):
        base = Case("ordinary", several[0], ("float64",) * count, seed=seed + 50 + 1000 * turn)
        for i, each in enumerate(further):
            is_long = any(len(shape) > 1 and max(shape) > LONG for shape in each)
            for values in keywords if is_long else [next(options)]:  # which axis is long matters to each
                yield replace(base, shapes=each, keywords=values)
            if i % 4 == turn % 4:
                yield replace(base, shapes=each, dtypes=("float32",) * count, keywords=next(options))
        for j, kind in enumerate(ALL_NUMBERS):
            if kind in FORMS:
                for each in square[:3]:
                    yield replace(base, numbers=kind, shapes=each, keywords=next(options))
                continue
            small = [few[(j + k + turn) % len(few)] for k in range(3 if kind in WITH_TIES else 1)]
            if by_element:
                small = [largest, several[(j + turn) % len(several)]]
            in_double = small if kind in WITH_TIES else [largest, *small[-1:]]
            tried = [("float64", in_double)]
            if by_element or kind in OF_ANY_FUNCTION:  # matrices of others are singular, or ill-conditioned
                tried += [("float32", [largest] if by_element else small), ("complex128", in_double[:1])]
            if kind in UNDER and not by_element:  # differences tell nothing of ranks then
                continue
            for dtype, found in tried[:1] if kind in BEYOND_SINGLE else tried:
                for each in found:
                    yield replace(base, numbers=kind, shapes=each, dtypes=(dtype,) * count, keywords=next(options))
        for repeat in range(min(200, max(600 // max(smallest, 1), count - 1))):
            for kind in ("anywhere", "up to 40")[: 1 + (repeat < 40)]:
                yield replace(base, numbers=kind, shapes=largest, seed=base.seed + 1 + repeat, keywords=next(options))


def equivalents(keywords: Sequence[Keywords]) -> list[Keywords]:
    """Return other ways of naming the axes that keyword arguments name, several of them, and other true and false."""
    found = []
    for each in keywords:
        known = dict(each)
        axis = known.get("axis")
        if isinstance(axis, int) and not isinstance(axis, bool):
            found += [tuple({**known, "axis": other}.items()) for other in (1, -2, (axis,), (0, 1), (-1, 0))]
        elif isinstance(axis, tuple):
            found.append(tuple({**known, "axis": axis[::-1]}.items()))
        for name, value in each:
            if isinstance(value, bool):
                found += [tuple({**known, name: other}.items()) for other in (int(value), np.bool_(value))]
    named = {repr(each) for each in keywords}  # True == 1
    return [each for text, each in {repr(each): each for each in found}.items() if text not in named]


def plan(
    shapes: Sequence[Shapes], keywords: Sequence[Keywords], seed: int, rounds: int, kinds: Iterable[str], mixed: bool
) -> Iterator[Case]:
    """Yield the cases: ordinary numbers in all shapes, other numbers in some, then other dtypes; `rounds` times.

    `kinds` are those of the other numbers, and `mixed` says whether inputs may have several dtypes.
    """
    small = [each for each in shapes if 0 < max(math.prod(s) for s in each) <= LARGE] or list(shapes)
    several = [each for each in small if max(math.prod(s) for s in each) >= 2] or small
    count = len(shapes[0])
    options = itertools.cycle(keywords)
    double = ("float64",) * count
    for turn in range(rounds):
        base = Case("ordinary", shapes[0], double, seed=seed + 1000 * turn)
        for each in shapes:
            yield replace(base, shapes=each, keywords=next(options))
        for j, kind in enumerate(kinds):
            yield replace(base, numbers=kind, shapes=several[(j + turn) % len(several)], keywords=next(options))
        dtypes = [(dtype,) * count for dtype in ("float32", "float16", "complex128", "complex64")]
        for one in ("float32", "complex128") if mixed and count > 1 else ():
            dtypes += [(one, *double[1:]), (*double[:-1], one)]
        largest = max(shapes, key=lambda each: sum(math.prod(s) for s in each))
        for j, each_dtype in enumerate(dtypes):
            yield replace(base, shapes=several[j % len(several)], dtypes=each_dtype, keywords=next(options))
            if each_dtype[0] in ("float32", "complex128") and j < 4:
                yield replace(base, shapes=several[(j + 1) % len(several)], dtypes=each_dtype, keywords=next(options))
                yield replace(base, shapes=largest, dtypes=each_dtype, keywords=next(options))
        for values in keywords if len(keywords) > 1 else ():
            yield replace(base, shapes=several[0], keywords=values, seed=base.seed + 1)
            yield replace(base, shapes=small[-1], keywords=values, seed=base.seed + 2)
