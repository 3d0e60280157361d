"""Nests: the steps of a body as loop nests over arrays, for bodies too large to spell out number by number.

What a body makes for the next iteration lies in scratch memory, and its results where they belong.
"""

from __future__ import annotations

from functools import partial, reduce
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..loops.loop import Carried, Part, Unsuitable
from ..program import Variable
from .body import STEPS, Body
from .elements import MOST
from .nest_steps import Buffer, Held, Nest, Spelled, Step, View
from .nest_tiles import tiled
from .step_maker import itself
from .values import BOOL, dtype_of


class Nests:
    """The steps of a body, which are changed such that they end with the results.

    Attributes
    ----------
    after, finals
        The arrays that are carried on, by the number of the input, and the results.
    """

    def __init__(self, body: Body) -> None:
        for steps in (body.before, body.steps):
            for k, step in reversed([*enumerate(steps)]):
                few = isinstance(step, Spelled) and step.alone and sum(view.array.size for view in step.reads) < MOST
                if not few and step.why:
                    raise Unsuitable(f"{step.why} (line {step.line})")
                if isinstance(step, Spelled):
                    steps[k : k + 1] = self._spelled_out(body, step)
        if len(body.steps) > STEPS:
            raise Unsuitable(f"it has more than {STEPS:,} steps on arrays")
        self.body, self.loop, self.before, self.steps = body, body.loop, body.before, body.steps
        self.parts = body.parts
        self._end()
        self._forget()

    def _spelled_out(self, body: Body, step: Spelled) -> list[Step]:
        """Return arithmetic on the single numbers of arrays as a nest of one element."""
        nest, checks = Nest((1,)), list[int]()

        def numbers(view: View) -> list[View]:
            return [view[(*i, None)] for i in np.ndindex(view.array.shape)]

        ids = [np.array([nest.load(x) for x in numbers(view)]).reshape(view.array.shape) for view in step.reads]
        try:
            made = step.compute(SimpleNamespace(values=nest.values, checks=checks), *ids)
        except Unsuitable as error:
            raise Unsuitable(f"{error} (line {step.line})") from None
        for view, found in zip(step.targets, made if isinstance(made, tuple) else (made,), strict=True):
            for x, v in zip(numbers(view), np.ravel(found), strict=True):
                nest.store(x, nest.values.cast_one(int(v), view.array.dtype))
        steps: list[Step] = [nest]
        if checks:
            held = body.made((), BOOL, fixed=step.targets[0].buffer.fixed)
            nest.store(held[None], reduce(partial(nest.values.one, "and", BOOL), checks))
            steps.append(Held(held))
        if len(nest.order()) > MOST:
            raise Unsuitable(f"{step.why} (line {step.line})")
        return steps

    def _end(self) -> None:
        """Give what the body makes for the next iteration, and for the results, its place."""
        loop, view, once = self.loop, self.body.view, self.body.once
        self.after = {k: self._kept(view(x.after)) for k, x in enumerate(loop.inputs) if isinstance(x, Carried)}
        self.finals = [] if once else [self._kept(view(x)) for x in loop.finals]
        for number, x in enumerate(loop.finals if once else ()):
            self._put(view(x), ("final", number))
        for number, (x, _) in enumerate(loop.stacked):
            self._put(view(x), ("row", number))
        for number, kept in self.after.items():
            self._carry_on(number, kept.buffer)

    def _put(self, view: View, role: tuple[Any, ...]) -> None:
        """Let an array lie in a result, or copy it there."""
        if view.is_whole() and view.buffer.role == ("scratch",) and not view.buffer.fixed:
            view.buffer.role = role
        else:
            buffer = self.body.buffer(view.array.size, view.array.dtype, role)
            self.body.map(View(buffer, buffer.array.reshape(view.array.shape)), [view], itself)

    def _kept(self, view: View) -> View:
        """Return an array as one that is all of its buffer, and that nothing else writes to while it is carried."""
        return view if view.is_whole() and view.buffer.role[0] != "constant" else self.body.copied(view, once=False)

    def _carry_on(self, number: int, buffer: Buffer, age: int = 1) -> None:
        """Note to how many iterations a buffer is carried on, by values that are carried from one input to another."""
        if buffer.fixed or buffer.role[0] not in ("scratch", "next"):
            return
        known = buffer.role[1] if buffer.role[0] == "next" else 0
        buffer.role = ("next", max(known, age))
        for other, view in self.after.items():
            if view.buffer.role == ("carried", number) and age <= len(self.after):
                self._carry_on(other, buffer, age + 1)

    def first_of(self, x: Variable) -> int | None:
        """Return the argument that a final value is if there is no iteration: what is carried to the first."""
        inputs = [given for given in self.loop.inputs if not isinstance(given, Part)]
        found = [given.argument for given in inputs if isinstance(given, Carried) and given.after is x]
        found += [given.argument for given in inputs if given.variable is x]
        return found[0] if found else None

    def results(self) -> list[Buffer]:
        """Return the buffers that something reads after an iteration."""
        ends = [view.buffer for view in (*self.after.values(), *self.finals, *self.body.changed)]
        return ends + [buffer for buffer in self.body.buffers if buffer.role[0] in ("row", "final")]

    def _forget(self) -> None:
        """Forget what nothing needs: values that are written, steps, and buffers."""
        used = {id(buffer) for buffer in self.results()}
        results, read = set(used), dict[int, list[View]]()

        def needed(view: View) -> bool:
            key = id(view.buffer)
            return key in results or any(view.meets(other) for other in read.get(key, ()))

        for steps in (self.steps, self.before):
            kept = []
            for step in reversed(steps):
                step.forget(needed)
                if isinstance(step, Held) or step.writes:
                    kept.append(step)
                    for view in step.reads:
                        read.setdefault(id(view.buffer), []).append(view)
                    used |= {id(view.buffer) for view in (*step.reads, *step.writes)}
            steps[:] = kept[::-1]
        self.buffers = [buffer for buffer in self.body.buffers if id(buffer) in used]
        if self.loop.fills:
            self.steps = tiled(self.steps, self.results())

    def text(self) -> str:
        """Return all that machine code depends on as text."""
        names = {id(buffer): f"b{i}" for i, buffer in enumerate(self.buffers)}
        lines = [f"{[dtype_of(x) for x in self.loop.arguments]} {[backwards for _, backwards in self.loop.stacked]}"]
        for buffer in self.buffers:
            role = buffer.role if buffer.role[0] != "constant" else ("constant", buffer.role[1].tolist())
            lines.append(f"{buffer.array.size} {buffer.array.dtype} {role} {buffer.fixed}")
        for number, given in enumerate(self.loop.inputs):
            if isinstance(given, Part):
                lines.append(f"part {number}: {given.argument} {self.parts[number]} {given.step} {given.backwards}")
            elif isinstance(given, Carried):
                lines.append(f"carried {number}: {given.argument} {names.get(id(self.after[number].buffer))}")
        for x, view in zip(self.loop.finals, self.finals, strict=False):
            lines.append(f"final {names.get(id(view.buffer))} {self.first_of(x)}")
        for label, steps in (("before", self.before), ("each", self.steps)):
            lines += [f"{label}: {step.text(names)}" for step in steps]
        return "\n".join(lines)
