"""NumPy's public functions and what this library does with each: the source of ``docs/operations.md``.

The registry knows what is differentiated, and how. The tables in `reasons` say why the rest is not. The page does not
depend on the version of NumPy that writes it: `reasons.ONLY` names the functions that only some versions have, and
their lines are kept where a version lacks them.
"""

from __future__ import annotations

import pkgutil
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import AutogradError, Tensor
from autograd.primitives.forms import DENSE
from autograd.primitives.primitive import Primitive
from autograd.tensors.dispatch import declare_further_functions, declare_special_functions, operations, plain, writers
from tests.operations.looped import LOOPED

from . import reasons

Function = Callable[..., Any]

NUMPY = ("numpy", "numpy.linalg", "numpy.fft", "numpy.lib.stride_tricks", "numpy.emath")
SCIPY = "scipy.special"
YES, NATURE, OUTSIDE, NOT_YET = "yes", "none by nature", "not of arrays", "not yet"
CLASSES = (YES, NATURE, OUTSIDE, NOT_YET)
METHODS = ("reduce", "accumulate", "reduceat", "outer", "at")


@dataclass(frozen=True)
class Entry:
    """One function of a module: its names there, its class, and the other cells of its row."""

    names: tuple[str, ...]
    kind: str
    rule: str
    about: str

    def line(self, module: str) -> str:
        """Return the line of the table of `module`."""
        names = ", ".join(f"`{name}`" + _versions(f"{module}.{name}") for name in self.names)
        return f"| {names} | {self.kind} | {self.rule} | {self.about} |"


