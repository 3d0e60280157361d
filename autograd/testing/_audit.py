"""`audit`: check a random sample of the operations of a program while it trains."""

from __future__ import annotations

import os
import random
from collections import Counter
from contextvars import Context, Token
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import numpy as np

from autograd import GradientCheckError
from autograd.inside import TRACING, Hooked, Lift, Node, Observer, Operation, Watch, line_of, observer

from .conditions.recorded_calls import RecordedCall, SetAsideError
from .subjects.refusals import REFUSALS
from .subjects.subject import Array, listed

MEMORY = 2**26  # bytes of copies that may wait for their backward pass at the same time
TRIES = 20  # how often the first check of a line is tried, if no backward pass comes
SHOWN = 40  # lines of the table, and wrong gradients that are kept


@dataclass
class Audited:
    """What an audit found at one line: an operation, within one module.

    Attributes
    ----------
    operation, module, where
        The name of the operation, the modules around it, and the file and line of the program.
    recorded, checked, set_aside
        How often it was recorded, how often its gradient was checked, and how often it could not be.
    wrong
        How many of those that were checked are wrong.
    drift
        The largest difference between its gradients and those in double precision, in units in the last place of
        float32 of the largest element of them.
    """

    operation: str
    module: str
    where: str
    recorded: int = 0
    checked: int = 0
    set_aside: int = 0
    wrong: int = 0
    drift: float = 0.0
    tries: int = 0


@dataclass(frozen=True, eq=False)
class WrongGradient:
    """A gradient that is wrong.

    Attributes
    ----------
    operation, module, where
        As in `Audited`.
    message
        What is wrong.
    inputs
        The arrays that the gradient was computed for.
    """

    operation: str
    module: str
    where: str
    message: str
    inputs: tuple[Array, ...]

    def __str__(self) -> str:
        within = f" in {self.module}" if self.module else ""
        return f"'{self.operation}'{within}, recorded at {self.where}: {self.message}"


