"""Kullback-Leibler divergences, by the types of both distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from autograd import ShapeError, Tensor, UnsupportedError

from .distribution import Distribution

__all__ = ["kl_divergence", "register_kl"]

Formula = Callable[..., Any]
F = TypeVar("F", bound=Formula)

_FORMULAS: dict[tuple[type[Distribution], type[Distribution]], Formula] = {}


def register_kl(type_p: type[Distribution], type_q: type[Distribution]) -> Callable[[F], F]:
    """Decorate a function of two distributions that computes their divergence, for `kl_divergence` to find.

    Parameters
    ----------
    type_p, type_q
        The types of both, for which it holds, as for their subclasses.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.distributions import Geometric, Poisson, kl_divergence, register_kl
    >>> @register_kl(Geometric, Poisson)
    ... def _(p, q):
    ...     return q.rate - p.mean * np.log(q.rate) - p.entropy() + 1.0
    """
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not (isinstance(kind, type) and issubclass(kind, Distribution)):
            raise TypeError(f"register_kl: {name} should be a class of distributions, not {kind!r}")

    def decorate(formula: F) -> F:
        _FORMULAS[type_p, type_q] = formula
        return formula

    return decorate


def _found(type_p: type, type_q: type) -> Formula | None:
    """Return the formula of the nearest base classes, those of the first distribution before those of the second."""
    for base_p in type_p.__mro__:
        for base_q in type_q.__mro__:
            if (base_p, base_q) in _FORMULAS:
                return _FORMULAS[base_p, base_q]
    return None


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """Return the Kullback-Leibler divergence of `p` from `q`: the mean under `p` of ``log p(x) - log q(x)``.

    Parameters
    ----------
    p, q
        Distributions, whose batch shapes broadcast against each other.

    Raises
    ------
    UnsupportedError
        If there is no formula for their types; see `register_kl`.

    Examples
    --------
    >>> from nn.distributions import Normal, kl_divergence
    >>> float(kl_divergence(Normal(1.0, 1.0), Normal(0.0, 1.0)))
    0.5
    """
    for name, value in (("p", p), ("q", q)):
        if not isinstance(value, Distribution):
            raise TypeError(f"kl_divergence: {name} should be a distribution, not {type(value).__name__}")
    formula = _found(type(p), type(q))
    if formula is None:
        names = f"{type(p).__name__} and {type(q).__name__}"
        raise UnsupportedError(
            f"there is no formula for the divergence of {names}: write one with register_kl, or estimate it by the "
            f"mean of p.log_prob(x) - q.log_prob(x) over samples x of p"
        )
    if p.event_shape != q.event_shape:
        raise ShapeError(
            f"kl_divergence of {type(p).__name__} of event shape {p.event_shape} and {type(q).__name__} of event shape "
            f"{q.event_shape}: both should be of the same samples; Independent makes axes of a batch those of an event"
        )
    return formula(p, q)
