"""`__module__` of public names: the module that users import them from."""

from __future__ import annotations

from types import FunctionType
from typing import Any, get_overloads, overload

__all__ = ["set_module"]


def set_module(module: str, *things: Any) -> None:
    """Have classes and functions say that they are of a module, in whichever file of its package they are defined.

    Pickles and tracebacks call them by that module, so they stay the same when a file is moved or renamed. What another
    package defines keeps its module, except for operations, which are of the module that declares them.

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
    package = module.partition(".")[0]
    for thing in things:
        if isinstance(thing, type | FunctionType):
            home = thing.__module__.partition(".")[0]
            if home == package or hasattr(thing, "operation"):
                forms = get_overloads(thing) if isinstance(thing, FunctionType) else ()
                thing.__module__ = module
                for form in forms:  # which Python registers by the module
                    form.__module__ = module
                    overload(form)
