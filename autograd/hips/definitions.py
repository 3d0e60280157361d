"""Operations of a program's own, declared as in HIPS autograd.

An operation is a function that `primitive` was given. `defvjp` says its derivatives: functions that are called with the
result and the arguments, and return the vector-Jacobian product. They are NumPy code, so that second derivatives record
themselves; forward mode takes their transpose, unless `defjvp` says more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any

import numpy as np

from autograd import DeclarationError, DerivativeError, Tensor, UnsupportedError
from autograd.inside import (
    NUMBERS,
    ManyInputs,
    check_callable,
    flatten,
    follows_hips,
    replacement_of,
    several_inputs,
    warn,
    writeable,
)

from .boxes import RECORDED_RULE, getval
from .vector_spaces import vspace

__all__ = [
    "def_linear", "defjvp", "defjvp_argnum", "defjvp_argnums", "defvjp", "defvjp_argnum", "defvjp_argnums",
    "notrace_primitive", "number", "primitive", "primitive_vjps", "register_notrace",
]  # fmt: skip

Maker = Callable[..., Any]
Arguments = tuple[Any, ...]
Keywords = dict[str, Any]
primitive_vjps: dict[Callable[..., Any], Definition] = {}  # the operations whose derivatives are known
SIMPLE = frozenset((Tensor, np.ndarray, *NUMBERS)) - {type(None)}
_array = object()  # stands for an array among what is none


class Given(dict[str, Any]):
    """The keywords of one call, and the functions that makers made for it, with what they were made of."""

    made: dict[Any, tuple[list[Any], Any]] | None = None


class Call:
    """One call of an operation: its keywords, and how arguments and results are made of arrays."""

    def __init__(self, args: Arguments, kwargs: Keywords) -> None:
        self.kwargs = Given(kwargs)
        self.contents, self._rebuild = flatten(args)
        self._counts = [len(flatten(x)[0]) for x in args]
        self._results: Callable[[Sequence[Any]], Any] = tuple

    def args(self, contents: Sequence[Any]) -> Arguments:
        """Return the arguments, with numbers for arrays without axes."""
        args: Arguments = self._rebuild(list(map(number, contents)))
        return args

    def computed(self, function: Callable[..., Any], contents: Sequence[Any]) -> list[Any]:
        """Return the arrays in what the function returns."""
        results, self._results = flatten(function(*self.args(contents), **self.kwargs))
        return [np.asarray(_as_value(x)) for x in results]

    def results(self, arrays: Sequence[Any]) -> Any:
        """Return what the function returned, made of arrays or tensors."""
        return self._results(list(map(number, arrays)))

    def grouped(self, of_contents: Sequence[Any]) -> list[list[Any]]:
        """Return what there is for each of the contents as a list for each argument."""
        each = iter(of_contents)
        return [[next(each) for _ in range(count)] for count in self._counts]


def _as_value(result: Any) -> Any:
    """Return what a function computed with tensors that it was not given, where the convention is that rules count."""
    return getval(result) if isinstance(result, Tensor) and follows_hips() else result


def number(x: Any) -> Any:
    """Return an array without axes as a number, and anything else as it is."""
    return x[()] if isinstance(x, np.ndarray) and x.ndim == 0 else x


class Definition:
    """What a program has said of an operation.

    Attributes
    ----------
    pulls, pushes
        For some of the arguments, the function that makes the vector-Jacobian product, and the forward derivative; None
        where the derivative is 0, ``"same"`` where the operation is linear.
    pull_all, push_all
        The same for all arguments at once.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)
        self.pulls: dict[int, Maker | None] = {}
        self.pushes: dict[int, Maker | str | None] = {}
        self.pull_all: Maker | None = None
        self.push_all: Maker | None = None
        self.untraced = False  # whether the result is none of what is being differentiated
        self.operations: dict[Any, Callable[..., Any] | None] = {}  # what is applied to arguments of these types

    def call(self, args: Arguments, kwargs: Keywords) -> Any:
        """Apply the operation to arguments among which there are tensors."""
        if self.untraced:
            return self.function(*map(getval, args), **kwargs)
        types = tuple(map(type, args))
        form = follows_hips(), types
        if form not in self.operations:
            known = self.pulls if self.pull_all is None else range(len(types))  # by which a derivative was said
            simple = all(kind in SIMPLE and (kind is not Tensor or i in known) for i, kind in enumerate(types))
            self.operations[form] = _of_arrays(self, *form) if simple else None
        of_arrays = self.operations[form]
        if of_arrays is not None:
            try:
                return of_arrays(args, kwargs)
            except _NoArrayError:
                self.operations[form] = None
        return self._call_of_containers(args, kwargs)

    def _call_of_containers(self, args: Arguments, kwargs: Keywords) -> Any:
        promised = follows_hips()
        if promised not in self.operations:
            self.operations[promised] = _operation(self, promised)
        apply: Any = self.operations[promised]
        call = Call(args, kwargs)
        result = apply(call, *call.contents)
        return call.results(result if isinstance(result, tuple) else (result,))

    def pull(self, wanted: list[int], g: Any, out: Any, args: Arguments, kwargs: Given) -> list[Any]:
        """Return the gradient of each wanted argument."""
        contents = flatten((g, out, args))[0]
        before, RECORDED_RULE.given = RECORDED_RULE.given, None
        if any(isinstance(x, Tensor) for x in contents):
            RECORDED_RULE.given = set(map(id, contents))
        try:
            return self._pulled(wanted, g, out, args, kwargs)
        finally:
            RECORDED_RULE.given = before

    def _pulled(self, wanted: list[int], g: Any, out: Any, args: Arguments, kwargs: Given) -> list[Any]:
        if self.pull_all is not None:
            given = _once(self.pull_all, tuple(wanted), (tuple(wanted), out, args, kwargs), {}, kwargs)(g)
            return [_fitted(each, self.name, i, args[i]) for i, each in zip(wanted, given, strict=False)]
        found: list[Any] = []
        for i in wanted:
            if i not in self.pulls:
                raise UnsupportedError(
                    f"'{self.name}' has no derivative with respect to argument {i}: say it with defvjp, or None for 0"
                )
            maker = self.pulls[i]
            pull = None if maker is None else _once(maker, i, (out, *args), kwargs, kwargs)
            gradient = None if pull is None else _returned(pull(g), self.name, i)
            found.append(_fitted(gradient, self.name, i, args[i]))
        return found

    def push(self, tangents: dict[int, Any], out: Any, args: Arguments, kwargs: Keywords) -> Any:
        """Return the tangent of the result, from those of some of the arguments."""
        if self.push_all is not None:
            return self.push_all(tuple(tangents), list(tangents.values()), out, args, kwargs)
        space = vspace(out)
        total = None
        for i, tangent in tangents.items():
            if i not in self.pushes:
                raise UnsupportedError(
                    f"'{self.name}' has no forward derivative with respect to argument {i}: say it with defjvp"
                )
            rule: Any = self.pushes[i]
            if rule == "same":
                part = self.call((*args[:i], tangent, *args[i + 1 :]), kwargs)
            else:
                part = space.zeros() if rule is None else rule(tangent, out, *args, **kwargs)
            total = part if total is None else space.add(total, part)
        return total


