"""Gradient checks: compare the gradients of the graph with differences, and what else a rule promises.

The arithmetic is in `comparisons/`, the other promises in `conditions/`; here are the public functions and their
messages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from autograd import AutogradError, GradientCheckError, NotReproducibleError, Tensor, UnsupportedError, Value
from autograd.inside import TensorLike, check_callable, check_number, check_option, fronts

from .comparisons.compare import compare_directions, compare_elements, worst_element, worst_of
from .comparisons.point import Measure, Mismatch, Point
from .conditions.nearby import check_nearby
from .conditions.pullback import NARROW, Pullback
from .conditions.rules import check_batched, check_conditions, check_forward, check_parts, check_precision
from .findings.jacobians import Jacobians
from .findings.report import call_of, caller, pattern_in, reported, verdict_of
from .subjects.refusals import NearbyError, refusals_set_aside
from .subjects.subject import Subject, array_of, gradient_subject, is_recorded, listed, quiet


@dataclass(frozen=True)
class GradientCheck:
    """The result of a check; it is true if the check succeeded.

    Attributes
    ----------
    ok
        Whether every derivative agrees.
    worst
        The element with the largest error relative to its tolerance; None if there is nothing to compare, or if
        something else than a derivative is wrong.
    hint
        What is wrong, if it is not a derivative; else its likely cause, if there is one.
    compared, untold
        How many derivatives were compared with differences, and of how many more the differences told nothing, at a
        jump or the edge of a domain, for example.
    jacobians
        The Jacobians by the graph and by differences, if they differ; notebooks draw them.
    """

    ok: bool
    worst: Mismatch | None = None
    hint: str = ""
    compared: int = 0
    untold: int = 0
    jacobians: Jacobians | None = field(default=None, compare=False, repr=False)
    _inputs: Sequence[Any] | None = field(default=None, compare=False, repr=False)  # where it is not as given
    _error: type[GradientCheckError] = field(default=GradientCheckError, compare=False, repr=False)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        if self.worst is None:
            return self.hint or "there are no derivatives to compare"
        found = "the gradients agree" if self.ok else "the gradients differ"
        untold = f"; {self.untold} of {self.compared + self.untold} could not be told" if self.untold else ""
        return f"{found}; at worst, {self.worst}{untold}{'. ' if self.hint else ''}{self.hint}"

    def _repr_html_(self) -> str:
        picture = self.jacobians._repr_html_() if self.jacobians is not None else None
        return f"<p>{escape(str(self))}</p>{picture or ''}"


@dataclass(frozen=True)
class Options:
    """What a gradient check looks at, besides differences of each element."""

    fast: bool
    nondet_tol: float
    undefined: bool
    batched: bool | None
    forward: bool | None
    dtypes: bool
    nearby: bool = False


def gradcheck(
    fn: Callable[..., ArrayLike | Tensor | Value | Sequence[Value]],
    inputs: TensorLike | Value | Sequence[Any],
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    fast_mode: bool = False,
    raise_exception: bool = True,
    order: int = 1,
    modes: str | Sequence[str] = ("fwd", "rev"),
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = True,
    check_batched_grad: bool | None = None,
    check_forward_ad: bool | None = None,
    check_backward_ad: bool = True,
    masked: bool = False,
) -> GradientCheck:
    """Check the gradients of `fn` at one point: against differences of its values, and for what else rules promise.

    Where that is right, it also looks near the point, as far as `fn` goes along: what it refuses there, with any
    error, or what is not finite, is set aside. ``fast_mode=True`` leaves all of that out, and so do `eps` and `atol`,
    which are chosen for one point:

    - values on tensors are those on plain arrays, and no input is written to;
    - second derivatives, along a random direction;
    - `vmap` of values and gradients gives what a loop gives, also of a batch of one, see `check_batched_grad`;
    - values in half precision and of other layouts, and forward mode in single precision, are right;
    - one tensor given twice, inputs that are overwritten after the call, and threads change no gradient;
    - the same holds for other numbers and shapes: of functions that treat each element by itself, zeros, whole numbers,
      halves, ties, numbers from 1e-310 to 3e6, nan and infinity in one element, nan in one of the cotangent, 0-d, empty
      and large arrays, arrays of equal elements, and such as broadcast;
      of others, some elements 0 or whole numbers, all of them much larger or smaller, and arrays of other shapes.

    The differences have a step for each element, of its own size, are extrapolated, and come with an estimate of
    their error. At a kink, such as that of ``abs`` at 0, the derivative has to lie between the slopes of the two sides.
    Gradients also have to be linear in the cotangent, from 1e-181 to 1e180, the same for each memory layout, and right
    in float32; rules must not draw from NumPy's global random generator.

    Parameters
    ----------
    fn
        The function to check. It takes the inputs as tensors, returns a tensor, or a list or tuple of them, and must
        give the same result each time.
    inputs
        A tensor, array, number or `Value`, or a list or tuple of them, of any shapes. Inputs of floating-point
        numbers, real or complex, are checked, on a copy that requires a gradient; others are passed to `fn` as they
        are. Differences are taken in double precision.
    eps
        A step for all elements, instead of one that suits each; the given point alone is looked at.
    atol, rtol
        The gradients agree where ``abs(analytic - numeric) <= atol + rtol * abs(numeric)``, and a multiple of the
        estimated error of the difference more. By default `rtol` is 2e-8 and `atol` 0.
    fast_mode
        Compare the derivatives in some random directions instead of every element of the Jacobian, and look at the
        given point alone. The time no longer grows with the size of the inputs, but a small error of one element among
        many may be lost.
    raise_exception
        Raise if the check fails, instead of returning a result that is false.
    order
        Up to which order to check derivatives: 2 also checks those of the gradients, and so on.
    modes
        "rev", "fwd" or both: reverse mode, and forward mode beside it. See `check_forward_ad`.
    nondet_tol
        How far two runs may differ.
    check_undefined_grad
        Whether to check gradients of one output of several, where those of the others are undefined.
    check_grad_dtypes
        Whether to check gradients in single precision.
    check_batched_grad
        Whether to check gradients of a batch of inputs and cotangents, as `vmap` and `jacobian` compute them; by
        default, where `vmap` takes the function.
    check_forward_ad
        Whether to compare forward mode with reverse mode; by default, where it is defined.
    check_backward_ad
        Whether to check reverse mode; forward mode cannot be checked without.
    masked
        Not supported: there are no sparse tensors here.

    Returns
    -------
    GradientCheck
        True if all is right; it names the worst element, with both values.

    Raises
    ------
    GradientCheckError
        If the gradients differ, or nothing could be told. The message names the worst element, both values, and the
        likely cause: too little precision, a function that is not deterministic or leaves the graph.
    DtypeError
        If no input or no output holds floating-point numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import elementwise, gradcheck
    >>> bool(gradcheck(np.tanh, np.array([0.5, -1.0])))
    True
    >>> wrong = elementwise(lambda x: np.sin(x), lambda g, x: -g * np.cos(x), name="wrong")
    >>> check = gradcheck(wrong, [0.0], raise_exception=False)
    >>> check.ok, check.worst.analytic, round(check.worst.numeric, 6)
    (False, -1.0, 1.0)
    """
    measure = _measure(fn, eps, atol, rtol)
    modes = (modes,) if isinstance(modes, str) else tuple(modes)
    for mode in modes:
        check_option("gradcheck", "modes", mode, ("fwd", "rev"))
    if masked:
        raise ValueError("masked=True is about sparse tensors, which do not exist here: leave it out")
    check_number("nondet_tol", nondet_tol)
    if not check_backward_ad or "rev" not in modes:
        raise ValueError(
            "forward mode is checked by comparing it with reverse mode: leave check_backward_ad and 'rev' on, or "
            "compare jvp(fn, x, v) with a difference"
        )
    forward = check_forward_ad if "fwd" in modes else False
    nearby = not fast_mode and eps is None and atol is None
    options = Options(
        fast_mode, nondet_tol, check_undefined_grad, check_batched_grad, forward, check_grad_dtypes, nearby
    )
    given = listed(inputs)
    subject = Subject(fn, given)
    check = _check(subject, measure, options)
    for _ in range(order - 1):
        if not check:
            break
        subject = gradient_subject(subject)
        check = _check(subject, measure, replace(options, nearby=False))
    __tracebackhide__ = True
    if raise_exception and not check:
        raise _failure(check, fn, call_of("gradcheck", fn, check._inputs or given, caller(), listed=True))
    return check


def gradgradcheck(
    fn: Callable[..., ArrayLike | Tensor | Value | Sequence[Value]],
    inputs: TensorLike | Value | Sequence[Any],
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    fast_mode: bool = False,
    raise_exception: bool = True,
) -> GradientCheck:
    """Check the second derivatives of `fn` against differences of the first.

    `backward` computes a function of the inputs and of a cotangent for each output: that function is checked, with
    random cotangents. Check the first derivatives with `gradcheck` before.

    Parameters
    ----------
    fn, inputs, eps, atol, rtol, fast_mode, raise_exception
        As in `gradcheck`; the inputs cannot be of type `Value`.

    Returns
    -------
    GradientCheck
        As in `gradcheck`. The outputs compared are the gradients of the inputs; the inputs are those of `fn`, followed
        by the cotangents.

    Raises
    ------
    GradientCheckError, DtypeError
        As in `gradcheck`.
    TypeError
        If an input is a `Value`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import gradgradcheck
    >>> bool(gradgradcheck(lambda x, y: np.sin(x) * y, [np.array([0.5, -1.0]), 2.0]))
    True
    """
    measure = _measure(fn, eps, atol, rtol)
    given = listed(inputs)
    if any(type(x) in fronts for x in given):
        raise TypeError("gradgradcheck() differentiates tensors twice: pass numbers or arrays in place of values")
    options = Options(fast_mode, 0.0, undefined=True, batched=False, forward=None, dtypes=True)
    check = _check(gradient_subject(Subject(fn, given)), measure, options)
    __tracebackhide__ = True
    if raise_exception and not check:
        raise _failure(check, fn, call_of("gradgradcheck", fn, given, caller(), listed=True))
    return check


def _measure(fn: Any, eps: Any, atol: Any, rtol: Any) -> Measure:
    """Return the step and the tolerances, after checking that they are numbers in range."""
    check_callable("fn", fn)
    if eps is not None:
        check_number("eps", eps, positive=True)
    for name, number in (("atol", atol), ("rtol", rtol)):
        if number is not None:
            check_number(name, number)
    return Measure(eps, atol, rtol)


def _failure(check: GradientCheck, fn: Callable[..., Any], call: str) -> GradientCheckError:
    error = check._error(str(check), check.worst, check.jacobians)
    told = check.compared and (not check.hint or check._inputs is not None)
    pattern = pattern_in(error).text() if told else ""
    return reported(error, fn, call, pattern)


def _check(subject: Subject, measure: Measure, options: Options) -> GradientCheck:
    before, again = subject.outputs(subject.arrays), subject.outputs(subject.arrays)
    if len(before) != len(again) or any(
        not np.allclose(y, z, rtol=0, atol=options.nondet_tol, equal_nan=True)
        for y, z in zip(before, again, strict=True)
    ):
        return GradientCheck(
            ok=False,
            hint="The function is not deterministic: it gave two results for the same inputs. Give its random numbers "
            "the same seed in each call, or switch them off",
            _error=NotReproducibleError,
        )
    point = Point(subject)
    with quiet():
        return _compared(subject, point, measure, options)


def _compared(subject: Subject, point: Point, measure: Measure, options: Options) -> GradientCheck:
    found = [] if options.fast else list(compare_elements(point, measure))
    if measure.eps is None and (not found or worst_of(found).excess <= 1):
        few = bool(found) and not any(one.untold for one in found)  # each element is known to be right
        found += compare_directions(point, measure, np.random.default_rng(0), few=few)
    elif options.fast:
        found = list(compare_elements(point, measure))
    if not found:
        return GradientCheck(ok=True)
    worst = worst_of(found)
    mismatch = worst.worst
    if options.fast and worst.excess > 1:
        mismatch = worst_element(point, measure, mismatch, np.inf)
    compared, untold = (sum(getattr(one, name) for one in found) for name in ("compared", "untold"))
    if worst.excess > 1 or not compared:
        hint = _hint(subject, point, mismatch, compared)
        return GradientCheck(False, mismatch, hint, compared, untold, Jacobians(point, measure))
    check = GradientCheck(True, mismatch, "", compared, untold)
    return _further(subject, measure, options, check)


def _further(subject: Subject, measure: Measure, options: Options, check: GradientCheck) -> GradientCheck:
    """Return `check`, or what else is wrong, at the given point and beside it."""
    try:
        pullback = _check_conditions(subject, options)
        if options.nearby:
            check_nearby(pullback, measure, options.batched)
    except NearbyError as error:
        inputs = list(subject.given)
        for i, x in zip(subject.positions, error.arrays, strict=False):
            inputs[i] = x
        worst: Any = error.mismatch
        if worst is None:
            alone = "; fast_mode=True checks the given place alone"
            return GradientCheck(ok=False, hint=f"{error}{alone * (error.__cause__ is not None)}", _inputs=inputs)
        hint = f"Found {error.where}; fast_mode=True checks first derivatives at the given place alone"
        drawn: Any = error.jacobians
        return GradientCheck(False, worst, hint, check.compared, check.untold, drawn, inputs)
    except GradientCheckError as error:
        pattern = pattern_in(error).text()
        hint = f"{error}\n  pattern: {pattern}" if pattern else str(error)
        return GradientCheck(ok=False, hint=hint, _error=verdict_of(error))
    return check


def _check_conditions(subject: Subject, options: Options) -> Pullback:
    pullback = Pullback(subject, subject.arrays)
    if not pullback.is_recorded:
        return pullback
    check_conditions(pullback, nondet_tol=options.nondet_tol)
    if options.dtypes:
        check_precision(pullback)
    if options.undefined:
        check_parts(pullback)
    if options.batched:
        check_batched(pullback)
    if options.forward is not False:
        _forward(pullback, required=options.forward is True)
        if options.nearby:
            _forward_in_single(pullback)
    return pullback


def _forward_in_single(pullback: Pullback) -> None:
    """Compare forward mode with reverse mode in single precision, if the function takes that."""
    narrow = [np.asarray(x, NARROW.get(x.dtype, x.dtype)) for x in pullback.arrays]
    with refusals_set_aside():
        single = Pullback(pullback.subject, narrow)
        if single.epsilon > pullback.epsilon:
            _forward(single, required=False)


def _forward(pullback: Pullback, required: bool) -> None:
    try:
        check_forward(pullback)
    except GradientCheckError as error:
        if required or not isinstance(error.__cause__, UnsupportedError):
            raise
    except RuntimeError as error:  # a rule that cannot be differentiated, and says so
        if required or isinstance(error, AutogradError):
            raise


def _hint(subject: Subject, point: Point, worst: Mismatch, compared: int) -> str:
    k = worst.output
    output = point.outputs[k]
    dtype = np.asarray(array_of(output)).dtype
    if not is_recorded(output):
        return (
            f"No graph leads from {subject.output_name} {k} to any input: the function left it through detach(), "
            f"no_grad(), .data, or a function without a derivative"
        )
    if np.finfo(dtype).eps > 1e-10:
        return f"Use float64: {subject.output_name} {k} is {dtype}, in which differences drown in rounding"
    if compared:
        return ""
    return "Differences tell nothing at this place, a jump or the edge of a domain: check the function at another one"
