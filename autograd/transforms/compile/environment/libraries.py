"""Libraries: which modules and classes are not the user's own, and what can be seen of their objects."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from types import FunctionType, SimpleNamespace
from typing import Any

from ....source.call_site import of_library
from ....source.source_info import within_file
from .code_names import Names, names_in

OWN = ("autograd", "nn")  # whose objects are known, and not gone into
_LIBRARIES = {
    *sys.stdlib_module_names, "numpy", "scipy", "pandas", "polars", "sklearn", "matplotlib", "tqdm", "numba",
    "llvmlite", "cffi", "datasets", *OWN,
}  # fmt: skip
_LIBRARIES.discard("__main__")
_PARTS = ("fget", "func", "__func__", "__wrapped__")
_LAYOUT = ("__slots__", "__dict__", "__weakref__")
_VISIBLE = (SimpleNamespace, BaseException)
IMMUTABLE_TYPE = 1 << 8  # the flag of classes that are written in C
_POINTERS = frozenset("&zZPOX")  # in the format of memory: of what lies elsewhere


def in_library(name: str | None, module: dict[str, Any]) -> bool:
    """Tell whether a module is a library's: by its file, since a program may have one called profile or trace."""
    if (name or "").partition(".")[0] not in _LIBRARIES:
        return False
    file, spec = module.get("__file__"), module.get("__spec__")
    if file is None:
        return getattr(spec, "origin", None) in ("built-in", "frozen") or hasattr(spec, "submodule_search_locations")
    return of_library(file) or within_file(file)


def _is_of_library(kind: type) -> bool:
    """Tell whether a class is written in C, or a library's."""
    if kind.__flags__ & IMMUTABLE_TYPE:
        return True
    module = sys.modules.get(kind.__module__)
    if module is None or not in_library(kind.__module__, vars(module)):
        return False
    there = kind.__qualname__.partition(".")[0] in vars(module)  # ``exec`` and ``new_class`` make others that say so
    return there or kind.__module__ not in sys.stdlib_module_names


class_in_library: Callable[[type], bool] = functools.lru_cache(maxsize=2048)(_is_of_library)


def plain_class(kind: type) -> bool:
    """Tell whether a class, of which only the contents of its objects matter, is Python's own or NumPy's."""
    return kind.__module__ in ("builtins", "collections", "numpy", "numpy.dtypes") and class_in_library(kind)


def _find_methods_of(kind: type) -> list[tuple[str, Names]]:
    """Return the methods that a class has of libraries other than this package, and the names in their code."""
    found: list[tuple[str, Names]] = []
    for each in kind.__mro__[:-1]:
        if class_in_library(each) and each.__module__.partition(".")[0] not in OWN:
            for key, value in vars(each).items():
                method = next((getattr(value, part) for part in _PARTS if hasattr(value, part)), value)
                if isinstance(method, FunctionType):
                    found.append((key, names_in(method.__code__)))
    return found


library_methods: Callable[[type], list[tuple[str, Names]]] = functools.lru_cache(maxsize=256)(_find_methods_of)


def state_in_c(kind: type) -> bool:
    """Tell whether what objects of a class hold is seen in C alone, and not an attribute."""
    return any(_written_in_c(each) for each in kind.__mro__[:-1] if each not in _VISIBLE)


def _written_in_c(kind: type) -> bool:
    if kind.__flags__ & IMMUTABLE_TYPE:
        return not issubclass(kind, BaseException)
    own, base = vars(kind), kind.__base__
    return base is not None and kind.__basicsize__ != base.__basicsize__ and own.keys().isdisjoint(_LAYOUT)


def is_compiled(x: Any) -> bool:
    """Tell whether an object is a function that numba compiled, or one of a C library that cffi loaded.

    What it computes is as fixed as it itself: numba reads variables once, when it compiles.
    """
    kind = type(x)
    if kind.__module__ == "_cffi_backend":  # other classes are those of callbacks, which run Python
        return kind.__name__ == "_CDataBase" and sys.modules["_cffi_backend"].typeof(x).kind == "function"
    return kind.__module__.partition(".")[0] == "numba" and "__wrapped__" in getattr(x, "__dict__", ())


def is_value(x: Any) -> bool:
    """Tell whether the hash of an object is that of a value, which then does not change."""
    try:
        return hash(x) != object.__hash__(x)
    except (TypeError, ValueError):
        return False


def memory_of(x: Any) -> bytes | None:
    """Return the memory of an object that gives it as bytes; None if it does not, or if there are pointers in it."""
    try:
        view = memoryview(x)
    except (TypeError, BufferError):
        return None
    pointers = _POINTERS.intersection(re.sub(":[^:]*:", "", view.format))
    return None if pointers or hasattr(x, "read") else bytes(view)
