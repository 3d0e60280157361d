"""The base class of distributions."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np

from autograd import ShapeError, Tensor, UnsupportedError, no_grad
from autograd.extend import borrow

from .._arguments import TensorLike, document
from ..functional._kernels.operands import as_real
from ..random import draw
from ._operands import as_parameters, broadcast_batches, check, shape_of
from .constraints import Constraint, Constraints, unit_interval

__all__ = ["Distribution", "Generator", "Shape", "shown"]

D = TypeVar("D", bound="Distribution")
Shape: TypeAlias = int | Sequence[int]
Generator: TypeAlias = np.random.Generator | None
_EXAMPLE = """\
>>> from nn.distributions import {0}
>>> round(float({0}({1}).{2}), 4)
{3}"""


class Distribution:
    """A probability distribution, or an array of independent ones.

    Parameters and results are arrays or tensors: given no tensor, methods return ndarrays. Python's numbers take the
    dtype of the other parameters, and are float32 alone.

    Attributes
    ----------
    batch_shape
        The shape of the array of distributions, to which parameters broadcast.
    event_shape
        The shape of one sample of one of them: ``()`` for numbers, ``(n,)`` for vectors.
    arg_constraints
        The constraint of each parameter by name.
    support
        The constraint that samples fulfil.
    has_rsample
        Whether samples have gradients with respect to the parameters; see `rsample`.
    has_enumerate_support
        Whether `enumerate_support` can list all values.

    Parameters
    ----------
    batch_shape, event_shape
        See above.
    validate_args
        Whether parameters and values are checked, with an error that says which number breaks what; by default True,
        see `set_default_validate_args`.
    """

    arg_constraints: ClassVar[Constraints] = {}
    has_rsample = False
    has_enumerate_support = False
    _validate_args = True
    _batch_shape: tuple[int, ...] = ()
    _event_shape: tuple[int, ...] = ()
    _names: tuple[str, ...] = ()  # of the parameters that were given

    def __init_subclass__(cls, example: tuple[str, str, float] | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        # Of an example: the arguments, what is asked for, and the number.
        document(cls, example=_EXAMPLE.format(cls.__name__, *example) if example else "")

    def __init__(
        self, batch_shape: Sequence[int] = (), event_shape: Sequence[int] = (), validate_args: bool | None = None
    ) -> None:
        self._batch_shape, self._event_shape = tuple(batch_shape), tuple(event_shape)
        if validate_args is not None:
            self._validate_args = bool(validate_args)

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Set whether distributions that are made from now on check parameters and values, unless told otherwise."""
        if value not in (True, False):
            raise ValueError(f"set_default_validate_args takes True or False, not {value!r}")
        Distribution._validate_args = value

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The shape of the array of distributions."""
        return self._batch_shape

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one sample of one distribution."""
        return self._event_shape

    @property
    def support(self) -> Constraint:
        """The constraint that samples fulfil."""
        raise self._absent("support")

    @property
    def mean(self) -> Tensor:
        """The mean, of shape ``batch_shape + event_shape``."""
        raise self._absent("mean")

    @property
    def mode(self) -> Tensor:
        """The value of greatest density or probability."""
        raise self._absent("mode")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        raise self._absent("variance")

    @property
    def stddev(self) -> Tensor:
        """The standard deviation, the square root of the variance."""
        return np.sqrt(self.variance)  # type: ignore[return-value]

    def expand(self: D, batch_shape: Sequence[int]) -> D:
        """Return the same distribution with a larger `batch_shape`, to which its own broadcasts."""
        new = copy.copy(self)
        new._batch_shape = self._expanded(batch_shape)
        for name in self._names:
            value, events = getattr(self, name), self.arg_constraints[name].event_dim
            new.__dict__[name] = np.broadcast_to(value, new._batch_shape + value.shape[value.ndim - events :])
        return new

    def sample(self, sample_shape: Shape = (), generator: Generator = None) -> Tensor:
        """Draw samples, without gradients, of shape ``sample_shape + batch_shape + event_shape``.

        Parameters
        ----------
        sample_shape
            How many; a number stands for one axis.
        generator
            The random generator; by default the one that `nn.manual_seed` seeds.
        """
        with no_grad():
            drawn: Any = self._draw(self._shape(sample_shape), generator)
        return drawn.detach() if isinstance(drawn, Tensor) else drawn

    def rsample(self, sample_shape: Shape = (), generator: Generator = None) -> Tensor:
        """Draw samples with gradients with respect to the parameters, of the shape that `sample` returns.

        A gradient says how a sample moves with the parameters, so the gradient of a mean over samples estimates the
        gradient of an expectation.

        Raises
        ------
        UnsupportedError
            If samples have no such derivative, as those of discrete distributions.
        """
        if not self.has_rsample:
            raise UnsupportedError(
                f"{type(self).__name__} has no rsample: its samples have no derivative with respect to the parameters. "
                f"Use sample(), and log_prob(value) times what was gained in the loss"
            )
        return self._draw(self._shape(sample_shape), generator)

    def log_prob(self, value: TensorLike) -> Tensor:
        """Return the logarithm of the density, or of the probability, at `value`.

        Parameters
        ----------
        value
            Of a shape that broadcasts to ``batch_shape + event_shape``, with any further axes before.

        Raises
        ------
        ValueError
            If a value is outside the support.
        ShapeError, DtypeError
            If the shape or dtype does not fit.
        """
        return self._log_prob(self._checked(value))

    def cdf(self, value: TensorLike) -> Tensor:
        """Return the probability of at most `value`."""
        return self._cdf(self._checked(value))

    def icdf(self, value: TensorLike) -> Tensor:
        """Return the quantile of a probability from 0 to 1, the inverse of `cdf`."""
        value = self._converted(value)
        if self._validate_args:
            check(f"{type(self).__name__}.icdf", "value", value, unit_interval)
        return self._icdf(value)

    def entropy(self) -> Tensor:
        """Return the entropy, of shape `batch_shape`."""
        return self._entropy

    def perplexity(self) -> Tensor:
        """Return the exponential of the entropy."""
        return np.exp(self.entropy())  # type: ignore[return-value]

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Return all values along a new first axis; with `expand`, of shape ``(n,) + batch_shape + event_shape``."""
        raise self._absent("enumerate_support")

    def __repr__(self) -> str:
        given = [f"{name}: {shown(getattr(self, name))}" for name in self._names]
        return f"{type(self).__name__}({', '.join(given)})"

    # What a distribution defines: of values that were checked, and of shapes with those of the batch and the event

    @property
    def _entropy(self) -> Any:
        raise self._absent("entropy")

    def _draw(self, shape: tuple[int, ...], generator: Generator) -> Any:
        raise self._absent("sample")

    def _log_prob(self, value: Any) -> Any:
        raise self._absent("log_prob")

    def _cdf(self, value: Any) -> Any:
        raise self._absent("cdf")

    def _icdf(self, value: Any) -> Any:
        raise self._absent("icdf")

    # What they share

    def _absent(self, method: str) -> UnsupportedError:
        return UnsupportedError(f"{type(self).__name__} has no {method}: there is no formula for it here")

    def _set(self, validate_args: bool | None, **values: TensorLike) -> None:
        """Convert, broadcast, keep and check the parameters; the batch shape is that to which they broadcast."""
        owner = type(self).__name__
        given = as_parameters(owner, values)
        events = {name: self.arg_constraints[name].event_dim for name in given}
        shape = broadcast_batches(owner, given, events)
        self.__dict__.update(given)
        self._names = tuple(given)
        Distribution.__init__(self, shape, (), validate_args)
        if self._validate_args:
            for name, value in given.items():
                check(owner, name, value, self.arg_constraints[name])

    def _set_either(
        self, validate_args: bool | None, probs: TensorLike | None, logits: TensorLike | None, **others: TensorLike
    ) -> None:
        """Keep and check parameters, of which `probs` and `logits` are two ways to give one."""
        if (probs is None) == (logits is None):
            both = "neither" if probs is None else "both"
            raise ValueError(f"{type(self).__name__} takes either probs or logits, but was given {both}")
        given: dict[str, Any] = {"logits": logits} if probs is None else {"probs": probs}
        self._set(validate_args, **others, **given)

    @property
    def _dtype(self) -> Any:
        return getattr(self, self._names[0]).dtype

    def _above(self, limit: float, parameter: Any, moment: Callable[[Any], Any], otherwise: Any = np.inf) -> Any:
        """Return a moment as a function of a parameter, where that is above a limit."""
        exists = parameter > limit
        found = moment(np.where(exists, parameter, limit + 1))
        return np.where(exists, found, otherwise).astype(self._dtype)

    def _shape(self, sample_shape: Shape) -> tuple[int, ...]:
        return shape_of(sample_shape) + self._batch_shape + self._event_shape

    def _noise(self, kind: str, shape: tuple[int, ...], generator: Generator) -> Any:
        """Draw numbers of a standard distribution, by the name of NumPy's method, in the dtype of the parameters."""
        dtype = self._dtype

        def sample(source: np.random.Generator, shape: tuple[int, ...]) -> Any:
            wide = np.float64 if dtype != np.float32 else np.float32
            drawn = np.asarray(getattr(source, kind)(shape, wide))
            least = np.finfo(np.float16 if dtype == np.float16 else np.float32).tiny
            return (drawn if kind == "standard_normal" else np.maximum(drawn, least)).astype(dtype)

        return draw(sample, shape, generator)

    def _listed(self, values: Any, expand: bool) -> Any:
        """Return all values along a new first axis; with `expand`, repeated for each distribution."""
        values = values.reshape(len(values), *(1,) * len(self._batch_shape), *self._event_shape)
        return np.broadcast_to(values, (len(values), *self._batch_shape, *self._event_shape)) if expand else values

    def _expanded(self, batch_shape: Sequence[int]) -> tuple[int, ...]:
        shape = shape_of(batch_shape)
        try:
            fits = np.broadcast_shapes(self.batch_shape, shape) == shape
        except ValueError:
            fits = False
        if not fits:
            raise ShapeError(f"{type(self).__name__} of batch shape {self.batch_shape} does not expand to {shape}")
        return shape

    def _converted(self, value: TensorLike) -> Any:
        return as_real(type(self).__name__, "value", value, self._dtype)

    def _checked(self, value: TensorLike) -> Any:
        """Return a value as real numbers, after checks of its shape and of the support."""
        found = self._converted(value)
        owner, events = type(self).__name__, len(self.event_shape)
        shape = found.shape[found.ndim - events :] if found.ndim >= events else None
        try:
            np.broadcast_shapes(found.shape, self.batch_shape + self.event_shape)
        except ValueError:
            shape = None
        if shape != self.event_shape:
            raise ShapeError(
                f"{owner} of batch shape {self.batch_shape} and event shape {self.event_shape} was given a value of "
                f"shape {found.shape}: it should broadcast to {self.batch_shape + self.event_shape}, with any axes "
                f"before"
            )
        if self._validate_args:
            check(owner, "value", found, self.support)
        return found


def shown(value: Tensor) -> str:
    """Return one number, or the shape of an array, as `repr` shows parameters."""
    array: Any = borrow(value)
    return str(array[()]) if not array.ndim else f"{array.shape}"
