"""Doctests of public names run in the files that define them, whichever module the names say they are of.

Products are computed by one thread, because each core has a process of tests, and threads that wait for others spin.
"""

import functools
import inspect
import os
import re
import sys
from doctest import DocTestFinder
from importlib.util import find_spec
from types import ModuleType
from typing import Any

# Those that import PyTorch, which `.[dev]` leaves out, cannot be collected without it.
collect_ignore = [] if find_spec("torch") else ["autograd/visualize/pytorch.py", "tests/visualize/torch_models.py"]

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy reads it when it is imported

is_from_module: Any = DocTestFinder._from_module  # type: ignore[attr-defined]  # where doctest decides it


def is_defined_in(finder: DocTestFinder, module: ModuleType, thing: Any) -> bool:
    """Tell whether a module is the one that a class or a function is defined in: its source says so."""
    name = getattr(thing, "__name__", None)
    if getattr(thing, "__qualname__", "") != name or vars(module).get(name) is not thing:
        return bool(is_from_module(finder, module, thing))
    definitions, assignments = statements_of(module)
    return name in definitions or (name in assignments and is_declared(module, name, thing))


@functools.cache
def statements_of(module: ModuleType) -> tuple[set[str], set[str]]:
    """Return the names that the source of a module defines as classes or functions, and those that it assigns to."""
    source = inspect.getsource(module)
    definitions = re.findall(r"^(?:class|def) (\w+)", source, re.MULTILINE)
    assignments = re.findall(r"^(\w+(?:, \w+)*) = ", source, re.MULTILINE)
    return set(definitions), {name for names in assignments for name in names.split(", ")}


def is_declared(module: ModuleType, name: str, thing: Any) -> bool:
    """Tell whether a function is an operation that its package shows under this name."""
    home = thing.__module__
    return home.partition(".")[0] == module.__name__.partition(".")[0] and vars(sys.modules[home]).get(name) is thing


DocTestFinder._from_module = is_defined_in  # type: ignore[attr-defined]  # as above


def pytest_runtest_teardown() -> None:
    """End what watches a loss whose step never came, as `nn.watch` does in a program that fails on the way."""
    if (grad_mode := sys.modules.get("autograd.graph.grad_mode")) is not None:
        grad_mode.end_watching(grad_mode.TRACING)
