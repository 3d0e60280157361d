"""Declaring operations: one call makes the operator, the method, the NumPy function and the derivatives.

::

    exp      = elementwise(np.exp,      lambda g, out: g * out)
    multiply = elementwise(np.multiply, lambda g, y: g * y, lambda g, x: g * x)
    matmul   = multilinear(np.matmul,   lambda g, y: g @ y.mT, lambda g, x: x.mT @ g)

The library's operations and yours are declared in the same way. A rule is plain NumPy: given arrays it computes, given
tensors it records, and higher derivatives need nothing more.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, overload

import numpy as np

from ..errors import DeclarationError
from ..foreign.missing import refuse_keywords
from ..graph.grad_mode import ON, cut_of
from ..tensors.dispatch import DeclaredLater, operation_of, operations, plain
from ..tensors.tensor import Tensor, unwrap
from .nary import many, several_inputs
from .operands import on_arrays
from .primitive import (
    AT_CALL,
    LIBRARIES,
    Function,
    ManyInputs,
    OneInput,
    Primitive,
    Rule,
    argument_names,
    parameters_of,
)
from .unary_binary import binary, unary
from .with_arguments import one_input

if TYPE_CHECKING:
    from .types import ArrayFunction, ArraysFunction, GradientRule, Operation, OperationOfSeveralOutputs, TangentRule

# Python's operators, by the name of the NumPy function that computes them.
OPERATORS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv", "power": "pow", "matmul": "matmul",
    "remainder": "mod", "floor_divide": "floordiv", "divmod": "divmod", "negative": "neg", "positive": "pos",
    "absolute": "abs", "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge", "equal": "eq",
    "not_equal": "ne", "bitwise_and": "and", "bitwise_or": "or", "bitwise_xor": "xor", "left_shift": "lshift",
    "right_shift": "rshift", "invert": "invert",
}  # fmt: skip
F = TypeVar("F", bound=Function)
_COMPARISONS = {"lt", "le", "gt", "ge", "eq", "ne"}


def elementwise(
    function: ArrayFunction,
    *rules: GradientRule,
    forward: ArrayFunction | None = None,
    name: str | None = None,
    aliases: Iterable[ArrayFunction] = (),
) -> Operation:
    """Declare an elementwise function of one input or two.

    Parameters
    ----------
    function
        The function of arrays: a NumPy function, which then accepts tensors, or your own.
    *rules
        For each input, the vjp: ``g``, the gradient of the output, times the local derivative. Further parameters
        name what the rule needs: ``out`` or an input, by the name that `function` gives it (``x`` and ``y`` for
        NumPy's ufuncs). Broadcasting is undone for you.
    forward
        The function that computes the result, if not `function` itself.
    name
        The name of the operation in drawings and messages, where `function` has no name.
    aliases
        Other functions that are the same operation.

    Returns
    -------
    callable
        The operation. It differentiates tensors, accepts `Value`, and on plain arrays is `function` itself.

    Raises
    ------
    DeclarationError
        If a rule names something that the operation does not have.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import elementwise, tensor
    >>> softplus = elementwise(lambda x: np.logaddexp(x, 0), lambda g, x: g / (1 + np.exp(-x)), name="softplus")
    >>> x = tensor([0.0, 2.0], requires_grad=True)
    >>> softplus(x).sum().backward()
    >>> x.grad.data.round(4)
    array([0.5   , 0.8808])
    """
    return _declare("elementwise", function, rules, aliases, forward=forward, name=name)


def linear(
    function: ArrayFunction,
    rule: GradientRule,
    *,
    forward: ArrayFunction | None = None,
    name: str | None = None,
    variadic: bool = False,
    aliases: Iterable[ArrayFunction] = (),
) -> Operation:
    """Declare a function that is linear in its first parameter, such as a sum, a reshape or a concatenation.

    Parameters
    ----------
    function, forward, name, aliases
        As in `elementwise`; the rule names arguments as the parameters of `forward` do.
    rule
        The transpose of the function, applied to ``g``.
    variadic
        Whether the first parameter is a sequence of inputs; the rule, which serves them all, may ask for ``index``.

    Examples
    --------
    >>> from autograd import linear, tensor
    >>> halves = linear(lambda x: x.reshape(2, -1), lambda g, x_shape: g.reshape(x_shape), name="halves")
    >>> x = tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    >>> halves(x)[0].sum().backward()
    >>> x.grad
    Tensor([1., 1., 0., 0.])
    """
    return _declare("linear", function, (rule,), aliases, forward=forward, name=name, variadic=variadic)


def multilinear(
    function: ArrayFunction,
    *rules: GradientRule,
    forward: ArrayFunction | None = None,
    name: str | None = None,
    variadic: bool = False,
    aliases: Iterable[ArrayFunction] = (),
) -> Operation:
    """Declare a product: a function that is linear in each input while the others are fixed.

    The parameters are those of `elementwise`. Broadcasting over leading axes is undone for you.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import multilinear, tensor
    >>> scale = multilinear(lambda x, y: x * y, lambda g, y: g * y, lambda g, x: g * x, name="scale")
    >>> x, y = tensor([1.0, 2.0], requires_grad=True), tensor(3.0, requires_grad=True)
    >>> scale(x, y).sum().backward()
    >>> x.grad, y.grad
    (Tensor([3., 3.]), Tensor(3.))
    """
    return _declare("multilinear", function, rules, aliases, forward=forward, name=name, variadic=variadic)


@overload
def general(
    function: ArrayFunction,
    *rules: GradientRule,
    forward: ArrayFunction | None = None,
    name: str | None = None,
    variadic: bool = False,
    outputs: Literal[False] = False,
    jvp: Sequence[TangentRule] = (),
    aliases: Iterable[ArrayFunction] = (),
) -> Operation: ...
@overload
def general(
    function: ArraysFunction,
    *rules: GradientRule,
    outputs: Literal[True],
    forward: ArraysFunction | None = None,
    name: str | None = None,
    variadic: bool = False,
    jvp: Sequence[TangentRule] = (),
    aliases: Iterable[ArraysFunction] = (),
) -> OperationOfSeveralOutputs: ...
def general(
    function: Function,
    *rules: GradientRule,
    forward: Function | None = None,
    name: str | None = None,
    variadic: bool = False,
    outputs: bool = False,
    jvp: Sequence[TangentRule] = (),
    aliases: Iterable[Function] = (),
) -> Operation | OperationOfSeveralOutputs:
    """Declare any other differentiable function; its first parameters, one for each rule, are differentiable.

    The other parameters are those of `elementwise` and `linear`. A rule returns a gradient of its input's shape.

    Parameters
    ----------
    outputs
        Whether the function returns a tuple of arrays, possibly a named tuple. In a rule, ``g`` is then a tuple with
        the gradient of each output: zeros if the output was not used, None if it is not a floating-point array;
        ``out`` is the tuple of outputs.
    jvp
        For each input, a forward rule: it takes ``t``, the tangent of the input, and then what it needs by name, and
        returns the tangent of the output. Forward mode does without them where the derivative rules are NumPy code.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import general, tensor
    >>> def spread(x, axis=-1):
    ...     return x.max(axis) - x.min(axis)
    >>> def spread_rule(g, x, axis):
    ...     high, low = x == x.max(axis, keepdims=True), x == x.min(axis, keepdims=True)
    ...     return g[..., None] * (high * 1.0 - low * 1.0)
    >>> spread = general(spread, spread_rule)
    >>> x = tensor([[1.0, 5.0, 2.0]], requires_grad=True)
    >>> spread(x).sum().backward()
    >>> x.grad
    Tensor([[-1.,  1.,  0.]])
    """
    details: dict[str, Any] = {"forward": forward, "name": name, "variadic": variadic}
    if jvp:
        details["jvp"] = forwards = tuple(jvp)
        _check_functions("general", *forwards)
        if variadic or len(forwards) != len(rules):
            raise DeclarationError(f"general() takes a forward rule for each of {len(rules)} inputs, which have names")
    return _declare("general", function, rules, aliases, outputs, **details)


def composed(function: ArrayFunction, *, method: bool = True) -> Callable[[F], F]:
    """Declare a NumPy function by decorating a Python function that composes it from other operations."""
    _check_functions("composed", function)

    def declare(composition: F) -> F:
        _check_functions("composed", composition)
        home, made = getattr(composition, "__module__", None), cast(Any, composition)
        _after_ours(home, function)
        if _is_ours(home):
            made.__name__ = made.__qualname__ = getattr(function, "__name__", "")
            made.__doc__ = made.__doc__ or function.__doc__
        operations[function] = composition
        if method:
            install(getattr(function, "__name__", ""), composition)
        return composition

    return declare


def not_differentiable(*functions: Function, methods: bool = False) -> None:
    """Declare NumPy functions that have no derivative: on tensors they return what they return on arrays.

    Only Python's operators return constant tensors instead. The array API standard requires operators to return its own
    arrays, and SciPy and scikit-learn would refuse to combine a tensor with an ndarray ``t > 0``: their functions begin
    by asking all operands for a common namespace.
    """
    _check_functions("not_differentiable", *functions)
    _after_ours(sys._getframe(1).f_globals.get("__name__"), *functions)
    for function in functions:
        plain.add(function)
        if methods:
            install(function.__name__, _on_arrays(function), operator=_operator(function))


def _check_functions(declaration: str, *functions: Any) -> None:
    for function in functions:
        if not callable(function):
            remedy = "" if function is not None else ": leave away the rule of a last argument that has no derivative"
            raise DeclarationError(f"{declaration}() declares functions, not {type(function).__name__}{remedy}")


def _is_ours(home: str | None) -> bool:
    return (home or "").partition(".")[0] in LIBRARIES


def _after_ours(home: str | None, *functions: Function) -> None:
    """Declare this package's operations for functions of NumPy now, if a program, the module `home`, declares others.

    Modules that were loaded afterwards would put their own operators in the place of the program's.
    """
    if _is_ours(home):
        return
    for function in functions:
        of_numpy = getattr(np, getattr(function, "__name__", ""), None) is function
        if of_numpy or (getattr(function, "__module__", None) or "").partition(".")[0] == "numpy":
            operation_of(function)


def install(name: str, function: Function, operator: Function | None = None) -> None:
    """Install `function` as the method `name` of tensors, and `operator` or `function` as the operator of that name."""
    if name not in vars(Tensor) or isinstance(vars(Tensor)[name], DeclaredLater):
        along_axes = "axis" in getattr(getattr(function, "__code__", None), "co_varnames", ())
        add_methods({name: method_of(name, function) if along_axes else function})
    symbol, operate = OPERATORS.get(name), operator or function
    if symbol is not None:
        setattr(Tensor, f"__{symbol}__", operate)
        if symbol not in ("neg", "pos", "abs", "invert", *_COMPARISONS):
            setattr(Tensor, f"__r{symbol}__", lambda y, x: operate(x, y))


def add_methods(attributes: Mapping[str, Any]) -> None:
    """Set methods and properties of tensors; libraries that wrap methods, such as pint, know them by ``__name__``."""
    for name, attribute in attributes.items():
        if hasattr(np.ndarray, name) and not hasattr(np.ndarray, getattr(attribute, "__name__", name)):
            attribute.__name__ = name
        setattr(Tensor, name, attribute)


def method_of(name: str, composition: Function) -> Function:
    """Return a method that computes a composition; its errors say what keywords of other libraries are called here."""

    @functools.wraps(composition)
    def method(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            refuse_keywords(f"'{name}'", kwargs)
            known: Any = getattr(np, name, None)
            if kwargs.get("out") is not None and operations.get(known) is composition:
                return known(*args, **kwargs)  # which writes to it
        return composition(*args, **kwargs)

    return method


def _operator(function: Function) -> Function:
    """Return the operator for `function`, which has no derivative."""
    if getattr(function, "nin", 2) == 1:
        return lambda x: _constant(function(unwrap(x)), function, x)
    return lambda x, y: _constant(function(unwrap(x), unwrap(y)), function, x, y)


def _constant(array: Any, function: Function, *inputs: Any) -> Tensor:
    result = Tensor(array)
    result._cut = cut_of(function, inputs, ON)
    return result


def _on_arrays(function: Function) -> Function:
    def method(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            refuse_keywords(f"'{function.__name__}'", kwargs)
        if any(isinstance(value, Tensor) for value in (*args[1:], *kwargs.values())):
            return function(*args, **kwargs)  # one of them may be an `out` to write to
        return on_arrays(function, *args, **kwargs)

    method.__name__, method.__doc__ = function.__name__, function.__doc__
    return method


def _check_name(kind: str, function: Function, rules: tuple[Rule, ...], name: Any) -> None:
    if name is not None and not isinstance(name, str):
        raise DeclarationError(f"{kind}() takes a name of type str, not {type(name).__name__}")
    if name is not None and not name.isidentifier():
        raise DeclarationError(f"{kind}() takes a name as functions have, without spaces and signs, not {name!r}")
    if not rules or not str(name or getattr(function, "__name__", "")).isidentifier():
        raise DeclarationError(
            f"{kind}({function!r}, ...) needs a derivative rule for each differentiable input, "
            f"and name='...' where the function has no name of its own"
        )


def _form(
    kind: str, forward: Function, rules: tuple[Rule, ...], variadic: bool, outputs: bool
) -> tuple[type[Primitive], Callable[[Any], Function]]:
    """Return the class of an operation, and the builder of the function that applies it."""
    if outputs:
        from .multi_output import ManyOutputs, several_outputs  # none of the operations that the package begins with

        return ManyOutputs, several_outputs
    if variadic:
        return ManyInputs, many
    if any(name in AT_CALL for rule in rules for name in argument_names(rule)):
        return ManyInputs, several_inputs
    parameters, _ = parameters_of(forward, len(rules))
    if kind in ("elementwise", "multilinear") and len(rules) == len(parameters) <= 2:
        return Primitive, unary if len(rules) == 1 else binary
    return (OneInput, one_input) if len(rules) == 1 else (ManyInputs, several_inputs)


def _declare(
    kind: str,
    function: Function,
    rules: tuple[Rule, ...],
    aliases: Iterable[Function],
    outputs: bool = False,
    **details: Any,
) -> Function:
    """Build the operation, register it for its function, and install it if that is a NumPy function."""
    if not isinstance(aliases, Iterable):
        raise DeclarationError(f"{kind}() takes aliases as a sequence of functions, not {type(aliases).__name__}")
    aliases, forward = tuple(aliases), details["forward"]
    _check_functions(kind, function, *rules, *aliases, *(() if forward is None else (forward,)))
    _check_name(kind, function, rules, details["name"])
    form, build = _form(kind, forward or function, rules, details.get("variadic", False), outputs)
    operation = form(kind, function, rules, **details)
    apply: Any = build(operation)
    apply.__name__ = apply.__qualname__ = operation.name
    apply.__doc__ = operation.function.__doc__
    apply.operation = operation
    operation.apply = apply
    if not operation.ours:
        _after_ours(None, operation.function, *aliases)
    for known in (operation.function, *aliases):
        operations[known] = apply
        # A function of a sequence of inputs, or of several, is not a method of one input, unless it is an operator.
        of_one = isinstance(known, np.ufunc) or (len(rules) == 1 and not operation.variadic)
        name = getattr(known, "__name__", "")
        if of_one and (getattr(np, name, None) is known or known is np.linalg.norm):
            install(name, apply)
    return apply  # type: ignore[no-any-return]  # the builders return functions