def _once(maker: Maker, key: Any, args: Arguments, kwargs: Keywords, call: Given) -> Any:
    """Return what a maker makes of arguments: once for each call of the operation, however often it is pulled back.

    What is made while derivatives are recorded is not kept: it has the tensors of its own node, which would be a cycle.
    """
    contents = flatten(args)[0]
    call.made = {} if call.made is None else call.made
    known, made = call.made.get(key, ((), None))
    if len(known) != len(contents) or not all(map(_is_same, known, contents)):
        made = maker(*args, **kwargs)
        if RECORDED_RULE.given is None:
            call.made[key] = contents, made
    return made


def _is_same(x: Any, y: Any) -> bool:
    """Tell whether two are the same; numbers are made anew for each pull, and views of arrays for each row."""
    if x is y or type(x) is not type(y):
        return x is y
    if isinstance(x, np.generic):
        return bool(x == y)
    return isinstance(x, np.ndarray) and x.__array_interface__ == y.__array_interface__


def _returned(gradient: Any, name: str, argnum: int) -> Any:
    if gradient is None:
        raise DerivativeError(
            f"the derivative of '{name}' with respect to argument {argnum} returned None: is a return missing? For a "
            f"derivative of 0, give defvjp None in the place of its function"
        )
    return gradient


def _fitted(gradient: Any, name: str, argnum: int, arg: Any) -> Any:
    """Return the gradient of an argument; of one that is a list or a tuple, it may be an array for all in it."""
    if gradient is None or not isinstance(arg, list | tuple):
        number_of_one = getattr(gradient, "shape", None) == (1,) and np.shape(getval(arg)) == ()
        return gradient.reshape(()) if number_of_one else gradient
    count = len(gradient) if isinstance(gradient, list | tuple) or np.ndim(getval(gradient)) else "one number"
    if count != len(arg):
        raise DerivativeError(
            f"the derivative of '{name}' with respect to argument {argnum}, a {type(arg).__name__} of {len(arg)}, "
            f"returned {count}"
        )
    return [_fitted(part, name, argnum, each) for part, each in zip(gradient, arg, strict=True)]


