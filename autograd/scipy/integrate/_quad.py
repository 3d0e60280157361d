"""`quad`: the integral of a function of one variable, differentiated by its ends and by what the function knows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import integrate

from autograd import BatchError, Function, Tensor, UnsupportedError
from autograd.extend import as_array, everywhere
from autograd.inside import LIFT, TensorLike, any_live, batches, check_callable, unwrap, users_line, warn

from .._watched import Packing, Watched, flat, returned, split


def quad(
    func: Callable[..., TensorLike],
    a: TensorLike,
    b: TensorLike,
    args: tuple[TensorLike, ...] | TensorLike = (),
    full_output: int = 0,
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
    limit: int = 50,
    points: TensorLike | None = None,
    **options: Any,
) -> tuple[Tensor, float]:
    """Return the integral of a function from `a` to `b`, and an estimate of its error, as SciPy's `quad` does.

    The integral is differentiated with respect to finite `a` and `b`, `args` and whatever tensors `func` closes over:
    by Leibniz's rule its derivatives are integrals of those of `func`, which are computed to the same tolerances.

    Parameters
    ----------
    func
        A function of a number and of `args`; it returns a number.
    a, b
        The ends; they may be infinite.
    args, epsabs, epsrel, limit
        As in SciPy.
    points
        Where `func` is not smooth, as in SciPy; they count as constant, which is right where it does not jump.
    full_output, **options
        SciPy's others, such as ``weight``; a result that is differentiated refuses ``weight`` and ``wvar``.

    Raises
    ------
    UnsupportedError
        If an integral with ``weight`` or of complex numbers is differentiated.
    BatchError
        If within `vmap` each element has ends of its own, and one of them is infinite.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy.integrate import quad
    >>> def decay(rate):
    ...     return quad(lambda x: np.exp(-rate * x), 0, np.inf)[0]
    >>> round(float(decay(2.0)), 6), round(float(grad(decay)(2.0)), 6)
    (0.5, -0.25)
    """
    check_callable("func", func)
    given = args if isinstance(args, tuple) else (args,)
    watched = Watched(_of_number(func), given)
    settings = {"epsabs": epsabs, "epsrel": epsrel, "limit": limit}
    ends = unwrap(a), unwrap(b)
    packing = Packing(*ends, watched(_within(*ends)))
    found: Any
    if packing.batched:
        values = _integrated(lambda x: packing.pack(watched(x)), *ends, packing, settings, unwrap(points))
        found = packing.unpack(values), 0.0
    else:
        call = watched if options.get("complex_func") else lambda x: float(watched(x))
        found = integrate.quad(
            call, *map(float, ends), (), full_output, points=unwrap(points), **settings, **options,
        )  # fmt: skip
    if not (watched.known or any_live(a) or any_live(b)):
        tensors = any(isinstance(x, Tensor) for x in (a, b, *given))
        return (Tensor(found[0]), *found[1:]) if tensors else found
    if options:
        raise UnsupportedError(
            f"quad(), at {users_line()}, with {', '.join(options)} has no derivatives: write the weight into func"
        )
    integral = _Integral(watched, settings, unwrap(points))
    return integral.attached(np.float64(found[0]) if not packing.batched else found[0], a, b), *found[1:]


def _of_number(func: Any) -> Any:
    return lambda x, *args: np.reshape(returned(func, func(x, *args)), ())


def _within(a: Any, b: Any) -> Any:
    """Return a point between two ends, which may be infinite."""
    low, high = (np.clip(x, -1e3, 1e3) for x in (a, b))
    return low + 0.5 * (high - low)


class _Integral:
    """The integral of a function, which may return a vector of `size` numbers, and its derivatives."""

    def __init__(self, watched: Watched, settings: dict[str, Any], points: Any, size: int = 1) -> None:
        self.watched, self.settings, self.points, self.size = watched, settings, points, size
        self.known = watched.known
        self._found: Any = None
        self.sizes = [math.prod(node.shape) for node in self.known]

    def attached(self, value: Any, a: Any, b: Any) -> Any:
        """Return a value of the integral with its derivatives."""
        for end in (a, b):
            if any_live(end) and not everywhere(np.isfinite(unwrap(end))):
                raise UnsupportedError(
                    f"quad(), at {users_line()}, has no derivative by an end at infinity: pass a constant, numpy.inf"
                )
        return _Quad.apply(as_array(value), self, a, b, *self.watched.tensors(value))

    def slope(self, x: Any, lift: Any) -> Any:
        """Return the derivatives of the function at x by all elements of the known nodes, in rows one after another."""
        function, args = self.watched.function, self.watched.args
        values = lambda one: np.reshape(function(x, *args), (self.size,)) * one  # noqa: E731
        step = self.watched.step(values, np.ones(()), self.known, x)
        rows = [flat(step.pull(row, lift)[1], self.sizes) for row in np.eye(self.size)]
        return np.concatenate([np.zeros(0), *(part for row in rows for part in row)])

    def slopes(self, a: Any, b: Any, g: Any, lift: Any) -> list[Any]:
        """Return the gradients of the known nodes, integrals of those of the function, given that of the integral."""
        if not self.known:
            return []
        if self._found is None:  # forward mode asks for one tangent after another
            ends = unwrap(a), unwrap(b)
            packing = Packing(*ends, self.slope(_within(*ends), None))
            packed = _integrated(
                lambda x: packing.pack(self.slope(x, None)), *ends, packing, self.settings, self.points
            )
            self._found = packing.unpack(packed, self.size * sum(self.sizes))
        found = self._found
        if lift is not None:  # the integral of a vector, with derivatives of its own
            watched = Watched(lambda x: self.slope(x, LIFT), known=self.known)
            found = _Integral(watched, self.settings, self.points, found.shape[0]).attached(found, a, b)
        total = np.reshape(g, (1, self.size)) @ np.reshape(found, (self.size, sum(self.sizes)))
        return split(total[0], self.known)


def _integrated(function: Any, a: Any, b: Any, packing: Packing, settings: dict[str, Any], points: Any) -> Any:
    """Return the integral of a function that returns vectors; where a batch has ends of its own, from 0 to 1."""
    if batches(a) or batches(b):
        if points is not None or not (everywhere(np.isfinite(a)) and everywhere(np.isfinite(b))):
            raise BatchError(
                f"quad(), at {users_line()}, within vmap integrates between ends of each element only if they are "
                f"finite, and without points: substitute a variable in func, or map over its parameters alone"
            )
        inner, low, span = function, a, b - a
        length = packing.pack(np.reshape(b - a, (1,)))
        function = lambda u: _times(inner(low + span * u), length)  # noqa: E731
        a, b = 0.0, 1.0
    found, _, report = integrate.quad_vec(
        function, float(a), float(b), settings["epsabs"], settings["epsrel"], norm="max", points=points,
        full_output=True,
    )  # fmt: skip
    if not report.success:
        warn(f"the integral of a derivative may be inaccurate: {report.message}", integrate.IntegrationWarning)
    return found


def _times(values: Any, length: Any) -> Any:
    """Return the values of each element of a batch, packed, times the length of its interval."""
    return (values.reshape(length.size, -1) * length[:, None]).reshape(-1)


class _Quad(Function):
    """The value of an integral, and its derivatives by its ends and by what the function knows."""

    @staticmethod
    def forward(ctx: Any, *given: Any) -> Any:
        value, ctx.integral, a, b, *_ = given
        ctx.ends = ctx.needs_input_grad[2:4]
        ctx.save_for_backward(value, a, b)
        return value

    @staticmethod
    def backward(ctx: Any, *given: Any) -> Any:
        (value, a, b), (g,), integral = ctx.saved_tensors, given, ctx.integral
        integral.watched.check()
        recorded = any(isinstance(x, Tensor) for x in (value, a, b, g))
        lift = LIFT if recorded else None
        by_ends = [
            np.sum(sign * g * integral.watched.again(end)) if live else None
            for sign, end, live in zip((-1.0, 1.0), (a, b), ctx.ends, strict=True)
        ]
        if not recorded:
            by_ends = list(map(unwrap, by_ends))
        return None, None, *by_ends, *integral.slopes(a, b, g, lift)
