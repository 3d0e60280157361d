"""Exercise 10: mistakes in an allreduce."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autograd.testing import check_operation

from ..exercise import Exercise, by_the_kit, play
from ..learner import Learner
from ..verdict import Failure, Mistake, Wrong, compare, same, shown, values

NAME = "allreduce"


class RingError(Exception):
    """The ranks do not play together; the first argument says how, the second what to think about."""


def ring(function: Callable[[Any, int, int], Any], arrays: Any, sent: list[Any] | None = None) -> list[Any]:
    """Run a generator for each rank, in rounds: each sends to its right, and receives from its left.

    Appends to `sent`, of each rank, what it has sent, in the order of the rounds.
    """
    size = len(arrays)
    ranks = [function(array, rank, size) for rank, array in enumerate(arrays)]
    if not all(hasattr(rank, "send") for rank in ranks):
        raise RingError(
            f"it is no generator, but returns {type(ranks[0]).__name__}: there is no yield in it",
            "How does a rank send a piece to its neighbour, by the text?",
        )
    messages: list[Any] = [None] * size
    results: dict[int, Any] = {}
    for _ in range(4 * size + 4):
        pieces = {}
        for rank, generator in enumerate(ranks):
            try:
                pieces[rank] = generator.send(messages[rank])
            except StopIteration as end:
                results[rank] = end.value
        if len(results) == size:
            return [results[rank] for rank in range(size)]
        if results:
            raise RingError(
                f"rank {min(results)} is done after as many rounds as rank {min(pieces)} still waits in: nobody "
                f"would answer",
                "All ranks have to yield equally often. What does the number of rounds depend on, besides size?",
            )
        if sent is not None:
            sent += pieces.items()
        messages = [pieces[(rank - 1) % size] for rank in range(size)]
    raise RingError(
        f"after {4 * size + 4} rounds of {size} ranks it still yields",
        "The text says how many rounds there are in each of the two halves.",
    )


def pieces_of(array: Any, size: int) -> list[Any]:
    """Cut an array; equally long pieces first, as NumPy does."""
    return list(np.array_split(array, size))


def variant(
    *,
    rounds: Callable[[int], tuple[int, int]] = lambda size: (size - 1, size - 1),
    first: Callable[[Any, Any], Any] = lambda own, received: own + received,
    second: Callable[[Any, Any], Any] = lambda own, received: received,
    turn: int = 1,
    finish: Callable[[Any, int], Any] = lambda array, size: array,
    cut: Callable[[Any, int], list[Any]] = pieces_of,
) -> Callable[[Any, int, int], Any]:
    """Return a ring with one thing changed, or none."""

    def allreduce(array: Any, rank: int, size: int) -> Any:
        pieces, counts = cut(array, size), rounds(size)
        for step in range(counts[0]):
            received = yield pieces[(rank - turn * step) % size]
            place = (rank - turn * step - 1) % size
            pieces[place] = first(pieces[place], received)
        for step in range(counts[1]):
            received = yield pieces[(rank - step + 1) % size]
            place = (rank - step) % size
            pieces[place] = second(pieces[place], received)
        return finish(np.concatenate(pieces), size)

    return allreduce


def whole(rounds: Callable[[int], int]) -> Callable[[Any, int, int], Any]:
    """Return a ring that hands whole arrays on."""

    def allreduce(array: Any, rank: int, size: int) -> Any:
        total, passing = array, array
        for _ in range(rounds(size)):
            passing = yield passing
            total = total + passing
        return total

    return allreduce


def snowball(array: Any, rank: int, size: int) -> Any:
    """Hand on the sum so far, in which numbers appear again and again."""
    total = array
    for _ in range(size - 1):
        total = total + (yield total)
    return total


def counted(size: int, length: int) -> Any:
    """Return arrays in which each rank has a digit of its own: 1 and 2, 10 and 20, 100 and 200, ..."""
    return 10.0 ** np.arange(size)[:, None] * np.arange(1.0, length + 1)


EXAMPLES = [(counted(2, 2),), (counted(3, 3),), (counted(4, 4),), (counted(3, 5),), (counted(4, 2),), (counted(1, 2),)]
UNEVEN = (
    "The pieces have to be equally long, and here they cannot be",
    "5 elements for 3 ranks: which function does the text name for cutting?",
)
MISTAKES = [
    Mistake(
        "The finished pieces do not go round: each rank has the sum in one piece only",
        "After the first half, who has the sum of piece 0? And how do the others get it?",
        variant(rounds=lambda size: (size - 1, 0)),
    ),
    Mistake(
        "Everywhere, each piece is that of one rank alone. Either what is received in the first half takes the place "
        "of the own piece, instead of being added; or the second half begins with a piece that is not finished",
        "Write down, for three ranks, whose summands each piece holds after each round of the first half. Which piece "
        "of rank 0 is finished then?",
        variant(first=lambda own, received: received),
    ),
    Mistake(
        "In the second half, finished pieces are added to what is there: some summands count twice",
        "A piece that goes round in the second half is the whole sum. What is left to add?",
        variant(second=lambda own, received: own + received),
    ),
    Mistake(
        "The mean is returned, where the sum is asked for",
        "Who divides, and by what, is up to the caller. What does the text ask for?",
        variant(finish=lambda array, size: array / size),
    ),
    Mistake(
        "There are too many rounds in the first half: pieces come back to where they began, and count twice",
        "Each piece has to collect the summands of all others. How many others are there?",
        variant(rounds=lambda size: (size, size - 1)),
    ),
    Mistake(
        "There is a round too few in the first half: a summand is missing in each piece",
        "Each piece has to collect the summands of all others. How many others are there?",
        variant(rounds=lambda size: (size - 2, size - 1)),
    ),
    Mistake(
        "There is a round too few in the second half: one piece of each rank is not finished",
        "After the first half each rank has one finished piece. How many is it still to receive?",
        variant(rounds=lambda size: (size - 1, size - 2)),
    ),
    Mistake(
        "The pieces go the wrong way: each round sends the next piece, not the one that was just received",
        "Rank r receives from its left what that rank sent: piece r - 1. Which one is it to send in the next round?",
        variant(turn=-1),
    ),
    Mistake(
        "Each rank adds only what its left neighbour had: there is a single round",
        "With three ranks, how does the array of rank 0 get to rank 2?",
        whole(lambda size: min(1, size - 1)),
    ),
    Mistake(
        "Each round hands on all that was added up so far, and so some arrays are added again and again",
        "With three ranks, follow the array of rank 0: how often does it arrive at rank 2, and in what company?",
        snowball,
    ),
    Mistake(
        "Whole arrays go round once too often: each rank gets its own one back, and adds it again",
        "How many others are there?",
        whole(lambda size: size),
    ),
    Mistake(*UNEVEN, variant(cut=lambda array, size: list(np.split(array, size)))),
    Mistake(*UNEVEN, variant(cut=lambda array, size: list(array.reshape(size, -1)))),
]


def stacked(function: Callable[[Any, int, int], Any], arrays: Any) -> Any:
    """Return the results of all ranks as rows of an array."""
    return np.stack(ring(function, list(arrays)))


def check(learner: Learner) -> None:
    """Compare the sums of small rings, look at what is sent, and let the testing kit differentiate the sum."""
    compare(
        learner,
        NAME,
        ("arrays of the ranks",),
        EXAMPLES,
        lambda arrays: np.tile(arrays.sum(axis=0), (len(arrays), 1)),
        [Mistake(each.what, each.think, partial(stacked, each.model)) for each in MISTAKES],
        attempt=lambda arrays: attempted(learner, arrays),
    )
    check_messages(learner)
    rows = np.random.default_rng(0).standard_normal((3, 4))
    by_the_kit(learner, NAME, lambda function: check_operation(lambda x: stacked(function, x), rows, order=1))


def attempted(learner: Learner, arrays: Any) -> Any:
    """Return what the ranks return, as rows; raise `Wrong` if they do not play together."""
    given = list(arrays.copy())
    results = learner.outcome(NAME, lambda function: ring(function, given))
    if isinstance(results, Failure):
        if isinstance(results.error, RingError):
            what, think = results.error.args
            example = [("arrays of the ranks", shown(arrays))]
            raise Wrong(f"allreduce stops the ring: {what}", where=learner.where(NAME), example=example, think=think)
        return results
    if any(result is None for result in results):
        raise learner.nothing(NAME)
    if not same(np.stack(given), arrays):
        raise Wrong(
            "allreduce changes the array that it is given",
            where=learner.where(NAME),
            example=[("before the call", shown(arrays)), ("after it", shown(np.stack(given)))],
            think="np.array_split cuts without copying: its pieces are views, and += writes through them. The same "
            "memory "
            "may be in the hands of a neighbour.",
        )
    if len({np.shape(result) for result in results}) > 1:
        return results
    return np.stack([values(result) for result in results])


def check_messages(learner: Learner) -> None:
    """Raise `Wrong` if more is sent than there has to be."""
    sent: list[tuple[int, Any]] = []
    size, length = 4, 8
    learner.run(NAME, lambda function: ring(function, list(counted(size, length)), sent))
    rounds, numbers = len(sent) // size, sum(np.size(piece) for rank, piece in sent if rank == 0)
    least = 2 * (size - 1) * length // size
    if numbers != least or rounds != 2 * (size - 1):
        raise Wrong(
            f"The sums are right, but each rank sends {numbers} numbers in {rounds} rounds, where {least} in "
            f"{2 * (size - 1)} are enough",
            where=learner.where(NAME),
            example=[
                ("size", "4 ranks, arrays of 8 numbers"),
                ("rank 0 sends", str([np.size(p) for r, p in sent if r == 0])),
            ],
            think="With a hundred ranks, how many arrays does each of them send? Single pieces go round, not whole "
            "arrays.",
        )


def draw(learner: Learner, path: Path) -> None:
    """Play the sum of three ranks: how the learner's pieces went round."""
    function = learner.get(NAME)

    def loss(a: Any, b: Any, c: Any) -> Any:
        return (ring(function, [a, b, c])[0] ** 2).sum()

    play(path, "rank 0 of your ring", loss, *counted(3, 3))


EXERCISE = Exercise(
    "ex10_allreduce",
    "An allreduce: a sum over processes in a ring",
    check,
    draw,
    (
        "Draw three ranks and three pieces on paper, and write into each piece whose summands it holds after each "
        "round.",
        "In round s of the first half rank r sends piece (r - s) % size, and adds what arrives to the piece before it.",
        "The second half goes on in the same way, one piece further on: it begins with the piece that was finished "
        "last, "
        "and what arrives is put in place instead of being added. pieces[k] = pieces[k] + received writes into "
        "nothing.",
    ),
)
