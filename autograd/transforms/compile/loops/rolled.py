"""Loops of `scan` in a program: the step is recorded once, and its derivatives once, whatever the number of steps.

A `Body` is what one step computes: calls, and their graph. Its derivatives are bodies of further loops, which are found
by walking that graph and not by calling the step again: a loop backwards, which carries the gradient of the state and
computes the step again from the states that the loop forwards stacked; a loop forwards of tangents. Each is again a
body with a graph, so that there are derivatives of any order.
"""

from __future__ import annotations

import copy
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ....arrays.door import Level, batched_at, batches, contents, copied_for, unrecorded, whole
from ....arrays.traced import Traced, Variable, plain
from ....errors import CompileError
from ....graph.backward import pull_back
from ....graph.grad_mode import enable_grad, no_grad, recording
from ....graph.node import Node, ancestors, counter, leading_to
from ....primitives.function import Function
from ....source.source_info import warn
from ....tensors.tensor import LIFT, Tensor, unwrap
from ...fixed_point import recorded_since
from ...forward_mode import push_forward
from ...pytree import flatten
from ...scan import Steps, goes_on, run_while, selected
from ..floats import TracedFloat
from ..memory import owner_of
from ..passes import simplify
from ..printer import Diverged
from ..program import ARGUMENT, CONSTANT, Argument, Call, Check, Fixed, Memory, Program, errors_raise, mapped, traced_in
from ..recorder import ProgramRecorder, value_of
from ..types import Array
from .kept import MOST, kept
from .loop import Carried, Input, Loop, Part, Same, Unsuitable
from .parts import dense
from .running import CompiledLoop, Until, copies, stand_in

T = TypeVar("T")


def rolled(steps: Steps, records: ProgramRecorder) -> tuple[Any, Any]:
    """Return the last state and what is collected of the steps of a `scan`, as a loop of the program."""
    if not steps.length:
        return steps.run()
    try:
        started, plan = _planned(steps, records)
        results = plan.applied([x for x in (*started, *steps.rows) if x is not None])
    except (Unsuitable, Diverged) as error:
        if records.active:
            warn(
                f"scan() in a compiled function: {steps.defined} is recorded {steps.length:,} times, step by "
                f"step, because {_why(error)}",
                RuntimeWarning,
            )
        return steps.run()
    count = len(plan.body.after)
    state, ys = iter(results[:count]), iter(results[count:])
    return (
        steps.rebuild([None if x is None else next(state) for x in started]),
        steps.rebuild_ys([None if x is None else next(ys) for x in plan.ys]),
    )


def rolled_while(
    condition: Callable[[Any], Any], steps: Steps, records: ProgramRecorder, otherwise: Callable[[], Any] | None = None
) -> Any:
    """Return the last state of a `while_loop`, as loops of the program: one that counts, and one with derivatives.

    Where that cannot be, return what `otherwise` does; without it, the loop is refused.
    """

    def counting(state: Any, _: Any) -> Any:
        inner, count, _ = state
        going = goes_on(condition, inner)
        leaves = flatten(inner)[0]
        after = selected(going, steps.taken(leaves, [])[0], leaves)
        going = whole(going).any() if batches(going) else going
        return (steps.rebuild(after), np.add(count, going), np.logical_and(going, True)), None

    def masked(state: Any, _: Any) -> Any:
        leaves = flatten(state)[0]
        return steps.rebuild(selected(goes_on(condition, state), steps.taken(leaves, [])[0], leaves)), None

    try:
        state = steps.rebuild(steps.leaves)
        with no_grad():
            first = Steps(counting, (state, np.int64(0), np.True_), None, 1, False, of=steps.step)
            first.defined = steps.defined
            started, plan = _planned_as(first, records, of_element=False)
            plan.count = None
            loop, _, closures = plan._loop(False)
            given = [plan._flat(unwrap(x), i, ()) for i, x in enumerate(x for x in started if x is not None)]
            found = records.call(Until(loop), (*given, *closures))
        again, started = None, started[:-2]
        if recording():
            batched = any(batches(unwrap(x)) for x in plan.body.after)
            taken = Steps(masked, state, None, 1, False, of=steps.step) if batched else steps
            taken.defined = steps.defined
            started, again = _planned_as(taken, records, of_element=False)
        if again is not None and (again.body.known or any(map(_is_live, started))):
            again.count = found[-2]
            results = again.applied([x for x in started if x is not None])
        else:
            likes = plan.body.after[:-2]
            arrays = [_in_batches(x, batches(unwrap(like)), (), False) for x, like in zip(found, likes, strict=False)]
            results = [_as(x, isinstance(like, Tensor)) for x, like in zip(arrays, likes, strict=True)]
    except (Unsuitable, Diverged) as error:
        if otherwise is not None:
            return otherwise()
        records.refuse(f"a step of while_loop(), because {_why(error)}", "change that")
        return run_while(condition, steps)
    state_leaves = iter(results)
    return steps.rebuild([None if x is None else next(state_leaves) for x in started])


