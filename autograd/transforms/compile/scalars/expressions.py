"""Expressions: the text of arithmetic on floats, taken from the functions and rules that the engine applies itself.

Functions that only do arithmetic are called with objects that write down what is done with them; all others are called
by name in the text.
"""

from __future__ import annotations

import builtins
import math
import operator
import re
from collections.abc import Callable
from functools import partial
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from autograd.inside import RULES, Primitive, forward_of, is_arithmetic, slope_of

from ..quoting import identifier

_ATOM, _POWER, _SIGN, _PRODUCT, _SUM, _CONDITION = 5, 4, 3, 2, 1, 0
_BINARY = {
    operator.add: ("+", _SUM), operator.sub: ("-", _SUM), operator.mul: ("*", _PRODUCT),
    operator.truediv: ("/", _PRODUCT), operator.mod: ("%", _PRODUCT), operator.floordiv: ("//", _PRODUCT),
    operator.pow: ("**", _POWER), operator.lt: ("<", _CONDITION), operator.le: ("<=", _CONDITION),
    operator.gt: (">", _CONDITION), operator.ge: (">=", _CONDITION), operator.eq: ("==", _CONDITION),
    operator.ne: ("!=", _CONDITION),
}  # fmt: skip
_UNARY = {operator.neg: "-", operator.pos: "+"}
_SAFE = {operator.add, operator.sub, operator.mul, operator.neg, operator.pos, math.fabs}


# The names that a text itself uses, besides Python's: its variables, and what `writer` gives it.
_OWN = re.compile(
    r"args|kwargs|new|node|miss|link|counter|LEAF|Value|recording|recorder|held|made|environment|call|calls|outputs|"
    r"forward|backward|backward_carefully|data|one|(g_|d_)?[a-z]\d+"
)


class Names(dict[str, Any]):
    """The objects that a text refers to, by name."""

    def name(self, thing: Any, wish: str) -> str:
        """Return a name for an object: the one it has, or the one wished for, with a number if that is taken."""
        first = name = identifier(wish, "function")
        number = 1
        while not self._is_free(name, thing):
            number += 1
            name = f"{first}_{number}"
        self[name] = thing
        return name

    def _is_free(self, name: str, thing: Any) -> bool:
        if name in self:
            return self[name] is thing
        return not _OWN.fullmatch(name) and vars(builtins).get(name, thing) is thing


class _UndecidedError(Exception):
    """A function that is written down branches on a condition."""


class Text:
    """An expression of floats; operators return the expressions of their results."""

    __slots__ = ("rank", "text")

    def __init__(self, text: str, rank: int = _ATOM) -> None:
        self.text, self.rank = text, rank

    def within(self, rank: int) -> str:
        """Return the text as an operand of what binds as tightly as `rank`, in parentheses if it has to be."""
        return self.text if self.rank >= rank else f"({self.text})"

    def __repr__(self) -> str:
        return self.text


class _Condition(Text):
    """A comparison. The functions that are written down are run again for each outcome."""

    __slots__ = ("decisions",)

    decisions: list[bool]

    def __bool__(self) -> bool:
        if _taken:
            return _taken.pop(0)
        raise _UndecidedError(self.text)

    def __rmul__(self, x: Any) -> Text:
        one = Text(f"1.0 if {self.text} else 0.0", _CONDITION)
        return one if x == 1.0 else _joined(operator.mul, x, one)


_taken: list[bool] = []  # the outcomes of the comparisons to come, while a function is run again


def as_text(x: Any) -> Text:
    """Return the expression of a number, or an expression itself."""
    if isinstance(x, Text):
        return x
    text = repr(x)
    return Text(text, _SIGN if text[0] == "-" else _ATOM)


def _joined(function: Callable[..., Any], x: Any, y: Any) -> Text:
    symbol, rank = _BINARY[function]
    a, b = as_text(x), as_text(y)
    left = rank + 1 if rank in (_POWER, _CONDITION) else rank
    kind = _Condition if rank == _CONDITION else Text
    return kind(f"{a.within(left)} {symbol} {b.within(rank + 1)}", rank)


def _times(x: Any, y: Any) -> Any:
    if type(x) is float and x == 1.0:  # as exact as the product
        return y
    return x if type(y) is float and y == 1.0 else _joined(operator.mul, x, y)


