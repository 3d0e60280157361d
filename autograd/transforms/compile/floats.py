"""Floats: Python's numbers among the arguments, which a program is given anew at each call.

While a function is recorded, a `TracedFloat` stands for each. NumPy's functions note it as they note arrays, and treat
it as the number that it is: ``x * rate`` stays float32 if x is. Arithmetic with other Python numbers gives further
ones, computed by the same arithmetic from the arguments of each call. Whatever Python itself asks, as in
``if rate > 0.1`` or ``math.exp(rate)``, is answered with the value and noted: a program whose questions have other
answers does not fit the call.

An integer that was another one at an earlier call is a `TracedInt`. It may decide shapes, indices and dtypes, so what
NumPy's functions do asks for its value, but for arithmetic with floating-point arrays, to which it is one of theirs.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...arrays.traced import Variable
from .program import ARGUMENT, Memory, Traced, mapped, traced_in
from .types import Leaves

LARGEST = 32  # operations in the arithmetic that a float comes from: what is longer is a constant of the program
_NUMBERS = (int, float, bool)  # what floats compute floats with
# What Python asks of a float, whose answer a program depends on.
_ASKED: dict[str, Callable[..., Any]] = {
    "bool": bool, "int": int, "trunc": int, "floor": math.floor, "ceil": math.ceil,
}  # fmt: skip

_array = np.array  # which is another one while a program is recorded

Fetch = Callable[[Sequence[Any]], Any]


@dataclass(slots=True, eq=False)
class Computed:
    """Returns what a function gives for numbers that come from the leaves of the arguments."""

    function: Callable[..., Any]
    args: tuple[Any, ...]

    def __call__(self, leaves: Sequence[Any]) -> Any:
        """Return it."""
        return self.function(*[x.fetch(leaves) if isinstance(x, TracedFloat) else x for x in self.args])


@dataclass(slots=True, eq=False)
class Question:
    """What was asked of floats, and the answer."""

    computed: Computed
    answer: Any
    line: str

    def has_that_answer(self, leaves: Leaves) -> bool:
        """Tell whether the answer is the same for other arguments, bit by bit."""
        try:
            found = self.computed(leaves)
        except (ArithmeticError, ValueError):
            return False
        if type(found) is not type(self.answer) or repr(found) != repr(self.answer):
            return False
        return type(found) is not float or math.copysign(1, found) == math.copysign(1, self.answer)  # of a nan


def itself(x: float) -> float:
    """Return a number."""
    return x


class TracedFloat(Variable):
    """A Python float that stands for one among the arguments, or for what is computed from such.

    Attributes
    ----------
    fetch
        Returns the float from the leaves of the arguments of a call.
    length
        How many operations `fetch` takes.
    """

    __slots__ = ("fetch", "length")

    def __init__(self, value: float, records: Any, fetch: Fetch, length: int = 0) -> None:
        super().__init__(value, records, Memory(ARGUMENT, value))
        self.fetch, self.length = fetch, length

    @property  # type: ignore[misc]  # a class attribute of object
    def __class__(self) -> Any:
        return type(self.value)

    def alone(self) -> Any:
        """Return the number, which the program then depends on."""
        return asked(itself, self)

    # What Python asks of the value

    def __round__(self, digits: int | None = None) -> Any:
        return asked(round, self, digits)

    def __format__(self, spec: str) -> str:
        return format(self.alone(), spec)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return _array(self.alone(), dtype, copy=copy)

    def __getattr__(self, name: str) -> Any:
        if not hasattr(self.value, name):
            raise AttributeError(f"'{self.__class__.__name__}' object has no attribute '{name}'")
        return getattr(self.alone(), name)

    def __copy__(self) -> TracedFloat:
        return self

    def __deepcopy__(self, memo: Any) -> TracedFloat:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.__class__, (self.alone(),)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self


class TracedInt(TracedFloat):
    """A Python integer that stands for one among the arguments, or for what is computed from such."""

    __slots__ = ()

    def __index__(self) -> int:
        return operator.index(self.alone())

    def __invert__(self) -> Any:
        return computed(operator.invert, self)


class TracedItem(TracedFloat):
    """A Python number that `item` takes out of an array, of each call anew: it may be returned, and nothing else.

    Attributes
    ----------
    of
        The array.
    """

    __slots__ = ("of",)

    def __init__(self, of: Traced) -> None:
        super().__init__(of.value.item(), of.records, _no_input)
        self.of = of

    def alone(self) -> Any:
        """Return the number, which a program cannot know."""
        what = "the item() of an array, which depends on its values, where it is not returned as it is"
        self.records.refuse(what, "compute with the array, or return the array or the item and compute outside")
        return self.value

    def __index__(self) -> int:
        return operator.index(self.alone())


def _no_input(leaves: Leaves) -> Any:
    raise AssertionError("a number that comes from no argument was asked for")


# The functions to which an integer beside arrays of floating-point numbers is such a number.
_ARITHMETIC = frozenset((
    np.add, np.subtract, np.multiply, np.true_divide, operator.add, operator.sub, operator.mul, operator.truediv,
))  # fmt: skip


def without_integers(function: Callable[..., Any] | None, given: Any) -> Any:
    """Return the arguments of a function of arrays with floats, or else values, in the place of integers."""
    others = [x for x in traced_in(given) if type(x) is not TracedInt]
    floating = function in _ARITHMETIC and all(isinstance(x, TracedFloat) or x.dtype.char in "fdFD" for x in others)
    floating = floating and any(not isinstance(x, TracedFloat) for x in others)

    def replaced(x: Any) -> Any:
        if type(x) is TracedItem:
            return x.alone()
        if type(x) is not TracedInt:
            return x
        return computed(float, x) if floating else x.alone()

    return mapped(replaced, given)


def asked(function: Callable[..., complex], *args: TracedFloat | float | None) -> Any:
    """Return what Python asks of floats; a program whose arguments give another answer does not fit."""
    records = _recorder_of(args)
    try:
        answer = function(*map(_value, args))
    except (ArithmeticError, ValueError):  # the function may catch it
        ask_for_values(args)
        raise
    records.note_question(Computed(function, args), answer)
    return answer


def computed(function: Callable[..., float], *args: TracedFloat | float) -> Any:
    """Return the float that arithmetic gives, to be computed at each call."""
    records = _recorder_of(args)
    try:
        value = function(*map(_value, args))
    except ArithmeticError:
        ask_for_values(args)
        raise
    length = 1 + sum(x.length for x in args if isinstance(x, TracedFloat))
    if type(value) not in (float, int) or length > LARGEST:
        ask_for_values(args)
        return value
    kind = TracedFloat if type(value) is float else TracedInt
    made = kind(value, records, Computed(function, args), length)
    return made if records.note_number(made) else value


def _value(x: Any) -> Any:
    if type(x) is TracedItem:
        return x.alone()
    return x.value if isinstance(x, TracedFloat) else x


def _recorder_of(args: tuple[Any, ...]) -> Any:
    return next(x.records for x in args if isinstance(x, TracedFloat))


def ask_for_values(given: Any) -> None:
    """Let the program depend on the values of floats, where what becomes of them is not noted."""
    for x in traced_in(given):
        if isinstance(x, TracedFloat):
            x.alone()


def power(x: float, y: float) -> float:
    """Return a power that is real; Python's is complex for some."""
    found = x**y
    if isinstance(found, complex):
        raise ArithmeticError("the power is complex")  # noqa: TRY004 - so that the function itself runs
    return float(found)


