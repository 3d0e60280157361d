"""Call recorder: note module calls, value summaries and times while a graph is recorded, for pictures."""

from __future__ import annotations

import time
import weakref
from contextvars import Token
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph.grad_mode import TRACING, Watch
from ..graph.instrumentation import Observer, observer
from ..graph.name_scope import describe_objects, described_calls
from ..graph.node import Node
from .number_format import Summary, summarize

if TYPE_CHECKING:
    from ..scalar.value import Value

__all__ = ["Call", "Note", "note_of", "watch_calls"]


class Call:
    """One call of a user's object, such as a module of a network.

    Attributes
    ----------
    words
        A description of the call, for a reader.
    item
        A weak reference to the object, so that a result does not keep it alive; or None.
    """

    __slots__ = ("item", "words")

    def __init__(self, words: str, item: Any) -> None:
        self.words = words
        self.item = weakref.ref(item) if hasattr(item, "__weakref__") else None

    def called(self) -> Any:
        """Return the object, or None if it is gone."""
        return None if self.item is None else self.item()


class Note(str):
    """The scope of a node in words, with further notes from when it was recorded.

    Attributes
    ----------
    calls
        The calls that it was recorded in, outermost first.
    given
        Each input: a number, or shape and dtype of an array.
    values
        A summary of each result.
    seconds
        The time since the previous operation, or since the block began.
    """

    __slots__ = ("calls", "given", "seconds", "values")

    calls: tuple[Call, ...]
    given: tuple[Any, ...]
    values: tuple[Summary, ...]
    seconds: float


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

    def fresh(self) -> watch_calls:
        """Return a block that does the same."""
        return watch_calls()

    def __enter__(self) -> None:
        super().__enter__()
        self._before.append(observer.set(_Noting(observer.get(None))))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        observer.reset(self._before.pop())
        super().__exit__(kind, error, trace)


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
        note.calls, note.seconds = tuple(self._calls()), seconds
        op: Any = node.op
        note.given = tuple(map(_given, values[0] if getattr(op, "variadic", False) else values))
        note.values = tuple(map(summarize, z if isinstance(z, tuple) else (z,)))
        node.scope = note
        self.since = time.perf_counter()

    def _calls(self) -> list[Call]:
        found = described_calls()
        frames = [frame for frame, _ in found]
        same = 0
        while same < min(len(frames), len(self.frames)) and frames[same] is self.frames[same]:
            same += 1
        self.calls = self.calls[:same]
        self.calls += [Call(describe_objects(found[: i + 1]), found[i][1]) for i in range(same, len(found))]
        self.frames = frames
        return self.calls


def _given(value: Any) -> Any:
    """Return a number as it is, but only shape and dtype of an array, which a note must not keep alive."""
    if isinstance(value, np.ndarray | np.number | int | float | complex) and np.size(value) == 1:
        return np.asarray(value).item()
    return (value.shape, value.dtype) if isinstance(value, np.ndarray) else None
