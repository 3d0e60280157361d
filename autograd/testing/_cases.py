"""Cases: the shapes, numbers and dtypes at which `check` tries a function, all kinds of them, each at least once.

They are planned, not drawn: what goes wrong in one of some forty ways should be tried in each, whatever the seed. The
seed chooses the numbers.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ._domains import Domain

__all__ = ["NUMBERS", "Case", "plan", "shapes_for", "shapes_of_signature"]

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Shapes = tuple[Shape, ...]  # one for each input

LARGE = 64  # an array of more elements is not compared element by element


@dataclass(frozen=True)
class Case:
    """One example: its arrays follow from it, so that it can be made anew with other shapes.

    Attributes
    ----------
    numbers
        The kind of numbers, a key of `NUMBERS`.
    shapes, dtypes
        Those of each input.
    keywords
        Keyword arguments of the function.
    seed
        Chooses the numbers.
    """

    numbers: str
    shapes: Shapes
    dtypes: tuple[str, ...]
    keywords: tuple[tuple[str, Any], ...] = ()
    seed: int = 0

    def arrays(self, domains: Sequence[Domain]) -> list[Array]:
        """Return the inputs."""
        random = np.random.default_rng([self.seed, *(side for shape in self.shapes for side in (len(shape), *shape))])
        draw = NUMBERS[self.numbers]
        made = []
        for i, (shape, dtype, domain) in enumerate(zip(self.shapes, self.dtypes, domains, strict=True)):
            size = int(np.prod(shape))
            real = draw(domain, size, random, (i + 0.5) / len(self.shapes)).reshape(shape)
            if np.dtype(dtype).kind == "c":
                real = real + 1j * _ordinary(Domain(((-1.0, 1.0),)), size, random, 0.5).reshape(shape)
            made.append(np.asarray(real, dtype))
        return made

    @property
    def size(self) -> int:
        """How many elements there are."""
        return sum(int(np.prod(shape)) for shape in self.shapes)

    def __str__(self) -> str:
        shapes = ", ".join(f"{dtype}{list(shape)}" for shape, dtype in zip(self.shapes, self.dtypes, strict=True))
        keywords = "".join(f", {name}={value!r}" for name, value in self.keywords)
        return f"{self.numbers}, {shapes}{keywords}"


Numbers = Callable[[Domain, int, np.random.Generator, float], Array]


def _ordinary(domain: Domain, size: int, random: np.random.Generator, offset: float) -> Array:
    """Return different numbers up to 3, none of them near another."""
    lattice = domain.within(-3.0, 3.0).lattice(max(64, 2 * size))
    step = float(np.min(np.diff(lattice))) if lattice.size > 1 else 0.0
    chosen = random.choice(lattice.size, size, replace=size > lattice.size)
    return lattice[chosen] + (offset - 0.5) * 0.9 * step


def _inside(domain: Domain, numbers: Array, random: np.random.Generator) -> Array:
    """Replace the numbers outside of the domain by ordinary ones."""
    return np.where(domain.contains(numbers), numbers, _ordinary(domain, numbers.size, random, 0.25))


def _sizes(low: float, high: float) -> Numbers:
    """Return what draws numbers of both signs whose sizes lie between two powers of ten."""

    def draw(domain: Domain, size: int, random: np.random.Generator, offset: float) -> Array:
        numbers = 10.0 ** random.uniform(low, high, size) * random.choice([-1.0, 1.0], size)
        return _inside(domain, np.where(domain.contains(numbers), numbers, -numbers), random)

    return draw


def _among(*choices: float) -> Numbers:
    def draw(domain: Domain, size: int, random: np.random.Generator, offset: float) -> Array:
        inside = [c for c in choices if domain.contains(np.asarray(c))]
        if not inside:
            return _ordinary(domain, size, random, offset)
        numbers = np.resize(np.asarray(inside), size)  # all of them, where there is room
        return np.asarray(random.permutation(numbers))

    return draw


def _with_zeros(domain: Domain, size: int, random: np.random.Generator, offset: float) -> Array:
    numbers = _ordinary(domain, size, random, offset)
    if domain.contains(np.asarray(0.0)):
        numbers[random.permutation(size)[: (size + 1) // 2]] = 0.0
        numbers[::3] = np.where(numbers[::3] == 0, -0.0, numbers[::3])
    return numbers


def _tied(domain: Domain, size: int, random: np.random.Generator, offset: float) -> Array:
    """Return three different numbers, the same ones for each input."""
    three = domain.within(-3.0, 3.0).lattice(16)[[3, -4, 9]]
    return np.asarray(random.permutation(np.resize(three, size)))


def _neighbouring(domain: Domain, size: int, random: np.random.Generator, offset: float) -> Array:
    """Return one number and the next ones above and below it."""
    one = float(domain.within(-3.0, 3.0).lattice(16)[5])
    return np.asarray(random.permutation(np.resize([one, np.nextafter(one, np.inf), np.nextafter(one, -np.inf)], size)))


def _at_ends(domain: Domain, size: int, random: np.random.Generator, offset: float) -> Array:
    """Return numbers near the ends of the domain, or of its parts."""
    ends = [end for interval in domain.intervals for end in interval if abs(end) <= 1e3]
    near = [end + sign * max(1.0, abs(end)) * away for end in ends for sign in (1, -1) for away in (1e-9, 1e-3, 0.03)]
    return _among(*near)(domain, size, random, offset)


#: The kinds of numbers.
NUMBERS: dict[str, Numbers] = {
    "ordinary": _ordinary,
    "zeros": _with_zeros,
    "ties": _tied,
    "integers": _among(1.0, 0.0, -1.0, 2.0, -2.0, 3.0),
    "neighbours": _neighbouring,
    "tiny": _sizes(-12, -3),
    "large": _sizes(1, 3),
    "huge": _sizes(3, 12),
    "all sizes": _sizes(-12, 12),
    "near the ends": _at_ends,
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
TEMPLATES = {1: ("(n,n)", "(m,n)", "(n)"), 2: ("(m,n),(n,p)", "(n,n),(n)", "(n,n),(n,m)", "(n),(n)", "(m,n),(n)")}
SIDES = (
    (2, 3, 4, 5),
    (3, 3, 3, 3),
    (1, 2, 3, 1),
    (4, 2, 1, 3),
    (1, 1, 1, 1),
    (0, 2, 3, 2),
    (2, 0, 2, 0),
    (9, 11, 7, 8),
    (40, 33, 36, 30),
)


def shapes_of_signature(signature: str) -> tuple[list[Shapes], int]:
    """Return shapes that fit a signature such as ``(m,n),(n,p)->(m,p)``, and how many inputs it has.

    ``...`` in front of the names stands for axes of a batch.
    """
    inputs = signature.replace(" ", "").partition("->")[0]
    groups = re.findall(r"\(([^()]*)\)", inputs)
    if not groups or re.sub(r"\([^()]*\)", "", inputs).strip(","):
        raise ValueError(f"the signature {signature!r} is not of the form (m,n),(n,p)->(m,p)")
    names = [[name for name in group.split(",") if name] for group in groups]
    distinct = list(dict.fromkeys(name for group in names for name in group if name != "..." and not name.isdigit()))
    found = []
    for sides in SIDES:
        side = dict(zip(distinct, itertools.cycle(sides), strict=False))
        for batch in ((), (2,)) if any("..." in group for group in names) else ((),):
            found.append(
                tuple(
                    (batch if "..." in group else ())
                    + tuple(int(n) if n.isdigit() else side[n] for n in group if n != "...")
                    for group in names
                )
            )
    return list(dict.fromkeys(found)), len(names)


def shapes_for(count: int) -> list[Shapes]:
    """Return shapes to try, for so many inputs of a function of unknown signature."""
    general = list(ONE_INPUT) if count == 1 else [pair + (pair[1],) * (count - 2) for pair in TWO_INPUTS]
    templates = [shapes for text in TEMPLATES.get(count, ()) for shapes in shapes_of_signature(text)[0]]
    return list(dict.fromkeys([*general, *templates]))


def plan(
    shapes: Sequence[Shapes], keywords: Sequence[tuple[tuple[str, Any], ...]], seed: int, rounds: int
) -> Iterator[Case]:
    """Yield the cases: ordinary numbers in all shapes, other numbers in some, then other dtypes; `rounds` times."""
    small = [each for each in shapes if 0 < max(int(np.prod(s)) for s in each) <= LARGE] or list(shapes)
    several = [each for each in small if max(int(np.prod(s)) for s in each) >= 2] or small
    count = len(shapes[0])
    options = itertools.cycle(keywords)
    double = ("float64",) * count
    for turn in range(rounds):
        base = Case("ordinary", shapes[0], double, seed=seed + 1000 * turn)
        for each in shapes:
            yield replace(base, shapes=each, keywords=next(options))
        for j, kind in enumerate(NUMBERS):
            for k in (
                range(3 if kind in ("zeros", "ties", "all sizes", "integers") else 1) if kind != "ordinary" else ()
            ):
                each = several[(j + k + turn) % len(several)]
                yield replace(base, numbers=kind, shapes=each, keywords=next(options))
        dtypes = [("float32",) * count, ("float16",) * count, ("complex128",) * count, ("complex64",) * count]
        if count > 1:
            dtypes += [
                ("float32", *double[1:]),
                (*double[:-1], "float32"),
                ("complex128", *double[1:]),
                (*double[:-1], "complex128"),
            ]
        largest = max(shapes, key=lambda each: sum(int(np.prod(s)) for s in each))
        for j, each_dtype in enumerate(dtypes):
            yield replace(base, shapes=several[j % len(several)], dtypes=each_dtype, keywords=next(options))
            if each_dtype[0] in ("float32", "complex128") and j < 4:
                yield replace(base, shapes=several[(j + 1) % len(several)], dtypes=each_dtype, keywords=next(options))
                yield replace(base, shapes=largest, dtypes=each_dtype, keywords=next(options))
        for values in keywords if len(keywords) > 1 else ():
            yield replace(base, shapes=several[0], keywords=values, seed=base.seed + 1)
            yield replace(base, shapes=small[-1], keywords=values, seed=base.seed + 2)
