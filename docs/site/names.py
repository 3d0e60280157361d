"""The directive ``names``: a table of public names, followed by their docstrings.

A page uses it as ::

    ```{names} nn
    Linear
    Bilinear
    all of nn.modules.distance
    ```
"""

import functools
import importlib
import inspect
import itertools
import pkgutil
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective
from sphinx.util.logging import getLogger

from docs.site.public import MODULES, PACKAGES, expanded, public_names


class Names(SphinxDirective):
    """Public names of the module in the argument, one per line, or all that a file defines."""

    has_content = True
    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """Return the nodes that the names expand to."""
        (module,) = self.arguments
        return self.parse_text_to_nodes(page(module, expanded(module, self.content)))


def page(module: str, names: list[str]) -> str:
    """Return the text that the names of a module expand to."""
    lines = [f".. currentmodule:: {module}", ""]
    ours = [name for name in names if not is_of_numpy(module, name) and not is_constant(module, name)]
    if len(ours) > 1:
        lines += [".. autosummary::", "   :nosignatures:", "", *(f"   {name}" for name in ours), ""]
    for name in names:
        lines += [*entry(module, name), ""]
    return "\n".join(["```{eval-rst}", *lines, "```"])


def entry(module: str, name: str) -> list[str]:
    """Return the directive that documents one name."""
    value = value_of(module, name)
    if is_of_numpy(module, name):
        home = "numpy" if hasattr(np, name) else "numpy.fft"
        return [f".. function:: {name}(x)", "", f"   ``{home}.{name}`` itself, which takes tensors."]
    if isinstance(value, ModuleType):
        return [f".. automodule:: {module}.{name}"]
    if isinstance(value, type):
        kind = "exception" if issubclass(value, BaseException) else "class"
        bases = ["   :show-inheritance:"] if any(map(is_public, value.__mro__[1:])) else []
        return [f".. auto{kind}:: {name}", *bases, f"   :members: {', '.join(members(value))}"]
    if is_constant(module, name):
        return [f".. data:: {name}", "", *(f"   {line}" for line in comment(module, name))]
    return [f".. autofunction:: {name}"]


def comment(module: str, name: str) -> list[str]:
    """Return what is said of a constant in the comment above it, in the module or in one that it is from.

    Of an object of a class of ours, such as a distribution, it is what the class says of it.
    """
    value = value_of(module, name)
    if type(value).__module__.startswith("autograd.scipy"):
        return [(inspect.getdoc(value) or "").partition("\n")[0]]
    home = importlib.import_module(module)
    inner = [f"{module}.{found.name}" for found in pkgutil.iter_modules(getattr(home, "__path__", []))]
    others = inner or [each for each in sys.modules if each.startswith(f"{module.partition('.')[0]}.")]  # imported
    comments = (ModuleAnalyzer.for_module(each).find_attr_docs() for each in [module, *others])
    return next(found[("", name)] for found in comments if ("", name) in found)


def value_of(module: str, name: str) -> Any:
    """Return the value of a name in a module, which may be a submodule that is not loaded yet."""
    home = importlib.import_module(module)
    return getattr(home, name) if hasattr(home, name) else importlib.import_module(f"{module}.{name}")


def is_of_numpy(module: str, name: str) -> bool:
    """Tell whether a name is NumPy's own function."""
    value = value_of(module, name)
    return any(value is getattr(home, name, None) for home in (np, np.fft))


def is_constant(module: str, name: str) -> bool:
    """Tell whether a name stands for a value that has no docstring of its own."""
    value = value_of(module, name)
    is_ours = type(value).__module__ == "nn.distributions"  # such as a function with an inverse
    return (is_ours or not callable(value)) and not isinstance(value, ModuleType)


def members(cls: type) -> list[str]:
    """Return the public methods and properties of a class, and of its private bases, that have our own docstrings.

    Methods of tensors that are NumPy's functions have NumPy's docstrings. `nn.Module` describes ``extra_repr``.
    """
    above = itertools.takewhile(lambda base: base is cls or not is_public(base), cls.__mro__[:-1])
    found = {
        name: inspect.getdoc(value)
        for base in reversed([*above])
        for name, value in vars(base).items()
        if isinstance(value, property | classmethod | Callable)
    }
    return [
        name
        for name, text in found.items()
        if not name.startswith("_")
        and text
        and text not in of_numpy()
        and (name != "extra_repr" or cls.__name__ == "Module")
    ]


@functools.cache
def of_numpy() -> set[str | None]:
    """Return the docstrings of NumPy's functions."""
    return {inspect.getdoc(getattr(np, name)) for name in np.__all__}


def name_public_bases(app: Sphinx, name: str, cls: type, options: Any, bases: list[type]) -> None:
    """Show the nearest public base of a class, which is the one that a link can lead to."""
    above = [base for base in cls.__mro__[1:] if is_public(base)]
    bases[:] = above[:1]


def is_public(cls: type) -> bool:
    """Tell whether a class has a public name, or is not part of this project."""
    package = cls.__module__.partition(".")[0]
    if package not in PACKAGES:
        return cls is not object and not package.startswith("typing")
    return any(getattr(module, cls.__name__, None) is cls for module in map(importlib.import_module, MODULES))


def warn_of_missing(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of each public name that is on no page."""
    known = {*env.domains.python_domain.objects, *env.domains.python_domain.modules}
    for module, name in public_names():
        if f"{module}.{name}" not in known:
            getLogger(__name__).warning("the public name %s.%s is on no page of docs/api", module, name)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the check for missing names."""
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"  # which is what the docstrings call them
    app.add_directive("names", Names)
    app.connect("autodoc-process-bases", name_public_bases)
    app.connect("env-check-consistency", warn_of_missing)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