def _why(error: Unsuitable | Diverged) -> str:
    return "a value decides what it computes" if isinstance(error, Diverged) else str(error)


def _planned(steps: Any, records: ProgramRecorder) -> Any:
    """Record a step; return the first state, in what becomes of it by the steps, and how to run them all."""
    levels = {level for x in (*steps.leaves, *steps.rows) for level in batches(unwrap(x))}
    if records.fewest < math.inf and levels and all(level.size for level in levels):
        planned = _planned_as(steps, records, of_element=True)
        if planned is not None:
            return planned
    return _planned_as(steps, records, of_element=False)


def _planned_as(steps: Any, records: ProgramRecorder, of_element: bool) -> Any:
    """Do that for all of a batch at once, or for one element of it: None if the step closes over the others."""
    start, live = list(steps.leaves), [_is_live(x) for x in steps.leaves]
    while True:
        body, after, ys = _recorded(steps, records, start, live, of_element)
        levels = {level for x in (*body.after, *body.ys) for level in batches(unwrap(x))}
        if of_element and levels:
            return None
        others = [x if a is None else _like(x, a) for x, a in zip(start, after, strict=True)]
        lives = [was or _is_live(a) for was, a in zip(live, after, strict=True)]
        unlike = [i for i, x in enumerate(steps.rows) if _is_live(x) and levels.difference(batches(unwrap(x)))]
        if lives == live and not unlike and all(map(operator.is_, start, others)):
            return start, Plan(body, steps.length, steps.reverse, ys)
        for i in unlike:
            for x in (*body.after, *body.ys):
                steps.rows[i] = _broadcast(steps.rows[i], unwrap(x))
        start, live = others, lives


def _is_live(x: Any) -> bool:
    return isinstance(x, Tensor) and x._node is not None and bool(recording())


def _like(x: Any, after: Any) -> Any:
    """Return a leaf of the first state as a tensor, and with the batches, that it has after a step."""
    if set(batches(unwrap(after))).difference(batches(unwrap(x))):
        x = _broadcast(x, unwrap(after))
    return Tensor(x) if isinstance(after, Tensor) and not isinstance(x, Tensor) else x


def _broadcast(x: Any, like: Any) -> Any:
    """Return an array, or a tensor, with the batches of another."""
    zeros = copied_for(np.zeros((), x.dtype), like)
    return x + zeros if x.dtype.kind != "b" else x | zeros


def _recorded(
    steps: Any, records: ProgramRecorder, start: list[Any], live: list[bool], of_element: bool
) -> tuple[Body, list[Any], list[Any]]:
    """Record a step at the first state and row."""
    begun, begin = next(counter), len(records.program.calls)
    row = -1 if steps.reverse else 0
    carried = [_placeholder(records, x, on, of_element) for x, on in zip(start, live, strict=True)]
    rows = [_placeholder(records, x, _is_live(x), of_element, row) for x in steps.rows]
    around, records.own = records.own, set()
    try:
        after, ys = steps.taken(carried, rows)
        if not records.active:
            raise Unsuitable("recording has ended")
        after = [None if x is None else _traced(records, x) for x in after]
        ys = [None if x is None else _traced(records, x) for x in ys]
    finally:
        records.own = around
        calls = records.take_back(begin)
    line = calls[-1].line if calls else records.home
    inner = [*(_variable(x) for x in (*carried, *rows) if x is not None), *traced_in([call.result for call in calls])]
    records.within.update((id(x), (x, line)) for x in inner)
    results = [x for x in (*after, *ys) if x is not None]
    known: set[Node] = set()
    for x in results:
        known.update(recorded_since(begun, x._node, None)[1] if isinstance(x, Tensor) else ())
    carried, rows, made, collected = ([x for x in part if x is not None] for part in (carried, rows, after, ys))
    in_order = sorted(known, key=lambda node: node.number)
    return Body(records, calls, carried, rows, [], made, collected, in_order), after, ys


@unrecorded
def _placeholder(records: ProgramRecorder, x: Any, live: bool, of_element: bool, row: int | None = None) -> Any:
    """Return what stands for an array while a step is recorded, or for a row of it, with the values of the first."""
    if x is None:
        return None
    array = unwrap(x)
    levels = batches(array)
    value = whole(array)
    value = np.asarray(value.value if isinstance(value, Variable) else value)
    if row is not None:
        value = value[(slice(None),) * len(levels) + (row,)]
    if of_element:
        value, levels = value[(0,) * len(levels)], ()
    is_tensor = live or isinstance(x, Tensor)
    made = batched_at(_argument(records, value, is_tensor), levels)
    return Tensor(made, requires_grad=live) if is_tensor else made


@unrecorded
def _argument(records: ProgramRecorder, value: Any, is_tensor: bool) -> Any:
    """Return a variable of a step, with a value that it may have."""
    array = np.array(value, order="C")
    if not array.ndim and not is_tensor:
        return Traced(array[()], records, Memory(ARGUMENT, None))
    return Traced(array, records, records.new_memory(ARGUMENT, owner_of(array)))


