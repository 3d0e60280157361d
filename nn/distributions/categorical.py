"""Distributions over classes: of their index, of one-hot rows, and of counts of each class."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import numpy as np

from autograd import DtypeError, Tensor
from autograd.extend import borrow, densities

from .._arguments import TensorLike, example
from ..functional._activation import log_softmax, softmax
from ..functional._kernels.operands import as_operand
from ..random import draw_given
from . import constraints
from ._formulas import dependent, formula
from ._operands import logs_of
from .constraints import Constraint, Constraints
from .distribution import Distribution, Generator

__all__ = ["Categorical", "Multinomial", "OfClasses", "OneHotCategorical", "OneHotCategoricalStraightThrough"]

special = densities.special

_ROWS = Constraint(
    "rows of at least 0 with a positive sum",
    lambda x: (x >= 0).all(-1) & (x.sum(-1) > 0) & np.isfinite(x).all(-1),
    1,
    remedy="; of numbers of any sign, give them as logits",
)


class OfClasses(Distribution):
    """A distribution with the probabilities of classes, along the last axis of `probs` or `logits`."""

    arg_constraints: ClassVar[Constraints] = {"probs": _ROWS, "logits": constraints.real_vector}
    _of_rows = True  # whether an event is a row with a number for each class

    def __init__(
        self, probs: TensorLike | None = None, logits: TensorLike | None = None, validate_args: bool | None = None
    ) -> None:
        self._set_either(validate_args, probs, logits)

    def _set_either(
        self, validate_args: bool | None, probs: TensorLike | None, logits: TensorLike | None, **others: TensorLike
    ) -> None:
        """Keep probabilities with a sum of 1, or their logarithms."""
        super()._set_either(validate_args, probs, logits, **others)
        if probs is None:
            given = self.__dict__["logits"]
            self.__dict__["logits"] = _near_0(log_softmax(given, axis=-1), softmax(given, axis=-1))
        else:
            found = self.__dict__["probs"]
            self.__dict__["probs"] = found / np.sum(found, axis=-1, keepdims=True)
        self._event_shape = (self._classes,) if self._of_rows else ()

    @property
    def probs(self) -> Tensor:
        """The probabilities, with a sum of 1 along the last axis."""
        found: Any = self.__dict__.get("probs")
        return softmax(self.logits, axis=-1) if found is None else found

    @property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities."""
        found: Any = self.__dict__.get("logits")
        return _near_0(logs_of(self.probs)[0], self.probs) if found is None else found

    @property
    def _classes(self) -> int:
        return self.__dict__[self._names[-1]].shape[-1]

    def _place(self, shape: tuple[int, ...], generator: Generator) -> Any:
        """Draw an index for each row of probabilities."""
        below = np.cumsum(self.probs, axis=-1)
        noise = self._noise("random", shape, generator)[..., None] * below[..., -1:]
        return np.minimum(np.sum(noise >= below, axis=-1), self._classes - 1)

    def _logs_times(self, value: Any) -> Any:
        """Return the sum of counts times the logarithms of probabilities; a class that never occurs adds nothing."""
        zero = borrow(value) == 0
        return np.sum(np.where(zero, 0, value * np.where(zero, 0, self.logits)), axis=-1)

    def _entropy_of_class(self) -> Any:
        logits = self.logits
        least = np.finfo(logits.dtype).min
        return -np.sum(np.maximum(logits, least) * self.probs, axis=-1)


def _near_0(logits: Any, probs: Any) -> Any:
    """Return logarithms of probabilities, that of the most probable class from the sum of the others."""
    most = borrow(probs) > 0.5
    rest = np.sum(np.where(most, 0, probs), axis=-1, keepdims=True)
    return np.where(most, np.log1p(-np.where(most, rest, 0)), logits)


