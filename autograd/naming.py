"""`__module__` of public names: the module that users import them from."""

from __future__ import annotations

from types import FunctionType
from typing import get_overloads, overload


def set_module(module: str, *things: object) -> None:
    """Set the ``__module__`` of classes and functions, whichever file of the package defines them.

    Pickles and tracebacks refer to that module, so they stay the same when a file is moved or renamed. Things that
    another package defines keep their module, except for operations, which belong to the module that declares them.

    Parameters
    ----------
    module
        The name of the module that users import them from, such as ``__name__`` in the ``__init__`` of a package.
    *things
        Classes and functions. Anything else is left alone.

    Examples
    --------
    >>> from autograd.extend import elementwise, set_module
    >>> cube = elementwise(lambda x: x**3, lambda g, x: g * 3 * x**2, name="cube")
    >>> set_module("powers", cube)
    >>> cube.__module__
    'powers'
    """
    if not isinstance(module, str):
        raise TypeError(f"set_module() takes the name of a module, such as __name__, not {type(module).__name__}")
    package = module.partition(".")[0]
    for thing in things:
        if isinstance(thing, type | FunctionType):
            home = thing.__module__.partition(".")[0]
            if home == package or hasattr(thing, "operation"):
                forms = get_overloads(thing) if isinstance(thing, FunctionType) else ()
                thing.__module__ = module
                for form in forms:  # Python registers them by module
                    form.__module__ = module
                    overload(form)
