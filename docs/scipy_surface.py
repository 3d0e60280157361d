"""Which functions of SciPy have derivatives: the text of docs/scipy-functions.md."""

from collections.abc import Hashable
from importlib import import_module
from pathlib import Path
from types import ModuleType

from autograd import special
from autograd.tensors.dispatch import declare_special_functions, operations

PAGE = Path(__file__).parent / "scipy-functions.md"  # written when the site is built
MODULES = (
    "fft", "integrate", "interpolate", "linalg", "optimize", "signal", "sparse", "sparse.linalg", "spatial.distance",
    "special", "stats",
)  # fmt: skip

HEAD = """# SciPy's functions

This page lists which of SciPy's functions have derivatives: they are in `autograd.scipy`, under the same names, and
[described there](api/scipy.md), as are the methods of the distributions of `scipy.stats`. Anything else raises where it
is given a tensor that requires a gradient, and says so. The page is of SciPy {version}.
"""


def functions_of(module: ModuleType) -> list[str]:
    """Return the names of the functions and classes in a module of SciPy, without errors and old names of modules."""
    names = getattr(module, "__all__", dir(module))
    found = [name for name in names if name[:1] != "_" and callable(getattr(module, name, None))]
    return sorted(name for name in found if not name.endswith(("Error", "Warning")))


def here(module: str) -> list[str]:
    """Return the public names of a module of `autograd.scipy` that have derivatives."""
    ours = import_module(f"autograd.scipy.{module}")
    if module != "special":
        return sorted(ours.__all__)
    declare_special_functions()  # all names are here, also those of functions without a rule
    return sorted(name for name in ours.__all__ if name in special.__all__ or _has_rule(getattr(ours, name)))


def _has_rule(function: object) -> bool:
    return isinstance(function, Hashable) and function in operations


def page() -> str:
    """Return the text of the page."""
    import scipy

    text = HEAD.format(version=scipy.__version__)
    for name in MODULES:
        theirs, ours = functions_of(import_module(f"scipy.{name}")), here(name)
        text += f"\n## scipy.{name}\n\n{len(ours)} with derivatives: {_listed(ours)}.\n"
        without = [function for function in theirs if function not in ours]
        if without:
            text += f"\n{len(without)} without: {_listed(without)}.\n"
    return text


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
