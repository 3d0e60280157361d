"""The directive ``names``: a table of public names, and then all that their docstrings say.

It stands in a page as ::

    ```{names} nn
    Linear
    Bilinear
    ```
"""

import functools
import importlib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


PACKAGES = ("autograd", "nn", "datasets")
# Where public names are: what `__all__` lists in these is on a page, see docs/site/checks.py.
MODULES = (
    "autograd", "autograd.special", "autograd.testing", "nn", "nn.functional", "nn.init", "nn.onnx", "nn.optim",
    "nn.optim.lr_scheduler", "nn.optim.swa_utils", "nn.plots", "nn.training", "nn.utils", "datasets",
)  # fmt: skip


class Names(SphinxDirective):
    """Public names of the module that is the argument, one a line."""

    has_content = True
    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """Return what the text that stands for the names makes."""
        (module,) = self.arguments
        return self.parse_text_to_nodes(page(module, [name.strip() for name in self.content if name.strip()]))


def page(module: str, names: list[str]) -> str:
    """Return the text that stands for the names of a module."""
    lines = [f".. currentmodule:: {module}", ""]
    if len(names) > 1:
        lines += [".. autosummary::", "", *(f"   {name}" for name in names), ""]
    for name in names:
        lines += [*entry(module, name), ""]
    return "\n".join(["```{eval-rst}", *lines, "```"])


def entry(module: str, name: str) -> list[str]:
    """Return the directive that documents one name."""
    home = importlib.import_module(module)
    value = getattr(home, name) if hasattr(home, name) else importlib.import_module(f"{module}.{name}")
    if isinstance(value, ModuleType):
        return [f".. automodule:: {module}.{name}"]
    if getattr(np, name, None) is value:
        return [f".. function:: {name}(x)", "", f"   ``numpy.{name}`` itself, which takes tensors."]
    if isinstance(value, type):
        kind = "exception" if issubclass(value, BaseException) else "class"
        return [f".. auto{kind}:: {name}", "   :show-inheritance:", f"   :members: {', '.join(members(value))}"]
    return [f".. auto{'function' if callable(value) else 'data'}:: {name}"]


def members(cls: type) -> list[str]:
    """Return the public methods and properties of a class itself whose docstrings are our own, not NumPy's."""
    found = {name: inspect.getdoc(value) for name, value in vars(cls).items() if isinstance(value, property | classmethod | Callable)}
    return [name for name, text in found.items() if not name.startswith("_") and text and text not in of_numpy()]


@functools.cache
def of_numpy() -> set[str | None]:
    """Return the docstrings of NumPy's functions."""
    return {inspect.getdoc(getattr(np, name)) for name in np.__all__}


def name_public_bases(app: Sphinx, name: str, cls: type, options: Any, bases: list[type]) -> None:
    """Have a class derive from the next public one above it, which is the one that has a place to link to."""
    above = [base for base in cls.__mro__[1:] if is_public(base)]
    bases[:] = above[:1] or [object]


def is_public(cls: type) -> bool:
    """Tell whether a class has a public name, or is none of this project."""
    package = cls.__module__.partition(".")[0]
    if package not in PACKAGES:
        return cls is not object and not package.startswith("typing")
    return any(getattr(module, cls.__name__, None) is cls for module in map(importlib.import_module, MODULES))


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known."""
    app.add_directive("names", Names)
    app.connect("autodoc-process-bases", name_public_bases)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