class _NoArrayError(Exception):
    """A function returned something else than an array or a number."""


def _of_arrays(definition: Definition, promised: bool, types: Sequence[type]) -> Callable[..., Any]:
    """Return the operation for calls whose arguments are arrays, numbers and tensors.

    It has a rule for each tensor, as if it were declared with `autograd.general`.
    """
    live = [kind is Tensor for kind in types]
    order = sorted(range(len(live)), key=lambda i: not live[i])  # an operation has what is differentiable first
    names = ", ".join([f"x{i}" for i in order])
    args = f"({', '.join([f'number(x{i})' for i in range(len(live))])},)"

    def computed(args: Arguments, kwargs: Given) -> Any:
        result = definition.function(*args, **kwargs)
        if isinstance(result, list | tuple | dict):
            raise _NoArrayError
        return _as_value(result)

    def pulled(i: int, g: Any, out: Any, args: Arguments, kwargs: Given) -> Any:
        (found,) = definition.pull([i], number(g), number(out), args, kwargs)
        found = np.zeros(np.shape(getval(args[i]))) if found is None else found
        return found if hasattr(found, "dtype") else np.asarray(found)

    def pushed(i: int, t: Any, out: Any, args: Arguments, kwargs: Given) -> Any:
        return definition.push({i: number(t)}, number(out), args, kwargs)

    known: dict[str, Any] = {"computed": computed, "pulled": pulled, "pushed": pushed, "number": number}
    known["__name__"] = getattr(definition.function, "__module__", "a library")  # whose rules they are
    forward = eval(f"lambda {names}, kwargs: computed({args}, kwargs)", known)

    def rules(first: str, applied: str) -> tuple[Callable[..., Any], ...]:
        text = f"lambda {first}, out, {names}, kwargs: {applied}(%d, {first}, out, {args}, kwargs)"
        return tuple([eval(text % i, known) for i in order if live[i]])

    jvp = rules("t", "pushed") if definition.pushes or definition.push_all else ()
    operation = ManyInputs("general", forward, rules("g", "pulled"), name=definition.name, jvp=jvp)
    if promised:
        operation.computed = lambda *given: _apart(forward(*map(writeable, given)), given[:-1])
        operation.applied = operation.rules
    apply: Any = several_inputs(operation)
    apply.__name__, operation.apply = definition.name, apply
    if order == sorted(order):
        return lambda args, kwargs: apply(*args, Given(kwargs))
    return lambda args, kwargs: apply(*[args[i] for i in order], Given(kwargs))


def _apart(result: Any, given: Sequence[Any]) -> Any:
    """Return a result in memory of its own, which the engine may take for it."""
    shared = isinstance(result, np.ndarray) and any(np.may_share_memory(result, x) for x in given)
    return result.copy() if shared else result


def _operation(definition: Definition, promised: bool) -> Callable[..., Any]:
    """Return the operation on arrays and tensors; arrays may be written to if it is promised that they are not."""
    from autograd import Function  # for containers alone

    class Operation(Function):
        promises_not_to_write = promised

        @staticmethod
        def forward(ctx: Any, call: Call, *contents: Any) -> Any:
            results = call.computed(definition.function, contents)
            arrays = [x for x in contents if isinstance(x, np.ndarray)]
            ctx.call, ctx.others = call, [_array if isinstance(x, np.ndarray) else x for x in contents]
            ctx.save_for_backward(*arrays, *results)
            return tuple(results) if len(results) != 1 else results[0]

        @staticmethod
        def backward(ctx: Any, *g: Any) -> list[Any]:
            call, args, out = _restored(ctx)
            live = call.grouped(ctx.needs_input_grad[1:])
            wanted = [i for i, each in enumerate(live) if any(each)]
            found = dict(zip(wanted, definition.pull(wanted, call.results(g), out, args, call.kwargs), strict=True))
            gradients: list[Any] = [None]
            for i, each in enumerate(live):
                gradients += [None] * len(each) if found.get(i) is None else flatten(found[i])[0]
            return gradients

    class WithForwardMode(Operation):
        @staticmethod
        def jvp(ctx: Any, _: None, *tangents: Any) -> list[Any]:
            call, args, out = _restored(ctx)
            given = {}
            for i, (x, parts) in enumerate(zip(args, call.grouped(tangents), strict=True)):
                if any(part is not None for part in parts):
                    contents, rebuild = flatten(x)
                    pairs = zip(contents, parts, strict=True)
                    given[i] = rebuild([np.zeros_like(getval(y)) if part is None else part for y, part in pairs])
            return flatten(definition.push(given, out, args, call.kwargs))[0]

    form = WithForwardMode if definition.pushes or definition.push_all else Operation
    form.__name__ = form.__qualname__ = form._operation.name = definition.name
    return form.apply


