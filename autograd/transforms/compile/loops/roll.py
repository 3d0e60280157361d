"""Rolling: the pass that replaces the repeated blocks of a program by loops, each of them one call.

What a block reads is made in the same iteration, carried over from one before, or an argument of the loop: the same
in all iterations, or a part that advances evenly through an array, such as a row, a number from a table, or what an
earlier loop stacked. What is read after the loop is a final value of it, or one of those that it stacks.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from ....arrays.traced import Traced, Variable
from ..floats import TracedFloat
from ..passes import drop_dead
from ..program import CONSTANT, MADE, Call, Check, Fixed, Memory, Program, key_of, traced_in
from ..types import Array
from .loop import Loop
from .parts import LARGEST, RAISING, array_like, call_like, work_of
from .plan import NotRolled, Plan, Plans, note_of
from .repeats import FEWEST, Recorded, Repeat, find, function_key
from .rows import forward
from .running import CompiledLoop

_TRIES = 12
FUSED = 4  # calls of a block from which on it is faster to compute them at once, element by element
_COLLECTS = (np.stack, np.array)


def roll(program: Program, fewest: float) -> None:
    """Replace the repeats of a program by loops, if they have at least `fewest` calls in all; note what they are."""
    if len(program.calls) < fewest or find_spec("llvmlite") is None:
        return
    before, forwarded = _state_of(program), None
    if forward(program, FEWEST):
        _roll(program, fewest)
        forwarded = _state_of(program)
        if len(program.calls) < len(before[0]["calls"]) and not program.notes:
            return
        _put_back(program, *before)
    _roll(program, fewest)
    if forwarded is not None and len(forwarded[0]["calls"]) < len(program.calls):
        _put_back(program, *forwarded)


def _state_of(program: Program) -> tuple[dict[str, Any], list[tuple[Any, Memory]]]:
    memories = [(x, x.memory) for call in program.calls for x in traced_in(call.result)]
    return {name: copy.copy(part) for name, part in vars(program).items()}, memories


def _put_back(program: Program, parts: dict[str, Any], memories: list[tuple[Any, Memory]]) -> None:
    vars(program).update(parts)
    for x, memory in memories:
        x.memory = memory


def _roll(program: Program, fewest: float) -> None:
    recorded, banned = Recorded(program.calls), dict[tuple[int, int, int], str]()
    irregular, unfit = dict[tuple[int, int, int], None](), list[str]()

    def takes(repeat: Repeat) -> bool:
        block = recorded.calls[repeat.start : repeat.start + repeat.period]
        if repeat.key in banned or all(call.view for call in block):
            return False
        why = _obstacle(block)
        unfit.extend([note_of(block, repeat.count, why)] if why else [])
        return not why

    for _ in range(_TRIES):
        unfit.clear()
        repeats = find(recorded, takes, irregular)
        if sum(repeat.end - repeat.start for repeat in repeats) < fewest:
            break
        try:
            roller = _Roller(program, recorded, repeats)
        except NotRolled as error:
            banned[error.repeat.key] = str(error)
            continue
        roller.run()
        break
    notes = [*banned.values(), *unfit]
    if not notes and not program.loops and irregular:
        start, end, period = max(irregular, key=lambda run: run[1] - run[0])
        if end - start >= fewest:
            why = "what one iteration reads or writes to, another does not in the same way"
            notes.append(note_of(recorded.calls[start : start + period], (end - start) // period, why))
    program.notes += dict.fromkeys(notes)


def _obstacle(block: Sequence[Call]) -> str:
    """Return why a repeat is not worth a loop; nothing if it is."""
    other = next((call for call in block if type(call) not in (Call, Check)), None)
    if other is not None:
        return f"it has {type(other).__name__.lower()}s, which have to be made one by one"
    if any(value in RAISING for call in block for value in dict(call.errors or {}).values()):
        return "NumPy is asked to raise errors of overflow and the like, which loops do not"
    work, few = sum(map(work_of, block)) / len(block), sum(not call.view for call in block) < FUSED
    why = f"its calls compute {work:,.0f} numbers each, and are few, for which NumPy is as fast"
    return why if work > LARGEST and few else ""


def _longest(true: Sequence[bool]) -> tuple[int, int]:
    """Return from where to where what follows the one before does so longest."""
    best, first = (0, 0), 0
    for i, follows in enumerate(true):
        if i + 1 - first > best[1] - best[0]:
            best = first, i + 1
        if not follows:
            first = i + 1
    return best


class _Roller:
    """Puts loops in the places of repeats."""

    def __init__(self, program: Program, recorded: Recorded, repeats: list[Repeat]) -> None:
        self.program, self.recorded = program, recorded
        self.plans = Plans(program, recorded, repeats)
        self.outer = [call for k, call in enumerate(recorded.calls) if self.plans.owner(k) is None]
        self.written_later = {id(call.writes) for call in self.outer if call.writes is not None}
        self.written_later |= {id(x.memory) for plan in self.plans.all for x in plan.writes()}
        self.collected: dict[int, list[Call]] = {}  # calls in the place of one, by its identity
        self.given = set(program.handed_out())
        self._needed: set[int] = set()
        self._find_needed()
        self.loops = self._compiled()

    # What is needed outside

    def _find_needed(self) -> None:
        pending = [x for call in self.outer for x in self._collect(call)] + traced_in(self.program.outputs)
        for plan in self.plans.all:
            for what, _ in plan.arguments:
                pending += traced_in([what[0]] if isinstance(what, tuple) else what)
            pending += plan.writes()
        while pending:
            pending += self._need(pending.pop())
        for plan in self.plans.all:
            for (q, r), x in plan.finals.items():
                if (q, r) in plan.stacks and id(x.memory) in self.written_later:
                    raise plan.fails("what it stacks is written to afterwards")

    def _collect(self, call: Call) -> list[Any]:
        """Return what a call outside reads; of a list of what many iterations make, the others.

        These are taken all at once from what the loop stacks.
        """
        several: Any = call.args[0] if call.args else None
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
        rows = array_like((last - first, *stack.shape[1:]), stack.dtype, stack)
        rows.memory = stack.memory
        calls = [call_like(operator.getitem, (stack, slice(j, j + last - first)), rows, call, view=True)]
        pieces = [rows]
        for before, rest in ((True, several[:first]), (False, several[last:])):
            if rest:
                piece = array_like((len(rest), *rows.shape[1:]), rows.dtype, rows)
                calls.append(call_like(np.stack, (list(rest),), piece, call))
                pieces.insert(0 if before else len(pieces), piece)
        whole = len(pieces) == 1
        calls.append(call_like(np.array if whole else np.concatenate, (rows if whole else pieces,), call.result, call))
        self.collected[id(call)] = calls
        return [*several[:first], *several[last:]]

    def _place(self, x: Any) -> tuple[Plan, int, int, int] | None:
        """Return the loop that makes a variable, which call of it, which result, and in which iteration."""
        v = self.recorded.number.get(id(x), -1) if isinstance(x, Variable) else -1
        k = int(self.recorded.made[v]) if v >= 0 else -1
        plan = self.plans.owner(k)
        if plan is None or id(x.memory) in self.written_later:
            return None
        q, j = plan.place(k)
        hidden = q in plan.items or q in plan.left_out
        return None if hidden else (plan, q, int(self.recorded.results[v]), j)

    def _need(self, x: Any) -> list[Any]:
        """Note that a variable is read outside its loop; return what has to be there for it."""
        v = self.recorded.number.get(id(x), -1)
        plan = self.plans.owner(int(self.recorded.made[v])) if v >= 0 else None
        if plan is None or v in self._needed:
            return []
        self._needed.add(v)
        k, r = int(self.recorded.made[v]), int(self.recorded.results[v])
        (q, j), call = plan.place(k), self.recorded.calls[k]
        if q in plan.left_out:
            raise plan.fails("a sum of parts of arrays is read within it")
        value = x.value
        gaps = isinstance(value, np.ndarray) and not (value.flags.c_contiguous or value.flags.f_contiguous)
        if q in plan.items or (call.view and (gaps or self._made_again(plan, call, j))):
            plan.again[k] = call
            return call.reads()
        last = j == plan.repeat.count - 1
        if id(x.memory) in self.written_later and (not last or x.memory.whole is not x):
            raise plan.fails("what it makes is written to afterwards")
        if gaps:
            raise plan.fails("what it makes lies in memory in another order")
        if last:
            plan.finals[q, r] = x
        else:
            plan.rows[id(x)] = x, q, r, j
            plan.stack(q, r)
        return []

    def _made_again(self, plan: Plan, call: Call, j: int) -> bool:
        """Tell whether a view can be made outside: of what is made outside, or in the last iteration."""
        last = plan.repeat.count - 1
        for x in call.reads():
            v = self.recorded.number[id(x)]
            k = int(self.recorded.made[v])
            if self.plans.owner(k) is not plan:
                continue
            maker = self.recorded.calls[k]
            if plan.place(k)[1] != last or j != last or (maker.view and not self._made_again(plan, maker, j)):
                return False
        return True

    # Loops

    def _compiled(self) -> list[CompiledLoop]:
        made: dict[Any, CompiledLoop] = {}
        loops = []
        for plan in self.plans.all:
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
            plan = self.plans.owner(k)
            if plan is None:
                calls += self.collected.get(id(call), [call])
            elif k == plan.repeat.start:
                calls += self._calls_of(plan, self.loops[self.plans.all.index(plan)])
        self.program.calls = calls
        self.program.loops += [loop.source for loop in dict.fromkeys(self.loops)]
        drop_dead(self.program)

    def _calls_of(self, plan: Plan, loop: CompiledLoop) -> list[Call]:
        first = plan.block[0]
        before = [call for k, call in sorted(plan.again.items()) if self.plans.owner_of(call.reads()[0]) is not plan]
        args = tuple(self._argument(what, variable, before, first) for what, variable in plan.arguments)
        results: list[Any] = []
        after: list[Call] = []
        for x in plan.finals.values():
            results.append(self._final(x, after, first))
        moved = [array_like(x.shape, x.dtype, x) for x, _ in plan.in_place]
        results += [*moved, *(part.result for _, part in plan.stored if not part.moves)]
        results += plan.stacks.values()
        results += [part.result for _, part in plan.stored if part.moves]
        for x, q, r, j in plan.rows.values():
            after += self._row(x, plan.stacks[q, r], j, first)
        for _, call in sorted(plan.again.items()):
            if self.plans.owner_of(call.reads()[0]) is plan:
                for x in traced_in(call.result):
                    x.memory = call.reads()[0].memory  # which may be that of a row
                after.append(call)
        for (x, _), final in zip(plan.in_place, moved, strict=True):
            after.append(Call(np.copyto, (x, final), {}, None, x.memory, False, first.line, first.errors))
        for target, part in plan.stored:
            after += part.calls(target, self._constant, first)
        return [*before, call_like(loop, args, tuple(results), first), *after]

    def _constant(self, array: Array) -> Traced:
        made = Traced(array, self.plans.all[0].like.records, Memory(CONSTANT, None))
        self.program.sources.append((made, Fixed(array)))
        return made

    def _argument(self, what: Any, variable: Traced, before: list[Call], first: Call) -> Any:
        def made(function: Any, args: tuple[Any, ...], shape: tuple[int, ...] = variable.shape) -> Traced:
            result = array_like(shape, variable.dtype, variable)
            before.append(call_like(function, args, result, first))
            return result

        if type(what) is np.ndarray:
            return self._constant(what)
        if isinstance(what, list):
            return made(np.stack, (what,))
        if isinstance(what, tuple):
            base, positions = what
            flat = made(np.ndarray.flatten, (base,), (base.size,))
            return made(operator.getitem, (flat, self._constant(positions)))
        if isinstance(what.value, np.ndarray):
            return what if what.value.flags.c_contiguous else made(np.ascontiguousarray, (what,))
        return made(np.asarray, (what,))

    @staticmethod
    def _final(x: Any, after: list[Call], first: Call) -> Traced:
        """Return the result of a loop from which a variable is made, which is the variable if it can be."""
        value = x.value
        is_array = isinstance(value, np.ndarray)
        if not is_array or (value.flags.c_contiguous and x.memory.whole is x):
            return x  # type: ignore[no-any-return]
        made = array_like(value.shape, x.dtype, x)
        x.memory = Memory(MADE, None)
        x.memory.whole = x
        after.append(call_like(np.array, (made,), x, first, order="C" if value.flags.c_contiguous else "F"))
        return made

    def _row(self, x: Any, stack: Traced, j: int, first: Call) -> list[Call]:
        """Return the calls that take one iteration from what a loop stacks."""
        value = x.value
        if not isinstance(value, np.ndarray):
            return [call_like(operator.getitem, (stack, j), x, first)]
        row = Traced(value, x.records, stack.memory)
        copied = id(x.memory) in self.given or not value.flags.c_contiguous
        x.memory = Memory(MADE, None) if copied else stack.memory
        if not copied:
            return [call_like(operator.getitem, (stack, (j, Ellipsis)), x, first, view=True)]
        x.memory.whole = x
        order = "C" if value.flags.c_contiguous else "F"
        return [
            call_like(operator.getitem, (stack, (j, Ellipsis)), row, first, view=True),
            call_like(np.array, (row,), x, first, order=order),
        ]


def _signature(loop: Loop) -> Any:
    """Return what loops have in common that are the same."""
    numbers: dict[int, int] = {}

    def of_variable(x: Any) -> Any:
        shape = TracedFloat if isinstance(x, TracedFloat) else (type(x.value), np.shape(x.value), x.dtype)
        return "v", numbers.setdefault(id(x), len(numbers)), shape

    def of(tree: Any) -> Any:
        return key_of(tree, of_variable)

    parts: list[Any] = [loop.count, of(loop.arguments)]
    for given in loop.inputs:
        parts.append((type(given), *(of(getattr(given, name)) for name in given.__slots__)))
    for call in loop.calls:
        expected = repr(call.expected) if isinstance(call, Check) else ""
        given_and_made = of((call.args, call.kwargs, call.result))
        parts.append((type(call), function_key(call.function), given_and_made, call.view, expected))
    return (*parts, of(loop.finals), of([x for x, _ in loop.stacked]))
