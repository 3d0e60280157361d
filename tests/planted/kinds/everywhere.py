"""Errors that show at every ordinary place."""

from typing import Any

from ..planting import At, Right
from ..subjects import Subject
from .kind import kind


@kind()
def sign(right: Right, at: At) -> Any:
    """The sign of the gradient is wrong."""
    return -right()


@kind()
def twice(right: Right, at: At) -> Any:
    """The gradient is twice too large."""
    return right() * 2.0


@kind()
def half(right: Right, at: At) -> Any:
    """The gradient is twice too small."""
    return right() * 0.5


@kind()
def off_by_1e_4(right: Right, at: At) -> Any:
    """The gradient is wrong by one part in 10,000."""
    return right() * (1 + 1e-4)


@kind()
def off_by_1e_6(right: Right, at: At) -> Any:
    """The gradient is wrong by one part in a million."""
    return right() * (1 + 1e-6)


@kind()
def no_gradient(right: Right, at: At) -> Any:
    """The gradient is zero."""
    return right() * 0.0


def _keeps(subject: Subject, index: int) -> bool:
    return subject.declared is not None and bool(_values(subject, index))


def _values(subject: Subject, index: int) -> list[str]:
    assert subject.declared is not None
    inputs = subject.declared.parameters[: len(subject.declared.rules)]
    needs = subject.declared.needs[0 if subject.variadic else index]
    return [] if subject.variadic else [name for name in needs if name in (*inputs, "out")]


@kind(fits=_keeps)
def constant_for_variable(right: Right, at: At) -> Any:
    """One of the values that the rule depends on is taken to be 1."""
    inputs = at.operation.parameters[: len(at.operation.rules)]
    name = next(name for name in at.kept if name in (*inputs, "out"))
    return right(**{name: at.kept[name] * 0 + 1})


@kind()
def term_too_many(right: Right, at: At) -> Any:
    """A small multiple of the sum of the cotangent is added."""
    return right() + 0.01 * at.g.sum()


@kind()
def cotangent_ignored(right: Right, at: At) -> Any:
    """The rule takes the gradient of the output to be 1."""
    return right(g=at.g * 0 + 1)


@kind()
def reversed_elements(right: Right, at: At) -> Any:
    """The gradients of a row are in reverse order."""
    gx = right()
    return gx[..., ::-1] if gx.ndim else gx


@kind()
def shifted_elements(right: Right, at: At) -> Any:
    """Each element gets the gradient of its neighbour."""
    gx = right()
    return gx[..., [*range(1, gx.shape[-1]), 0]] if gx.ndim and gx.shape[-1] > 1 else gx


@kind()
def rows_swapped(right: Right, at: At) -> Any:
    """The first two rows are swapped."""
    gx = right()
    return gx[[1, 0, *range(2, gx.shape[0])]] if gx.ndim > 1 and gx.shape[0] > 1 else gx
