"""Plans: how a repeat becomes a loop: its body, what it is given, and what is needed of it."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ....arrays.traced import Traced, Variable
from ..floats import TracedFloat
from ..program import ARGUMENT, HELD, MADE, Call, Check, Fixed, Program, traced_in
from ..types import Array
from .loop import Carried, Loop, Part, Same
from .parts import Stored, all_positions, array_like, call_like, dense, number_like, positions_of, size_of
from .repeats import FEWEST, KEYED, OF_NUMBERS, Recorded, Repeat
from .running import copies, kind_of

COPIED = 400  # numbers for each call of a repeat that may be stacked before it: they take as long as it saves


class NotRolled(Exception):  # noqa: N818 - the repeat stays as it is
    """Raised where a repeat cannot become a loop."""

    def __init__(self, repeat: Repeat, why: str) -> None:
        super().__init__(why)
        self.repeat = repeat


def note_of(block: Sequence[Call], count: int, why: str) -> str:
    """Return the note that a repeat stays as it is."""
    lines = sorted({call.line for call in block if not call.view}, key=lambda line: int(line.rpartition(":")[2]))
    return f"not rolled: {count} iterations of {len(block)} calls, from {lines[0] if lines else ''}: {why}"


class Shorter(Exception):  # noqa: N818 - the repeat is planned anew
    """Raised where a rule holds for some of the iterations only: from the first number to the one before the second."""


class Plans:
    """The plans of the repeats of a program, in order.

    Attributes
    ----------
    constants
        The variables that are the same whenever the program runs, by identity.
    written
        The memory that calls write to.
    """

    def __init__(self, program: Program, recorded: Recorded, repeats: list[Repeat]) -> None:
        self.recorded = recorded
        self.constants = {id(x) for x, fetch in program.sources if type(fetch) is Fixed and not x.memory.is_others}
        self.written = {id(call.writes) for call in program.calls if call.writes is not None}
        self.all: list[Plan] = []
        self._owners = np.full(len(recorded.calls), -1)
        for repeat in repeats:
            self._add(repeat)

    def _add(self, found: Repeat) -> None:
        repeat = found
        while True:
            try:
                plan = Plan(self, repeat, found)
            except Shorter as shorter:
                repeat = repeat.shortened(*shorter.args)
                continue
            break
        self._owners[repeat.start : repeat.end] = len(self.all)
        self.all.append(plan)

    def owner(self, k: int) -> Plan | None:
        """Return the plan that a call belongs to."""
        number = self._owners[k] if k >= 0 else -1
        return self.all[number] if number >= 0 else None

    def owner_of(self, x: Traced) -> Plan | None:
        """Return the plan of the call that makes a variable."""
        v = self.recorded.number.get(id(x))
        return None if v is None else self.owner(int(self.recorded.made[v]))


class Plan:
    """How a repeat becomes a loop.

    Attributes
    ----------
    repeat, found
        The repeat, and what it was before it was shortened.
    calls, inputs
        The body: the calls of the iteration in the middle, with new variables for what they are given.
    arguments
        What the loop is given: a variable, an array, or a list of variables that are stacked, with the variable that
        stands for it in the loop.
    finals, stacks
        What the loop returns: the variable after the loop, by the call and which of its results it is.
    """

    def __init__(self, plans: Plans, repeat: Repeat, found: Repeat) -> None:
        self.plans, self.repeat, self.found, self.recorded = plans, repeat, found, plans.recorded
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
        self.stored: list[tuple[Any, Stored]] = []
        self.in_place: list[tuple[Any, Any]] = []  # arrays from outside that it writes to, and what has them within
        self.like = next(x for call in self.block for x in (*traced_in(call.result), *call.reads()))
        self._plan()
        copied = sum(variable.size for what, variable in self.arguments if type(what) is list)
        if copied > COPIED * repeat.period * repeat.count:
            raise self.fails(f"it reads another array in each iteration, {copied:,} numbers that have to be stacked")

    @property
    def block(self) -> list[Call]:
        """The calls of the iteration that the body is made of."""
        repeat = self.repeat
        start = repeat.start + self.row * repeat.period
        return self.recorded.calls[start : start + repeat.period]

    def fails(self, why: str) -> NotRolled:
        """Return the error that the repeat cannot become a loop."""
        return NotRolled(self.found, note_of(self.block, self.repeat.count, why))

    def place(self, k: int) -> tuple[int, int]:
        """Return which call of the body a call is, and of which iteration."""
        j, q = divmod(k - self.repeat.start, self.repeat.period)
        return q, j

    def call(self, q: int, j: int) -> Call:
        """Return a call of an iteration."""
        return self.recorded.calls[self.repeat.start + j * self.repeat.period + q]

    # The body

    def _plan(self) -> None:
        numbers = [self._numbers(q) for q in range(self.repeat.period)]
        varies = [{i for i, v in enumerate(several) if any(repr(x) != repr(v[0]) for x in v)} for several in numbers]
        moves = {q for q, call in enumerate(self.block) if any(i < _count_in_key(call) for i in varies[q])}
        self._find_states(moves)
        sums = self._sums()
        self.left_out = {q for between in sums.values() for q in between}
        for q, call in enumerate(self.block):
            columns = np.flatnonzero(self.repeat.readers == q)
            several = [v if i in varies[q] else v[self.row] for i, v in enumerate(numbers[q])]
            if q in self.left_out:
                continue
            if q in sums:
                added = int(np.flatnonzero(self.repeat.readers == sums[q][1])[1])
                store = dataclasses.replace(call, args=(*call.args[:2], self.block[sums[q][1]].args[1]))
                self._keep_stored(q, store, [columns[0], added], [], adds=True)
            elif q in moves and call.function is operator.setitem and self._is_outside(call.writes):
                self._keep_stored(q, call, columns, several[_count_in_key(call) :])
            elif q in moves and call.function is operator.getitem:
                self._take_item(q, columns)
            elif q in moves:
                raise self.fails("it writes to a place that varies")
            else:
                made = _replaced(call, self._operands(call, columns), [self._table(call, v) for v in several])
                if call.writes is not None:
                    self._write(made)
                self.calls.append(made)

    def _numbers(self, q: int) -> list[list[Any]]:
        """Return for each number of a call that may vary what it is in all iterations."""
        repeat, numbers = self.repeat, self.recorded.numbers
        first = self.recorded.numbers_from[repeat.start : repeat.start + repeat.period + 1]
        width = int(first[-1] - first[0])
        ends = int(first[0]) + width * repeat.count
        return [numbers[i:ends:width] for i in range(int(first[q]), int(first[q + 1]))]

    # Memory from outside that is written to

    def _find_states(self, moves: set[int]) -> None:
        """Find arrays from outside that are written to in place: each is carried from one iteration to the next."""
        memories: dict[int, Any] = {id(c.writes): c.writes for c, k in self._writes() if k < self.repeat.start}
        for q in moves:
            memories.pop(id(self.block[q].writes), None)
        variables = [self.recorded.variables[v] for v in np.unique(self.repeat.reads)]
        for key, memory in memories.items():
            shown = [x for x in variables if id(x.memory) == key]
            x = memory.whole
            if len(shown) == 1 and shown[0] is x and memory.kind == MADE and x.value.flags.c_contiguous:
                made = self._input(x)
                made.memory.kind = MADE
                self.inputs.append(Carried(made, self._whole(x), made))
                self.in_place.append((x, made))
                number = self.recorded.number[id(x)]
                self._known["given", np.full(self.repeat.count, number).tobytes()] = made

    def _writes(self) -> list[tuple[Call, int]]:
        """Return the calls of the body that write to memory, and the positions of those that make it."""
        first = self.repeat.start + self.row * self.repeat.period
        writes = self.recorded.writes[first : first + self.repeat.period].tolist()
        return [(call, k) for call, k in zip(self.block, writes, strict=True) if k != -2]

    def _write(self, call: Call) -> None:
        """Let a call write to the array that is carried, where it is one from outside."""
        carried = {id(x.memory): made for x, made in self.in_place}
        made = carried.get(id(call.writes))
        if made is not None:
            call.writes, call.result = made.memory, None if call.result is None else made
        elif self._is_outside(call.writes):
            raise self.fails("it writes to an array from outside")

    def _is_outside(self, memory: Any) -> bool:
        return any(c.writes is memory and k < self.repeat.start for c, k in self._writes())

    def writes(self) -> list[Any]:
        """Return the variables of what is written to after the loop."""
        return [*(target for target, _ in self.stored), *(x for x, _ in self.in_place)]

    # Parts of arrays that are written to, another one in each iteration

    def _sums(self) -> dict[int, tuple[int, int]]:
        """Return the calls that add to a part of an array from outside: what takes it, and what adds, by what stores.

        That is the gradient of an array whose parts are read one by one.
        """
        repeat, number = self.repeat, self.recorded.number
        makers = {id(x): q for q, call in enumerate(self.block) for x in traced_in(call.result) if call.writes is None}
        found: dict[int, tuple[int, int]] = {}
        carried = {id(x.memory) for x, _ in self.in_place}
        for q, call in enumerate(self.block):
            if call.function is not operator.setitem or not self._is_outside(call.writes) or id(call.writes) in carried:
                continue
            add = makers.get(id(call.args[2]), -1)
            total = self.block[add]
            if add < 0 or total.function is not np.add or total.kwargs or len(total.reads()) < 2:
                continue
            take = makers.get(id(total.args[0]), -1)
            taken = self.block[take]
            if take < 0 or taken.function is not operator.getitem or taken.args[0] is not call.args[0]:
                continue
            pairs = [(self.call(q, j).args[1], self.call(take, j).args[1]) for j in range(repeat.count)]
            alone = all((repeat.reads == number[id(x)]).sum() == 1 for x in (taken.result, total.result))
            alone = alone and all(between.writes is not call.writes for between in self.block[take:q])
            if alone and all(positions_of(call.args[0].value, a) is not None and a == b for a, b in pairs):
                found[q] = take, add
        return found

    def _keep_stored(self, q: int, call: Call, columns: Any, several: list[Any], *, adds: bool = False) -> None:
        """Let the loop keep what is written to a part of an array, or added to it, which is done after it."""
        target = call.args[0]
        self._advances([(number, 0) for number in self.repeat.reads[:, columns[0]].tolist()])  # which is the same
        at = [positions_of(target.value, self.call(q, j).args[1]) for j in range(self.repeat.count)]
        known = [p for p in at if p is not None and at[0] is not None and p[1] == at[0][1]]
        whole = len(known) == len(at)
        part = Stored(np.stack([all_positions(*p) for p in known]), target.dtype, adds) if whole else None
        others = [other for of, other in self.stored if of is target]
        if part is None or not part.follows(others) or not self._only_stored(target):
            raise self.fails("it writes to an array from outside")
        self.stored.append((target, part))
        shape = part.positions.shape[1:] if part.moves else part.positions.shape
        kept = part.variable = array_like(shape, part.dtype, self.like)
        self.calls.append(call_like(np.empty, (shape, part.dtype), kept, call))
        values = [self._table(call, v) for v in several]
        store = Call(operator.setitem, (kept, ..., call.args[2]), {}, None, kept.memory, False, call.line, call.errors)
        self.calls.append(_replaced(store, [kept, *(self._operand(i) for i in columns[1:])], values))
        part.result = array_like(part.positions.shape, part.dtype, self.like)
        if not part.moves:
            part.adds = any(np.isin(part.positions, other.positions).any() for other in others)
            before, total = array_like(shape, part.dtype, self.like, ARGUMENT), array_like(shape, part.dtype, self.like)
            first = np.zeros(shape, part.dtype) if part.adds else (target, part.positions)
            key = "first", shape, part.dtype, not part.adds and (id(target), part.positions.tobytes())
            self.inputs.append(Carried(before, self._argument(key, first, before), total))
            self.calls.append(call_like(np.add, (before, kept), total, call))
            part.variable = total

    def _only_stored(self, target: Any) -> bool:
        """Tell whether nothing in the loop reads an array that it writes to, which lies in order."""
        reads, readers = self.repeat.reads, self.repeat.readers
        stores = [q for q, c in enumerate(self.block) if c.writes is target.memory and c.function is operator.setitem]
        takes = [q for q in self.left_out if self.block[q].args[0].memory is target.memory]
        columns = [int(np.flatnonzero(readers == q)[0]) for q in (*stores, *takes)]
        whole = reads[:, columns[: len(stores)]]
        if target.memory.kind != MADE or not target.value.flags.c_contiguous or len(np.unique(whole)) > 1:
            return False
        others = np.unique(np.delete(reads, columns, 1))
        return not any(self.recorded.variables[v].memory is target.memory for v in others)

    def _argument(self, key: Any, what: Any, variable: Any) -> int:
        if key not in self._known:
            self._known[key] = len(self.arguments)
            self.arguments.append((what, variable))
        position: int = self._known[key]
        return position

    def _input(self, like: Any) -> Any:
        """Return a new variable for an input."""
        if isinstance(like, TracedFloat):
            return TracedFloat(0.0, self.like.records, Fixed(0.0))
        value = like.value
        if isinstance(value, np.ndarray):
            return array_like(value.shape, value.dtype, self.like, ARGUMENT)
        return number_like(value.dtype, self.like)

    def _operands(self, call: Call, columns: Array) -> list[Any]:
        """Return what a call of the body reads; a constant index as the array itself, which machine code knows then."""
        keyed = call.function in KEYED or getattr(call.function, "__name__", "") == "at"  # of a ufunc
        in_key = len(traced_in(call.args[1])) if keyed else 0
        operands = []
        for place, i in enumerate(columns):
            table = self._constants(self.repeat.reads[:, i]) if 0 < place <= in_key else None
            is_same = table is not None and (table == table[0]).all()
            operands.append(table[0] if is_same else self._operand(i))  # type: ignore[index]
        return operands

    def _constants(self, numbers: Array) -> Array | None:
        """Return the arrays that variables are, if all of them are constants."""
        several = [self.recorded.variables[v] for v in numbers]
        constant = all(id(x) in self.plans.constants for x in several)
        return np.stack([x.value for x in several]) if constant else None

    def _operand(self, i: int) -> Any:
        repeat = self.repeat
        lag, numbers = int(repeat.lags[i]), repeat.reads[:, i]
        x = self.recorded.variables[numbers[self.row]]
        if lag == 0:
            return x
        if lag > 0:
            return self._carried(numbers, lag)
        key = "given", numbers.tobytes()
        if key not in self._known:
            self._known[key] = self._given(numbers)
        return self._known[key]

    def _whole(self, x: Any) -> int:
        return self._argument(id(x), x, array_like(*kind_of(x), self.like, ARGUMENT))

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
        made_of = self._input(first)
        self.inputs.append(Carried(made_of, self._whole(first), after))
        self._known[key] = made_of
        return made_of

    def _given(self, numbers: Array) -> Any:
        variables = self.recorded.variables
        x = variables[numbers[self.row]]
        made = self._input(x)
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
        shape, dtype = kind_of(variable)
        key = (what.tobytes(), what.dtype, what.shape) if type(what) is np.ndarray else tuple(map(id, what))
        argument = self._argument(key, what, array_like((self.repeat.count, *shape), dtype, self.like, ARGUMENT))
        self._add_rows(variable, argument)

    def _add_rows(self, variable: Any, argument: int, first: int = 0, step: int = 1, backwards: bool = False) -> None:
        """Let an input be a row of an argument: from the first one on, or as many further as `step` says."""
        shape, size = np.shape(variable.value), size_of(variable)
        self.inputs.append(Part(variable, argument, first * size, dense(shape), step * size, backwards))

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
            raise Shorter(first, last)
        return None

    def _part(self, variable: Any, numbers: Array) -> bool:
        """Let an input be a part of an array made outside, that views or numbers are taken from one by one."""
        calls, made = self.recorded.calls, self.recorded.made[numbers]
        if made.min() < 0:
            return False
        takes = [calls[k] if calls[k].function is operator.getitem else None for k in made]
        middle = takes[self.row]
        base = None if middle is None else middle.args[0]
        if base is None or id(base.memory) in self.plans.written or (base.memory.kind == HELD and base.memory.written):
            return False
        at = [None if c is None or c.args[0] is not base else positions_of(base.value, c.args[1]) for c in takes]
        return self._moves_on(variable, base, at)

    def _moves_on(self, variable: Any, base: Any, at: Sequence[Any]) -> bool:
        """Let an input be a part of an array, if it advances evenly."""
        step = self._advances([None if p is None else (p[1], p[2], p[0]) for p in at])
        if step is not None:
            start, _, strides = at[-1] if step < 0 else at[0]
            self.inputs.append(Part(variable, self._whole(base), start, strides, abs(step), step < 0))
        return step is not None

    def _kept(self, variable: Any, numbers: Array) -> bool:
        """Let an input be what an earlier loop stacks."""
        plans, made, results = self.plans, self.recorded.made[numbers], self.recorded.results[numbers]
        owners = [plans.owner(k) for k in made]
        described = [
            None if plan is None else (id(plan), plan.place(k)[0], r, plan.place(k)[1])
            for plan, k, r in zip(owners, made, results, strict=True)
        ]
        step = self._advances(described)
        plan, here = owners[self.row], described[self.row]
        if step is None or plan is None or here is None:
            return False
        stack = plan.stack(here[1], here[2])
        first = described[-1 if step < 0 else 0]
        assert first is not None
        self._add_rows(variable, self._whole(stack), first[3], abs(step), step < 0)
        return True

    def _take_item(self, q: int, columns: Array) -> None:
        """Let a part of an array made outside be an input, instead of the call that takes it."""
        calls = [self.call(q, j) for j in range(self.repeat.count)]
        base, x = calls[0].args[0], calls[self.row].result
        if len(columns) != 1 or any(call.args[0] is not base for call in calls) or self.plans.owner_of(base) is self:
            raise self.fails("an index varies, of an array that the loop makes")
        at = [positions_of(base.value, call.args[1]) for call in calls]
        if at[0] is None:
            raise self.fails("an index varies that is no number or slice")
        self.items.add(q)
        if self._moves_on(x, base, at):
            return
        positions = np.stack([all_positions(*p) for p in at if p is not None])
        key = id(base), positions.tobytes()
        argument = self._argument(key, (base, positions), array_like(positions.shape, x.dtype, self.like, ARGUMENT))
        self._add_rows(x, argument)

    def _table(self, call: Call, values: Any) -> Any:
        """Return a variable for a number that varies, of which there is a list; it is read from a table."""
        if type(values) is not list:
            return values
        of = {x.dtype for x in call.reads() if isinstance(x, Traced)}
        numbers = np.array(values, np.float64)
        exact = all(type(v) is not int or int(n) == v for v, n in zip(values, numbers.tolist(), strict=True))
        if not exact or any(dtype.kind not in "fb" for dtype in of) or call.function is np.ldexp:
            raise self.fails("a number varies that is computed with integers")
        weak = all(type(v) in (int, float) for v in values)
        key = "table", weak, numbers.tobytes()
        if key not in self._known:
            like = self.like.records
            made: Any = TracedFloat(0.0, like, Fixed(0.0)) if weak else number_like(np.float64, self.like)
            self._known[key] = made
            self._row(made, numbers)
        return self._known[key]

    # What is needed of it

    def stack(self, q: int, r: int) -> Traced:
        """Return the variable that has a result of a call of all iterations."""
        if (q, r) not in self.stacks:
            x = list(traced_in(self.call(q, self.row).result))[r]
            self.stacks[q, r] = array_like((self.repeat.count, *np.shape(x.value)), x.dtype, self.like)
        return self.stacks[q, r]

    def loop(self) -> Loop:
        """Return the loop, with variables of its own: those of the program get other memory when the loop is in it."""
        results = [list(traced_in(call.result)) for call in self.block]
        finals = [results[q][r] for q, r in self.finals] + [made for _, made in self.in_place]
        finals += [part.variable for _, part in self.stored if not part.moves]
        stacked = [(results[q][r], False) for q, r in self.stacks]
        stacked += [(part.variable, part.backwards) for _, part in self.stored if part.moves]
        arguments: list[Any] = [variable for _, variable in self.arguments]
        own: dict[int, Any] = {id(x.variable): x.variable for x in self.inputs}
        calls = copies(self.calls, own)
        inputs = [dataclasses.replace(x, after=own[id(x.after)]) if isinstance(x, Carried) else x for x in self.inputs]
        finals, stacked = [own[id(x)] for x in finals], [(own[id(x)], back) for x, back in stacked]
        return Loop(calls, inputs, arguments, finals, stacked, self.repeat.count)


def _count_in_key(call: Call) -> int:
    """Return how many numbers of a call are those of an index."""
    found: list[Any] = []
    if call.function in KEYED:
        _put(call.args[1], "key", iter(traced_in(call.args[1])).__next__, lambda: found.append(0))
    return len(found)


def _replaced(call: Call, operands: Sequence[Any], numbers: Sequence[Any]) -> Call:
    """Return a call with other variables and numbers, which are taken in the order in which `Recorded` notes them."""
    taken = iter(operands).__next__, iter(numbers).__next__
    free = isinstance(call.function, np.ufunc) or call.function in OF_NUMBERS
    kinds = ["number" if free else ""] * len(call.args)
    if call.function in KEYED:
        kinds[1] = "key"
    args = tuple([_put(x, what, *taken) for x, what in zip(call.args, kinds, strict=True)])
    kwargs = {name: _put(x, "", *taken) for name, x in call.kwargs.items()}
    made = type(call)(call.function, args, kwargs, call.result, call.writes, call.view, call.line, call.errors)
    if isinstance(call, Check):
        made.expected = call.expected  # type: ignore[attr-defined]
    return made


def _put(x: Any, what: str, variable: Callable[[], Any], number: Callable[[], Any]) -> Any:
    """Return an argument with what these give in the place of variables and numbers."""
    kind = type(x)
    if issubclass(kind, Variable):
        return variable()
    if what and (kind is int or (what == "number" and kind in (float, np.float64))):
        return number()
    if kind in (tuple, list):
        return kind([_put(part, what if what == "key" else "", variable, number) for part in x])
    if kind is slice:
        start, stop = (_put(part, what, variable, number) for part in (x.start, x.stop))
        return slice(start, stop, _put(x.step, "", variable, number))
    if kind is dict:
        return {key: _put(part, "", variable, number) for key, part in x.items()}
    return x
