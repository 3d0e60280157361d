"""What notebooks show of a module: a table of its layers, their options and parameters. Nothing is called."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Protocol

from autograd.extend import borrow

from .parameter import Parameter

_MOST = 60  # layers
_LONGEST = 100  # characters of the options of a layer


class Module(Protocol):
    """What is shown of a `nn.Module`, which asks for it."""

    training: bool

    def named_modules(self) -> Iterable[tuple[str, Module]]:
        """Yield the path and value of this module and of all its submodules."""

    def named_parameters(self, *, recurse: bool) -> Iterable[tuple[str, Parameter]]:
        """Yield the name and value of each parameter."""

    def extra_repr(self) -> str:
        """Return its options as text."""


def html_of(module: Module) -> str:
    """Return a table with a row for each layer, in at most some ten thousand bytes."""
    rows: list[str] = []
    counted: dict[int, Parameter] = {}
    for path, layer in module.named_modules():
        try:
            own = dict(layer.named_parameters(recurse=False))
        except RuntimeError:  # of a lazy layer before its first call
            rows.append(_row(_title(path, layer), "not known before the first call", ""))
            continue
        told = [f"{name} {x.shape}{' shared' if id(x) in counted else ''}" for name, x in own.items()]
        new = {id(x): x for x in own.values() if id(x) not in counted}
        counted |= new
        elements = sum(x.size for x in new.values())
        rows.append(_row(_title(path, layer), ", ".join(told), f"{elements:,}" if elements else ""))
    more = [_row(f"… {len(rows) - _MOST:,} more layers", "", "")] if len(rows) > _MOST else []
    head = "".join(f'<th style="text-align: left">{word}</th>' for word in ("layer", "parameters", "elements"))
    return f"<table><tr>{head}</tr>{''.join([*rows[:_MOST], *more, _total(module, list(counted.values()))])}</table>"


def _total(module: Module, parameters: list[Parameter]) -> str:
    """Return the last row: bytes, frozen elements, the mode, and the number of elements."""
    frozen = sum(x.size for x in parameters if not x.requires_grad)
    told = [f"{sum(borrow(x).nbytes for x in parameters):,} bytes", *([f"{frozen:,} frozen"] if frozen else [])]
    told.append("in training mode" if module.training else "in evaluation mode")
    return _row("in all", ", ".join(told), f"{sum(x.size for x in parameters):,}")


def _title(path: str, layer: Module) -> str:
    """Return the name, the class and the options of a layer, indented by its depth."""
    options = " ".join(layer.extra_repr().split())
    options = options if len(options) <= _LONGEST else options[: _LONGEST - 1] + "…"
    depth = path.count(".") + 1 if path else 0
    return "\N{EM SPACE}" * depth + f"{path.rpartition('.')[2]} {type(layer).__name__}({options})".strip()


def _row(*cells: str) -> str:
    sides = ("left", "left", "right")  # else a notebook puts all to the right
    parts = [f'<td style="text-align: {side}">{escape(cell)}</td>' for side, cell in zip(sides, cells, strict=True)]
    return f"<tr>{''.join(parts)}</tr>"