def _traced(records: ProgramRecorder, x: Any) -> Any:
    """Return a result of a step, which may be a constant, with a traced array."""
    array = unwrap(x)
    if isinstance(whole(array), Traced):
        return x
    made = records.known(array) if type(array) is np.ndarray else records.constant(np.array(array))
    return Tensor(made) if isinstance(x, Tensor) else made


def _variable(x: Any) -> Any:
    return whole(unwrap(x))


@dataclass(eq=False)
class Body:
    """What one step computes, and its derivatives.

    Attributes
    ----------
    calls
        In order.
    carried, rows, shared
        What stood for the state, for a row of each array that the loop goes along, and for what all steps share.
    after, ys
        The state after the step, and what is collected.
    known
        The nodes, from before the step, that the results depend on: those of tensors that the step closes over.
    """

    records: ProgramRecorder
    calls: list[Call]
    carried: list[Any]
    rows: list[Any]
    shared: list[Any]
    after: list[Any]
    ys: list[Any]
    known: list[Node]

    @property
    def inputs(self) -> list[Any]:
        return [*self.carried, *self.rows, *self.shared]

    def derived(self, derive: Callable[[], Any]) -> tuple[list[Call], Any]:
        """Return the calls of the step and of a derivative of it, and what `derive` returns, which records them."""
        records = self.records
        begin, active = len(records.program.calls), records.active
        mine = [call for call in self.calls if not isinstance(call, Check)]  # which held
        records.program.calls += mine
        records.active = True  # also if the function turned out later to be one that cannot be recorded
        try:
            result = derive()
        finally:
            records.active = active
            calls = records.take_back(begin)
        finite = {id(call.result) for call in calls if call.function is np.isfinite}
        rest = calls[len(mine) :]
        return [*mine, *(c for c in rest if not (isinstance(c, Check) and id(c.args[0]) in finite))], result

    def within(self, on: tuple[bool, ...], levels: tuple[Level, ...]) -> Body:
        """Return the step for whole batches: its calls, made again with arrays that are batched."""
        records = self.records
        begin = len(records.program.calls)
        sizes = [level.size for level in reversed(levels)]
        like = _zeros_at(records, levels)
        values: dict[int, Any] = {}
        placed: list[Any] = []
        for x, batched in zip(self.inputs, on, strict=True):
            variable = _variable(x)
            if isinstance(variable, TracedFloat) and not batched:
                values[id(variable)] = TracedFloat(variable.value, records, variable.fetch)
                placed.append(values[id(variable)])
                continue
            value = _spread(variable, sizes if batched else [])
            made = _argument(records, value, batched or isinstance(variable.value, np.ndarray))
            placed.append(batched_at(made, levels if batched else ()))
            values[id(variable)] = placed[-1]
        active, records.active = records.active, True
        try:
            written = {id(call.writes) for call in self.calls if call.writes is not None}
            with np.errstate(all="ignore"):  # values may be forgotten
                for call in self.calls:
                    _again(records, call, values, written, like)
            results = [values.get(id(_variable(x)), _variable(x)) for x in (*self.after, *self.ys)]
            results = [_broadcast(x, like) if set(levels) - set(batches(x)) else x for x in results]
        finally:
            records.active = active
            calls = records.take_back(begin)
        n, k, m = len(self.carried), len(self.rows), len(self.after)
        return Body(records, calls, placed[:n], placed[n : n + k], placed[n + k :], results[:m], results[m:], [])

    def like(self, x: Array | Tensor, lifted: bool) -> Any:
        """Return what stands for the gradient or the tangent of an array of the step."""
        variable = _variable(x)
        return self._ones(variable.shape, variable.dtype, batches(unwrap(x)), lifted)

    def like_of(self, node: Node, lifted: bool, levels: tuple[Any, ...]) -> Any:
        """Return what stands for that of a tensor that the step closes over, with these batches."""
        return self._ones((*[level.size for level in reversed(levels)], *node.shape), node.dtype, levels, lifted)

    @unrecorded
    def _ones(self, shape: tuple[int, ...], dtype: np.dtype[Any], levels: tuple[Any, ...], lifted: bool) -> Any:
        made = batched_at(_argument(self.records, np.ones(shape, dtype), lifted or bool(levels)), levels)
        return Tensor(made, requires_grad=True) if lifted else made