def _restored(ctx: Any) -> tuple[Call, Arguments, Any]:
    """Return the call of a context, its arguments, and the result."""
    arrays = iter(ctx.saved_tensors)
    args = ctx.call.args([next(arrays) if other is _array else other for other in ctx.others])
    return ctx.call, args, ctx.call.results(list(arrays))


def primitive(f_raw: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function an operation, whose derivatives are told to `defvjp`; it is called with arrays and numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.extend import defvjp, primitive
    >>> @primitive
    ... def softplus(x):
    ...     return np.logaddexp(0, x)
    >>> defvjp(softplus, lambda out, x: lambda g: g / (1 + np.exp(-x)))
    >>> grad(softplus)(0.0)
    np.float64(0.5)
    """
    check_callable("f_raw", f_raw)
    definition = Definition(f_raw)

    def operation(*args: Any, **kwargs: Any) -> Any:
        for x in args:
            if isinstance(x, Tensor) or (isinstance(x, list | tuple | dict) and _holds_tensors(x)):
                return definition.call(args, kwargs)
        return f_raw(*args, **kwargs)

    if isinstance(f_raw, np.ufunc):
        operation.__name__ = operation.__qualname__ = f_raw.__name__
        operation.__doc__ = f_raw.__doc__
    else:
        operation = wraps(f_raw)(operation)
    attributes = {"fun": f_raw, "definition": definition, "defvjp": partial(_defvjp_of_old, operation)}
    attributes |= {"defgrad": partial(_defgrad, operation), "defvjp_is_zero": partial(_is_zero, operation)}
    vars(operation).update(attributes)
    return operation


def _defvjp_of_old(operation: Callable[..., Any], vjp: Maker, argnum: int = 0) -> None:
    """Say a derivative as HIPS autograd 1.1 and before: ``vjp(g, ans, vs, gvs, *args, **kwargs)`` is the gradient."""

    def maker(ans: Any, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        return lambda g: vjp(g, ans, vspace(args[argnum]), vspace(ans), *args, **kwargs)

    defvjp(operation, maker, argnums=(argnum,))


def _defgrad(operation: Callable[..., Any], gradmaker: Maker, argnum: int = 0) -> None:
    """Say a derivative as HIPS autograd 1.0: ``gradmaker(ans, *args, **kwargs)(g)`` is the gradient."""
    defvjp(operation, gradmaker, argnums=(argnum,))


def _is_zero(operation: Callable[..., Any], argnums: Sequence[int] = (0,)) -> None:
    """Say that the derivatives of some arguments are 0."""
    defvjp(operation, *[None] * len(argnums), argnums=argnums)


def _holds_tensors(x: Any) -> bool:
    return any(isinstance(each, Tensor) for each in flatten(x)[0])


def notrace_primitive(f_raw: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is given arrays and numbers in the place of tensors, and has no derivative."""
    check_callable("f_raw", f_raw)

    @wraps(f_raw)
    def untraced(*args: Any, **kwargs: Any) -> Any:
        return f_raw(*map(getval, args), **kwargs)

    return untraced


def register_notrace(trace_type: type, primitive_fun: Callable[..., Any]) -> None:
    """Say that the result of an operation depends on nothing that is being differentiated."""
    _definition(primitive_fun, "register_notrace").untraced = True


def _definition(fun: Callable[..., Any], called: str) -> Definition:
    """Return what a program has said of an operation so far; it will say more, so that it is made anew."""
    definition = getattr(fun, "definition", None)
    if isinstance(definition, Definition):
        definition.operations.clear()
        return definition
    if not _differentiates(fun):
        if not follows_hips():
            raise DeclarationError(
                f"{called}() takes what primitive() returned, not {fun!r}: decorate it with @primitive"
            )
        warn(f"{called}() has no effect on {fun!r}, which is no primitive: it is differentiated by what it calls")
        return Definition(fun)
    # Programs complete the operations of HIPS autograd, such as expit, which has no forward rule there.
    if "vjp" in called:
        name = getattr(fun, "__name__", repr(fun))
        warn(
            f"{called}() is not followed: {name} has its derivatives here, in both modes, and keeps them. For one "
            f"with other derivatives, decorate a function of your own that calls {name} with @primitive"
        )
    return Definition(fun)


def _differentiates(fun: Callable[..., Any]) -> bool:
    """Tell whether a function is one of this package, which differentiates without a definition."""
    home = (getattr(fun, "__module__", None) or "").partition(".")[0]
    return home == "autograd" or replacement_of(fun) is not None


def defvjp_argnums(fun: Callable[..., Any], vjpmaker: Maker) -> None:
    """Say the derivatives of all arguments at once: ``vjpmaker(argnums, ans, args, kwargs)(g)`` returns several."""
    primitive_vjps[fun] = _definition(fun, "defvjp_argnums")
    primitive_vjps[fun].pull_all = vjpmaker


def defvjp_argnum(fun: Callable[..., Any], vjpmaker: Maker) -> None:
    """Say the derivatives of each argument by one function: ``vjpmaker(argnum, ans, args, kwargs)(g)`` returns one."""

    def of_all(argnums: Sequence[int], *given: Any) -> Callable[[Any], list[Any]]:
        pulls = {argnum: vjpmaker(argnum, *given) for argnum in argnums}
        return lambda g: [_returned(pull(g), primitive_vjps[fun].name, i) for i, pull in pulls.items()]

    defvjp_argnums(fun, of_all)


def defvjp(fun: Callable[..., Any], *vjpmakers: Maker | None, argnums: Sequence[int] | None = None) -> None:
    """Say the derivatives of an operation, a function for each argument, or for those that `argnums` names.

    Parameters
    ----------
    fun
        What `primitive` returned.
    *vjpmakers
        ``vjpmaker(ans, *args, **kwargs)`` returns the function that maps the gradient of the result to that of the
        argument; None for an argument whose derivative is 0.
    """
    primitive_vjps[fun] = _definition(fun, "defvjp")
    primitive_vjps[fun].pulls.update(_by_position(vjpmakers, argnums))


def defjvp_argnums(fun: Callable[..., Any], jvpmaker: Maker) -> None:
    """Say the forward derivative along all tangents at once: ``jvpmaker(argnums, tangents, ans, args, kwargs)``."""
    _definition(fun, "defjvp_argnums").push_all = jvpmaker


def defjvp_argnum(fun: Callable[..., Any], jvpmaker: Maker) -> None:
    """Say the forward derivative of each argument by one function: ``jvpmaker(argnum, tangent, ans, args, kwargs)``."""

    def of_all(argnums: Sequence[int], tangents: Sequence[Any], out: Any, *given: Any) -> Any:
        space = vspace(out)
        parts = [jvpmaker(i, tangent, out, *given) for i, tangent in zip(argnums, tangents, strict=True)]
        total = parts[0]
        for part in parts[1:]:
            total = space.add(total, part)
        return total

    defjvp_argnums(fun, of_all)


def defjvp(fun: Callable[..., Any], *jvpfuns: Maker | str | None, argnums: Sequence[int] | None = None) -> None:
    """Say the forward derivative of an operation, a function for each argument, or for those that `argnums` names.

    ``jvpfun(tangent, ans, *args, **kwargs)`` returns the tangent of the result; ``"same"`` stands for the operation
    itself, where it is linear in the argument, and None for 0.
    """
    _definition(fun, "defjvp").pushes.update(_by_position(jvpfuns, argnums))


def def_linear(fun: Callable[..., Any]) -> None:
    """Say that an operation is linear in each of its arguments, so that it is its own forward derivative."""
    definition = _definition(fun, "def_linear")

    def along(argnum: int, tangent: Any, out: Any, args: Arguments, kwargs: Keywords) -> Any:
        return fun(*args[:argnum], tangent, *args[argnum + 1 :], **kwargs)

    defjvp_argnum(fun, along)
    definition.pushes.clear()


def _by_position(rules: Sequence[Any], argnums: Sequence[int] | None) -> dict[int, Any]:
    return dict(zip(range(len(rules)) if argnums is None else argnums, rules, strict=False))