for _function, (_, _rank) in _BINARY.items():
    _of_two: Any = _times if _function is operator.mul else partial(_joined, _function)
    setattr(Text, f"__{_function.__name__}__", lambda x, y, of_two=_of_two: of_two(x, y))
    if _rank != _CONDITION:
        setattr(Text, f"__r{_function.__name__}__", lambda y, x, of_two=_of_two: of_two(x, y))
for _sign, _symbol in _UNARY.items():
    setattr(Text, f"__{_sign.__name__}__", lambda x, s=_symbol: Text(f"{s}{x.within(_SIGN + 1)}", _SIGN))


def _written(function: Callable[..., Any], args: tuple[Any, ...], taken: tuple[bool, ...] = ()) -> Text:
    """Return the expression that a function which only does arithmetic computes from `args`."""
    _taken[:] = taken
    try:
        return as_text(function(*args))
    except _UndecidedError as undecided:
        yes, no = (_written(function, args, (*taken, outcome)) for outcome in (True, False))
        return Text(f"{yes.within(_SUM)} if {undecided} else {no.within(_CONDITION)}", _CONDITION)


def _only_arithmetic(function: Callable[..., Any]) -> bool:
    return isinstance(function, FunctionType) and not function.__code__.co_names and not function.__closure__


def called(function: Callable[..., object], args: tuple[Text, ...], names: Names, name: str = "") -> Text:
    """Return the text of a function of floats: an operator, its arithmetic, or a call by name."""
    if function in _BINARY:
        return _joined(function, *args)
    if function in _UNARY:
        return Text(f"{_UNARY[function]}{args[0].within(_SIGN + 1)}", _SIGN)
    if _only_arithmetic(function):
        return _written(function, args)
    name = names.name(function, name or getattr(function, "__name__", ""))
    return Text(f"{name}({', '.join(x.text for x in args)})")


def never_raises(function: Callable[..., object]) -> bool:
    """Tell whether a function of floats raises for none of them, so that it need not be called for its error."""
    return function in _SAFE or (_only_arithmetic(function) and function.__name__ == "relu")


def forward_text(op: Primitive, args: tuple[Text, ...], names: Names) -> Text:
    """Return the expression of an operation's result."""
    function = forward_of(op)
    known = isinstance(function, BuiltinFunctionType)
    return called(function, args, names, "" if known else op.name)


def slope_text(
    op: Primitive, index: int, args: tuple[Any, ...], out: Text, names: Names, *, carefully: bool
) -> Text | float:
    """Return the expression of a derivative, a float if it is one number.

    `args` are texts, or floats where the inputs are constants. With `carefully`, arithmetic that may raise where the
    engine gives an infinite derivative is written as a call of the engine's own function.
    """
    shapes = [()] * len(args)
    if _can_be_written(op, index, args):
        written = _slope(op.rules[index], op.getter(index)((*args, out, *shapes)))
        if isinstance(written, float) or not (carefully and any(x in written.text for x in ("/", "%", "**"))):
            return written
    name = names.name(_slope_function(op, index), f"slope_of_{op.name}" + (f"_{index + 1}" if index else ""))
    return Text(f"{name}(({', '.join([as_text(x).text for x in (*args, out)] + ['()'] * len(args))}))")


_slopes: dict[int, tuple[Primitive, list[Callable[..., float]]]] = {}


def _slope_function(op: Primitive, index: int) -> Callable[..., float]:
    """Return the engine's function of a slope: the same one each time, so that it has one name."""
    if id(op) not in _slopes:
        _slopes[id(op)] = op, [slope_of(op, i) for i in range(len(op.rules))]
    return _slopes[id(op)][1][index]


def _slope(rule: Callable[..., Any], kept: tuple[Any, ...]) -> Text | float:
    _taken[:] = ()
    try:
        found = rule(1.0, *kept)
    except _UndecidedError:
        return _written(rule, (1.0, *kept))
    return found if isinstance(found, Text) else float(found)


def _can_be_written(op: Primitive, index: int, args: tuple[Any, ...]) -> bool:
    """Tell whether a rule only does arithmetic; that of powers does where the exponent is a number."""
    rule: Any = op.rules[index]
    of_numbers = not rule.__code__.co_names or (rule is RULES[np.power][0] and type(args[1]) is float)
    return of_numbers and not op.at_call[index] and is_arithmetic(op, index)