def _again(records: ProgramRecorder, call: Call, values: dict[int, Any], written: set[int], like: Any) -> None:
    """Make a call again, with other values for its variables; a memory that is written to has room for the batch."""
    args = mapped(lambda x: values.get(id(x), x), call.args)
    kwargs = mapped(lambda x: values.get(id(x), x), call.kwargs)
    function: Any = call.function
    if isinstance(call, Check):  # for each element of a batch
        if call.function is value_of:
            array = whole(args[0])
            records.note(Check, value_of, (array,)).expected = np.broadcast_to(call.expected, array.shape).copy()
        return
    several = isinstance(call.result, tuple | list)
    if isinstance(function, CompiledLoop) and any(map(batches, args)):
        result = _loop_again(records, function, args)
    elif getattr(function, "__objclass__", None) is np.ndarray and batches(args[0]):
        result = getattr(args[0], function.__name__)(*args[1:], **kwargs)
    elif getattr(function, "__name__", "") == "asarray" and batches(args[0]):
        made, dtype = args[0], call.result.dtype  # it is an array of each element, perhaps of another dtype
        result = made if made.dtype == dtype else made.astype(dtype)
    elif any(batches(x) for x in contents([args, kwargs])):
        result = function(*args, **kwargs)
    else:
        result = records.call(function, args, kwargs)
    if call.result is None:
        return
    for x, value in zip(traced_in(call.result), result if several else [result], strict=True):
        if not call.view and id(x.memory) in written and call.writes is None:
            value = _broadcast(value, like)
        values[id(x)] = value


def _loop_again(records: ProgramRecorder, function: CompiledLoop, args: Sequence[Any]) -> Any:
    """Call a loop with arrays that are batched: make another of it, whose steps are those of the whole batch."""
    loop = function.loop
    of = {kind: [x.variable for x in loop.inputs if isinstance(x, kind)] for kind in (Carried, Part, Same)}
    backwards = [x.backwards for x in loop.inputs if isinstance(x, Part)] + [back for _, back in loop.stacked]
    after, ys = [x.after for x in loop.inputs if isinstance(x, Carried)], [x for x, _ in loop.stacked]
    body = Body(records, loop.calls, of[Carried], of[Part], of[Same], after, ys, [])
    count = loop.count
    if count is None:
        *args, count = args
    return Plan(body, count, any(backwards)).run(args, False)


def _node(x: Any) -> Any:
    return x._node if isinstance(x, Tensor) else None


