"""Expressions: the text of variables, calls and their arguments, and the objects that a program's text refers to."""

from __future__ import annotations

import math
import operator
import re
from typing import Any

import numpy as np

from ...arrays.select import are_rows, select
from ...arrays.traced import Traced, Variable, plain
from .floats import Computed, TracedFloat
from .program import HELD, Argument, ArrayOf, Call, Entered, Fixed, GradientOf
from .quoting import identifier, is_literal, literal
from .types import ArrayArgument

ndarray = np.ndarray

# Arithmetic that takes a 0-d array in place of a Python number, which NumPy would have to convert each time.
_ARITHMETIC = frozenset((
    np.add, np.subtract, np.multiply, np.true_divide, np.maximum, np.minimum, np.greater, np.greater_equal, np.less,
    np.less_equal, np.equal, np.not_equal, np.power, np.remainder, np.floor_divide, np.fmod, np.arctan2, np.hypot,
    np.fmax, np.fmin, np.copysign, np.logaddexp,
))  # fmt: skip
_NAMED = frozenset((np.maximum, np.minimum))  # whose third argument NumPy does not take by its place
_OWN = re.compile(r"leaves|make|before|slice|v|[vx]\d+")  # the names that the text itself uses


class Expressions:
    """Names and texts for what a program computes with.

    Parameters
    ----------
    name
        That of the function that the text defines.
    parted
        Whether it is several functions in turn, whose variables are the items of a list.
    """

    def __init__(self, name: str, parted: bool) -> None:
        self.name = identifier(name, "function")
        if self.name == "slice":  # which the text calls
            self.name = "function"
        self.parted = parted
        self.names: dict[int, str] = {}  # of variables
        self.newest = -1  # the number of the last one
        self.fixed: dict[int, Any] = {}  # arrays that stay the same each time, by their variables
        self.scope: dict[str, Any] = {}  # what the text refers to
        self.named: dict[int, tuple[str, Any]] = {}  # the names of objects, by identity
        self.counts: dict[str, int] = {}  # how many names begin alike
        self.zeros_d: dict[Any, Any] = {}

    def name_of(self, value: Any, hint: str = "c") -> str:
        """Return the name of an object, which it has from the first time on."""
        known = self.named.get(id(value))
        if known is None:
            name = self.new_name(identifier(hint, "c"))
            self.scope[name] = value
            known = self.named[id(value)] = name, value
        return known[0]

    def new_name(self, hint: str) -> str:
        """Return a name that nothing has."""
        while True:
            number = self.counts[hint] = self.counts.get(hint, 0) + 1
            name = hint if number == 1 else f"{hint}_{number}"
            if name not in self.scope and name != self.name and not _OWN.fullmatch(name):
                return name

    def variable(self, x: Traced) -> str:
        """Return the name of a variable."""
        name = self.names.get(id(x))
        if name is None:
            name = self.names[id(x)] = self.name_of(self.fixed[id(x)], "held" if x.memory.kind == HELD else "b")
        return name

    def text(self, x: Any) -> str:
        """Return the text of an argument."""
        kind = type(x)
        if issubclass(kind, Variable):
            return self.variable(x)
        if isinstance(x, tuple):
            name = self.name_of(kind, kind.__name__) if hasattr(x, "_fields") else ""
            return f"{name}(" + "".join(f"{self.text(part)}, " for part in x) + ")"
        if kind is list:
            return "[" + ", ".join(map(self.text, x)) + "]"
        if kind is slice:
            return f"slice({self.text(x.start)}, {self.text(x.stop)}, {self.text(x.step)})"
        if is_literal(x):
            return literal(x)
        if x is Ellipsis:
            return "..."
        return self.name_of(x, getattr(x, "__name__", "c"))

    def key(self, key: Any) -> str:
        """Return the text of an index, as between brackets."""
        if type(key) is slice and not any(isinstance(part, Variable) for part in (key.start, key.stop, key.step)):
            parts = ["" if part is None else self.text(part) for part in (key.start, key.stop)]
            return ":".join(parts) + ("" if key.step is None else f":{self.text(key.step)}")
        if type(key) is tuple and key:
            return ", ".join(map(self.key, key)) + ("," if len(key) == 1 else "")
        return self.text(key)

    def new_variable(self, x: Traced) -> str:
        """Return a new name for a variable."""
        name = self.names[id(x)] = self.new_local()
        return name

    def new_local(self, hint: str = "") -> str:
        """Return a name for what each run computes anew."""
        if hint and not self.parted:
            return self.new_name(hint)
        self.newest = max(self.newest + 1, len(self.names))  # of which some are forgotten where shadows go back
        return f"v[{self.newest}]" if self.parted else f"v{self.newest}"

    def keywords(self, kwargs: dict[str, Any]) -> list[str]:
        """Return arguments with names, also such as are no names to Python's grammar."""
        return [
            f"{name}={self.text(value)}" if identifier(name, "") else f"**{{{literal(name)}: {self.text(value)}}}"
            for name, value in kwargs.items()
        ]

    def call(
        self, function: Any, args: tuple[ArrayArgument, ...], kwargs: dict[str, ArrayArgument], last: str = ""
    ) -> str:
        """Return the text of a call; `last` is that of one more argument, the memory for its result."""
        if function is operator.getitem:
            if are_rows(plain(args[0]), plain(args[1])):
                return f"{self.text(args[0])}.take({self.text(args[1])}, 0)"
            return f"{self.text(args[0])}[{self.key(args[1])}]"
        if function is operator.setitem:
            return f"{self.text(args[0])}[{self.key(args[1])}] = {self.text(args[2])}"
        named = self.keywords(kwargs)
        if isinstance(function, np.ufunc) and "out" in kwargs:
            named = self.keywords({name: value for name, value in kwargs.items() if name != "out"})
            last = self.text(kwargs["out"])
            named, last = [*named, f"out={last}"] if named or function in _NAMED else [last], ""
        positional = list(map(self.text, args))
        end = [last] if last else []
        if last and not last.startswith("out=") and (named or function in _NAMED):
            end = [f"out={last}"]
        of_array = function is np.dot and isinstance(args[0], Traced) and isinstance(args[0].value, ndarray)
        if of_array or getattr(function, "__objclass__", None) is ndarray:  # the method dot takes less time
            return f"{positional[0]}.{function.__name__}({', '.join([*positional[1:], *named, *end])})"
        if type(function).__name__ == "_attribute":
            return f"{positional[0]}.{function.name}"
        owner = getattr(function, "__self__", None)
        if isinstance(owner, np.ufunc):
            called = f"{self.name_of(owner, owner.__name__)}.{function.__name__}"
        elif function is np.where and len(args) == 3:
            called = self.name_of(select, "where")
        else:
            called = self.text(function.entry if isinstance(function, Entered) else function)
        return f"{called}({', '.join([*positional, *named, *end])})"

    def source(self, fetch: Any) -> str:
        """Return the text of what a function of the leaves of the arguments returns."""
        if isinstance(fetch, Argument):
            return f"leaves[{fetch.index}]"
        if isinstance(fetch, ArrayOf):
            return f"{self.source(fetch.fetch)}._array"
        if isinstance(fetch, GradientOf):
            return f"{self.source(fetch.fetch)}._grad._array"
        if isinstance(fetch, Fixed):
            return self.name_of(fetch.value, "tensor")
        if isinstance(fetch, Computed):
            given = ", ".join(self.source(x.fetch) if isinstance(x, TracedFloat) else self.text(x) for x in fetch.args)
            return f"{self.text(fetch.function)}({given})"
        return f"{self.name_of(fetch, 'source')}(leaves)"

    def as_arrays(self, call: Call) -> tuple[ArrayArgument, ...]:
        """Return arguments with Python numbers as 0-d arrays of the dtype of the arrays beside them."""
        args = call.args
        if call.function not in _ARITHMETIC or call.kwargs.get("dtype") is not None:  # which may hold more digits
            return args
        dtypes = {x.dtype for x in args if isinstance(x, Traced)}
        if len(dtypes) != 1 or next(iter(dtypes)).kind not in "iufc":
            return args
        (dtype,) = dtypes
        made = []
        for x in args:
            if (type(x) is float and dtype.kind in "fc") or type(x) is int:
                key = dtype, x, type(x) is float and str(x)  # -0.0
                if key not in self.zeros_d:
                    self.zeros_d[key] = _as_array(x, dtype)
                x = self.zeros_d[key]
            made.append(x)
        return tuple(made)


def _as_array(x: Any, dtype: Any) -> Any:
    """Return a Python number as a 0-d array; the number itself if the dtype has no room for it."""
    try:
        with np.errstate(over="ignore"):
            made = np.array(x, dtype)
    except OverflowError:  # 300 of uint8, which NumPy compares all the same
        return x
    return made if np.isfinite(made) == math.isfinite(x) else x
