"""Write the test of a function or module: ``python -m autograd.testing module:function``.

What the function takes is found out, and written as the call of `check` that says so.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import inspect
import itertools
import os
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autograd.extend import replacing

from ._check_module import METHODS
from ._check_run import Run
from .points.cases import TEMPLATES, Case, shapes_for, shapes_of_signature
from .points.domains import WIDEST, Domain, outputs_of

#: Values to try of keyword arguments, by their defaults.
CHOICES: dict[str, list[Any]] = {"axis": [None, 0, -1], "keepdims": [False, True]}


def named(target: str) -> Callable[..., Any]:
    """Return the function or class that ``module:function`` names, or raise ValueError with what was found."""
    module, colon, path = target.partition(":")
    if not colon or not path:
        raise ValueError(f"{target!r} is not of the form module:function, such as numpy:tanh")
    sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module)
    except ImportError as error:
        raise ValueError(f"{module} cannot be imported: {error}") from None
    for name in path.split("."):
        if not hasattr(found, name):
            raise ValueError(f"{getattr(found, '__name__', module)} has no {name!r}")
        found = getattr(found, name)
    what = type(found).__name__ if not callable(found) else "a class" if isinstance(found, type) else ""
    if what and not is_module(found):
        raise ValueError(f"{target} is {what}, not a function or a class of modules")
    function: Callable[..., Any] = found
    return function


def written(target: str) -> str:
    """Return a file of tests for the function, or the class of modules, that `target` names."""
    fn = named(target)
    path = target.partition(":")[2]
    try:
        if is_module(fn):
            lines = ["random = np.random.default_rng(0)", *call_of_module(fn, path)]
            return _file(target, "check_module", lines, "Test `{}` and its gradients.")
        run = Run(fn)
    except TypeError as error:
        raise ValueError(f"{error}. {target} takes ({', '.join(map(str, _parameters(fn))) or '...'})") from None
    arguments = [path, *_signature(run), *_domain(run.domains), *_keywords(fn, run)]
    call = f"check({', '.join(arguments)})"
    if len(call) > 80:
        call = "check(\n        " + ",\n        ".join(arguments) + ",\n    )"
    return _file(target, "check", [call], "Test the values and derivatives of `{}`.")


def _file(target: str, checker: str, lines: list[str], title: str) -> str:
    """Return a file with a test of these lines."""
    module, _, path = target.partition(":")
    name = re.sub(r"\W+", "_", path).strip("_").lower()
    imports = _imports(module, path.partition(".")[0], checker, "np." in "".join(lines))
    return "\n".join(
        [f'"""{title.format(path)}"""', "", *imports, "", f"def test_{name}():", *(f"    {line}" for line in lines), ""]
    )


def _imports(module: str, top: str, checker: str, needs_numpy: bool) -> list[str]:
    """Return the lines of imports, in the order that linters ask for: libraries before what is in this folder."""
    ours, theirs = f"from autograd.testing import {checker}", f"from {module} import {top}"
    numpy = ["import numpy as np"] if needs_numpy else []
    root = module.partition(".")[0]
    if root in sys.stdlib_module_names:
        return [theirs, "", *numpy, ours, ""]
    if root != "autograd" and any(map(os.path.exists, (root, f"{root}.py", os.path.join("src", root)))):
        return [*numpy, ours, "", theirs, ""]
    return [*numpy, *sorted([ours, theirs]), ""]


def _parameters(fn: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a function; nothing of those that do not tell, and of ufuncs."""
    with contextlib.suppress(TypeError, ValueError):
        return [] if isinstance(fn, np.ufunc) else list(inspect.signature(fn).parameters.values())
    return []


def _signature(run: Run) -> list[str]:
    """Return the signature, where the function does not take arrays of all shapes that broadcast; numbers apart."""
    known = set(run.shapes)
    usual = [each for each in shapes_for(run.count)[:10] if () not in each and max(map(np.prod, each))]
    if run.count > 2 or all(each in known for each in usual):
        return []
    fits = [text for text in TEMPLATES[run.count] if all(s in known for s in shapes_of_signature(text)[0])]
    return [f'signature="{fits[0]}"'] if fits else []


def _domain(domains: list[Domain]) -> list[str]:
    """Return the limits of the inputs, if there are any."""
    if any(len(domain.intervals) > 1 for domain in domains):
        return []
    pairs = [domain.intervals[0] for domain in domains]
    texts = [f"({_limit(low)}, {_limit(high)})" for low, high in pairs]
    if set(texts) == {"(-np.inf, np.inf)"}:
        return []
    return [f"domain={texts[0]}" if len(set(texts)) == 1 else f"domain=[{', '.join(texts)}]"]


