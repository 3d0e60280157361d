"""Effects: what a function may do besides computing, by what it names. A replay of what was recorded does not do it.

What a function changes that can be compared is found by `Environment.written`. What it tells the world is not: what it
logs, writes to files or sends. So where nobody asked for a program, the function may name only what computes.
"""

from __future__ import annotations

import dis
import functools
import itertools
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

from . import Environment
from .code_names import names_in
from .libraries import class_in_library, in_library

_COMPUTES = {
    "abc", "argparse", "autograd", "builtins", "cmath", "collections", "copy", "dataclasses", "decimal", "enum",
    "fractions", "functools", "itertools", "math", "nn", "numbers", "numpy", "operator", "types", "typing", "_abc",
    "_collections", "_functools", "_operator", "__future__",
}  # fmt: skip
# Parts of these that do not, or that compute in another way where arrays are traced.
_EXCEPT = (
    "autograd.diagnosis", "autograd.files", "autograd.scipy", "autograd.testing", "autograd.visualize",
    "nn.distributed", "nn.init", "nn.onnx", "nn.optim", "nn.plots", "nn.random", "nn.serialization", "nn.sklearn",
    "nn.summary", "nn.training", "numpy.random",
)  # fmt: skip
_AFTER_ALL = (
    "autograd.scipy.special", "nn.onnx._model", "nn.onnx._program", "nn.training._compiled", "nn.training._weights",
)  # fmt: skip
_NUMPY = {
    "fromfile", "genfromtxt", "load", "loadtxt", "memmap", "save", "savetxt", "savez", "savez_compressed",
    "set_printoptions", "setbufsize", "seterr", "seterrcall",
}  # fmt: skip
# Of Python: what shows something, or asks what an object is made of, which is another while arrays are traced.
_BUILTINS = {
    "breakpoint", "bytearray", "bytes", "compile", "delattr", "eval", "exec", "globals", "help", "id", "input",
    "locals", "memoryview", "open", "print", "type", "__import__",
}  # fmt: skip
_ATTRIBUTES = {
    "__array_interface__", "__array_struct__", "__buffer__", "__dlpack__", "base", "ctypes", "dump", "tofile",
}  # fmt: skip


def effect(environment: Environment) -> str | None:
    """Return what a function names that may do more than compute, as a text with the line; None if there is nothing."""
    for read in environment.reads:
        if (read.kind == "builtin" and read.key in _BUILTINS) or not _computes(read.value):
            return str(read)
    for value in environment.seen:
        if not _computes(value):
            return f"{getattr(value, '__qualname__', type(value).__qualname__)} of {_home(value)}"
        if isinstance(value, FunctionType) and not in_library(_home(value), value.__globals__):
            names = names_in(value.__code__).attributes
            if odd := sorted(_ATTRIBUTES & names.keys()):
                return f"{odd[0]} (read at {value.__code__.co_filename}:{names[odd[0]]})"
            if _catches(value.__code__):
                return f"{value.__qualname__}, which catches errors"
    return environment.unsteady[0] if environment.unsteady else next(iter(environment.exact_types), None)


@functools.lru_cache(maxsize=512)
def _catches(code: CodeType) -> bool:
    """Tell whether code catches errors, among which may be one that it meets only while it is recorded."""
    steps = [step.opname for step in dis.get_instructions(code)]
    bare = ("PUSH_EXC_INFO", "POP_TOP") in itertools.pairwise(steps)
    inner = (each for each in code.co_consts if isinstance(each, CodeType))
    return bare or "CHECK_EXC_MATCH" in steps or any(map(_catches, inner))


def _home(value: Any) -> str:
    """Return the name of the module that a function, a class or the class of an object comes from."""
    if isinstance(value, ModuleType):
        return value.__name__
    if isinstance(value, FunctionType):
        return str(value.__globals__.get("__name__", ""))
    return str((value if isinstance(value, type | BuiltinFunctionType) else type(value)).__module__ or "builtins")


def _computes(value: Any) -> bool:
    """Tell whether something of a library only computes; what is the user's own is gone into elsewhere."""
    home = _home(value)
    if isinstance(value, ModuleType | FunctionType):
        own = not in_library(home, vars(value) if isinstance(value, ModuleType) else value.__globals__)
    else:
        kind = value if isinstance(value, type) else type(value)
        own = not isinstance(value, BuiltinFunctionType) and not class_in_library(kind)
    if own:
        return True
    top = home.partition(".")[0]
    if top == "numpy" and getattr(value, "__name__", "") in _NUMPY:
        return False
    return top in _COMPUTES and (_within(home, _AFTER_ALL) or not _within(home, _EXCEPT))


def _within(home: str, packages: tuple[str, ...]) -> bool:
    return any(home == each or home.startswith(each + ".") for each in packages)
