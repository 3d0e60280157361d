"""The catalogue: which errors are planted into which operations.

It is drawn at random, and each planted error is looked at: it shows at its example, or another is drawn in its place.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from .kinds import KINDS, Kind
from .showing import shows
from .subjects import SUBJECTS, Subject

__all__ = ["Pair", "catalogue"]


@dataclass(frozen=True, order=True)
class Pair:
    """An error of one kind in the rule of one input of an operation."""

    kind: str
    operation: str
    index: int

    @property
    def subject(self) -> Subject:
        return SUBJECTS[self.operation]

    @property
    def error(self) -> Kind:
        return KINDS[self.kind]

    def shows(self) -> bool:
        """Tell whether it shows at its example."""
        return shows(self.subject, self.error, self.index)

    def __str__(self) -> str:
        place = f" (input {self.index})" if len(self.subject.inputs) > 1 else ""
        return f"{self.kind} in {self.operation}{place}"


@cache
def catalogue(seed: int = 0, each: int = 3) -> tuple[Pair, ...]:
    """Return `each` errors of each kind, and one or more in each operation, all of which show.

    Another `seed` gives other ones. What is drawn for one kind does not depend on the others.
    """
    of_kinds = {pair for name in KINDS for pair in _first(_shuffled(f"{seed} {name}", list(SUBJECTS), [name]), each)}
    of_operations = {pair for name in SUBJECTS for pair in _first(_shuffled(f"{seed} {name}", [name], list(KINDS)), 1)}
    return tuple(sorted(of_kinds | of_operations))


def _shuffled(seed: str, operations: Sequence[str], kinds: Sequence[str]) -> Iterator[Pair]:
    """Yield the errors that can be planted, in random order."""
    pairs = [
        Pair(kind, operation, index)
        for kind in kinds
        for operation in operations
        for index in range(len(SUBJECTS[operation].inputs))
    ]
    random.Random(seed).shuffle(pairs)
    return (pair for pair in pairs if pair.error.fits(pair.subject, pair.index))


def _first(pairs: Iterator[Pair], count: int) -> list[Pair]:
    """Return the first errors that show, in as many operations."""
    chosen: dict[str, Pair] = {}
    for pair in pairs:
        if len(chosen) == count:
            break
        if pair.operation not in chosen and pair.shows():
            chosen[pair.operation] = pair
    return list(chosen.values())
