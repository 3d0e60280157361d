"""Check right operations and functions: what is called wrong of them is a false alarm, or a fault.

``python -m tests.planted.right`` draws calls of every registered operation, as it is sampled for its own tests, with
numbers from 1e-12 to 1e12, zeros, ties, single precision and all layouts, and checks each as `check_operation` does.
Then it checks functions of other people, and random compositions, as `check` does.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
import warnings
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from scipy import special
from tqdm import tqdm

from autograd.errors import GradientCheckError
from autograd.testing import check
from autograd.testing._check_operation import check_at
from autograd.testing.points.domains import accepted
from autograd.testing.points.layouts import LAYOUTS
from tests.operations.calls import Array, Call
from tests.operations.samples import OPERATIONS, SAMPLES, Operation

from .right_functions import Right, compositions, functions

__all__ = ["Totals", "check_functions", "check_operations"]

BATCH = 6  # calls that are drawn together
FULL = ("float64", "float32", "complex128", "complex64")
POWER = 12  # of ten: the largest, and the smallest, by which numbers are multiplied


@dataclass
class Totals:
    """What was checked.

    Attributes
    ----------
    examples, set_aside
        How many were checked, and how many were not, since the function does not take them.
    functions
        How many operations and functions.
    alarms
        What was called wrong: the example, what the checker said, and the command that shows it.
    """

    examples: int = 0
    set_aside: int = 0
    functions: int = 0
    alarms: list[str] = field(default_factory=list)
    begin: float = field(default_factory=time.process_time)

    def add_alarm(self, where: str, error: Exception, again: str) -> None:
        """Add what was said of an example, and print it."""
        if isinstance(error, GradientCheckError):
            said = str(error)
        else:
            last = traceback.extract_tb(error.__traceback__)[-1:]
            said = f"{type(error).__name__}: {error} {[f'{f.filename}:{f.lineno}' for f in last]}"
        self.alarms.append(f"{where}: {said}\n    python -m tests.planted.right {again}")
        tqdm.write(self.alarms[-1])

    def __str__(self) -> str:
        return (
            f"{self.examples:,} examples of {self.functions:,} functions checked, {self.set_aside:,} set aside, "
            f"{len(self.alarms)} alarms, {time.process_time() - self.begin:.0f} s"
        )


def _longer_than_rounding(x: Array, period: Array | float) -> bool:
    return bool(np.all(period > 1e-9 * np.max(np.abs(x), initial=1e-12)))


def _few_steps(x: Array, y: Array) -> bool:
    """Tell whether the steps of a quotient's floor are longer than the shortest differences."""
    return bool(np.all(np.abs(x / np.where(y == 0, 1, y)) < 1e12))


def _between_its_knots(x: Array, places: Array, values: Array, begins: object = None, ends: object = None) -> bool:
    """Tell whether knots ascend, and each number lies in its interval, where that is given."""
    if not np.all(np.diff(places) > 0):
        return False
    first, last = np.asarray(begins), np.asarray(ends)
    if first.dtype.kind != "i" or first.shape != x.shape:
        return True  # the operation that users call finds the intervals itself
    after = places[np.minimum(last + 1, len(places) - 1)]
    return bool(np.all(((first == 0) | (places[first] <= x)) & ((last == len(places) - 2) | (x <= after))))


def _is_quantile(freedom: Array, p: Array) -> bool:
    """Tell whether SciPy found the quantile of a t variate, which over 1e150 it does not, and its powers are finite."""
    found = special.stdtrit(freedom, p)
    return bool(np.all(np.abs(found) < 1e70) and np.allclose(special.stdtr(freedom, found), p, rtol=1e-6))


def _below(limit: float) -> Callable[..., bool]:
    return lambda *arguments, **options: all(np.all(np.abs(x) <= limit) for x in arguments)


