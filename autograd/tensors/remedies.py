"""Remedies: what to write instead of a function that takes a tensor out of its graph, by its name and library."""

from __future__ import annotations

import sys
from operator import attrgetter
from typing import Any

import numpy as np

from ..foreign.missing import tables
from ..later import load
from ..source.call_site import Call
from .dispatch import operation_of, writers

_TABLES = tables("remedies.txt")
# Functions of `math` and `cmath` that NumPy has under another name, or not as a single function.
OTHERWISE = _TABLES["math"]

ODD = _TABLES["arrays"]

_VALUE = {
    "tensor": "Where the value alone is meant, pass t.detach() or t.item(), a constant",
    "value": "Where the number alone is meant, pass value.data, a constant",
}


def remedy(call: Call, kind: str, masked: bool, stored: bool) -> str:
    """Return what to do where a call, or a library's operator, would turn a tensor or a value into a constant."""
    name = getattr(call.function, "__name__", "") or call.name.rpartition(".")[2]
    if masked and not call.module.startswith("matplotlib"):  # which takes values, and makes masked arrays of them
        found = f"use numpy.{name}: {ODD['mask']}" if _takes_tensors(getattr(np, name, None)) else ODD["mask"]
    elif stored and not call.module:
        found = "make the ndarray a tensor, or use numpy.stack for several tensors in a list, to keep the gradient"
    else:
        found = _advice(call, name, kind)
    return f"{found}. {_VALUE[kind]}" if found else _VALUE[kind].replace("Where", "where", 1)


_LISTED = "of several tensors in a list, numpy.stack([...]) makes one"


def _advice(call: Call, name: str, kind: str) -> str:
    package, _, rest = call.module.partition(".")
    if package in ("math", "cmath"):
        there = f"numpy.{name}" if hasattr(np, name) else f"numpy in place of {name}"
        return f"use {OTHERWISE.get(name, there)} instead"
    if package == "statistics" and (instead := _TABLES["statistics"].get(name)):
        return f"use {instead} instead"
    if package == "builtins" and name in ("float", "complex"):
        return f"leave {name}() away, for it is a number as it is"
    if isinstance(call.function, np.vectorize) or (call.module == "numpy.lib._function_base_impl" and not name):
        return "numpy.vectorize takes numbers: NumPy's functions take arrays, and autograd.vmap(f) maps f"
    if isinstance(getattr(call.function, "__self__", None), np.ufunc):
        return _LISTED
    if package == "numpy":
        return _in_numpy(name, rest)
    if package == "scipy":
        chapter = rest if rest.startswith("spatial.distance") else rest.partition(".")[0]
        return _in_scipy(name, f"scipy.{chapter}", call.name)
    if call.name.endswith(".dot"):
        return "the method of an ndarray takes values: use X @ t, or numpy.dot(X, t)"
    if package in _TABLES["libraries"]:
        return _TABLES["libraries"][package]
    if kind == "tensor" and (not call.name or package == "autograd" or call.name.endswith(".at")):
        return _LISTED
    return ""


def _in_numpy(name: str, rest: str) -> str:
    if name in _TABLES["numpy"]:
        return _TABLES["numpy"][name]
    if text := next((text for start, text in _TABLES["modules of numpy"].items() if rest.startswith(start)), ""):
        return text
    chapter = rest.partition(".")[0]
    place = f"{chapter}." if chapter in ("linalg", "fft") else ""
    known = getattr(getattr(np, chapter) if place else np, name, None)
    if isinstance(known, type) and issubclass(known, np.inexact):
        return f"t.astype(numpy.{name}) converts it"
    if known in writers:
        return _LISTED
    if _takes_tensors(known):
        return f"numpy.{place}{name} of a tensor has a gradient, and of tensors in a list that of numpy.stack([...])"
    return ""


def _in_scipy(name: str, module: str, written: str) -> str:
    if module == "scipy.special":
        special = load("functions of SciPy's special")  # which loads SciPy, as it is here
        here = f"autograd.special.{name} has" if name in special.__all__ else ""
        others = ", ".join(f"autograd.special.{other}" for other in special.__all__)
        return (here and f"scipy.special.{name} has no derivative here: {here}") or (
            f"scipy.special.{name} has no derivative here; these do: the ufuncs of scipy.special, and {others}"
        )
    chapter = module.removeprefix("scipy.")
    full = f"{module}.{name}" if hasattr(sys.modules.get(module), name) else written or module
    text = f"{full} has no derivative here"
    ours = _ours(chapter)
    if name in ours:
        return f"{text}: autograd.{module}.{name} has"
    if chapter == "stats":
        return f"{text}: the distributions of autograd.scipy.stats have, under the same names as in SciPy"
    found = [f"{', '.join(ours)} of autograd.{module}"] if ours else []
    if chapter in ("linalg", "fft"):
        numpys = getattr(np, chapter)
        if _takes_tensors(getattr(numpys, name, None)):
            return f"{text}: numpy.{chapter}.{name} has"
        known = sorted(each for each in numpys.__all__ if _takes_tensors(getattr(numpys, each)))
        found.append(f"{', '.join(known)} of numpy.{chapter}")
    elif chapter in _TABLES["scipy"]:
        found.append(_TABLES["scipy"][chapter])
    return f"{text}; these do: {', and '.join(found)}" if found else f"{text}: declare it, with autograd.general"


def _ours(chapter: str) -> list[str]:
    """Return the functions of a module of SciPy that `autograd.scipy` has."""
    scipy = load("SciPy's functions with derivatives")
    return list(attrgetter(chapter)(scipy).__all__) if chapter.partition(".")[0] in scipy.__all__ else []


def _takes_tensors(function: Any) -> bool:
    try:
        return operation_of(function) is not None
    except TypeError:  # not hashable, so not a function
        return False