def functions(module: str) -> dict[str, Function]:
    """Return the public functions of a module by name, without classes and modules."""
    found = pkgutil.resolve_name(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some names warn that they will go
        public = {name: getattr(found, name) for name in sorted(getattr(found, "__all__", dir(found)))}
    return {
        name: value
        for name, value in public.items()
        if not name.startswith("_") and callable(value) and not isinstance(value, type | types.ModuleType)
    }


def entries(module: str) -> Iterator[Entry]:
    """Yield an entry for each function of a module of NumPy that is in a class."""
    for names, function in by_identity(functions(module)):
        found = _entry(module, names, function)
        if found is not None:
            yield found


def unclassified() -> list[str]:
    """Return the functions of the installed NumPy that are in no class, such as those of a new version."""
    return [
        f"{module}.{names[0]}"
        for module in NUMPY
        for names, function in by_identity(functions(module))
        if _entry(module, names, function) is None
    ]


def contradicted() -> list[str]:
    """Return functions that have a reason in `reasons`, but are differentiated or do not exist in NumPy."""
    known = {f"{module}.{name}": function for module in NUMPY for name, function in functions(module).items()}
    stated = [*reasons.OUTSIDE, *reasons.NOT_YET]
    return [name for name in stated if known.get(name) in {*operations, *writers} or _is_stale(name, known)] + [
        name for name in reasons.NATURE if _is_stale(name, known) or known.get(name, np.floor) not in plain
    ]


def page(present: str) -> str:
    """Return the text of ``docs/operations.md``; `present` is what it was."""
    tables = {module: _table(module, present) for module in NUMPY}
    parts = [HEAD, *_headed("module", *CLASSES)]
    for module, lines in tables.items():
        counts = Counter(line.split(" | ")[1] for line in lines)
        parts.append(f"| [{module}](#{module.replace('.', '')}) | {' | '.join(str(counts[c]) for c in CLASSES)} |")
    for module, lines in tables.items():
        parts += ["", f"## {module}", "", *_headed("function", "derivative", "rule", "the graph saves, or why"), *lines]
    parts += ["", METHODS_HEAD, *_headed("ufunc", *METHODS), *_methods()]
    parts += ["", BATCHES_HEAD, *_headed("function", "why"), *[f"| `{name}` | {why} |" for name, why in LOOPED.items()]]
    parts += ["", PATTERNS_HEAD, *_headed("operation", "which calls")]
    parts += [f"| `{name}` | {calls or 'all'} |" for name, calls in DENSE.items()]
    parts += ["", SCIPY_HEAD, *_headed("function", "rule", "the graph saves"), *_scipy(present)]
    return "\n".join(parts) + "\n"


def _headed(*titles: str) -> list[str]:
    """Return the lines at the head of a table."""
    return [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]


def _is_stale(name: str, known: dict[str, Function]) -> bool:
    return name not in known and name not in reasons.ONLY


def by_identity(public: dict[str, Function]) -> list[tuple[tuple[str, ...], Function]]:
    """Return each function with all its names, its own first."""
    found: dict[Function, list[str]] = {}
    for name, function in public.items():
        found.setdefault(function, []).append(name)
    return sorted(
        (tuple(sorted(names, key=lambda name: (name != getattr(function, "__name__", ""), name))), function)
        for function, names in found.items()
    )


def _entry(module: str, names: tuple[str, ...], function: Function) -> Entry | None:
    name = f"{module}.{names[0]}"
    if function in operations:
        return Entry(names, YES, *_described(operations[function]))
    if function in writers:
        return Entry(names, YES, "writes", "what its parts save")
    if function in plain:
        return Entry(names, NATURE, "", reasons.NATURE.get(name, reasons.BY_NATURE))
    if name in reasons.OUTSIDE:
        return Entry(names, OUTSIDE, "", reasons.OUTSIDE[name])
    if name in reasons.NOT_YET:
        return Entry(names, NOT_YET, "", reasons.NOT_YET[name])
    return None


def _described(operation: Function) -> tuple[str, str]:
    """Return the kind of an operation, and what its nodes save."""
    declared: Primitive | None = getattr(operation, "operation", None)
    if declared is None:
        return "composed", "what its parts save"
    several = len(declared.needs) > 1
    kept = [
        (f"for `{x}`: " if several else "") + (", ".join(map(_thing, needs)) or "nothing")
        for x, needs in zip(declared.parameters, declared.needs, strict=False)
    ]
    return declared.kind, "nothing" if not any(declared.needs) else "; ".join(kept)


def _thing(need: str) -> str:
    return f"the shape of `{need.removesuffix('_shape')}`" if need.endswith("_shape") else f"`{need}`"


def _versions(name: str) -> str:
    return f" ({reasons.ONLY[name]})" if name in reasons.ONLY else ""


def _table(module: str, present: str) -> list[str]:
    """Return the rows of a module's table, including functions that the installed NumPy does not have."""
    lines = {entry.names[0]: entry.line(module) for entry in entries(module)}
    for full in reasons.ONLY:
        space, _, name = full.rpartition(".")
        if space == module and name not in functions(module):
            lines.update((name, line) for line in _section(module, present) if line.startswith(f"| `{name}`"))
    return [lines[name] for name in sorted(lines)]


def _methods() -> list[str]:
    """Return the lines of the table of the methods of binary ufuncs that are differentiated."""
    lines = []
    ufunc: Any
    for names, ufunc in by_identity(functions("numpy")):
        elementwise = isinstance(ufunc, np.ufunc) and ufunc.signature is None and ufunc in operations
        if elementwise and (ufunc.nin, ufunc.nout) == (2, 1):
            lines.append(f"| `{names[0]}` | {' | '.join(_method(ufunc, method) for method in METHODS)} |")
    return lines


def _method(ufunc: np.ufunc, method: str) -> str:
    """Try a method of a ufunc on a tensor."""
    x = Tensor([0.25, 0.5], requires_grad=True)
    written = x * 2
    arguments = {"outer": (x, x), "reduceat": (x, [0, 1]), "at": (written, [0], x[:1])}.get(method, (x,))
    try:
        result = getattr(ufunc, method)(*arguments)
    except AutogradError:
        return NOT_YET
    except TypeError:  # NumPy's own, of a ufunc whose inputs have two different types
        return ""
    return YES if method == "at" or (isinstance(result, Tensor) and result.requires_grad) else NATURE


def _scipy(present: str) -> list[str]:
    """Return the rows of SciPy's functions that are differentiated, or by nature are not.

    Rows of functions that the installed SciPy does not have are kept.
    """
    special = functions(SCIPY)  # which imports it
    declare_further_functions()
    declare_special_functions()
    lines = {line.split("`")[1]: line for line in _section(SCIPY, present) if line.startswith("| `")}
    lines = {name: line for name, line in lines.items() if name not in special}
    for names, function in by_identity(special):
        if function in operations:
            lines[names[0]] = f"| {_listed(names)} | {' | '.join(_described(operations[function]))} |"
        elif function in plain:
            lines[names[0]] = f"| {_listed(names)} | {NATURE} | |"
    return [lines[name] for name in sorted(lines)]


def _section(title: str, page: str) -> list[str]:
    """Return the lines of one section of a page."""
    return page.partition(f"\n## {title}\n")[2].partition("\n## ")[0].splitlines()


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


HEAD = """\
# Operations

This page lists every public function of NumPy, and what it does with tensors. `python docs/generate.py` writes it from
the declarations. A test fails if the page is out of date, and if a new NumPy has a function that is in no class.
NumPy's other modules, such as `random`, `polynomial`, `ma` and `strings`, are not included.

* **yes**: differentiated to every order, in reverse and forward mode. *rule* is how it is declared: an `elementwise`,
  `linear`, `multilinear` or `general` function with a rule for each input, `composed` of other operations, or one that
  `writes` to a tensor, which is recorded as a program without mutation. Of inputs, output and arguments, the graph
  saves only those that the rules name.
* **none by nature**: on tensors it returns the plain result that it returns on arrays.
* **not of arrays**: it takes no arrays of numbers, or creates or changes them outside of any graph.
* **not yet**: on a tensor that requires a gradient it raises an error, and never returns a constant.
"""
METHODS_HEAD = """\
## Methods of ufuncs

This table is about `np.add.reduce` and the like, for the differentiated ufuncs of two inputs. Sums, products and
extremes have their own rules; the others are applied step by step. If `at` is not differentiated, write to distinct
indices instead: `x[i] = np.power(x[i], y)`.
"""
PATTERNS_HEAD = """## Patterns

`sparsity` follows which inputs each element depends on through all operations of this page by their form. In these,
everything that is computed depends on everything that is given.
"""
BATCHES_HEAD = """\
## Batches

Within [`vmap`](howto/batches.md) all operations, those of the layers and losses in `nn` included, compute for the whole
batch at once, and so do their derivatives. The functions in this table are called for one element after another. A test
compares every operation with a loop over the elements, to second order, and fails if one is missing here.

Data that differ between the elements need a loop, too, where they only select or count: the points of histograms, the
conditions of `compress`, `extract` and `piecewise`, the counts of `repeat`.
"""
SCIPY_HEAD = """\
## scipy.special

SciPy is optional. Its ufuncs are declared when it is first imported. A ufunc that is not in this table raises an error
on tensors that require a gradient. SciPy's Python functions convert their arguments to arrays, which such a tensor
refuses: use `autograd.logsumexp` instead of `scipy.special.logsumexp`.
"""