#: Where operations are not what they are for other arguments, or SciPy's values are wrong, by 1e-10 or more.
FIT: dict[str, Callable[..., bool]] = {
    "betainc_shape": lambda a, b, x, *orders: bool(np.all(a + b > 0)),  # at 0 and 0 there is no variate
    "binom": lambda n, k: bool(np.all(np.abs(n) > 1e-6)),  # SciPy's is off by 3e-9 next to 0
    "ctc_loss": lambda x, *rest: bool(np.all(np.abs(x) < 100)),  # logarithms of probabilities
    **dict.fromkeys(("eval_genlaguerre", "eval_laguerre"), _below(250)),
    "hyp2f1": _below(1e6),
    "hyperu": _below(20),
    "iti0k0": _below(20),
    "interp": lambda *arguments, **options: _between_its_knots(*arguments[:5]),
    "struve": _below(1e6),  # beyond it steps go over all waves
    **dict.fromkeys(("divmod", "floor_divide", "fmod", "remainder"), _few_steps),
    "powm1": lambda x, y: bool(np.all(np.abs(y * np.log(np.abs(x))) < 700)),  # where it overflows, SciPy's is 0
    "stdtrit": _is_quantile,
    "unwrap": lambda x, *rest, **options: _longer_than_rounding(x, options.get("period", (*rest, 1.0)[0])),
}

T = TypeVar("T")
Variant = Callable[[list[Array], np.random.Generator], list[Array]]


def _times(factors: Callable[[np.random.Generator, Sequence[Array]], Sequence[object]]) -> Variant:
    """Return what multiplies the inputs by powers of ten."""

    def varied(inputs: list[Array], random: np.random.Generator) -> list[Array]:
        powers = factors(random, inputs)
        return [
            np.asarray(x * 10.0 ** np.asarray(power, float), x.dtype) for x, power in zip(inputs, powers, strict=True)
        ]

    return varied


def _with_zeros(inputs: list[Array], random: np.random.Generator) -> list[Array]:
    zeros = [random.choice([0.0, -0.0, 1.0], x.shape) for x in inputs]
    return [np.asarray(np.where(z == 0, z, x), x.dtype) for x, z in zip(inputs, zeros, strict=True)]


def _tied(inputs: list[Array], random: np.random.Generator) -> list[Array]:
    """Let elements be equal, or neighbours of others."""
    moved = [x.reshape(-1)[random.integers(0, max(x.size, 1), x.shape)] if x.size else x for x in inputs]
    return [
        np.asarray(np.where(random.random(x.shape) < 0.8, x, x * (1 + np.finfo(x.dtype).eps)), x.dtype) for x in moved
    ]


def _in_single_precision(inputs: list[Array], random: np.random.Generator) -> list[Array]:
    return [np.asarray(x, np.complex64 if x.dtype.kind == "c" else np.float32) for x in inputs]


#: How a call is varied: each draws numbers of its own.
VARIANTS: dict[str, Variant] = {
    "as drawn": lambda inputs, random: inputs,
    "another layout": lambda inputs, random: [LAYOUTS[random.choice(sorted(LAYOUTS))](x) for x in inputs],
    "in single precision": _in_single_precision,
    "scaled": _times(lambda random, inputs: [random.integers(-POWER, POWER + 1)] * len(inputs)),
    "scaled finely": _times(lambda random, inputs: [random.uniform(-3, 3)] * len(inputs)),
    "each input scaled": _times(lambda random, inputs: [random.integers(-POWER, POWER + 1) for _ in inputs]),
    "each element scaled": _times(
        lambda random, inputs: [random.integers(-POWER, POWER + 1, x.shape) for x in inputs]
    ),
    "elements scaled upwards": _times(lambda random, inputs: [random.uniform(0, 4, x.shape) for x in inputs]),
    "elements scaled downwards": _times(lambda random, inputs: [random.uniform(-4, 0, x.shape) for x in inputs]),
    "zeros": _with_zeros,
    "ties": _tied,
}  # fmt: skip


PIECE = BATCH * len(VARIANTS)  # the examples of an operation that are checked before those of the next


