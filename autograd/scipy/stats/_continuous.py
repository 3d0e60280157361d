"""Continuous distributions: how their functions follow from those of the standardized variable."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor
from autograd.extend import anywhere, everywhere
from autograd.inside import TensorLike, unwrap

from ._distribution import OUTSIDE, Distribution

_DENSITIES = {"pdf": "density", "logpdf": "log_density"}


class Continuous(Distribution):
    """A continuous distribution.

    Each function takes x, the shape parameters, ``loc`` and ``scale``, as SciPy's does; they broadcast, and the
    result can be differentiated with respect to each. Outside of the support, and where the density is 0, the gradient
    is 0; parameters outside of their domain give nan.

    Methods that are not listed here, such as ``rvs``, ``mean`` and ``fit``, are SciPy's own, of constants.

    References
    ----------
    The densities are those that SciPy documents for each distribution.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy.stats import gamma
    >>> samples = np.array([0.5, 2.0, 1.0])
    >>> def loss(p):
    ...     return -np.sum(gamma.logpdf(samples, p["a"], scale=p["scale"]))
    >>> {name: round(float(g), 4) for name, g in grad(loss)({"a": 2.0, "scale": 0.5}).items()}
    {'a': -0.8111, 'scale': -2.0}
    """

    _further = (("loc", 0.0), ("scale", 1.0))
    _low, _high = -np.inf, np.inf
    _open = False  # whether the density is 0 at the ends of the support, where its formula is not defined
    _inside = 0.5  # a point within the support, computed with in place of those outside

    def pdf(self, x: TensorLike, *parameters: TensorLike, **named: TensorLike) -> Tensor:
        """Return the density at `x`."""
        return self._computed("pdf", x, parameters, named)

    def logpdf(self, x: TensorLike, *parameters: TensorLike, **named: TensorLike) -> Tensor:
        """Return the logarithm of the density at `x`, which is -inf outside of the support."""
        return self._computed("logpdf", x, parameters, named)

    def ppf(self, q: TensorLike, *parameters: TensorLike, **named: TensorLike) -> Tensor:
        """Return the quantile: the x with ``cdf(x) == q``."""
        return self._computed("ppf", q, parameters, named)

    def isf(self, q: TensorLike, *parameters: TensorLike, **named: TensorLike) -> Tensor:
        """Return the upper quantile: the x with ``sf(x) == q``."""
        return self._computed("isf", q, parameters, named)

    def _of_values(self, method: str, x: Any, given: list[Any]) -> Any:
        *shapes, loc, scale = given
        values = [unwrap(shape) for shape in shapes]
        valid = self._valid(*values) & (unwrap(scale) > 0)
        if method in ("ppf", "isf"):
            return self._quantile(method, x, shapes, loc, scale, valid)
        z = (x - loc) / scale
        low, high = self._support(*values)
        density = method in _DENSITIES
        if density and low is self._low == -np.inf and high is self._high == np.inf:
            found = self._density(method, z, shapes, scale)
            if everywhere(np.isfinite(unwrap(found))) and everywhere(valid):
                return found
        point = unwrap(z)
        inside = (point > low) & (point < high)
        if not everywhere(inside):
            if density and not self._open:
                inside = inside | (point == low) | (point == high)
            z = np.where(inside, z, self._interior(*values))
        if density:
            found = self._density(method, z, shapes, scale)
            inside = inside & (unwrap(found) != (0 if method == "pdf" else -np.inf))
        else:
            found = getattr(self, f"_{method}")(z, *shapes)
        if everywhere(inside & valid):
            return found
        below, above = OUTSIDE[_DENSITIES.get(method, method)]
        outside = np.where(point <= low, below, above)
        return np.where(valid & (point == point), np.where(inside, found, outside), np.nan)

    def _density(self, method: str, z: Any, shapes: list[Any], scale: Any) -> Any:
        found = self._logpdf(z, *shapes)
        if method == "logpdf":
            return found - np.log(scale)
        far = np.abs(unwrap(found)) > 600  # a factor of the result would overflow or underflow
        density = np.exp(np.where(far, 0, found)) / scale
        return np.where(far, np.exp(found - np.log(scale)), density) if anywhere(far) else density

    def _quantile(self, method: str, q: Any, shapes: list[Any], loc: Any, scale: Any, valid: Any) -> Any:
        chance = unwrap(q)
        inside = (chance > 0) & (chance < 1)
        found = getattr(self, f"_{method}")(np.where(inside, q, 0.5), *shapes)
        low, high = self._ends(*shapes)
        if method == "isf":
            low, high = high, low
        found = np.where(inside, found, np.where(chance == 0, low, high))
        return np.where(valid & (chance >= 0) & (chance <= 1), loc + scale * found, np.nan)

    # What a distribution defines

    def _support(self, *shapes: Any) -> tuple[Any, Any]:
        return self._low, self._high

    def _ends(self, *shapes: Any) -> tuple[Any, Any]:
        """Return the ends of the support as tensors, where they depend on shape parameters."""
        return self._low, self._high

    def _interior(self, *shapes: Any) -> Any:
        return self._inside

    _logpdf: Any

    def _ppf(self, q: Any, *shapes: Any) -> Any:
        return self._isf(1 - q, *shapes)

    def _isf(self, q: Any, *shapes: Any) -> Any:
        return self._ppf(1 - q, *shapes)


class Symmetric(Continuous):
    """A distribution of which the negative of a variate has the same."""

    def _sf(self, z: Any, *shapes: Any) -> Any:
        return self._cdf(-z, *shapes)

    def _logsf(self, z: Any, *shapes: Any) -> Any:
        return self._logcdf(-z, *shapes)

    def _isf(self, q: Any, *shapes: Any) -> Any:
        return -self._ppf(q, *shapes)


class OfLogs(Continuous):
    """A distribution whose chances follow from their logarithms."""

    def _cdf(self, z: Any, *shapes: Any) -> Any:
        return np.exp(self._logcdf(z, *shapes))

    def _sf(self, z: Any, *shapes: Any) -> Any:
        return np.exp(self._logsf(z, *shapes))


def _of_mapped(name: str, contrary: str) -> Any:
    def function(self: Mapped, z: Any, *shapes: Any) -> Any:
        return getattr(self._of, contrary if self._falls else name)(*self._mapped(z, *shapes))

    return function


def _of_original(name: str, contrary: str) -> Any:
    def function(self: Mapped, q: Any, *shapes: Any) -> Any:
        _, *mapped = self._mapped(1.0, *shapes)
        return self._original(getattr(self._of, contrary if self._falls else name)(q, *mapped), *shapes)

    return function


class Mapped(Continuous):
    """A distribution of which a monotonic function of a variate has a known one."""

    _of: Continuous  # the known one
    _falls = False  # whether the function does
    _mapped: Any  # the function of z, and the shape parameters of the known distribution
    _original: Any  # the inverse of the function

    _cdf, _sf = _of_mapped("_cdf", "_sf"), _of_mapped("_sf", "_cdf")
    _logcdf, _logsf = _of_mapped("_logcdf", "_logsf"), _of_mapped("_logsf", "_logcdf")
    _ppf, _isf = _of_original("_ppf", "_isf"), _of_original("_isf", "_ppf")
