"""Random loops of Python: states that a step moves on, tables and rows that it reads, and what happens at some steps.

A seed draws a function of two states and an array of rows. `python -m tests.compile.loops.random_loops --count 3000`
compares many, compiled, with the functions themselves; with `--machine` they run as machine code, which takes longer.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import BatchError, compile, grad, jvp, tensor, value_and_grad, vmap
from autograd.transforms.compile import session
from autograd.transforms.compile.loops.chain import Chain
from autograd.transforms.compile.loops.running import CompiledLoop, Lanes
from autograd.transforms.pytree import flatten

TABLE = np.linspace(0.3, 0.9, 60)
MATRIX = np.array([[0.5, 0.2, -0.1], [-0.3, 0.6, 0.1], [0.05, -0.2, 0.4]])
SETTINGS = {"rate": 0.1}
RATES = [0.1 * i for i in range(14)]

Step = Callable[[Any, int], None]


class State:
    """What a loop moves on: two arrays of three numbers, one number, and what it collects."""

    def __init__(self, a: Any, b: Any, rows: Any) -> None:
        self.a, self.b, self.rows = a, b, rows
        self.total: Any = 0.0
        self.path: list[Any] = []
        self.earlier = [a, b, a]
        self.fixed = np.sin(a)  # what each step may read
        self._table: Any = None

    @property
    def table(self) -> Any:
        """An array whose rows steps write to, made when it is first asked for."""
        if self._table is None:
            self._table = tensor(np.zeros((30, 3), like=self.a))
            self._table[0] = self.a
        return self._table

    @property
    def written(self) -> Any:
        """A number that depends on all that was written there."""
        return 0.0 if self._table is None else 0.1 * np.sum(self._table * self._table)


class RandomLoop:
    """A function that a seed draws.

    Attributes
    ----------
    words
        What happens in it.
    steps
        How many steps each of its loops has, with 30 rows; with more rows, as many more.
    """

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.words: list[str] = []
        self.steps = [int(self.random.integers(7, 13)) for _ in range(self.random.choice([1, 1, 2]))]
        self.bodies = [self._body() for _ in self.steps]
        self.ends = self._pick(["state", "path", "last", "reads"])

    def __call__(self, a: Any, b: Any, rows: Any) -> Any:
        state = State(a, b, rows)
        for count, body in zip(self.steps, self.bodies, strict=True):
            for t in range(count + len(rows) - 30):
                for step in body:
                    step(state, t)
        result = np.sum(state.a * state.b) + np.sum(state.a * state.a) + state.total + state.written
        if self.ends == "path" and state.path:
            result = result + 0.1 * np.sum(np.stack(state.path) ** 2)
        if self.ends == "last":
            result = result + np.sum(state.earlier[-2] * 0.3)
        if self.ends == "reads":
            for t, x in enumerate(state.path[::-1]):
                result = result + np.sum(x * np.cos(state.a)) * 0.5**t
        return result

    def _pick(self, choices: list[Any]) -> Any:
        return choices[int(self.random.integers(len(choices)))]

    def _body(self) -> list[Step]:
        names = self.random.choice(list(STEPS), size=int(self.random.integers(2, 6)))
        body = []
        for name in names:
            step, words = STEPS[name], str(name)
            if self.random.random() < 0.25:
                when = self._pick(["first", "last", "even", "late"])
                step, words = _only(step, when), f"{name} if {when}"
            body.append(step)
            self.words.append(words)
        self.words.append("|")
        return [*body, _settle]


def _only(step: Step, when: str) -> Step:
    def only(s: State, t: int) -> None:
        if {"first": t == 0, "last": t == 6, "even": t % 2 == 0, "late": t >= 3}[when]:
            step(s, t)

    return only


def _settle(s: State, t: int) -> None:
    """Keep the numbers small, whatever the steps before did."""
    s.a = np.tanh(s.a) + 0.01 * s.b
    s.earlier.append(s.a)


def rotated(s: State, t: int) -> None:
    s.a, s.b = s.b, s.a + 0.1 * s.b


def row(s: State, t: int) -> None:
    s.a = s.a + 0.2 * s.rows[t]


def two_rows(s: State, t: int) -> None:
    s.b = s.b * s.rows[t + 1] + np.sin(s.rows[t])


def column(s: State, t: int) -> None:
    s.a = s.a * s.rows[2:5, t % 2] * 0.5 + s.rows[t, 1]


def number_of_row(s: State, t: int) -> None:
    s.b = 0.9 * s.b + s.rows[2 * t, 2]


def slice_of_rows(s: State, t: int) -> None:
    s.a = s.a + 0.1 * np.sum(s.rows[t : t + 2], axis=0)


def table(s: State, t: int) -> None:
    s.a = s.a * TABLE[2 * t] + TABLE[t + 1]


def uneven_table(s: State, t: int) -> None:
    s.b = s.b * TABLE[t * t % 50]


def powers(s: State, t: int) -> None:
    s.a = s.a * (1 - 0.1**t) + 0.01 * t


def product(s: State, t: int) -> None:
    s.a = MATRIX @ s.a + 0.1 * s.b


def of_arguments(s: State, t: int) -> None:
    s.b = s.b + np.outer(s.a, s.fixed) @ s.fixed * 0.1


def mask(s: State, t: int) -> None:
    s.a = np.where(s.a > 0.3, s.a * 0.9, s.a * 1.2) + np.maximum(s.b, 0.3) * 0.01


def in_place(s: State, t: int) -> None:
    s.b = s.b + 0.1 * s.a
    s.b[0] = 0.5 * s.a[1]
    s.b[1:] *= 0.9


def added(s: State, t: int) -> None:
    s.a = s.a + 0.1 * s.b
    s.a += 0.1 * np.cos(s.b)


def views(s: State, t: int) -> None:
    s.a = np.stack([s.a[::-1], s.b]).T.reshape(-1)[1:4] * 0.5 + s.a


def transposed(s: State, t: int) -> None:
    outer = np.outer(s.a, s.b)
    s.b = np.sum(outer.T * MATRIX + outer, axis=1) * 0.3


def scalar(s: State, t: int) -> None:
    s.total = s.total * 0.9 + np.sum(s.a * s.b) * 0.1 * t


def first_number(s: State, t: int) -> None:
    s.total = s.total + s.a[0] * s.b[-1] if t else s.a[0]


def collected(s: State, t: int) -> None:
    s.path.append(s.a * 0.5)


def lag(s: State, t: int) -> None:
    s.a = s.a * 0.5 + 0.3 * np.sin(s.earlier[-2])


def long_lag(s: State, t: int) -> None:
    s.b = s.b * 0.5 + 0.3 * s.earlier[-3]


def early(s: State, t: int) -> None:
    s.a = s.a * s.fixed + s.earlier[0]


def nested(s: State, t: int) -> None:
    for j in range(5):
        s.b = s.b + 0.01 * np.sin(s.a) * (j + 1)


def setting(s: State, t: int) -> None:
    s.a = s.a - SETTINGS["rate"] * s.b


def some_settings(s: State, t: int) -> None:
    rate = SETTINGS["rate"] if t % 3 == 1 else 0.2
    s.a = np.where(s.a > 0, rate, 0.9 - rate) * s.a + rate * np.sin(s.b)


def settings_of_steps(s: State, t: int) -> None:
    s.b = s.b + 0.1 * np.sin(s.a * RATES[t])


def number_or_scalar(s: State, t: int) -> None:
    s.a = np.sin(s.a * (s.total if t % 4 == 2 else np.float64(0.1 * t))) + 0.5 * s.a


def number_or_first(s: State, t: int) -> None:
    s.b = s.b * (s.a[0] if t == 5 else s.a[1] if t == 6 else 0.3 + 0.01 * t)


def powers_of_matrix(s: State, t: int) -> None:
    s.b = 0.5 * np.linalg.solve(np.eye(3) + 0.1 * np.outer(s.a, s.a), s.b) + s.fixed


def norms(s: State, t: int) -> None:
    s.a = s.a / np.sqrt(0.5 + np.sum(s.a**2)) + 0.1 * np.max(s.b) * np.cumsum(s.a)


def taken(s: State, t: int) -> None:
    s.a = np.concatenate([s.a[1:], s.b[:1]]) * 0.9 + 0.1 * s.a[[2, 0, 0]]


def grown(s: State, t: int) -> None:
    s.path.append(s.b * s.path[-1] if s.path else s.a)
    s.total = s.total + 0.01 * np.sum(np.stack(s.path[-2:]))


def inner_gradient(s: State, t: int) -> None:
    s.b = s.b - 0.1 * grad(lambda b: np.sum(np.cos(b) * np.sin(0.5 * b)))(s.b)


def written_through_view(s: State, t: int) -> None:
    s.b = s.b * 0.8 + 0.1 * s.a
    part = s.b[1:]
    part *= 0.5
    s.a = s.a + 0.1 * s.b


def early_number(s: State, t: int) -> None:
    s.earlier[0] = s.earlier[0] if t else np.cos(s.a)
    s.b = s.b + 0.1 * s.earlier[0] * (t + 1)


def list_of_steps(s: State, t: int) -> None:
    s.b = s.b * 0.8 + 0.1 * s.path[len(s.path) // 2] if s.path else s.b * 0.9


def next_row(s: State, t: int) -> None:
    s.table[t + 1] = 0.5 * s.table[t] + 0.1 * np.sin(s.a)


def row_after_next(s: State, t: int) -> None:
    s.table[t + 2] = 0.5 * s.table[t + 1] * s.table[t] + s.b


def parts_of_row(s: State, t: int) -> None:
    s.table[t + 1, 0] = 0.3 * s.table[t, 1] + s.a[0]
    s.table[t + 1, 1:] = 0.9 * s.table[t, :-1] + 0.1 * s.table[t, 1:]


def same_row(s: State, t: int) -> None:
    s.table[t] = 0.8 * s.table[t] + 0.1 * s.b
    s.b = s.b + 0.1 * s.table[t, ::-1]


def rows_kept(s: State, t: int) -> None:
    kept = s.table[t]
    s.table[t + 1] = s.a * 0.5
    s.a = s.a + 0.1 * kept + 0.05 * s.table[t + 1]


def whole_table(s: State, t: int) -> None:
    s.b = s.b * 0.9 + 0.01 * np.sum(s.table, axis=0)


STEPS: dict[str, Step] = {
    step.__name__: step
    for step in (
        rotated, row, two_rows, column, number_of_row, slice_of_rows, table, uneven_table, powers, product,
        of_arguments, mask, in_place, added, views, transposed, scalar, first_number, collected, lag, long_lag, early,
        nested, setting, list_of_steps, next_row, row_after_next, parts_of_row, same_row, rows_kept, whole_table,
        some_settings, settings_of_steps, number_or_scalar, number_or_first, powers_of_matrix, norms, taken, grown,
        inner_gradient, written_through_view, early_number,
    )
}  # fmt: skip


def arguments(seed: int, more: int = 0) -> tuple[Any, ...]:
    """Return two states and rows, more than 30 for more steps."""
    random = np.random.default_rng(seed)
    return random.normal(size=3) * 0.5, random.normal(size=3) * 0.5, random.normal(size=(30 + more, 3)) * 0.3


TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "value": lambda f: f,
    "gradients": lambda f: value_and_grad(f, argnums=(0, 1, 2)),
    "jvp": lambda f: lambda a, b, rows: jvp(lambda x: f(x, b, rows), a, np.cos(a)),
    "second order": lambda f: grad(lambda a, b, rows: np.sum(np.sin(grad(f)(a, b, rows)))),
    "vmap": lambda f: lambda a, b, rows: vmap(grad(f), in_axes=(0, None, None))(np.stack([a, 0.5 * a]), b, rows),
}


def difference(found: Any, expected: Any) -> float:
    """Return by how much results differ, beside what they are."""
    pairs = list(zip(flatten(found)[0], flatten(expected)[0], strict=True))
    if any(np.shape(x) != np.shape(y) or type(x) is not type(y) for x, y in pairs):
        return np.inf
    off = [np.abs(np.asarray(x) - np.asarray(y)) / (1 + np.abs(y)) for x, y in pairs]
    return max(float(np.max(x, initial=0)) if np.isfinite(x).all() else np.inf for x in off)


def compared(seed: int, transform: str) -> tuple[float, Any, RandomLoop]:
    """Compare a random loop with itself compiled, after changes of what it reads, and with more steps.

    The difference is nan for a loop whose numbers grow beyond all others at its first call.
    """
    loop = RandomLoop(seed)
    function = TRANSFORMS[transform](loop)
    compiled = compile(function)
    off = []
    try:
        for k, (rate, more) in enumerate(((0.1, 0), (0.1, 0), (0.3, 2), (0.2, 2))):
            SETTINGS["rate"] = RATES[5] = rate
            args = arguments(seed + k + 1, more)
            expected = function(*args)
            if not all(np.isfinite(x).all() for x in flatten(expected)[0]):
                break  # it grows beyond all numbers, where a program is not tried
            off.append(difference(compiled(*args), expected))
    finally:
        SETTINGS["rate"], RATES[5] = 0.1, 0.5
    return max(off, default=np.nan), compiled, loop


def run_by_python(setattr: Callable[[Any, str, Any], None]) -> None:
    """Let loops and chains that can be machine code run by Python."""
    from autograd.transforms.compile.fused.body import Body
    from autograd.transforms.compile.fused.elements import Elements
    from autograd.transforms.compile.loops.loop import Unsuitable

    def check(self: CompiledLoop) -> None:
        self._tried = True
        try:
            self.form = Elements(Body(self.loop))
        except Unsuitable as error:
            self.why = str(error)

    def run(self: Chain, *arguments: Any) -> tuple[Any, ...]:
        table = [*(np.asarray(x, order="C") for x in arguments), *self._memory(1), *self._own]
        for form, places in self._links:
            loop = CompiledLoop(form.loop, machine=False)
            arrays, given = [table[place] for place in places], len(form.loop.arguments)
            for target, made in zip(arrays[given:], loop(*arrays[:given]), strict=False):
                target[...] = made
        results = table[len(arguments) : len(arguments) + len(self.loop.finals)]
        return tuple(x[()] if i in self._numbers else x for i, x in enumerate(results))

    setattr(CompiledLoop, "compile", check)
    setattr(Chain, "entry", run)


def loops_of(compiled: Any) -> list[Any]:
    """Return the loops in the programs of a compiled function, those in chains, too."""
    calls = [call for program in compiled.programs for call in program.program.calls]
    calls += [inner for call in calls if isinstance(call.function, Chain) for inner in call.function.loop.calls]
    found = (call.function for call in calls if not isinstance(call.function, Chain))
    return [function for function in found if isinstance(function, CompiledLoop | Lanes)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--machine", action="store_true")
    parser.add_argument("--notes", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    session.FEWEST_CALLS["auto"] = 0
    if not options.machine:
        run_by_python(setattr)
    rolled, refused, infinite, failed, start = 0, 0, 0, 0, time.monotonic()
    for seed in range(options.first, options.first + options.count):
        transform = list(TRANSFORMS)[seed % len(TRANSFORMS)]
        try:
            off, compiled, loop = compared(seed, transform)
        except BatchError:  # of a write to what all elements share: the function itself is refused, too
            with pytest.raises(BatchError):
                TRANSFORMS[transform](RandomLoop(seed))(*arguments(seed))
            refused += 1
            continue
        if np.isnan(off):
            infinite += 1
            continue
        programs = compiled.programs
        wrong = off > 1e-9 or not programs or compiled.fallbacks or any(p.diverged for p in programs)
        rolled += bool(programs) and bool(programs[0].program.loops)
        if options.notes:
            for note in programs[0].program.notes:
                print(seed, transform, len(programs[0].program.loops), note)
        if wrong:
            failed += 1
            print(f"{seed} {transform}: {off:.1e} {compiled.fallbacks} {' '.join(loop.words)} {loop.steps} {loop.ends}")
    counts = f"{rolled} rolled, {refused} refused, {infinite} infinite, {failed} wrong"
    print(f"{options.count} loops, {counts}, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
