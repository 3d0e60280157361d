"""What ``jacobian(f, sparse=True)`` and ``hessian(f, sparse=True)`` return."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from ...errors import check_callable
from .prepared import Derivative, PreparedDerivative

Argnums = int | tuple[int, ...]


class SparseDerivative:
    """A function that computes a sparse Jacobian or Hessian: what ``jacobian(f, sparse=True)`` returns.

    Called with the arguments of ``f``, it finds the pattern at that point, colours it, and computes the entries: it is
    right at every point. `prepare` keeps pattern and colours, which take longer than the entries, for many points.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import jacobian
    >>> J = jacobian(lambda x: x[1:] * x[:-1], sparse=True)
    >>> J(np.arange(1.0, 4.0)).toarray()
    array([[2., 1., 0.],
           [0., 3., 2.]])
    """

    def __init__(self, function: Callable[..., Any], argnums: Argnums, mode: str | None, *options: Any) -> None:
        check_callable("function", function)
        self._of = Derivative(function, argnums, mode, *options)
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return a `scipy.sparse.csr_array` for each pair of an output and an input, with explicit zeros."""
        return self.prepare(*args, **kwargs)(*args, **kwargs)

    def prepare(
        self, *args: Any, everywhere: bool = False, dense: bool = False, compile: bool = False, **kwargs: Any
    ) -> PreparedDerivative:
        """Find the pattern at a point, and colours, and keep them for many points.

        Parameters
        ----------
        *args, **kwargs
            The arguments of the function: a point. Others may have other numbers, not other shapes or dtypes.
        everywhere, dense
            As of `sparsity`: find a pattern for all branches of `numpy.where`, `maximum` and the like; accept one that
            is so full that it is refused.
        compile
            Compile the products, as `autograd.compile` does. The first call records them, and takes longer. What cannot
            be recorded runs as it is, with a warning.

        Returns
        -------
        PreparedDerivative
            To be called with arguments of the function.

        Examples
        --------
        >>> import numpy as np
        >>> from autograd import hessian
        >>> H = hessian(lambda x: np.sum(x[1:] ** 2 * x[:-1]), sparse=True).prepare(np.ones(1000))
        >>> H
        <sparse Hessian: 1,000 x 1,000, 2,997 entries, 3 colors reverse>
        >>> H(np.full(1000, 2.0))[0, :3].toarray()
        array([0., 4., 0.])
        """
        return PreparedDerivative(self._of, compile, *self._of.pattern((args, kwargs), everywhere, dense))
