"""`Value`: a Python float with a gradient, in a graph: the whole engine on one number.

A value is its own node. An operation stores the slopes, which are the derivatives of the result by each input, as plain
floats; the backward pass is then a multiplication and an addition for each. That also leaves the garbage collector only
one object to inspect for each operation, and that inspection is most of the cost of scalar engines.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from contextvars import ContextVar
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from ..calculus import RULES, logistic
from ..errors import AnomalyError, DomainError, UnsupportedError, in_library
from ..foreign.missing import NAMES, install, listed
from ..graph.grad_mode import ANOMALY, OFF, ON, TRACING, enable_grad, recording, watching
from ..graph.instrumentation import value_observer
from ..graph.node import LEAF, Operation, ancestors, counter
from ..primitives.primitive import Function, Primitive
from ..tensors.conversions import refuse_copy, refuse_value
from ..tensors.dispatch import fronts, is_plain, operation_of, plain
from .functions import PRIMITIVES, explain, forward_of, relu, slope_of

Number: TypeAlias = float | np.floating[Any] | np.integer[Any] | np.bool_

new = object.__new__

# Called with each `Value` that is computed and the mode in which it was, while a function of values is being compiled;
# with None in place of the value where an operation raised an error.
value_recorder: ContextVar[Callable[[Any, int], None] | None] = ContextVar("value_recorder", default=None)


def _number(x: Any) -> float | None:
    """Return `x` as a float if it is a real number of Python or NumPy, else None."""
    if isinstance(x, Real | np.bool_) or (isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind in "biuf"):
        return float(x)
    return None


def _build(op: Primitive) -> Callable[..., Value]:
    """Return the function that applies `op` to values."""
    apply = _unary(op) if len(op.rules) == 1 else _binary(op)
    apply.__name__ = apply.__qualname__ = op.name
    apply.__doc__ = f"Return the `{op.name}` of the value{' and another' * (len(op.rules) - 1)}, recorded."
    return apply


def _unary(op: Primitive) -> Callable[[Value], Value]:
    forward, slope = forward_of(op), slope_of(op, 0)

    def apply(x: Value) -> Value:
        a = x.data
        out = new(Value)
        try:
            out.data = z = forward(a)
        except (ArithmeticError, ValueError) as error:
            raise _failed(op, error, a) from None
        out.x = x
        out.y = None
        out.dx = slope((a, z, ()))
        out.dy = out.grad = 0.0
        out.op = op
        out.number = next(counter)
        mode = recording()
        return out if mode == ON else _settle(out, mode)

    return apply


def _binary(op: Primitive) -> Callable[[Any, Any], Value]:
    forward, slope_x, slope_y = forward_of(op), slope_of(op, 0), slope_of(op, 1)

    def apply(x: Any, y: Any) -> Any:
        out = new(Value)
        for_x = isinstance(x, Value)
        for_y = isinstance(y, Value)
        a = x.data if for_x else _number(x)
        b = y.data if for_y else _number(y)
        if a is None or b is None:
            return NotImplemented
        try:
            out.data = z = forward(a, b)
        except (ArithmeticError, ValueError) as error:
            raise _failed(op, error, a, b) from None
        pool = (a, b, z, (), ())
        if for_x:
            out.x = x
            out.dx = slope_x(pool)
        else:
            out.x = None
            out.dx = a
        if for_y:
            out.y = y
            out.dy = slope_y(pool)
        else:
            out.y = None
            out.dy = b
        out.grad = 0.0
        out.op = op
        out.number = next(counter)
        mode = recording()
        return out if mode == ON else _settle(out, mode)

    return apply


def _failed(op: Primitive, error: Exception, *values: float) -> DomainError:
    """Return the error to raise instead of `error`, which `op` raised for `values`."""
    if (record := value_recorder.get()) is not None:
        record(None, OFF)
    return explain(op.name, error, *values)


def _settle(value: Value, mode: int) -> Value:
    """Apply a mode other than plain recording: make `value` a constant, call the observer, or refuse nan and inf."""
    if (record := value_recorder.get()) is not None:
        record(value, mode)
    if mode == OFF:
        value.op = LEAF
        value.x = value.y = None
    elif mode & TRACING and (tell := value_observer.get()) is not None:
        tell(value)
    if mode & ANOMALY and not math.isfinite(value.data):
        inputs = [value.dx if value.x is None else value.x.data, value.dy if value.y is None else value.y.data]
        call = ", ".join(map(repr, inputs[: len(value.op.inputs(value))]))  # type: ignore[arg-type]  # its own node
        raise AnomalyError(f"'{value.op.name}' gave {value.data} for ({call})")
    return value


_FUNCTIONS = {function: _build(op) for function, op in PRIMITIVES.items()}
_ADD, _MULTIPLY, _RELU = PRIMITIVES[np.add], PRIMITIVES[np.multiply], PRIMITIVES[relu]
_add, _multiply = _FUNCTIONS[np.add], _FUNCTIONS[np.multiply]


_method: Callable[[Function], Callable[[Value], Value]] = _FUNCTIONS.__getitem__


@functools.lru_cache(maxsize=64)
def _rounding(digits: int) -> Callable[[Value], Value]:
    """Return a function that rounds a value to `digits` decimal places."""
    return _unary(Primitive("elementwise", lambda x: round(x, digits), RULES[np.rint], name="round"))


def _method_of_two(function: Function) -> Callable[[Value, Value | Number], Value]:
    apply = _FUNCTIONS[function]

    @functools.wraps(apply)
    def method(x: Value, y: Value | Number) -> Value:
        out = apply(x, y)
        if out is NotImplemented:
            raise TypeError(f"'{apply.__name__}' takes a number or a Value, not {type(y).__name__} {y!r}")
        return out

    return method


def _reflected(function: Function) -> Callable[[Value, Value | Number], Value]:
    apply = _FUNCTIONS[function]
    return lambda y, x: apply(x, y)


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[[Value, Value | Number], bool]:
    return lambda x, y: bool(compare(x.data, y.data if isinstance(y, Value) else y))


def _whole_number(of: Callable[[Any], int]) -> Callable[[Value], int]:
    return lambda x: of(x.data)


class Value:
    """A number that remembers how it was computed, so that `backward` can differentiate it by all that it depends on.

    Operators and NumPy's elementwise functions, also as methods of the same names, take any mix of values and numbers
    and return values. An input outside a function's domain raises a `DomainError`. Values compare by size with ``<``
    and the like, but ``==`` and hashing use identity: two values are two nodes of the graph.

    Copies and pickles of a value have its number and gradient, not its history.

    Parameters
    ----------
    data
        A real number of Python or NumPy; it is stored as a float.

    Attributes
    ----------
    data
        The number. Assigning to it, as an update of a parameter does, is not recorded.
    grad
        The derivative, by this value, of the value that `backward` was last called on; 0.0 before that. In a leaf,
        which is a value that no operation made, it accumulates over calls until it is set to 0 again.
    op, x, y, number
        The operation that made the value, the values among its inputs (or None), and its position in the order of
        creation: the attributes of a node in `autograd.graph.node`.
    dx, dy
        The derivative of the value by `x` and `y`; where one of these is None, the input number instead.

    Raises
    ------
    TypeError
        If `data` is not a real number.

    Examples
    --------
    >>> from autograd import Value
    >>> a, b = Value(-4.0), Value(2)
    >>> c = a * b + b**3
    >>> c
    Value(data=0.0, grad=0.0)
    >>> c.backward()
    >>> a.grad, b.grad
    (2.0, 8.0)
    """

    __slots__ = ("data", "dx", "dy", "grad", "number", "op", "x", "y")

    data: float
    grad: Any  # a float, or a Value after backward(create_graph=True)
    op: Operation
    x: Value | None
    y: Value | None
    dx: float
    dy: float
    number: int

    def __init__(self, data: Number, **elsewhere: Any) -> None:
        if elsewhere:
            raise _unknown(elsewhere)
        number = data if type(data) is float else _number(data)
        if number is None:
            become = getattr(data, "become", None)  # of a number that is being recorded by `compile`
            if become is None:
                raise TypeError(f"a Value holds one real number, not {type(data).__name__} {data!r}")
            number = become(self)
        self.data = number
        self.x = self.y = None
        self.dx = self.dy = self.grad = 0.0
        self.op = LEAF
        self.number = next(counter)

    # The three operations that networks are made of are written out, for speed. A test compares them with `calculus`.

    def __add__(self, other: Value | Number) -> Value:
        if type(other) is Value:
            out = new(Value)
            out.data = self.data + other.data
            out.y = other
            out.dy = 1.0
        elif type(other) is float:
            out = new(Value)
            out.data = self.data + other
            out.y = None
            out.dy = other
        else:
            return _add(self, other)
        out.x = self
        out.dx = 1.0
        out.grad = 0.0
        out.op = _ADD
        out.number = next(counter)
        mode = recording()
        return out if mode == ON else _settle(out, mode)

    def __mul__(self, other: Value | Number) -> Value:
        if type(other) is Value:
            out = new(Value)
            out.dy = a = self.data
            out.dx = b = other.data
            out.data = a * b
            out.y = other
        elif type(other) is float:
            out = new(Value)
            out.data = self.data * other
            out.y = None
            out.dx = out.dy = other
        else:
            return _multiply(self, other)
        out.x = self
        out.grad = 0.0
        out.op = _MULTIPLY
        out.number = next(counter)
        mode = recording()
        return out if mode == ON else _settle(out, mode)

    def relu(self) -> Value:
        """Return the value if it is positive, else 0; the derivative at 0 is 0."""
        out = new(Value)
        a = self.data
        out.data = 0.0 if a <= 0 else a
        out.dx = 1.0 if a > 0 else 0.0
        out.x = self
        out.y = None
        out.dy = out.grad = 0.0
        out.op = _RELU
        out.number = next(counter)
        mode = recording()
        return out if mode == ON else _settle(out, mode)

    # Operators

    __radd__, __rmul__ = _reflected(np.add), _reflected(np.multiply)
    __sub__, __rsub__ = _FUNCTIONS[np.subtract], _reflected(np.subtract)
    __truediv__, __rtruediv__ = _FUNCTIONS[np.divide], _reflected(np.divide)
    __pow__, __rpow__ = _FUNCTIONS[np.power], _reflected(np.power)
    __mod__, __rmod__ = _FUNCTIONS[np.remainder], _reflected(np.remainder)
    __floordiv__, __rfloordiv__ = _FUNCTIONS[np.floor_divide], _reflected(np.floor_divide)
    __neg__, __pos__, __abs__ = map(_method, (np.negative, np.positive, np.absolute))
    __lt__, __le__, __gt__, __ge__ = map(_comparison, (operator.lt, operator.le, operator.gt, operator.ge))

    # Functions

    add, subtract, multiply, divide = map(_method_of_two, (np.add, np.subtract, np.multiply, np.divide))
    power, float_power = map(_method_of_two, (np.power, np.float_power))
    remainder, fmod, copysign, hypot = map(_method_of_two, (np.remainder, np.fmod, np.copysign, np.hypot))
    maximum, minimum, fmax, fmin = map(_method_of_two, (np.maximum, np.minimum, np.fmax, np.fmin))
    logaddexp, logaddexp2, arctan2 = map(_method_of_two, (np.logaddexp, np.logaddexp2, np.arctan2))
    floor_divide, heaviside, nextafter = map(_method_of_two, (np.floor_divide, np.heaviside, np.nextafter))
    floor, ceil, trunc, rint, sign, spacing = map(_method, (np.floor, np.ceil, np.trunc, np.rint, np.sign, np.spacing))
    negative, positive, absolute, fabs = map(_method, (np.negative, np.positive, np.absolute, np.fabs))
    reciprocal, square, sqrt, cbrt = map(_method, (np.reciprocal, np.square, np.sqrt, np.cbrt))
    exp, exp2, expm1 = map(_method, (np.exp, np.exp2, np.expm1))
    log, log2, log10, log1p = map(_method, (np.log, np.log2, np.log10, np.log1p))
    sin, cos, tan = map(_method, (np.sin, np.cos, np.tan))
    arcsin, arccos, arctan = map(_method, (np.arcsin, np.arccos, np.arctan))
    sinh, cosh, tanh = map(_method, (np.sinh, np.cosh, np.tanh))
    arcsinh, arccosh, arctanh = map(_method, (np.arcsinh, np.arccosh, np.arctanh))
    degrees, rad2deg, radians, deg2rad = map(_method, (np.degrees, np.rad2deg, np.radians, np.deg2rad))
    sigmoid = _method(logistic)

    # Gradients

    def backward(self, create_graph: bool = False) -> None:
        """Compute the derivative of this value by every value that it was computed from, and store it in `grad`.

        In leaves the derivative is added to `grad`; in other values it replaces that of the last call. The graph is not
        freed, so this can be called again. A derivative of 0 ends a path: it stays 0 even if it meets an infinite
        slope.

        Parameters
        ----------
        create_graph
            Record the derivatives too: each `grad` is then a `Value` that can be differentiated again. It may refer to
            the value whose gradient it is; set `grad` to 0 to break that cycle.

        Raises
        ------
        DomainError
            With `create_graph`, if a derivative is undefined or infinite.
        AnomalyError
            Within `detect_anomaly`, if a derivative is nan or infinite.

        Examples
        --------
        >>> from autograd import Value
        >>> x = Value(2.0)
        >>> (x**3).backward(create_graph=True)
        >>> first, x.grad = x.grad, 0.0
        >>> first.backward()
        >>> first.data, x.grad
        (12.0, 12.0)
        """
        order: list[Any] = ancestors([self])  # type: ignore[list-item]  # a value has the attributes of a node
        if create_graph:
            _go_back_recording(self, order)
            return
        for node in order:
            if node.op is not LEAF:
                node.grad = 0.0
        self.grad += 1.0
        if CallOperation.exist:
            _go_back_through_calls(order)
        else:
            for node in reversed(order):
                g = node.grad
                if g:
                    x = node.x
                    if x is not None:
                        x.grad += g * node.dx
                    x = node.y
                    if x is not None:
                        x.grad += g * node.dy
        if watching() & ANOMALY:
            _check_gradients(order)

    # NumPy's protocols

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            if any(isinstance(x, np.ndarray) and x.ndim for x in inputs):
                return _with_arrays(ufunc, inputs)
            if ufunc in plain:
                return ufunc(*[x.data if isinstance(x, Value) else x for x in inputs])
            apply = _FUNCTIONS.get(ufunc) or operation_of(ufunc)
            if apply is not None:
                return apply(*inputs)
        raise _unsupported(ufunc.__name__ + ("" if method == "__call__" else f".{method}"), kwargs)

    def __array_function__(self, function: Function, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if function is np.where and len(args) == 3:
            condition, x, y = args
            return x if condition else y
        if function in (np.round, np.around) and len(args) + len(kwargs) <= 2:
            return round(*args, *kwargs.values())
        if is_plain(function):
            options = {name: x.data if isinstance(x, Value) else x for name, x in kwargs.items()}
            return function(*[x.data if isinstance(x, Value) else x for x in args], **options)
        raise _unsupported(function.__name__, kwargs)

    # Python's protocols

    def __divmod__(self, other: Value | Number) -> tuple[Value, Value]:
        return self // other, self % other

    def __rdivmod__(self, other: Number) -> tuple[Value, Value]:
        return other // self, other % self

    def __round__(self, digits: int | None = None) -> Value:
        return _rounding(digits or 0)(self)

    def __float__(self) -> float:
        refuse_value(self)
        return float(self.data)  # which NumPy may have computed

    __int__, __trunc__ = _whole_number(int), _whole_number(math.trunc)
    __floor__, __ceil__ = _whole_number(math.floor), _whole_number(math.ceil)

    def __bool__(self) -> bool:
        return self.data != 0

    def __dir__(self) -> list[str]:
        return listed(self, super().__dir__())

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={float(self.grad)})"

    def __reduce__(self) -> tuple[Any, ...]:
        refuse_copy(self, "copying this value", "value")
        return Value, (self.data,), (None, {"grad": float(self.grad)})


install(Value, fixed=("label", "_prev", "_op", "_backward"))


def _unknown(keywords: dict[str, Any]) -> TypeError:
    """Return the error for keyword arguments that `Value` does not take, including those of micrograd."""
    name = next(iter(keywords))
    known = NAMES["Value"].get(name)
    here = ", but one real number" if known is None else f": here it is {known.replace('`', '')}"
    return TypeError(f"a Value takes no {name}={here}")


class CallOperation:
    """The operation of a node that stands for a whole call of a compiled function.

    Attributes
    ----------
    name
        The name of the function.
    go_back
        Called with the nodes of calls that follow each other, the last first: adds the gradient of each to those of all
        that the call read.
    """

    exist = False  # until the first one is made: backward passes need not look for them before

    def __init__(self, name: str, go_back: Callable[[list[Value]], None]) -> None:
        self.name, self.go_back = name, go_back
        CallOperation.exist = True

    def inputs(self, node: Value) -> tuple[Value | None, ...]:
        """Return the values that the call was given and that operations made."""
        return node.x, node.y


class OutputOperation:
    """The operation of one of several results of a call, whose gradients the node of the call, `x`, has in a list."""

    def __init__(self, name: str, index: int, count: int) -> None:
        self.name, self.index, self.count = name, index, count

    def inputs(self, node: Value) -> tuple[Value | None, ...]:
        """Return the node of the call."""
        return (node.x,)


def _go_back_through_calls(order: list[Any]) -> None:
    """Do as `backward` does, where the graph may have calls of compiled functions among its nodes."""
    calls: list[Any] = []
    for node in reversed(order):
        op = node.op
        if op is LEAF:
            continue
        if calls and calls[0].op is not op:
            calls[0].op.go_back(calls)
            calls = []
        kind = type(op)
        if kind is CallOperation:
            calls.append(node)
        elif kind is OutputOperation:
            call = node.x
            call.grad = call.grad or [0.0] * op.count
            call.grad[op.index] = node.grad
        elif g := node.grad:
            x = node.x
            if x is not None:
                x.grad += g * node.dx
            x = node.y
            if x is not None:
                x.grad += g * node.dy
    if calls:
        calls[0].op.go_back(calls)


def _go_back_recording(root: Value, order: list[Value]) -> None:
    """Set the gradients of `order` to values, computed with values by the rules of `calculus`."""
    for node in order:
        if isinstance(node.op, CallOperation):
            raise UnsupportedError(
                f"backward(create_graph=True) goes back through a call of {node.op.name}, which was compiled: second "
                f"derivatives are those of the function itself, before compile"
            )
    gradients = {root: Value(1.0)}
    with enable_grad():
        for node in reversed(order):
            if node not in gradients:
                continue
            for index, x in enumerate((node.x, node.y)):
                gx = None if x is None else _derivative(node, index, gradients[node])
                if x is not None and gx is not None:
                    gradients[x] = gradients[x] + gx if x in gradients else gx
        for node in order:
            gradient = gradients[node] if node in gradients else Value(0.0)
            held = node.grad if node.op is LEAF else 0.0
            node.grad = held + gradient if isinstance(held, Value) or held else gradient


def _derivative(node: Value, index: int, g: Value) -> Value | None:
    """Apply a rule of the operation of `node` to `g`; None if `g` is 0 and the derivative is undefined."""
    op: Any = node.op
    inputs = [node.dx if node.x is None else node.x, node.dy if node.y is None else node.y][: len(op.rules)]
    pool = (*inputs, node, *[()] * len(inputs))
    at_call = dict.fromkeys(op.at_call[index])
    try:
        gx = op.rules[index](g, *_getters(op)[index](pool), **at_call)
    except DomainError as error:
        if g.data == 0:
            return None
        message = f"the derivative of {op.name} at {', '.join(str(float(x)) for x in inputs)} is undefined: {error}"
        raise type(error)(message) from error
    gx = gx if isinstance(gx, Value) else Value(gx)
    return None if g.data == 0 and math.isnan(gx.data) else gx


@functools.lru_cache(maxsize=256)
def _getters(op: Primitive) -> list[Callable[[tuple[Any, ...]], tuple[Any, ...]]]:
    return [op.getter(index) for index in range(len(op.rules))]


def _check_gradients(order: list[Value]) -> None:
    for node in reversed(order):
        for x in (node.x, node.y):
            if x is not None and not isinstance(node.op, OutputOperation) and not math.isfinite(x.grad):
                raise AnomalyError(f"the derivative of '{node.op.name}' gave {x.grad} for the input {x.data}")


def _with_arrays(ufunc: np.ufunc, inputs: tuple[Any, ...]) -> Any:
    """Apply `ufunc` element by element to arrays of values; refuse arrays of numbers."""
    if all(x.dtype == object for x in inputs if isinstance(x, np.ndarray)):
        return ufunc(*[np.array(x, dtype=object) if isinstance(x, Value) else x for x in inputs])
    raise UnsupportedError(
        f"numpy.{ufunc.__name__} of an array and a Value: a Value is one number. Use a Tensor for arrays, or make an "
        f"array of values with numpy.array([...], dtype=object)"
    )


def _unsupported(name: str, options: dict[str, Any]) -> UnsupportedError:
    what = in_library(name) + (f" with {', '.join(sorted(options))}=" if options else "")
    return UnsupportedError(
        f"{what} is not defined for a Value. For the number alone, pass value.data; to differentiate an elementwise "
        f"function, declare it with autograd.elementwise; for functions of arrays, use a Tensor"
    )


_declared = functools.lru_cache(maxsize=256)(_build)


def _apply_declared(op: Primitive, *values: Any) -> Any:
    """Apply an operation that a user declared for tensors to values."""
    if op.kind != "elementwise":
        raise _unsupported(op.name, {})
    apply = _FUNCTIONS.get(op.function) or _declared(op)
    return apply(*values)


fronts[Value] = _apply_declared
