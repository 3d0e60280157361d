"""Distributions of statistics of normal variates: chi-squared, Student's t and F."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from autograd import Tensor
from autograd.extend import densities

from .._arguments import TensorLike
from . import constraints
from ._implicit import gamma_sample
from .constraints import Constraint, Constraints
from .distribution import Distribution, Generator, shown
from .positive import Gamma, Positive

__all__ = ["Chi2", "FisherSnedecor", "StudentT"]


class Chi2(Gamma):
    """The distribution of the sum of `df` squares of standard normal variates, a gamma distribution.

    Parameters
    ----------
    df
        Degrees of freedom.
    validate_args
        As in `Distribution`.

    Examples
    --------
    >>> from nn.distributions import Chi2
    >>> float(Chi2(3.0).mean)
    3.0
    """

    arg_constraints: ClassVar[Constraints] = {**Gamma.arg_constraints, "df": constraints.positive}

    def __init__(self, df: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, df=df)
        half = 0.5 * self.__dict__.pop("df")
        self.concentration, self.rate = half, np.full_like(half, 0.5)
        self._names = ("concentration", "rate")

    @property
    def df(self) -> Tensor:
        """Degrees of freedom."""
        return 2 * self.concentration

    def __repr__(self) -> str:
        return f"Chi2(df: {shown(self.df)})"


class StudentT(Distribution):
    """Student's t distribution.

    Parameters
    ----------
    df
        Degrees of freedom, above 0.
    loc, scale
        The location and the scale.
    validate_args
        As in `Distribution`.

    Examples
    --------
    >>> from nn.distributions import StudentT
    >>> round(float(StudentT(4.0).variance), 6)
    2.0
    """

    arg_constraints: ClassVar[Constraints] = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    has_rsample = True
    df: Any
    loc: Any
    scale: Any

    def __init__(
        self,
        df: TensorLike,
        loc: TensorLike = 0.0,
        scale: TensorLike = 1.0,
        validate_args: bool | None = None,
    ) -> None:
        self._set(validate_args, df=df, loc=loc, scale=scale)

    @property
    def support(self) -> Constraint:
        """All real numbers."""
        return constraints.real

    @property
    def mean(self) -> Tensor:
        """`loc`, and nan for one degree of freedom or less."""
        result: Any = np.where(self.df > 1, self.loc, math.nan)
        return result

    @property
    def mode(self) -> Tensor:
        """`loc`."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The variance; infinity for up to two degrees of freedom, and nan for up to one."""
        many = np.where(self.df > 2, self.df, 3)
        finite = self.scale * self.scale * (1 + 2 / (many - 2))
        result: Any = np.where(self.df > 2, finite, np.where(self.df > 1, math.inf, math.nan)).astype(self._dtype)
        return result

    @property
    def stddev(self) -> Tensor:
        """The standard deviation; infinity for up to two degrees of freedom, and nan for up to one."""
        many = np.where(self.df > 2, self.df, 3)
        finite = self.scale * np.sqrt(1 + 2 / (many - 2))
        result: Any = np.where(self.df > 2, finite, np.where(self.df > 1, math.inf, math.nan)).astype(self._dtype)
        return result

    def entropy(self) -> Tensor:
        result: Any = np.log(self.scale) + densities.student_entropy(self.df)
        return result

    def _draw(self, sample_shape: tuple[int, ...], generator: Generator) -> Any:
        shape = self._shape(sample_shape)
        noise, half = self._noise("standard_normal", shape, generator), 0.5 * self.df
        return self.loc + self.scale * (noise * np.sqrt(half / gamma_sample(half, shape, generator)))

    def _log_prob(self, value: Any) -> Any:
        return densities.student_log_density((value - self.loc) / self.scale, self.df) - np.log(self.scale)


class FisherSnedecor(Positive):
    """The distribution of the quotient of two mean squares of normal variates.

    Parameters
    ----------
    df1, df2
        Degrees of freedom of both.
    validate_args
        As in `Distribution`.

    Examples
    --------
    >>> from nn.distributions import FisherSnedecor
    >>> float(FisherSnedecor(1.0, 4.0).mean)
    2.0
    """

    arg_constraints: ClassVar[Constraints] = {"df1": constraints.positive, "df2": constraints.positive}
    df1: Any
    df2: Any

    def __init__(self, df1: TensorLike, df2: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, df1=df1, df2=df2)

    @property
    def mean(self) -> Tensor:
        """The mean, nan for a `df2` of up to 2."""
        n = np.where(self.df2 > 2, self.df2, 3)
        result: Any = np.where(self.df2 > 2, 1 + 2 / (n - 2), math.nan).astype(self._dtype)
        return result

    @property
    def mode(self) -> Tensor:
        """The value of greatest density, nan for a `df1` of up to 2."""
        m = np.where(self.df1 > 2, self.df1, 3)
        mode = (m - 2) / m * self.df2 / (self.df2 + 2)
        result: Any = np.where(self.df1 > 2, mode, math.nan).astype(self._dtype)
        return result

    @property
    def variance(self) -> Tensor:
        """The variance, nan for a `df2` of up to 4."""
        n = np.where(self.df2 > 4, self.df2, 5)
        finite = 2 / self.df1 * np.square(1 + 2 / (n - 2)) * (1 + (self.df1 + 2) / (n - 4))
        result: Any = np.where(self.df2 > 4, finite, math.nan).astype(self._dtype)
        return result

    def _draw(self, sample_shape: tuple[int, ...], generator: Generator) -> Any:
        shape = self._shape(sample_shape)
        first, second = (gamma_sample(0.5 * df, shape, generator) for df in (self.df1, self.df2))
        return first * self.df2 / (second * self.df1)

    def _log_prob(self, value: Any) -> Any:
        return densities.fisher_log_density(value, self.df1, self.df2)
