"""Checks of derivatives along random directions, under the names of HIPS autograd.

`autograd.gradcheck` and `autograd.testing.check` look at far more; these are for tests that exist. A tangent and a
gradient are drawn at random, and their product with the Jacobian is compared with a difference of values.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from autograd import GradientCheckError
from autograd.inside import follows_hips

from .core import make_jvp, make_vjp
from .vector_spaces import VSpace, vspace
from .wrap_util import unary_to_nary

__all__ = [
    "check_equivalent", "check_grads", "check_jvp", "check_vjp", "combo_check",
    "make_numerical_jvp", "scalar_close",
]  # fmt: skip

TOL, RTOL, EPS = 1e-6, 1e-6, 1e-6
Function = Callable[..., Any]


def scalar_close(a: complex, b: complex) -> bool:
    """Tell whether two numbers agree to six digits, or to 1e-6."""
    return bool(abs(a - b) < TOL or abs(a - b) / abs(a + b) < RTOL)


def make_numerical_jvp(f: Function, x: Any) -> Function:
    """Return the derivative of a function along a tangent, by a central difference."""
    return _differences(f, x, vspace(x), vspace(f(x)))


def _differences(f: Function, x: Any, space: VSpace, of_value: VSpace) -> Function:
    def along(tangent: Any) -> Any:
        above = f(space.add(x, space.scalar_mul(tangent, EPS / 2)))
        below = f(space.add(x, space.scalar_mul(tangent, -EPS / 2)))
        return of_value.scalar_mul(of_value.add(above, of_value.scalar_mul(below, -1.0)), 1 / EPS)

    return along


def check_vjp(f: Function, x: Any) -> None:
    """Check the vector-Jacobian product of a function at `x`."""
    pull, value = make_vjp(f, x)
    of_x, of_value = vspace(x), vspace(value)
    push = _differences(f, x, of_x, of_value)
    tangent, gradient = of_x.randn(), of_value.randn()
    pulled = pull(gradient)
    if vspace(pulled) != of_x:
        raise GradientCheckError(f"the gradient is of {vspace(pulled)}, the argument of {of_x}")
    if follows_hips():
        pulled, gradient = of_x.covector(pulled), of_value.covector(gradient)
    along, expected = of_x.inner_prod(tangent, pulled), of_value.inner_prod(push(tangent), gradient)
    if not scalar_close(along, expected):
        raise GradientCheckError(f"the derivative is {along} in reverse mode, and {expected} by differences")


def check_jvp(f: Function, x: Any) -> None:
    """Check the derivative of a function along a tangent, by forward mode."""
    tangent = (space := vspace(x)).randn()
    value, pushed = make_jvp(f, x)(tangent)
    check_equivalent(pushed, _differences(f, x, space, vspace(value))(tangent))


def check_equivalent(x: Any, y: Any) -> None:
    """Check that two values are of one vector space, and equal but for 1e-6."""
    space = vspace(x)
    if space != vspace(y):
        raise GradientCheckError(f"one value is of {space}, the other of {vspace(y)}")
    v = space.randn()
    one, other = space.inner_prod(x, v), space.inner_prod(y, v)
    if not scalar_close(one, other):
        raise GradientCheckError(f"{x} and {y} differ: their products with a vector are {one} and {other}")


@unary_to_nary
def check_grads(f: Function, x: Any, modes: Sequence[str] = ("fwd", "rev"), order: int = 2) -> None:
    """Check the derivatives of a function in forward and reverse mode, and those of its derivatives.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.test_util import check_grads
    >>> check_grads(np.tanh, modes=["rev"])(0.5)
    """
    if any(mode not in ("fwd", "rev") for mode in modes):
        raise ValueError(f"modes={modes!r}: it is a list of 'fwd' and 'rev'")
    name = getattr(f, "__name__", "a function")

    def jvp(both: Any) -> Any:
        return make_jvp(f, both[0])(both[1])[1]

    def vjp(both: Any) -> Any:
        return make_vjp(f, both[0])[0](both[1])

    for mode, check, derivative in (("fwd", check_jvp, jvp), ("rev", check_vjp, vjp)):
        if mode not in modes:
            continue
        what = derivative.__name__
        try:
            check(f, x)
        except GradientCheckError as error:
            text = f"Derivative ({what.upper()}) check of {name} failed with arg {x}: {error}"
            raise GradientCheckError(text) from None
        if order > 1:
            derivative.__name__ = f"{what}_{name}"
            direction = vspace(x if mode == "fwd" else f(x)).randn()
            check_grads(derivative, 0, modes, order=order - 1)((x, direction))


def combo_check(
    fun: Function,
    argnums: Sequence[int] = (0,),
    *args: Sequence[Any],
    order: int = 2,
    modes: Sequence[str] = ("fwd", "rev"),
) -> Function:
    """Return a function that checks `fun` for each combination of arguments, of which it takes lists."""

    def check(*lists: Sequence[Any], **keywords: Sequence[Any]) -> None:
        for chosen in itertools.product(*args, *lists):
            for values in itertools.product(*keywords.values()):
                given = dict(zip(keywords, values, strict=True))
                check_grads(partial(fun, **given), list(argnums), modes=modes, order=order)(*chosen)

    return check
