"""Instrumentation of recorded operations, where a program asks for it: anomaly mode, tracing and packing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..arrays.door import Array, concrete, recorder
from ..errors import AnomalyError
from ..source.source_info import line_of, note_line
from .grad_mode import ANOMALY, PACKING, TRACING, Watch, end_watching, recording
from .name_scope import note_scope, within
from .node import Node
from .saved_tensors import pack

Observer = Callable[[Node, tuple[Any, ...], Any], None]

# Called with each node, the values of all parameters of its operation, and its result while TRACING is on.
observer: ContextVar[Observer] = ContextVar("observer")

# Called with each `Value` that is computed while TRACING is on, if it is set.
value_observer: ContextVar[Callable[[Any], None] | None] = ContextVar("value_observer", default=None)


@contextmanager
def observed(note: Observer, alone: bool = False) -> Iterator[None]:
    """Call `note` for each operation recorded within a block: after what observes around it, or, `alone`, instead."""
    around = None if alone else observer.get(None)

    def both(node: Node, values: tuple[Any, ...], z: Any) -> None:
        if around is not None:
            around(node, values, z)
        note(node, values, z)

    token = observer.set(both)
    try:
        with Watch(TRACING):
            yield
    finally:
        observer.reset(token)


def observe(note: Observer) -> Callable[[], None]:
    """Call `note` for each operation recorded from now on, until the function that is returned is called.

    That may be in another block than this one, in whatever order blocks are left, and in another thread.
    """
    lookout = _Lookout(note)
    observer.set(lookout)
    Watch(TRACING).__enter__()
    return lookout.end


class _Lookout:
    """An observer that can end anywhere: a block that was entered before that may bring it back, until it is called."""

    def __init__(self, note: Observer) -> None:
        self._note: Observer | None = note
        self._around = _calling(observer.get(None))

    def __call__(self, node: Node, values: tuple[Any, ...], z: Any) -> None:
        notes, current = [], _calling(self)
        while isinstance(current, _Lookout):  # there may be thousands, of trainings that nobody ended
            notes.append(current._note)
            around = current._around = _calling(current._around)
            current = around
        for note in reversed([*notes, current]):
            if note is not None:
                note(node, values, z)
        if self._note is None:
            self.end()

    def end(self) -> None:
        """Call nothing any more; where this one is called itself, those around it are, or none."""
        self._note = None
        if observer.get(None) is self:
            current = _calling(self)
            if current is None:
                end_watching(TRACING)
            else:
                observer.set(current)


def _calling(current: Observer | None) -> Observer | None:
    """Return an observer, or the first around it that has not ended, if any."""
    while isinstance(current, _Lookout) and current._note is None:
        current = current._around
    return current


def examine(node: Node, values: tuple[Any, ...], z: Array | tuple[Array, ...]) -> None:
    """Do what the mode asks for: refuse a result that is not finite, call the observer, pack the saved tensors.

    `values` holds the values of the operation's parameters; `z` is the result, a tuple if there are several.
    """
    note_line(node)
    note_scope(node)
    mode = recording()
    if mode & (ANOMALY | PACKING) and (records := recorder.get()) is not None:
        what = "detect_anomaly()" if mode & ANOMALY else "saved_tensors_hooks()"
        records.refuse(f"an operation within {what}", "put the block around the call, where the function runs as it is")
    if mode & ANOMALY:
        _refuse_anomaly(node, values, z)
    if mode & TRACING:
        observer.get()(node, values, z)
    if mode & PACKING:
        pack(node)


def _refuse_anomaly(node: Node, values: tuple[Any, ...], z: Any) -> None:
    for part in z if isinstance(z, tuple) else (z,):
        array = concrete(part)
        bad = ~np.isfinite(array) if array.dtype.kind in "fc" else np.zeros(1, bool)
        if bad.any():
            kind = "nan" if np.isnan(array).any() else "inf"
            message = (
                f"'{node.op.name}' gave {kind} in {bad.sum()} of {array.size} elements (shape {part.shape}, dtype "
                f"{part.dtype}){within(node)}, at {line_of(node)}; it was given {ranges(values)}"
            )
            raise AnomalyError(message)


def ranges(values: tuple[Any, ...]) -> str:
    """Describe the range of each array, and the numbers, among `values`."""
    arrays = map(concrete, values)
    told = [_range(value) for value in arrays if isinstance(value, np.ndarray | np.number | int | float | complex)]
    return " and ".join(told) or "no numbers"


def _range(value: Any) -> str:
    array = np.asarray(value)
    if not array.ndim:
        return f"{array[()]:.6g}" if array.dtype.kind in "fc" else str(array[()])
    what = f"shape {array.shape}, dtype {array.dtype}"
    if array.dtype.kind not in "iuf" or not array.size:
        return f"an array ({what})"
    finite = array[np.isfinite(array)]
    span = f"from {finite.min():.6g} to {finite.max():.6g}" if finite.size else "without a finite number"
    odd = array.size - finite.size
    return f"an array {span}{f' and {odd} not finite' if odd else ''} ({what})"