class Plan:
    """A loop of a body, ready to be run and differentiated.

    Attributes
    ----------
    body, count, reverse
        What runs, how often, and whether from the last row to the first.
    ys
        The leaves of what a step of the user's collects, with None where that is None.
    """

    def __init__(self, body: Body, count: Any, reverse: bool, ys: Sequence[Any] = ()) -> None:
        self.body, self.count, self.reverse, self.ys = body, count, reverse, ys
        self._known: dict[Any, Any] = {}

    def once(self, make: Callable[..., T], *given: object) -> T:
        """Return what one of its methods makes, which is the known one if it was there before."""
        key = make.__name__, *given
        if key not in self._known:
            self._known[key] = make(*given)
        found: T = self._known[key]
        return found

    def applied(self, inputs: list[Array | Tensor]) -> list[Any]:
        """Return the last state and what is collected: tensors where those of the step are."""
        body = self.body
        known = [self._standing_at(node) for node in body.known]
        if any(map(_is_live, inputs)) or (known and recording()):
            n = len(body.after)
            found = _Scan.apply(self, *inputs, *known)
            results = [*found[:n], *found[n + len(body.carried) :]]
        else:
            results = self.run([unwrap(x) for x in inputs], False)
        likes = [*body.after, *body.ys]
        return [_as(x, isinstance(like, Tensor)) for x, like in zip(results, likes, strict=True)]

    def derived(self, inputs: list[Array | Tensor]) -> list[Any]:
        """Do that for a derivative, which nothing else computes where a value decides otherwise in a later step."""
        try:
            return self.applied(inputs)
        except Diverged as error:
            what = "a derivative of scan() that depends on a value, as on whether a factor of numpy.prod is 0,"
            remedy = (
                "write it without that, such as products by `*`, or leave the loop outside of the compiled function"
            )
            where = f"at {error.args[0]}"
            self.body.records.refuse(what, remedy, where)
            raise CompileError(f"compile: {what} {where}, cannot be recorded: {remedy}") from error

    @unrecorded
    def _standing_at(self, node: Node) -> Tensor:
        """Return a tensor at a node whose value is not used: the step reads it itself."""
        levels = {level for x in (*self.body.after, *self.body.ys) for level in batches(unwrap(x))}
        ordered = tuple(sorted(levels, key=lambda level: -level.number))
        zeros = np.broadcast_to(np.zeros((), node.dtype), (*[level.size for level in reversed(ordered)], *node.shape))
        return LIFT.wrap(batched_at(self.body.records.constant(zeros.copy()), ordered), node)  # type: ignore[no-any-return]

    def run(self, arrays: Sequence[Array], keeps: bool) -> list[Any]:
        """Return the last state, if `keeps` the states before each step, and what is collected.

        Arrays may be batched at levels at which the step is not: then the loop runs for each element.
        """
        body = self.body
        n = len(body.carried)
        own = {level for x in (*body.inputs, *body.after, *body.ys) for level in batches(unwrap(x))}
        extra = {level for x in arrays for level in batches(x)} - own
        outer = tuple(sorted(extra, key=lambda level: -level.number))
        found = self._lanes(arrays, keeps, outer) if outer else self.once(self._loop, keeps)
        if found is None:
            results = self._run_within(arrays, keeps, outer)
        else:
            loop, used, closures = found
            given = [self._flat(x, i, outer) for i, x in enumerate(arrays) if i < n or i in used]
            rows = [i for i, k in enumerate(used, n) if k < n + len(body.rows) and set(outer) & set(batches(arrays[k]))]
            for i in rows:  # which come before the elements of a batch
                given[i] = np.swapaxes(given[i], 0, 1)
            count = () if isinstance(self.count, int) else (self.count,)
            results = body.records.call(loop, (*given, *closures, *count))
            if outer:
                results = [*results[:n], *(np.swapaxes(x, 0, 1) for x in results[n:])]
        likes = [*body.after, *(body.carried if keeps else ()), *body.ys]
        levels = [batches(unwrap(like)) for like in likes]
        return [_in_batches(x, of, outer, i >= n) for i, (x, of) in enumerate(zip(results, levels, strict=True))]

    def _flat(self, x: Any, i: int, outer: tuple[Any, ...], all_of_them: bool = False) -> Any:
        """Return the array within batches: first the elements of those around the loop, if it has any, then rows."""
        n, own = len(self.body.carried), batches(unwrap(self.body.inputs[i]))
        around = [level for level in outer if level in batches(x)]
        missing = [level for level in own if level not in batches(x)]
        if missing or (len(around) < len(outer) and (around or all_of_them)):
            levels = {*own, *(outer if around or all_of_them else ())}
            x = _broadcast(x, _zeros_at(self.body.records, tuple(sorted(levels, key=lambda level: -level.number))))
        lanes = [k for k, level in enumerate(reversed(batches(x))) if level in outer]
        x = whole(x)
        if lanes != [*range(len(lanes))]:
            x = np.moveaxis(x, lanes, range(len(lanes)))
        if len(lanes) > 1:
            x = x.reshape(-1, *x.shape[len(lanes) :])
        first = 1 if lanes else 0
        is_rows = n <= i < n + len(self.body.rows)
        return np.moveaxis(x, first + len(own), first) if own and is_rows else x

    def _run_within(self, arrays: Sequence[Any], keeps: bool, outer: tuple[Any, ...]) -> list[Any]:
        """Run a loop whose steps are those of whole batches; return results with one axis for the batches first."""
        n, sizes = len(self.body.carried), [level.size for level in reversed(outer)]
        on = tuple(i < n or bool(set(outer) & set(batches(x))) for i, x in enumerate(arrays))
        within = self.once(self._within, on, outer)
        given = [self._flat(x, i, outer, i < n) for i, x in enumerate(arrays)]
        given = [
            batched_at(x.reshape(*sizes, *x.shape[1:]), outer) if batched else x
            for x, batched in zip(given, on, strict=True)
        ]
        results = map(whole, within.run(given, keeps))
        return [x.reshape(-1, *x.shape[len(sizes) :]) for x in results]

    def _within(self, on: tuple[bool, ...], outer: tuple[Any, ...]) -> Plan:
        return Plan(self.body.within(on, outer), self.count, self.reverse)

    def _lanes(self, arrays: Sequence[Any], keeps: bool, outer: tuple[Any, ...]) -> Any:
        """Return the loop for each element of the batches around it, as machine code; None if that cannot be."""
        records = self.body.records
        if records.fewest == math.inf or errors_raise():
            return None
        on = tuple(any(level in outer for level in batches(x)) for x in arrays)
        return self.once(self._loop_in_lanes, keeps, math.prod(level.size for level in outer), on)

    def _loop_in_lanes(self, keeps: bool, size: int, on: tuple[bool, ...]) -> Any:
        (loop, used, closures), n = self.once(self._loop, keeps), len(self.body.carried)
        batched = tuple(b for i, b in enumerate(on) if i < n or i in used) + (False,) * len(closures)
        lanes = loop.lanes(batched, size)
        return None if lanes is None else (lanes, used, closures)

    @unrecorded
    def _loop(self, keeps: bool) -> tuple[CompiledLoop, list[int], list[Any]]:
        """Return the loop, which inputs besides the state it reads, and what it reads of the program around it."""
        body, program, known = self.body, Program(), dict[int, Any]()
        for i, x in enumerate(body.inputs):
            variable = _variable(x)
            known[id(variable)] = stand_in(variable, Argument(i))
            program.sources.append((known[id(variable)], Argument(i)))
        made = {id(x) for call in body.calls for x in traced_in(call.result)}
        outputs = [_variable(x) for x in (*body.after, *(body.carried if keeps else ()), *body.ys)]
        around: list[Any] = []
        for x in (*(x for call in body.calls for x in call.reads()), *outputs):
            if id(x) in made or id(x) in known:
                continue
            if x.memory.kind == CONSTANT:
                known[id(x)] = Traced(x.value, x.records, Memory(CONSTANT, None))
                program.sources.append((known[id(x)], Fixed(x.value)))
            else:
                fetch = Argument(len(body.inputs) + len(around))
                known[id(x)] = stand_in(x, fetch)
                program.sources.append((known[id(x)], fetch))
                around.append(x)
        program.calls = copies(body.calls, known)
        program.outputs = [known[id(x)] for x in outputs]
        simplify(program)
        return self._made(program, [known[id(_variable(x))] for x in body.inputs], around)

    def _made(
        self, program: Program, stand_ins: list[Any], around: list[Any]
    ) -> tuple[CompiledLoop, list[int], list[Any]]:
        body, n = self.body, len(self.body.carried)
        read = {id(x) for x, _ in program.sources}
        used = [i for i, x in enumerate(stand_ins) if i >= n and id(x) in read]
        inputs: list[Input] = []
        arguments: list[Variable] = []
        after = program.outputs[:n]
        closures: list[Any] = []
        for i, x in enumerate(stand_ins):
            if i < n:
                inputs.append(Carried(x, len(arguments), after[i]))
                arguments.append(x)
            elif i in used and i < n + len(body.rows):
                inputs.append(Part(x, len(arguments), 0, dense(x.shape), x.size, self.reverse))
                arguments.append(_table(x, self.count if isinstance(self.count, int) else 1))
            elif i in used:
                inputs.append(Same(x, len(arguments)))
                arguments.append(x)
        fetch: Any
        for x, fetch in program.sources:
            if isinstance(fetch, Fixed):
                closures.append(body.records.constant(np.array(fetch.value)))
            elif fetch.index >= len(stand_ins):
                closures.append(around[fetch.index - len(stand_ins)])
            else:
                continue
            inputs.append(Same(x, len(arguments)))
            arguments.append(x)
        stacked = [(x, self.reverse) for x in program.outputs[n:]]
        count = self.count if isinstance(self.count, int) else None
        loop = Loop(program.calls, inputs, arguments, after, stacked, count)
        program.forget_values(set())
        pays = (math.inf if count is None else count) * len(program.calls) >= body.records.fewest
        return CompiledLoop(loop, machine=pays and body.records.fewest < math.inf), used, closures

    # Derivatives

    def keeping(self, wanted: tuple[bool, ...]) -> tuple[Plan, tuple[bool, ...], Plan] | None:
        """Return this loop with more that it stacks, and the loop backwards that reads it; None if that does not pay.

        Between the two: which results that one has a gradient of.
        """
        body, n = self.body, len(self.body.carried)
        if not isinstance(self.count, int) or any(batches(unwrap(x)) for x in (*body.inputs, *body.after, *body.ys)):
            return None
        given = (*[True] * n, *[False] * n, *(_node(y) is not None for y in body.ys))
        try:
            back, _ = self.once(self.backwards, given, wanted, False)
        except Exception:  # noqa: BLE001 - what the derivative raises is raised where it is asked for
            return None
        of = back.body
        later = [_variable(x) for x in (*of.carried, *of.rows[n + len(body.rows) :])]
        values, more = kept(body.calls, of.calls, later)
        if not values or self.count * sum(x.nbytes for x in values) > MOST:
            return None
        known = set(map(id, values))
        forwards, backwards = copy.copy(body), copy.copy(of)
        forwards.calls, forwards.ys = [*body.calls, *more], [*body.ys, *values]
        backwards.calls = [call for call in of.calls if known.isdisjoint(map(id, traced_in(call.result)))]
        backwards.rows = [*values, *of.rows]
        return Plan(forwards, self.count, self.reverse), given, Plan(backwards, self.count, back.reverse)

    def backwards(self, given: tuple[bool, ...], wanted: tuple[bool, ...], lifted: bool) -> tuple[Plan, list[bool]]:
        """Return the loop that carries gradients back, and which inputs it gives a gradient of.

        `given` says which results have a gradient, of the state, of the states before and of what is collected,
        `wanted` which inputs and known tensors need one.
        """
        body = self.body
        n = len(body.carried)
        live = [_node(x) is not None for x in body.carried]
        carried = [body.like(x, lifted) for x, on in zip(body.carried, live, strict=True) if on]
        collected = [*body.carried, *body.ys]
        gradients = [body.like(x, lifted) if on else None for x, on in zip(collected, given[n:], strict=True)]
        rest = [*map(_node, body.rows), *map(_node, body.shared), *body.known]
        rest = [node if want else None for node, want in zip(rest, wanted[n:], strict=True)]
        summed = rest[len(body.rows) :]
        sums = [None if node is None else body.like_of(node, lifted, ()) for node in summed]
        targets = [*map(_node, body.carried), *rest]

        def derive() -> Any:
            seeds: dict[Node, Any] = {}
            states = (x for x, on in zip(body.after, live, strict=True) if on)
            for x, g in (*zip(states, carried, strict=True), *zip(body.ys, gradients[n:], strict=True)):
                if g is not None and (node := _node(x)) is not None:
                    seeds[node] = seeds[node] + g if node in seeds else g
            ends = {node for node in targets if node is not None}
            order = leading_to(ends, ancestors(seeds, ends))
            reached = {*order, *ends}
            seeds = {node: g for node, g in seeds.items() if node in reached}
            with enable_grad():
                found = pull_back(seeds, order, ends, partial=True, lift=LIFT if lifted else None)
                results = [found.get(node) for node in targets]
                of_state = [_added(results[i], gradients[i], body.carried[i]) for i in range(n) if live[i]]
                of_rows = [
                    _added(g, None, x)
                    for g, x, node in zip(results[n:], body.rows, rest, strict=False)
                    if node is not None
                ]
                of_shared = results[n + len(body.rows) :]
                sums_after = [s if g is None else s + g for s, g in zip(sums, of_shared, strict=True) if s is not None]
            return [*of_state, *sums_after], of_rows

        calls, (after, ys) = body.derived(derive)
        within = iter([batches(unwrap(x)) for x in after[len(carried) :]])
        levels = [() if node is None else next(within) for node in summed]
        if any(levels):  # each element of a batch has its own
            sums = [
                None if node is None else body.like_of(node, lifted, several)
                for node, several in zip(summed, levels, strict=True)
            ]
            calls, (after, ys) = body.derived(derive)
        started = [*carried, *(s for s in sums if s is not None)]
        rows = [*body.carried, *body.rows, *(g for g in gradients if g is not None)]
        after, ys = ([_traced(body.records, x) for x in part] for part in (after, ys))
        of = Body(body.records, calls, started, rows, body.shared, after, ys, body.known if lifted else [])
        return Plan(of, self.count, not self.reverse), live

    def forwards(self, given: tuple[tuple[Level, ...] | None, ...], lifted: bool) -> tuple[Plan, list[bool]]:
        """Return the loop of tangents; `given` has the batches of each tangent of an input, or None for no tangent."""
        body = self.body
        n = len(body.carried)
        live = [_node(x) is not None for x in body.carried]
        carried = [body.like(x, lifted) if on else None for x, on in zip(body.carried, live, strict=True)]
        others = [*body.rows, *body.shared]
        k = n + len(others)
        own = {level for x in (*body.after, *body.ys) for level in batches(unwrap(x))}
        tangents = [None if of is None else body.like(x, lifted) for x, of in zip(others, given[n:k], strict=True)]
        tangents += [
            None if of is None else body.like_of(node, lifted, tuple(level for level in of if level in own))
            for node, of in zip(body.known, given[k:], strict=True)
        ]
        nodes = [*map(_node, body.inputs), *body.known]

        def derive() -> Any:
            seeds = {node: t for node, t in zip(nodes, [*carried, *tangents], strict=True) if t is not None}
            results = [_node(x) for x in (*body.after, *body.ys)]
            order = leading_to(seeds, ancestors([node for node in results if node is not None], seeds))
            with enable_grad():
                pushed = push_forward(seeds, order, LIFT if lifted else None)
                found = [
                    _added(pushed.get(node), None, x) for node, x in zip(results, (*body.after, *body.ys), strict=True)
                ]
            return [x for x, on in zip(found, live, strict=False) if on], found[n:]

        calls, (after, ys) = body.derived(derive)
        after, ys = ([_traced(body.records, x) for x in part] for part in (after, ys))
        k = len(body.rows)
        started = [t for t in carried if t is not None]
        rows = [*body.carried, *body.rows, *(t for t in tangents[:k] if t is not None)]
        shared = [*body.shared, *(t for t in tangents[k:] if t is not None)]
        of = Body(body.records, calls, started, rows, shared, after, [*started, *ys], body.known if lifted else [])
        return Plan(of, self.count, self.reverse), live


