"""Derivatives of functions of one argument, and the names with which programs declare operations of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import vjp
from autograd.extend import lazy_names, missing

from .boxes import Box, getval, isbox
from .definitions import (
    def_linear,
    defjvp,
    defjvp_argnum,
    defjvp_argnums,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    notrace_primitive,
    primitive,
    primitive_vjps,
    register_notrace,
)
from .traces import JVPNode, SparseObject, VJPNode, backward_pass
from .vector_spaces import VSpace, vspace

__all__ = [
    "Box", "JVPNode", "SparseObject", "VJPNode", "VSpace", "backward_pass", "def_linear", "defjvp", "defjvp_argnum",
    "defjvp_argnums", "defvjp", "defvjp_argnum", "defvjp_argnums", "func", "getval", "isbox", "make_jvp", "make_vjp",
    "notrace_primitive", "primitive", "primitive_vjps", "register_notrace", "vspace",
]  # fmt: skip


def func(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function as it is."""
    return f


def make_vjp(fun: Callable[[Any], Any], x: Any) -> tuple[Callable[[Any], Any], Any]:
    """Return the vector-Jacobian product of a function at `x`, and the value there.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.core import make_vjp
    >>> pull, value = make_vjp(lambda x: x**2, np.array([1.0, 3.0]))
    >>> pull(np.array([1.0, 10.0])), value
    (array([ 2., 60.]), array([1., 9.]))
    """
    value, pull = vjp(fun, x)
    return lambda g: pull(g)[0], value


def make_jvp(fun: Callable[[Any], Any], x: Any) -> Callable[[Any], tuple[Any, Any]]:
    """Return a function of a tangent: it returns the value of `fun` at `x`, and the derivative along the tangent.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.core import make_jvp
    >>> make_jvp(lambda x: x**2, np.array([1.0, 3.0]))(np.array([1.0, 0.5]))
    (array([1., 9.]), array([2., 3.]))
    """
    from autograd import linearize  # it needs forward mode, which few programs use

    value, push = linearize(fun, x)
    return lambda tangent: (value, push(tangent))


lazy_names(globals(), otherwise=missing.lookup(__name__))
