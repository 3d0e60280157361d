"""Gradient mode: whether operations record themselves. A context variable: each thread and asyncio task has its own.

And detachment: why a tensor is a constant although it was computed from one that requires a gradient.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import CodeType, TracebackType
from typing import Any, Never, TypeVar

from ..foreign.missing import explain
from ..source.source_info import SourceLine, here, line_of, note_line

F = TypeVar("F", bound=Callable[..., object])
Cut = tuple[Any, Any]  # what cut the graph (an operation or text) and where (a line or a no_grad block)

# Whether to record, and what else to do with each recorded node, as bits: refuse nan and inf (ANOMALY), pack what it
# keeps (PACKING), call an observer (TRACING). The others count only where ON is set.
OFF, ON, ANOMALY, PACKING, TRACING = 0, 1, 2, 4, 8


class Off(int):
    """The mode in which nothing is recorded, with the line that entered it.

    A generator that is suspended in such a block may leave it before a block that was entered later is left: `left`
    tells the later block to restore the mode `around`.
    """

    code: CodeType
    instruction: int
    around: int
    left = False


_mode: ContextVar[int] = ContextVar("recording", default=ON)
_watch: ContextVar[int] = ContextVar("watching", default=0)
recording = _mode.get
watching = _watch.get


EVER = math.inf
_moment: ContextVar[float] = ContextVar("moment", default=EVER)
moment = _moment.get


@contextmanager
def evaluated_as_at(number: float) -> Iterator[None]:
    """Have transforms see the graph as it was when nodes had `number`, for a function that is evaluated again.

    Changes since then, such as the end of a transform around the function, would change what they record.
    """
    around = _moment.get()
    try:
        _moment.set(number)
        yield
    finally:
        _moment.set(around)


def evaluated_again() -> bool:
    """Tell whether a function runs again for derivatives, as in a `checkpoint`, and has left its traces before.

    Examples
    --------
    >>> from autograd import checkpoint, tensor
    >>> from autograd.extend import evaluated_again
    >>> function = lambda x: (print(evaluated_again()), x * x)[1]
    >>> checkpoint(function, tensor(1.0, requires_grad=True)).backward()
    False
    True
    """
    return moment() < EVER


def is_grad_enabled() -> bool:
    """Tell whether operations on tensors are being recorded."""
    return recording() != OFF


class _NotMade(type):
    """The class of blocks: says what to write where a block is not made, as in ``with no_grad:``."""

    def __enter__(cls) -> Any:
        raise TypeError(f"'with {cls.__name__}:' makes no block: write 'with {cls.__name__}():'")

    def __exit__(cls, *reason: object) -> None:
        """Do nothing: it is never entered."""


class _Block(metaclass=_NotMade):
    """A ``with`` block that also decorates functions, including coroutines and generators."""

    def fresh(self) -> Any:
        """Return a block that does the same, with its own tokens."""
        raise NotImplementedError

    def __call__(self, function: F) -> F:
        """Decorate `function` so that each call has its own block: threads and recursive calls share no token.

        A generator is in the block while it runs, not while it is suspended.
        """
        if inspect.isasyncgenfunction(function):
            raise TypeError(f"{function.__name__}() is an asynchronous generator: use a with block inside it")

        @functools.wraps(function)
        def within(*args: object, **kwargs: object) -> object:
            with self.fresh():
                return function(*args, **kwargs)

        @functools.wraps(function)
        async def awaited(*args: object, **kwargs: object) -> object:
            with self.fresh():
                return await function(*args, **kwargs)  # type: ignore[misc]  # a coroutine

        @functools.wraps(function)
        def resumed(*args: object, **kwargs: object) -> object:
            return self._resumed(function(*args, **kwargs))

        if inspect.isgeneratorfunction(function):
            return resumed  # type: ignore[return-value]  # has the signature of the function it wraps
        return awaited if inspect.iscoroutinefunction(function) else within  # type: ignore[return-value]  # as above

    def _resumed(self, generator: Any) -> Generator[Any, Any, Any]:
        """Run `generator` from one of its values to the next, each time in a new block."""
        resume, given = generator.send, None
        try:
            while True:
                with self.fresh():
                    value = resume(given)
                try:
                    resume, given = generator.send, (yield value)
                except GeneratorExit:
                    raise
                except BaseException as error:  # noqa: BLE001  # the generator handles whatever is thrown in
                    resume, given = generator.throw, error
        except StopIteration as end:
            return end.value
        finally:
            with self.fresh():
                generator.close()


class _Mode(_Block):
    """Switch recording on or off within a ``with`` block or a decorated function."""

    def __init__(self, mode: int) -> None:
        self.mode = mode
        self._entered: list[tuple[int, int]] = []  # the modes before and within each block

    def __enter__(self) -> None:
        mode = self.mode | _watch.get() if self.mode else _off_from_here()
        before = _mode.get()
        self._entered.append((before, mode))
        try:
            _mode.set(mode)
        except BaseException:  # Ctrl-C, of a block that was not entered and will not be left
            _mode.set(before)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            explain(error)
        before, entered = self._entered.pop()
        if type(entered) is Off:
            entered.left = True
            if _mode.get() is not entered:
                return  # the block that was entered later restores the mode
        while type(before) is Off and before.left:
            before = before.around
        _mode.set(before)

    def fresh(self) -> _Mode:
        return _Mode(self.mode)


def _off_from_here() -> Off:
    mode = Off(OFF)
    mode.around = _mode.get()
    note_line(mode)
    return mode


class set_grad_enabled(_Mode):  # noqa: N801 - read as a verb: `with set_grad_enabled(False):`
    """Switch recording on or off: immediately, for a ``with`` block, or for a decorated function.

    Parameters
    ----------
    mode
        Whether operations on tensors record the graph that gradients need.

    Examples
    --------
    >>> from autograd import set_grad_enabled, tensor
    >>> x = tensor(2.0, requires_grad=True)
    >>> with set_grad_enabled(False):
    ...     (x * x).requires_grad
    False
    """

    def __init__(self, mode: bool) -> None:
        super().__init__(ON if mode else OFF)
        super().__enter__()

    def __enter__(self) -> None:
        """Keep the mode that the constructor set; leaving the block restores the previous one."""

    def __call__(self, function: F) -> F:
        """Restore the mode outside, and return `function` with the mode inside it."""
        self.__exit__(None, None, None)  # decorating a function must not change the mode outside it
        return super().__call__(function)


class no_grad(_Mode):  # noqa: N801 - as above
    """Record nothing within a ``with`` block or a decorated function: results are constants.

    Examples
    --------
    >>> from autograd import no_grad, tensor
    >>> weight = tensor([1.0, 2.0], requires_grad=True)
    >>> with no_grad():
    ...     (weight * 2).requires_grad
    False
    """

    def __init__(self, *function: Never) -> None:
        if function:
            raise TypeError("'@no_grad' makes no block: write '@no_grad()'")
        super().__init__(OFF)


class enable_grad(_Mode):  # noqa: N801 - as above
    """Record within a ``with`` block or a decorated function, even inside `no_grad`.

    Examples
    --------
    >>> from autograd import enable_grad, no_grad, tensor
    >>> weight = tensor([1.0, 2.0], requires_grad=True)
    >>> with no_grad(), enable_grad():
    ...     (weight * 2).requires_grad
    True
    """

    def __init__(self) -> None:
        super().__init__(ON)


def end_watching(what: int) -> None:
    """Stop doing something else with every node, in whatever blocks there are; leaving them may begin it again."""
    _watch.set(_watch.get() & ~what)
    if (mode := _mode.get()) & what:
        _mode.set(mode & ~what)


class Watch(_Block):
    """Do something else with every node that is recorded, within a ``with`` block or a decorated function."""

    def __init__(self, what: int) -> None:
        self.what = what
        self._modes: list[tuple[int, int]] = []

    def __enter__(self) -> None:
        watch, mode = _watch.get(), _mode.get()
        self._modes.append((watch, mode))
        try:
            _watch.set(watch | self.what)
            _mode.set(mode | watch | self.what if mode else mode)
        except BaseException:  # as above
            Watch.__exit__(self, None, None, None)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        watch, mode = self._modes.pop()
        _mode.set(mode)
        _watch.set(watch)

    def fresh(self) -> Watch:
        return Watch(self.what)


class detect_anomaly(Watch):  # noqa: N801 - as above
    """Raise at the first nan or inf that an operation or a derivative gives, and name the line that recorded it.

    Every operation is checked, which costs time: use it to find a bug, not for training.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import detect_anomaly, tensor
    >>> x = tensor([1.0, 0.0], requires_grad=True)
    >>> with detect_anomaly(), np.errstate(divide="ignore"):
    ...     (1 / x).sum()
    Traceback (most recent call last):
        ...
    autograd.AnomalyError: 'divide' gave inf in 1 of 2 elements (shape (2,), dtype float64)...
    """

    def __init__(self) -> None:
        super().__init__(ANOMALY)


# Detachment


def carried(*inputs: object) -> Cut | None:
    """Return the first cut that constant inputs carry."""
    for x in inputs:
        cut: Cut | None = getattr(x, "_cut", None)
        if cut is not None:
            return cut
    return None


def cut_of(what: Any, inputs: Iterable[object], mode: int) -> Cut | None:
    """Return why the result of an operation on `inputs` is a constant, given the mode in which it was computed."""
    if all(getattr(x, "_node", None) is None for x in inputs):
        return carried(*inputs)
    return what, here() if mode else mode


def cut_at(what: str, *inputs: object) -> Cut | None:
    """Return the cut that a user's call makes, or for constants the cut that they carry."""
    return cut_of(what, inputs, mode=1)


def reason(cut: Cut | None) -> str:
    """Return a sentence about what cut the graph and how to avoid it."""
    if cut is None:
        return (
            "nothing that it was computed from requires a gradient. Set requires_grad=True on what you differentiate "
            "with respect to; values that pass through an ndarray (t.data, np.argmax(t), t.item()) are constants"
        )
    what, where = cut
    name = what if isinstance(what, str) else f"'{getattr(what, 'name', None) or what.__name__}'"
    if isinstance(where, Off):
        at = f", entered at {line_of(where)}," if hasattr(where, "code") else ""
        return f"{name} was computed within no_grad(){at} and so was not recorded. Compute it outside that block"
    assert isinstance(where, SourceLine)
    how = "cut it from its graph" if isinstance(what, str) else "gives a result without a derivative"
    return f"{name} {how}, at {line_of(where)}"