@unrecorded
def _zeros_at(records: ProgramRecorder, levels: tuple[Any, ...]) -> Any:
    """Return a zero with batches, a constant of the program."""
    return batched_at(records.constant(np.zeros([level.size for level in reversed(levels)])), levels)


@unrecorded
def _spread(variable: Any, sizes: list[int]) -> Any:
    """Return the value of a variable as that of each element of a batch."""
    value = np.asarray(variable.value)
    return np.broadcast_to(value, (*sizes, *value.shape))


def _in_batches(x: Any, inner: tuple[Any, ...], outer: tuple[Any, ...], is_rows: bool) -> Any:
    """Return a result of a loop as a batched array: it has the elements of the batches around it first, then rows."""
    first = 1 if outer else 0
    if inner and is_rows:
        x = np.moveaxis(x, first, first + len(inner))
    if len(outer) > 1:
        x = x.reshape(*[level.size for level in reversed(outer)], *x.shape[1:])
    levels = sorted((*inner, *outer), key=lambda level: level.number)
    now = [*reversed(outer), *reversed(inner)]
    if inner and outer:
        x = np.moveaxis(x, range(len(now)), [levels.index(level) for level in now])
    return batched_at(x, tuple(reversed(levels)))


def _added(g: Any, more: Any, x: Any) -> Any:
    """Return the sum of two gradients of an array, either of which may be None."""
    if g is None and more is None:
        return np.zeros(np.shape(unwrap(x)), unwrap(x).dtype)
    return g if more is None else more if g is None else g + more


