"""The error of a check near the given point: it says where it was found."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from autograd import GradientCheckError

from ..comparisons.point import Mismatch
from ..subjects.subject import Array

if TYPE_CHECKING:
    from .jacobians import Jacobians


class NearbyError(GradientCheckError):
    """Something is wrong at another point than the given one: `where` says at which, `arrays` are the inputs."""

    def __init__(
        self,
        where: str,
        message: str,
        arrays: Sequence[Array],
        mismatch: Mismatch | None = None,
        jacobians: Jacobians | None = None,
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
