"""Refusals: errors that a function raises where it was not meant to be called, and those that are failures; where."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from autograd import AutogradError, GradientCheckError

from .subject import Array, quiet

REFUSALS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, AutogradError)


@contextlib.contextmanager
def failing(what: str) -> Iterator[None]:
    """Raise GradientCheckError, with `what` was done, for an error of values; others pass through."""
    try:
        with quiet():
            yield
    except GradientCheckError:
        raise
    except REFUSALS as error:
        raise GradientCheckError(f"{what}, an error: {type(error).__name__}: {error}") from error


@contextlib.contextmanager
def refusals_set_aside() -> Iterator[None]:
    """Let only what is wrong fail, and not what a function or a rule raises where it was not meant to be called."""
    try:
        yield
    except Exception as error:
        if isinstance(error, GradientCheckError) and error.__cause__ is None:
            raise


class NearbyError(GradientCheckError):
    """Something is wrong at another point than the given one: `where` says at which, `arrays` are the inputs."""

    def __init__(
        self,
        where: str,
        message: str,
        arrays: Sequence[Array],
        mismatch: object = None,
        jacobians: object = None,
    ) -> None:
        super().__init__(f"{where}: {message}", mismatch, jacobians)
        self.where, self.arrays = where, arrays


@contextlib.contextmanager
def located(where: str, arrays: Sequence[Array]) -> Iterator[None]:
    """Let an error say at which point it was found."""
    try:
        yield
    except NearbyError:
        raise
    except GradientCheckError as error:
        raise NearbyError(where, str(error), arrays) from error.__cause__
