"""Machine code of chains: loops that run one after the other, as one function of a table of arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .arithmetic import BIT, INDEX, memory_of
from .bits import cgutils, intrinsic
from .elements import Elements
from .fuse import function_of
from .loop_code import FIRST_FIELD, LoopWriter, dtypes_of
from .nest_code import ALIGNED, Memory, NestWriter
from .nests import Body

from llvmlite import ir  # isort: skip - after numba was found
from numba.core import types  # isort: skip

#: What a loop is made from, and where the table has its arguments, its final values and what it stacks.
Link = tuple[Elements | Body, list[int]]


def scratch_of(form: Elements | Body) -> int:
    """Return how many bytes of memory a loop computes in."""
    return Memory(form).size + ALIGNED if isinstance(form, Body) else 0


def chain_code(links: Sequence[Link]) -> Callable[[Any], bool]:
    """Return a function that runs loops on the arrays of a table, and tells whether all checks held.

    The table has the addresses of array objects, as `loop_code` takes them; of a loop over arrays it has memory to
    compute in after what the loop stacks.
    """
    text = "".join(f"{_text_of(form)}\non {places}\n" for form, places in links)
    return function_of(text, ["table"], lambda: _kernel_of(links))


def _text_of(form: Elements | Body) -> str:
    return f"{form.loop.count} times\n{form.text() if isinstance(form, Body) else form.text(None)}"


def _kernel_of(links: Sequence[Link]) -> Callable[..., bool]:
    def kernel(context: Any, given: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            (value,) = cgutils.unpack_tuple(builder, args[0], 1)
            table = context.make_array(given[0])(context, builder, value).data
            held, steps = ir.Constant(BIT, 1), dict[str, Any]()
            loops: dict[str, Any] = {}  # by their text: equal ones are one
            for form, places in links:
                text = _text_of(form)
                if text not in loops:
                    loops[text] = _function(context, builder.module, form, text, steps)
                kinds = loops[text].function_type.args
                pointers = [_pointer(builder, table, place, kind) for place, kind in zip(places, kinds, strict=True)]
                held = builder.and_(held, builder.call(loops[text], pointers))
            return held

        return types.boolean(given), generate

    return intrinsic(kernel)


def _pointer(builder: ir.IRBuilder, table: Any, place: int, kind: Any) -> Any:
    """Return where the elements of an array lie, the address of whose object a table has."""
    field = builder.add(builder.load(builder.gep(table, [ir.Constant(INDEX, place)])), ir.Constant(INDEX, FIRST_FIELD))
    return builder.load(builder.inttoptr(field, kind.as_pointer()))


def _function(context: Any, module: Any, form: Elements | Body, text: str, steps: dict[str, Any]) -> Any:
    """Return a function of pointers that runs a loop."""
    dtypes: list[Any] = [*dtypes_of(form.loop), *([np.bool_] if isinstance(form, Body) else [])]
    kinds = [memory_of(dtype).as_pointer() for dtype in dtypes]
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
        writer = LoopWriter(context, builder, form, count, None)
        writer.pointers, writer.sizes = pointers, [None] * len(pointers)
        writer.write()
    builder.ret(builder.load(writer.held))
    return function
