"""Tiles: steps on arrays of equally many rows, done for a few rows at a time, which stay in the cache between them."""

from __future__ import annotations

import copy

from .nest_steps import Buffer, Nest, Reduction, Step, View

CACHED = 1 << 15  # bytes of a tile


class Tile(Step):
    """Steps that are done `count` times, each time with buffers that begin further, by the elements of `advances`."""

    def __init__(self, steps: list[Step], count: int, advances: dict[int, int]) -> None:
        self.steps, self.count, self.advances = steps, count, advances
        super().__init__([x for s in steps for x in s.reads], [x for s in steps for x in s.writes])

    def text(self, names: dict[int, str]) -> str:
        advances = {names[key]: step for key, step in self.advances.items()}
        return f"{self.count} tiles {advances}: {' | '.join(step.text(names) for step in self.steps)}"


def tiled(steps: list[Step], results: list[Buffer]) -> list[Step]:
    """Return steps with rows of them as tiles, whose scratch memory is that of one tile."""
    runs, kept = [_Run()], {id(buffer) for buffer in results}
    for step in steps:
        if not runs[-1].takes(step):
            runs.append(_Run())
            if not runs[-1].takes(step):
                runs[-1].steps.append(step)
                runs.append(_Run())
    return [step for run in runs for step in run.tiles(kept, steps)]


def _views(step: Step) -> list[View]:
    """Return what a step goes through row by row."""
    if isinstance(step, Nest):
        return [*step.reads, *step.writes]
    return [step.source, step.target] if isinstance(step, Reduction) else []


class _Run:
    """Steps one after the other that can be done row by row."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.rows = 0
        self.strides: dict[int, int] = {}
        self.buffers: dict[int, Buffer] = {}
        self.within: dict[int, bool] = {}  # whether each row is within its own part of the buffer
        self.written: set[int] = set()
        self.sums: set[int] = set()  # what rows are added to

    def takes(self, step: Step) -> bool:
        """Add a step, if it can be."""
        views = _views(step)
        if not views or not views[0].array.ndim or views[0].array.shape[0] < 2:
            return False
        strides, within = dict(self.strides), dict(self.within)
        sums = {id(step.target.buffer)} if isinstance(step, Reduction) and step.adds_rows() else set[int]()
        if not sums.isdisjoint(strides) or any(id(x.buffer) in self.sums for x in views):
            return False
        written = self.written | {id(x.buffer) for x in step.writes}
        for x in views:
            key, (stride, *others) = id(x.buffer), x.array.strides
            extent = sum(s * (n - 1) for s, n in zip(others, x.array.shape[1:], strict=True)) + x.array.itemsize
            if len(x.array) != (self.rows or len(views[0].array)) or strides.setdefault(key, stride) != stride:
                return False
            within[key] = within.get(key, True) and min(others, default=0) >= 0 and x.offset + extent <= stride
        if not all(within[key] for key in written - self.sums - sums):
            return False
        self.sums |= sums
        self.rows, self.strides, self.within, self.written = len(views[0].array), strides, within, written
        self.buffers |= {id(x.buffer): x.buffer for x in views}
        self.steps.append(step)
        return True

    def tiles(self, kept: set[int], steps: list[Step]) -> list[Step]:
        """Return what does the steps: tiles, and what is left of the rows; or the steps, if they fit into the cache."""
        row = sum(map(abs, self.strides.values()))
        size = 1 << max(CACHED // max(row, 1), 1).bit_length() - 1
        if len(self.steps) < 2 or size >= self.rows:
            return self.steps
        elsewhere = {id(x.buffer) for step in steps if step not in self.steps for x in (*step.reads, *step.writes)}
        own = {k for k in self.written - self.sums - elsewhere - kept if self.buffers[k].role == ("scratch",)}
        count, rest = divmod(self.rows, size)
        sizes = {k: s // self.buffers[k].array.itemsize * size for k, s in self.strides.items()}
        for key in own:
            self.buffers[key].array = self.buffers[key].array[: sizes.pop(key)]
        made = [_start(step) for step in self.steps if isinstance(step, Reduction) and step.adds_rows()]
        made.append(Tile([_part(step, 0, size, own) for step in self.steps], count, sizes))
        return made + [_part(step, self.rows - rest, rest, own) for step in self.steps if rest]


def _part(step: Step, first: int, count: int, own: set[int]) -> Step:
    """Return a step for some of its rows: the first ones of scratch memory."""

    def part(x: View) -> View:
        start = 0 if id(x.buffer) in own else first
        return View(x.buffer, x.array[start : start + count])

    made = copy.copy(step)
    made.reads, made.writes = [*map(part, step.reads)], [*map(part, step.writes)]
    if isinstance(made, Nest):
        made.shape = (count, *made.shape[1:])
        made.loads, made.stores = [*map(part, made.loads)], [(part(x), value) for x, value in made.stores]
    elif isinstance(made, Reduction):
        made.source, made.target, made.goes_on = part(made.source), part(made.target), made.adds_rows()
    return made


def _start(step: Reduction) -> Step:
    """Return a step that writes what sums of rows begin with."""
    target = View(step.target.buffer, step.target.array[0])
    made = Nest(target.array.shape)
    made.store(target, made.values.number(step.start, target.array.dtype))
    return made
