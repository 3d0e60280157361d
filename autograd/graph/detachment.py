"""Detachment: why a tensor is a constant although it was computed from one that requires a gradient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..source.source_info import SourceLine, here, line_of
from .grad_mode import Off

Cut = tuple[Any, Any]  # what cut the graph (an operation or text) and where (a line or a no_grad block)


def carried(*inputs: object) -> Cut | None:
    """Return the first cut that constant inputs carry."""
    for x in inputs:
        cut: Cut | None = getattr(x, "_cut", None)
        if cut is not None:
            return cut
    return None


def cut_of(what: Any, inputs: Iterable[object], mode: int) -> Cut | None:
    """Return why the result of an operation on `inputs` is a constant, given the mode in which it was computed."""
    if all(getattr(x, "_node", None) is None for x in inputs):
        return carried(*inputs)
    return what, here() if mode else mode


def cut_at(what: str, *inputs: object) -> Cut | None:
    """Return the cut that a user's call makes, or for constants the cut that they carry."""
    return cut_of(what, inputs, mode=1)


def reason(cut: Cut | None) -> str:
    """Return a sentence about what cut the graph and how to avoid it."""
    if cut is None:
        return (
            "nothing that it was computed from requires a gradient. Set requires_grad=True on what you differentiate "
            "with respect to; values that pass through an ndarray (t.data, np.argmax(t), t.item()) are constants"
        )
    what, where = cut
    name = what if isinstance(what, str) else f"'{getattr(what, 'name', None) or what.__name__}'"
    if isinstance(where, Off):
        at = f", entered at {line_of(where)}," if hasattr(where, "code") else ""
        return f"{name} was computed within no_grad(){at} and so was not recorded. Compute it outside that block"
    assert isinstance(where, SourceLine)
    how = "cut it from its graph" if isinstance(what, str) else "gives a result without a derivative"
    return f"{name} {how}, at {line_of(where)}"
