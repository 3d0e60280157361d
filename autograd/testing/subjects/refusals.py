"""Refusals: errors that a function raises where it was not meant to be called, and those that are failures."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from autograd import AutogradError, GradientCheckError

from .subject import quiet

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
