"""What is said about a learner's result: comparing it with the right one and with those of common mistakes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Tensor

if TYPE_CHECKING:
    from .learner import Learner

__all__ = ["Failure", "Mistake", "Wrong", "compare", "same", "shown"]

Example = Sequence[tuple[str, str]]


class Wrong(Exception):  # noqa: N818  # a verdict, not an error of the program
    """A verdict: what is wrong, where, the smallest example that shows it, and what to think about."""

    def __init__(self, what: str, *, where: str = "", example: Example = (), think: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.example, self.think = what, where, tuple(example), think


class Failure(Exception):  # noqa: N818  # a result like others, to compare
    """An exception that a learner's function raised."""

    def __init__(self, name: str, error: BaseException) -> None:
        super().__init__(name, error)
        self.name, self.error = name, error


@dataclass(frozen=True)
class Mistake:
    """A mistake that many make: what to say about it, and a function that makes it.

    A result is taken for this mistake if it is just what `model` gives, or if both raise the same exception.
    """

    what: str
    think: str
    model: Callable[..., Any]


def compare(
    learner: Learner,
    name: str,
    names: Sequence[str],
    examples: Sequence[tuple[Any, ...]],
    right: Callable[..., Any],
    mistakes: Sequence[Mistake],
    *,
    attempt: Callable[..., Any] | None = None,
    results: Sequence[str] = (),
) -> None:
    """Call the learner's function `name` at each example, the smallest first, and raise `Wrong` about the first wrong.

    Of the mistakes that explain that example, the one is named that explains most of the examples.

    Parameters
    ----------
    names
        What the arguments are called, for the example that is shown.
    right
        The function that gives the right results.
    attempt
        Returns the learner's result, or a `Failure`, for an example; by default, what `name` returns for its arguments.
    results
        What the results are called, where there are several.
    """
    attempt = attempt or partial(learner.attempt, name)
    expected = [right(*copy.deepcopy(example)) for example in examples]
    found = [attempt(*example) for example in examples]
    wrong = [place for place, result in enumerate(found) if not same(result, expected[place])]
    if not wrong:
        return
    first = wrong[0]
    got = found[first]
    shows = named(names, examples[first])
    if isinstance(got, Failure):
        shows.append(("yours raises", f"{type(got.error).__name__}: {got.error}"))
    elif got is not None:
        shows.append(("yours", shown(got, results)))
    shows.append(("right", shown(expected[first], results)))

    explaining = [mistake for mistake in mistakes if same(made(mistake, examples[first]), got)]
    if explaining:
        best = max(explaining, key=lambda mistake: score(mistake, examples, found))
        where = learner.where(name)
        if isinstance(got, Failure):
            where = learner.explained(got).where
        raise Wrong(best.what, where=where, example=shows, think=best.think)
    if isinstance(got, Failure):
        verdict = learner.explained(got)
        raise Wrong(verdict.what, where=verdict.where, example=shows[:-1], think=verdict.think)
    if got is None:
        raise learner.nothing(name)
    raise Wrong(difference(name, got, expected[first], results), where=learner.where(name), example=shows, think=LOOK)


LOOK = "Work the example out by hand, on paper, and compare after each line of your code."


def made(mistake: Mistake, example: tuple[Any, ...]) -> Any:
    """Return what a mistake gives at an example, or the `Failure` that it raises."""
    try:
        return mistake.model(*copy.deepcopy(example))
    except Exception as error:  # noqa: BLE001  # whatever the mistake leads to is what is looked for
        return Failure("", error)


def score(mistake: Mistake, examples: Sequence[tuple[Any, ...]], results: Sequence[Any]) -> int:
    """Return how many of the results a mistake explains."""
    return sum(same(made(mistake, example), got) for example, got in zip(examples, results, strict=True))


def named(names: Sequence[str], example: tuple[Any, ...]) -> list[tuple[str, str]]:
    """Return the arguments of an example as text, numbers that follow each other in one line."""
    found: list[tuple[str, str]] = []
    numbers = False
    for label, value in zip(names, example, strict=True):
        number = isinstance(value, int | float)
        if number and numbers:
            labels, texts = found.pop()
            label, text = f"{labels}, {label}", f"{texts}, {shown(value)}"
        else:
            text = shown(value)
        found.append((label, text))
        numbers = number
    return found


def difference(name: str, got: Any, expected: Any, results: Sequence[str] = ()) -> str:
    """Say in what a result differs: its kind, its shape, or its numbers."""
    if isinstance(expected, tuple):
        if not isinstance(got, tuple) or len(got) != len(expected):
            return f"{name} returns {described(got)}, where {len(expected)} results are asked for"
        number = next(i for i, pair in enumerate(zip(got, expected, strict=True)) if not same(*pair))
        label = results[number] if results else f"result {number + 1}"
        return difference(f"{name}, as {label},", got[number], expected[number])
    if np.shape(got) != np.shape(expected):
        return f"{name} returns shape {np.shape(got)}, where shape {np.shape(expected)} is asked for"
    if not isinstance(got, NUMBERS):
        return f"{name} returns {described(got)}, where {described(expected)} is asked for"
    return f"{name} returns the right shape and wrong numbers, and not by any of the common mistakes"


NUMBERS = (np.ndarray, np.generic, Tensor, float, int)


def described(value: Any) -> str:
    """Say what kind of thing a value is."""
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    return "an array of shape " + str(np.shape(value)) if isinstance(value, np.ndarray) else f"a {type(value).__name__}"


def same(first: Any, second: Any, *, exact: bool = False) -> bool:
    """Tell whether two results are equal, up to rounding: numbers, arrays, tensors, tuples or failures of one kind."""
    if isinstance(first, Failure) or isinstance(second, Failure):
        if not (isinstance(first, Failure) and isinstance(second, Failure)):
            return False
        return type(first.error) is type(second.error) and str(first.error) == str(second.error)
    if isinstance(first, tuple | list) and isinstance(second, tuple | list):
        return len(first) == len(second) and all(map(same, first, second))
    if not isinstance(first, NUMBERS) or not isinstance(second, NUMBERS):
        return first is second
    one, other = values(first), values(second)
    if one.shape != other.shape:
        return False
    if exact:
        return bool(np.array_equal(one, other, equal_nan=one.dtype.kind in "fc"))
    try:
        return bool(np.allclose(one, other, rtol=1e-7, atol=1e-10, equal_nan=True))
    except TypeError:  # strings, or objects
        return False


def values(number: Any) -> np.ndarray[Any, Any]:
    """Return the values of an array or a tensor."""
    return np.asarray(number.data if isinstance(number, Tensor) else number)


def shown(value: Any, results: Sequence[str] = ()) -> str:
    """Return a value as text, arrays with four decimals and their shape; several `results` with their names."""
    if isinstance(value, tuple) and len(value) == len(results):
        return "\n".join(f"{label} = {shown(part)}" for label, part in zip(results, value, strict=True))
    if isinstance(value, np.ndarray | Tensor):
        array = values(value) + 0  # no -0
        text = np.array2string(array, precision=4, suppress_small=True, threshold=40, edgeitems=2)
        return f"{text}\nof shape {array.shape}" if array.ndim > 1 else text
    if isinstance(value, float | np.floating):
        return f"{float(value) + 0.0:.6g}"
    return str(value)
