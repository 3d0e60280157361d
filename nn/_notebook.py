"""What notebooks show of a module: a list of its layers, their options and parameters. Nothing is called."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Protocol

from autograd.extend import borrow

from .parameter import Parameter

_MOST = 60  # layers
_LONGEST = 100  # characters of the options of a layer
_OPEN = 2  # levels that are open at first
_INDENT = ' style="margin-left: 1.5em"'
_SELECTED = ' style="user-select: all; color: #888"'


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
    """Return a list of the layers, which folds, in at most some ten thousand bytes.

    A click on the path of a layer, such as ``model.blocks[0].weight``, selects all of it to be copied.
    """
    text = ""
    around: list[str] = []  # what the paths of the layers within those that are open begin with
    counted: dict[int, Parameter] = {}
    layers = list(module.named_modules())
    for number, (path, layer) in enumerate(layers):
        row = _row(path, layer, counted)
        while around and not path.startswith(around[-1]):
            text += "</details>"
            around.pop()
        style = _INDENT if around else ""
        within = f"{path}." if path else ""
        if number == _MOST:
            text += f"<div{style}>… {len(layers) - _MOST:,} more layers</div>"
        elif number < _MOST and layers[number + 1 :] and layers[number + 1][0].startswith(within):
            text += f"<details{style}{' open' if len(around) < _OPEN else ''}><summary>{row}</summary>"
            around.append(within)
        elif number < _MOST:
            text += f"<div{style}>{row}</div>"
    return f"{text}{'</details>' * len(around)}<div>{_total(module, list(counted.values()))}</div>"


def _row(path: str, layer: Module, counted: dict[int, Parameter]) -> str:
    """Return the name, the class, the options, the parameters and the path of a layer."""
    options = " ".join(layer.extra_repr().split())
    options = options if len(options) <= _LONGEST else options[: _LONGEST - 1] + "…"
    title = f"{path.rpartition('.')[2]} {type(layer).__name__}({options})".strip()
    parameters = escape(_parameters(layer, counted))
    return f"<b>{escape(title)}</b> {parameters} <code{_SELECTED}>{escape(_written(path))}</code>"


def _parameters(layer: Module, counted: dict[int, Parameter]) -> str:
    """Say what a layer's own parameters are, and how many elements those have that no layer before it has."""
    try:
        own = dict(layer.named_parameters(recurse=False))
    except RuntimeError:  # of a lazy layer before its first call
        return "not known before the first call"
    told = [f"{name} {x.shape}{' shared' if id(x) in counted else ''}" for name, x in own.items()]
    new = {id(x): x for x in own.values() if id(x) not in counted}
    counted |= new
    return ", ".join([*told, *([f"{sum(x.size for x in new.values()):,} elements"] if new else [])])


def _written(path: str) -> str:
    """Return the path of a layer as a program writes it, ``model.blocks[0]``."""
    names = path.split(".") if path else []
    return "model" + "".join(f".{name}" if name.isidentifier() else f"[{name}]" for name in names)


def _total(module: Module, parameters: list[Parameter]) -> str:
    """Say how many elements and bytes there are in all, how many are frozen, and the mode."""
    frozen = sum(x.size for x in parameters if not x.requires_grad)
    told = [f"{sum(x.size for x in parameters):,} elements", f"{sum(borrow(x).nbytes for x in parameters):,} bytes"]
    told += [f"{frozen:,} frozen"] if frozen else []
    return ", ".join(["in all", *told, "in training mode" if module.training else "in evaluation mode"])
