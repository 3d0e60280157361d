"""What a function reads besides its arguments, and whether that is as it was: a guard for what was recorded from it.

Use it so, once for each program::

    environment = Environment(function)      # before the function is run, to note what it reads
    ...                                      # run it
    environment.written()                    # what the run itself changed, or drew, which a replay would not: or None
    environment.unchanged()                  # before each replay, a microsecond or so for 100 values
    environment.difference()                 # if that is False: the first value that differs, or None if all are equal

Closure cells, globals, defaults, the attributes of objects and the contents of containers are found by the names in the
bytecode of the function and of all functions of the user's that can be reached from it. What is found may be more than
a run reads, never less: an attribute counts if any of that code uses its name. The functions of libraries are not gone
into, but which functions the names of the code stand for is compared. An object of a library is read as its methods
read it; one that is written in C, whose state cannot be seen, is compared if it gives its memory as bytes, is constant
if its hash is that of a value, and is otherwise unsteady. Tensors, arrays and other objects of the engine are compared
by identity, also where they are elements of containers, and not gone into. `arrays` lists the arrays, whose contents
are guarded only if that is asked for.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any

import numpy as np

from .reader import Reader
from .reads import NUMBERS, SLOTS, bits_of, printed_check, same_bits
from .reads import Read as Read


class Environment:
    """The values that a function reads besides its arguments, as they are now.

    Parameters
    ----------
    function
        A function, method or callable object.
    leaves
        Further types whose objects are compared by identity and not gone into.
    arrays
        Whether the contents of NumPy's arrays are guarded too.
    moving
        Numbers that are only compared by their types: by the name and the kind of what is read, and the place there.
    apart
        The code of a function that is not gone into: the whole of which the function is the beginning.

    Attributes
    ----------
    reads
        What was found.
    arrays
        The arrays among it, by name.
    seen
        All objects that were found, such as the tensors that the function uses.
    unsteady
        The names of what gives something else each time and cannot be guarded: iterators, generators, clocks, files.
    exact_types, exact_classes
        Where the code asks for the ``type`` of something, which is another while it is recorded; and where that may be
        the type of a tensor.
    unchanged
        Called without arguments: whether every value is as it was, the same object or an equal number or text.
    """

    unchanged: Callable[[], bool]

    def __init__(
        self,
        function: Any,
        leaves: tuple[type, ...] = (),
        arrays: bool = False,
        apart: CodeType | None = None,
        moving: Iterable[tuple[str, str, int]] = (),
    ) -> None:
        self._function, self._leaves, self._contents, self._apart = function, leaves, arrays, apart
        self._moving = frozenset(moving)
        self._random = _random_states()
        self._guarded: dict[str, np.ndarray[Any, Any]] = {}
        self._take(self._reader())

    def _reader(self) -> Reader:
        return Reader(self._function, self._leaves, self._contents, self._apart)

    def _take(self, reader: Reader) -> None:
        self.reads, self.arrays, self.unsteady = self._with_contents(reader.reads), reader.arrays, reader.unsteady
        for k, read in enumerate(self.reads if self._moving else ()):
            if read.kind in SLOTS and not reader.exact_types:
                places = [i for i, x in enumerate(read.parts) if type(x) in NUMBERS]
                moving = frozenset(i for i in places if (read.name, read.kind, i) in self._moving)
                self.reads[k] = read._replace(moving=moving)
        self.exact_types, self.exact_classes = reader.exact_types, reader.exact_classes
        self._may_draw = reader.may_draw
        self._generators = [(name, generator, _state(generator)) for name, generator in reader.generators]
        self.seen, self._late = reader.alive, reader.late
        self.unchanged = printed_check(self.reads)

    def guard_contents(self, known: set[int]) -> list[np.ndarray[Any, Any]]:
        """Guard the contents of the arrays that are found now, but for known ones; return these.

        `known` has the identities of arrays that are seen to; see also `arrays` of the class.
        """
        if all(id(array) in known for array in self.arrays.values()):
            return []
        reader = self._reader()
        self._guarded = {name: array for name, array in reader.arrays.items() if type(array) is np.ndarray}
        if self._guarded:
            self.reads = self._with_contents(self.reads)
            self.unchanged = printed_check(self.reads)
        return list(self._guarded.values())

    def read_again(self) -> list[Read]:
        """Return what is found now."""
        return self._reader().reads

    def _with_contents(self, reads: list[Read]) -> list[Read]:
        return reads + [Read(name, "", "array", array, "", bits_of(array)) for name, array in self._guarded.items()]

    def difference(self) -> Read | None:
        """Return the first value that differs from what it was; None if all are equal, which is then as it should be.

        An equal number, text or container in the place of another is no difference.
        """
        if self.unchanged():
            return None
        reader = self._reader()
        for old, new in itertools.zip_longest(self.reads, self._with_contents(reader.reads)):
            if old is None or new is None:
                return new or old
            if not old.corresponds(new):
                return old if any(map(new.is_there, self.reads)) else new
        self._take(reader)
        return None

    def moved(self) -> set[tuple[str, str, int]]:
        """Return the numbers that are others now, if nothing else is another, in the way of `moving`."""
        found: set[tuple[str, str, int]] = set()
        for old, new in itertools.zip_longest(self.reads, self._with_contents(self._reader().reads)):
            if old is None or new is None or not old.is_there(new):
                return set()
            if not old.corresponds(new):
                others = old.others(new) if old.kind in SLOTS and old.holder is new.holder else None
                if others is None:
                    return set()
                found.update((old.name, old.kind, i) for i in others)
        return found

    def written(self) -> Read | None:
        """Return what differs from what it was when this was made, including the states of random generators."""
        for read in self.reads:
            if read.moving and not read.now().corresponds(read._replace(moving=frozenset())):
                return read
        for name, generator, state in self._generators:
            if not same_bits(_state(generator), state):
                return Read(name, "", "random", generator, "", state)
        drawn = self._may_draw or threading.active_count() == 1  # or another thread drew the numbers
        for (name, state), (_, now) in zip(self._random, _random_states(), strict=False):
            if drawn and not same_bits(state, now):
                return Read(name, "", "random", None, "", state)
        if (changed := self.difference()) is None and any(name in sys.modules for name in self._late):
            self._take(self._reader())
        return changed


def _random_states() -> list[tuple[str, Any]]:
    states = [("numpy.random", np.random.get_state(legacy=False))]
    if "random" in sys.modules:
        states.append(("random", sys.modules["random"].getstate()))
    return states


def _state(generator: Any) -> Any:
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return generator.getstate() if hasattr(generator, "getstate") else generator.get_state(legacy=False)
