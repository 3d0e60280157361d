"""What the distributions of `autograd.scipy.stats` have in common: SciPy's methods, of arrays and of tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor, as_tensor
from autograd.extend import densities
from autograd.inside import TensorLike

from ..common import in_double, is_plain, on_plain

# What each function is below the support, and above it.
OUTSIDE = {
    "log_density": (-np.inf, -np.inf), "density": (0.0, 0.0), "cdf": (0.0, 1.0), "logcdf": (-np.inf, 0.0),
    "sf": (1.0, 0.0), "logsf": (0.0, -np.inf),
}  # fmt: skip


def of_scipy(name: str) -> Any:
    """Return a distribution of SciPy. `scipy.stats` takes a second to import, and only arrays need it."""
    from scipy import stats

    return getattr(stats, name)


def formula(function: Callable[..., Any]) -> Any:
    """Declare a function of a standardized variate, or a chance, and shape parameters, in one line."""
    return staticmethod(function)


class Named:
    """A distribution under SciPy's name."""

    name: str

    def __repr__(self) -> str:
        return f"autograd.scipy.stats.{self.name}"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a method of SciPy that has no derivative here, such as `rvs` and `fit`."""
        if name.startswith("_"):
            raise AttributeError(f"{self!r} has no attribute {name!r}")
        return on_plain(f"{self.name}.{name}", getattr(of_scipy(self.name), name))


class Distribution(Named):
    """A distribution of SciPy; its functions take tensors.

    Attributes
    ----------
    name
        SciPy's name.
    shapes
        The names of the shape parameters, in order.
    """

    shapes: tuple[str, ...] = ()
    _further: tuple[tuple[str, float], ...] = ()  # loc, and scale

    def cdf(self, x: TensorLike, *parameters: TensorLike, **named: TensorLike) -> Tensor:
        """Return the probability of at most `x`."""
        return self._computed("cdf", x, parameters, named)

    def logcdf(self, x: TensorLike, *parameters: TensorLike, **named: TensorLike) -> Tensor:
        """Return the logarithm of `cdf`."""
        return self._computed("logcdf", x, parameters, named)

    def sf(self, x: TensorLike, *parameters: TensorLike, **named: TensorLike) -> Tensor:
        """Return the probability of more than `x`, the survival function."""
        return self._computed("sf", x, parameters, named)

    def logsf(self, x: TensorLike, *parameters: TensorLike, **named: TensorLike) -> Tensor:
        """Return the logarithm of `sf`."""
        return self._computed("logsf", x, parameters, named)

    def _computed(self, method: str, x: Any, parameters: tuple[Any, ...], named: dict[str, Any]) -> Tensor:
        given = self._bound(method, parameters, named)
        with np.errstate(all="ignore"):  # as SciPy does: what is not defined is nan
            found: Any = self._of_values(method, in_double(x), list(map(in_double, given)))
        if is_plain(x, *given):
            return found[()]
        return as_tensor(found) if any(isinstance(value, Tensor) for value in (x, *given)) else found

    def _of_values(self, method: str, x: Any, given: list[Any]) -> Any:
        raise NotImplementedError

    def _bound(self, method: str, parameters: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
        """Return the values of all parameters in order."""
        names = (*self.shapes, *(name for name, _ in self._further))
        signature = f"{self.name}.{method}({', '.join(('x', *names))})"
        if len(parameters) > len(names):
            raise TypeError(f"{signature} takes {len(names)} parameters, but {len(parameters)} were given")
        values = {**dict(self._further), **dict(zip(names, parameters, strict=False))}
        for name, value in named.items():
            if name not in names or name in names[: len(parameters)]:
                fault = "was given twice" if name in names else "is none of its parameters"
                raise TypeError(f"{signature}: {name!r} {fault}")
            values[name] = value
        if missing := [name for name in names if name not in values]:
            raise TypeError(f"{signature} needs {' and '.join(missing)}")
        return [values[name] for name in names]

    # What a distribution defines: of standardized values within the support

    def _valid(self, *shapes: Any) -> Any:
        """Tell where the shape parameters are in their domain; all are above 0 by default."""
        return np.all(np.stack(np.broadcast_arrays(*[s > 0 for s in shapes])), axis=0) if shapes else np.True_

    def _cdf(self, z: Any, *shapes: Any) -> Any:
        return 1 - self._sf(z, *shapes)

    def _sf(self, z: Any, *shapes: Any) -> Any:
        return 1 - self._cdf(z, *shapes)

    def _logcdf(self, z: Any, *shapes: Any) -> Any:
        return densities.log_tail(self._cdf(z, *shapes), self._sf(z, *shapes))

    def _logsf(self, z: Any, *shapes: Any) -> Any:
        return densities.log_tail(self._sf(z, *shapes), self._cdf(z, *shapes))
