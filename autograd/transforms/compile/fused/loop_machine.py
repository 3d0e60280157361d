"""Machine code of loops: which way each is compiled, and the function that runs one, or several one after the other.

Such a function is given where the objects of the arrays are.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..loops.loop import Loop, Unsuitable
from .arithmetic import memory_of
from .bits import BIT, INDEX
from .body import Body
from .elements import Elements
from .loop_code import ABREAST, Batch, LoopWriter, dtypes_of
from .loops import DTYPE, FLAGS, ITEMS, TYPE, Held, elements_of, machine_builtin, machine_function, registers
from .nest_code import ALIGNED, Memory, NestWriter
from .nests import Nests

from llvmlite import ir  # isort: skip - after LLVM was found

Array = np.ndarray[Any, Any]
#: What a loop is made from, and the numbers of its arguments, its final values, what it stacks, and memory for it.
Link = tuple[Elements | Nests, Sequence[int]]
FEW = 500  # operations on single numbers: with more, nests over arrays are as fast, and take less time to compile
WIDE = 4  # operations in a call, on average: nests of fewer are many small loops


def form_of(loop: Loop, batched: Sequence[bool] | None = None) -> Elements | Nests:
    """Return what machine code of a loop is made from: arithmetic on single numbers, or steps on arrays.

    `batched` says for each argument whether it has an axis more, that of a batch; all results have it. It is the
    first, or the second of what has a row for each iteration.

    Raises
    ------
    Unsuitable
        If the body is not arithmetic that is known here.
    """
    body, elements, reason = Body(loop), None, ""
    if body.is_small:
        try:
            elements = Elements(body)
        except Unsuitable as error:
            reason = f"{error}; as loops over arrays, "
    if elements is None or (batched is None and len(elements.order) > max(FEW, WIDE * len(loop.calls))):
        try:
            return Nests(body)
        except Unsuitable as error:
            if elements is None:
                raise Unsuitable(f"{reason}{error}") from None
    return elements


def scratch_of(form: Elements | Nests) -> int:
    """Return how many bytes of memory a loop computes in."""
    return Memory(form).size + ALIGNED if isinstance(form, Nests) else 0


def machine_code(
    loop: Loop, batched: Sequence[bool] | None = None, size: int = 1, tables: Sequence[int] = ()
) -> MachineCode:
    """Return a function that runs a loop: ``run(*arguments, *finals, *stacked, count)``, true if all checks held.

    It is given arrays that are contiguous, and none of which shares memory with another, those for the results among
    them; for a batch, of which `form_of` tells, then how many elements it has, which is `size` at least. Without an
    iteration, final values that are carried are the first ones, and others are not set. `tables`, arguments and results
    by number, lie as `LoopWriter` says, and have as many elements as whole vectors have.
    """
    return MachineCode(form_of(loop, batched), batched, size, tables)


class MachineCode:
    """A loop as a function of arrays; `run` is that of where their objects are, and of how often it runs."""

    def __init__(
        self, form: Elements | Nests, batched: Sequence[bool] | None = None, size: int = 1, tables: Sequence[int] = ()
    ) -> None:
        self.dtypes, self.scratch = dtypes_of(form.loop), scratch_of(form)
        arrays = len(_dtypes_of(form))
        width = min(ABREAST * (2 if registers()[1] else 1), 1 << (max(size, 1).bit_length() - 1))
        self.width = 1 if isinstance(form, Nests) else width
        batch = None if batched is None else Batch((*batched,), self.width, (*tables,))
        counts = 1 if batch is None else 2
        write = _written([(form, range(arrays))], batch, counts)
        text = form.text() if isinstance(form, Nests) else form.text(batched)
        self.run = machine_function(f"{batch}\n{text}", arrays, counts, write)

    def __call__(self, *given: Any) -> bool:
        arrays, counts = [*given[: len(self.dtypes)]], given[len(self.dtypes) :]
        for x, dtype in zip(arrays, self.dtypes, strict=True):
            if x.dtype != dtype or not x.flags.c_contiguous:
                what = f"{x.dtype}{'' if x.flags.c_contiguous else ' with gaps'}"
                raise TypeError(f"a loop that is compiled for a contiguous array of {dtype} is given one of {what}")
        if self.scratch:
            arrays.append(np.empty(self.scratch, np.uint8))
        held: bool = self.run(*map(id, arrays), *counts)
        return held


def chain_code(
    name: str, links: Sequence[Link], dtypes: Sequence[np.dtype[Any]], own: Sequence[Array],
    otherwise: Callable[..., bool],
) -> Callable[..., Any]:  # fmt: skip
    """Return a builtin function of arrays that runs loops, each as often as it says.

    Parameters
    ----------
    links
        The loops, on arrays by number: first those that the function is given, then the loops' own.
    dtypes
        Those of the arrays that it is given, each of which has to be contiguous.
    own
        The loops' own arrays.
    otherwise
        A function that is called instead if what is given does not suit, or if a check does not hold.
    """
    given = len(dtypes)
    text = f"{given} arrays\n" + "".join(f"{_text_of(form)}\non {places}\n" for form, places in links)

    def write(builder: ir.IRBuilder, arguments: Sequence[ir.Value]) -> ir.Value:
        where, arrays, count = arguments
        functions, kind, instead, *rest = _integers(builder, _field(builder, where, ITEMS), len(holder))
        call, truth = _integers(builder, elements_of(builder, [functions])[0], 2)
        start, checks, runs, done, other = (builder.append_basic_block() for _ in range(5))
        builder.cbranch(builder.icmp_signed("==", count, ir.Constant(INDEX, given)), start, other)
        builder.position_at_end(start)
        objects = _integers(builder, arrays, given)
        same = [builder.icmp_signed("==", _field(builder, x, TYPE), kind) for x in objects]
        builder.cbranch(_all(builder, same), checks, other)
        builder.position_at_end(checks)
        same = []
        for x, dtype in zip(objects, rest, strict=False):
            same.append(builder.icmp_signed("==", _field(builder, x, DTYPE), dtype))
            same.append(builder.trunc(_field(builder, x, FLAGS), BIT))  # NPY_ARRAY_C_CONTIGUOUS
        builder.cbranch(_all(builder, same), runs, other)
        builder.position_at_end(runs)
        builder.cbranch(_written(links)(builder, elements_of(builder, [*objects, *rest[given:]])), done, other)
        builder.position_at_end(done)
        builder.ret(_called(builder, truth, [ir.Constant(INDEX, 1)]))
        builder.position_at_end(other)
        return _called(builder, call, [instead, arrays, count, ir.Constant(INDEX, 0)])

    api = ctypes.pythonapi
    functions = [ctypes.cast(f, ctypes.c_void_p).value for f in (api.PyObject_Vectorcall, api.PyBool_FromLong)]
    holder: list[Held] = [np.array(functions, np.int64), np.ndarray, otherwise, *dtypes, *own]
    return machine_builtin(name, text, write, holder)


def _integers(builder: ir.IRBuilder, address: ir.Value, count: int) -> list[ir.Value]:
    """Return the integers at an address, each of which may be an address, too."""
    pointer = builder.inttoptr(address, INDEX.as_pointer())
    return [builder.load(builder.gep(pointer, [ir.Constant(INDEX, i)])) for i in range(count)]


def _field(builder: ir.IRBuilder, address: ir.Value, offset: int) -> ir.Value:
    return _integers(builder, builder.add(address, ir.Constant(INDEX, offset)), 1)[0]


def _all(builder: ir.IRBuilder, truths: Sequence[ir.Value]) -> ir.Value:
    return functools.reduce(builder.and_, truths, ir.Constant(BIT, 1))


def _called(builder: ir.IRBuilder, address: ir.Value, given: Sequence[ir.Value]) -> ir.Value:
    """Call a function of integers by its address."""
    return builder.call(builder.inttoptr(address, ir.FunctionType(INDEX, [INDEX] * len(given)).as_pointer()), given)


def _text_of(form: Elements | Nests) -> str:
    return f"{form.loop.count} times\n{form.text() if isinstance(form, Nests) else form.text(None)}"


def _written(
    links: Sequence[Link], batch: Batch | None = None, counts: int = 0
) -> Callable[[ir.IRBuilder, Sequence[ir.Value]], ir.Value]:
    """Return what writes loops on the elements at addresses that it is given, and then so many counts."""

    def write(builder: ir.IRBuilder, given: Sequence[ir.Value]) -> ir.Value:
        addresses, numbers = given[: len(given) - counts], given[len(given) - counts :]
        held, steps = ir.Constant(BIT, 1), dict[str, Any]()
        loops: dict[str, Any] = {}  # by their text: equal ones are one
        for form, places in links:
            text = _text_of(form)
            if text not in loops:
                loops[text] = _function(builder.module, form, steps, batch, counts)
            kinds = [memory_of(dtype).as_pointer() for dtype in _dtypes_of(form)]
            pointers = [builder.inttoptr(addresses[i], kind) for i, kind in zip(places, kinds, strict=True)]
            held = builder.and_(held, builder.call(loops[text], [*pointers, *numbers]))
        return held

    return write


def _dtypes_of(form: Elements | Nests) -> list[Any]:
    return [*dtypes_of(form.loop), *([np.bool_] if isinstance(form, Nests) else [])]  # memory is bytes, as bools are


def _function(module: Any, form: Any, steps: dict[str, Any], batch: Batch | None, counts: int) -> Any:
    """Return a function of pointers, and of so many counts, that runs a loop; `steps` has the functions of steps."""
    kinds = [memory_of(dtype).as_pointer() for dtype in _dtypes_of(form)]
    name = f"plaingrad_loop_{hashlib.sha256(_text_of(form).encode()).hexdigest()[:16]}"
    function = ir.Function(module, ir.FunctionType(BIT, [*kinds, *[INDEX] * counts]), name)
    function.linkage = "internal"
    function.attributes.add("nounwind")
    builder, pointers = ir.IRBuilder(function.append_basic_block("entry")), list(function.args[: len(kinds)])
    count, size = (*function.args[len(kinds) :], *[ir.Constant(INDEX, form.loop.count or 0)] * 2)[:2]
    writer: Any
    if isinstance(form, Nests):
        writer = NestWriter(builder, form, pointers, count, batch.batched if batch else (), steps)
    else:
        writer = LoopWriter(builder, form, pointers, count, batch)
    writer.write() if batch is None else writer.write_batch(size)
    builder.ret(builder.load(writer.held))
    return function
