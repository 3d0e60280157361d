"""Watching a program while it records a graph: calls, inputs, summaries of values, and times, for pictures."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import Token
from traceback import walk_tb
from types import FrameType, TracebackType
from typing import Any

from autograd import Value
from autograd.inside import (
    TRACING,
    Node,
    Observer,
    RunningCall,
    SourceLine,
    Watch,
    describe_objects,
    here,
    observer,
    running_calls,
    value_observer,
)

from .given_arrays import Given, Named, given_arrays, given_of, named_in
from .number_format import Summary, summarize


class Call:
    """One call of a user's object, such as a module of a network, or of a function with a name."""

    __slots__ = ("_item", "arguments", "function", "words")

    def __init__(self, words: str, item: object, function: bool, arguments: Iterable[Named]) -> None:
        self.words = words  # which describe the call to a reader
        self.function = function  # whether it is a call of a function, which is drawn as one box
        self._item = weakref.ref(item) if hasattr(item, "__weakref__") else None
        self.arguments = [each for each in arguments if each.memory is not None]

    def called(self) -> Any:
        """Return the object, or None if it is gone."""
        return None if self._item is None else self._item()


class Note(str):
    """The scope of a node in words, with further notes from when it was recorded."""

    __slots__ = ("calls", "given", "others", "seconds", "values")

    calls: tuple[Call, ...]  # that it was recorded in, outermost first
    given: tuple[Given, ...]  # what is known of each input
    others: tuple[Given, ...]  # the arrays among the other arguments, such as an index
    values: tuple[Summary, ...]  # of the results
    seconds: float  # since the previous operation, or since the block began


def note_of(node: Node | Value | None) -> Note | None:
    """Return the note of a node, or None if it was not recorded within `watch_calls`."""
    note = getattr(node, "scope", None)
    return note if isinstance(note, Note) else None


class watch_calls(Watch):  # noqa: N801 - named as a verb, like the other blocks
    """Record module calls, value summaries and times within a ``with`` block, for `draw_graph`.

    For each operation: the module calls that it was recorded in, a summary of its result, and its time, counted from
    the end of the previous operation. This costs time: it is for pictures, not for training.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import draw_graph, tensor, watch_calls
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> with watch_calls():
    ...     y = np.exp(x).sum()
    >>> "exp" in draw_graph(y, show=["values"]).source
    True
    """

    def __init__(self) -> None:
        super().__init__(TRACING)
        self._before: list[Token[Observer]] = []
        self.failed: tuple[Call, ...] = ()  # the calls around the error that ended the block, outermost first

    def fresh(self) -> watch_calls:
        return watch_calls()

    def __enter__(self) -> None:
        super().__enter__()
        self._before.append(observer.set(_Noting(observer.get(None))))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        noting = observer.get()
        if trace is not None and isinstance(noting, _Noting):
            innermost = [frame for frame, _ in walk_tb(trace)][-1]
            self.failed = tuple(noting.calls_among(running_calls(innermost)))
        observer.reset(self._before.pop())
        super().__exit__(kind, error, trace)


@contextmanager
def lines_of_values(lines: dict[Any, SourceLine]) -> Iterator[None]:
    """Put the line of each `Value` that is computed within a block into `lines`; nodes of tensors have their lines."""
    token = value_observer.set(lambda value: lines.update({value: here()}))
    try:
        yield
    finally:
        value_observer.reset(token)


class _Noting:
    """The observer that a block calls for each operation.

    Two calls of one object have different frames. Python could reuse the memory of a frame that has ended, so the
    frames of the previous operation are held until they have been compared; as calls are nested, that is enough.
    """

    def __init__(self, around: Observer | None) -> None:
        self.around = around
        self.frames: list[FrameType] = []
        self.calls: list[Call] = []
        self.since = time.perf_counter()

    def __call__(self, node: Node, values: tuple[Any, ...], z: Any) -> None:
        seconds = time.perf_counter() - self.since
        if self.around is not None:
            self.around(node, values, z)
        note = Note(getattr(node, "scope", ""))
        note.calls, note.seconds = tuple(self.calls_among(running_calls())), seconds
        op: Any = node.op
        inputs = len(op.inputs(node))
        variadic = getattr(op, "variadic", False)
        note.given = tuple(map(given_of, values[0] if variadic else values[:inputs]))
        note.others = tuple(given_arrays(values[1 if variadic else inputs :]))
        note.values = tuple(map(summarize, z if isinstance(z, tuple) else (z,)))
        node.scope = note
        self.since = time.perf_counter()

    def calls_among(self, found: list[RunningCall]) -> list[Call]:
        """Return running calls, those that are still the same as before as the same objects."""
        same = 0
        while same < min(len(found), len(self.frames)) and found[same].frame is self.frames[same]:
            same += 1
        self.calls = self.calls[:same]
        for i in range(same, len(found)):
            around = [(call.frame, call.item) for call in found[: i + 1] if not call.name]
            call, words = found[i], found[i].name or describe_objects(around)
            self.calls.append(Call(words, call.item, bool(call.name), named_in(call.arguments)))
        self.frames = [call.frame for call in found]
        return self.calls
