"""Implicit conversions: where a tensor would silently become a number or an ndarray and leave its graph.

With ``backward()`` people write ``float(loss)``, and that works. Within a function that is being differentiated, such a
number would be a constant in all that is computed with it, and the derivative wrong; there it raises. The function is
known by its inputs: their nodes are in `unfinished` while it runs, and converting anything that depends on one of
them is refused. No context variable is involved, so threads that the function starts are covered and others are not.
"""

from __future__ import annotations

import math
import sys
from _thread import get_ident
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from opcode import opmap
from types import CodeType, FrameType
from typing import Any, NoReturn

from ..arrays.door import ARRAY_TYPES
from ..errors import GraphError
from ..foreign.missing import explain
from ..graph.grad_mode import recording
from ..graph.node import FreedOperation, Node, ancestors, counter
from ..source.call_site import Call, call_in, called_by, discarding, is_unpacked, name_called, stores, users_frame
from ..source.source_info import SourceLine, defined, here, line_in, line_of, warn, within_engine

_OPERATOR = opmap["BINARY_OP"]

unfinished: set[Any] = set()
differentiating: ContextVar[bool] = ContextVar("differentiating", default=False)


@contextmanager
def differentiated(nodes: Iterable[Any]) -> Iterator[None]:
    """While a function of these nodes runs: what depends on one of them is not silently converted to a number."""
    given, around = tuple(nodes), differentiating.get()
    try:
        unfinished.update(given)
        differentiating.set(True)
        yield
    except BaseException as error:
        explain(error)
        raise
    finally:
        differentiating.set(around)
        unfinished.difference_update(given)


# Tells whether this thread is within a function that is being differentiated; others may be within their own.
is_differentiating = differentiating.get


def is_differentiated(node: Any) -> bool:
    """Tell whether a node depends on an input of a function that is being differentiated at this moment."""
    return bool(unfinished) and bool(recording()) and not unfinished.isdisjoint(ancestors([node]))


# Numbers that were taken from tensors of graphs since the last backward pass, the last ones: see `taken_numbers`.
taken: deque[tuple[int, int, CodeType, int, Any]] = deque(maxlen=32)
# When, in which thread and where functions that are being differentiated took values, the last ones.
asked: deque[tuple[int, int, SourceLine]] = deque(maxlen=32)


def note_value(node: Node | None) -> None:
    """Note that the value of a tensor is taken without its graph, as a function being differentiated may do."""
    if unfinished and node is not None:
        asked.append((next(counter), get_ident(), here()))


def warn_of_values(function: Callable[..., object], inputs: Sequence[Node], depends: object) -> None:
    """Warn of a result that depends on no input, if the value of a tensor was taken after the inputs were made."""
    since = max((x.number for x in inputs), default=math.inf)
    own = [each for each in asked.copy() if each[0] > since and each[1] == get_ident()]
    for each in own:
        with suppress(ValueError):  # too many came after it
            asked.remove(each)
    if own and not depends:
        warn(
            f"{defined(function)} returned a constant, whose derivatives are zero: it took the value of a tensor, "
            f"without its graph, by item(), tolist(), numpy() or .data, at {line_of(own[0][2])}: use the tensor itself"
        )


def refuse_number(node: Node, array: Any) -> None:
    """Raise where the tensor at `node` is silently converted to a number; called by the method that converts it.

    That happens within a function that is being differentiated, or to store it in an element of an ndarray. Elsewhere
    it is noted, for `backward` to find out whether the number came back.
    """
    if not recording():
        return
    caller = sys._getframe(2)
    doing = caller.f_code.co_code[caller.f_lasti]
    # An operator asks for a number only to print it, as in "%.3f" % t: the operators of numbers are those of tensors.
    library = caller.f_globals.get("__name__", "").partition(".")[0]  # Polars would go on with a constant
    if (
        library == "polars"
        or stores(caller)
        or (unfinished and doing != _OPERATOR and is_differentiated(node) and not _asks(caller))
    ):
        refuse("converting this tensor to a number")
    if (
        type(array) in ARRAY_TYPES
        and array.size == 1
        and not isinstance(node.op, FreedOperation)
        and not within_engine(caller.f_code)
    ):
        taken.append((next(counter), node.number, caller.f_code, caller.f_lasti, array.item()))


def _asks(frame: FrameType) -> bool:
    """Tell whether `math.isnan` or the like asks, whose answer is a constant, as that of a comparison is."""
    call = called_by(frame)
    return call.module in ("math", "cmath") and getattr(call.function, "__name__", "").startswith("is")


def refuse_unpacked(frame: FrameType) -> None:
    """Raise where a frame takes a tensor apart as PyTorch's pair of values and indices, as in ``_, i = t.max(1)``."""
    if is_unpacked(frame) and (name := discarding(frame.f_code, frame.f_lasti)):
        remedy = (
            f"for their indices use t.arg{name}(axis)" if name in ("max", "min", "sort") else "there are no indices"
        )
        raise TypeError(f"{name}(), at {line_of(line_in(frame))}, gives values alone, as in NumPy: {remedy}")


def refuse_stored() -> None:
    """Raise where a tensor is converted to an integer to be stored in an element of an ndarray."""
    caller = sys._getframe(2)
    if stores(caller) and recording():
        refuse("storing this tensor")


def refuse_value(value: Any) -> None:
    """Raise where a `Value` is silently converted to a number; called by the method that converts it.

    That includes the functions of `math` and `cmath`: only `float` may ask for the number.
    """
    caller = sys._getframe(2)
    name = name_called(caller.f_code, caller.f_lasti)
    if (name == "float" and not unfinished) or not recording():
        return
    if name and call_in(caller, name).module in ("math", "cmath") and not _asks(caller):
        refuse("converting this value to a number", "value")
    doing = caller.f_code.co_code[caller.f_lasti]
    if stores(caller) or (doing != _OPERATOR and is_differentiated(value) and not _asks(caller)):
        refuse("converting this value to a number", "value")


def refuse_copy(node: Any, what: str, kind: str = "tensor") -> None:
    """Raise where a copy of the result at `node` would be a constant in a function that is being differentiated."""
    if is_differentiated(node):
        refuse(what, kind)


def refuse(what: str, kind: str = "tensor") -> NoReturn:
    """Raise the error that says which call took a tensor or a value out of its graph, where, and what to write."""
    from .remedies import remedy  # only errors need it

    inner = sys._getframe(1)
    while within_engine(inner.f_code) and inner.f_back is not None:
        inner = inner.f_back
    user = users_frame(inner)
    call, masked, table = called_by(user), False, ""
    while inner is not user and inner.f_back is not None:
        module = inner.f_globals.get("__name__", "")
        masked = masked or module == "numpy.ma.core"
        table = module.partition(".")[0] if module.startswith(("pandas", "polars", "xarray")) else table
        call = call if call.name else Call("", None, module)  # for an operator: its library
        inner = inner.f_back
    stored = stores(user)
    if stored:
        what = f"storing this {kind} in an element{'' if call.module else ' of an ndarray'}"
    elif call.name:
        what = f"{call.name}() on this {kind}"
    raise GraphError(
        f"{what}, at {line_of(line_in(user))}, would cut it from its graph without a warning: "
        f"{remedy(Call('', None, table) if table and call.module != 'builtins' else call, kind, masked, stored)}"
    )
