"""`custom_vjp` and `custom_jvp`: derivatives declared as in JAX, for functions of pytrees.

Both are written over `Function`, whose arguments are the leaves.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..arrays.door import FAILURES, innermost_level
from ..errors import DeclarationError, DerivativeError, check_callable
from ..primitives.function import Function
from ..tensors.tensor import Tensor, conjugated
from .conventions import follows_hips
from .products import vjp
from .trees import leaves_along, tree_flatten, tree_leaves, tree_map

Rule = Callable[..., object]


class _Form:
    """How the arguments of one call, and its results, are built of leaves."""

    # Without a `__dict__` it is one object for all elements of a batch that are computed in a loop: see `Level.loop`.
    __slots__ = ("counts", "fixed", "rebuild", "rebuild_result")
    rebuild_result: Callable[[Sequence[Any]], Any]

    def __init__(self, args: tuple[Any, ...], rebuild: Callable[[Sequence[Any]], Any], fixed: list[int]) -> None:
        self.rebuild, self.fixed = rebuild, fixed
        self.counts = [len(tree_leaves(arg)) for arg in args]

    def parts(self, leaves: Sequence[Any]) -> tuple[list[Any], tuple[Any, ...]]:
        """Return the arguments without a derivative, and the others."""
        args = self.rebuild(leaves)
        return [args[i] for i in self.fixed], tuple(x for i, x in enumerate(args) if i not in self.fixed)

    def join(self, leaves: Sequence[Any], fixed: Any = None) -> list[Any]:
        """Return something for each leaf, of what there is for those with a derivative."""
        rest = iter(leaves)
        return [fixed if i in self.fixed else next(rest) for i, n in enumerate(self.counts) for _ in range(n)]


class _Custom:
    """A function whose derivative is declared beside it."""

    _operation: type[Function] | None = None
    _how: str

    def __init__(self, fun: Rule, nondiff_argnums: int | Sequence[int] = ()) -> None:
        check_callable("fun", fun)
        functools.update_wrapper(self, fun)
        self._function, self._signature = fun, inspect.signature(fun)
        self._name = getattr(fun, "__name__", type(fun).__name__)
        self._fixed = (nondiff_argnums,) if isinstance(nondiff_argnums, int) else tuple(nondiff_argnums)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, and record the derivative that is its own."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        if bound.kwargs:
            raise TypeError(
                f"{self._name}: a rule takes positions, but {', '.join(bound.kwargs)} is given by name only"
            )
        leaves, rebuild = tree_flatten(bound.args)
        if not any(isinstance(x, Tensor) for x in leaves):
            try:
                return self._function(*bound.args)
            except FAILURES:
                level = innermost_level(leaves)
                if level is None:
                    raise
                return level.loop(self._name, self._function, bound.args)
        if self._operation is None:
            raise DeclarationError(f"{self._name} has no rule yet: declare one with {self._name}.{self._how}")
        form = _Form(bound.args, rebuild, [i % len(bound.args) for i in self._fixed])
        for i in form.fixed:
            self._refuse_live(bound.args[i], f"argument {i}", "is among nondiff_argnums, but requires a gradient")
        results = self._operation.apply(form, *leaves)
        return form.rebuild_result(results)

    def _declare(self, forward: Rule, **rules: Rule) -> None:
        def apply(ctx: Any, form: _Form, *leaves: Any) -> tuple[Any, ...]:
            ctx.form, ctx.saved = form, [i for i, wanted in enumerate(ctx.needs_input_grad[1:]) if wanted]
            ctx.save_for_backward(*(leaves[i] for i in ctx.saved))
            _keep(ctx, "leaf", {i: x for i, x in enumerate(leaves) if i not in ctx.saved})
            returned = forward(ctx, form, leaves)
            self._refuse_live(returned, "a result", "depends on a tensor that is no argument: pass it as one")
            results, form.rebuild_result = tree_flatten(returned)
            if not results:
                raise DeclarationError(f"{self._name} returned {returned!r}: is a return missing?")
            return tuple(results)

        made = {name: staticmethod(rule) for name, rule in {"forward": apply, **rules}.items()}
        self._operation = type(self._name, (Function,), made)

    def _refuse_live(self, tree: Any, what: str, how: str) -> None:
        if any(isinstance(x, Tensor) and x.requires_grad for x in tree_leaves(tree)):
            raise DerivativeError(f"{what} of {self._name} {how}")

    def _pair(self, returned: Any, rule: Rule, what: str) -> tuple[Any, Any]:
        if not isinstance(returned, tuple) or len(returned) != 2:
            name = getattr(rule, "__name__", type(rule).__name__)
            raise DeclarationError(f"{name}, a rule of {self._name}, returns a pair, {what}, not {returned!r}")
        return returned


def _keep(ctx: Any, name: str, values: dict[int, Any]) -> None:
    """Keep values as attributes, where writing to an array is noticed."""
    for i, value in values.items():
        setattr(ctx, f"{name}_{i}", value)


def _leaves(ctx: Any) -> list[Any]:
    saved = dict(zip(ctx.saved, ctx.saved_tensors, strict=True))
    return [saved[i] if i in saved else getattr(ctx, f"leaf_{i}") for i in range(sum(ctx.form.counts))]


class custom_vjp(_Custom):  # noqa: N801  # JAX's name
    """Declare the reverse derivative of a function as JAX does, with ``f.defvjp(fwd, bwd)``.

    `elementwise` and `general` are shorter, and `Function` has no pytrees. Second derivatives and forward mode follow
    from `fwd` and `bwd`, if these are NumPy code.

    Parameters
    ----------
    fun
        The function, of arrays and pytrees. Tensors that it depends on are arguments.
    nondiff_argnums
        The positions of arguments without a derivative, such as functions, which `bwd` gets first.

    Raises
    ------
    DerivativeError
        When it is called: if a result depends on a tensor that is no argument, or an argument that has no derivative
        requires one.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import custom_vjp, grad
    >>> @custom_vjp
    ... def clipped(x, bound):
    ...     return x
    >>> def forward(x, bound):
    ...     return x, bound
    >>> def backward(bound, g):
    ...     return np.clip(g, -bound, bound), None
    >>> clipped.defvjp(forward, backward)
    >>> grad(lambda x: clipped(x, 1.0) ** 2)(3.0)
    np.float64(1.0)
    """

    _how = "defvjp(fwd, bwd)"

    def defvjp(self, fwd: Rule, bwd: Rule) -> None:
        """Declare the rule.

        Parameters
        ----------
        fwd
            Takes the arguments; returns the result of the function, and residuals: what `bwd` needs, a pytree.
        bwd
            Takes the arguments without a derivative, the residuals and the gradient of the result; returns a tuple with
            the gradient of each other argument, None for zeros.
        """

        def forward(ctx: Any, form: _Form, leaves: Sequence[Any]) -> Any:
            args = form.rebuild(leaves)
            if not any(ctx.needs_input_grad):
                return self._function(*args)
            result, residuals = self._pair(fwd(*args), fwd, "the result and residuals")
            self._refuse_live(residuals, "a residual", "depends on a tensor that is no argument: pass it as one")
            kept, ctx.rebuild_residuals = tree_flatten(residuals)
            ctx.count = len(kept)
            _keep(ctx, "residual", dict(enumerate(kept)))
            return result

        def backward(ctx: Any, *g: Any) -> Any:
            leaves = _leaves(ctx)
            fixed, primals = ctx.form.parts(leaves)
            if any(isinstance(x, Tensor) for x in ctx.saved_tensors):  # this is differentiated in turn
                _, residuals = self._pair(fwd(*ctx.form.rebuild(leaves)), fwd, "the result and residuals")
            else:
                residuals = ctx.rebuild_residuals([getattr(ctx, f"residual_{i}") for i in range(ctx.count)])
            gradients = bwd(*fixed, residuals, ctx.form.rebuild_result(g))
            if not isinstance(gradients, tuple | list) or len(gradients) != len(primals):
                raise DerivativeError(
                    f"the rule of {self._name} returns a tuple of {len(primals)} gradients, one for each argument with "
                    f"a derivative, not {gradients!r}"
                )
            pairs = zip(primals, gradients, strict=True)
            found = [
                g
                for x, gx in pairs
                for g in ([None] * len(tree_leaves(x)) if gx is None else leaves_along(x, gx, self._name))
            ]
            return None, *ctx.form.join(found)

        self._declare(forward, backward=backward)


class custom_jvp(_Custom):  # noqa: N801  # JAX's name
    """Declare the forward derivative of a function as JAX does, with ``f.defjvp(rule)``; reverse mode follows from it.

    Parameters
    ----------
    fun
        The function, of arrays and pytrees. Tensors that it depends on are arguments.
    nondiff_argnums
        The positions of arguments without a derivative, such as functions, which the rule gets first.

    Raises
    ------
    DerivativeError
        When it is called: if a result depends on a tensor that is no argument, or an argument that has no derivative
        requires one.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import custom_jvp, grad
    >>> @custom_jvp
    ... def log1pexp(x):
    ...     return np.logaddexp(0.0, x)
    >>> @log1pexp.defjvp
    ... def rule(primals, tangents):
    ...     (x,), (t,) = primals, tangents
    ...     return log1pexp(x), t / (1 + np.exp(-x))
    >>> grad(log1pexp)(0.0)
    np.float64(0.5)
    """

    _how = "defjvp(rule)"

    def defjvp(self, jvp: Rule) -> Rule:
        """Declare the rule, and return it.

        Parameters
        ----------
        jvp
            Takes the arguments without a derivative, a tuple of the others and a tuple of their tangents, zeros where
            there is none; returns the result and its tangent, which is linear in the tangents.
        """

        def push(ctx: Any, leaves: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
            fixed, primals = ctx.form.parts(leaves)
            given = [np.zeros_like(x) if t is None else t for x, t in zip(leaves, tangents, strict=True)]
            returned = jvp(*fixed, primals, ctx.form.parts(given)[1])
            result, tangent = self._pair(returned, jvp, "the result and its tangent")
            found = leaves_along(result, tangent, self._name)
            for y, t in zip(tree_leaves(result), found, strict=True):
                if t is not None and np.shape(t) != np.shape(y):
                    raise DerivativeError(
                        f"the rule of {self._name} returned a tangent of shape {np.shape(t)} for a result of shape "
                        f"{np.shape(y)}"
                    )
            return found

        def backward(ctx: Any, *g: Any) -> Any:
            leaves = _leaves(ctx)

            def along(*directions: Any) -> list[Any]:
                tangents: list[Any] = [None] * len(leaves)
                for i, direction in zip(ctx.saved, directions, strict=True):
                    tangents[i] = direction
                return [t for t, gy in zip(push(ctx, leaves, tangents), g, strict=True) if gy is not None]

            _, pull = vjp(along, *(np.zeros_like(leaves[i]) for i in ctx.saved))
            turned = (lambda g: g) if follows_hips() else conjugated  # what users of `vjp` see: see `conjugated`
            found = dict(zip(ctx.saved, map(turned, pull([turned(gy) for gy in g if gy is not None])), strict=True))
            return None, *(found.get(i) for i in range(len(leaves)))

        self._declare(
            lambda ctx, form, leaves: self._function(*form.rebuild(leaves)),
            backward=backward,
            jvp=lambda ctx, _, *tangents: push(ctx, _leaves(ctx), tangents),
        )
        return jvp

    def defjvps(self, *jvps: Rule | None) -> None:
        """Declare a rule for each argument: ``rule(tangent, result, *args)`` returns its part of the tangent.

        None stands for an argument that the result does not change with.
        """

        def rule(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
            result = self(*primals)
            parts = [each(t, result, *primals) for each, t in zip(jvps, tangents, strict=True) if each is not None]
            return result, functools.reduce(partial(tree_map, np.add), parts or [tree_map(np.zeros_like, result)])

        self.defjvp(rule)
