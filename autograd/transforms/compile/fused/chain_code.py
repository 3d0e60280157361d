"""Machine code of chains: loops that run one after the other, as one function of a table of arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .arithmetic import BIT, INDEX, memory_of
from .bits import cgutils, intrinsic
from .elements import Elements
from .loop_code import LoopWriter, dtypes_of, pointers_to
from .loops import function_of
from .nest_code import ALIGNED, Memory, NestWriter
from .nests import Body

from llvmlite import ir  # isort: skip - after numba was found
from numba.core import types  # isort: skip

#: What a loop is made from, and where the table has its arguments, its final values and what it stacks.
Link = tuple[Elements | Body, list[int]]


def scratch_of(form: Elements | Body) -> int:
    """Return how many bytes of memory a loop computes in."""
    return Memory(form).size + ALIGNED if isinstance(form, Body) else 0


def chain_code(links: Sequence[Link]) -> Callable[[int], bool]:
    """Return a function that runs loops on the arrays of a table, and tells whether all checks held.

    It is given where the object of the table is, an array of where the objects of the others are; of a loop over arrays
    it has memory to compute in after what the loop stacks.
    """
    text = "".join(f"{_text_of(form)}\non {places}\n" for form, places in links)
    return function_of(text, ["table"], lambda: _kernel_of(links))


def _text_of(form: Elements | Body) -> str:
    return f"{form.loop.count} times\n{form.text() if isinstance(form, Body) else form.text(None)}"


def _kernel_of(links: Sequence[Link]) -> Callable[..., bool]:
    def kernel(context: Any, given: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            (table,) = pointers_to(builder, cgutils.unpack_tuple(builder, args[0], 1), [np.int64])
            held, steps = ir.Constant(BIT, 1), dict[str, Any]()
            loops: dict[str, Any] = {}  # by their text: equal ones are one
            for form, places in links:
                text = _text_of(form)
                if text not in loops:
                    loops[text] = _function(context, builder.module, form, text, steps)
                addresses = [builder.load(builder.gep(table, [ir.Constant(INDEX, place)])) for place in places]
                pointers = pointers_to(builder, addresses, _dtypes_of(form))
                held = builder.and_(held, builder.call(loops[text], pointers))
            return held

        return types.boolean(given), generate

    return intrinsic(kernel)


def _dtypes_of(form: Elements | Body) -> list[Any]:
    return [*dtypes_of(form.loop), *([np.bool_] if isinstance(form, Body) else [])]  # memory is bytes, as bools are


def _function(context: Any, module: Any, form: Elements | Body, text: str, steps: dict[str, Any]) -> Any:
    """Return a function of pointers that runs a loop."""
    kinds = [memory_of(dtype).as_pointer() for dtype in _dtypes_of(form)]
    name = f"plaingrad_loop_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    function = ir.Function(module, ir.FunctionType(BIT, kinds), name)
    function.linkage = "internal"
    function.attributes.add("nounwind")
    builder, pointers = ir.IRBuilder(function.append_basic_block("entry")), list(function.args)
    count = ir.Constant(INDEX, form.loop.count)
    writer: Any
    if isinstance(form, Body):
        writer = NestWriter(context, builder, form, Memory(form), pointers.pop(), count, steps)
        writer.write(pointers)
    else:
        writer = LoopWriter(context, builder, form, pointers, count, None)
        writer.write()
    builder.ret(builder.load(writer.held))
    return function