def _limit(number: float) -> str:
    if abs(number) > 0.9 * WIDEST:
        return "np.inf" if number > 0 else "-np.inf"
    return repr(round(float(f"{number:.9g}"), 9) + 0.0)


def _keywords(fn: Callable[..., Any], run: Run) -> list[str]:
    """Return the keyword arguments whose values are known, each with those that the function takes."""
    found = {}
    small = next((s for s in run.shapes if max(map(len, s)) == 2), run.shapes[0])
    arrays = Case("ordinary", small, ("float64",) * run.count).arrays(run.domains)
    for p in _parameters(fn)[run.count :]:
        choices = CHOICES.get(p.name, [False, True] if isinstance(p.default, bool) else [])
        taken = [value for value in choices if outputs_of(partial(fn, **{p.name: value}), arrays) is not None]
        if len(taken) > 1:
            found[p.name] = taken
    text = ", ".join(f'"{name}": {values!r}' for name, values in found.items())
    return [f"keywords={{{text}}}"] if found else []


# Modules: what a class is made with, and what its instances take

SIDE = 4  # of what is tried: heads, groups and channels divide it
SHAPES = ((5, SIDE), (5, 3, SIDE), (5,), (2, SIDE, 8, 8), (2, SIDE, 8), (2, SIDE, 6, 6, 6))
VALUES: tuple[Any, ...] = (SIDE, [SIDE, SIDE], 0.5, 2, True)  # of arguments without a default


def is_module(found: object) -> bool:
    """Tell whether it is a class whose instances are modules."""
    return isinstance(found, type) and all(hasattr(found, name) for name in METHODS)


def call_of_module(cls: Callable[..., Any], name: str) -> list[str]:
    """Return the lines of a test: of an instance of the class, and its inputs."""
    required = _required(cls)
    made = 0
    for values in itertools.product(VALUES, repeat=len(required)) if len(required) < 4 else [(SIDE,) * len(required)]:
        module = _called(cls, values)
        if module is None:
            continue
        made += 1
        for code, inputs in _inputs(len(_required(module.forward))):
            if _called(module, inputs) is not None:
                arguments = ", ".join(map(repr, values))
                return [f"module = {name}({arguments})", f"check_module(module, {code})"]
    what = (
        "its instances take none of the arrays that were tried" if made else "no arguments were found to make it with"
    )
    raise TypeError(f"{name} is a module, but {what}: write the test by hand, check_module({name}(...), x)")


def _required(function: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments without a default; of those that any number may be given of, one."""
    parameters = inspect.signature(function).parameters.values()
    named = [
        p.name for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return named or [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]


def _inputs(count: int) -> Iterator[tuple[str, list[Any]]]:
    """Yield inputs to try, as text and as arrays: numbers first, then labels."""
    for shape in SHAPES:
        random = np.random.default_rng(0)
        code = ", ".join([f"random.normal(size={shape})"] * count)
        yield code, [random.normal(size=shape) for _ in range(count)]
    for shape in SHAPES[1:3]:
        random = np.random.default_rng(0)
        code = ", ".join([f"random.integers(0, {SIDE}, {shape})"] * count)
        yield code, [random.integers(0, SIDE, shape) for _ in range(count)]


def _called(function: Callable[..., Any], values: Any) -> Any:
    """Return what a call gives; None if it refuses the values."""
    with contextlib.suppress(Exception):  # whatever is wrong with them: other values are tried
        return function(*values)
    return None


def main(arguments: list[str] | None = None) -> int:
    """Write a test to the terminal, or to a new file."""
    parser = argparse.ArgumentParser(
        prog="python -m autograd.testing",
        description="Write a test of a function and its derivatives, or of a class of modules. What it takes is found "
        "out by calling it, and written out: the shapes, the domain, keyword arguments. The test runs as it is; add "
        "what you know.",
        epilog="example: python -m autograd.testing mymodule:softplus --write tests/test_softplus.py",
    )
    parser.add_argument(
        "target", metavar="module:function", help="the function, such as numpy:tanh, or the class, such as nn:Linear"
    )
    parser.add_argument("--write", metavar="FILE", type=Path, help="write to a new file instead of the terminal")
    options = parser.parse_args(arguments)
    try:
        text = written(options.target)
        if options.write is None:
            print(text, end="")
        elif options.write.exists():
            print(f"{options.write} exists, and is left as it is: name a new file", file=sys.stderr)
            return 1
        else:
            with replacing(options.write) as partial:
                partial.write_text(text)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