def _as(x: Any, is_tensor: bool) -> Any:
    if isinstance(x, Tensor):
        return x if is_tensor else x._array
    return Tensor(x) if is_tensor else x


class _Scan(Function):
    """A loop of a plan: the last state, the states before each step, and what is collected."""

    _told_of_none = True

    @staticmethod
    def forward(ctx: Any, plan: Plan, *arrays: Any) -> Any:
        n, k = len(plan.body.carried), len(plan.body.inputs)
        in_lanes = any(map(batches, arrays[:k]))  # alone, the steps wait for each other: there is time to compute again
        keeping = ctx.keeping = plan.keeping(ctx.needs_input_grad[1:]) if in_lanes else None
        results = (plan if keeping is None else keeping[0]).run(arrays[:k], True)
        ctx.plan = plan
        before, end = results[n : 2 * n], 2 * n + len(plan.body.ys)
        ctx.constant = [None if x.dtype.kind in "fc" else x for x in before]
        ctx.kept = results[end:]
        ctx.save_for_backward(*(x for x in before if x.dtype.kind in "fc"), *arrays[n:k])
        return tuple(results[:end])

    @staticmethod
    def given(ctx: Any) -> list[Any]:
        """Return the states before each step, the arrays that the loop goes along, and what all steps share."""
        saved = iter(ctx.saved_tensors)
        return [*(next(saved) if x is None else x for x in ctx.constant), *saved]

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        plan, saved = ctx.plan, _Scan.given(ctx)
        body = plan.body
        n = len(body.carried)
        lifted = any(isinstance(x, Tensor) for x in (*saved, *g))
        wanted = ctx.needs_input_grad[1:]
        given = tuple(x is not None for x in g)
        back, live = plan.once(plan.backwards, given, wanted, lifted)
        keeping, more = ctx.keeping, []
        if keeping is not None and not lifted and given[n:] == keeping[1][n:]:
            back, more = keeping[2], ctx.kept
        states = [
            _zeros(like) if part is None else part for part, like, on in zip(g, body.after, live, strict=False) if on
        ]
        m = len(states)
        sums = [_zeros(x) for x in back.body.carried[m:]]
        rows = [*more, *saved[: n + len(body.rows)], *(part for part in g[n:] if part is not None)]
        shared = saved[n + len(body.rows) :]
        found = back.derived([*states, *sums, *rows, *shared])
        k = len(back.body.carried)
        of_state, of_rest = iter(found[:m]), iter([*found[k:], *found[m:k]])
        return (
            None,
            *(next(of_state) if on else None for on in live),
            *(next(of_rest) if want else None for want in wanted[n:]),
        )

    @staticmethod
    def jvp(ctx: Any, _: Any, *tangents: Any) -> Any:
        plan, saved = ctx.plan, _Scan.given(ctx)
        body = plan.body
        n = len(body.carried)
        lifted = any(isinstance(x, Tensor) for x in (*saved, *tangents))
        levels = tuple(None if t is None else batches(unwrap(t)) for t in tangents)
        forward, live = plan.once(plan.forwards, levels, lifted)
        states = [_zeros(x) if t is None else t for t, x, on in zip(tangents, body.carried, live, strict=False) if on]
        k = n + len(body.rows)
        rows = [*saved[:k], *(t for t in tangents[n:k] if t is not None)]
        shared = [*saved[k:], *(t for t in tangents[k:] if t is not None)]
        found = iter(forward.derived([*states, *rows, *shared]))
        zeros = [_zeros(x) for x in body.carried]
        of_state = [next(found) if on else z for on, z in zip(live, zeros, strict=True)]
        shapes = [(int(plain(plan.count)), *z.shape) for z in zeros]
        of_before = [
            next(found) if on else np.zeros(shape, z.dtype) for on, shape, z in zip(live, shapes, zeros, strict=True)
        ]
        return *of_state, *of_before, *found


def _zeros(like: Any) -> Any:
    """Return zeros with the shape and the batches of an array of the step."""
    array = unwrap(like)
    return copied_for(np.zeros(array.shape, array.dtype), array)


@unrecorded
def _table(x: Any, count: int) -> Traced:
    """Return a variable with the shape of an array of which the loop reads a row in each iteration."""
    value = np.broadcast_to(np.zeros((), x.dtype), (count, *x.shape))
    return Traced(value, x.records, Memory(ARGUMENT, None))
