"""The Jacobians of a failed comparison: computed when they are asked for, drawn in notebooks, saved as pictures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING

from autograd import AutogradError, GradientCheckError

from ..comparisons.compare import Compared, Derivatives, derivatives, worst_element, worst_of
from ..comparisons.point import Measure, Point
from ..subjects.subject import quiet

if TYPE_CHECKING:
    from .picture import Drawing

LARGEST = 5000  # the elements of a Jacobian up to which all of it is computed


class Jacobians:
    """The Jacobians by the graph and by differences, where they differ.

    Rows are the elements of the outputs, one output after another, columns those of the inputs. A complex element is
    two rows or columns, its parts. Notebooks draw both and their difference.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import elementwise, gradcheck
    >>> wrong = elementwise(lambda x: np.sin(x), lambda g, x: -g * np.cos(x), name="wrong")
    >>> gradcheck(wrong, np.array([0.0, 1.0]), raise_exception=False).jacobians.wrong
    array([[ True, False],
           [False,  True]])
    """

    def __init__(self, point: Point, measure: Measure) -> None:
        self.point, self.measure = point, measure

    @property
    def size(self) -> int:
        """How many elements there are."""
        return self.point.here.size * sum(length.size for length in self.point.sizes)

    @cached_property
    def derivatives(self) -> Derivatives:
        """All of them."""
        if self.size > LARGEST:
            raise AutogradError(
                f"a Jacobian of {self.size:,} elements is too large to compare each of them: take smaller inputs"
            )
        with quiet():
            return derivatives(self.point, self.measure)

    analytic = property(attrgetter("derivatives.analytic"), doc="The derivatives by the graph.")
    numeric = property(attrgetter("derivatives.numeric"), doc="The derivatives by differences.")
    told = property(attrgetter("derivatives.told"), doc="Where differences could tell.")
    wrong = property(attrgetter("derivatives.wrong"), doc="Where the graph is wrong.")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the picture as .svg, or as .png, which needs matplotlib.

        Raises
        ------
        ValueError
            If the path ends in neither.
        ImportError
            If matplotlib is needed and not installed.
        """
        self._drawing().save(path)

    def _repr_html_(self) -> str | None:
        return self._drawing().svg() if self.size <= LARGEST else None

    def _drawing(self) -> Drawing:
        from .picture import draw  # few programs draw

        return draw(self.point, self.derivatives)


def refuse_wrong(point: Point, measure: Measure, found: Sequence[Compared], most: float = 0.0) -> None:
    """Raise if a derivative is wrong; if the Jacobian has at most so many elements, with the worst of them."""
    if found and worst_of(found).excess > 1:
        worst = worst_element(point, measure, worst_of(found).worst, most)
        raise GradientCheckError(str(worst), worst, Jacobians(point, measure))
