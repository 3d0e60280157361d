"""Reading a compiled program for a picture: a box for each NumPy call, tensor and argument."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.inside import CONSTANT, HELD, Argument, ArrayOf, Call, Check, Effect, Fixed, Outside, traced_in

from .picture import Box, Picture


class ProgramReader:
    """The state of reading a program; `names` are those of tensors, by identity."""

    def __init__(self, program: Any, names: dict[int, str]) -> None:
        self.program, self.names, self.picture = program, names, Picture()
        self.indices: dict[int, int] = {}  # the box of each variable
        self.latest: dict[int, int] = {}  # the box that last wrote to memory
        self.parts: dict[int, list[int]] = {}  # all boxes that wrote to it
        self.sources = {id(x): fetch for x, fetch in program.sources}

    def read(self) -> Picture:
        """Return the picture."""
        outputs = {id(x.memory) for x in traced_in(self.program.outputs)}
        used = {id(x) for call in self.program.calls for x in _inputs(call)} | outputs
        before: int | None = None  # the box of what is done outside the program, or checked, last
        for call in self.program.calls:
            if call.view and not any(id(x) in used for x in traced_in(call.result)):
                continue  # only written to
            index = self._add(call, outputs)
            for x in {id(x): x for x in _inputs(call)}.values():
                parts = self.parts.get(id(x.memory)) if id(x) in self.sources else None  # as of a flat gradient
                self.picture.edges += [(source, index) for source in parts or [self._source(x)]]
            for x in traced_in(call.result):
                self.indices[id(x)] = index
            if call.writes is not None:
                self.latest[id(call.writes)] = index
                self.parts.setdefault(id(call.writes), []).append(index)
            if isinstance(call, Check | Effect | Outside):
                if before is not None and not isinstance(call, Check):
                    self.picture.edges.append((before, index))
                before = index
        for x in traced_in(self.program.outputs):
            if id(x) in self.sources:
                self._source(x)
        _sort(self.picture)
        return self.picture

    def _source(self, x: Any) -> int:
        """Return the box that a variable comes from: the call that wrote to its memory last, or a new one."""
        if id(x.memory) in self.latest and id(x) not in self.sources:
            return self.latest[id(x.memory)]
        if id(x) not in self.indices:
            fetch = self.sources[id(x)]
            form = f"{x.shape} {x.dtype}"
            if x.memory.kind == CONSTANT or (x.memory.kind not in (HELD, "argument")):
                single = isinstance(x.value, np.ndarray | np.generic) and x.size == 1
                box = Box(
                    "constant", f"{x.value.item():.4g}" if single else "constant", () if single else (form,), form
                )
            elif x.memory.kind == HELD:
                box = Box("parameter", self._name(fetch) or "held", (form,), form)
            else:
                box = Box("leaf", self._name(fetch), (form,), form)
            self.indices[id(x)] = self.picture.add(box)
        return self.indices[id(x)]

    def _name(self, fetch: Any) -> str:
        if isinstance(fetch, ArrayOf):
            fetch = fetch.fetch
        if isinstance(fetch, Argument):
            return f"argument {fetch.index}"
        return self.names.get(id(fetch.value), "") if isinstance(fetch, Fixed) else ""

    def _add(self, call: Call, outputs: set[int]) -> int:
        results = list(traced_in(call.result))
        form = " and ".join(f"{x.shape} {x.dtype}" for x in results)
        name = getattr(call.function, "__name__", type(call.function).__name__)
        owner = getattr(call.function, "__self__", None)
        title = f"{owner.__name__}.{name}" if isinstance(owner, np.ufunc) else name
        if isinstance(call, Check):
            title = "check"
        last = any(id(x.memory) in outputs for x in results) and not call.view
        kind: Any = "module" if isinstance(call, Outside | Effect) else "result" if last else "operation"
        return self.picture.add(Box(kind, title, (form,) if form else (), form=form, where=call.line))


def _inputs(call: Call) -> list[Any]:
    """Return the arrays that a call reads, not those that it only writes to."""
    return list(traced_in((call.args, {name: value for name, value in call.kwargs.items() if name != "out"})))


def _sort(picture: Picture) -> None:
    """Order the boxes so that each stands after those that it depends on."""
    inputs: dict[int, list[int]] = {}
    for source, index in picture.edges:
        inputs.setdefault(index, []).append(source)
    order: list[int] = []
    known: set[int] = set()
    for index, box in enumerate(picture.boxes):
        if box.satellite:
            continue
        for each in (*inputs.get(index, ()), index):
            if each not in known:
                known.add(each)
                order.append(each)
    order += [index for index in range(len(picture.boxes)) if index not in known]
    moved = {old: new for new, old in enumerate(order)}
    picture.boxes = [picture.boxes[old] for old in order]
    picture.edges = [(moved[source], moved[index]) for source, index in picture.edges]
