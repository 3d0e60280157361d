"""Conventions of another library, for programs that rely on them: `compatibility`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

VARIABLE = "PLAINGRAD_COMPATIBILITY"
_NAMES = ("hips", None)
_current: str | None = None
# Called with an array of such a class before it is differentiated by, which may refuse it: see `hips.boxes`.
BOXES: dict[type, Callable[[Any], Any]] = {}


class compatibility:  # noqa: N801  # a mode, as `no_grad` is
    """Take on the conventions of another library: ``compatibility("hips")`` those of HIPS autograd.

    They hold for the whole process, in all threads, until ``compatibility(None)``; as a context manager, until the end
    of its block. For a program that nobody may edit, the environment variable ``PLAINGRAD_COMPATIBILITY=hips`` does the
    same from the start.

    With ``"hips"``

    - gradients of complex numbers are the conjugates of PyTorch's, which are the convention here: of a real function of
      ``x + iy``, the derivative by ``x`` minus ``i`` times that by ``y``. A product with a Jacobian has no conjugates;
    - `grad` and its siblings take integer arrays as variables, as floating-point numbers, and functions whose result
      depends on no variable, whatever it is: its derivative is 0;
    - functions that `primitive` was given get arrays that they may write to, which compiled code may ask for; they
      promise that they do not;
    - ``checkpoint(f)`` returns a function.

    Raises
    ------
    ValueError
        If it is the name of another library.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import compatibility, grad
    >>> f = lambda z: np.real(z * z)
    >>> with compatibility("hips"):
    ...     print(grad(f)(1 + 2j))
    (2+4j)
    >>> print(grad(f)(1 + 2j))
    (2-4j)
    """

    def __init__(self, library: str | None) -> None:
        global _current  # it is one convention for the process
        if library not in _NAMES:
            raise ValueError(f"compatibility({library!r}): there are conventions of 'hips' only, and None ends them")
        self._before, _current = _current, library

    def __enter__(self) -> None:
        """Keep the conventions that were set until the end of the block."""

    def __exit__(self, *reason: object) -> None:
        """Return to the conventions before."""
        global _current  # as above
        _current = self._before


def follows_hips() -> bool:
    """Tell whether the conventions are those of HIPS autograd."""
    return _current == "hips"


if os.environ.get(VARIABLE):
    compatibility(os.environ[VARIABLE])
