"""What notebooks show of a module: a table of its layers, their options and parameters. Nothing is called."""

from __future__ import annotations

from html import escape

from autograd.extend import borrow

from .module import Module

__all__ = ["html_of"]

_MOST = 60  # layers
_LONGEST = 100  # characters of the options of a layer


def html_of(module: Module) -> str:
    """Return a table with a row for each layer, in at most some ten thousand bytes."""
    counted: set[int] = set()
    rows = []
    elements = frozen = nbytes = 0
    layers = 0
    for path, layer in module.named_modules():
        layers += 1
        shapes, own = [], 0
        for name, parameter in layer.named_parameters(recurse=False):
            shared = id(parameter) in counted
            counted.add(id(parameter))
            shapes.append(f"{name} {parameter.shape}{' shared' if shared else ''}")
            own += 0 if shared else parameter.size
            frozen += 0 if shared or parameter.requires_grad else parameter.size
            nbytes += 0 if shared else borrow(parameter).nbytes
        elements += own
        if len(rows) < _MOST:
            rows.append(_row(_title(path, layer), ", ".join(shapes), f"{own:,}" if own else ""))
    if layers > len(rows):
        rows.append(_row(f"… {layers - len(rows):,} more layers", "", ""))
    told = [f"{nbytes:,} bytes", *([f"{frozen:,} frozen"] if frozen else [])]
    told.append("in training mode" if module.training else "in evaluation mode")
    rows.append(_row("in all", ", ".join(told), f"{elements:,}"))
    head = "".join(f'<th style="text-align: left">{word}</th>' for word in ("layer", "parameters", "elements"))
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def _title(path: str, layer: Module) -> str:
    """Return the name, the class and the options of a layer, indented by its depth."""
    options = " ".join(layer.extra_repr().split())
    options = options if len(options) <= _LONGEST else options[: _LONGEST - 1] + "…"
    depth = path.count(".") + 1 if path else 0
    return "\N{EM SPACE}" * depth + f"{path.rpartition('.')[2]} {type(layer).__name__}({options})".strip()


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f'<td style="text-align: left">{escape(cell)}</td>' for cell in cells) + "</tr>"
