"""Machine code of chains: loops that run one after the other, as one function of a table of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .arithmetic import INDEX
from .bits import cgutils, intrinsic
from .elements import Elements
from .fuse import function_of
from .loop_code import LoopWriter, dtypes_of, pointer_in
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
    texts = []
    for form, places in links:
        what = form.text() if isinstance(form, Body) else form.text(None)
        texts.append(f"{form.loop.count} times on {places}\n{what}")
    return function_of("\n".join(texts), ["table"], lambda: _kernel_of(links))


def _kernel_of(links: Sequence[Link]) -> Callable[..., bool]:
    def kernel(context: Any, given: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            (value,) = cgutils.unpack_tuple(builder, args[0], 1)
            table = context.make_array(given[0])(context, builder, value).data
            held, functions = [], dict[str, Any]()
            for form, places in links:
                dtypes = dtypes_of(form.loop)
                pointers = [pointer_in(builder, table, k, dtype) for k, dtype in zip(places, dtypes, strict=False)]
                count = ir.Constant(INDEX, form.loop.count)
                writer: Any
                if isinstance(form, Body):
                    scratch = pointer_in(builder, table, places[-1], np.bool_)
                    writer = NestWriter(context, builder, form, Memory(form), scratch, count, functions)
                    writer.write(pointers)
                else:
                    writer = LoopWriter(context, builder, form, count, None)
                    writer.pointers, writer.sizes = pointers, [None] * len(pointers)
                    writer.write()
                held.append(builder.load(writer.held))
            while len(held) > 1:
                held[-2:] = [builder.and_(*held[-2:])]
            return held[0]

        return types.boolean(given), generate

    return intrinsic(kernel)
