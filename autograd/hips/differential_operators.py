"""The operators of HIPS autograd, under its names: most of them apply to one argument, which `argnum` chooses.

`grad`, `jacobian` and others of these names in `autograd` take ``argnum=`` too, and are the same functions.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import DtypeError, elementwise_grad, ggnvp, grad, hessian, hvp, jacobian, value_and_grad
from autograd import checkpoint as _checkpoint
from autograd.inside import check_callable, follows_hips, unwrap

from .core import make_jvp as _make_jvp
from .core import make_vjp as _make_vjp
from .core import vspace
from .wrap_util import unary_to_nary

__all__ = [
    "checkpoint", "deriv", "elementwise_grad", "grad", "grad_and_aux", "grad_named", "hessian",
    "hessian_tensor_product", "hessian_vector_product", "holomorphic_grad", "jacobian", "make_ggnvp", "make_hvp",
    "make_jvp", "make_jvp_reversemode", "make_vjp", "multigrad_dict", "tensor_jacobian_product", "value_and_grad",
    "vector_jacobian_product", "vspace",
]  # fmt: skip

Function = Callable[..., Any]

make_vjp = unary_to_nary(_make_vjp)
make_jvp = unary_to_nary(_make_jvp)


def checkpoint(fun: Function) -> Function:
    """Return a function that keeps only its arguments for the backward pass, and is called again in it."""
    check_callable("fun", fun)
    return functools.wraps(fun)(functools.partial(_checkpoint, fun))


@unary_to_nary
def deriv(fun: Function, x: Any) -> Any:
    """Return a function that computes the derivative of a function of a number, by forward mode.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import deriv
    >>> deriv(lambda x: np.stack([x**2, x**3]))(2.0)
    array([ 4., 12.])
    """
    return _make_jvp(fun, x)(np.ones(np.shape(x), np.result_type(x)))[1]


@unary_to_nary
def holomorphic_grad(fun: Function, x: Any) -> Any:
    """Return a function that computes the derivative of a holomorphic function of a complex number, or several.

    Examples
    --------
    >>> from autograd import holomorphic_grad
    >>> holomorphic_grad(lambda z: z**3)(1j)
    np.complex128(-3+0j)
    """
    if not np.iscomplexobj(unwrap(x)):
        raise DtypeError("holomorphic_grad() differentiates by complex numbers: for real ones there is grad()")
    pull, value = _make_vjp(fun, x)
    pulled = pull(np.ones(np.shape(value), np.result_type(value)))
    return pulled if follows_hips() else np.conjugate(pulled)


@unary_to_nary
def grad_and_aux(fun: Function, x: Any) -> tuple[Any, Any]:
    """Return a function that computes the gradient, and what `fun` returned beside the number."""
    return grad(fun, has_aux=True)(x)


@unary_to_nary
def make_hvp(fun: Function, x: Any) -> tuple[Function, Any]:
    """Return the product of the Hessian at `x` and a vector, and the gradient there."""
    return _make_vjp(grad(fun), x)


def make_ggnvp(f: Function, g: Function = lambda y: 0.5 * np.sum(y**2), f_argnum: int = 0) -> Function:
    """Return a function that makes the product of the generalised Gauss-Newton matrix of ``g(f(x))`` and a vector."""

    @unary_to_nary
    def product(f: Function, x: Any) -> Function:
        return lambda v: ggnvp(f, x, v, loss=g)

    made: Function = product(f, f_argnum)
    return made


@unary_to_nary
def make_jvp_reversemode(fun: Function, x: Any) -> Function:
    """Return the derivative along a tangent, as the transpose of the vector-Jacobian product."""
    pull, value = _make_vjp(fun, x)
    transpose, _ = _make_vjp(pull, value)
    return transpose


def grad_named(fun: Function, argname: str) -> Function:
    """Return the gradient with respect to an argument that is given by its name, in calls by position."""
    return grad(fun, list(inspect.signature(fun).parameters).index(argname))


def multigrad_dict(fun: Function) -> Function:
    """Return the gradients with respect to all arguments, as a dict of their names.

    Examples
    --------
    >>> from autograd.differential_operators import multigrad_dict
    >>> multigrad_dict(lambda x, y: x * y**2)(3.0, 2.0)
    {'x': np.float64(4.0), 'y': np.float64(12.0)}
    """
    signature = inspect.signature(fun)

    @functools.wraps(fun)
    def gradients(*args: Any, **kwargs: Any) -> dict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = dict(bound.arguments)

        def of_all(values: dict[str, Any]) -> Any:
            call = inspect.BoundArguments(signature, values)
            return fun(*call.args, **call.kwargs)

        return grad(of_all)(given)

    return gradients


def hessian_tensor_product(fun: Function, argnum: int = 0) -> Function:
    """Return a function of the arguments and a vector: the product of the Hessian and the vector."""

    @functools.wraps(fun)
    def product(*args: Any, **kwargs: Any) -> Any:
        *given, vector = args

        def of_one(x: Any) -> Any:
            return fun(*given[:argnum], x, *given[argnum + 1 :], **kwargs)

        return hvp(of_one, given[argnum], vector)

    return product


def tensor_jacobian_product(fun: Function, argnum: int = 0) -> Function:
    """Return a function of the arguments and a vector: the product of the vector and the Jacobian, from the left."""

    @functools.wraps(fun)
    def product(*args: Any, **kwargs: Any) -> Any:
        *given, vector = args

        def along(*values: Any) -> Any:
            value = fun(*values, **kwargs)
            return np.tensordot(vector, value, axes=np.ndim(unwrap(vector)))

        return jacobian(along, argnum)(*given)

    return product


hessian_vector_product = hessian_tensor_product
vector_jacobian_product = tensor_jacobian_product
