"""Derivatives, batches and compiled functions, under JAX's names and with its arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd
from autograd.extend import borrow

from ._array import Tree, arrays, of_arrays, plain, to_arrays
from .tree_util import tree_map

Function = Callable[..., Any]
Axes = int | Sequence[Any] | None


def grad(fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False, holomorphic: bool = False) -> Function:
    """Return the gradient of a function as one of its arguments; of complex numbers, the conjugate of PyTorch's."""
    both = value_and_grad(fun, argnums, has_aux, holomorphic)

    @functools.wraps(fun)
    def called(*args: Tree, **kwargs: Tree) -> Any:
        value, slopes = both(*args, **kwargs)
        return (slopes, value[1]) if has_aux else slopes

    return called


def value_and_grad(
    fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False, holomorphic: bool = False
) -> Function:
    """Return a function of the same arguments that returns the value and the gradient."""

    def real(*args: Tree, **kwargs: Tree) -> Any:
        returned = fun(*args, **kwargs)
        return np.real(returned[0] if has_aux else returned), returned

    transform: Any = autograd.value_and_grad
    both = transform(of_arrays(real if holomorphic else fun), argnums, has_aux or holomorphic)

    @functools.wraps(fun)
    def called(*args: Tree, **kwargs: Tree) -> Any:
        value, slopes = both(*plain(args), **plain(kwargs))
        return arrays(value[1] if holomorphic else value), _conjugate(arrays(slopes))

    return called


def _conjugate(tree: Any) -> Any:
    """Return gradients as JAX has them, which are the conjugates of PyTorch's."""
    return tree_map(lambda each: np.conj(each) if np.iscomplexobj(each) else each, tree)


def _parts(fun: Function, has_aux: bool) -> tuple[Function, Function]:
    """Return a function of tensors for the engine, and one for what else the function returns."""
    if not has_aux:
        return of_arrays(fun), lambda *args: ()
    return of_arrays(lambda *args: fun(*args)[0]), lambda *args: (fun(*args)[1],)


def vjp(fun: Function, *primals: Tree, has_aux: bool = False) -> Any:
    """Return the value, the function that pulls cotangents back, and what else `fun` returns if `has_aux`."""
    values, aux = _parts(fun, has_aux)
    value, back = autograd.vjp(values, *plain(primals))
    return (arrays(value), lambda ct: _conjugate(arrays(back(plain(_conjugate(arrays(ct)))))), *aux(*primals))


def jvp(fun: Function, primals: Sequence[Tree], tangents: Sequence[Tree], has_aux: bool = False) -> Any:
    """Return the value and its derivative along tangents, and what else `fun` returns if `has_aux`."""
    values, aux = _parts(fun, has_aux)
    return (*arrays(autograd.jvp(values, plain(tuple(primals)), plain(tuple(tangents)))), *aux(*primals))


def linearize(fun: Function, *primals: Tree) -> Any:
    """Return the value, and the derivative there as a function of tangents."""
    value, along = autograd.linearize(of_arrays(fun), *plain(primals))
    return arrays(value), to_arrays(along)


def _jacobian(fun: Function, argnums: Any, has_aux: bool, mode: Any) -> Function:
    values, aux = _parts(fun, has_aux)
    slopes = to_arrays(autograd.jacobian(values, argnums, mode=mode))
    return lambda *args: (slopes(*args), *aux(*args)) if has_aux else slopes(*args)


def jacrev(fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Return the Jacobian of a function as one of its arguments, by reverse mode."""
    return _jacobian(fun, argnums, has_aux, "reverse")


def jacfwd(fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Return the Jacobian of a function as one of its arguments, by forward mode."""
    return _jacobian(fun, argnums, has_aux, "forward")


def hessian(fun: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """Return the second derivatives of a function as one of its arguments."""
    return to_arrays(autograd.hessian(of_arrays(fun), argnums))


def vmap(fun: Function, in_axes: Axes = 0, out_axes: Axes = 0, **foreign: Any) -> Function:
    """Return a function of a batch; one that branches by values is computed for each group that agrees."""
    in_axes = tuple(in_axes) if isinstance(in_axes, list) else in_axes
    return to_arrays(autograd.vmap(of_arrays(fun), in_axes, out_axes, branches="split", **foreign))


def jit(fun: Function | None = None, **options: Any) -> Function:
    """Return the compiled function, or, where it cannot be compiled, the function itself with a warning."""
    if fun is None:
        return functools.partial(jit, **options)
    return to_arrays(autograd.compile(of_arrays(fun), fallback="warn", **options))


def checkpoint(fun: Function, **options: Tree) -> Function:
    """Return a function whose intermediate results are computed again for its derivatives."""
    return to_arrays(functools.partial(autograd.checkpoint, of_arrays(fun)))


class _Declared:
    """What functions with rules of their own share."""

    def __init__(self, fun: Function, nondiff_argnums: int | Sequence[int] = ()) -> None:
        base: Any = super()
        base.__init__(of_arrays(fun), nondiff_argnums)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        base: Any = super()
        return to_arrays(base.__call__)(*args, **kwargs)


def _rule(rule: Function) -> Function:
    """Return a rule for the engine, which takes numbers that do not depend on tensors as ndarrays."""
    given = of_arrays(rule)
    return lambda *args: autograd.tree_map(
        lambda x: x if getattr(x, "requires_grad", True) else borrow(x), given(*args)
    )


class custom_jvp(_Declared, autograd.custom_jvp):  # noqa: N801  # JAX's name
    """Declare the forward derivative of a function, as `autograd.custom_jvp` does."""

    def defjvp(self, jvp: Function, symbolic_zeros: bool = False) -> Function:
        """Declare the rule, which returns the value and its tangent, and return it."""
        super().defjvp(_rule(jvp))
        return jvp


class custom_vjp(_Declared, autograd.custom_vjp):  # noqa: N801  # JAX's name
    """Declare the reverse derivative of a function, as `autograd.custom_vjp` does."""

    def defvjp(self, fwd: Function, bwd: Function, **options: Tree) -> None:
        """Declare the rules: `fwd` returns the value and residuals, `bwd` the gradients for these and a cotangent."""
        super().defvjp(_rule(fwd), _rule(bwd))
