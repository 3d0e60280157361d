"""What an exercise consists of, and how the testing kit's verdicts become readable."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from autograd import GradientCheckError, Tensor, player, tensor

from .learner import Learner
from .verdict import Failure, Wrong

__all__ = ["Exercise", "by_the_kit", "live", "play"]


@dataclass(frozen=True)
class Exercise:
    """An exercise.

    Attributes
    ----------
    name, title
        The name of its file, and what it is about.
    check
        Raises `Wrong` about the first thing that is wrong with a learner's file.
    draw
        Writes the page that plays the graph which the learner's code makes.
    hints
        From a nudge to almost the solution.
    """

    name: str
    title: str
    check: Callable[[Learner], None]
    draw: Callable[[Learner, Path], None]
    hints: tuple[str, ...]


def by_the_kit(learner: Learner, name: str, check: Callable[[Any], object]) -> None:
    """Hand the learner's function to a check of `autograd.testing`; raise what it finds as a verdict."""
    try:
        learner.run(name, check, patience=3)
    except Failure as failure:
        if not isinstance(failure.error, GradientCheckError) or learner.line_in(failure.error):
            raise learner.explained(failure) from None
        said, *further = str(failure.error).splitlines()
        said = re.sub(r"^\S+ at \S+:\d+: ", "", said)
        notes = [line.strip().partition(": ")[::2] for line in further if ": " in line]
        raise Wrong(
            f"{name} is right in the small examples; the testing kit has found a case where it is wrong",
            where=learner.where(name),
            example=[("it says", said), *((key, text) for key, text in notes if key not in SKIPPED)],
            think="What is special about these numbers or shapes? Try them on your function alone.",
        ) from None


def live(values: ArrayLike) -> Tensor:
    """Return a tensor that requires a gradient."""
    return tensor(values, dtype=float, requires_grad=True)


def play(path: Path, title: str, function: Callable[..., Any], *inputs: ArrayLike, **options: Any) -> None:
    """Write the page that plays a function of the `inputs`, which require a gradient."""
    function.__name__ = title
    try:
        player(function, path, *map(live, inputs), **options)
    except Exception:
        path.unlink(missing_ok=True)  # a page of what failed, which the grader says in words
        raise


SKIPPED = ("rule", "to reproduce")  # these speak of the grader's functions
