"""Rolling: the pass that replaces the repeated blocks of a program by loops, each of them one call.

What a block reads is made in the same iteration, carried over from one before, or an argument of the loop: the same in
all iterations, or a part that advances evenly through an array, such as a row, a number from a table, or what an earlier
loop stacked. What is read after the loop is a final value of it, or one of those that it stacks.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ....arrays.traced import Traced, Variable
from ..floats import TracedFloat, itself
from ..numpy_calls import is_basic
from ..passes import drop_dead
from ..program import ARGUMENT, CONSTANT, HELD, MADE, Call, Check, Fixed, Memory, Program, traced_in
from ..types import Array
from .loop import Carried, Loop, Part, Same
from .repeats import FEWEST, KEYED, OF_NUMBERS, Recorded, Repeat, find
from .running import CompiledLoop

LARGEST = 400  # elements that a call of a block computes, on average: NumPy takes as long for more
_TRIES = 12
_RAISING = frozenset(("raise", "call", "print", "log"))
_COLLECTS = (np.stack, np.array)
_ZEROS = (np.zeros, np.zeros_like)
_PRODUCTS = (np.matmul, np.dot, np.ndarray.dot, operator.matmul)


def roll(program: Program, fewest: float) -> None:
    """Replace the repeats of a program by loops, if they have at least `fewest` calls in all; note what they are."""
    if len(program.calls) < fewest or find_spec("numba") is None:
        return
    recorded, banned = Recorded(program.calls), dict[tuple[int, int, int], str]()
    for _ in range(_TRIES):
        chosen = _Choice(recorded, banned)
        repeats = find(recorded, chosen.takes)
        if sum(repeat.end - repeat.start for repeat in repeats) < fewest:
            break
        try:
            roller = _Roller(program, recorded, repeats)
        except _NotRolled as error:
            banned[error.repeat.key] = str(error)
            continue
        roller.run()
        break
    program.notes += [note for note in dict.fromkeys([*banned.values(), *chosen.notes]) if note]


class _NotRolled(Exception):  # noqa: N818 - the repeat stays as it is
    """Raised where a repeat cannot become a loop."""

    def __init__(self, repeat: Repeat, why: str) -> None:
        super().__init__(why)
        self.repeat = repeat


class _Choice:
    """Decides which repeats are worth a loop, and notes why others are not."""

    def __init__(self, recorded: Recorded, banned: dict[tuple[int, int, int], str]) -> None:
        self.recorded, self.banned = recorded, banned
        self.notes: list[str] = []

    def takes(self, repeat: Repeat) -> bool:
        block = self.recorded.calls[repeat.start : repeat.start + repeat.period]
        if repeat.key in self.banned or all(call.view for call in block):
            return False
        why = self._obstacle(block)
        if why:
            self.notes.append(note_of(repeat, block, why))
        return not why

    def _obstacle(self, block: Sequence[Call]) -> str:
        other = next((call for call in block if type(call) not in (Call, Check)), None)
        if other is not None:
            return f"it has {type(other).__name__.lower()}s, which have to be made one by one"
        if any(value in _RAISING for call in block for value in dict(call.errors or {}).values()):
            return "NumPy is asked to raise errors of overflow and the like, which loops do not"
        work = sum(map(_work, block)) / len(block)
        return f"its calls compute {work:,.0f} numbers each, for which NumPy is as fast" if work > LARGEST else ""


def note_of(repeat: Repeat, block: Sequence[Call], why: str) -> str:
    """Return the note that a repeat stays as it is."""
    lines = sorted({call.line for call in block if not call.view}, key=lambda line: int(line.rpartition(":")[2]))
    return f"not rolled: {repeat.count} iterations of {repeat.period} calls, from {lines[0] if lines else ''}: {why}"


def _work(call: Call) -> float:
    """Return how many numbers a call computes, or multiplies."""
    if call.view:
        return 0
    size = max((_size(x) for x in (*traced_in(call.result), *call.reads()[:2])), default=1)
    if call.function in _PRODUCTS:
        of = call.args[0]
        return max(size, _size(call.result) * (of.shape[-1] if getattr(of, "ndim", 0) else 1))
    return size


def _size(x: Any) -> int:
    return int(np.size(x.value)) if isinstance(x, Traced) else 1


def _array(shape: tuple[int, ...], dtype: Any, like: Any, kind: str = MADE) -> Traced:
    """Return a new variable of an array that lies in order."""
    value = as_strided(np.zeros(1, dtype), shape, _strides(shape, np.dtype(dtype).itemsize))
    made = Traced(value, like.records, Memory(kind, None))
    made.memory.whole = made
    return made


def _strides(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    return tuple(size * int(np.prod(shape[i + 1 :], dtype=np.int64)) for i in range(len(shape)))


def _number(dtype: Any, like: Any) -> Traced:
    """Return a new variable of a NumPy scalar."""
    return Traced(np.dtype(dtype).type(0), like.records, Memory(ARGUMENT, None))


def _call(function: Any, args: tuple[Any, ...], result: Any, like: Call, view: bool = False, **kwargs: Any) -> Call:
    return Call(function, args, kwargs, result, None, view, like.line, like.errors)


def _positions_of(base: Array, key: Any) -> tuple[int, tuple[int, ...], tuple[int, ...]] | None:
    """Return where a part of an array of this shape begins, counted in order, and its shape and strides."""
    if not is_basic(key):
        return None
    parts = key if type(key) is tuple else (key,)
    whole = as_strided(np.zeros(1, np.int8), base.shape, _strides(base.shape, 1))
    part = whole[parts if Ellipsis in parts else (*parts, Ellipsis)]
    if not part.size:
        return None
    start = part.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    return start, part.shape, part.strides


def _all_positions(start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    positions = np.full(shape, start, np.int64)
    for axis, (n, stride) in enumerate(zip(shape, strides, strict=True)):
        positions += (stride * np.arange(n)).reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return positions


class _Shorter(Exception):  # noqa: N818 - the repeat is planned anew
    """Raised where a rule holds for some of the iterations only: from the first number to the one before the second."""


class _Stored:
    """What each iteration writes to a part of an array.

    Attributes
    ----------
    positions
        Of the elements, counted in order; if it `moves` those of all iterations, else of one, whose sum is meant.
    backwards
        Whether the last iteration has the first.
    variable, result
        What has it in the loop, and what all of it is after the loop.
    """

    def __init__(self, positions: Array, moves: bool, dtype: Any) -> None:
        self.moves, self.dtype = moves, dtype
        self.backwards = moves and bool(positions[0].flat[0] > positions[-1].flat[0])
        self.positions = positions[::-1] if self.backwards else positions
        self.variable: Any = None
        self.result: Any = None

    def apart(self) -> bool:
        """Tell whether no element is written twice."""
        return len(np.unique(self.positions)) == self.positions.size

    def calls(self, target: Any, adds: bool, constant: Any, first: Call) -> list[Call]:
        """Return the calls that write it to an array, or add it to what is there; `constant` makes a variable."""

        def call(function: Any, args: Any, result: Any = None, of: Any = None) -> Call:
            writes = memory if result is None else None
            if of is not None:
                result.memory = of.memory
            return Call(function, args, {}, result, writes, of is not None, first.line, first.errors)

        memory, rows, size = target.memory, self.result, self.positions.size
        flat, line, part, total = (_array((n,), self.dtype, target) for n in (_size(target), size, size, size))
        made = [call(np.ndarray.reshape, (target, (-1,)), flat, target)]
        start = int(self.positions.flat[0])
        if not np.array_equal(self.positions.reshape(-1), np.arange(start, start + size)):
            function = np.add.at if adds else operator.setitem
            return [*made, call(function, (flat, constant(self.positions), rows))]
        made.append(call(np.ndarray.reshape, (rows, (-1,)), line, rows))
        if adds:
            made.append(call(operator.getitem, (flat, slice(start, start + size)), part, flat))
            made.append(call(np.add, (part, line), total))
            line = total
        return [*made, call(operator.setitem, (flat, slice(start, start + size), line))]


class _Plan:
    """How a repeat becomes a loop.

    Attributes
    ----------
    calls, inputs
        The body: the calls of the iteration in the middle, with new variables for what they are given.
    arguments
        What the loop is given: a variable, an array, or a list of variables that are stacked, with the variable that
        stands for it in the loop.
    finals, stacks
        What the loop returns: the variable after the loop, by the call and which of its results it is.
    """

    def __init__(self, roller: _Roller, repeat: Repeat) -> None:
        self.roller, self.repeat, self.recorded = roller, repeat, roller.recorded
        self.row = repeat.count // 2
        self.inputs: list[Same | Part | Carried] = []
        self.arguments: list[tuple[Any, Traced]] = []
        self.calls: list[Call] = []
        self.finals: dict[tuple[int, int], Any] = {}
        self.stacks: dict[tuple[int, int], Traced] = {}
        self.rows: dict[int, tuple[Any, int, int, int]] = {}  # variables of other iterations that are read outside
        self.again: dict[int, Call] = {}  # calls of views that are made outside, too
        self._known: dict[Any, Any] = {}  # variables of inputs, and positions of arguments
        self.items: set[int] = set()  # calls that are inputs
        self.left_out: set[int] = set()  # calls that are made after the loop, all at once
        self.terms: dict[int, _Stored] = {}  # by the call that writes
        self.sums: dict[int, tuple[Any, list[_Stored]]] = {}  # by the call that adds the last: what they are added to
        self.summed: dict[int, Any] = {}  # those of them that are needed: the variable after the loop
        self.stored: list[tuple[Any, _Stored]] = []
        self.like = next(x for call in self.block for x in (*traced_in(call.result), *call.reads()))
        self._plan()

    @property
    def block(self) -> list[Call]:
        """The calls of the iteration that the body is made of."""
        repeat = self.repeat
        start = repeat.start + self.row * repeat.period
        return self.recorded.calls[start : start + repeat.period]

    def fails(self, why: str) -> _NotRolled:
        return _NotRolled(self.repeat, note_of(self.repeat, self.block, why))

    def place(self, k: int) -> tuple[int, int]:
        """Return which call of the body a call is, and of which iteration."""
        j, q = divmod(k - self.repeat.start, self.repeat.period)
        return q, j

    def call(self, q: int, j: int) -> Call:
        """Return a call of an iteration."""
        return self.recorded.calls[self.repeat.start + j * self.repeat.period + q]

    # The body

    def _plan(self) -> None:
        repeat = self.repeat
        numbers = self.recorded.varying(repeat.start, repeat.period, repeat.count)
        first = self.recorded.numbers_from[repeat.start : repeat.start + repeat.period + 1]
        self._find_sums()
        for q, call in enumerate(self.block):
            columns = np.flatnonzero(repeat.readers == q)
            several = [[row[i] for row in numbers] for i in range(int(first[q] - first[0]), int(first[q + 1] - first[0]))]
            varies = {i for i, values in enumerate(several) if any(repr(v) != repr(values[0]) for v in values)}
            in_key = _count_in_key(call)
            moves = any(i < in_key for i in varies)
            if q in self.terms or (call.function is operator.setitem and repeat.lags[columns[0]] < 0):
                self._keep_stored(q, call, columns, several, in_key, varies)
            elif q in self.left_out:
                continue
            elif call.function is operator.getitem and moves:
                self._take_item(q, columns)
            elif moves:
                raise self.fails("it writes to a place that varies")
            else:
                put = [self._table(call, v) if i in varies else v[self.row] for i, v in enumerate(several)]
                self.calls.append(_replaced(call, self._operands(call, columns), put))

    # Parts of arrays that are written to, another one in each iteration

    def _find_sums(self) -> None:
        """Find arrays of zeros that are written to in one place, and then added to an array that is carried over.

        That is the gradient of an array whose rows are read one by one.
        """
        repeat, block, variables = self.repeat, self.block, self.recorded.variables
        users: dict[int, list[int]] = {}
        carried: dict[int, list[int]] = {}
        starts: dict[int, tuple[int, int]] = {}  # of a call that adds to what is carried: who makes that, the column
        for i, number in enumerate(repeat.reads[self.row]):
            q, made = int(repeat.readers[i]), int(self.recorded.made[number])
            if repeat.lags[i] == 0:
                users.setdefault(id(variables[number]), []).append(q)
            elif repeat.lags[i] > 0:
                carried.setdefault(self.place(made)[0], []).append(q)
                if repeat.lags[i] == 1:
                    starts[q] = self.place(made)[0], i
        found: dict[int, tuple[int, int]] = {}  # by the call that adds: those that make zeros, and write to them
        for q, call in enumerate(block):
            using = users.get(id(call.result), []) if call.function in _ZEROS else []
            if len(using) != 2 or q in carried:
                continue
            store, add = using
            stores = block[store].function is operator.setitem and block[store].args[0] is call.result
            if stores and block[add].function is np.add and not block[add].kwargs:
                found[add] = q, store
        for add in found:
            end, column = starts.get(add, (-1, -1))
            chain = [add]
            while len(after := users.get(id(block[chain[-1]].result), [])) == 1 and after[0] in found:
                chain.append(after[0])
            alone = not after and not any(q in carried for q in chain[:-1]) and carried.get(chain[-1]) == [add]
            if chain[-1] == end and alone:
                self._take_sum(chain, found, column)

    def _take_sum(self, chain: list[int], found: dict[int, tuple[int, int]], column: int) -> None:
        stores = [found[add][1] for add in chain]
        parts = [self._stored_at(self.block[found[add][0]].result, store) for add, store in zip(chain, stores, strict=True)]
        if any(part is None for part in parts) or not any(part.moves for part in parts if part is not None):
            return
        self.terms |= dict(zip(stores, parts, strict=True))
        self.left_out |= {q for add in chain for q in (add, *found[add])}
        first = self.recorded.variables[self.repeat.reads[0, column]]
        self.sums[chain[-1]] = first, [part for part in parts if part is not None]

    def _stored_at(self, target: Any, q: int) -> _Stored | None:
        """Return what is written in each iteration to other elements of an array, or always to the same."""
        at = [_positions_of(target.value, self.call(q, j).args[1]) for j in range(self.repeat.count)]
        if at[0] is None or any(p is None or p[1] != at[0][1] for p in at):
            return None
        positions = np.stack([_all_positions(*p) for p in at if p is not None])
        moves = bool((positions != positions[0]).any())
        return _Stored(positions if moves else positions[0], moves, target.dtype)

    def _keep_stored(
        self, q: int, call: Call, columns: Array, several: list[list[Any]], in_key: int, varies: set[int]
    ) -> None:
        """Let the loop keep what is written to a part of an array, which is done after it."""
        target = call.args[0]
        if q not in self.terms:
            part = self._stored_at(target, q)
            if part is None or not part.moves or not part.apart() or not self._only_stored(target, int(columns[0])):
                raise self.fails("it writes to an array from outside")
            self.terms[q] = part
            self.stored.append((target, part))
        part = self.terms[q]
        shape = part.positions.shape[1:] if part.moves else part.positions.shape
        kept = _array(shape, part.dtype, self.like)
        self.calls.append(_call(np.empty, (shape, part.dtype), kept, call))
        values = [self._table(call, v) if i in varies else v[self.row] for i, v in enumerate(several) if i >= in_key]
        store = Call(operator.setitem, (kept, ..., call.args[2]), {}, None, kept.memory, False, call.line, call.errors)
        self.calls.append(_replaced(store, [kept, *(self._operand(i) for i in columns[1:])], values))
        if part.moves:
            part.variable, part.result = kept, _array(part.positions.shape, part.dtype, self.like)
            return
        before = _array(shape, part.dtype, self.like, ARGUMENT)
        total = _array(shape, part.dtype, self.like)
        zeros = np.zeros(shape, part.dtype)
        argument = self._argument(("zeros", shape, part.dtype), zeros, _array(shape, part.dtype, self.like, ARGUMENT))
        self.inputs.append(Carried(before, argument, total))
        self.calls.append(_call(np.add, (before, kept), total, call))
        part.variable, part.result = total, _array(shape, part.dtype, self.like)

    def _only_stored(self, target: Any, column: int) -> bool:
        """Tell whether nothing in the loop reads an array that it writes to, which lies in order."""
        reads, variables = self.repeat.reads, self.recorded.variables
        if target.memory.kind != MADE or not target.value.flags.c_contiguous or len(np.unique(reads[:, column])) > 1:
            return False
        others = np.unique(np.delete(reads, column, 1))
        return not any(variables[v].memory is target.memory for v in others)

    def _argument(self, key: Any, what: Any, variable: Any) -> int:
        if key not in self._known:
            self._known[key] = len(self.arguments)
            self.arguments.append((what, variable))
        position: int = self._known[key]
        return position

    def _input(self, key: Any, like: Any) -> Any:
        """Return a new variable for an input, or the one that it has."""
        if isinstance(like, TracedFloat):
            return TracedFloat(0.0, self.like.records, itself)
        value = like.value
        if isinstance(value, np.ndarray):
            return _array(value.shape, value.dtype, self.like, ARGUMENT)
        return _number(value.dtype, self.like)

    def _operands(self, call: Call, columns: Array) -> list[Any]:
        """Return what a call of the body reads; a constant index as the array itself, which machine code knows then."""
        in_key = len(traced_in(call.args[1])) if call.function in KEYED else 0
        operands = []
        for place, i in enumerate(columns):
            table = self._constants(self.repeat.reads[:, i]) if 0 < place <= in_key else None
            is_same = table is not None and (table == table[0]).all()
            operands.append(table[0] if is_same else self._operand(i))  # type: ignore[index]
        return operands

    def _constants(self, numbers: Array) -> Array | None:
        """Return the arrays that variables are, if all of them are constants."""
        several = [self.recorded.variables[v] for v in numbers]
        constant = all(id(x) in self.roller.constants for x in several)
        return np.stack([x.value for x in several]) if constant else None

    def _operand(self, i: int) -> Any:
        repeat = self.repeat
        lag, numbers = int(repeat.lags[i]), repeat.reads[:, i]
        x = self.recorded.variables[numbers[self.row]]
        if lag == 0:
            return x
        key = ("operand", lag, numbers.tobytes())
        if key not in self._known:
            self._known[key] = self._carried(numbers, lag) if lag > 0 else self._given(numbers)
        return self._known[key]

    def _whole(self, x: Any) -> int:
        return self._argument(id(x), x, _in_order(x, self.like))

    def _carried(self, numbers: Array, lag: int) -> Any:
        variables = self.recorded.variables
        row, key = self.row, ("carried", lag, numbers.tobytes())
        if key in self._known:
            return self._known[key]
        made = self.recorded.made[numbers[row]] + lag * self.repeat.period  # by the same call, in this iteration
        result = self.recorded.results[numbers[row]]
        if lag == 1:
            after = list(traced_in(self.recorded.calls[made].result))[result]
        else:
            after = self._carried(np.append(numbers[1:], -1), lag - 1)
        first = variables[numbers[0]]
        made_of = self._input(key, first)
        self.inputs.append(Carried(made_of, self._whole(first), after))
        self._known[key] = made_of
        return made_of

    def _given(self, numbers: Array) -> Any:
        variables = self.recorded.variables
        x = variables[numbers[self.row]]
        made = self._input(None, x)
        if (numbers == numbers[0]).all():
            self.inputs.append(Same(made, self._whole(x)))
            return made
        if (table := self._constants(numbers)) is not None:
            if all(row.tobytes() == table[0].tobytes() for row in table):
                self.inputs.append(Same(made, self._whole(x)))
            else:
                self._row(made, table)
            return made
        if not self._part(made, numbers) and not self._kept(made, numbers):
            self._row(made, [variables[v] for v in numbers])
        return made

    def _row(self, variable: Any, what: Array | list[Any]) -> None:
        """Let an input be a row of an array, or of what variables are stacked to, in each iteration another."""
        shape = np.shape(variable.value)
        size = int(np.prod(shape, dtype=np.int64))
        dtype = np.float64 if isinstance(variable, TracedFloat) else variable.dtype
        key = (what.tobytes(), what.dtype, what.shape) if type(what) is np.ndarray else tuple(map(id, what))
        argument = self._argument(key, what, _array((self.repeat.count, *shape), dtype, self.like, ARGUMENT))
        self.inputs.append(Part(variable, argument, np.arange(size).reshape(shape), size))

    def _advances(self, described: list[Any]) -> int | None:
        """Return the step by which positions advance, the last of each; None if there is no reason to say so.

        Where that holds for most iterations, the repeat is planned anew for these.
        """
        row, here = self.row, described[self.row]
        if here is None or described[row + 1] is None or here[:-1] != described[row + 1][:-1]:
            return None
        step: int = described[row + 1][-1] - here[-1]
        holds = [d is not None and d[:-1] == here[:-1] and d[-1] - here[-1] == step * (j - row)
                 for j, d in enumerate(described)]  # fmt: skip
        if all(holds):
            return step
        first = row - next((i for i, held in enumerate(holds[row::-1]) if not held), row + 1) + 1
        last = row + next((i for i, held in enumerate(holds[row:]) if not held), len(holds) - row)
        if last - first >= max(FEWEST, 0.75 * len(holds)):
            raise _Shorter(first, last)
        return None

    def _part(self, variable: Any, numbers: Array) -> bool:
        """Let an input be a part of an array made outside, that views or numbers are taken from one by one."""
        calls, made = self.recorded.calls, self.recorded.made[numbers]
        if made.min() < 0:
            return False
        takes = [calls[k] if calls[k].function is operator.getitem else None for k in made]
        middle = takes[self.row]
        if middle is None or self._written(middle.args[0]):
            return False
        base = middle.args[0]
        at = [None if c is None or c.args[0] is not base else _positions_of(base.value, c.args[1]) for c in takes]
        step = self._advances([None if p is None else (p[1], p[2], p[0]) for p in at])
        if step is None:
            return False
        self._add_part(variable, base, at, step)
        return True

    def _written(self, x: Any) -> bool:
        memory = x.memory
        return id(memory) in self.roller.written or (memory.kind == HELD and memory.written)

    def _add_part(self, variable: Any, base: Any, at: Sequence[Any], step: int) -> None:
        first = at[-1] if step < 0 else at[0]
        self.inputs.append(Part(variable, self._whole(base), _all_positions(*first), abs(step), step < 0))

    def _kept(self, variable: Any, numbers: Array) -> bool:
        """Let an input be what an earlier loop stacks."""
        roller, made, results = self.roller, self.recorded.made[numbers], self.recorded.results[numbers]
        owners = [roller.owner(k) for k in made]
        described = [
            None if plan is None else (id(plan), plan.place(k)[0], r, plan.place(k)[1])
            for plan, k, r in zip(owners, made, results, strict=True)
        ]
        step = self._advances(described)
        plan, here = owners[self.row], described[self.row]
        if step is None or plan is None or here is None or here[1] in plan.items:
            return False
        stack = plan.stack(here[1], here[2])
        size = int(np.prod(np.shape(variable.value), dtype=np.int64))
        first = described[-1 if step < 0 else 0]
        assert first is not None
        positions = first[3] * size + np.arange(size).reshape(np.shape(variable.value))
        self.inputs.append(Part(variable, self._whole(stack), positions, abs(step) * size, step < 0))
        return True

    def _take_item(self, q: int, columns: Array) -> None:
        """Let a part of an array made outside be an input, instead of the call that takes it."""
        calls = [self.call(q, j) for j in range(self.repeat.count)]
        base, x = calls[0].args[0], calls[self.row].result
        if len(columns) != 1 or any(call.args[0] is not base for call in calls) or self.roller.owner_of(base) is self:
            raise self.fails("an index varies, of an array that the loop makes")
        at = [_positions_of(base.value, call.args[1]) for call in calls]
        if at[0] is None:
            raise self.fails("an index varies that is no number or slice")
        self.items.add(q)
        step = self._advances([None if p is None else (p[1], p[2], p[0]) for p in at])
        if step is not None:
            self._add_part(x, base, at, step)
            return
        positions = np.stack([_all_positions(*p) for p in at if p is not None])
        shape = np.shape(x.value)
        key = id(base), positions.tobytes()
        argument = self._argument(key, (base, positions), _array(positions.shape, x.dtype, self.like, ARGUMENT))
        size = int(np.prod(shape, dtype=np.int64))
        self.inputs.append(Part(x, argument, np.arange(size).reshape(shape), size))

    def _table(self, call: Call, values: list[Any]) -> Any:
        """Return a variable for a number that varies; it is read from a table."""
        of = {x.dtype for x in call.reads() if isinstance(x, Traced)}
        numbers = np.array(values, np.float64)
        exact = all(type(v) is not int or int(n) == v for v, n in zip(values, numbers.tolist(), strict=True))
        if not exact or any(dtype.kind not in "fb" for dtype in of) or call.function is np.ldexp:
            raise self.fails("a number varies that is computed with integers")
        weak = all(type(v) in (int, float) for v in values)
        key = "table", weak, numbers.tobytes()
        if key not in self._known:
            like = self.like.records
            made: Any = TracedFloat(0.0, like, itself) if weak else _number(np.float64, self.like)
            self._known[key] = made
            self._row(made, numbers)
        return self._known[key]

    # What is needed of it

    def stack(self, q: int, r: int) -> Traced:
        """Return the variable that has a result of a call of all iterations."""
        if (q, r) not in self.stacks:
            x = list(traced_in(self.call(q, self.row).result))[r]
            self.stacks[q, r] = _array((self.repeat.count, *np.shape(x.value)), x.dtype, self.like)
        return self.stacks[q, r]

    def needed_parts(self, moves: bool) -> list[_Stored]:
        """Return what is written to arrays that are needed: to other places in each iteration, or to the same."""
        parts = [part for q in self.summed for part in self.sums[q][1]] + [part for _, part in self.stored]
        return [part for part in parts if part.moves is moves]

    def loop(self) -> Loop:
        """Return the loop."""
        results = [list(traced_in(call.result)) for call in self.block]
        finals = [results[q][r] for q, r in self.finals] + [part.variable for part in self.needed_parts(False)]
        stacked = [(results[q][r], False) for q, r in self.stacks]
        stacked += [(part.variable, part.backwards) for part in self.needed_parts(True)]
        arguments: list[Any] = [variable for _, variable in self.arguments]
        return Loop(self.calls, self.inputs, arguments, finals, stacked, self.repeat.count)


def _in_order(x: Any, like: Any) -> Traced:
    """Return a variable for an argument: an array that lies in order."""
    if isinstance(x, TracedFloat):
        return _array((), np.float64, like, ARGUMENT)
    return _array(np.shape(x.value), x.dtype, like, ARGUMENT)


def _longest(true: Sequence[bool]) -> tuple[int, int]:
    """Return from where to where what follows the one before does so longest."""
    best, first = (0, 0), 0
    for i, follows in enumerate(true):
        if i + 1 - first > best[1] - best[0]:
            best = first, i + 1
        if not follows:
            first = i + 1
    return best


def _count_in_key(call: Call) -> int:
    """Return how many numbers of a call are those of an index."""
    found: list[Any] = []
    if call.function in KEYED:
        _numbers_in(call.args[1], found)
    return len(found)


def _numbers_in(tree: Any, found: list[Any]) -> None:
    if type(tree) in (tuple, list):
        for part in tree:
            _numbers_in(part, found)
    elif type(tree) is slice:
        _numbers_in((tree.start, tree.stop), found)
    elif type(tree) is int:
        found.append(tree)


def _replaced(call: Call, operands: Sequence[Any], numbers: Sequence[Any]) -> Call:
    """Return a call with other variables and numbers, which are taken in the order in which `Recorded` notes them."""
    variables, values = iter(operands), iter(numbers)
    free = isinstance(call.function, np.ufunc) or call.function in OF_NUMBERS
    keyed = call.function in KEYED

    def put(x: Any, what: str) -> Any:
        kind = type(x)
        if issubclass(kind, Variable):
            return next(variables)
        if what and (kind is int or (what == "number" and kind in (float, np.float64))):
            return next(values)
        if kind in (tuple, list):
            return kind([put(part, what if what == "key" else "") for part in x])
        if kind is slice:
            return slice(put(x.start, what), put(x.stop, what), put(x.step, ""))
        if kind is dict:
            return {key: put(part, "") for key, part in x.items()}
        return x

    args = tuple(
        [put(x, "key" if keyed and i == 1 else "number" if free else "") for i, x in enumerate(call.args)]
    )
    kwargs = {name: put(x, "") for name, x in call.kwargs.items()}
    made = type(call)(call.function, args, kwargs, call.result, call.writes, call.view, call.line, call.errors)
    if isinstance(call, Check):
        made.expected = call.expected  # type: ignore[attr-defined]
    return made


class _Roller:
    """Puts loops in the places of repeats."""

    def __init__(self, program: Program, recorded: Recorded, repeats: list[Repeat]) -> None:
        self.program, self.recorded = program, recorded
        self.constants = {
            id(x) for x, fetch in program.sources if type(fetch) is Fixed and x.memory.kind not in (HELD, ARGUMENT)
        }
        self.written = {id(call.writes) for call in program.calls if call.writes is not None}
        self.plans: list[_Plan] = []
        self._owners = np.full(len(recorded.calls), -1)
        for repeat in repeats:
            self._add(repeat)
        inside = self._owners >= 0
        self.outer = [call for call, within in zip(recorded.calls, inside, strict=True) if not within]
        self.written_later = {id(call.writes) for call in self.outer if call.writes is not None}
        self.written_later |= {id(target.memory) for plan in self.plans for target, _ in plan.stored}
        self.collected: dict[int, list[Call]] = {}  # calls in the place of one, by its identity
        self.given = set(program.handed_out())
        self._needed: set[int] = set()
        self._find_needed()
        self.loops = self._compiled()

    def _add(self, repeat: Repeat) -> None:
        while True:
            try:
                plan = _Plan(self, repeat)
            except _Shorter as shorter:
                repeat = repeat.shortened(*shorter.args)
                continue
            break
        self._owners[repeat.start : repeat.end] = len(self.plans)
        self.plans.append(plan)

    def owner(self, k: int) -> _Plan | None:
        """Return the plan that a call belongs to."""
        number = self._owners[k] if k >= 0 else -1
        return self.plans[number] if number >= 0 else None

    def owner_of(self, x: Any) -> _Plan | None:
        """Return the plan of the call that makes a variable."""
        v = self.recorded.number.get(id(x))
        return None if v is None else self.owner(int(self.recorded.made[v]))

    # What is needed outside

    def _find_needed(self) -> None:
        pending = [x for call in self.outer for x in self._collect(call)] + traced_in(self.program.outputs)
        for plan in self.plans:
            for what, _ in plan.arguments:
                pending += traced_in([what[0]] if isinstance(what, tuple) else what)
            pending += [target for target, _ in plan.stored]
        while pending:
            pending += self._need(pending.pop())
        for plan in self.plans:
            for (q, r), x in plan.finals.items():
                if (q, r) in plan.stacks and id(x.memory) in self.written_later:
                    raise plan.fails("what it stacks is written to afterwards")

    def _collect(self, call: Call) -> list[Any]:
        """Return what a call outside reads; of a list of what many iterations make, the others.

        These are taken all at once from what the loop stacks.
        """
        several = call.args[0] if call.args else None
        if call.function not in _COLLECTS or type(several) not in (list, tuple) or call.args[1:] not in ((), (0,)):
            return call.reads()
        if call.kwargs.get("axis", 0) != 0 or call.kwargs.get("dtype") is not None:
            return call.reads()
        places = [self._place(x) for x in several]
        follows = [
            a is not None and b is not None and (*a[:3], a[3] + 1) == b
            for a, b in zip(places, [*places[1:], None], strict=True)
        ]
        first, last = _longest(follows)
        place = places[first] if last - first >= FEWEST else None
        if place is None:
            return call.reads()
        plan, q, r, j = place
        stack = plan.stack(q, r)
        rows = _array((last - first, *stack.shape[1:]), stack.dtype, stack)
        rows.memory = stack.memory
        calls = [_call(operator.getitem, (stack, slice(j, j + last - first)), rows, call, view=True)]
        pieces = [rows]
        for before, rest in ((True, several[:first]), (False, several[last:])):
            if rest:
                piece = _array((len(rest), *rows.shape[1:]), rows.dtype, rows)
                calls.append(_call(np.stack, (list(rest),), piece, call))
                pieces.insert(0 if before else len(pieces), piece)
        whole = len(pieces) == 1
        calls.append(_call(np.array if whole else np.concatenate, (rows if whole else pieces,), call.result, call))
        self.collected[id(call)] = calls
        return [*several[:first], *several[last:]]

    def _place(self, x: Any) -> tuple[_Plan, int, int, int] | None:
        """Return the loop that makes a variable, which call of it, which result, and in which iteration."""
        v = self.recorded.number.get(id(x), -1) if isinstance(x, Variable) else -1
        k = int(self.recorded.made[v]) if v >= 0 else -1
        plan = self.owner(k)
        if plan is None or id(x.memory) in self.written_later:
            return None
        q, j = plan.place(k)
        hidden = q in plan.items or q in plan.left_out
        return None if hidden else (plan, q, int(self.recorded.results[v]), j)

    def _need(self, x: Any) -> list[Any]:
        """Note that a variable is read outside its loop; return what has to be there for it."""
        v = self.recorded.number.get(id(x), -1)
        plan = self.owner(int(self.recorded.made[v])) if v >= 0 else None
        if plan is None or v in self._needed:
            return []
        self._needed.add(v)
        k, r = int(self.recorded.made[v]), int(self.recorded.results[v])
        (q, j), call = plan.place(k), self.recorded.calls[k]
        if q in plan.sums and j == plan.repeat.count - 1:
            plan.summed[q] = x
            return [plan.sums[q][0]]
        if q in plan.left_out:
            raise plan.fails("a sum of parts of arrays is read within it")
        if q in plan.items or (call.view and self._made_again(plan, call, j)):
            plan.again[k] = call
            return call.reads()
        last = j == plan.repeat.count - 1
        if id(x.memory) in self.written_later and (not last or x.memory.whole is not x):
            raise plan.fails("what it makes is written to afterwards")
        value = x.value
        if isinstance(value, np.ndarray) and not (value.flags.c_contiguous or value.flags.f_contiguous):
            raise plan.fails("what it makes lies in memory in another order")
        if last:
            plan.finals[q, r] = x
        else:
            plan.rows[id(x)] = x, q, r, j
            plan.stack(q, r)
        return []

    def _made_again(self, plan: _Plan, call: Call, j: int) -> bool:
        """Tell whether a view can be made outside: of what is made outside, or in the last iteration."""
        last = plan.repeat.count - 1
        for x in call.reads():
            v = self.recorded.number[id(x)]
            k = int(self.recorded.made[v])
            if self.owner(k) is not plan:
                continue
            maker = self.recorded.calls[k]
            if plan.place(k)[1] != last or j != last or (maker.view and not self._made_again(plan, maker, j)):
                return False
        return True

    # Loops

    def _compiled(self) -> list[CompiledLoop]:
        made: dict[Any, CompiledLoop] = {}
        loops = []
        for plan in self.plans:
            loop = plan.loop()
            key = _signature(loop)
            if key not in made:
                number = len(self.program.loops) + len(made) + 1
                made[key] = CompiledLoop(loop, "loop" if number == 1 else f"loop_{number}")
                made[key].compile()
                if made[key].why:
                    raise plan.fails(made[key].why)
            loops.append(made[key])
        return loops

    def run(self) -> None:
        """Put the loops into the program."""
        calls: list[Call] = []
        for k, call in enumerate(self.recorded.calls):
            plan = self.owner(k)
            if plan is None:
                calls += self.collected.get(id(call), [call])
            elif k == plan.repeat.start:
                calls += self._calls_of(plan, self.loops[self._owners[k]])
        self.program.calls = calls
        self.program.loops += [loop.source for loop in dict.fromkeys(self.loops)]
        drop_dead(self.program)

    def _calls_of(self, plan: _Plan, loop: CompiledLoop) -> list[Call]:
        first = plan.block[0]
        before = [call for k, call in sorted(plan.again.items()) if self.owner_of(call.reads()[0]) is not plan]
        args = tuple(self._argument(what, variable, before, first) for what, variable in plan.arguments)
        results, after = [], []
        for x in plan.finals.values():
            results.append(y := self._final(x, after, first))
        results += [part.result for part in plan.needed_parts(False)]
        results += plan.stacks.values()
        results += [part.result for part in plan.needed_parts(True)]
        for x, q, r, j in plan.rows.values():
            after += self._row(x, plan.stacks[q, r], j, first)
        after += [call for k, call in sorted(plan.again.items()) if self.owner_of(call.reads()[0]) is plan]
        for q, x in plan.summed.items():
            start, parts = plan.sums[q]
            after.append(_call(np.array, (start,), x, first, order="C"))
            for part in parts:
                after += part.calls(x, True, self._constant, first)
        for target, part in plan.stored:
            after += part.calls(target, False, self._constant, first)
        return [*before, _call(loop, args, tuple(results), first), *after]

    def _constant(self, array: Array) -> Traced:
        made = Traced(array, self.plans[0].like.records, Memory(CONSTANT, None))
        self.program.sources.append((made, Fixed(array)))
        return made

    def _argument(self, what: Any, variable: Traced, before: list[Call], first: Call) -> Any:
        like = variable
        if type(what) is np.ndarray:
            return self._constant(what)
        if isinstance(what, list):
            made = _array(variable.shape, variable.dtype, like)
            before.append(_call(np.stack, (what,), made, first))
            return made
        if isinstance(what, tuple):
            base, positions = what
            flat = _array((base.size,), base.dtype, like)
            before.append(_call(np.ndarray.flatten, (base,), flat, first))
            made = _array(positions.shape, base.dtype, like)
            before.append(_call(operator.getitem, (flat, self._constant(positions)), made, first))
            return made
        if isinstance(what.value, np.ndarray) and what.value.flags.c_contiguous:
            return what
        made = _array(variable.shape, variable.dtype, like)
        function = np.ascontiguousarray if isinstance(what.value, np.ndarray) else np.asarray
        before.append(_call(function, (what,), made, first))
        return made

    @staticmethod
    def _final(x: Any, after: list[Call], first: Call) -> Traced:
        """Return the result of a loop from which a variable is made, which is the variable if it can be."""
        value = x.value
        is_array = isinstance(value, np.ndarray)
        if not is_array or (value.flags.c_contiguous and x.memory.whole is x):
            return x  # type: ignore[no-any-return]
        made = _array(value.shape, x.dtype, x)
        x.memory = Memory(MADE, None)
        x.memory.whole = x
        after.append(_call(np.array, (made,), x, first, order="C" if value.flags.c_contiguous else "F"))
        return made

    def _row(self, x: Any, stack: Traced, j: int, first: Call) -> list[Call]:
        """Return the calls that take one iteration from what a loop stacks."""
        value = x.value
        if not isinstance(value, np.ndarray):
            return [_call(operator.getitem, (stack, j), x, first)]
        row = Traced(value, x.records, stack.memory)
        copied = id(x.memory) in self.given or not value.flags.c_contiguous
        x.memory = Memory(MADE, None) if copied else stack.memory
        if not copied:
            return [_call(operator.getitem, (stack, (j, Ellipsis)), x, first, view=True)]
        x.memory.whole = x
        order = "C" if value.flags.c_contiguous else "F"
        return [
            _call(operator.getitem, (stack, (j, Ellipsis)), row, first, view=True),
            _call(np.array, (row,), x, first, order=order),
        ]


def _signature(loop: Loop) -> Any:
    """Return what loops have in common that are the same."""
    numbers: dict[int, int] = {}

    def of(x: Any) -> Any:
        kind = type(x)
        if issubclass(kind, Variable):
            shape = kind if kind is TracedFloat else (type(x.value), np.shape(x.value), x.dtype)
            return "v", numbers.setdefault(id(x), len(numbers)), shape
        if kind in (tuple, list):
            return kind, *map(of, x)
        if kind is slice:
            return kind, of(x.start), of(x.stop), of(x.step)
        if kind is dict:
            return kind, *((name, of(part)) for name, part in x.items())
        if kind in (float, int, bool, str, np.float64, np.float32):
            return kind, repr(x)
        return id(x)

    parts: list[Any] = [loop.count, of(loop.arguments)]
    for given in loop.inputs:
        variable = of(given.variable)
        if isinstance(given, Same):
            parts.append((Same, variable, given.argument))
        elif isinstance(given, Carried):
            parts.append((Carried, variable, given.first, of(given.after)))
        else:
            at = given.positions.tobytes(), given.positions.shape
            parts.append((Part, variable, given.argument, at, given.step, given.backwards))
    for call in loop.calls:
        function = call.function if getattr(call.function, "__self__", None) is not None else id(call.function)
        expected = repr(call.expected) if isinstance(call, Check) else ""
        parts.append((type(call), function, of(call.args), of(call.kwargs), of(call.result), call.view, expected))
    return (*parts, of(loop.finals), of([x for x, _ in loop.stacked]))
