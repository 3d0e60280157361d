"""Final checks: what cannot be recorded, but shows only when the function has returned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...arrays.door import outside_types
from ...source.source_info import within_file
from .environment import Environment
from .environment.libraries import class_in_library
from .memory import owner_of
from .program import ARGUMENT, HELD, Call, Check, Draw, Effect, Fetch, Outside, traced_in
from .recorder import ProgramRecorder
from .shadows import last_check, shadowed
from .watched_tensors import HARMLESS


def refuse_at_end(records: ProgramRecorder, environment: Environment, outputs: Sequence[Any]) -> None:
    """Refuse what shows only when the function has returned."""
    changed = environment.written()
    if changed is not None and changed.kind == "random":
        records.refuse(f"a draw from {changed.name}", "draw from nn.random, or outside the function", records.home)
    elif changed is not None:
        stored = records.function_text.store_of(changed.key) if records.function_text is not None else ""
        where = f"at {stored or changed.where}" if stored or changed.where else records.home
        what, remedy = f"a change of {changed.name}", "make it outside the function, or return the new value"
        if isinstance(changed.holder, tuple(outside_types)):
            kind = type(changed.holder).__name__
            where = records.home if within_file(changed.where.rpartition(":")[0]) else where
            what, remedy = f"{what} by a method of {kind}", "call the method outside the compiled function"
        records.refuse(what, remedy, where)
    if records.failed:
        records.refuse(
            "an operation that fails for some values, and whose error the function catches",
            "choose with numpy.where(condition, a, b)",
            f"at {records.failed}",
        )
    _check_steps(records, outputs)
    if records.function_text is not None and records.function_text.live is not None:
        gradients = set(map(id, records.program.gradients))
        if any(id(x.memory) in gradients for x in traced_in(outputs)):
            what = "a gradient in memory that is used again, which is read by the lines that Python goes on with"
            records.refuse(what, "read it there", records.home)
    for x in records.stand_ins:
        if getattr(x, "_grad", None) is not None:
            records.refuse(
                "backward() through an argument that is a result of recorded operations",
                "detach() it, or call backward() outside the function",
            )
        elif records.memories[id(owner_of(x._array))].written:
            records.refuse("a write to an argument that is a result of recorded operations", "write to a copy")
    _check_shared_gradients(records)
    _check_early_writes(records)
    touched, needed = False, {state.fetch for key, state in records.tensors.items() if key not in records.cleared}
    for call in records.program.calls:
        if isinstance(call, Effect):  # a gradient is set anew, unless the function adds to what it was
            touched |= call.function not in HARMLESS or call.args[0] in needed
        elif isinstance(call, Outside) and not isinstance(call, Draw | Fetch):
            touched |= not _can_be_undone(records, call)
        elif isinstance(call, Check) and touched:
            records.refuse(
                f"a value (line {call.line}) that decides what is computed after a step of an optimizer",
                "compile the part before the step and the part after it each on its own",
            )


def _can_be_undone(records: ProgramRecorder, call: Call) -> bool:
    """Tell whether a step of an optimizer can be put back, and finds what the program wrote where that is."""
    if type(call) is not Outside or getattr(call.function, "saved", None) is None:
        return False
    optimizer: Any = call.args[0]
    own = [
        records.tensors[id(x)] for group in optimizer.param_groups for x in group["params"] if id(x) in records.tensors
    ]
    memories = {id(memory) for state in own for memory in (state.traced.memory, state.set_aside)}
    of_library = class_in_library(type(optimizer)) and vars(optimizer).keys().isdisjoint(("step", "update"))
    return of_library and memories.isdisjoint(shadowed(records.program))


def _check_shared_gradients(records: ProgramRecorder) -> None:
    """Refuse to use a gradient of an earlier call that lies in memory of another tensor or a variable."""
    shared = {id(state.first_gradient) for state in records.tensors.values() if state.shares}
    for call in records.program.calls if shared else ():
        if any(id(x) in shared for x in call.reads()):
            records.refuse(f"a gradient that shares memory with something else (line {call.line})", "set a copy of it")


def _check_early_writes(records: ProgramRecorder) -> None:
    """Refuse writes before the last check that no shadow can take: see `shadows`."""
    early = records.program.calls[: last_check(records.program) + 1]
    written = {id(call.writes): call for call in early if call.writes is not None}
    for call in written.values():
        assert call.writes is not None
        if call.writes.kind == ARGUMENT:
            records.refuse(
                f"a write to an argument (line {call.line}), after which a value decides what is computed",
                "write to a copy of it",
            )
    for call in early:
        computed = call.view and len(list(traced_in((call.args, call.kwargs)))) > 1
        if computed and any(x.memory.kind == HELD and id(x.memory) in written for x in traced_in(call.result)):
            records.refuse(f"a view of what the function writes to, by a computed index (line {call.line})", "copy it")


def _check_steps(records: ProgramRecorder, outputs: Sequence[Any]) -> None:
    """Refuse a value of one step of a loop that has left it otherwise than as a result."""
    if records.within:
        for x in (*(x for call in records.program.calls for x in call.reads()), *traced_in(outputs)):
            if id(x) in records.within:
                what = "a value of a step of a loop that is used outside of it"
                records.refuse(what, "return it from the step, to be collected", f"at {records.within[id(x)][1]}")
                return