def _method(function: Callable[..., Any], swapped: bool, result: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    def operate(self: TracedFloat, other: Any) -> Any:
        args = (other, self) if swapped else (self, other)
        if type(other) in _NUMBERS or isinstance(other, TracedFloat):
            return result(function, *args)
        if isinstance(other, np.generic) and not isinstance(other, Variable):
            return self.records.call(function, args)
        if hasattr(type(other), "__array_ufunc__"):  # an array, a tensor, a batch, whose operators see to it
            return NotImplemented
        value = self.alone()
        return function(other, value) if swapped else function(value, other)

    return operate


def _power(function: Callable[..., Any], *args: Any) -> Any:
    """Return a power of numbers, which is another kind of number for some."""
    if type(operator.pow(*map(_value, args))) is not float:
        ask_for_values(args)
        return operator.pow(*map(_value, args))
    return computed(power, *args)


def _of_one(result: Callable[..., Any], function: Callable[..., Any]) -> Callable[[TracedFloat], Any]:
    return lambda self: result(function, self)


def _of_value(function: Callable[..., Any]) -> Callable[[TracedFloat], Any]:
    return lambda self: function(self.alone())


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    _function = getattr(operator, _name)
    _result = _power if _name == "pow" else computed
    setattr(TracedFloat, f"__{_name}__", _method(_function, False, _result))
    setattr(TracedFloat, f"__r{_name}__", _method(_function, True, _result))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(TracedFloat, f"__{_name}__", _method(getattr(operator, _name), False, asked))
for _name in ("and_", "or_", "xor", "lshift", "rshift"):
    setattr(TracedInt, f"__{_name.strip('_')}__", _method(getattr(operator, _name), False, computed))
    setattr(TracedInt, f"__r{_name.strip('_')}__", _method(getattr(operator, _name), True, computed))
for _name in ("neg", "pos", "abs"):
    setattr(TracedFloat, f"__{_name}__", _of_one(computed, getattr(operator, _name)))
for _name, _function in _ASKED.items():
    setattr(TracedFloat, f"__{_name}__", _of_one(asked, _function))
for _name in ("float", "complex", "hash", "repr", "str"):
    setattr(TracedFloat, f"__{_name}__", _of_value(getattr(builtins, _name)))