@cache
def _calls(operation: Operation, number: int, given_seed: int) -> list[Call]:
    """Return a batch of calls of an operation."""
    drawn: list[Call] = []

    @seed(zlib.crc32(f"{operation} {number} {given_seed}".encode()))
    @settings(
        max_examples=BATCH,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(SAMPLES[operation.key].calls)
    def draw(call: Call) -> None:
        drawn.append(call)

    draw()
    return drawn


def _example(operation: Operation, number: int, given_seed: int) -> tuple[str, Call, list[Array], int]:
    """Return an example: how its call is varied, the call, its inputs, and up to which order to check."""
    which, turn = divmod(number, len(VARIANTS))
    batch = _calls(operation, which // BATCH, given_seed)
    call = batch[which % len(batch)]
    name = list(VARIANTS)[turn]
    random = np.random.default_rng([given_seed, number])
    inputs = VARIANTS[name]([np.array(x) for x in call.inputs], random)
    small = sum(x.size for x in inputs) <= 8
    return name, call, inputs, 2 if small and which % 4 == 0 else 1


def check_operations(totals: Totals, count: int, given_seed: int = 0, names: Collection[str] = ()) -> None:
    """Check about so many examples, as many of each operation."""
    chosen = [one for one in OPERATIONS if one.key in SAMPLES and (not names or str(one) in names)]
    totals.functions += len(chosen)
    each = -(-count // len(chosen)) if chosen else 0
    pieces = [range(start, min(start + PIECE, each)) for start in range(0, each, PIECE)]
    for piece in pieces:
        for operation in _shown(chosen, f"operations, examples {piece[0]} to {piece[-1]}"):
            for number in piece:
                check_example(totals, operation, number, given_seed)
            _calls.cache_clear()
        if len(pieces) > 1:
            tqdm.write(str(totals))


def check_example(totals: Totals, operation: Operation, number: int, given_seed: int = 0) -> None:
    """Check one example of an operation."""
    name, call, inputs, order = _example(operation, number, given_seed)
    function, fits = (
        call.afresh(operation.public),
        replace(call, view=lambda result: result).bind(FIT.get(str(operation), lambda *arguments, **options: True)),
    )
    if not accepted(function, inputs) or not fits(*inputs):
        totals.set_aside += 1
        return
    totals.examples += 1
    try:
        # operations of networks compute half precision in single: within them there is none
        check_at(function, inputs, order=order, dtypes=FULL if operation.library == "nn" else None)
    except Exception as error:  # noqa: BLE001 - whatever a user would see
        again = f"--operation {operation} --seed {given_seed} --example {number}"
        totals.add_alarm(f"{operation}, {name}, {[x.tolist() for x in inputs]}", error, again)


def check_functions(totals: Totals, rights: Sequence[Right], given_seed: int = 0) -> None:
    """Check functions of others, each at several places."""
    for right in _shown(rights, "functions"):
        totals.functions += 1
        again = f"--operation {right.name!r} --seed {given_seed}"
        if right.places is None:
            try:
                report = check(right.function, profile="quick", seed=given_seed, **right.options)
            except Exception as error:  # noqa: BLE001 - as above
                totals.add_alarm(right.name, error, again)
            else:
                totals.examples += report.examples
                totals.set_aside += report.set_aside
            continue
        for inputs in right.places(np.random.default_rng([given_seed, zlib.crc32(right.name.encode())])):
            if not accepted(right.meant or right.function, inputs):
                totals.set_aside += 1
                continue
            totals.examples += 1
            try:
                check_at(right.function, inputs)
            except Exception as error:  # noqa: BLE001 - as above
                totals.add_alarm(f"{right.name}, {[x.tolist() for x in inputs]}", error, again)


def _shown(items: Sequence[T], what: str) -> Iterator[T]:
    return iter(tqdm(items, what, leave=False, disable=not sys.stderr.isatty()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.planted.right", description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000, help="how many examples of operations are checked")
    parser.add_argument("--compositions", type=int, default=700, help="how many compositions are drawn")
    parser.add_argument("--seed", type=int, default=0, help="another number draws other examples")
    parser.add_argument("--operation", nargs="+", default=[], metavar="NAME", help="only these, or these functions")
    parser.add_argument("--example", type=int, help="only the example of this number")
    options = parser.parse_args()
    totals = Totals()
    rights = [*functions(), *compositions(options.compositions, options.seed)]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if options.example is not None:
            for operation in OPERATIONS:
                if str(operation) in options.operation:
                    check_example(totals, operation, options.example, options.seed)
        else:
            check_operations(totals, options.examples, options.seed, options.operation)
            print(f"registered operations: {totals}", flush=True)
            chosen = [right for right in rights if not options.operation or right.name in options.operation]
            check_functions(totals, chosen, options.seed)
    print(totals)


if __name__ == "__main__":
    main()
