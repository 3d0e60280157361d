"""Groups: the calls of a program that one loop computes, and the plan that they become, call by call.

A group runs where it ends: before the first call that needs one of its results, or writes to what it reads. Calls
between its own that do neither run before it. What the group writes to several times in place is a value for each time,
and only the last is stored, if anything reads it.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..floats import TracedFloat
from ..loops.loop import Unsuitable
from ..program import MADE, Call, Memory, Traced
from ..types import ArrayArgument
from .operations import ARITHMETIC, COMPARISONS, LOGIC, REDUCTIONS, UFUNCS, power_of
from .plan import COLUMN, DTYPES, FULL, NUMBER, Plan, Value, kind_of_operand

LONGEST = 4096  # elements of a row that is added up in an order of its own: NumPy's sums of more are more accurate
FEWEST = 2  # operations: fewer are left to NumPy
KEPT = 1 << 17  # bytes of a row that are kept for later passes
WRITES = frozenset((operator.setitem, np.copyto))
_WHOLE = (Ellipsis, (), slice(None))


class Group:
    """Calls on arrays of one shape, in order, and the plan of the loop that computes them.

    Attributes
    ----------
    calls
        Those of the group, views of its results among them.
    inputs
        The arrays that it reads, in the order of the plan's inputs.
    current
        The value that each memory has, which a call of the group made or wrote to.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape, self.plan = shape, Plan(shape)
        self.calls: list[Call] = []
        self.inputs: list[Any] = []
        self.read: dict[int, Value] = {}  # by the identity of the array
        self.current: dict[int, Value] = {}
        self.owners: dict[int, Traced] = {}  # the array that shows all of each memory in `current`
        self.aliases: dict[int, Traced] = {}  # views of them that show all too
        self.operations = 0
        self.late: dict[int, int] = {}  # the last pass in which what a memory held before the group is read

    # What it reads and writes

    def makes(self, memory: Memory) -> bool:
        """Tell whether a memory has a value that only the loop computes."""
        return id(memory) in self.current

    def reads(self, memory: Memory) -> bool:
        """Tell whether the loop reads what a memory held before."""
        return any(x.memory is memory for x in self.inputs)

    def suits(self, x: Traced) -> bool:
        """Tell whether an array is a result of the group, all of it."""
        return id(x) in self.aliases or self.owners.get(id(x.memory)) is x

    def is_small(self) -> bool:
        """Tell whether the calls are better left as they are: there are few, or a pass keeps too much for the next."""
        return self.operations < FEWEST or self.plan.kept_bytes() > KEPT

    # Calls

    def take(self, call: Call) -> None:
        """Make a call part of the group; raise `Unsuitable` and change nothing if it cannot be."""
        count = len(self.plan.values), len(self.inputs)
        try:
            if call.view:
                self._take_view(call)
            else:
                self._take(call)
        except Unsuitable:
            del self.plan.values[count[0] :], self.plan.inputs[count[1] :]
            for x in self.inputs[count[1] :]:
                del self.read[id(x)]
            del self.inputs[count[1] :]
            raise
        self.calls.append(call)

    def _take_view(self, call: Call) -> None:
        """Make a view of a result part of the group: it is made after the loop, if something needs it."""
        x, result = call.args[0], call.result
        if (
            not isinstance(x, Traced)
            or not isinstance(result, Traced)
            or len(call.reads()) != 1
            or result.memory is not x.memory
        ):
            raise Unsuitable
        if self.suits(x):
            column = self.current[id(x.memory)].kind == COLUMN and result.size == x.size
            column = column and result.shape in (self.shape[:-1], (*self.shape[:-1], 1))
            if column or (result.shape == x.shape and result.strides == x.strides):
                self.aliases[id(result)] = result

    def _take(self, call: Call) -> None:
        if any(value in ("raise", "call", "print", "log") for value in dict(call.errors or {}).values()):
            raise Unsuitable  # loops do none of that
        function, args, kwargs = call.function, call.args, dict(call.kwargs)
        if function in REDUCTIONS:
            self._reduce(call, kwargs)
        elif function is np.vecdot:
            self._sum_of_products(call, kwargs)
        elif function in WRITES:
            self._copy_into(function, args, kwargs)
        else:
            target, result = kwargs.pop("out", None), call.result
            if not isinstance(result, Traced) or (target is not None and target is not result):
                raise Unsuitable
            self._compute(function, result, args, kwargs)

    def _copy_into(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Write to all of an array."""
        *index, source = args[1:]
        whole = not index if function is np.copyto else any(type(index[0]) is type(k) and index[0] == k for k in _WHOLE)
        if not isinstance(args[0], Traced) or not whole or kwargs:
            raise Unsuitable
        self._write("copy", args[0], [source])

    def _compute(self, function: Any, result: Traced, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if _is_copy(function, args, kwargs):
            self._write("copy", result, [args[0]])
        elif kwargs:
            raise Unsuitable
        elif (power := power_of(function, args)) is not None:
            self._write("square" if power == 2 else "cube", result, [args[0]])
        elif function is np.where and len(args) == 3:
            self._write("where", result, list(args))
        elif function in (np.clip, np.ndarray.clip) and len(args) == 3:
            self._clip(result, *args)
        elif function in UFUNCS and len(args) == function.nin:
            self._write(UFUNCS[function], result, list(args), function)
        else:
            raise Unsuitable

    def _clip(self, result: Traced, x: Any, low: Any, high: Any) -> None:
        for bound in (low, high):
            if type(bound) not in (int, float) and not (isinstance(bound, np.floating) and bound.dtype == result.dtype):
                raise Unsuitable
        column, (value, *_) = self._operands(result, [x])
        if value.dtype != result.dtype or result.dtype.kind != "f":
            raise Unsuitable
        constants = [self.plan.constant(float(bound), result.dtype) for bound in (low, high)]
        value = self.plan.apply("maximum", result.dtype, [value, constants[0]], column=column)
        value = self.plan.apply("minimum", result.dtype, [value, constants[1]], column=column)
        self.operations += 1
        self._set(result, value)

    def _write(self, operation: str, result: Traced, args: list[Any], function: Any = None) -> None:
        dtype = result.dtype
        if dtype not in DTYPES:
            raise Unsuitable
        column, operands = self._operands(result, args)
        dtypes = {value.dtype for value, x in zip(operands, args, strict=True) if isinstance(x, Traced)}
        floats = {kind for kind in dtypes if kind.kind == "f"}
        if function in COMPARISONS:
            alike = len(dtypes) == 1 and (len(floats) == 1 or function in (np.equal, np.not_equal))
            if dtype.kind != "b" or not alike:
                raise Unsuitable
        elif function in LOGIC:
            if dtypes != {np.dtype(bool)} or dtype.kind != "b" or len(dtypes) != 1:
                raise Unsuitable
        elif function in ARITHMETIC or operation in ("square", "cube"):
            natural = np.result_type(*dtypes) if dtypes else None
            if dtype.kind != "f" or natural != dtype or (function is np.copysign and len(dtypes) != 1):
                raise Unsuitable
        elif operation == "where" and (operands[0].dtype.kind != "b" or any(v.dtype != dtype for v in operands[1:])):
            raise Unsuitable
        value = self.plan.apply(operation, dtype, operands, column=column)
        self.operations += operation != "copy"
        self._set(result, value)

    def _reduce(self, call: Call, kwargs: dict[str, Any]) -> None:
        (x, *rest), result = call.args, call.result
        axis = kwargs.pop("axis", rest.pop(0) if rest else (0 if call.function in _METHODS else None))
        kwargs.pop("keepdims", None)
        dtype, target = kwargs.pop("dtype", None), kwargs.pop("out", None)
        if rest or kwargs or target is not None or not isinstance(x, Traced) or not isinstance(result, Traced):
            raise Unsuitable
        axis = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
        if x.ndim == 1 and axis is None:
            axis = 0
        if type(axis) is not int or axis % x.ndim != x.ndim - 1 or x.shape != self.shape or not self.plan.width:
            raise Unsuitable
        if x.dtype.kind != "f" or result.dtype != x.dtype or (dtype is not None and np.dtype(dtype) != x.dtype):
            raise Unsuitable
        operation = REDUCTIONS[call.function]
        if self.plan.width > LONGEST:
            raise Unsuitable
        value = self._operand(x, False)
        if value.kind != FULL:
            raise Unsuitable
        self.operations += 1
        self._set(result, self.plan.reduce(operation, value))

    def _sum_of_products(self, call: Call, kwargs: dict[str, Any]) -> None:
        result, factors = call.result, call.args
        alike = [isinstance(x, Traced) and x.shape == self.shape and x.dtype.kind == "f" for x in factors]
        if kwargs or not all(alike) or not isinstance(result, Traced) or result.shape != self.shape[:-1]:
            raise Unsuitable
        if any(x.dtype != result.dtype for x in factors) or not 0 < self.plan.width <= LONGEST:
            raise Unsuitable
        values = [self._operand(x, False) for x in factors]
        product = self.plan.apply("multiply", result.dtype, values, column=False)
        self.operations += 2
        self._set(result, self.plan.reduce("sum", product))

    def _operands(self, result: Traced, args: list[Any]) -> tuple[bool, list[Value]]:
        """Return whether the operation is one of rows, and its operands."""
        column = self.is_of_rows(result, args)
        if not column and result.shape != self.shape:
            raise Unsuitable
        values = []
        for x in args:
            if isinstance(x, Traced):
                values.append(self._operand(x, column))
            elif isinstance(x, TracedFloat):
                kind = result.dtype if result.dtype != np.bool_ else _float_among(args)
                values.append(self._float(x, kind))
            elif type(x) in (int, float, bool) or (isinstance(x, np.generic) and x.dtype == result.dtype):
                number = x.item() if isinstance(x, np.generic) else x
                kind = result.dtype
                if kind == np.bool_ and type(number) is not bool:
                    kind = _float_among(args)
                values.append(self.plan.constant(number, kind))
            else:
                raise Unsuitable
        return column, values

    def is_of_rows(self, result: Traced, args: Sequence[ArrayArgument]) -> bool:
        """Tell whether an operation computes one number for each row, from such of the group."""
        if result.shape not in (self.shape[:-1], (*self.shape[:-1], 1)) or result.shape == self.shape:
            return False
        return any(
            isinstance(x, Traced)
            and self.suits(x)
            and self.current[id(x.memory)].kind == COLUMN
            and x.shape == result.shape
            for x in args
        )

    def _operand(self, x: Traced, column: bool) -> Value:
        if id(x.memory) in self.current:
            if not self.suits(x):
                raise Unsuitable
            value = self.current[id(x.memory)]
            if value.kind == COLUMN and not column and x.shape != (*self.shape[:-1], 1) and x.size != 1:
                raise Unsuitable  # which would be broadcast along the other axis
            if value.kind == FULL and column:
                raise Unsuitable
            return value
        known = self.read.get(id(x))
        kind = NUMBER if x.size == 1 else self._kind(x, column)
        if known is not None and known.kind == kind:
            return known
        if known is not None or x.dtype not in DTYPES:
            raise Unsuitable
        value = self.plan.input(kind, x.dtype)
        self.inputs.append(x)
        self.read[id(x)] = value
        return value

    def _float(self, x: TracedFloat, dtype: np.dtype[Any]) -> Value:
        """Return a Python float, which takes the dtype of the arrays that it meets."""
        known = self.read.get(id(x))
        if known is not None and known.dtype != dtype:
            raise Unsuitable
        if known is None:
            known = self.read[id(x)] = self.plan.input(NUMBER, dtype)
            self.inputs.append(x)
        return known

    def _kind(self, x: Traced, column: bool) -> str:
        if not isinstance(x.value, np.ndarray):
            raise Unsuitable
        if column:
            if x.shape not in (self.shape[:-1], (*self.shape[:-1], 1)) or not x.value.flags.c_contiguous:
                raise Unsuitable
            return COLUMN
        kind = kind_of_operand(x.value, self.shape)
        if kind is None:
            raise Unsuitable
        return kind

    def _set(self, x: Traced, value: Value) -> None:
        """Note that all of the memory of an array has a new value."""
        memory = x.memory
        if memory.kind != MADE or memory.whole is not x or not isinstance(x.value, np.ndarray):
            raise Unsuitable
        if not x.value.flags.c_contiguous and x.size:
            raise Unsuitable
        known = self.current.get(id(memory))
        if known is not None and (known.kind != value.kind or self.owners[id(memory)] is not x):
            raise Unsuitable
        if known is None:
            for y in self.inputs:
                if y.memory is memory and (y is not x or self._is_read_after(self.read[id(y)], value)):
                    raise Unsuitable
        self.current[id(memory)], self.owners[id(memory)] = value, x

    def _is_read_after(self, old: Value, new: Value) -> bool:
        """Tell whether a later pass than that which stores `new` reads what was there before."""
        users = [value for value in self.plan.values if any(operand is old for operand in value.operands)]
        return old.kind != FULL or any(max(value.after, 0) > new.after for value in users)


_METHODS = frozenset((np.add.reduce, np.maximum.reduce))  # of which the axis is the first if none is given


def shape_of_loop(call: Call) -> tuple[int, ...]:
    """Return the shape of the arrays that a loop with a call goes through; () if there is no such loop."""
    inward = call.function in REDUCTIONS or call.function is np.vecdot or call.function in WRITES
    x = call.args[0] if inward and call.args else call.result
    return x.shape if isinstance(x, Traced) and x.size else ()


def _is_copy(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Tell whether a call copies its first argument, in C order or to another dtype."""
    if function is np.array:
        return len(args) == 1 and kwargs.keys() <= {"order", "copy", "dtype"}
    if function is np.ndarray.astype:
        return len(args) == 2 and not kwargs
    return function in (np.ndarray.copy, np.copy) and len(args) <= 2 and not kwargs


def _float_among(args: list[Any]) -> Any:
    """Return the dtype that floats are compared in."""
    for x in args:
        if isinstance(x, Traced) and x.dtype.kind == "f":
            return x.dtype
    raise Unsuitable
