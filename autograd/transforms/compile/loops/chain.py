"""Chains: the pass that makes loops and the calls around them one function of machine code.

Iterations that differ stay outside a loop, as what is computed before, between and after loops does. NumPy takes as
long for each of these calls as a loop for many iterations. In a chain they are loops of one iteration.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ....arrays.traced import Traced
from ....later import load
from ..creation import original_creation
from ..printer import printed
from ..program import CONSTANT, MADE, Call, Check, Entered, Fixed, Program, asks, traced_in
from .loop import Loop, Same, Unsuitable
from .parts import LARGEST, RAISING, call_like, work_of
from .running import CompiledLoop, body_of, kind_of, memory_for

LONGEST = 1000  # calls of a chain
MOST = 300  # calls in a row that are no loops: machine code of more takes long to make
asarray, empty, ndarray = np.asarray, np.empty, np.ndarray  # which are others while a program is recorded


def chain(program: Program) -> None:
    """Replace loops, and the calls around them that can be machine code, by chains."""
    if not any(map(_is_loop, program.calls)):
        return
    suited, row = [_is_suited(call) for call in program.calls], 0
    for k, call in enumerate(program.calls, 1):
        row = row + 1 if suited[k - 1] and not _is_loop(call) else 0
        if row > MOST:
            suited[k - row : k] = [False] * row
    link(program, suited, _is_loop)


def link(
    program: Program, suited: list[bool], pays: Callable[[Call], bool], least: int = 1, *, fills: bool = False
) -> None:
    """Replace rows of suited calls by chains, where at least so many pay; see `_Chainer` for `fills`."""
    calls, end = [*program.calls], len(program.calls)
    later = {id(x): x for x in traced_in(program.outputs)}  # what is read after `end`
    while end:
        start = end
        while start > max(end - LONGEST, 0) and suited[start - 1]:
            start -= 1
        if sum(map(pays, calls[start:end])) >= least:
            try:
                program.calls[start:end] = _Chainer(program, start, end, later, fills).calls()
            except _Alone as alone:
                suited[alone.args[0]] = False
                continue
        start = start if start < end else start - 1
        later |= {id(x): x for call in calls[start:end] for x in call.reads()}
        end = start
    chains = [call.function for call in program.calls if isinstance(call.function, Chain)]
    for number, made in enumerate([made for made in chains if made.loop.fills == fills][1:], 2):
        made.__name__ += f"_{number}"


def _is_loop(call: Call) -> bool:
    return isinstance(call.function, CompiledLoop) and call.function.is_quick


def _is_suited(call: Call) -> bool:
    """Tell whether a call may be part of a chain, as far as can be told at once."""
    if _is_loop(call):
        return True
    if type(call) not in (Call, Check) or hasattr(call.function, "loop"):
        return False
    if not RAISING.isdisjoint(dict(call.errors or {}).values()) or work_of(call) > LARGEST:
        return False
    return call.writes is None or call.writes.kind == MADE


def _is_dense(x: Any) -> bool:
    """Tell whether the elements of an array lie one after the other, with its axes in some order."""
    return bool(x.value.transpose(np.argsort(x.value.strides)[::-1]).flags.c_contiguous)


def _form_of(loop: Loop, written: set[int]) -> Any:
    """Return what machine code is made from, of a loop that writes to such memory of what it is given."""
    changed = [x for x in loop.arguments if id(x.memory) in written]
    if len(changed) > len(written) or not all(map(_is_dense, changed)):
        raise Unsuitable("it writes to memory that several arrays show, or to an array with gaps")
    return load("machine code of loops").form_of(loop)


class _Alone(Exception):  # noqa: N818 - the chain is made without it
    """Raised with the position of a call that cannot be part of a chain."""


def _made(call: Call) -> list[Any]:
    return traced_in(call.result) if call.writes is None else []


class _Chainer:
    """Makes a chain of the calls of a program from `start` to `end`; `later` has what is read after them.

    One that `fills` writes to memory that it is given, that of its results among it.
    """

    def __init__(self, program: Program, start: int, end: int, later: dict[int, Any], fills: bool) -> None:
        self.program, self.fills, self.run = program, fills, program.calls[start:end]
        self.positions = {id(call): k for k, call in enumerate(self.run, start)}
        self.ahead = self._ahead() if fills else []
        self.makers = {id(x): k for k, call in enumerate(self.run) for x in _made(call)}
        self.turned: dict[int, tuple[Any, Any, tuple[int, ...]]] = {}  # what is a transpose of what lies in order
        self.again: dict[int, Call] = {}  # calls of views that are made after the chain
        self.finals: dict[int, Any] = {}  # what is needed after it, and what its loops need of each other
        self.links: list[tuple[Any, list[Any], list[Any]]] = []  # a form, what it is given, and what it makes
        for key in [key for key in self.makers if key in later]:  # in order: equal chains have equal texts
            self._need(later[key])
        self.outside = list(self.finals.values())
        self._link()

    def _ahead(self) -> list[Call]:
        """Take views of what is there before out of the calls, but where several show memory that is written to.

        Views with gaps stay: they would have to be copied.
        """
        written, made = {id(call.writes) for call in self.run}, set[int]()
        shown: dict[int, set[int]] = {}
        for x in (x for call in self.run if not call.view for x in call.reads()):
            shown.setdefault(id(x.memory), set()).add(id(x))
        ahead, run = list[Call](), list[Call]()
        for call in self.run:
            memories = {id(x.memory) for x in call.reads()}
            alone = all(key not in written or len(shown.get(key, ())) < 2 for key in memories)
            there = call.view and not any(id(x) in made for x in call.reads())
            if there and alone and all(map(_is_dense, traced_in(call.result))):
                ahead.append(call)
            else:
                run.append(call)
                made.update(map(id, traced_in(call.result)))
        self.run = run
        return ahead

    def _need(self, x: Any) -> None:
        k = self.makers.get(id(x), -1)
        if k < 0:
            return
        call = self.run[k]
        if call.view:
            self.again[k] = call
            for y in call.reads():
                self._need(y)
            return
        if isinstance(x.value, ndarray) and x.memory.whole is not x:
            raise _Alone(self.positions[id(call)])
        turned = self._in_order(x, self.positions[id(call)])
        if turned is not x:
            self.again[k] = self._turn(x, back=True)
        self.finals[id(turned)] = turned

    def _in_order(self, x: Any, k: int) -> Any:
        """Return a variable whose array lies in order: this one, or one that has its axes in another order.

        So what reads the elements in the order in which they lie finds that. If there is none, call `k` is alone.
        """
        if not isinstance(x.value, ndarray) or x.value.flags.c_contiguous:
            return x
        if id(x) not in self.turned:
            shape, strides = x.value.shape, x.value.strides
            if len({stride == 0 for n, stride in zip(shape, strides, strict=True) if n != 1}) > 1:
                raise _Alone(k)
            order = tuple(sorted(range(len(shape)), key=lambda axis: -abs(strides[axis])))
            turned = Traced(x.value.transpose(order), x.records, x.memory)
            self.turned[id(x)] = x, turned, order
            if id(x) in self.makers:
                self.makers[id(turned)] = self.makers[id(x)]
        return self.turned[id(x)][1]

    def _turn(self, x: Any, *, back: bool = False) -> Call:
        """Return the call that makes what lies in order of its transpose, or the transpose of that."""
        _, turned, order = self.turned[id(x)]
        args, made = ((turned, tuple(np.argsort(order).tolist())), x) if back else ((x, order), turned)
        return call_like(np.transpose, args, made, self.run[0], view=True)

    def _link(self) -> None:
        """Make the links, the last first: each tells what it needs of those before."""
        end = len(self.run)
        while end:
            start = end - 1
            if _is_loop(self.run[start]):
                call = self.run[start]
                function: Any = call.function
                for x in call.reads():
                    self._need_within(x)
                self.links.insert(0, (function.form, list(call.args), list(traced_in(call.result))))
            else:
                while start and not _is_loop(self.run[start - 1]):
                    start -= 1
                self._link_calls(start, end)
            end = start

    def _need_within(self, x: Any) -> None:
        if id(x) in self.makers:
            self.finals[id(x)] = x

    def _link_calls(self, start: int, end: int) -> None:
        """Make calls a loop of one iteration, or several if that is too long."""
        calls, before, given = self._needed(self.run[start:end]), list[Call](), dict[int, Any]()
        made = [x for call in calls for x in _made(call)]
        known = set(map(id, made))

        def take(x: Any, k: int) -> None:
            if id(x) in known:
                return
            known.add(id(x))
            maker = self.run[self.makers[id(x)]] if id(x) in self.makers else None
            if maker is not None and maker.view:
                for y in maker.reads():
                    take(y, k)
                before.append(maker)
                return
            turned = self._in_order(x, k)
            given[id(turned)] = turned
            if turned is not x:
                before.append(self._turn(x, back=True))

        for call in calls:
            for x in call.reads():
                take(x, self.positions[id(call)])
        after = [self._turn(x) for x in made if id(x) in self.turned]
        made += [call.result for call in after]
        results = [x for x in made if id(x) in self.finals]
        inputs = [Same(x, i) for i, x in enumerate(given.values())]
        own = {id(x.memory) for call in calls if not call.view for x in _made(call)}
        written = {id(call.writes) for call in calls if call.writes is not None} - own
        fills = self.fills or (bool(written) and written <= {id(x.memory) for call in self.run for x in _made(call)})
        loop = Loop([*before, *calls, *after], [*inputs], list(given.values()), results, [], 1, fills)
        try:
            form = _form_of(loop, written)
        except Unsuitable:
            if len(calls) == 1:
                raise _Alone(self.positions[id(calls[0])]) from None
            middle = (start + end) // 2
            self._link_calls(middle, end)
            self._link_calls(start, middle)
            return
        for x in given.values():
            self._need_within(x)
        if results or written or any(map(asks, calls)):
            self.links.insert(0, (form, list(given.values()), results))

    def _needed(self, calls: list[Call]) -> list[Call]:
        """Return those calls that something in the chain, or after it, needs."""
        needed, kept = set(self.finals), list[Call]()
        needed.update(key for key, (_, turned, _) in self.turned.items() if id(turned) in needed)
        for call in reversed(calls):
            if call.writes is not None or asks(call) or not needed.isdisjoint(map(id, traced_in(call.result))):
                kept.append(call)
                needed.update(map(id, call.reads()))
        return kept[::-1]

    def calls(self) -> list[Call]:
        """Return the chain and what is to be done after it."""
        sources = ((x, fetch) for x, fetch in self.program.sources if x.memory.kind == CONSTANT)
        fixed = {id(x): x.value for x, fetch in sources if type(fetch) is Fixed and isinstance(x.value, ndarray)}
        given = {
            id(x): x
            for _, arguments, _ in self.links
            for x in arguments
            if id(x) not in self.makers and id(x) not in fixed
        }
        places = {key: place for place, key in enumerate((*given, *map(id, self.outside)))}
        own: list[Any] = []  # memory of the chain

        def place(x: Any) -> int:
            if id(x) not in places:
                places[id(x)] = len(places)
                own.append(asarray(fixed[id(x)], order="C") if id(x) in fixed else empty(*kind_of(x)))
            return places[id(x)]

        links = []
        for form, arguments, results in self.links:
            links.append((form, [place(x) for x in (*arguments, *results)]))
            if size := load("machine code of loops").scratch_of(form):
                own.append(empty(size, np.uint8))
                links[-1][1].append(places.setdefault(id(own[-1]), len(places)))
        arguments, first = list(given.values()), self.run[0]
        turned = [x for x, *_ in self.turned.values()]
        before = self.ahead + [self._turn(x) for x in turned if id(x) not in self.makers]
        calls = [self._turn(x, back=True) for x in turned if id(x) not in self.makers] + self._needed(self.run)
        calls += [self._turn(x) for x in turned if id(x) in self.makers]
        loop = Loop(calls, [Same(x, i) for i, x in enumerate(arguments)], arguments, self.outside, [], 1, self.fills)
        function, after = Chain(loop, links, own, self.program), [call for _, call in sorted(self.again.items())]
        if not links:
            return [*before, *after]
        if self.fills:
            before += [call_like(np.empty, kind_of(x), x, first) for x in self.outside]
            made = call_like(function, (*arguments, *self.outside), None, first)
            changed = function.written | {id(x.memory) for x in self.outside}
            made.writes = next(x.memory for x in made.args if id(x.memory) in changed)
        else:
            made = call_like(function, tuple(arguments), tuple(self.outside), first)
            made.errors = self.program.errors
        return [*before, made, *after]


class Chain(CompiledLoop, Entered):
    """Loops that machine code runs one after the other: takes what they are given, and returns what is read later.

    It has memory of its own for what they give each other, so that one thread at a time may call it.

    Parameters
    ----------
    loop
        All their calls, as one iteration.
    links
        What machine code is made from; see `loop_machine.chain_code`.
    own
        The arrays that the links number after what it is given and what it returns.
    program
        The program that it is part of, whose constants it has among its own arrays.
    """

    def __init__(self, loop: Loop, links: list[Any], own: list[Any], program: Program) -> None:
        super().__init__(loop, "fused" if loop.fills else "chain")
        self._links, self._own, self._program = links, own, program
        self.written = {id(call.writes) for call in loop.calls if call.writes is not None}  # memory

    def __call__(self, *arguments: Any) -> tuple[Any, ...]:
        made: tuple[Any, ...] = self.entry(*arguments)
        return made

    @functools.cached_property
    def entry(self) -> Any:
        """Return what a program calls: machine code alone where that suffices: many a loop takes less than a call."""
        given = [f"x{i}" for i in range(len(self.loop.arguments))]
        results = [f"r{i}" for i in range(len(self._shapes))]
        scope: dict[str, Any] = {"machine": self._builtin, "asarray": asarray}
        called, lines = f"machine({', '.join([*given, *results])})", list[str]()
        for x, like in zip(given, self.loop.arguments, strict=True):
            if not isinstance(like.value, ndarray):
                scope[f"{x}_dtype"] = kind_of(like)[1]
                lines.append(f"{x} = asarray({x}, {x}_dtype)")
        if self.loop.fills:
            if not lines:
                return self._builtin
            given, results = [*given, *results], []
        for x, (shape, dtype) in zip(results, self._shapes, strict=False):
            scope[f"{x}_memory"] = memory_for(shape, dtype)
            lines.append(f"{x} = {x}_memory()")
        returned = "".join(f"{x}[()], " if i in self._numbers else f"{x}, " for i, x in enumerate(results))
        lines = [f"def {self.__name__}({', '.join(given)}):", *lines, called, f"return ({returned})"]
        exec("\n    ".join(lines), scope)  # the text is the one above
        run: Callable[..., Any] = scope[self.__name__]
        return run

    @functools.cached_property
    def _builtin(self) -> Callable[..., Any]:
        dtypes = [*(kind_of(x)[1] for x in self.loop.arguments), *(dtype for _, dtype in self._shapes)]
        with original_creation():  # for what compiles
            code = load("machine code of loops").chain_code
            made: Callable[..., Any] = code(self.__name__, self._links, dtypes, self._own, self._corrected)
        return made

    def _corrected(self, *given: Any) -> Any:
        """Run with copies that suit machine code, where what it was given did not; else, a check in it did not hold."""
        suited = [*given]
        for i, like in enumerate(self.loop.arguments):
            x, dtype = given[i], kind_of(like)[1]
            if not (type(x) is ndarray and x.dtype is dtype and x.flags.c_contiguous):
                if id(like.memory) in self.written:
                    raise self.diverged()
                suited[i] = asarray(x, dtype, order="C").view(dtype)
        if all(map(operator.is_, suited, given)):
            raise self.diverged()
        return self._builtin(*suited)

    @property
    def source(self) -> str:
        """The text of it in a program."""
        program = body_of(self.loop)
        program.sources += [(x, fetch) for x, fetch in self._program.sources if x.memory.kind == CONSTANT]
        return f"# one call of machine code\n{printed(program, (), self.__name__).source}"