@dataclass
class Audit:
    """What an audit found; printed, it is a table.

    Attributes
    ----------
    operations
        One entry for each line, operation and module.
    wrong
        The first wrong gradients, at most 40.
    reasons
        Why operations were set aside, and how many.
    """

    operations: list[Audited] = field(default_factory=list)
    wrong: list[WrongGradient] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def checked(self) -> int:
        """How many gradients were checked."""
        return sum(one.checked for one in self.operations)

    @property
    def found(self) -> int:
        """How many of them are wrong."""
        return sum(one.wrong for one in self.operations)

    def __str__(self) -> str:
        recorded = sum(one.recorded for one in self.operations)
        lines = [f"{recorded} operations recorded, {self.checked} checked, {self.found} wrong"]
        lines += [f"{number} set aside: {reason}" for reason, number in self.reasons.most_common()]
        ranked = sorted(self.operations, key=lambda one: (one.wrong, one.drift), reverse=True)
        head = ("operation", "module", "line", "recorded", "checked", "drift", "wrong")
        rows = [head, *map(_row, ranked[:SHOWN])]
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        for row in rows:
            cells = [c.ljust(w) if i < 3 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
            lines.append("  ".join(cells).rstrip())
        if len(ranked) > SHOWN:
            lines.append(f"... and {len(ranked) - SHOWN} more")
        return "\n".join([*lines, *map(str, self.wrong)])


def _row(one: Audited) -> tuple[str, ...]:
    drift = f"{one.drift:.1f}" if one.checked else ""
    where = one.where.removeprefix(os.getcwd() + os.sep)
    return one.operation, one.module, where, str(one.recorded), str(one.checked), drift, str(one.wrong)


class audit(Watch):  # noqa: N801 - read as a verb, like the other blocks
    """Check the gradients of a random sample of operations within a ``with`` block, such as a training.

    When a backward pass reaches an operation of the sample, what its rules give, at its real inputs and for its real
    cotangent, is compared with differences in double precision along random directions, and with the gradient that the
    same rules give in double precision. The first operation of each line and module is always checked, if it can be.

    The training computes the same as without an audit, more slowly: functions of `compile` run without it. Operations
    within `vmap` and in other threads are not checked, nor are `Value` and what a backward pass does not reach.

    Parameters
    ----------
    rate
        The share of operations that is checked, beside the first of each line.
    seed
        Chooses the sample.
    raise_exception
        Whether to raise at the end of the block if a gradient is wrong.

    Raises
    ------
    GradientCheckError
        At the end of the block.

    Examples
    --------
    >>> import nn
    >>> import numpy as np
    >>> from autograd.testing import audit
    >>> model = nn.MLP([2, 8, 1])
    >>> optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    >>> X = np.random.default_rng(0).standard_normal((16, 2), dtype=np.float32)
    >>> with audit(rate=0.01) as report:
    ...     for step in range(10):
    ...         optimizer.zero_grad()
    ...         nn.functional.mse_loss(model(X), X[:, :1] * X[:, 1:]).backward()
    ...         optimizer.step()
    >>> report.checked > 3, report.wrong
    (True, [])
    """

    def __init__(self, rate: float = 1e-3, *, seed: int = 0, raise_exception: bool = True) -> None:
        if not 0 <= rate <= 1:
            raise ValueError(f"rate is the share of operations to check, from 0 to 1, not {rate!r}")
        super().__init__(TRACING)
        self._options = rate, seed, raise_exception
        self._running: list[tuple[_Auditor, Token[Observer]]] = []

    def fresh(self) -> audit:
        rate, seed, raise_exception = self._options
        return audit(rate, seed=seed, raise_exception=raise_exception)

    def __enter__(self) -> Audit:  # type: ignore[override]  # the other blocks return None
        super().__enter__()
        rate, seed, _ = self._options
        auditor = _Auditor(rate, seed, observer.get(None))
        self._running.append((auditor, observer.set(auditor.note)))
        return auditor.report

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        auditor, token = self._running.pop()
        observer.reset(token)
        super().__exit__(kind, error, trace)
        auditor.is_open = False
        report = auditor.report
        if report.wrong and error is None and self._options[2]:
            shown = "\n".join(f"  {wrong}" for wrong in report.wrong[:5])
            raise GradientCheckError(
                f"{report.found} of {report.checked} gradients that were checked are wrong:\n{shown}"
            )


class _Auditor:
    """One audit that is running."""

    def __init__(self, rate: float, seed: int, around: Observer | None) -> None:
        self.rate, self.around = rate, around
        self.chosen, self.directions = random.Random(seed), np.random.default_rng(seed)
        self.report, self.is_open, self.waiting = Audit(), True, 0
        self.lines: dict[Any, Audited] = {}

    def note(self, node: Node, values: tuple[Any, ...], z: object) -> None:
        """Count an operation that was recorded, and take it into the sample or not."""
        if self.around is not None:
            self.around(node, values, z)
        key = node.op.name, node.code, node.instruction, getattr(node, "scope", "")
        line = self.lines.get(key)
        if line is None:
            line = self.lines[key] = self._line(node.op.name, key[-1], line_of(node))
        line.recorded += 1
        first = not line.checked and not line.set_aside and line.tries < TRIES
        if self.chosen.random() < self.rate or first:
            line.tries += 1
            self._take(node, values, z, line)

    def _line(self, operation: str, module: str, where: str) -> Audited:
        """Return the entry of a line: Python may note several instructions for one call, as it speeds it up."""
        for one in self.report.operations:
            if (one.operation, one.module, one.where) == (operation, module, where):
                return one
        self.report.operations.append(Audited(operation, module, where))
        return self.report.operations[-1]

    def _take(self, node: Node, values: tuple[Any, ...], z: Any, line: Audited) -> None:
        try:
            sample = RecordedCall(node, values, z)
        except SetAsideError as reason:
            self.set_aside(line, str(reason))
            return
        if self.waiting + sample.nbytes > MEMORY:
            self.set_aside(line, "too much memory waits for a backward pass")
        else:
            node.op = _Watched(node.op, self, line, sample)

    def set_aside(self, line: Audited, reason: str) -> None:
        line.set_aside += 1
        self.report.reasons[reason] += 1

    def check(self, node: Node, g: object, line: Audited, sample: RecordedCall) -> None:
        try:
            result = sample.check(node, g, self.directions)
        except SetAsideError as reason:
            self.set_aside(line, str(reason))
        except REFUSALS as error:
            self.set_aside(line, f"'{sample.name}' in double precision: {type(error).__name__}: {error}")
        else:
            line.checked += 1
            line.drift = max(line.drift, result.drift)
            if result.message is not None:
                line.wrong += 1
                if len(self.report.wrong) < SHOWN:
                    inputs = tuple(sample.inputs)
                    self.report.wrong.append(
                        WrongGradient(line.operation, line.module, line.where, result.message, inputs)
                    )


class _Watched(Hooked):
    """Wraps the operation of a node of the sample: when its cotangent arrives, it is checked, once.

    Until then, or until it is freed, the memory of the sample counts.
    """

    def __init__(self, operation: Operation, auditor: _Auditor, line: Audited, sample: RecordedCall) -> None:
        before = Hooked.exist
        super().__init__(operation)
        Hooked.exist = before  # backward passes need not look for it: it may be called twice
        self.auditor, self.line, self.sample = auditor, line, [sample]
        auditor.waiting += sample.nbytes

    def __del__(self) -> None:
        self.auditor.waiting -= sum(sample.nbytes for sample in self.sample)

    def seen(self, node: Node, g: object, lift: Lift | None) -> Any:
        """Return `g` as it is, after the check, which is apart from all that runs around the backward pass."""
        if self.sample and self.auditor.is_open:
            sample = self.sample.pop()
            self.auditor.waiting -= sample.nbytes
            pieces = [part if part is None or lift is None else lift.unwrap(part) for part in listed(g)]
            if any(type(part) is not np.ndarray for part in pieces if part is not None):
                self.auditor.set_aside(self.line, "within vmap or compile")
            else:
                given = pieces if isinstance(g, list) else pieces[0]
                Context().run(self.auditor.check, node, given, self.line, sample)
        return g