class Categorical(OfClasses):
    """The distribution of the index of a class.

    Parameters
    ----------
    probs
        Shape ``(..., classes)``: numbers of at least 0, which are divided by their sum.
    logits
        Of the same shape: logarithms of such numbers; one of the two is given.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.distributions import Categorical
    >>> p = Categorical(np.array([1.0, 3.0]))
    >>> np.exp(p.log_prob(1))
    np.float64(0.75)
    >>> p.sample((5,), np.random.default_rng(0))
    array([1, 1, 0, 0, 1])
    """

    has_enumerate_support = True
    _of_rows = False

    support = dependent(lambda self: constraints.integer_interval(0, self._classes - 1), "Indices of classes.")
    mean = formula(lambda self: np.full(self.batch_shape, np.nan, self._dtype), "Nan, for an index has no mean.")
    mode = formula(lambda self: np.argmax(self.probs, axis=-1), "The index of the most probable class.")
    variance = formula(lambda self: self.mean, "Nan, for an index has no variance.")
    _entropy = formula(lambda self: self._entropy_of_class())

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Return all indices along a new first axis."""
        return self._listed(np.arange(self._classes), expand)

    _draw = OfClasses._place

    def _converted(self, value: TensorLike) -> Any:
        found = as_operand("Categorical", "value", value)
        if found.dtype.kind not in "iu":
            raise DtypeError(
                f"Categorical: value should be integers, the indices of classes, but it has dtype {found.dtype}: use "
                f"value.astype(int), or OneHotCategorical for rows"
            )
        return borrow(found)

    def _log_prob(self, value: Any) -> Any:
        shape = np.broadcast_shapes(value.shape, self.batch_shape)
        logits = np.broadcast_to(self.logits, (*shape, self._classes))
        return np.take_along_axis(logits, np.broadcast_to(value, shape)[..., None], axis=-1)[..., 0]


class OneHotCategorical(OfClasses):
    """The distribution of a row with a 1 at the place of a class, and zeros elsewhere.

    Parameters
    ----------
    probs, logits, validate_args
        As in `Categorical`.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.distributions import OneHotCategorical
    >>> OneHotCategorical(np.array([1.0, 3.0])).sample((2,), np.random.default_rng(0))
    array([[0., 1.],
           [0., 1.]])
    """

    support = constraints.one_hot
    has_enumerate_support = True

    mean = formula(lambda self: self.probs, "The probabilities.")
    mode = formula(lambda self: self._row(np.argmax(self.probs, axis=-1)), "The row of the most probable class.")
    variance = formula(lambda self: self.probs * (1 - self.probs), "The variance of each number.")
    _entropy = formula(lambda self: self._entropy_of_class())

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Return the rows of all classes along a new first axis."""
        return self._listed(np.eye(self._classes).astype(self._dtype), expand)

    def _row(self, place: Any) -> Any:
        return (place[..., None] == np.arange(self._classes)).astype(self._dtype)

    def _draw(self, shape: tuple[int, ...], generator: Generator) -> Any:
        return self._row(self._place(shape[:-1], generator))

    _log_prob = OfClasses._logs_times


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """`OneHotCategorical` whose samples pass their gradient on to the probabilities, which is an estimate.

    Parameters
    ----------
    probs, logits, validate_args
        As in `Categorical`.

    References
    ----------
    Bengio, Leonard and Courville, "Estimating or Propagating Gradients Through Stochastic Neurons for Conditional
    Computation", arXiv:1308.3432 (2013).

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from nn.distributions import OneHotCategoricalStraightThrough
    >>> def first(p):
    ...     return OneHotCategoricalStraightThrough(p).rsample((), np.random.default_rng(0))[0]
    >>> grad(first)(np.array([0.25, 0.75]))
    array([ 0.75, -0.25])
    """

    has_rsample = True

    def _draw(self, shape: tuple[int, ...], generator: Generator) -> Any:
        probs = self.probs
        return super()._draw(shape, generator) + (probs - borrow(probs))


def _multinomials(generator: np.random.Generator, shape: tuple[int, ...], probs: Any, *, count: int) -> Any:
    wide = probs.astype(np.float64)
    return generator.multinomial(count, wide / wide.sum(-1, keepdims=True)).astype(probs.dtype)


@example("nn.distributions.Multinomial(4, np.array([1.0, 3.0])).mean", "array([1., 3.])")
class Multinomial(OfClasses):
    """The distribution of how often each class occurs in independent trials.

    Parameters
    ----------
    total_count
        The number of trials.
    probs, logits, validate_args
        As in `Categorical`.
    """

    total_count: int

    def __init__(
        self,
        total_count: int = 1,
        probs: TensorLike | None = None,
        logits: TensorLike | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if not hasattr(total_count, "__index__") or isinstance(total_count, bool | np.bool_):
            raise TypeError(f"Multinomial: total_count should be one integer, not {total_count!r}")
        self.total_count = total_count.__index__()
        if self.total_count < 0:
            raise ValueError(f"Multinomial: total_count should be 0 or more, not {total_count!r}")
        super().__init__(probs, logits, validate_args)

    support = dependent(
        lambda self: constraints.multinomial(self.total_count), "Rows of counts with the sum `total_count`."
    )
    mean = formula(lambda self: self.total_count * self.probs, "The mean of each count.")
    variance = formula(lambda self: self.total_count * self.probs * (1 - self.probs), "The variance of each count.")

    def entropy(self) -> Tensor:
        """Return the entropy, by a sum over all counts of each class."""
        n = self.total_count
        counts = np.arange(1.0, n + 1).reshape(n, *(1,) * (len(self.batch_shape) + 1))
        probs, kind = self.probs, self._dtype
        chance = special.xlogy(counts, probs) + special.xlog1py(n - counts, -probs) + special.gammaln(n + 1.0)
        chance = np.exp(chance - special.gammaln(counts + 1) - special.gammaln(n - counts + 1))
        repeats = np.sum(chance * special.gammaln(counts + 1), axis=(0, -1))
        return (n * self._entropy_of_class() - special.gammaln(n + 1.0) + repeats).astype(kind)

    def _draw(self, shape: tuple[int, ...], generator: Generator) -> Any:
        return draw_given(partial(_multinomials, count=self.total_count), shape, [self.probs], generator)

    def _log_prob(self, value: Any) -> Any:
        total = np.sum(value, axis=-1)
        ways = special.gammaln(total + 1) - np.sum(special.gammaln(value + 1), axis=-1)
        return ways + self._logs_times(value)
