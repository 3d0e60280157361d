"""Gradient checks: compare the gradients of the graph with finite differences.

The arithmetic is in `_finite_differences`; here are the public functions and their messages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import GradientCheckError, check_callable, check_number
from ..tensors.dispatch import fronts
from ..tensors.tensor import Tensor
from ..transforms.gradients import gradients
from ._finite_differences import (
    Measure,
    Mismatch,
    Subject,
    array_of,
    compare_directions,
    compare_elements,
    has_kink,
    is_recorded,
    normal,
    worst_of,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ..scalar.value import Value
    from ..tensors.tensor import TensorLike

__all__ = ["GradientCheck", "Mismatch", "gradcheck", "gradgradcheck"]


@dataclass(frozen=True)
class GradientCheck:
    """The result of a check; it is true if the check succeeded.

    Attributes
    ----------
    ok
        Whether every derivative agrees.
    worst
        The element with the largest error relative to its tolerance; None if there is nothing to compare, or if the
        function is not deterministic.
    hint
        The likely cause, if the check failed and there is one.
    """

    ok: bool
    worst: Mismatch | None = None
    hint: str = ""

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        found = "the gradients agree" if self.ok else "the gradients differ"
        worst = f"; at worst, {self.worst}" if self.worst is not None else ""
        return f"{found}{worst}{'. ' if self.hint else ''}{self.hint}"


def gradcheck(
    fn: Callable[..., ArrayLike | Tensor | Value | Sequence[Value]],
    inputs: TensorLike | Value | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    fast_mode: bool = False,
    raise_exception: bool = True,
) -> GradientCheck:
    """Check the gradients of `fn` against central finite differences.

    Parameters
    ----------
    fn
        The function to check. It takes the inputs as tensors, returns a tensor, or a list or tuple of them, and must
        give the same result each time.
    inputs
        A tensor, array, number or `Value`, or a list or tuple of them, of any shapes. Inputs of floating-point
        numbers, real or complex, are checked, on a copy that requires a gradient; others are passed to `fn` as they
        are.
    eps
        The step size to each side.
    atol, rtol
        The gradients agree where ``abs(analytic - numeric) <= atol + rtol * abs(numeric)``.
    fast_mode
        Compare the derivatives in one random direction instead of every element of the Jacobian. The time no longer
        grows with the size of the inputs, but the error of one element among many may be lost.
    raise_exception
        Raise if the check fails, instead of returning a result that is false.

    Returns
    -------
    GradientCheck
        True if all gradients agree; it names the worst element, with both values.

    Raises
    ------
    GradientCheckError
        If the gradients differ. The message names the worst element, both values, and the likely cause: a kink, too
        little precision, a function that is not deterministic or leaves the graph.
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
    given = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    names = [f"input {i}" for i in range(len(given))]
    return _conclude(Subject(fn, given, names, "output"), measure, fast_mode, raise_exception)


def gradgradcheck(
    fn: Callable[..., ArrayLike | Tensor | Value | Sequence[Value]],
    inputs: TensorLike | Value | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    fast_mode: bool = False,
    raise_exception: bool = True,
) -> GradientCheck:
    """Check the second derivatives of `fn` against central differences of the first.

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
    given = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    if any(type(x) in fronts for x in given):
        raise TypeError("gradgradcheck() differentiates tensors twice: pass numbers or arrays in place of values")
    first = Subject(fn, given, [""] * len(given), "output")
    outputs = first.outputs(first.arrays)
    random = np.random.default_rng(0)
    cotangents = [np.asarray(normal(random, y), y.dtype) for y in outputs]
    names = [f"input {i}" for i in range(len(given))] + [f"cotangent {k}" for k in range(len(cotangents))]
    second = Subject(partial(_gradients_of, first), [*given, *cotangents], names, "gradient")
    return _conclude(second, measure, fast_mode, raise_exception)


def _measure(fn: Any, eps: Any, atol: Any, rtol: Any) -> Measure:
    """Return the step and the tolerances, after checking that they are numbers in range."""
    check_callable("fn", fn)
    check_number("eps", eps, positive=True)
    check_number("atol", atol)
    check_number("rtol", rtol)
    return Measure(eps, atol, rtol)


def _gradients_of(subject: Subject, *arguments: Any) -> list[Tensor]:
    """Return the gradients that the cotangents, which follow the inputs, pull back through the subject."""
    count = len(subject.given)
    inputs = [arguments[i] for i in subject.places]
    outputs = subject.apply(inputs)
    live = [(y, g) for y, g in zip(outputs, arguments[count:], strict=True) if is_recorded(y)]
    if not live:
        return [Tensor(np.zeros(x.shape, x.dtype)) for x in inputs]
    ys, gs = zip(*live, strict=True)
    found = gradients(ys, inputs, gs, create_graph=True, allow_unused=True)
    return [Tensor(np.zeros(x.shape, x.dtype)) if g is None else g for x, g in zip(inputs, found, strict=True)]


def _conclude(subject: Subject, measure: Measure, fast: bool, raises: bool) -> GradientCheck:
    check = _check(subject, measure, fast)
    if raises and not check:
        raise GradientCheckError(str(check))
    return check


def _check(subject: Subject, measure: Measure, fast: bool) -> GradientCheck:
    before, again = subject.outputs(subject.arrays), subject.outputs(subject.arrays)
    if len(before) != len(again) or not all(map(partial(np.array_equal, equal_nan=True), before, again)):
        return GradientCheck(
            ok=False,
            hint="The function is not deterministic: it gave two results for the same inputs. Give its random numbers "
            "the same seed in each call, or switch them off",
        )
    found = list((compare_directions if fast else compare_elements)(subject, measure))
    if not found:
        return GradientCheck(ok=True)
    excess, place, worst = worst_of(found)
    ok = excess <= 1
    if fast and not ok:
        among_elements = worst_of(list(compare_elements(subject, measure)))
        if among_elements[0] > 1:
            _, place, worst = among_elements  # names the wrong element
    return GradientCheck(ok, worst, "" if ok else _hint(subject, worst, measure, place))


def _hint(subject: Subject, worst: Mismatch, measure: Measure, place: tuple[int, int]) -> str:
    i, k = place
    name = subject.names[i]
    output = subject.apply(subject.inputs(subject.arrays))[k]
    dtypes = [(n, a.dtype) for n, a in zip(subject.names, subject.arrays, strict=True)]
    dtypes.append((f"{subject.output_name} {k}", np.asarray(array_of(output)).dtype))
    for what, dtype in dtypes:
        if np.finfo(dtype).eps > 1e-10:
            return f"Use float64: {what} is {dtype}, in which differences over {measure.eps:g} drown in rounding"
    if not is_recorded(output):
        return (
            f"No graph leads from {subject.output_name} {k} to any input: the function left it through detach(), "
            f"no_grad(), .data, or a function without a derivative"
        )
    if not np.isfinite(worst.numeric):
        return f"The function is not finite within {measure.eps:g} of {name}: check it at another point"
    if worst.index is not None and has_kink(subject, worst, measure, place):
        return (
            f"A kink is suspected: the differences to the left and to the right of {name} at {worst.index} disagree, "
            f"so there is no derivative to compare with. Check at a point further from it than eps"
        )
    return ""
